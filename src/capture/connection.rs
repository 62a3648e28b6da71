//! What a capture shows of one connection.

use std::net::SocketAddr;

use super::container::Time;
use super::ends::{Number, Transport};
use super::evidence::Evidence;
pub use super::side::{Both, Side};
use crate::tls::hello::{ClientHello, HelloError, NewSessionTicket, ServerHello};

/// A handshake message as it was sent, its header included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Type, 24-bit length, body.
    pub bytes: Vec<u8>,
    /// Number, from 1, of the packet that completed it.
    pub packet: u64,
    /// When that was.
    pub time: Time,
}

/// An alert that was sent in plain (RFC 9846, RFC 8446 section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alert {
    /// Who sent it.
    pub from: Side,
    /// 1 is a warning, 2 is fatal.
    pub level: u8,
    /// What is wrong.
    pub description: u8,
    /// Whether its sender had sent no handshake message before it.
    pub is_first: bool,
    /// Number, from 1, of the packet that completed it.
    pub packet: u64,
    /// When that was.
    pub time: Time,
}

impl Alert {
    /// Whether it ends the connection.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.level == 2
    }

    /// Whether it says that something is wrong, whatever its level: the others say that somebody goes, or are in the way
    /// of nothing.
    #[must_use]
    pub fn is_error(&self) -> bool {
        // close_notify, user_canceled, no_renegotiation, unrecognized_name
        !matches!(self.description, 0 | 90 | 100 | 112)
    }

    /// The word for its level.
    #[must_use]
    pub fn level_name(&self) -> &'static str {
        match self.level {
            1 => "warning",
            2 => "fatal",
            _ => "unknown",
        }
    }

    /// The name of what is wrong (RFC 9846, RFC 8446 section 6; IANA registry "TLS Alerts").
    #[must_use]
    pub fn name(&self) -> &'static str {
        crate::tls::alert::name(self.description)
    }
}

/// A hello that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// Who sent it.
    pub from: Side,
    /// Number, from 1, of the packet that completed it.
    pub packet: u64,
    /// When that was.
    pub time: Time,
    /// What is wrong with it, and where.
    pub error: HelloError,
}

/// Which other messages of a handshake were seen (TLS ≤ 1.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a message of its own")]
pub struct Flight {
    /// `HelloVerifyRequest` (DTLS): the packet that completes it, and its time.
    pub hello_verify_request: Option<(u64, Time)>,
    /// The server's `Certificate`.
    pub certificate: bool,
    /// `ServerKeyExchange`.
    pub key_exchange: bool,
    /// `CertificateRequest`.
    pub certificate_request: bool,
    /// `ServerHelloDone`.
    pub hello_done: bool,
    /// `ClientKeyExchange`.
    pub client_key_exchange: bool,
    /// The client's `Certificate`, which may be empty.
    pub client_certificate_message: bool,
    /// The client's `CertificateVerify`.
    pub certificate_verify: bool,
    /// A `Certificate` of the client that holds one.
    pub client_certificate: bool,
    /// The client's `ChangeCipherSpec`.
    pub client_changed: bool,
    /// The server's `ChangeCipherSpec`.
    pub server_changed: bool,
    /// As much that is encrypted, sent by the client after the `ServerHello`, as a Finished takes (TLS 1.3).
    pub client_protected: bool,
}

impl Flight {
    /// Whether a message was seen that only the handshake of a new session has.
    #[must_use]
    pub fn begins_session(&self) -> bool {
        self.certificate || self.key_exchange || self.hello_done || self.certificate_request || self.client_key_exchange
    }
}

/// How a handshake went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandshakeKind {
    /// A new session.
    Full,
    /// TLS ≤ 1.2: abbreviated, and the client had brought a ticket.
    ResumedTicket,
    /// TLS 1.3: the server chose a PSK.
    ResumedPsk,
    /// TLS ≤ 1.2: abbreviated, by session ID alone.
    ResumedSessionId,
    /// The capture does not show how it ended, or it failed.
    Incomplete,
}

