//! What rules see of the offers of tickets in captures.

use std::net::IpAddr;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::finding::{Item, Subject};
use crate::key::KeyName;
use crate::record::Place;

/// A client offered a ticket to a server.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    /// Where it stands.
    pub place: Place<'a>,
    /// The ticket.
    pub ticket: TicketHash,
    /// The ticket's key name, where its shape has one.
    pub key_name: Option<KeyName>,
    /// Address of the client.
    pub client: IpAddr,
    /// Address and port of the server.
    pub server: &'a str,
    /// When, seconds since 1970.
    pub time: i64,
    /// Whether the protocol version is TLS 1.3, where each ticket is to be used once.
    pub is_tls13: bool,
    /// Whether the server resumed; `None` where the capture does not show it.
    pub accepted: Option<bool>,
}

/// Stands for a ticket: the first half of its SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TicketHash([u8; 16]);

impl TicketHash {
    #[cfg(test)]
    pub(super) const ZERO: Self = Self([0; 16]);

    /// The hash of a ticket.
    #[must_use]
    pub fn of(ticket: &[u8]) -> Self {
        let mut short = [0; 16];
        short.iter_mut().zip(Sha256::digest(ticket)).for_each(|(to, from)| *to = from);
        Self(short)
    }
}

/// A place that is kept after the ticket has gone.
#[derive(Debug, Clone)]
pub(super) struct KeptPlace {
    file: Arc<str>,
    index: u64,
    line: Option<u64>,
    key_name: Option<KeyName>,
}

impl KeptPlace {
    pub(super) fn new(place: Place<'_>, key_name: Option<KeyName>) -> Self {
        Self { file: place.source.into(), index: place.index, line: place.line, key_name }
    }

    pub(super) fn subject(&self) -> Subject {
        Subject {
            file: Arc::clone(&self.file),
            item: Item::Ticket { index: self.index, line: self.line },
            key_name: self.key_name,
            fingerprint: None,
        }
    }
}
