//! What is worth saying about a capture as a whole.

use super::container::Time;

/// What is worth saying about a capture as a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Remarks {
    /// Packets seen.
    pub packets: u64,
    /// Packets of a link type that is not known, and the first such type.
    pub unknown_link: Option<(u64, u16)>,
    /// Packets of an `EtherType` that is not known and may carry IP, and the first such type.
    pub unknown_ethertype: Option<(u64, u16)>,
    /// Packets of tunnels that cannot be read, and the IP protocol number of the first.
    pub unknown_tunnel: Option<(u64, u8)>,
    /// Packets in more tunnels than are followed.
    pub too_deep: u64,
    /// QUIC connections of a version whose keys are not public, and the first such version.
    pub unknown_quic: Option<(u64, u32)>,
    /// Packets that were captured only in part.
    pub cut: u64,
    /// Datagrams of which fragments were missing.
    pub fragments_lost: u64,
    /// Handshakes given up to stay within memory.
    pub given_up: u64,
    /// Handshakes that were still open at the end.
    pub open_at_end: u64,
    /// Connections whose secret opens none of the server's records (with a key log).
    pub unopened: u64,
    /// Connections of which the server's records could be opened in part (with a key log): tickets may be missing.
    pub followed_in_part: u64,
    /// When the first packet was.
    pub first: Option<Time>,
    /// When the last packet was.
    pub last: Time,
}
