//! Bytes that may be a ticket, a session around one, or a handshake message around one.

use memchr::memmem;

use super::find::structure;
use super::marks::{BEGIN, begins_session, is_bare_key};
use super::message::{HANDSHAKE_RECORD, NEW_SESSION_TICKET, unwrap_message, vector16};
use super::{Item, Unreadable};
use crate::session::Session;
use crate::session::der::{DerErrorKind, Reader};

/// Hands over what the bytes are: one thing, or the tickets of several messages.
pub(super) fn each(bytes: &[u8], sink: &mut dyn FnMut(Item<'_>)) {
    match bytes.first() {
        // a message, a record, or the high byte of a length
        Some(&(0..=NEW_SESSION_TICKET | HANDSHAKE_RECORD)) => each_message(bytes, sink),
        _ => sink(classify(bytes)),
    }
}

/// Hands over the tickets of messages, or what the bytes are if they only begin like one.
#[inline(never)]
fn each_message(bytes: &[u8], sink: &mut dyn FnMut(Item<'_>)) {
    match several_messages(bytes) {
        Some(tickets) => tickets.into_iter().for_each(|ticket| sink(Item::Ticket(ticket))),
        None => match structure::whole(bytes) {
            Some(tickets) => tickets.into_iter().for_each(|ticket| sink(Item::Ticket(ticket))),
            None => sink(classify(bytes)),
        },
    }
}

/// What the bytes are. A session that is damaged is never a ticket, which outputs show as it is: it is full of secrets.
pub(super) fn classify(bytes: &[u8]) -> Item<'_> {
    if begins_session(bytes) {
        return session(bytes);
    }
    // of a ticket not even the first bytes are text, so this costs nothing
    if bytes.get(..64).unwrap_or(bytes).is_ascii() && holds_pem(bytes) {
        return Item::Unreadable(Unreadable::PemText);
    }
    if is_bare_key(bytes) {
        return Item::Unreadable(Unreadable::Key { length: bytes.len() });
    }
    Item::Ticket(unwrap_message(bytes).unwrap_or(bytes))
}

#[cold]
fn holds_pem(bytes: &[u8]) -> bool {
    memmem::find(bytes, BEGIN).is_some()
}

/// What bytes are that begin like a session.
#[inline(never)]
fn session(bytes: &[u8]) -> Item<'_> {
    match Session::parse(bytes) {
        Ok(_) => Item::Session(bytes),
        Err(error) => whole_line(bytes).unwrap_or(Item::Unreadable(Unreadable::Session(error))),
    }
}

/// The session in bytes that an editor or `echo` has put a line end behind.
fn whole_line(bytes: &[u8]) -> Option<Item<'_>> {
    let session = bytes.strip_suffix(b"\n")?;
    let session = session.strip_suffix(b"\r").filter(|bare| Session::parse(bare).is_ok()).unwrap_or(session);
    Session::parse(session).is_ok().then_some(Item::Session(session))
}

