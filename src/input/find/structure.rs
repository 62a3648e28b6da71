//! Tickets that the bytes themselves show: a whole message, extension or session around them.

use std::ops::Range;

use memchr::memchr3;

use super::super::message::ticket_of_body;
use crate::session::Session;
use crate::session::der::Reader as DerReader;
use crate::ticket::Shape;
use crate::tls::hello::ClientHello;
use crate::tls::wire::Reader;

/// Handshake types (RFC 9846, RFC 8446 section 4).
const CLIENT_HELLO: u8 = 1;
const NEW_SESSION_TICKET: u8 = 4;
/// Begins every `SSL_SESSION`: a SEQUENCE.
const SEQUENCE: u8 = 0x30;
/// Extension types (IANA registry "TLS `ExtensionType` Values").
const SESSION_TICKET: u16 = 35;
const PRE_SHARED_KEY: u16 = 41;
/// Bytes of the shortest thing that is taken for a ticket in the middle of other bytes.
const SHORTEST: usize = 32;
/// Seconds of ten years: more than any server gives a ticket.
const LONGEST_LIFETIME: u32 = 315_360_000;
/// Printable characters in a row that chance does not put into a ticket.
const LONGEST_TEXT: usize = 12;
/// Bytes that `ClientHello` has up to its session ID, and the most that one has.
const HELLO_START: usize = 39;
const LONGEST_HELLO: usize = 1 << 16;
/// How many bytes, of each that there are, are parsed in vain at most.
const PATIENCE: usize = 64;

/// What was found in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Found {
    /// A ticket.
    Ticket(Range<usize>),
    /// The DER of a session.
    Session(Range<usize>),
}

/// Where a part of `bytes` is in them.
fn range(bytes: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr() - bytes.as_ptr().addr();
    start..start + part.len()
}

/// Finds everything in `bytes`.
pub(in super::super) fn find(bytes: &[u8]) -> Vec<Found> {
    if let Some(tickets) =
        whole(bytes).filter(|tickets| is_sure(bytes) || tickets.iter().all(|ticket| is_likely(ticket)))
    {
        return tickets.into_iter().map(|ticket| Found::Ticket(range(bytes, ticket))).collect();
    }
    inside(bytes)
}

/// The tickets of an extension, of a message body, or of a length in front of a ticket, which are exactly all of
/// `bytes`.
pub(in super::super) fn whole(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    if bytes.len() < SHORTEST || has_shape(bytes) || is_message(bytes) {
        return None;
    }
    let tickets = extension(bytes)
        .or_else(|| identities(bytes))
        .or_else(|| ticket_of_body(bytes).filter(|_| has_lifetime(bytes)).map(|ticket| vec![ticket]))
        .or_else(|| exactly(bytes, Reader::vec16).map(|ticket| vec![ticket]))
        .or_else(|| exactly(bytes, Reader::vec32).map(|ticket| vec![ticket]))?;
    tickets.iter().all(|ticket| ticket.len() >= SHORTEST && !is_der(ticket)).then_some(tickets)
}

/// Whether the body of a message begins with the lifetime of a ticket: what does not is bytes whose third pair is a
/// length that fits by chance.
fn has_lifetime(body: &[u8]) -> bool {
    Reader(body).u32().is_some_and(|seconds| seconds <= LONGEST_LIFETIME)
}

/// Whether an extension says what it is by its type too, and not only by a length that fits.
fn is_sure(bytes: &[u8]) -> bool {
    extension(bytes).is_some()
}

/// Whether bytes behind a length may be a ticket: many other things stand behind one.
fn is_likely(bytes: &[u8]) -> bool {
    let text = bytes.split(|byte| !matches!(byte, 0x20..=0x7e)).map(<[u8]>::len).max().unwrap_or(0);
    Shape::of(bytes) != Shape::Unknown && text < LONGEST_TEXT
}

/// Whether bytes have the shape of a ticket of OpenSSL's, so that a length that fits is chance.
fn has_shape(bytes: &[u8]) -> bool {
    Shape::of(bytes) == Shape::OpenSsl
}

/// What is read of `bytes` if nothing is left after it.
fn exactly<'a, T>(bytes: &'a [u8], read: impl FnOnce(&mut Reader<'a>) -> Option<T>) -> Option<T> {
    let mut reader = Reader(bytes);
    let found = read(&mut reader)?;
    reader.is_empty().then_some(found)
}

