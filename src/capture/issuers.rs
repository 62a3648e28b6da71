//! Which open connection issued a ticket of TLS 1.3 that was opened with a key log.
//!
//! A connection is handed over when it is decided, and while its tickets are waited for, another one may bring them: then
//! the one that issued them goes first.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use super::connection::Message;
use crate::tls::tls13::NewSessionTicket;

/// Tickets that are remembered.
const MOST: usize = 1 << 16;

/// The tickets of connections that were not handed over.
#[derive(Debug, Default)]
pub(super) struct Issuers {
    hasher: RandomState,
    /// By a hash of the ticket: where the flow is, and the number of the connection.
    tickets: HashMap<u64, (usize, u64)>,
}

impl Issuers {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.tickets.is_empty()
    }

    /// Takes note of the tickets of a connection.
    pub(super) fn add(&mut self, messages: &[Message], at: usize, stream: u64) {
        for ticket in messages.iter().filter_map(|message| NewSessionTicket::parse(&message.bytes)) {
            if self.tickets.len() < MOST {
                self.tickets.insert(self.hasher.hash_one(ticket.ticket), (at, stream));
            }
        }
    }

    /// Forgets the tickets of a connection.
    pub(super) fn remove(&mut self, messages: &[Message]) {
        for ticket in messages.iter().filter_map(|message| NewSessionTicket::parse(&message.bytes)) {
            self.tickets.remove(&self.hasher.hash_one(ticket.ticket));
        }
    }

    /// Where the flow of the connection that issued a ticket is, and the number of the connection.
    pub(super) fn find(&self, ticket: &[u8]) -> Option<(usize, u64)> {
        self.tickets.get(&self.hasher.hash_one(ticket)).copied()
    }
}
