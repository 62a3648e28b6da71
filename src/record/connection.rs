//! The record of one connection.

use crate::capture::Connection;
use crate::capture::connection::{HandshakeKind, Hellos};
use crate::capture::sighting::Carrier;
use crate::record::Source;
use crate::resumption::{Attempt, Conclusion, Reason, Unrecognised, Verdict};
use crate::session::Protocol;
use crate::tls::hello::{ClientHello, ServerHello};
use crate::tls::registry::{self, CipherSuite};

/// What became of early data (RFC 9846, RFC 8446 section 4.2.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EarlyData {
    /// The client offered none.
    None,
    /// The client offered some; the capture does not prove what the server made of it.
    Offered,
    /// The server took it: the client ended it with an EndOfEarlyData that the ticket's PSK opens.
    Accepted,
    /// The server cannot have taken it: it chose another `ClientHello`, another PSK or none.
    Rejected,
}

impl EarlyData {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Offered => "offered",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }
}

/// Everything known about one connection, its tickets having been tried.
#[derive(Debug)]
pub struct ConnectionRecord<'a> {
    /// Path of the input as it was named, `-` for standard input.
    pub source: &'a Source,
    /// What the capture shows.
    pub connection: &'a Connection,
    /// The client's last hello.
    pub client_hello: Option<ClientHello<'a>>,
    /// The server's answer: its `ServerHello`, or if that is not there, its `HelloRetryRequest`.
    pub server_hello: Option<ServerHello<'a>>,
    /// How it went.
    pub handshake: HandshakeKind,
    /// Its tickets, in order.
    pub attempts: Vec<Attempt>,
    /// Why it resumed or did not, in one word.
    pub reason: Reason,
    /// What happened to the resumption, in one sentence.
    pub why: String,
}

impl<'a> ConnectionRecord<'a> {
    /// All that is known of a connection, its tickets and what was concluded.
    pub(crate) fn new(
        source: &'a Source,
        connection: &'a Connection,
        hellos: Hellos<'a>,
        attempts: Vec<Attempt>,
        Conclusion { reason, why }: Conclusion,
    ) -> Self {
        let Hellos { client, server, handshake } = hellos;
        let server_hello = server.or_else(|| connection.retry());
        Self { source, connection, client_hello: client, server_hello, handshake, attempts, reason, why }
    }

    /// The version that the server chose.
    #[must_use]
    pub fn protocol(&self) -> Option<Protocol> {
        self.server_hello.as_ref().map(|hello| hello.protocol)
    }

    /// Its name, as OpenSSL spells it; drafts as drafts.
    #[must_use]
    pub fn protocol_name(&self) -> Option<&'static str> {
        self.server_hello.as_ref().map(ServerHello::protocol_name)
    }

    /// The number of the cipher suite that the server chose, and what the registry has for it.
    #[must_use]
    pub fn cipher(&self) -> Option<(u16, Option<&'static CipherSuite>)> {
        let cipher = self.server_hello.as_ref()?.cipher;
        Some((cipher, registry::cipher_suite(cipher)))
    }

    /// Whether the server took up the session of a ticket that the client brought.
    #[must_use]
    pub fn ticket_accepted(&self) -> bool {
        let is_external = |attempt: &Attempt| {
            attempt.selected && matches!(attempt.verdict, Verdict::Unrecognised(Unrecognised::External))
        };
        match self.handshake {
            HandshakeKind::ResumedTicket => true,
            HandshakeKind::ResumedPsk => !self.attempts.iter().any(is_external),
            _ => false,
        }
    }

    /// Whether the client brought a ticket, in any of its hellos; an external PSK is not one.
    #[must_use]
    pub fn ticket_offered(&self) -> bool {
        let is_ticket = |attempt: &Attempt| {
            let is_external = matches!(attempt.verdict, Verdict::Unrecognised(Unrecognised::External));
            attempt.carrier != Carrier::NewSessionTicket && !is_external
        };
        self.connection.ticket_offered() && self.attempts.iter().any(is_ticket)
    }

    /// Whether what was offered or taken up is a handle of the server's cache and not a ticket.
    #[must_use]
    pub fn is_stateful(&self) -> bool {
        let is_handle = |attempt: &Attempt| matches!(attempt.verdict, Verdict::StatefulId);
        self.handshake == HandshakeKind::ResumedSessionId || self.attempts.iter().any(is_handle)
    }

    /// Whether the server issued a ticket; `None` if TLS 1.3 hides it, or the server's answer is not there. With the
    /// connection's own secrets TLS 1.3 shows those that it issued, but not that there are none.
    #[must_use]
    pub fn ticket_issued(&self) -> Option<bool> {
        if !self.connection.opened_tickets.is_empty() {
            return Some(true);
        }
        (!self.server_hello.as_ref()?.is_tls13).then(|| self.connection.issued().next().is_some())
    }

    /// Whether the server issued a ticket in place of the one it accepted; `None` as above.
    #[must_use]
    pub fn ticket_renewed(&self) -> Option<bool> {
        self.ticket_issued().map(|issued| issued && self.ticket_accepted())
    }

    /// What became of early data.
    #[must_use]
    pub fn early_data(&self) -> EarlyData {
        if !self.connection.first_hello_offers_early_data() {
            return EarlyData::None;
        }
        let refused = self.connection.retry_request().is_some()
            || self.server_hello.as_ref().is_some_and(|server| server.selected_identity != Some(0));
        let accepted = |attempt: &Attempt| match &attempt.verdict {
            Verdict::Opened(opened) => opened.early_data_accepted,
            _ => false,
        };
        match () {
            () if refused => EarlyData::Rejected,
            () if self.attempts.iter().any(accepted) => EarlyData::Accepted,
            () => EarlyData::Offered,
        }
    }
}
