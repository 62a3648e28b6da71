//! Tickets in the middle of other bytes, which a key at hand proves.

use super::super::Proves;
use super::structure::Found;

/// Bytes of a key name.
const NAME_LENGTH: usize = 16;
/// Places at which a name stands that are tried, in one run: more would take long, and be a file made for that.
const MOST_TRIES: usize = 1 << 10;

/// Finds tickets that begin with the name of a key and whose MAC verifies under it.
pub(super) fn find(bytes: &[u8], proves: &dyn Proves) -> Vec<Found> {
    let mut found = Vec::new();
    let (mut at, mut tries) = (0, 0);
    while let Some(name) = bytes.get(at..).and_then(|rest| rest.first_chunk::<NAME_LENGTH>()) {
        if !proves.knows(name) {
            at += 1;
            continue;
        }
        tries += 1;
        let end = ends(bytes, at).into_iter().find(|end| bytes.get(at..*end).is_some_and(|bytes| proves.proves(bytes)));
        if let Some(end) = end {
            found.push(Found::Ticket(at..end));
        }
        at = end.unwrap_or(at + 1);
        if tries >= MOST_TRIES {
            break;
        }
    }
    found
}

/// Where a ticket that begins at `start` may end: where a length in front of it says, or with all bytes.
fn ends(bytes: &[u8], start: usize) -> Vec<usize> {
    let before = bytes.get(..start).unwrap_or_default();
    let mut lengths = vec![bytes.len() - start];
    if let Some(&[high, low]) = before.last_chunk() {
        lengths.push(usize::from(u16::from_be_bytes([high, low])));
        lengths.push(usize::from(u16::from_le_bytes([high, low])));
        lengths.push(usize::from(low));
    }
    if let Some(&length) = before.last_chunk() {
        lengths.extend(usize::try_from(u32::from_le_bytes(length)).ok());
    }
    let ends = lengths.into_iter().filter_map(|length| start.checked_add(length));
    ends.filter(|end| *end <= bytes.len() && *end > start + NAME_LENGTH).collect()
}
