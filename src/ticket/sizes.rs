//! Sizes that all tickets have in common, in bytes.

/// Bytes of an AES block.
pub(super) const BLOCK_LENGTH: usize = 16;
/// The longest ticket the protocol carries (RFC 9846, RFC 5077 section 3.3: a 16-bit length).
pub const MAX_LENGTH: usize = 0xffff;
