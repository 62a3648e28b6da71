//! Tickets with one bit flipped: no server may resume from them.

use std::fmt;

use crate::ticket::Ticket;

/// The part of a ticket in which the bit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The key name.
    Name,
    /// The initialisation vector or nonce.
    Iv,
    /// The encrypted session.
    Ciphertext,
    /// The MAC or tag.
    Mac,
}

impl Part {
    /// Every part, in order.
    pub const ALL: [Self; 4] = [Self::Name, Self::Iv, Self::Ciphertext, Self::Mac];

    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Iv => "iv",
            Self::Ciphertext => "ciphertext",
            Self::Mac => "mac",
        }
    }

    /// The byte of a ticket that is altered: the last one of the part, so that with CBC as little as possible of the
    /// session changes. A ticket that cannot be split is altered at four places from its start to its end.
    #[must_use]
    pub fn position(self, ticket: &[u8]) -> usize {
        let last = ticket.len().saturating_sub(1);
        let at = match (self, Ticket::split(ticket)) {
            (Self::Mac, _) => last,
            (Self::Name, _) => last.min(15),
            (Self::Iv, Ok(_)) => 31,
            (Self::Iv, Err(_)) => last / 3,
            (Self::Ciphertext, Ok(parts)) => last.saturating_sub(parts.mac().len()),
            (Self::Ciphertext, Err(_)) => last / 3 * 2,
        };
        at.min(last)
    }

    /// The ticket with the lowest bit of that byte flipped.
    #[must_use]
    pub fn alter(self, ticket: &[u8]) -> Vec<u8> {
        let mut altered = ticket.to_vec();
        if let Some(byte) = altered.get_mut(self.position(ticket)) {
            *byte ^= 1;
        }
        altered
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::Iv => "IV",
            Self::Ciphertext => "ciphertext",
            Self::Mac => "MAC",
        })
    }
}

/// How a server answered an altered ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// It resumed from it: what is sealed is not authenticated.
    Resumed,
    /// It made a new session.
    Full,
    /// It sent an alert, of that description.
    Alert(u8),
    /// It reset the connection.
    Reset,
    /// It closed the connection.
    Closed,
    /// Nothing came before the deadline.
    Silence,
    /// There was no ticket to alter.
    NoTicket,
    /// It could not be tried: the connection failed before the offer was made.
    NotTried,
}

impl Answer {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resumed => "resumed",
            Self::Full => "full",
            Self::Alert(_) => "alert",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::Silence => "silence",
            Self::NoTicket => "no_ticket",
            Self::NotTried => "not_tried",
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resumed => "RESUMED",
            Self::Full => "refused, a full handshake followed",
            Self::Alert(description) => return write!(f, "refused with alert {description}"),
            Self::Reset => "the connection was reset",
            Self::Closed => "the connection was closed without an answer",
            Self::Silence => "no answer before the deadline",
            Self::NoTicket => "no ticket to alter",
            Self::NotTried => "not tried",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bit_of_each_part_is_flipped() {
        let ticket: Vec<u8> = (0..=207).collect();
        let places = Part::ALL.map(|part| {
            let altered = part.alter(&ticket);
            let differ: Vec<usize> = (0..ticket.len()).filter(|&at| ticket[at] != altered[at]).collect();
            let [at] = differ[..] else { panic!("{part}: {differ:?}") };
            assert_eq!((ticket[at] ^ altered[at]).count_ones(), 1);
            at
        });
        assert_eq!(places, [15, 31, 175, 207]);
    }

    #[test]
    fn any_length_is_altered_within_bounds() {
        for length in 1..200_usize {
            let ticket = vec![0; length];
            for part in Part::ALL {
                let altered = part.alter(&ticket);
                assert_eq!(altered.iter().map(|byte| u32::from(*byte)).sum::<u32>(), 1, "{part} of {length}");
            }
        }
        assert!(Part::Mac.alter(&[]).is_empty());
    }
}