/// The tickets of one extension, its type and length in front.
fn extension(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let (kind, value) = exactly(bytes, |reader| Some((reader.u16()?, reader.vec16()?)))?;
    match kind {
        SESSION_TICKET => Some(vec![value]),
        PRE_SHARED_KEY => identities(value),
        _ => None,
    }
}

/// The identities of a `pre_shared_key` extension, with their binders or without (RFC 9846, RFC 8446 section 4.2.11).
fn identities(value: &[u8]) -> Option<Vec<&[u8]>> {
    let mut reader = Reader(value);
    let list = Reader::list(reader.vec16()?, |identity| {
        let ticket = identity.vec16()?;
        identity.u32()?;
        Some(ticket)
    })?;
    let binders = reader.is_empty() || (reader.vec16().is_some() && reader.is_empty());
    (binders && !list.is_empty()).then_some(list)
}

/// Everything in the middle of other bytes: packets, records, messages, files of sessions.
fn inside(bytes: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut patience = bytes.len().saturating_mul(PATIENCE);
    let mut at = 0;
    while let Some(next) = bytes.get(at..).and_then(|rest| memchr3(CLIENT_HELLO, NEW_SESSION_TICKET, SEQUENCE, rest)) {
        at += next;
        let rest = bytes.get(at..).unwrap_or_default();
        let length = match rest.first() {
            Some(&NEW_SESSION_TICKET) => issued(rest).map(|(ticket, length)| {
                found.push(Found::Ticket(range(bytes, ticket)));
                length
            }),
            Some(&CLIENT_HELLO) => offered(rest, &mut patience).map(|(tickets, length)| {
                found.extend(tickets.into_iter().map(|ticket| Found::Ticket(range(bytes, ticket))));
                length
            }),
            _ => session(rest, &mut patience).map(|session| {
                found.push(Found::Session(range(bytes, session)));
                session.len()
            }),
        };
        at += length.unwrap_or(1).max(1);
    }
    found
}

/// The ticket of a `NewSessionTicket` that begins here, of TLS or DTLS, and how long the message is.
fn issued(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let mut reader = Reader(bytes);
    reader.u8()?;
    let length = reader.u24()?;
    // DTLS: the number of the message, and the place and length of the fragment, which is all of it
    let mut fragment = reader;
    let is_dtls = fragment.u16().is_some() && fragment.u24() == Some(0) && fragment.u24() == Some(length);
    let plain = reader.take(length).and_then(ticket_of_body).map(|ticket| (ticket, 4 + length));
    let found = match plain {
        None if is_dtls => fragment.take(length).and_then(ticket_of_body).map(|ticket| (ticket, 12 + length)),
        plain => plain,
    };
    found.filter(|(ticket, _)| ticket.len() >= SHORTEST)
}

/// The tickets of a `ClientHello` that begins here, and how long it is.
fn offered<'a>(bytes: &'a [u8], patience: &mut usize) -> Option<(Vec<&'a [u8]>, usize)> {
    let mut reader = Reader(bytes);
    reader.u8()?;
    let length = reader.u24().filter(|length| (HELLO_START..LONGEST_HELLO).contains(length))?;
    let message = bytes.get(..4 + length)?;
    // nearly all that is no ClientHello ends here
    if !matches!(message, [_, _, _, _, 3, 0..=4, ..]) || message.get(38).is_none_or(|length| *length > 32) {
        return None;
    }
    *patience = patience.checked_sub(message.len())?;
    let hello = ClientHello::parse(message)?;
    let tickets = hello.session_ticket.into_iter().chain(hello.identities.iter().map(|identity| identity.identity));
    Some((tickets.filter(|ticket| ticket.len() >= SHORTEST).collect(), message.len()))
}

/// An `SSL_SESSION` that begins here.
fn session<'a>(bytes: &'a [u8], patience: &mut usize) -> Option<&'a [u8]> {
    // the long form of its length, structure version 1, protocol version, cipher suite: with no mark missing
    let ([_, 0x81, _, marks @ ..] | [_, 0x82, _, _, marks @ ..]) = bytes else { return None };
    if !matches!(marks, [2, 1, 1, 2, 2, 3 | 0xfe, _, 4, 2 | 3, ..]) {
        return None;
    }
    let der = DerReader::new(bytes).read().ok()?.der;
    *patience = patience.checked_sub(der.len())?;
    Session::parse(der).is_ok().then_some(der)
}

/// What bytes are that hold no ticket, if they say so themselves: a packet, a TLS record or message, or DER.
pub(in super::super) fn is_known(bytes: &[u8]) -> bool {
    is_message(bytes) || is_packet(bytes) || is_der(bytes)
}

