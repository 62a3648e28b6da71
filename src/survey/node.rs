//! What one server did with its connections.

use std::collections::BTreeMap;

use super::strip::Strip;

/// What became of a connection, as far as tickets are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The client brought a ticket, and the server did not take it.
    Refused,
    /// The client brought a handle of the server's cache, and the server did not take it.
    CacheMiss,
    /// The handshake did not complete, or the capture does not show it.
    Incomplete,
    /// Resumed with a ticket.
    ByTicket,
    /// Resumed from the server's own cache.
    FromCache,
    /// The PSK was not one of a ticket.
    ExternalPsk,
    /// The client brought no ticket.
    NoTicket,
}

impl Outcome {
    /// Every outcome, in the order in which they are stacked and listed.
    pub const ALL: [Self; 7] = [
        Self::Refused,
        Self::CacheMiss,
        Self::Incomplete,
        Self::ByTicket,
        Self::FromCache,
        Self::ExternalPsk,
        Self::NoTicket,
    ];

    /// For people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Refused => "ticket refused",
            Self::CacheMiss => "not in the cache",
            Self::Incomplete => "incomplete",
            Self::ByTicket => "resumed by ticket",
            Self::FromCache => "resumed from cache",
            Self::ExternalPsk => "external PSK",
            Self::NoTicket => "brought no ticket",
        }
    }
}

/// What one server did.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// Its connections by what became of them, over time.
    pub outcomes: BTreeMap<Outcome, Strip>,
    /// Connections in which it chose TLS 1.3.
    pub tls13: u64,
    /// Connections in which it issued a ticket that could be seen.
    pub issued: u64,
    /// Full handshakes before TLS 1.3 that completed without a ticket.
    pub issued_none: u64,
}

impl Node {
    /// All its connections.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.outcomes.values().map(|strip| strip.total).sum()
    }

    /// How many connections had an outcome.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(&outcome).map_or(0, |strip| strip.total)
    }
}
