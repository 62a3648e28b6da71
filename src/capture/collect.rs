//! What is kept of a handshake while it goes on.

use std::net::SocketAddr;

use super::after::{After, Followed};
use super::connection::{Alert, Both, Connection, Malformed, Message, Side};
use super::container::Time;
use super::ends::Number;
use super::evidence::{Evidence, Other};
use super::half::Half;
use crate::secret::Secret;
use crate::tls::hello::{ClientHello, HelloError, ServerHello};
use crate::tls::number::handshake as kind;

/// Hellos of each kind that a handshake can have: one more where the server asks for another, and a spare.
const MAX_HELLOS: usize = 3;
/// `NewSessionTicket` messages kept of a handshake; TLS ≤ 1.2 has one.
const MAX_TICKETS: usize = 4;
/// How much of the server's encrypted flight is kept where the PSK alone decrypts it, in bytes and records.
const MAX_FLIGHT: usize = 1 << 16;
const MAX_FLIGHT_RECORDS: usize = 8;
/// Of a client that offered early data: how many short records are kept, how long those may be, and how many records
/// are waited for in all. EndOfEarlyData takes 21 bytes without padding.
const MAX_SHORT_RECORDS: usize = 4;
const MAX_SHORT_RECORD: usize = 64;
const MAX_CLIENT_RECORDS: u64 = 1 << 16;
/// Bytes before the content of a record.
const RECORD_HEADER: usize = 5;
/// The shortest record of a client that can hold its Finished in TLS 1.3: header, 32 bytes, type, and the shortest tag
/// of any suite. An alert is shorter.
const MIN_PROTECTED: usize = 45;
/// The longest Finished record: more than any cipher makes of it.
const MAX_FINISHED: usize = 1024;

/// Which packet is being looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    /// Number from 1.
    pub(super) packet: u64,
    pub(super) time: Time,
}

/// Takes what the two directions say and decides when it is enough.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Collector {
    /// What was found. Until a hello tells who is who, the low end stands in the place of the client; what is known of
    /// each side besides messages stands there until all is over.
    found: Connection,
    /// Which side is the client, once a hello told.
    client: Option<usize>,
    flight_wanted: bool,
    no_records: bool,
    flight_records: usize,
    /// Whether the client offered early data, and nothing says yet that it was refused.
    early_data: bool,
    client_records: u64,
    /// Encrypted bytes of the client since the `ServerHello` (TLS 1.3).
    client_protected: usize,
    /// The secret of the last hello is asked for.
    asks: bool,
    /// The server's records after the handshake, if its secret is known.
    after: Option<Box<After>>,
    /// The connection itself was handed over: only tickets may follow.
    handed_over: bool,
    retries: usize,
    server_hello: bool,
    tls13: bool,
    /// Sides of which bytes were missing before a hello told who is who.
    lost: [bool; 2],
    /// Sides that have said all that matters.
    done: [bool; 2],
    memory: usize,
}

impl Collector {
    pub(super) fn new(number: Number, ends: [SocketAddr; 2], stamp: Stamp) -> Self {
        let [low, high] = ends;
        Self {
            found: Connection::new(number, low, high, stamp.time),
            client: None,
            flight_wanted: false,
            no_records: false,
            flight_records: 0,
            early_data: false,
            client_records: 0,
            client_protected: 0,
            asks: false,
            after: None,
            handed_over: false,
            retries: 0,
            server_hello: false,
            tls13: false,
            lost: [false; 2],
            done: [false; 2],
            memory: 0,
        }
    }

    /// Bytes of memory in use besides the struct itself.
    pub(super) fn memory(&self) -> usize {
        self.memory
    }

    /// Says that encrypted messages do not come in TLS records.
    pub(super) fn expect_no_records(&mut self) {
        self.no_records = true;
    }

    /// Whether nothing more of a side matters.
    pub(super) fn is_done(&self, side: usize) -> bool {
        self.done.get(side).copied().unwrap_or(true)
    }

