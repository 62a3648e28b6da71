//! The record of one ticket: what every output renders.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use crate::capture::sighting::Sighting;
use crate::escape::{self, Text};
use crate::input::{Beside, Unreadable};
use crate::key::KeyInUse;
use crate::key::ring::BUILT_IN;
use crate::open::{BadMac, Outcome};
use crate::resumption::Unrecognised;
use crate::session::Session;
use crate::ticket::{Shape, Ticket};

mod connection;
mod examine;
mod problem;
mod selection;

pub use self::connection::{ConnectionRecord, EarlyData};
pub use self::examine::{examine, examine_connection, examine_into};
pub use self::problem::Problem;
pub use self::selection::Selection;

/// One word for what became of a ticket; scripts rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Status {
    /// Opened: the MAC verified and a session was inside.
    Decrypted,
    /// A session that was never sealed.
    PlainSession,
    /// No key was given; the ticket was split.
    NoKey,
    /// No key has the ticket's name.
    UnknownKey,
    /// The name matches, the MAC does not.
    BadMac,
    /// The MAC verified, the padding is wrong.
    BadPadding,
    /// Opened, but the plaintext is not a known session.
    BadSession,
    /// A server-side session ID: nothing is sealed in it.
    StatefulId,
    /// In the place of a ticket, and none of the given keys could be for it.
    Unrecognised,
    /// It cannot be split, or not even be read.
    Malformed,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 10] = [
        Self::Decrypted,
        Self::PlainSession,
        Self::NoKey,
        Self::UnknownKey,
        Self::BadMac,
        Self::BadPadding,
        Self::BadSession,
        Self::StatefulId,
        Self::Unrecognised,
        Self::Malformed,
    ];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decrypted => "decrypted",
            Self::PlainSession => "plain_session",
            Self::NoKey => "no_key",
            Self::UnknownKey => "unknown_key",
            Self::BadMac => "bad_mac",
            Self::BadPadding => "bad_padding",
            Self::BadSession => "bad_session",
            Self::StatefulId => "stateful_id",
            Self::Unrecognised => "unrecognised",
            Self::Malformed => "malformed",
        }
    }

    /// Whether this status leaves the exit status at 0. Without keys, the command lets
    /// [`Unrecognised`](Self::Unrecognised) pass too.
    #[must_use]
    pub fn is_success(self) -> bool {
        matches!(self, Self::Decrypted | Self::PlainSession | Self::NoKey)
    }
}

/// An input, as it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    name: Cow<'static, str>,
    /// The name, escaped for JSON.
    json: Cow<'static, str>,
    /// The name, shared by those who keep it.
    shared: OnceLock<Arc<str>>,
}

impl Source {
    /// One whose name needs no escaping.
    #[cfg(all(test, feature = "audit"))]
    pub(crate) const fn plain(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), json: Cow::Borrowed(name), shared: OnceLock::new() }
    }

    /// The shared name; made once.
    #[cfg(feature = "audit")]
    pub(crate) fn shared(&self) -> Arc<str> {
        Arc::clone(self.shared.get_or_init(|| (*self.name).into()))
    }

    /// The name as the inside of a JSON string.
    pub(crate) fn json(&self) -> &str {
        &self.json
    }
}

impl From<&str> for Source {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned().into(), json: escape::json(name.as_bytes()).into(), shared: OnceLock::new() }
    }
}

impl Deref for Source {
    type Target = str;

    fn deref(&self) -> &str {
        &self.name
    }
}

/// Where a ticket was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// Path of the input as it was named, `-` for standard input.
    pub source: &'a Source,
    /// n-th ticket of that input, from 0.
    pub index: u64,
    /// Line, from 1, of inputs that have lines.
    pub line: Option<u64>,
    /// Packet, from 1, of captures.
    pub packet: Option<u64>,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = Text(self.source.as_bytes());
        match (self.line, self.packet) {
            (Some(line), _) => write!(f, "{source}: line {line}"),
            (None, Some(packet)) => write!(f, "{source}: packet {packet}, ticket {}", self.index),
            (None, None) => write!(f, "{source}: ticket {}", self.index),
        }
    }
}

/// Everything known about one ticket.
#[derive(Debug)]
pub struct Record<'a> {
    /// Where it was found.
    pub place: Place<'a>,
    /// The ticket as found; empty if there is none.
    pub bytes: &'a [u8],
    /// What became of it, or why it could not be read at all.
    pub verdict: Result<Outcome<'a>, Unreadable>,
    /// The client's own session around it.
    pub client_session: Option<Session<'a>>,
    /// Where it was seen on the wire.
    pub capture: Option<Sighting<'a>>,
    /// What stood beside it in a list.
    pub beside: Option<&'a Beside>,
}

