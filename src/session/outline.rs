//! The outline of a session: its encoding, but for what is its own.

use std::ops::Range;

use der_parser::der::Tag;

use super::der::{Element, Reader, integer};
use super::{Dialect, Own, Session, SessionSecret};

/// The members that many sessions of a server have alike, or that are their own and of any value: start, lifetime, session
/// ID context, verify result, host name, lifetime hint, compression, flags, age add, early data, application protocol,
/// fragment length and group. With others (certificates, identities, what an application adds) outlines would be as many
/// as clients.
const MEMBERS: [u32; 13] = [1, 2, 4, 5, 6, 9, 11, 13, 14, 15, 16, 17, 19];

/// How many bytes are compared in one step.
const BLOCK: usize = 16;

/// An `SSL_SESSION` of OpenSSL's with zeros in the place of what is its own. Sessions of one outline differ in nothing
/// else, so that what is made of the rest of one is made of the rest of all.
pub(crate) struct Outline {
    encoded: Box<[u8]>,
    /// Ones where the encoding counts.
    counts: Box<[u8]>,
    places: Places,
    timeout: Option<i64>,
    has_psk: bool,
}

/// Where in the encoding that is which is each session's own.
struct Places {
    session_id: Range<usize>,
    secret: Range<usize>,
    time: Option<Range<usize>>,
    ticket_age_add: Option<Range<usize>>,
    hostname: Option<Range<usize>>,
}

impl Outline {
    /// That of a session; `None` if hardly another one would have it.
    pub(crate) fn of(session: &Session<'_>) -> Option<Self> {
        let members = MEMBERS.iter().fold(0, |bits, tag| bits | 1_u64 << tag);
        let others = [
            session.tags & !members != 0,
            session.dialect != Dialect::OpenSsl,
            session.krb5_principal.is_some(),
            !session.unknown_fields.is_empty(),
        ];
        if others.contains(&true) {
            return None;
        }
        let places = Places::of(session.encoded)?;
        let mut outline = Self {
            encoded: session.encoded.into(),
            counts: vec![u8::MAX; session.encoded.len()].into(),
            timeout: session.timeout,
            has_psk: matches!(session.secret, SessionSecret::ResumptionPsk(_)),
            places,
        };
        for place in outline.places.all() {
            outline.encoded.get_mut(place.clone())?.fill(0);
            outline.counts.get_mut(place)?.fill(0);
        }
        (outline.own(session.encoded)? == session.own()).then_some(outline)
    }

    /// What a session of this outline has of its own; `None` if it is of another one.
    #[inline]
    pub(crate) fn own<'p>(&self, plaintext: &'p [u8]) -> Option<Own<'p>> {
        if !self.fits(plaintext) {
            return None;
        }
        let Places { session_id, secret, time, ticket_age_add, hostname } = &self.places;
        let bytes = |place: &Range<usize>| plaintext.get(place.clone());
        let secret = bytes(secret)?;
        let mut own = Own {
            session_id: Some(bytes(session_id)?),
            secret: if self.has_psk {
                SessionSecret::ResumptionPsk(secret)
            } else {
                SessionSecret::MasterSecret(secret)
            },
            time: None,
            timeout: self.timeout,
            ticket_age_add: None,
            hostname: None,
        };
        if let Some(time) = time {
            own.time = Some(integer(bytes(time)?)?);
        }
        if let Some(number) = ticket_age_add {
            own.ticket_age_add = Some(integer(bytes(number)?)?.try_into().ok()?);
        }
        if let Some(name) = hostname {
            own.hostname = Some(bytes(name)?);
        }
        Some(own)
    }
}

impl Outline {
    /// Whether an encoding differs in nothing that counts.
    #[inline]
    fn fits(&self, plaintext: &[u8]) -> bool {
        if plaintext.len() != self.encoded.len() {
            return false;
        }
        let parts = [plaintext, &*self.encoded, &*self.counts];
        let [these, known, counts] = parts.map(|bytes| bytes.chunks_exact(BLOCK).map_while(<[u8]>::first_chunk));
        let blocks = these.zip(known).zip(counts).map(|((these, known), counts)| [these, known, counts]);
        // the last block may have some of the one before it again
        let [Some(these), Some(known), Some(counts)] = parts.map(<[u8]>::last_chunk) else { return false };
        blocks.chain([[these, known, counts]]).fold(0, |bits, block| bits | differences(block)) == 0
    }
}

/// The bits in which a block differs from what is known of it, as far as they count.
#[inline]
fn differences(block: [&[u8; BLOCK]; 3]) -> u128 {
    let [these, known, counts] = block.map(|bytes| u128::from_ne_bytes(*bytes));
    these & counts ^ known
}

impl Places {
    /// Those in an encoding that was read before.
    fn of(plaintext: &[u8]) -> Option<Self> {
        let mut members = Reader::new(plaintext).enter(Tag::Sequence, "a SEQUENCE").ok()?;
        let mut next = || members.read().ok();
        let [_version, _protocol, _cipher, session_id, secret] = [next()?, next()?, next()?, next()?, next()?];
        let mut places = Self {
            session_id: content(&session_id),
            secret: content(&secret),
            time: None,
            ticket_age_add: None,
            hostname: None,
        };
        while !members.is_empty() {
            let member = members.read().ok()?;
            let place = match member.tag {
                1 => &mut places.time,
                6 => &mut places.hostname,
                14 => &mut places.ticket_age_add,
                _ => continue,
            };
            *place = Some(content(&member.only()?));
        }
        Some(places)
    }

    fn all(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let some = [self.time.clone(), self.ticket_age_add.clone(), self.hostname.clone()];
        [self.session_id.clone(), self.secret.clone()].into_iter().chain(some.into_iter().flatten())
    }
}

/// Where the content of an element is.
fn content(element: &Element<'_>) -> Range<usize> {
    let end = element.offset + element.der.len();
    end - element.content.len()..end
}