impl HandshakeKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Full, Self::ResumedTicket, Self::ResumedPsk, Self::ResumedSessionId, Self::Incomplete];

    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ResumedTicket => "resumed_ticket",
            Self::ResumedPsk => "resumed_psk",
            Self::ResumedSessionId => "resumed_session_id",
            Self::Incomplete => "incomplete",
        }
    }

    /// Whether an earlier session was taken up.
    #[must_use]
    pub fn is_resumed(self) -> bool {
        matches!(self, Self::ResumedTicket | Self::ResumedPsk | Self::ResumedSessionId)
    }
}

/// What a connection is known by once it has been handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The random of its `ClientHello`.
    pub client_random: [u8; 32],
    /// The host name that the client asked for.
    pub sni: Option<Vec<u8>>,
}

/// The hellos that decide a connection, parsed once for all who look at them.
#[derive(Debug)]
pub(crate) struct Hellos<'a> {
    /// The client's last one.
    pub(crate) client: Option<ClientHello<'a>>,
    /// The server's decision.
    pub(crate) server: Option<ServerHello<'a>>,
    /// How the handshake went.
    pub(crate) handshake: HandshakeKind,
}

/// A connection of which a hello or a ticket was seen: all that is kept of it.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Connection {
    /// What carried it.
    pub transport: Transport,
    /// Number, from 0: TCP connections, and UDP flows on their own, in order of their first packet.
    pub stream: u64,
    /// Which connection of the flow it is, from 1: over UDP a flow can have several.
    pub nth: u32,
    /// Who sent the `ClientHello`.
    pub client: SocketAddr,
    /// Who answered it.
    pub server: SocketAddr,
    /// When its first hello was complete, or its ticket if there was none before.
    pub time: Time,
    /// Every `ClientHello`, in order.
    pub client_hellos: Vec<Message>,
    /// Every `HelloRetryRequest` and `ServerHello`, in order.
    pub server_hellos: Vec<Message>,
    /// Every `NewSessionTicket` that was sent in plain (TLS ≤ 1.2).
    pub tickets: Vec<Message>,
    /// Every `NewSessionTicket` of TLS 1.3 that somebody opened with the connection's own secrets
    /// ([`ServerTraffic`](crate::tls::tls13::ServerTraffic)); a capture alone shows none. Those that come late are handed
    /// over one by one, in a connection without a hello.
    pub opened_tickets: Vec<Message>,
    /// Of what is handed over after the connection itself, which has no hello: what its tickets have to do with.
    pub origin: Option<Box<Origin>>,
    /// What else was seen.
    pub flight: Flight,
    /// The client's Finished, the whole encrypted record (TLS ≤ 1.2).
    pub client_finished: Option<Vec<u8>>,
    /// The server's Finished, the whole encrypted record (TLS ≤ 1.2).
    pub server_finished: Option<Vec<u8>>,
    /// The server's first encrypted records, one after the other, where the PSK alone decrypts them (TLS 1.3).
    pub server_flight: Vec<u8>,
    /// Short encrypted records of a client that offered early data, each with its number from 0 (TLS 1.3): one of them
    /// may be EndOfEarlyData.
    pub client_records: Vec<(u64, Vec<u8>)>,
    /// The fatal alert in plain, or else the first one.
    pub alert: Option<Alert>,
    /// What the capture shows of each side besides messages (TCP).
    pub evidence: Both<Evidence>,
    /// Whether nothing ended it before the capture ended.
    pub open_at_end: bool,
    /// Whether bytes of the client's handshake are missing from the capture.
    pub client_lost: bool,
    /// Whether bytes of the server's handshake are missing from the capture.
    pub server_lost: bool,
    /// Whether bytes of the handshake were sent again and may have been others: which of them counted is not known.
    pub repeated: bool,
    /// Whether the first record of a side after its `ChangeCipherSpec` cannot be a Finished (TLS ≤ 1.2).
    pub not_finished: bool,
    /// The first hello that was there and cannot be read.
    pub malformed: Option<Malformed>,
    /// Whether a `ClientHello` brings a ticket.
    offers_ticket: bool,
    /// Whether the first `ClientHello` announces early data.
    offers_early_data: bool,
}

