//! How many bytes a survey takes, and what found no room.

use super::uses::Uses;

/// Bytes that all groups may take together; what finds no room is counted, and left out.
pub(super) const BUDGET: usize = 24 << 20;
/// Bytes of a further member of a set besides its own.
const MEMBER: usize = size_of::<Uses>() + 2 * size_of::<String>();
/// The longest host name there is (RFC 1035 section 2.3.4); no server's address is as long.
const MAX_LENGTH: usize = 255;
/// Servers, host names and lengths that are kept for each name.
pub(super) const MAX_KEPT: usize = 64;

/// What found no room in a survey, each time it was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Tickets that were counted without their key name.
    pub names: u64,
    /// Servers that are not in the list of their key name.
    pub servers: u64,
    /// Host names that are not in the list of their key name; none of more than 255 bytes is.
    pub snis: u64,
}

/// Bytes in use, and what found no room.
#[derive(Debug, Default)]
pub(super) struct Room {
    used: usize,
    pub(super) left_out: LeftOut,
}

impl Room {
    /// Takes as many bytes, if they are there.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        let is_there = self.used + bytes <= BUDGET;
        self.used += if is_there { bytes } else { 0 };
        is_there
    }

    /// Takes room for a member of a set that has so many.
    pub(super) fn take_member(&mut self, members: usize, length: usize) -> bool {
        members < MAX_KEPT && length <= MAX_LENGTH && self.take(MEMBER + length)
    }
}
