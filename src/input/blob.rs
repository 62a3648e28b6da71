//! Bytes that may be a ticket, a session around one, or a handshake message around one.

use super::{Item, Unreadable};
use crate::der::{DerErrorKind, Reader};
use crate::session::Session;

/// Handshake type of `NewSessionTicket` (RFC 8446 section 4).
const NEW_SESSION_TICKET: u8 = 4;
/// Record type of handshake messages (RFC 8446 section 5.1).
const HANDSHAKE_RECORD: u8 = 22;

/// What the bytes are.
pub(super) fn classify(bytes: &[u8]) -> Item<'_> {
    if begins_session(bytes) && Session::parse(bytes).is_ok() {
        return Item::Session(bytes);
    }
    Item::Ticket(unwrap_message(bytes).unwrap_or(bytes))
}

/// Whether the DER of an `SSL_SESSION` begins here: a SEQUENCE, then the structure version 1, then a version number.
/// A ticket begins with a random key name, which looks like this once in 2^48 times.
pub(super) fn begins_session(head: &[u8]) -> bool {
    let Some((0x30, rest)) = head.split_first() else { return false };
    let ([0..=0x7f, body @ ..] | [0x81, _, body @ ..] | [0x82, _, _, body @ ..]) = rest else { return false };
    body.starts_with(&[2, 1, 1, 2, 1]) || body.starts_with(&[2, 1, 1, 2, 2]) || body.starts_with(&[2, 1, 1, 2, 3])
}

/// Hands over every session of DER encodings that follow each other.
pub(super) fn each_session(input: &[u8], sink: &mut dyn FnMut(Option<u64>, Item<'_>)) {
    let mut reader = Reader::new(input);
    while !reader.is_empty() {
        match reader.read() {
            Ok(element) => match Session::parse(element.der) {
                Ok(_) => sink(None, Item::Session(element.der)),
                Err(error) => sink(None, Item::Unreadable(Unreadable::Session(error))),
            },
            Err(mut error) => {
                if let DerErrorKind::InvalidHeader = error.kind {
                    error.kind = DerErrorKind::TrailingData { octets: reader.rest().len() };
                }
                return sink(None, Item::Unreadable(Unreadable::Der(error)));
            }
        }
    }
}

/// The ticket of a `NewSessionTicket` message that is exactly all of `message`, with or without its record header:
/// RFC 5077 section 3.3, or RFC 8446 section 4.6.1.
#[must_use]
pub fn unwrap_message(message: &[u8]) -> Option<&[u8]> {
    let message = match message {
        [HANDSHAKE_RECORD, 3, 0..=4, high, low, body @ ..]
            if body.len() == usize::from(u16::from_be_bytes([*high, *low])) =>
        {
            body
        }
        _ => message,
    };
    let [NEW_SESSION_TICKET, a, b, c, body @ ..] = message else { return None };
    if body.len() != usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).ok()? {
        return None;
    }
    let (_lifetime, rest) = body.split_at_checked(4)?;
    let ticket_only = vector16(rest).filter(|(_, after)| after.is_empty()).map(|(ticket, _)| ticket);
    ticket_only.or_else(|| {
        let (_age_add, rest) = rest.split_at_checked(4)?;
        let (&nonce, rest) = rest.split_first()?;
        let (_nonce, rest) = rest.split_at_checked(usize::from(nonce))?;
        let (ticket, rest) = vector16(rest)?;
        let (_extensions, after) = vector16(rest)?;
        after.is_empty().then_some(ticket)
    })
}

/// A vector with a length of two bytes, and what follows.
fn vector16(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[NEW_SESSION_TICKET][..], &length[1..], body].concat()
    }

    #[test]
    fn unwraps_new_session_ticket_of_both_protocols() {
        let ticket = [0xaa; 0x60];
        let tls12 = message(&[&[0, 0, 1, 44][..], &[0, 0x60], &ticket].concat());
        assert_eq!(unwrap_message(&tls12), Some(&ticket[..]));
        let record = [&[22, 3, 3, 0, u8::try_from(tls12.len()).unwrap()][..], &tls12].concat();
        assert_eq!(unwrap_message(&record), Some(&ticket[..]));
        let tls13 = message(&[&[0, 0, 1, 44, 1, 2, 3, 4, 8][..], &[0; 8], &[0, 0x60], &ticket, &[0, 0]].concat());
        assert_eq!(unwrap_message(&tls13), Some(&ticket[..]));
    }

    #[test]
    fn a_ticket_that_begins_like_a_message_stays_a_ticket() {
        let mut ticket = [0x55; 96];
        ticket[..4].copy_from_slice(&[4, 0, 0, 92]);
        assert_eq!(unwrap_message(&ticket), None);
        assert_eq!(classify(&ticket), Item::Ticket(&ticket));
    }
}