impl Connection {
    pub(super) fn new(number: Number, client: SocketAddr, server: SocketAddr, time: Time) -> Self {
        let Number { transport, stream, nth } = number;
        Self {
            transport,
            stream,
            nth,
            client,
            server,
            time,
            client_hellos: Vec::new(),
            server_hellos: Vec::new(),
            tickets: Vec::new(),
            opened_tickets: Vec::new(),
            origin: None,
            flight: Flight::default(),
            client_finished: None,
            server_finished: None,
            server_flight: Vec::new(),
            client_records: Vec::new(),
            alert: None,
            evidence: Both::default(),
            open_at_end: false,
            client_lost: false,
            server_lost: false,
            repeated: false,
            not_finished: false,
            malformed: None,
            offers_ticket: false,
            offers_early_data: false,
        }
    }

    /// What is left of it once it has been handed over: who talks to whom.
    pub(super) fn rest(&self) -> Self {
        let hello = self.client_hello().map(|hello| {
            let sni = hello.server_name.map(<[u8]>::to_vec);
            Box::new(Origin { client_random: hello.random, sni })
        });
        let origin = hello.or_else(|| self.origin.clone());
        Self { origin, ..Self::new(self.number(), self.client, self.server, self.time) }
    }

    /// Which one it is, for people.
    #[must_use]
    pub fn number(&self) -> Number {
        Number { transport: self.transport, stream: self.stream, nth: self.nth }
    }

    /// Whether a hello was seen, be it one that cannot be read. Without one, only its tickets tell of the connection.
    #[must_use]
    pub fn has_hello(&self) -> bool {
        !(self.client_hellos.is_empty() && self.server_hellos.is_empty()) || self.malformed.is_some()
    }

    /// What the capture shows of a side besides messages.
    #[must_use]
    pub fn evidence(&self, side: Side) -> &Evidence {
        self.evidence.of(side)
    }

    /// Whether somebody ended the connection before the client had answered the server's hello with something encrypted
    /// (TLS 1.3) or changed its cipher (TLS ≤ 1.2), and no packet that might have done so is missing.
    #[must_use]
    pub fn is_cut_short(&self) -> bool {
        self.server_hello().is_none_or(|hello| self.was_cut_short(hello.is_tls13))
    }

    fn was_cut_short(&self, is_tls13: bool) -> bool {
        let (client, server) = (self.evidence(Side::Client), self.evidence(Side::Server));
        let ended = client.reset.is_some() || server.reset.is_some() || client.fin.is_some();
        // in TLS 1.3 a ChangeCipherSpec says nothing: it is there for middleboxes; of a new session of TLS ≤ 1.2 the server's
        // comes after the client's
        let answered = if is_tls13 {
            self.flight.client_protected
        } else {
            self.flight.client_changed || (self.flight.begins_session() && self.flight.server_changed)
        };
        ended && !answered && !self.client_lost && client.unseen == 0
    }

