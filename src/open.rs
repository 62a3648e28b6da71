//! Opening a ticket with the keys at hand: which key, which verdict, and the session if there is one.

use crate::key::ring::KeyRing;
use crate::key::{TicketKey, verifies_under_zero_mac_key};
use crate::session::{Session, SessionError};
use crate::ticket::{Malformed, Ticket, Unverified, Verified};

/// What became of one ticket.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome<'a> {
    /// The MAC verified, and a session was inside.
    Decrypted {
        /// The key that opened it.
        key: &'a TicketKey,
        /// The session inside.
        session: Session<'a>,
    },
    /// The MAC verified, but the plaintext is no known session.
    BadSession {
        /// The key that opened it.
        key: &'a TicketKey,
        /// What was inside.
        plaintext: &'a [u8],
        /// Why it is no session.
        error: SessionError,
    },
    /// The MAC verified, but the decrypted bytes do not end in padding.
    BadPadding {
        /// The key whose MAC verified.
        key: &'a TicketKey,
    },
    /// A key has the ticket's name, but the MAC does not verify under it.
    BadMac(BadMac<'a>),
    /// No key has the ticket's name, and none without a name verified it.
    UnknownKey,
    /// No key was given.
    NoKey,
    /// The bytes cannot be split into the parts of a ticket.
    Malformed(Malformed),
    /// A server-side session ID of 32 bytes: nothing is sealed in it.
    StatefulId,
    /// A session that was never sealed.
    PlainSession {
        /// The session.
        session: Session<'a>,
    },
}

/// A ticket whose name is known and whose MAC is wrong.
#[derive(Debug)]
pub struct BadMac<'a> {
    /// The first key of the name; with [`unverified`](Self::unverified), the one that decrypted it.
    pub key: &'a TicketKey,
    /// How many readings of keys have the name.
    pub readings: usize,
    /// Whether the MAC is that of an all-zero HMAC key.
    pub zero_mac_key: bool,
    /// The session under the MAC, if it was asked for and the padding is right.
    pub unverified: Option<Unverified<Session<'a>>>,
}

/// Opens tickets with a ring of keys.
#[derive(Debug, Clone, Copy)]
pub struct Opener<'k> {
    /// The keys.
    pub ring: &'k KeyRing,
    /// What is tried when no key was given.
    pub built_in: &'k KeyRing,
    /// Whether to decrypt also where the name matches and the MAC does not verify.
    pub no_verify: bool,
}

impl<'k> Opener<'k> {
    /// Splits, verifies and opens one ticket. `buffer` takes the plaintext; one buffer serves a batch.
    pub fn open<'a>(&self, bytes: &'a [u8], buffer: &'a mut Vec<u8>) -> Outcome<'a>
    where
        'k: 'a,
    {
        let ticket = match Ticket::split(bytes) {
            Ok(ticket) => ticket,
            Err(Malformed::StatefulId) => return Outcome::StatefulId,
            Err(error) => return Outcome::Malformed(error),
        };
        let ring = if self.ring.is_empty() { self.built_in } else { self.ring };
        let mut verified = ring.candidates(ticket.key_name()).filter_map(|key| key.verify(&ticket).ok());
        if let Some(first) = verified.next() {
            let siblings = ring.siblings(first.key()).iter().filter_map(|key| key.verify(&ticket).ok());
            return read(choose(first, verified.chain(siblings), buffer), buffer);
        }
        if self.ring.is_empty() {
            return Outcome::NoKey;
        }
        let named = || ring.candidates(ticket.key_name()).filter(|key| key.name() == Some(ticket.key_name()));
        let Some(first) = named().next() else { return Outcome::UnknownKey };
        let parses = |key: &&TicketKey| unverified_session(key, &ticket, &mut Vec::new()).is_some();
        let key = if self.no_verify { named().find(parses) } else { None };
        Outcome::BadMac(BadMac {
            key: key.unwrap_or(first),
            readings: named().count(),
            zero_mac_key: verifies_under_zero_mac_key(&ticket),
            unverified: key.and_then(|key| unverified_session(key, &ticket, buffer)),
        })
    }
}

/// Of several keys whose MAC verifies (the same MAC key with AES keys of different sizes), the one that gives a
/// session.
fn choose<'k, 't>(
    first: Verified<'k, 't>,
    others: impl Iterator<Item = Verified<'k, 't>>,
    buffer: &mut Vec<u8>,
) -> Verified<'k, 't> {
    let mut others = others.peekable();
    if others.peek().is_none() {
        return first;
    }
    let is_session = |verified: &Verified<'_, '_>, buffer: &mut Vec<u8>| {
        verified.open(buffer).is_ok_and(|p| Session::parse(p).is_ok())
    };
    if is_session(&first, buffer) {
        return first;
    }
    others.find(|verified| is_session(verified, buffer)).unwrap_or(first)
}

fn read<'a>(verified: Verified<'a, '_>, buffer: &'a mut Vec<u8>) -> Outcome<'a> {
    let key = verified.key();
    let Ok(plaintext) = verified.open(buffer) else { return Outcome::BadPadding { key } };
    match Session::parse(plaintext) {
        Ok(session) => Outcome::Decrypted { key, session },
        Err(error) => Outcome::BadSession { key, plaintext, error },
    }
}

fn unverified_session<'b>(
    key: &TicketKey,
    ticket: &Ticket<'_>,
    buffer: &'b mut Vec<u8>,
) -> Option<Unverified<Session<'b>>> {
    let plaintext = key.decrypt_unverified(ticket, buffer).ok()?;
    let session = Session::parse(plaintext.assume_unverified()).ok()?;
    Some(plaintext.map(|_| session))
}
