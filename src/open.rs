//! Opening a ticket with the keys at hand: which key, which verdict, and the session if there is one.

mod in_vain;

use std::sync::LazyLock;
use std::{fmt, ptr};

use zeroize::Zeroizing;

use self::in_vain::InVain;
use crate::escape::Text;
use crate::key::ring::KeyRing;
use crate::key::{BadPadding, KeyInUse, KeyName, TicketKey, Unverified, Verified, verifies_under_zero_mac_key};
use crate::session::{self, Session, SessionError};
use crate::ticket::{self, Arrangement, Malformed, Shape, Ticket};

/// What is tried if no key was given.
static BUILT_IN_KEYS: LazyLock<KeyRing> = LazyLock::new(KeyRing::built_in);
/// Key names for which no built-in key worked: they are not tried again.
static IN_VAIN: LazyLock<InVain> = LazyLock::new(InVain::default);

/// What became of one ticket.
#[non_exhaustive]
pub enum Outcome<'a> {
    /// The MAC verified, and a session was inside.
    Decrypted {
        /// The ticket, split as the key does.
        ticket: Ticket<'a>,
        /// The key that opened it.
        key: KeyInUse<'a>,
        /// The session inside.
        session: Session<'a>,
    },
    /// The MAC verified, but the plaintext is not a known session.
    BadSession {
        /// The ticket, split as the key does.
        ticket: Ticket<'a>,
        /// The key that opened it.
        key: KeyInUse<'a>,
        /// What was inside.
        plaintext: &'a [u8],
        /// Why it is not a session.
        error: SessionError,
    },
    /// The MAC verified, but the decrypted bytes do not end in padding.
    BadPadding {
        /// The ticket, split as the key does.
        ticket: Ticket<'a>,
        /// The key whose MAC verified.
        key: KeyInUse<'a>,
    },
    /// A key has the ticket's name, but the MAC does not verify under it.
    BadMac(BadMac<'a>),
    /// No key has the ticket's name, and no nameless key verified it.
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

impl fmt::Debug for Outcome<'_> {
    /// The verdict alone: a plaintext that is not a known session may still hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decrypted { session, .. } => write!(f, "Decrypted({session:?})"),
            Self::BadSession { error, .. } => write!(f, "BadSession({error})"),
            Self::BadPadding { .. } => f.write_str("BadPadding"),
            Self::BadMac(_) => f.write_str("BadMac"),
            Self::UnknownKey => f.write_str("UnknownKey"),
            Self::NoKey => f.write_str("NoKey"),
            Self::Malformed(error) => write!(f, "Malformed({error})"),
            Self::StatefulId => f.write_str("StatefulId"),
            Self::PlainSession { session } => write!(f, "PlainSession({session:?})"),
        }
    }
}

impl fmt::Display for Outcome<'_> {
    /// One sentence without secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decrypted { key, session, .. } => {
                let origin = key.origin();
                let file = Text(origin.file.as_bytes());
                write!(f, "decrypted with key {} of {file}: a {} session", origin.index, session.protocol.name())
            }
            Self::BadSession { error, .. } => write!(f, "decrypted, but the plaintext is not a known session: {error}"),
            Self::BadPadding { .. } => f.write_str("the MAC verifies, but the decrypted bytes do not end in padding"),
            Self::BadMac(_) => f.write_str("a key has the ticket's name, but the MAC does not verify under it"),
            Self::UnknownKey => f.write_str("none of the keys opens the ticket"),
            Self::NoKey => f.write_str("no key was given"),
            Self::Malformed(error) => error.fmt(f),
            Self::StatefulId => f.write_str("a server-side session ID: nothing is sealed in it"),
            Self::PlainSession { session } => write!(f, "a {} session that was never sealed", session.protocol.name()),
        }
    }
}

impl Outcome<'_> {
    /// Whether the MAC verified under some key, whatever was inside.
    #[must_use]
    pub fn is_opened(&self) -> bool {
        matches!(self, Self::Decrypted { .. } | Self::BadSession { .. } | Self::BadPadding { .. })
    }
}

/// A ticket whose name is known and whose MAC is wrong.
#[derive(Debug)]
pub struct BadMac<'a> {
    /// The ticket, split as that key does.
    pub ticket: Ticket<'a>,
    /// The first key of the name; with [`unverified`](Self::unverified), the one that decrypted it.
    pub key: KeyInUse<'a>,
    /// How many keys have the name; one file read in two layouts counts twice.
    pub readings: usize,
    /// Whether the MAC is that of an all-zero HMAC key.
    pub zero_mac_key: bool,
    /// Whether it was decrypted anyway, because that was asked for.
    pub no_verify: bool,
    /// The session, decrypted although the MAC is wrong: only if that was asked for and a session came out.
    pub unverified: Option<Box<Unverified<Session<'a>>>>,
}

/// A ticket that an opener has looked at: made by [`Opener::check`], opened by [`Opener::open`].
#[derive(Debug, Clone, Copy)]
pub struct Checked<'a> {
    bytes: &'a [u8],
    /// The key that verifies it, if the search has come to one.
    verified: Option<Verified<'a, 'a>>,
    /// The keys that were searched: an opener with other keys searches again.
    keys: &'a KeyRing,
}

