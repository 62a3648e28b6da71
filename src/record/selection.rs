//! Which tickets and connections are wanted.

use crate::capture::Connection;
use crate::input::RecordedConnection;
use crate::record::{ConnectionRecord, Record, Status};

/// Conditions that tickets and connections must meet; without any, all do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// What must have become of a ticket: one of these, if there are any.
    pub statuses: Vec<Status>,
    /// Host names, one of which the client must have asked for.
    pub names: Vec<String>,
    /// Numbers of connections, one of which it must be.
    pub streams: Vec<u64>,
    /// Key names, or first bytes of them, with one of which a ticket must begin.
    pub key_names: Vec<Vec<u8>>,
}

impl Selection {
    /// Whether nothing is left out.
    #[must_use]
    #[inline]
    pub fn is_all(&self) -> bool {
        self.statuses.is_empty() && self.names.is_empty() && self.streams.is_empty() && self.key_names.is_empty()
    }

    /// Whether a ticket is wanted.
    #[must_use]
    #[inline]
    pub fn takes(&self, record: &Record<'_>) -> bool {
        self.is_all() || self.takes_one(record)
    }

    fn takes_one(&self, record: &Record<'_>) -> bool {
        let in_session = || record.session().and_then(|shown| shown.session().hostname);
        let name = record.capture.map_or_else(in_session, |sighting| sighting.sni);
        let stream = record.capture.map(|sighting| sighting.number.stream);
        (self.statuses.is_empty() || self.statuses.contains(&record.status()))
            && self.takes_ticket(record.bytes)
            && self.takes_name(name)
            && self.takes_stream(stream)
    }

    /// Whether a connection is wanted; `any` is whether one of its tickets is.
    #[must_use]
    pub fn takes_connection(&self, record: &ConnectionRecord<'_>, any: bool) -> bool {
        // what is asked of tickets, one of its tickets must answer
        let by_tickets = any || (self.statuses.is_empty() && self.key_names.is_empty());
        by_tickets && (self.is_all() || any || self.takes_seen(record.connection))
    }

    /// Whether a connection that a record tells of is wanted; what is asked of tickets, a record alone does not answer.
    #[must_use]
    pub fn takes_recorded(&self, connection: &RecordedConnection) -> bool {
        self.statuses.is_empty()
            && self.key_names.is_empty()
            && self.takes_stream(Some(connection.stream))
            && self.takes_name(connection.sni.as_deref().map(str::as_bytes))
    }

    /// Whether a connection is wanted by its number and the host name that the client asked for.
    #[must_use]
    pub fn takes_seen(&self, connection: &Connection) -> bool {
        let hello = connection.client_hello();
        self.takes_stream(Some(connection.stream)) && self.takes_name(hello.and_then(|hello| hello.server_name))
    }

    /// Whether a ticket begins with a wanted key name.
    #[must_use]
    pub fn takes_ticket(&self, ticket: &[u8]) -> bool {
        self.key_names.is_empty() || self.key_names.iter().any(|name| ticket.starts_with(name))
    }

    /// Whether that host name is wanted; no name is none of those that are.
    #[must_use]
    pub fn takes_name(&self, name: Option<&[u8]>) -> bool {
        let is = |wanted: &String| name.is_some_and(|name| wanted.as_bytes().eq_ignore_ascii_case(name));
        self.names.is_empty() || self.names.iter().any(is)
    }

    /// Whether a connection of that number is wanted; what comes from no capture has none.
    #[must_use]
    pub fn takes_stream(&self, stream: Option<u64>) -> bool {
        self.streams.is_empty() || stream.is_some_and(|stream| self.streams.contains(&stream))
    }
}
