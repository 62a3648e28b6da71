//! What a finding is about.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::capture::container::Time;
use crate::capture::sighting::Sighting;
use crate::escape::Text;
use crate::key::{Fingerprint, KeyName};
use crate::record::Place;

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Path of the key file or input as it was named.
    pub file: Arc<str>,
    /// What in that file.
    pub item: Item,
    /// The name of the key, or of the one that sealed the ticket.
    pub key_name: Option<KeyName>,
    /// The fingerprint of the key; of a key file as a whole, that of its first key.
    pub fingerprint: Option<Fingerprint>,
    /// Where a capture shows it.
    pub seen: Option<Seen>,
}

/// Where and when a capture shows a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The server.
    pub server: SocketAddr,
    /// The host name that the client asked for, as it was sent.
    pub sni: Option<Vec<u8>>,
    /// When.
    pub time: Time,
    /// Number of the connection.
    pub stream: u64,
}

impl Seen {
    /// That of a ticket in a capture.
    #[must_use]
    pub fn of(sighting: &Sighting<'_>) -> Self {
        let Sighting { server, sni, time, number, .. } = *sighting;
        let stream = number.stream;
        Self { server, sni: sni.map(<[u8]>::to_vec), time, stream }
    }
}

/// Something in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// The file itself.
    Whole,
    /// n-th key, from 0.
    Key(usize),
    /// A ticket.
    Ticket {
        /// n-th ticket, from 0.
        index: u64,
        /// Line, from 1, of inputs that have lines.
        line: Option<u64>,
        /// Packet, from 1, of captures.
        packet: Option<u64>,
    },
}

impl Subject {
    /// A file as a whole.
    #[must_use]
    pub fn file(file: Arc<str>) -> Self {
        Self { file, item: Item::Whole, key_name: None, fingerprint: None, seen: None }
    }

    /// A ticket at its place.
    #[must_use]
    pub fn ticket(place: Place<'_>, key_name: Option<KeyName>) -> Self {
        let item = Item::Ticket { index: place.index, line: place.line, packet: place.packet };
        Self { file: place.source.shared(), item, key_name, fingerprint: None, seen: None }
    }

    /// The line, from 1, where it stands.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        match self.item {
            Item::Ticket { line, .. } => line,
            Item::Whole | Item::Key(_) => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Text(self.file.as_bytes()))?;
        match self.item {
            Item::Whole => {}
            Item::Key(index) => write!(f, ": key {index}")?,
            Item::Ticket { line: Some(line), .. } => write!(f, ": line {line}")?,
            Item::Ticket { packet: Some(packet), index, .. } => write!(f, ": packet {packet}, ticket {index}")?,
            Item::Ticket { index, .. } => write!(f, ": ticket {index}")?,
        }
        if let Some(name) = self.key_name {
            write!(f, ", key name {name}")?;
        }
        if let Some(fingerprint) = self.fingerprint.filter(|_| self.item != Item::Whole) {
            write!(f, ", fingerprint {fingerprint}")?;
        }
        if let Some(seen) = &self.seen {
            write!(f, ", server {}", seen.server)?;
            if let Some(sni) = &seen.sni {
                write!(f, " ({})", Text(sni))?;
            }
        }
        Ok(())
    }
}
