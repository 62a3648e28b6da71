//! The record of one ticket: what every output renders.

use std::fmt;

use crate::escape::Text;
use crate::input::Unreadable;
use crate::key::TicketKey;
use crate::key::ring::{BUILT_IN, KeyRing};
use crate::open::{BadMac, Outcome};
use crate::session::Session;
use crate::ticket::{Malformed, Ticket};

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
    /// Opened, but the plaintext is no known session.
    BadSession,
    /// A server-side session ID: nothing is sealed in it.
    StatefulId,
    /// It cannot be split, or not even be read.
    Malformed,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 9] = [
        Self::Decrypted,
        Self::PlainSession,
        Self::NoKey,
        Self::UnknownKey,
        Self::BadMac,
        Self::BadPadding,
        Self::BadSession,
        Self::StatefulId,
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
            Self::Malformed => "malformed",
        }
    }

    /// Whether the job was done for this ticket, so that the exit status stays 0.
    #[must_use]
    pub fn is_success(self) -> bool {
        matches!(self, Self::Decrypted | Self::PlainSession | Self::NoKey)
    }
}

/// Where a ticket was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// Path of the input as it was named, `-` for standard input.
    pub source: &'a str,
    /// n-th ticket of that input, from 0.
    pub index: u64,
    /// Line, from 1, of inputs that have lines.
    pub line: Option<u64>,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = Text(self.source.as_bytes());
        match self.line {
            Some(line) => write!(f, "{source}: line {line}"),
            None => write!(f, "{source}: ticket {}", self.index),
        }
    }
}

/// Everything known about one ticket.
#[derive(Debug)]
pub struct Record<'a> {
    /// Where it was found.
    pub place: Place<'a>,
    /// The ticket as found; empty where there is none.
    pub bytes: &'a [u8],
    /// What became of it; the error is for what could not even be read as a ticket or a session.
    pub verdict: Result<Outcome<'a>, Unreadable>,
    /// The client's own session around it.
    pub client_session: Option<Session<'a>>,
}

impl<'a> Record<'a> {
    /// The status.
    #[must_use]
    pub fn status(&self) -> Status {
        match &self.verdict {
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

    /// The parts of the ticket, where it has them.
    #[must_use]
    pub fn ticket(&self) -> Option<Ticket<'a>> {
        Ticket::split(self.bytes).ok()
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
    pub fn key(&self) -> Option<(&'a TicketKey, bool)> {
        let Ok(outcome) = &self.verdict else { return None };
        match outcome {
            Outcome::Decrypted { key, .. } | Outcome::BadSession { key, .. } | Outcome::BadPadding { key } => {
                Some((key, true))
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

    /// What is wrong, in one sentence, and what to do, in another. `ring` is what the ticket was tried with.
    #[must_use]
    pub fn problem(&self, ring: &KeyRing) -> Option<Problem> {
        let outcome = match &self.verdict {
            Err(error) => return Some(Problem::new(error, error.hint())),
            Ok(outcome) => outcome,
        };
        match outcome {
            Outcome::Decrypted { .. } | Outcome::PlainSession { .. } => None,
            Outcome::BadSession { error, .. } => Some(Problem::new(error, "-f der writes the plaintext as it is")),
            Outcome::BadPadding { .. } => Some(Problem::new(
                "the MAC verifies, but the decrypted bytes do not end in PKCS#7 padding",
                "the key's MAC part is right and its AES part is not, or the server seals in a way of its own",
            )),
            Outcome::BadMac(bad) => Some(bad_mac(bad)),
            Outcome::UnknownKey => Some(unknown_key(self.ticket(), ring)),
            Outcome::NoKey => Some(Problem::new("no key was given, the ticket was only split", "--key FILE opens it")),
            Outcome::Malformed(error) => Some(Problem::new(error, malformed_hint(*error))),
            Outcome::StatefulId => Some(Problem::new(
                Malformed::StatefulId,
                "the server keeps the session in its own cache: no ticket key opens it",
            )),
        }
    }
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

/// What is wrong with a ticket and what to do about it, a sentence each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What was found.
    pub error: String,
    /// The remedy.
    pub hint: String,
}

impl Problem {
    fn new(error: impl fmt::Display, hint: impl Into<String>) -> Self {
        Self { error: error.to_string(), hint: hint.into() }
    }
}

fn bad_mac(bad: &BadMac<'_>) -> Problem {
    let origin = bad.key.origin();
    let file = Text(origin.file.as_bytes());
    let tried = if bad.readings > 1 { format!(" in any of {} readings", bad.readings) } else { String::new() };
    let error = format!("{file}, key {}, has the ticket's key name, but the MAC does not verify{tried}", origin.index);
    let hint = if bad.zero_mac_key {
        "the MAC verifies under an all-zero HMAC key: the server authenticates its tickets with no secret at all"
    } else if bad.unverified.is_some() {
        "the session shown is unverified: anybody may have written it"
    } else {
        "the ticket was altered or cut, or the secrets changed under the same key name; --no-verify decrypts it all the same"
    };
    Problem::new(error, hint)
}

fn unknown_key(ticket: Option<Ticket<'_>>, ring: &KeyRing) -> Problem {
    /// Names that a hint lists.
    const LISTED: usize = 3;
    let mut names: Vec<String> = ring.names().take(LISTED + 1).map(|name| name.to_string()).collect();
    if names.len() > LISTED {
        names.pop();
        names.push(format!("{} more", ring.names().count() - LISTED));
    }
    let error = match ticket {
        Some(ticket) if !names.is_empty() => format!("no key has the ticket's key name {}", ticket.key_name()),
        _ => "the MAC verifies under none of the keys".to_owned(),
    };
    let hint = if names.is_empty() {
        "the ticket was sealed with another key, or by another server".to_owned()
    } else {
        format!(
            "the keys given are named {}; the ticket was sealed under another key, or by another server",
            names.join(", ")
        )
    };
    Problem::new(error, hint)
}

fn malformed_hint(error: Malformed) -> &'static str {
    match error {
        Malformed::PartialBlock { .. } => {
            "not OpenSSL's layout, or not the whole ticket; Go's crypto/tls encrypts with AES-CTR and has such lengths"
        }
        Malformed::TooShort { .. } => "give the whole ticket, as the server sent it",
        _ => "a ticket is key name, IV, ciphertext and MAC, as the server sent it",
    }
}
