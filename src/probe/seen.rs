//! What connections showed of a node.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use super::plan::Version;
use super::tamper::{Answer, Part};
use crate::capture::Connection;
use crate::capture::connection::HandshakeKind;
use crate::capture::sighting::{Carrier, Sighting};
use crate::key::ring::BUILT_IN;
use crate::key::{Fingerprint, KeyName, Role};
use crate::record::{Record, Shown, Status};
use crate::ticket::Shape;
use crate::tls::hello::NewSessionTicket;

/// Bytes of a handle that servers send in TLS 1.3 in place of a ticket, when the session is in their own cache.
const HANDLE_LENGTH: usize = 32;

/// A ticket that a node has just issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fresh {
    /// Bytes of it.
    pub length: usize,
    /// Whether it is a handle of the server's cache, with nothing sealed in it.
    pub is_handle: bool,
    /// How long the client may keep it, in seconds; 0 leaves that to the client (TLS 1.2).
    pub lifetime: u32,
    /// Bytes of 0-RTT data that the server takes.
    pub max_early_data: Option<u32>,
    /// The name of the key that sealed it, as far as it has the shape of a ticket with one.
    pub key_name: Option<KeyName>,
    /// The key that opened it.
    pub key: Option<SealedBy>,
    /// The session ID context sealed in it, if it opened.
    pub context: Option<Vec<u8>>,
    /// The host name sealed in it, if it opened and has one.
    pub hostname: Option<String>,
    /// Whether a client certificate is sealed in it; `None` if it did not open.
    pub client_certificate: Option<bool>,
    /// What became of it under the keys of the node.
    pub status: Status,
}

/// The key that sealed a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedBy {
    /// Path of the key file as it was named.
    pub file: Arc<str>,
    /// n-th key of that file, from 0.
    pub index: usize,
    /// What the server does with it by the files.
    pub role: Role,
    /// The formats that it was read as, joined with `/`.
    pub format: Arc<str>,
    /// Its name, if it has one.
    pub name: Option<KeyName>,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
}

impl Fresh {
    /// The facts of a ticket that a server issued; `None` for one that a client brought.
    #[must_use]
    pub fn of(record: &Record<'_>, connection: &Connection) -> Option<Self> {
        let sighting = record.capture.filter(|sighting| sighting.carrier == Carrier::NewSessionTicket)?;
        let (lifetime, max_early_data) = lifetime(&sighting, connection);
        let bytes = record.bytes;
        let is_handle = bytes.len() == HANDLE_LENGTH;
        let key = record.key().filter(|(_, verified)| *verified).map(|(key, _)| key);
        let session = record.session().filter(|shown| !shown.is_unverified()).map(Shown::session);
        let split = record.ticket().and_then(|ticket| ticket.key_name());
        Some(Self {
            length: bytes.len(),
            is_handle,
            lifetime,
            max_early_data,
            // other shapes have random bytes in its place
            key_name: split.filter(|_| key.is_some() || Shape::of(bytes).has_key_name()),
            key: key.filter(|key| &*key.origin().file != BUILT_IN).map(|key| SealedBy {
                file: Arc::clone(&key.origin().file),
                index: key.origin().index,
                role: key.origin().role,
                format: Arc::clone(&key.origin().format),
                name: key.name(),
                fingerprint: key.fingerprint(),
            }),
            context: session.and_then(|session| session.session_id_context).map(<[u8]>::to_vec),
            hostname: session.and_then(|session| session.hostname).map(|name| crate::escape::Text(name).to_string()),
            client_certificate: session.map(|session| session.peer_certificate.is_some()),
            status: record.status(),
        })
    }
}

/// What the message around a ticket says.
fn lifetime(sighting: &Sighting<'_>, connection: &Connection) -> (u32, Option<u32>) {
    if let Some(issued) = sighting.issued {
        return (issued.lifetime, issued.max_early_data);
    }
    let plain =
        connection.issued().map(|(_, ticket)| ticket).find(|it: &NewSessionTicket<'_>| it.ticket == sighting.ticket);
    (plain.map_or(0, |ticket| ticket.lifetime_hint), None)
}

/// Why a connection did not come to the end of its handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// No TCP connection; the system's words.
    Unreachable(String),
    /// The deadline passed.
    Timeout,
    /// The server reset the connection.
    Reset,
    /// The server closed the connection before the end of the handshake.
    Closed,
    /// The server sent a fatal alert, of that description.
    Alert(u8),
    /// What answered does not speak TLS.
    NotTls(String),
    /// The server chose something that this client does not speak.
    Incompatible(String),
    /// The server's certificate was refused, as `--verify` asks.
    Certificate(String),
    /// The conversation before TLS went wrong.
    StartTls(String),
}