impl<'a> Record<'a> {
    /// An empty record: only the place is known. [`examine_into`] completes it.
    #[must_use]
    #[inline]
    pub fn new(place: Place<'a>) -> Self {
        Self { place, bytes: &[], verdict: Ok(Outcome::NoKey), client_session: None, capture: None, beside: None }
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> Status {
        match &self.verdict {
            Ok(_) if self.unrecognised().is_some() => Status::Unrecognised,
            Err(_) => Status::Malformed,
            Ok(outcome) => match outcome {
                Outcome::Decrypted { .. } => Status::Decrypted,
                Outcome::BadSession { .. } => Status::BadSession,
                Outcome::BadPadding { .. } => Status::BadPadding,
                Outcome::BadMac(_) => Status::BadMac,
                Outcome::UnknownKey => Status::UnknownKey,
                Outcome::NoKey => Status::NoKey,
                Outcome::Malformed(_) => Status::Malformed,
                Outcome::StatefulId => Status::StatefulId,
                Outcome::PlainSession { .. } => Status::PlainSession,
            },
        }
    }

    /// Why it was not taken for a ticket; `None` if it was.
    #[must_use]
    pub fn unrecognised(&self) -> Option<Unrecognised> {
        Unrecognised::of(self.capture.as_ref()?, self.verdict.as_ref().ok()?)
    }

    /// The parts of the ticket, if it has them: as the key that it met splits it, or as its shape suggests.
    #[must_use]
    pub fn ticket(&self) -> Option<Ticket<'a>> {
        match &self.verdict {
            Ok(
                Outcome::Decrypted { ticket, .. }
                | Outcome::BadSession { ticket, .. }
                | Outcome::BadPadding { ticket, .. }
                | Outcome::BadMac(BadMac { ticket, .. }),
            ) => Some(*ticket),
            _ if self.unrecognised().is_some() => None,
            _ => Ticket::split(self.bytes).ok(),
        }
    }

    /// Whether what the ticket begins with is the name of its key for certain: a key has it, only one family sends such
    /// tickets, or other tickets share it. Of a length that OpenSSL's family has, the bytes may be of any kind.
    #[must_use]
    pub fn names_key(&self) -> bool {
        let is_shared = || self.capture.as_ref().is_some_and(|sighting| sighting.names_key);
        self.key().is_some() || Shape::of(self.bytes).is_certain() || is_shared()
    }

    /// Whether the bytes are certainly sealed, so that a redacted report may show them. Damaged tickets, text and unsealed
    /// sessions may hold secrets.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        // what a key proves is sealed under it
        let is_proved = || self.key().is_some_and(|(_, verified)| verified);
        let is_other = || crate::input::is_text(self.bytes) || holds_session(self.bytes);
        self.status() != Status::Malformed && (is_proved() || !is_other())
    }

    /// The session to show, and whether it is genuine.
    #[must_use]
    pub fn session(&self) -> Option<Shown<'_, 'a>> {
        let Ok(outcome) = &self.verdict else { return None };
        match outcome {
            Outcome::Decrypted { session, .. } | Outcome::PlainSession { session } => Some(Shown::Genuine(session)),
            Outcome::BadMac(bad) => {
                bad.unverified.as_ref().map(|session| Shown::Unverified(session.assume_unverified()))
            }
            _ => None,
        }
    }

    /// The key that the ticket met, and whether the MAC verified under it.
    #[must_use]
    pub fn key(&self) -> Option<(KeyInUse<'a>, bool)> {
        let Ok(outcome) = &self.verdict else { return None };
        match outcome {
            Outcome::Decrypted { key, .. } | Outcome::BadSession { key, .. } | Outcome::BadPadding { key, .. } => {
                Some((*key, true))
            }
            Outcome::BadMac(bad) => Some((bad.key, false)),
            _ => None,
        }
    }

    /// Whether it was opened with a key anybody could guess.
    #[must_use]
    pub fn opened_with_built_in_key(&self) -> bool {
        self.key().is_some_and(|(key, verified)| verified && &*key.origin().file == BUILT_IN)
    }
}

/// Whether bytes are a session that was never sealed, whole or damaged.
pub(crate) fn holds_session(bytes: &[u8]) -> bool {
    crate::input::begins_session(bytes) || Session::parse(bytes).is_ok()
}

/// A session on its way to an output.
#[derive(Debug, Clone, Copy)]
pub enum Shown<'s, 'a> {
    /// Its MAC verified, or it was never sealed.
    Genuine(&'s Session<'a>),
    /// Its MAC did not verify: outputs say so.
    Unverified(&'s Session<'a>),
}

impl<'s, 'a> Shown<'s, 'a> {
    /// The session, for an output that asks [`is_unverified`](Self::is_unverified) too.
    #[must_use]
    pub fn session(self) -> &'s Session<'a> {
        match self {
            Self::Genuine(session) | Self::Unverified(session) => session,
        }
    }

    /// Whether the MAC did not verify.
    #[must_use]
    pub fn is_unverified(self) -> bool {
        matches!(self, Self::Unverified(_))
    }
}
