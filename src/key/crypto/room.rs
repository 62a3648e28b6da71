//! The buffer that plaintexts go into, one after the other.

use zeroize::Zeroize as _;

/// Room for the plaintexts of most tickets, in bytes.
const LEAST: usize = 1 << 11;

/// Makes a buffer for plaintexts as long as the next one. What grows by itself leaves a copy of the one before behind.
#[inline]
pub(super) fn set_length(buffer: &mut Vec<u8>, length: usize) {
    if length > buffer.capacity() {
        buffer.zeroize();
        *buffer = Vec::with_capacity(length.next_power_of_two().max(LEAST));
    }
    buffer.resize(length, 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_length_that_is_needed_and_room_for_more() {
        let mut buffer = Vec::new();
        for (length, room) in [(0, 0), (1, LEAST), (LEAST, LEAST), (100, LEAST), (5000, 8192), (65_535, 65_536)] {
            set_length(&mut buffer, length);
            assert_eq!((buffer.len(), buffer.capacity()), (length, room));
            buffer.fill(7);
        }
    }
}