impl Failure {
    /// Whether nothing else need be tried at the node: what is wrong has nothing to do with TLS versions.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::Timeout | Self::NotTls(_) | Self::Certificate(_) | Self::StartTls(_)
        )
    }

    /// Whether it is what a server says that has no version of TLS, or no suite, in common with the client.
    #[must_use]
    pub fn is_about_version(&self) -> bool {
        /// `handshake_failure`, `protocol_version`, `insufficient_security`, `inappropriate_fallback`.
        const ALERTS: [u8; 4] = [40, 70, 71, 86];
        match self {
            Self::Alert(description) => ALERTS.contains(description),
            Self::Incompatible(_) | Self::Closed | Self::Reset => true,
            _ => false,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(error) => write!(f, "no connection: {error}"),
            Self::Timeout => f.write_str("no answer before the deadline"),
            Self::Reset => f.write_str("the server reset the connection"),
            Self::Closed => f.write_str("the server closed the connection before the end of the handshake"),
            Self::Alert(116) => f.write_str("the server demands a client certificate (alert certificate_required)"),
            Self::Alert(description) => {
                write!(f, "the server sent the alert {} ({description})", crate::tls::alert::name(*description))
            }
            Self::NotTls(what) => write!(f, "the answer is not TLS: {what}"),
            Self::Incompatible(what) => write!(f, "the server chose what this client does not speak: {what}"),
            Self::Certificate(error) => write!(f, "the certificate was refused: {error}"),
            Self::StartTls(error) => write!(f, "STARTTLS: {error}"),
        }
    }
}

/// What one connection showed.
#[derive(Debug, Clone)]
pub struct Seen {
    /// How the handshake went, by what the wire shows.
    pub handshake: HandshakeKind,
    /// Whether a session was offered.
    pub offered: bool,
    /// The tickets that were issued, in order.
    pub fresh: Vec<Fresh>,
    /// Whether the server named a session ID of its own cache (TLS 1.2).
    pub has_session_id: bool,
    /// SHA-256 of the server's certificate, if it sent one.
    pub certificate: Option<[u8; 32]>,
    /// Whether the server asked for a client certificate.
    pub asks_certificate: bool,
    /// Whether 0-RTT was offered, and what became of it.
    pub early_data: Option<bool>,
    /// Why the handshake did not come to its end.
    pub failure: Option<Failure>,
}

impl Seen {
    /// A connection that ended before anything was seen.
    #[must_use]
    pub fn failed(failure: Failure) -> Self {
        Self {
            handshake: HandshakeKind::Incomplete,
            offered: false,
            fresh: Vec::new(),
            has_session_id: false,
            certificate: None,
            asks_certificate: false,
            early_data: None,
            failure: Some(failure),
        }
    }

    /// Whether a session was taken up.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.handshake.is_resumed() && self.failure.is_none()
    }
}

/// How a node keeps sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In tickets, sealed.
    Stateless,
    /// In a cache of its own.
    Stateful,
    /// Nowhere: nothing that it issues is ever taken up.
    None,
}

impl Kind {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stateless => "stateless",
            Self::Stateful => "stateful",
            Self::None => "none",
        }
    }
}

/// What the connections of one version showed of a node.
#[derive(Debug, Clone)]
pub struct VersionFacts {
    /// The version.
    pub version: Version,
    /// New sessions, offers that were refused included.
    pub full: u32,
    /// Connections in which the node's own session was offered.
    pub offered: u32,
    /// How many of them were resumptions.
    pub resumed: u32,
    /// Whether an offer was taken up by session ID alone.
    pub by_session_id: bool,
    /// Whether the node named a session ID of its own cache.
    pub has_session_id: bool,
    /// Tickets of new sessions, connection by connection.
    pub fresh: Vec<Vec<Fresh>>,
    /// Tickets that came on resumptions, connection by connection.
    pub renewed: Vec<Vec<Fresh>>,
    /// The certificates that the node showed, without repetition.
    pub certificates: Vec<[u8; 32]>,
    /// Whether the node asked for a client certificate.
    pub asks_certificate: bool,
    /// Whether 0-RTT was accepted, if it was offered.
    pub early_data: Option<bool>,
    /// The first connection that failed, and why.
    pub failure: Option<Failure>,
}

impl VersionFacts {
    /// Nothing yet.
    #[must_use]
    pub fn new(version: Version) -> Self {
        Self {
            version,
            full: 0,
            offered: 0,
            resumed: 0,
            by_session_id: false,
            has_session_id: false,
            fresh: Vec::new(),
            renewed: Vec::new(),
            certificates: Vec::new(),
            asks_certificate: false,
            early_data: None,
            failure: None,
        }
    }

    /// Takes what a connection showed.
    pub fn add(&mut self, seen: Seen) {
        // for want of one the handshake may have failed
        self.asks_certificate |= seen.asks_certificate;
        if let Some(failure) = seen.failure {
            self.failure.get_or_insert(failure);
            return;
        }
        self.offered += u32::from(seen.offered);
        self.early_data = self.early_data.or(seen.early_data);
        if let Some(certificate) = seen.certificate.filter(|certificate| !self.certificates.contains(certificate)) {
            self.certificates.push(certificate);
        }
        if seen.handshake.is_resumed() {
            self.resumed += u32::from(seen.offered);
            self.by_session_id |= seen.handshake == HandshakeKind::ResumedSessionId;
            self.renewed.push(seen.fresh);
        } else {
            self.full += 1;
            self.has_session_id |= seen.has_session_id;
            self.fresh.push(seen.fresh);
        }
    }

