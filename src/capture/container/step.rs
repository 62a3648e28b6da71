//! What a capture file is made of: packets with their times, and what is wrong with it.

use std::fmt;

/// The longest packet that is taken seriously, in bytes: beyond jumbo frames and segmentation offload.
pub const MAX_PACKET_LENGTH: usize = 1 << 20;
/// The most of a packet that a [`Reader`](super::Reader) asks to see at once.
pub const MAX_BLOCK_LENGTH: usize = MAX_PACKET_LENGTH + 4096;

/// The longest block with secrets that a [`Reader`](super::Reader) asks to see: Wireshark takes none that is longer.
pub const MAX_SECRETS_LENGTH: usize = 1 << 24;

/// A point in time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    /// Seconds since 1970.
    pub seconds: i64,
    /// Nanoseconds on top.
    pub nanoseconds: u32,
}

impl Time {
    /// From seconds since 1970 with a fraction, to the microsecond; `None` if they are not a point in time.
    #[must_use]
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        let whole = seconds.floor();
        // exact for any time of which a 64-bit float keeps the seconds
        #[expect(clippy::cast_possible_truncation, reason = "judged on the line before")]
        let seconds_since_1970 = (whole.abs() < 1e15).then_some(whole as i64)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a fraction of a second")]
        let microseconds = ((seconds - whole) * 1e6).round() as u32;
        Some(Self { seconds: seconds_since_1970, nanoseconds: microseconds.min(999_999) * 1000 })
    }
}

impl fmt::Display for Time {
    /// Epoch seconds with six decimals, or nine where they say more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanoseconds % 1000 == 0 {
            write!(f, "{}.{:06}", self.seconds, self.nanoseconds / 1000)
        } else {
            write!(f, "{}.{:09}", self.seconds, self.nanoseconds)
        }
    }
}

/// One packet as it was captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'b> {
    /// When.
    pub time: Time,
    /// What it begins with: a number of the [LINKTYPE registry](https://www.tcpdump.org/linktypes.html).
    pub link_type: u16,
    /// What was captured of it.
    pub data: &'b [u8],
    /// How many bytes it had on the wire.
    pub original_length: usize,
}

/// What a [`Reader`](super::Reader) found at the start of the bytes it was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'b> {
    /// A packet; `used` bytes are done with.
    Packet {
        /// The packet.
        packet: Packet<'b>,
        /// Bytes done with, the packet included.
        used: usize,
    },
    /// A TLS key log, of a Decryption Secrets Block (pcapng): what it holds opens connections that come after it.
    Secrets {
        /// Lines of a key log.
        key_log: &'b [u8],
        /// Bytes done with, the key log included.
        used: usize,
    },
    /// Nothing of interest, which may be longer than what was shown: drop as many bytes, unseen where they are still
    /// to come.
    Skip(u64),
    /// As many bytes in all must be there to go on.
    Need(usize),
}

/// Why a capture file cannot be read further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damaged {
    /// It begins with no magic number of a capture file.
    Magic,
    /// A packet says it is longer than any packet.
    PacketLength {
        /// The length it says.
        length: u32,
    },
    /// A block's length is less than its own header, no multiple of four, or not the same before and after.
    BlockLength {
        /// The length it says.
        length: u32,
    },
    /// A section header without the byte-order magic.
    ByteOrder,
    /// A classic pcap of a version that was never in use.
    Version {
        /// The major version.
        major: u16,
    },
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => f.write_str("no capture file: neither pcap nor pcapng begins like that"),
            Self::PacketLength { length } => write!(f, "a packet claims to be {length} bytes long"),
            Self::BlockLength { length } => write!(f, "a block claims to be {length} bytes long"),
            Self::ByteOrder => f.write_str("a section header without a byte-order magic"),
            Self::Version { major } => write!(f, "pcap of version {major}, of which only 2 exists"),
        }
    }
}

impl std::error::Error for Damaged {}

/// Byte order of a capture, or of a section of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ByteOrder {
    /// Least significant byte first.
    #[default]
    Little,
    /// Most significant byte first.
    Big,
}

impl ByteOrder {
    pub(crate) fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    pub(crate) fn i64(self, bytes: [u8; 8]) -> i64 {
        match self {
            Self::Little => i64::from_le_bytes(bytes),
            Self::Big => i64::from_be_bytes(bytes),
        }
    }

    pub(crate) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    /// Four numbers of 32 bits, one after the other.
    #[inline]
    pub(crate) fn words(self, bytes: &[u8; 16]) -> [u32; 4] {
        let mut words = [[0; 4]; 4];
        words.as_flattened_mut().copy_from_slice(bytes);
        match self {
            Self::Little => words.map(u32::from_le_bytes),
            Self::Big => words.map(u32::from_be_bytes),
        }
    }
}