    /// The client's last hello.
    #[must_use]
    pub fn client_hello(&self) -> Option<ClientHello<'_>> {
        ClientHello::parse(&self.client_hellos.last()?.bytes)
    }

    /// The server's decision: its last hello that is not a `HelloRetryRequest`.
    #[must_use]
    pub fn server_hello(&self) -> Option<ServerHello<'_>> {
        self.hellos().rfind(|hello| !hello.is_retry_request())
    }

    /// The server's `HelloRetryRequest`.
    #[must_use]
    pub fn retry_request(&self) -> Option<&Message> {
        self.server_hellos
            .iter()
            .find(|message| ServerHello::parse(&message.bytes).is_some_and(|hello| hello.is_retry_request()))
    }

    /// The server's `HelloRetryRequest`, parsed.
    #[must_use]
    pub fn retry(&self) -> Option<ServerHello<'_>> {
        self.hellos().find(ServerHello::is_retry_request)
    }

    /// Whether the first `ClientHello`, the only one that may do so, announces early data.
    #[must_use]
    pub fn first_hello_offers_early_data(&self) -> bool {
        self.offers_early_data
    }

    fn hellos(&self) -> impl DoubleEndedIterator<Item = ServerHello<'_>> {
        self.server_hellos.iter().filter_map(|message| ServerHello::parse(&message.bytes))
    }

    /// The tickets that the server sent in plain, empty ones left out, each with its message.
    pub fn issued(&self) -> impl Iterator<Item = (&Message, NewSessionTicket<'_>)> {
        let parse =
            |message: &'_ Message| NewSessionTicket::parse(&message.bytes).is_some_and(|t| !t.ticket.is_empty());
        self.tickets
            .iter()
            .filter(move |message| parse(message))
            .filter_map(|message| NewSessionTicket::parse(&message.bytes).map(|ticket| (message, ticket)))
    }

    /// Whether the client brought a ticket, in any of its hellos.
    #[must_use]
    pub fn ticket_offered(&self) -> bool {
        self.offers_ticket
    }

    /// Adds a `ClientHello`, and what was found in it.
    pub(super) fn add_client_hello(&mut self, message: Message, offers_ticket: bool, offers_early_data: bool) {
        self.offers_ticket |= offers_ticket;
        self.offers_early_data |= offers_early_data && self.client_hellos.is_empty();
        self.client_hellos.push(message);
    }

    /// How the handshake went, as far as the capture proves it.
    #[must_use]
    pub fn handshake(&self) -> HandshakeKind {
        self.decisive_hellos().handshake
    }

    /// The hellos that decide it, and how the handshake went.
    pub(crate) fn decisive_hellos(&self) -> Hellos<'_> {
        let (client, server) = (self.client_hello(), self.server_hello());
        let handshake = self.handshake_of(client.as_ref(), server.as_ref());
        Hellos { client, server, handshake }
    }

    fn handshake_of(&self, client: Option<&ClientHello<'_>>, server: Option<&ServerHello<'_>>) -> HandshakeKind {
        let is_tls13 = server.is_some_and(|server| server.is_tls13);
        let failed = self.alert.is_some_and(|alert| alert.is_fatal()) || self.was_cut_short(is_tls13);
        if failed { HandshakeKind::Incomplete } else { self.decision_of(client, server) }
    }

    /// What the server decided, whatever ended the handshake after that.
    #[must_use]
    pub fn decision(&self) -> HandshakeKind {
        self.decision_of(self.client_hello().as_ref(), self.server_hello().as_ref())
    }

    fn decision_of(&self, client: Option<&ClientHello<'_>>, server: Option<&ServerHello<'_>>) -> HandshakeKind {
        let Some(server) = server else { return HandshakeKind::Incomplete };
        if server.is_tls13 {
            return match server.selected_identity {
                Some(_) => HandshakeKind::ResumedPsk,
                None => HandshakeKind::Full,
            };
        }
        if !self.flight.server_changed {
            return HandshakeKind::Incomplete;
        }
        if self.flight.begins_session() {
            return HandshakeKind::Full;
        }
        // a new session always has one of these: what is missing may have been lost
        if self.server_lost {
            return HandshakeKind::Incomplete;
        }
        let Some(client) = client else { return HandshakeKind::Incomplete };
        if client.session_ticket.is_some_and(|ticket| !ticket.is_empty()) {
            HandshakeKind::ResumedTicket
        } else if !server.session_id.is_empty() && server.session_id == client.session_id {
            HandshakeKind::ResumedSessionId
        } else {
            HandshakeKind::Incomplete
        }
    }
}