    /// Whether a handshake of this version came to its end.
    #[must_use]
    pub fn is_spoken(&self) -> bool {
        self.full + self.resumed > 0
    }

    /// All tickets, those of new sessions first.
    pub fn tickets(&self) -> impl Iterator<Item = &Fresh> {
        self.fresh.iter().chain(&self.renewed).flatten()
    }

    /// How the node keeps the sessions of this version.
    #[must_use]
    pub fn kind(&self) -> Kind {
        let is_sealed = self.fresh.iter().flatten().any(|ticket| !ticket.is_handle);
        match () {
            () if is_sealed => Kind::Stateless,
            () if self.resumed > 0 => Kind::Stateful,
            () => Kind::None,
        }
    }

    /// Tickets of the first new session, and of the first resumption.
    #[must_use]
    pub fn issued(&self) -> (usize, usize) {
        let count = |lists: &[Vec<Fresh>]| lists.first().map_or(0, Vec::len);
        (count(&self.fresh), count(&self.renewed))
    }

    /// The lifetime of the first ticket of a new session, in seconds.
    #[must_use]
    pub fn lifetime(&self) -> Option<u32> {
        self.fresh.iter().flatten().next().map(|ticket| ticket.lifetime)
    }

    /// Bytes of 0-RTT data that the node takes.
    #[must_use]
    pub fn max_early_data(&self) -> Option<u32> {
        self.fresh.iter().flatten().find_map(|ticket| ticket.max_early_data).filter(|most| *most > 0)
    }
}

/// A bit was flipped in a part of a ticket, and this was the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Altered {
    /// The version it was offered in.
    pub version: Version,
    /// The part.
    pub part: Part,
    /// The answer.
    pub answer: Answer,
}

/// Everything that is known of a node.
#[derive(Debug, Clone)]
pub struct NodeFacts {
    /// Host and port as they were named.
    pub host: String,
    /// Which of the hosts it belongs to, from 0: the nodes of a host are a pool.
    pub pool: usize,
    /// The name that was asked for.
    pub sni: Option<String>,
    /// The address.
    pub address: SocketAddr,
    /// The first connection to it.
    pub seen: Option<crate::audit::Seen>,
    /// What each version showed, in the order of the plan.
    pub versions: Vec<VersionFacts>,
    /// What is wrong with the certificate, in the verifier's words.
    pub certificate_problem: Option<String>,
    /// How altered tickets were answered.
    pub altered: Vec<Altered>,
}

impl NodeFacts {
    /// Why the node could not be probed: no version came to the end of a handshake.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        if self.is_up() {
            return None;
        }
        // what tells more than that a version is not spoken
        let failures = || self.versions.iter().filter_map(|facts| facts.failure.as_ref());
        failures().find(|failure| !failure.is_about_version()).or_else(|| failures().next())
    }

    /// Whether a handshake came to its end.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.versions.iter().any(VersionFacts::is_spoken)
    }

    /// Versions that were spoken.
    pub fn spoken(&self) -> impl Iterator<Item = &VersionFacts> {
        self.versions.iter().filter(|facts| facts.is_spoken())
    }

    /// The facts of a version, if it was spoken.
    #[must_use]
    pub fn of_version(&self, version: Version) -> Option<&VersionFacts> {
        self.spoken().find(|facts| facts.version == version)
    }

    /// All tickets of all versions.
    pub fn tickets(&self) -> impl Iterator<Item = &Fresh> {
        self.versions.iter().flat_map(VersionFacts::tickets)
    }

    /// The names of the keys that sealed its tickets, without repetition, in order; empty if the tickets have none.
    #[must_use]
    pub fn key_names(&self) -> Vec<KeyName> {
        let mut names = Vec::new();
        for name in self.tickets().filter_map(|ticket| ticket.key_name) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        // what differs in every ticket is not a name
        let tickets = self.tickets().filter(|ticket| !ticket.is_handle).count();
        let opened = self.tickets().any(|ticket| ticket.key.is_some());
        if names.len() > 2 && names.len() == tickets && !opened { Vec::new() } else { names }
    }

    /// The key that opened its first ticket.
    #[must_use]
    pub fn key(&self) -> Option<&SealedBy> {
        self.tickets().find_map(|ticket| ticket.key.as_ref())
    }

    /// The session ID context sealed in its first ticket.
    #[must_use]
    pub fn context(&self) -> Option<&[u8]> {
        self.tickets().find_map(|ticket| ticket.context.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_that_failed_for_want_of_a_certificate_says_that_one_is_asked_for() {
        let mut facts = VersionFacts::new(Version::Tls12);
        facts.add(Seen { asks_certificate: true, ..Seen::failed(Failure::Alert(40)) });
        assert!(facts.asks_certificate && !facts.is_spoken());
    }
}
