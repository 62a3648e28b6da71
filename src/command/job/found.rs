//! What was found in some lines, until the number of the first of it is known.

use tktdump::input::{Beside, Item, Recorded, RecordedConnection, Unreadable};
use zeroize::Zeroizing;

/// How many items are kept.
const MOST_ITEMS: usize = 1 << 11;
/// How many bytes of them are kept: more than an ordinary chunk holds.
const MOST_BYTES: usize = 1 << 17;

/// Items, each with its line; their memory is used again.
#[derive(Default)]
pub(super) struct Found {
    bytes: Zeroizing<Vec<u8>>,
    items: Vec<(u64, Kind)>,
    /// How many of them are connections.
    connections: u64,
    /// What stood beside the tickets of lists.
    beside: Vec<Beside>,
}

/// What an item is, and how many of the bytes are its own.
enum Kind {
    Ticket(usize),
    Listed(usize),
    Recorded(usize, Box<Recorded>),
    Connection(Box<RecordedConnection>),
    Session(usize),
    Unreadable(Box<Unreadable>),
}

impl Found {
    /// How many items there are that have a number: connections have none.
    pub(super) fn count(&self) -> u64 {
        self.items.len() as u64 - self.connections
    }

    /// Whether it is time to take the items out.
    pub(super) fn is_full(&self) -> bool {
        self.items.len() >= MOST_ITEMS || self.bytes.len() >= MOST_BYTES
    }

    /// Adds an item of a line.
    pub(super) fn push(&mut self, line: u64, item: Item<'_>) {
        let kind = match item {
            Item::Ticket(ticket) => Kind::Ticket(self.keep(ticket)),
            Item::Recorded { ticket, seen } => Kind::Recorded(self.keep(ticket), Box::new(seen.clone())),
            Item::Connection(connection) => {
                self.connections += 1;
                Kind::Connection(Box::new(connection.clone()))
            }
            Item::Listed { ticket, beside } => {
                self.beside.push(beside.clone());
                Kind::Listed(self.keep(ticket))
            }
            Item::Session(der) => Kind::Session(self.keep(der)),
            Item::Unreadable(error) => Kind::Unreadable(Box::new(error)),
        };
        self.items.push((line, kind));
    }

    fn keep(&mut self, bytes: &[u8]) -> usize {
        self.bytes.extend_from_slice(bytes);
        bytes.len()
    }

    /// Takes all items out, in order and by twos.
    pub(super) fn take(&mut self, mut sink: impl FnMut(&(u64, Item<'_>), Option<&(u64, Item<'_>)>)) {
        let mut rest = self.bytes.as_slice();
        let mut next = |length| {
            let (bytes, after) = rest.split_at_checked(length).unwrap_or_default();
            rest = after;
            bytes
        };
        let mut beside = self.beside.iter();
        let mut items = self.items.iter().map(|(line, kind)| {
            let item = match kind {
                Kind::Ticket(length) => Item::Ticket(next(*length)),
                Kind::Listed(length) => {
                    let ticket = next(*length);
                    beside.next().map_or(Item::Ticket(ticket), |beside| Item::Listed { ticket, beside })
                }
                Kind::Recorded(length, seen) => Item::Recorded { ticket: next(*length), seen },
                Kind::Connection(connection) => Item::Connection(connection),
                Kind::Session(length) => Item::Session(next(*length)),
                Kind::Unreadable(error) => Item::Unreadable((**error).clone()),
            };
            (*line, item)
        });
        while let Some(first) = items.next() {
            sink(&first, items.next().as_ref());
        }
        drop(items);
        self.items.clear();
        self.connections = 0;
        self.bytes.clear();
        self.beside.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_out_as_they_went_in() {
        let error = Unreadable::Record { missing: "all of it" };
        let items = [
            (1, Item::Ticket(b"ticket")),
            (1, Item::Unreadable(error)),
            (2, Item::Session(b"session")),
            (2, Item::Ticket(b"")),
            (9, Item::Ticket(b"another")),
        ];
        let mut found = Found::default();
        for _ in 0..2 {
            for (line, item) in &items {
                found.push(*line, item.clone());
            }
            assert_eq!(found.count(), 5);
            let mut taken = 0;
            found.take(|first, second| {
                for item in [Some(first), second].into_iter().flatten() {
                    assert_eq!(*item, items[taken]);
                    taken += 1;
                }
            });
            assert_eq!((taken, found.count()), (5, 0));
        }
    }

    #[test]
    fn it_is_full_before_it_is_large() {
        let mut found = Found::default();
        for (ticket, most) in [(&[0; 1000][..], MOST_BYTES.div_ceil(1000)), (&[], MOST_ITEMS)] {
            let mut count = 0;
            while !found.is_full() {
                found.push(1, Item::Ticket(ticket));
                count += 1;
            }
            assert_eq!(count, most);
            found.take(|_, _| {});
        }
    }
}