    /// Whether the handshake is decided.
    pub(super) fn is_decided(&self) -> bool {
        if self.handed_over { !self.goes_on() } else { self.done == [true; 2] }
    }

    /// Whether more tickets may come when the handshake is decided.
    pub(super) fn goes_on(&self) -> bool {
        self.after.as_deref().is_some_and(After::goes_on)
    }

    /// The client random of a hello whose secret is asked for, once.
    pub(super) fn asks(&mut self) -> Option<[u8; 32]> {
        let hello = self.found.client_hellos.last().filter(|_| std::mem::take(&mut self.asks))?;
        ClientHello::read(&hello.bytes).ok().map(|hello| hello.random)
    }

    /// Takes the secret that it asked for.
    pub(super) fn give(&mut self, secret: Secret) {
        // what was sent before the secret was there is not opened any more
        if self.after.is_none() && !self.server_hello && !self.no_records {
            self.after = Some(After::new(secret));
        }
    }

    /// How far the server was followed, if its secret was known.
    pub(super) fn followed(&self) -> Option<Followed> {
        self.after.as_deref().map(After::followed)
    }

    /// The tickets of TLS 1.3 that were opened and not handed over.
    pub(super) fn opened_tickets(&self) -> &[Message] {
        &self.found.opened_tickets
    }

