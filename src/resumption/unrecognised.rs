//! What is in the place of a ticket and cannot be one that a key given here could open.

use crate::capture::sighting::{Carrier, Sighting};
use crate::open::Outcome;
use crate::ticket::{Malformed, Shape, Ticket};

/// Why something in the place of a ticket is not recognised as one. Its limits are certain: a message holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unrecognised {
    /// The identity of an external PSK (RFC 9846, RFC 8446 section 2.2, RFC 9973).
    External,
    /// It stands beside an encrypted ClientHello, and is random if the offer is in there (RFC 9849 section 6.1.2).
    Encrypted,
    /// Its length and form are those of no family that is known: sealed with an AEAD.
    Form,
}

impl Unrecognised {
    /// Looks at a ticket of a capture that was tried with the keys.
    #[must_use]
    pub fn of(sighting: &Sighting<'_>, outcome: &Outcome<'_>) -> Option<Self> {
        let is_split = !matches!(outcome, Outcome::Malformed(Malformed::Empty | Malformed::TooLong { .. }));
        let is_closed = match outcome {
            Outcome::UnknownKey | Outcome::NoKey | Outcome::Malformed(_) => is_split,
            Outcome::StatefulId => sighting.carrier == Carrier::Psk,
            _ => false,
        };
        if !is_closed {
            return None;
        }
        if sighting.carrier == Carrier::Psk && sighting.beside_encrypted {
            return Some(Self::Encrypted);
        }
        if sighting.is_external {
            return Some(Self::External);
        }
        let is_sealed = !matches!(outcome, Outcome::StatefulId);
        let has_form = Shape::of(sighting.ticket) != Shape::Unknown || Ticket::split(sighting.ticket).is_ok();
        (is_sealed && !has_form).then_some(Self::Form)
    }

    /// What it is, in one sentence. Records that are read back are recognised by these words.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::External => "the identity is of an external PSK, not a ticket",
            Self::Encrypted => {
                "the ClientHello may have an encrypted one inside: this identity is random if the offer is in there"
            }
            Self::Form => "its length and form do not tell which family of tickets it is of",
        }
    }

    /// What to do about it, in one sentence.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::External => "no ticket key has to do with it",
            Self::Encrypted => {
                "if it is, the offer can be seen only with the server's ECH key, or in the server's own log"
            }
            Self::Form => {
                "Go with a client certificate, and what seals with an AEAD (rustls on ring, JSSE, Erlang/OTP, tlslite-ng), \
                 can have any length: --key FILE tells; or it is a handle of the server's own kind"
            }
        }
    }
}