impl<'a> Checked<'a> {
    /// The ticket.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The key that verifies it, if the search has come to one. `None` does not say that there is none.
    #[must_use]
    pub fn verified(&self) -> Option<&Verified<'a, 'a>> {
        self.verified.as_ref()
    }
}

/// Opens tickets with a ring of keys.
#[derive(Debug, Clone, Copy)]
pub struct Opener<'a> {
    ring: &'a KeyRing,
    no_verify: bool,
}

impl<'a> Opener<'a> {
    /// An opener with these keys; if there are none, it tries the keys that anybody can guess
    /// ([`KeyRing::built_in`]).
    #[must_use]
    pub fn new(ring: &'a KeyRing) -> Self {
        Self { ring, no_verify: false }
    }

    /// The keys that were given.
    #[must_use]
    pub fn ring(&self) -> &'a KeyRing {
        self.ring
    }

    /// Also decrypts a ticket if its key name matches and its MAC does not verify. The outcome stays
    /// [`Outcome::BadMac`].
    #[must_use]
    pub fn no_verify(self, no_verify: bool) -> Self {
        Self { no_verify, ..self }
    }

    /// Looks for the key of a ticket.
    #[must_use]
    pub fn check(&self, ticket: &'a [u8]) -> Checked<'a> {
        // the search is part of `open`, which skips it for what cannot be a ticket
        Checked { bytes: ticket, verified: None, keys: self.keys() }
    }

    /// Looks for the keys of two tickets at once, which takes less time than one after the other.
    #[must_use]
    pub fn check_two(&self, tickets: [&'a [u8]; 2]) -> [Checked<'a>; 2] {
        let [one, other] = tickets;
        // the built-in keys have no likely first one
        let has_keys = !self.ring.is_empty();
        let verified = self.first_keys(tickets.map(ticket::leading_name)).filter(|_| has_keys);
        let [first, second] =
            verified.map_or([None; 2], |[key, other_key]| TicketKey::verify_both([(key, one), (other_key, other)]));
        let keys = self.keys();
        [Checked { bytes: one, verified: first, keys }, Checked { bytes: other, verified: second, keys }]
    }

    /// The keys that are tried first on tickets of these names, mostly one and the same.
    fn first_keys(&self, names: [Option<KeyName>; 2]) -> Option<[&'a TicketKey; 2]> {
        let [one, other] = names;
        let key = |name| self.keys().candidates(name).next();
        let first = key(one?)?;
        Some([first, if one == other { first } else { key(other?)? }])
    }

    /// The keys that are tried.
    fn keys(&self) -> &'a KeyRing {
        if self.ring.is_empty() { &BUILT_IN_KEYS } else { self.ring }
    }

    /// Splits, verifies and decrypts a ticket, and parses the session inside. `buffer` takes the plaintext: one buffer
    /// serves a batch.
    pub fn open(&self, checked: &Checked<'a>, buffer: &'a mut Vec<u8>) -> Outcome<'a> {
        let mut outcome = Outcome::NoKey;
        self.open_into(checked, buffer, &mut outcome);
        outcome
    }

    /// Opens a ticket in the place where the outcome is to be: a session is too large to be moved around.
    #[inline]
    pub(crate) fn open_into(&self, checked: &Checked<'a>, buffer: &'a mut Vec<u8>, outcome: &mut Outcome<'a>) {
        let bytes = checked.bytes;
        match ticket::check_length(bytes) {
            Ok(()) => {}
            Err(Malformed::StatefulId) => return *outcome = Outcome::StatefulId,
            Err(error) => return *outcome = Outcome::Malformed(error),
        }
        let Some(name) = ticket::leading_name(bytes) else {
            return *outcome = Outcome::Malformed(Malformed::TooShort { length: bytes.len() });
        };
        let searched;
        let verified = if checked.verified.is_some() && ptr::eq(checked.keys, self.keys()) {
            &checked.verified
        } else {
            searched = self.verify(bytes, name);
            &searched
        };
        match verified {
            Some(first) => self.read(first, bytes, buffer, outcome),
            None => self.unverified(bytes, name, buffer, outcome),
        }
    }

    /// Looks for the first key that verifies a ticket.
    #[inline(never)]
    fn verify(&self, bytes: &'a [u8], name: KeyName) -> Option<Verified<'a, 'a>> {
        let search = || self.keys().candidates(name).find_map(|key| key.verify(bytes).ok());
        if self.ring.is_empty() { IN_VAIN.guess(name, search) } else { search() }
    }

    /// Opens and parses. Where several keys verify the MAC (the same MAC key with AES keys of different sizes), the one
    /// that gives a session is taken; nearly always the first does, and the others are not even tried.
    #[inline]
    fn read(&self, first: &Verified<'a, 'a>, bytes: &'a [u8], buffer: &'a mut Vec<u8>, outcome: &mut Outcome<'a>) {
        let mut length = first.open(buffer).map(<[u8]>::len);
        let mut other = None;
        if !length.is_ok_and(|length| buffer.get(..length).is_some_and(is_session)) {
            other = self.other(first, bytes);
        }
        if let Some(other) = &other {
            length = other.open(buffer).map(<[u8]>::len);
        }
        judge(other.as_ref().unwrap_or(first), length, buffer, outcome);
    }

    /// Looks among the keys after the `first` that verify a ticket for one that gives a session.
    #[cold]
    fn other(&self, first: &Verified<'a, 'a>, bytes: &'a [u8]) -> Option<Verified<'a, 'a>> {
        let (ring, key) = (self.keys(), first.key());
        let after = ring.candidates(ticket::leading_name(bytes)?).skip_while(|other| !ptr::eq(*other, key)).skip(1);
        let mut others = after.chain(ring.siblings(key)).filter_map(|key| key.verify(bytes).ok());
        others.find(|other| other.open(&mut Zeroizing::default()).is_ok_and(is_session))
    }

    /// No key that the name led to verified the ticket: tries the other families, and then gives the verdict.
    #[inline(never)]
    fn unverified(&self, bytes: &'a [u8], name: KeyName, buffer: &'a mut Vec<u8>, outcome: &mut Outcome<'a>) {
        if let Some(proved) = self.keys().prove(bytes) {
            return self.read(&proved, bytes, buffer, outcome);
        }
        if !self.ring.is_empty() {
            if let Some(bad) = self.bad_mac(bytes, name, buffer) {
                return *outcome = Outcome::BadMac(bad);
            }
        }
        *outcome = match self.malformed(bytes, name) {
            Some(error) => Outcome::Malformed(error),
            None if self.ring.is_empty() => Outcome::NoKey,
            None => Outcome::UnknownKey,
        };
    }

    /// The verdict if keys have the ticket's name and none verified it.
    fn bad_mac(&self, bytes: &'a [u8], name: KeyName, buffer: &'a mut Vec<u8>) -> Option<BadMac<'a>> {
        let ring = self.ring;
        let named = || ring.candidates(name).flat_map(|key| key.named_readings(bytes));
        let first = named().next()?;
        let gives_session = |(key, ticket): &(KeyInUse<'_>, Ticket<'_>)| {
            unverified_session(*key, ticket, &mut Zeroizing::default()).is_some()
        };
        let parsed = if self.no_verify { named().find(gives_session) } else { None };
        let (key, ticket) = parsed.unwrap_or(first);
        Some(BadMac {
            ticket,
            key,
            readings: ring.candidates(name).filter(|key| key.named_readings(bytes).next().is_some()).count(),
            no_verify: self.no_verify,
            zero_mac_key: verifies_under_zero_mac_key(bytes),
            unverified: parsed.and_then(|(key, ticket)| unverified_session(key, &ticket, buffer).map(Box::new)),
        })
    }

    /// Why bytes that no key opened cannot be a ticket; `None` if they can.
    fn malformed(&self, bytes: &[u8], name: KeyName) -> Option<Malformed> {
        let Err(error) = Ticket::split(bytes) else { return None };
        let has_name = self.ring.candidates(name).any(|key| key.direct_name() == Some(name));
        // a stream cipher's ticket can have any length
        let any_length = self.ring.takes_any_length() && Ticket::split_as(bytes, Arrangement::Nameless, 32).is_ok();
        // without a known name it may be sealed with an AEAD, and such tickets have any length
        let too_short = self.ring.is_empty() || bytes.len() < Ticket::SHORTEST_OF_ANY;
        (has_name || (Shape::of(bytes) == Shape::Unknown && !any_length && too_short)).then_some(error)
    }
}