    /// What the client's hellos are, of a connection that was not handed over.
    pub(super) fn last_hello(&self) -> Option<ClientHello<'_>> {
        self.found.client_hello()
    }

    /// Whether the connection itself was handed over.
    pub(super) fn is_handed_over(&self) -> bool {
        self.handed_over
    }

    /// Hands the connection over, or the tickets that have come since; what is left of it goes on.
    pub(super) fn hand_over(&mut self) -> Connection {
        self.sort_evidence();
        let rest = self.found.rest();
        (self.handed_over, self.memory) = (true, 0);
        std::mem::replace(&mut self.found, rest)
    }

    /// Whether an encrypted record of a side, of that length, is to be kept.
    pub(super) fn wants_record(&mut self, side: usize, length: usize) -> bool {
        if self.client != Some(side) {
            let is_after = self.after.as_deref_mut().is_some_and(|after| after.wants(length));
            let wanted = is_after || self.flight_wanted && self.client.is_some();
            if self.after.is_some() {
                self.decide();
            }
            return wanted;
        }
        if self.handed_over {
            return false;
        }
        if self.server_hello {
            self.client_protected = self.client_protected.saturating_add(length);
            self.decide();
        }
        if self.early_data {
            self.client_records += 1;
            if self.client_records > MAX_CLIENT_RECORDS {
                self.forget_early_data();
            }
        }
        self.early_data && length <= MAX_SHORT_RECORD
    }

    /// Nothing more will tell what became of early data.
    fn forget_early_data(&mut self) {
        if std::mem::take(&mut self.early_data) {
            self.decide();
        }
    }

    /// The connection, where a hello or a ticket was seen.
    pub(super) fn finish(mut self) -> Option<Connection> {
        self.sort_evidence();
        let has_tickets = !(self.found.tickets.is_empty() && self.found.opened_tickets.is_empty());
        (self.found.has_hello() || has_tickets).then_some(self.found)
    }

    /// Evidence is kept by side of the flow until it is known who is who.
    fn sort_evidence(&mut self) {
        if self.client == Some(1) {
            let Both { client, server } = &mut self.found.evidence;
            std::mem::swap(client, server);
        }
    }

    /// A handshake message in plain; `bytes` with its header where it is of a kind that is kept.
    pub(super) fn message(&mut self, side: usize, kind: u8, bytes: Option<Vec<u8>>, stamp: Stamp) {
        if self.handed_over {
            return;
        }
        match (kind, bytes) {
            (kind::CLIENT_HELLO, Some(bytes)) => self.client_hello(side, bytes, stamp),
            (kind::SERVER_HELLO, Some(bytes)) => self.server_hello(side, bytes, stamp),
            (kind::NEW_SESSION_TICKET, Some(bytes)) if self.found.tickets.len() < MAX_TICKETS => {
                // only servers send it
                self.begin(1 - side.min(1), stamp);
                self.memory += bytes.len();
                self.found.tickets.push(Message { bytes, packet: stamp.packet, time: stamp.time });
            }
            (kind::CERTIFICATE, _) if self.is_server(side) => self.found.flight.certificate = true,
            (kind::CERTIFICATE, kept) if self.client == Some(side) => {
                self.found.flight.client_certificate_message = true;
                // one that is kept is empty: the client has none
                self.found.flight.client_certificate |= kept.is_none();
            }
            (kind::CERTIFICATE_VERIFY, _) => self.found.flight.certificate_verify = true,
            (kind::SERVER_KEY_EXCHANGE, _) => self.found.flight.key_exchange = true,
            (kind::SERVER_HELLO_DONE, _) => self.found.flight.hello_done = true,
            (kind::CERTIFICATE_REQUEST, _) => self.found.flight.certificate_request = true,
            (kind::CLIENT_KEY_EXCHANGE, _) => self.found.flight.client_key_exchange = true,
            (kind::HELLO_VERIFY_REQUEST, _) => {
                self.found.flight.hello_verify_request.get_or_insert((stamp.packet, stamp.time));
            }
            _ => {}
        }
    }

    fn client_hello(&mut self, side: usize, bytes: Vec<u8>, stamp: Stamp) {
        if self.found.client_hellos.len() >= MAX_HELLOS || self.client.is_some_and(|client| client != side) {
            return;
        }
        let hello = match ClientHello::read(&bytes) {
            Ok(hello) => hello,
            Err(error) => {
                self.begin(side, stamp);
                return self.malformed(Side::Client, error, stamp);
            }
        };
        self.early_data = hello.early_data && self.found.client_hellos.is_empty() && !self.no_records;
        let (offers_ticket, offers_early_data) = (hello.offers_ticket(), hello.early_data);
        self.asks = hello.offers_tls13;
        self.begin(side, stamp);
        self.memory += bytes.len();
        let message = Message { bytes, packet: stamp.packet, time: stamp.time };
        self.found.add_client_hello(message, offers_ticket, offers_early_data);
        self.decide();
    }

    fn server_hello(&mut self, side: usize, bytes: Vec<u8>, stamp: Stamp) {
        if self.found.server_hellos.len() >= MAX_HELLOS || self.client == Some(side) {
            return;
        }
        let hello = match ServerHello::read(&bytes) {
            Ok(hello) => hello,
            Err(error) => {
                self.begin(1 - side.min(1), stamp);
                return self.malformed(Side::Server, error, stamp);
            }
        };
        if hello.is_retry_request() {
            self.retries += 1;
        } else {
            self.server_hello = true;
            self.flight_wanted = hello.is_psk_only() && !self.no_records;
        }
        // early data goes with the first identity, and not on after another hello (RFC 9846, RFC 8446 section 4.2.10)
        self.early_data &= !hello.is_retry_request() && hello.selected_identity == Some(0);
        self.tls13 = hello.is_tls13;
        if !hello.is_retry_request() {
            // in TLS 1.2 and before, tickets are not encrypted
            self.after = self.after.take().filter(|_| hello.is_tls13);
            if let Some(after) = &mut self.after {
                after.begin(hello.cipher);
            }
        }
        self.begin(1 - side.min(1), stamp);
        self.memory += bytes.len();
        self.found.server_hellos.push(Message { bytes, packet: stamp.packet, time: stamp.time });
        self.decide();
    }

    fn malformed(&mut self, from: Side, error: HelloError, stamp: Stamp) {
        let Stamp { packet, time } = stamp;
        self.found.malformed.get_or_insert(Malformed { from, packet, time, error });
    }

    /// A hello tells who is who.
    fn begin(&mut self, client: usize, stamp: Stamp) {
        if self.client.is_none() {
            self.client = Some(client);
            if client == 1 {
                std::mem::swap(&mut self.found.client, &mut self.found.server);
            }
            let [low, high] = self.lost;
            let (by_client, by_server) = if client == 0 { (low, high) } else { (high, low) };
            self.found.client_lost |= by_client;
            self.found.server_lost |= by_server;
        }
        if !self.found.has_hello() && self.found.tickets.is_empty() {
            self.found.time = stamp.time;
        }
    }

    fn is_server(&self, side: usize) -> bool {
        self.client.is_some_and(|client| client != side)
    }

    fn side(&self, side: usize) -> Side {
        if self.is_server(side) { Side::Server } else { Side::Client }
    }

    /// In TLS 1.3 the hellos are all there is to see, but that the client goes on: it may also give up.
    fn decide(&mut self) {
        let goes_on = self.client_protected >= MIN_PROTECTED;
        self.found.flight.client_protected |= goes_on;
        let follows = self.after.as_deref().is_some_and(After::is_waiting);
        let waiting = self.flight_wanted || self.early_data || follows || !(goes_on || self.no_records);
        if self.tls13 && self.server_hello && !waiting && self.found.client_hellos.len() > self.retries {
            self.done = [true; 2];
        }
    }

    pub(super) fn change_cipher_spec(&mut self, side: usize) {
        match self.side(side) {
            Side::Client => self.found.flight.client_changed = true,
            Side::Server => self.found.flight.server_changed = true,
        }
    }

    /// An alert in plain. A fatal one counts more than those before it.
    pub(super) fn alert(&mut self, side: usize, level: u8, description: u8, stamp: Stamp) {
        if self.handed_over {
            return;
        }
        let Stamp { packet, time } = stamp;
        let from = self.side(side);
        let is_first = match from {
            Side::Client => self.found.client_hellos.is_empty(),
            Side::Server => self.found.server_hellos.is_empty() && self.found.flight.hello_verify_request.is_none(),
        };
        let alert = Alert { from, level, description, is_first, packet, time };
        if self.found.alert.is_none_or(|known| alert.is_fatal() && !known.is_fatal()) {
            self.found.alert = Some(alert);
        }
        if alert.is_fatal() && self.client.is_some() {
            self.done = [true; 2];
        }
    }

    /// The first record of a side after its `ChangeCipherSpec` cannot be a Finished.
    pub(super) fn not_finished(&mut self) {
        self.found.not_finished |= !self.tls13;
    }

    /// Bytes of a side came again; they are the same for certain only where they are a message that was kept.
    #[cold]
    pub(super) fn repeated(&mut self, side: usize, payload: &[u8]) {
        let kept = self.found.client_hellos.iter().chain(&self.found.server_hellos).chain(&self.found.tickets);
        let content = payload.get(RECORD_HEADER..).unwrap_or_default();
        let is_same = |message: &Message| !content.is_empty() && message.bytes.starts_with(content);
        if !self.is_done(side) && !self.is_only_followed() && !kept.into_iter().any(is_same) {
            self.found.repeated = true;
        }
    }

    /// Whether a side is to answer a `ClientHello`.
    pub(super) fn awaits_answer(&self, side: usize) -> bool {
        self.is_server(side) && !self.server_hello && !self.is_done(side)
    }

    /// Something that is not TLS, where a side is to answer a `ClientHello`.
    pub(super) fn other(&mut self, side: usize, bytes: &[u8], stamp: Stamp) {
        self.evidence(side).other.get_or_insert_with(|| Other::new(stamp.packet, bytes));
    }

    /// A side of TCP ends its direction, or all of it by an RST.
    pub(super) fn ends(&mut self, side: usize, is_reset: bool, stamp: Stamp) {
        let evidence = self.evidence(side);
        let end = if is_reset { &mut evidence.reset } else { &mut evidence.fin };
        end.get_or_insert(stamp.packet);
    }

    /// What is known of a side besides messages, as long as nothing is over.
    fn evidence(&mut self, side: usize) -> &mut Evidence {
        let Both { client, server } = &mut self.found.evidence;
        if side == 0 { client } else { server }
    }

    /// What is known of the two directions of TCP at the end.
    pub(super) fn conclude(&mut self, halves: &[Half; 2], at_end: bool) {
        self.found.open_at_end = at_end;
        for (side, half) in halves.iter().enumerate() {
            let evidence = self.evidence(side);
            *evidence = Evidence {
                seen: half.synchronised,
                syn: half.syn,
                bytes: half.captured.into(),
                unseen: half.unseen().into(),
                ..*evidence
            };
        }
    }

    /// The first encrypted handshake record of a side is its Finished (TLS ≤ 1.2).
    pub(super) fn encrypted_handshake(&mut self, side: usize, record: &[u8]) {
        if self.is_done(side) || self.tls13 {
            return;
        }
        let kept = (record.len() <= MAX_FINISHED).then(|| record.to_vec());
        self.found.not_finished |= kept.is_none();
        self.memory += kept.as_ref().map_or(0, Vec::len);
        match self.side(side) {
            Side::Client => self.found.client_finished = kept,
            Side::Server => self.found.server_finished = kept,
        }
        // without a hello there is nothing to decide, and nobody knows who is who
        if let Some(done) = self.done.get_mut(side).filter(|_| self.client.is_some()) {
            *done = true;
        }
    }

    /// An encrypted record that was wanted: of the server, where the PSK alone decrypts it; of the client, where it
    /// may end early data; of the server, where it may hold a ticket.
    pub(super) fn encrypted_record(&mut self, side: usize, record: &[u8], stamp: Stamp) {
        if !self.is_server(side) {
            self.memory += record.len();
            self.found.client_records.push((self.client_records.saturating_sub(1), record.to_vec()));
            if self.found.client_records.len() >= MAX_SHORT_RECORDS {
                self.forget_early_data();
            }
            return;
        }
        if let Some(after) = &mut self.after {
            for bytes in after.record(record) {
                self.memory += bytes.len();
                self.found.opened_tickets.push(Message { bytes, packet: stamp.packet, time: stamp.time });
            }
            self.decide();
        }
        if !self.flight_wanted {
            return;
        }
        self.flight_records += 1;
        self.memory += record.len();
        self.found.server_flight.extend_from_slice(record);
        if self.flight_records >= MAX_FLIGHT_RECORDS || self.found.server_flight.len() >= MAX_FLIGHT {
            self.flight_wanted = false;
            self.decide();
        }
    }

    /// Bytes of a record are missing that only tickets were looked for in; `false` if it was wanted for something else.
    pub(super) fn tear(&mut self, side: usize) -> bool {
        let torn = self.is_server(side) && !self.flight_wanted;
        torn && self.after.as_deref_mut().is_some_and(After::tear)
    }

    /// Whether the handshake is over, and the connection goes on for the sake of tickets alone.
    pub(super) fn is_only_followed(&self) -> bool {
        self.after.is_some() && (self.handed_over || self.found.flight.client_protected)
    }

    /// Bytes of a side are missing.
    pub(super) fn lost(&mut self, side: usize) {
        let is_over = self.is_only_followed();
        if self.client.is_none() {
            if let Some(lost) = self.lost.get_mut(side) {
                *lost = true;
            }
            return;
        }
        match self.side(side) {
            Side::Client => {
                self.found.client_lost |= !is_over;
                self.forget_early_data();
            }
            Side::Server => {
                self.found.server_lost |= !is_over;
                if let Some(after) = &mut self.after {
                    after.lost();
                    self.decide();
                }
                if !std::mem::take(&mut self.flight_wanted) {
                    return;
                }
                self.decide();
            }
        }
    }
}