/// Records or messages of a handshake, whole or cut.
fn is_message(bytes: &[u8]) -> bool {
    match *bytes {
        [20..=24, 3, 0..=4, high, low, ..] => usize::from(u16::from_be_bytes([high, low])) <= (1 << 14) + 2048,
        [1..=24, 0, high, low, ..] => usize::from(u16::from_be_bytes([high, low])) + 4 == bytes.len(),
        _ => false,
    }
}

/// An IP packet, or one in an Ethernet frame.
fn is_packet(bytes: &[u8]) -> bool {
    let ip = |packet: &[u8]| match *packet {
        [0x45..=0x4f, _, high, low, _, _, _, _, _, 6 | 17, ..]
        | [0x60..=0x6f, _, _, _, high, low, 0 | 6 | 17 | 43 | 44 | 60, _, ..] => {
            usize::from(u16::from_be_bytes([high, low])) <= packet.len() + 64
        }
        _ => false,
    };
    // behind two addresses and a type, and behind the tag of a VLAN
    let framed = |at: usize| {
        let kind = bytes.get(at..at + 2);
        kind.is_some_and(|kind| matches!(kind, [0x08, 0x00] | [0x86, 0xdd])) && bytes.get(at + 2..).is_some_and(ip)
    };
    ip(bytes) || framed(12) || framed(16)
}

/// A SEQUENCE that is exactly all of the bytes: a certificate, a key.
fn is_der(bytes: &[u8]) -> bool {
    match *bytes {
        [SEQUENCE, 0x82, high, low, ..] => usize::from(u16::from_be_bytes([high, low])) + 4 == bytes.len(),
        [SEQUENCE, 0x81, length, ..] => usize::from(length) + 3 == bytes.len(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKET: &[u8] = include_bytes!("../../../testdata/nginx48_tls12/ticket.bin");
    const SESSION: &[u8] = include_bytes!("../../../testdata/nginx48_tls12/plain.der");

    fn vec16(bytes: &[u8]) -> Vec<u8> {
        [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
    }

    fn tickets(bytes: &[u8]) -> Vec<&[u8]> {
        let take = |found| match found {
            Found::Ticket(range) | Found::Session(range) => bytes.get(range).unwrap(),
        };
        find(bytes).into_iter().map(take).collect()
    }

    #[test]
    fn whole_structures_are_unwrapped() {
        let identity = [vec16(TICKET), vec![1, 2, 3, 4]].concat();
        let binders = vec16(&[&[32][..], &[7; 32]].concat());
        let psk = [vec16(&identity), binders].concat();
        for bytes in [
            vec16(TICKET),
            [&[0, 0][..], &vec16(TICKET)].concat(),
            [&[0, 35][..], &vec16(TICKET)].concat(),
            [&[0, 41][..], &vec16(&psk)].concat(),
            psk.clone(),
            vec16(&identity),
            [&[0, 0, 1, 44][..], &vec16(TICKET)].concat(),
            [&[0, 0, 1, 44, 9, 9, 9, 9, 2, 0, 1][..], &vec16(TICKET), &[0, 0]].concat(),
        ] {
            assert_eq!(tickets(&bytes), [TICKET], "{bytes:02x?}");
        }
        assert!(tickets(TICKET).is_empty());
    }

    #[test]
    fn messages_and_sessions_are_found_in_the_middle() {
        let body = [&[0, 0, 1, 44][..], &vec16(TICKET)].concat();
        let length = u8::try_from(body.len()).unwrap();
        let message = [&[4, 0, 0, length][..], &body].concat();
        let dtls = [&[4, 0, 0, length, 0, 5, 0, 0, 0, 0, 0, length][..], &body].concat();
        for bytes in [&message, &dtls] {
            let noise = [&[0x30, 0x82, 1, 4, 9][..], &[4, 0, 0, 1], bytes, &[1, 0, 0, 60, 3, 3]].concat();
            assert_eq!(tickets(&noise), [TICKET]);
        }
        let file = [&[0, 0, 0, 0, 0, 0, 2, 1][..], SESSION, &[0; 8], b"rest"].concat();
        assert_eq!(tickets(&file), [SESSION]);
    }

    #[test]
    fn hostile_bytes_take_time_in_proportion() {
        let hello = [1, 0, 0xff, 0xf0, 3, 3].repeat(200_000);
        let session = [0x30, 0x82, 0xff, 0, 2, 1, 1, 2, 2, 3, 3, 4, 2].repeat(100_000);
        let begun = std::time::Instant::now();
        find(&hello);
        find(&session);
        assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    }
}