/// Whether a plaintext is a session, or a damaged one of the usual kind.
#[inline]
fn is_session(plaintext: &[u8]) -> bool {
    session::begins_as_asn1(plaintext) || parses(plaintext)
}

#[inline(never)]
fn parses(plaintext: &[u8]) -> bool {
    Session::parse(plaintext).is_ok()
}

/// The verdict on the plaintext at the beginning of `buffer`.
#[inline]
fn judge<'a>(
    verified: &Verified<'a, 'a>,
    length: Result<usize, BadPadding>,
    buffer: &'a [u8],
    outcome: &mut Outcome<'a>,
) {
    let (key, ticket) = (verified.key_in_use(), *verified.ticket());
    let Some(plaintext) = length.ok().and_then(|length| buffer.get(..length)) else {
        return *outcome = Outcome::BadPadding { ticket, key };
    };
    *outcome = Outcome::Decrypted { ticket, key, session: Session::blank(plaintext) };
    if let Outcome::Decrypted { session, .. } = outcome {
        if let Err(error) = session.read() {
            *outcome = Outcome::BadSession { ticket, key, plaintext, error };
        }
    }
}

fn unverified_session<'b>(
    key: KeyInUse<'_>,
    ticket: &Ticket<'_>,
    buffer: &'b mut Vec<u8>,
) -> Option<Unverified<Session<'b>>> {
    let plaintext = key.decrypt_unverified(ticket, buffer).ok()?;
    let session = Session::parse(plaintext.assume_unverified()).ok()?;
    Some(plaintext.map(|_| session))
}
