//! What became of one ticket of a connection.

use std::hash::{BuildHasher as _, RandomState};
use std::net::SocketAddr;
use std::sync::LazyLock;

use super::key_id::SealedUnder;
use super::unrecognised::Unrecognised;
use crate::capture::sighting::Carrier;
use crate::key::Role;
use crate::session::Protocol;

/// What is known of one ticket once it was tried with the keys.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The message it was in.
    pub carrier: Carrier,
    /// Which `ClientHello` it was in, from 0.
    pub hello: Option<usize>,
    /// Which PSK identity it is, from 0.
    pub identity: Option<usize>,
    /// Whether the server chose this identity.
    pub selected: bool,
    /// The key that sealed it, if it has the form of a ticket.
    pub sealed_under: Option<SealedUnder>,
    /// Number, from 1, of the packet that completes its message.
    pub packet: u64,
    /// Stands for the ticket.
    pub mark: Mark,
    /// What became of it.
    pub verdict: Verdict,
}

/// What became of a ticket, without its secrets.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Verdict {
    /// It opened.
    Opened(Opened),
    /// No key was given.
    NoKey,
    /// No key has its name.
    UnknownKey,
    /// A key has its name, and the MAC does not verify.
    BadMac,
    /// The MAC verifies, and there is no session inside that is understood.
    Unusable,
    /// A server-side session ID.
    StatefulId,
    /// Nothing that a key of a ticket is for.
    Unrecognised(Unrecognised),
    /// Not of the form that is opened here.
    Malformed,
}

/// What an opened ticket says about the conditions of its use.
#[derive(Debug, Clone)]
pub struct Opened {
    /// What the server does with the key, as far as the key files tell.
    pub role: Role,
    /// The protocol of the session.
    pub protocol: Protocol,
    /// The cipher suite of the session.
    pub cipher: Option<u16>,
    /// When it was sealed or began, seconds since 1970.
    pub time: Option<i64>,
    /// When it ends, seconds since 1970.
    pub expires: Option<i64>,
    /// Whether the client asked for a name other than the one sealed in it, which it is.
    pub other_name: Option<String>,
    /// Stands for its session ID context.
    pub context: Option<Mark>,
    /// Whether its master secret is an extended one (TLS ≤ 1.2).
    pub extended_master_secret: Option<bool>,
    /// Its application protocol.
    pub alpn: Option<Vec<u8>>,
    /// Stands for its master secret, which renewed tickets of TLS ≤ 1.2 share.
    pub secret: Option<Mark>,
    /// Whether the PSK gives the client's binder.
    pub binder: Option<bool>,
    /// The client's idea of its age, milliseconds.
    pub age_ms: Option<u32>,
    /// Whether the client ended its early data under this PSK, which it does only if the server took it.
    pub early_data_accepted: bool,
}

/// Stands for bytes that are not kept, in this run: a hash of them under keys that nobody knows, so that nobody can make
/// two of them collide.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark(u64);

static MARK_KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl Mark {
    /// The mark of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(MARK_KEYS.hash_one(bytes))
    }

    /// The mark of the same bytes at one server.
    pub(super) fn at(self, server: SocketAddr) -> Self {
        Self(MARK_KEYS.hash_one((self.0, server)))
    }
}

impl std::fmt::Debug for Mark {
    /// Nothing: it may be of a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mark")
    }
}