/// Hands over every session of DER encodings that follow each other.
pub(super) fn each_session(input: &[u8], sink: &mut dyn FnMut(Option<u64>, Item<'_>)) {
    let mut reader = Reader::new(input);
    while !reader.rest().trim_ascii().is_empty() {
        match reader.read() {
            Ok(element) => match Session::parse(element.der) {
                Ok(_) => sink(None, Item::Session(element.der)),
                Err(error) => sink(None, Item::Unreadable(Unreadable::Session(error))),
            },
            Err(mut error) => {
                if let DerErrorKind::InvalidHeader = error.kind {
                    error.kind = DerErrorKind::TrailingData { bytes: reader.rest().len() };
                }
                return sink(None, Item::Unreadable(Unreadable::Der(error)));
            }
        }
    }
}

/// The tickets of handshake messages that follow each other, with or without record headers, as a server sends them:
/// among others (RFC 9846, RFC 5077 section 3.3), or several (RFC 8446 section 4.6.1). The messages must be exactly
/// all of `bytes`.
fn several_messages(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut tickets = Vec::new();
    if bytes.first() == Some(&NEW_SESSION_TICKET) {
        tickets_of_messages(bytes, &mut tickets)?;
    } else if bytes.first() == Some(&HANDSHAKE_RECORD) {
        let mut rest = bytes;
        while let [kind @ 20..=23, 3, 0..=4, after @ ..] = rest {
            let (body, after) = vector16(after)?;
            // what is encrypted is not a message
            let known = tickets.len();
            if *kind == HANDSHAKE_RECORD && tickets_of_messages(body, &mut tickets).is_none() {
                tickets.truncate(known);
            }
            rest = after;
        }
        rest.is_empty().then_some(())?;
    }
    Some(tickets).filter(|tickets| !tickets.is_empty())
}

fn tickets_of_messages<'a>(mut messages: &'a [u8], tickets: &mut Vec<&'a [u8]>) -> Option<()> {
    while let [kind, a, b, c, after @ ..] = messages {
        let length = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).ok()?;
        let (message, _) = messages.split_at_checked(4 + length)?;
        if *kind == NEW_SESSION_TICKET {
            tickets.push(unwrap_message(message)?);
        }
        messages = after.get(length..)?;
    }
    messages.is_empty().then_some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[NEW_SESSION_TICKET][..], &length[1..], body].concat()
    }

    /// Judges as the table does, a byte at a time.
    fn has_bytes(head: &[u8]) -> bool {
        (2..=4).any(|start| {
            let is = |at: usize, wanted: &[u8]| head.get(at).is_some_and(|byte| wanted.contains(byte));
            let version = head.get(start + 4).copied().filter(|length| (1..=3).contains(length));
            let suite = start + 5 + usize::from(version.unwrap_or(2));
            let fixed = [is(0, &[0x30]), is(start, &[2]), is(start + 1, &[1]), is(start + 3, &[2])];
            let others = [version.is_some(), is(suite, &[4]), is(suite + 1, &[2, 3])];
            fixed.iter().chain(&others).filter(|right| !**right).count() <= 1
        })
    }

    proptest! {
        #[test]
        fn marks_of_a_session_count_in_heads_of_any_length(
            head in proptest::collection::vec(prop_oneof![Just(0x30), Just(0x81), 0..=5_u8, any::<u8>()], 0..20),
            marks in 2..5_usize,
            version in 0..=4_u8,
            wrong in proptest::collection::vec(0..18_usize, 0..3),
        ) {
            prop_assert_eq!(begins_session(&head), has_bytes(&head));
            let mut near = head;
            let suite = marks + 5 + usize::from(version);
            for (at, byte) in [(0, 0x30), (marks, 2), (marks + 1, 1), (marks + 3, 2), (marks + 4, version), (suite, 4), (suite + 1, 2)] {
                if let Some(place) = near.get_mut(at) {
                    *place = byte;
                }
            }
            for at in wrong {
                if let Some(place) = near.get_mut(at) {
                    *place ^= 1;
                }
            }
            prop_assert_eq!(begins_session(&near), has_bytes(&near));
        }
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
    fn a_damaged_session_is_no_ticket() {
        const SESSION: &[u8] = include_bytes!("../../testdata/nginx48_tls12/plain.der");
        assert_eq!(classify(SESSION), Item::Session(SESSION));
        for end in [b"\n".as_slice(), b"\r\n"] {
            assert_eq!(classify(&[SESSION, end].concat()), Item::Session(SESSION));
        }
        let cut = |bytes: &[u8]| matches!(classify(bytes), Item::Unreadable(Unreadable::Session(_)));
        assert!((16..SESSION.len()).all(|length| cut(&SESSION[..length])));
        for at in 0..SESSION.len() {
            let mut bytes = SESSION.to_vec();
            bytes[at] ^= 0x44;
            assert!(!matches!(classify(&bytes), Item::Ticket(_)), "byte {at}");
        }
        let pem = include_bytes!("../../testdata/nginx48_tls12/session.pem");
        assert_eq!(classify(pem), Item::Unreadable(Unreadable::PemText));
        assert_eq!(classify(&pem[..pem.len() / 2]), Item::Unreadable(Unreadable::PemText));
    }

    #[test]
    fn a_line_end_after_sessions_is_no_session() {
        const SESSION: &[u8] = include_bytes!("../../testdata/nginx48_tls12/plain.der");
        let mut found = 0;
        each_session(&[SESSION, SESSION, b"\n"].concat(), &mut |_, item| {
            assert_eq!(item, Item::Session(SESSION));
            found += 1;
        });
        assert_eq!(found, 2);
    }

    #[test]
    fn messages_that_follow_each_other_give_their_tickets() {
        let (one, other) = ([0xaa; 0x60], [0xbb; 0x60]);
        let tls12 = message(&[&[0, 0, 1, 44][..], &[0, 0x60], &one].concat());
        let tls13 = message(&[&[0, 0, 1, 44, 1, 2, 3, 4, 1, 0][..], &[0, 0x60], &other, &[0, 0]].concat());
        let record = |kind, body: &[u8]| [&[kind, 3, 3, 0, u8::try_from(body.len()).unwrap()][..], body].concat();
        let done = [14, 0, 0, 0];
        let finished = record(22, &[0x77; 40]);
        for bytes in [
            [&tls12[..], &tls13].concat(),
            [&tls12[..], &done, &tls13].concat(),
            [record(22, &tls12), record(22, &tls13)].concat(),
            [record(22, &tls12), record(20, &[1]), record(22, &tls13), finished].concat(),
        ] {
            let mut found = Vec::new();
            each(&bytes, &mut |item| match item {
                Item::Ticket(ticket) => found.push(ticket.to_vec()),
                item => panic!("{item:?}"),
            });
            assert_eq!(found, [one, other], "{bytes:02x?}");
        }
        let cut = [&tls12[..], &tls13[..20]].concat();
        assert_eq!(several_messages(&cut), None);
    }

    #[test]
    fn a_ticket_that_begins_like_a_message_stays_a_ticket() {
        let mut ticket = [0x55; 96];
        ticket[..4].copy_from_slice(&[4, 0, 0, 92]);
        assert_eq!(unwrap_message(&ticket), None);
        assert_eq!(classify(&ticket), Item::Ticket(&ticket));
    }
}
