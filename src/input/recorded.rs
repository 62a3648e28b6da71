//! What records of ours say about the wire: where a ticket was seen, and what became of a connection.

use std::borrow::Cow;
use std::net::SocketAddr;

use serde::Deserialize;

use crate::capture::connection::HandshakeKind;
use crate::capture::container::Time;
use crate::capture::sighting::{Carrier, Sighting};
use crate::capture::{Number, Transport};
use crate::tls::protocol::Protocol;

/// What a `ticket` record says about where its ticket was seen, as far as it says so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recorded {
    /// When.
    pub time: Option<Time>,
    /// The server, `ip:port`.
    pub server: Option<String>,
    /// The host name that the client asked for.
    pub sni: Option<String>,
    /// All of it, if it is all there.
    whole: Option<Whole>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Whole {
    packet: u64,
    time: Time,
    stream: u64,
    client: SocketAddr,
    server: SocketAddr,
    carrier: Carrier,
    client_random: Option<[u8; 32]>,
    hello: Option<usize>,
    identity: Option<usize>,
    selected: Option<bool>,
    binder: Option<bool>,
    age_ms: Option<u32>,
    is_external: bool,
    beside_encrypted: bool,
    issued_by: Option<(u64, u64)>,
    lived: Option<i64>,
}

impl Recorded {
    /// The ticket where it stood on the wire, if the record has all of that.
    #[must_use]
    pub fn sighting<'s>(&'s self, ticket: &'s [u8]) -> Option<Sighting<'s>> {
        let Whole { packet, time, stream, client, server, carrier, client_random, hello, identity, .. } = self.whole?;
        let Whole { selected, binder, age_ms, is_external, beside_encrypted, issued_by, lived, .. } = self.whole?;
        Some(Sighting {
            ticket,
            packet,
            time,
            number: of_flow(stream),
            client,
            server,
            carrier,
            client_random,
            sni: self.sni.as_deref().map(str::as_bytes),
            hello,
            identity,
            selected,
            obfuscated_age: None,
            issued: None,
            binder,
            age_ms,
            is_external,
            key_is_there: false,
            beside_encrypted,
            issued_by: issued_by.map(|(stream, packet)| (of_flow(stream), packet)),
            names_key: false,
            lived,
        })
    }
}

impl Recorded {
    /// Whether both are of one connection, as far as the records say.
    #[must_use]
    pub fn is_beside(&self, other: &Self) -> bool {
        let ends = |whole: Whole| (whole.stream, whole.client, whole.server);
        self.whole.map(ends) == other.whole.map(ends)
    }
}

/// The `capture` member of a record of ours.
#[derive(Deserialize)]
pub(super) struct Capture<'a> {
    packet: Option<u64>,
    time: Option<f64>,
    stream: Option<u64>,
    #[serde(borrow)]
    client: Option<Cow<'a, str>>,
    #[serde(borrow)]
    server: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
    #[serde(borrow)]
    client_random: Option<Cow<'a, str>>,
    #[serde(borrow)]
    sni: Option<Cow<'a, str>>,
    hello: Option<usize>,
    identity: Option<usize>,
    selected: Option<bool>,
    #[serde(borrow)]
    binder: Option<Cow<'a, str>>,
    age_ms: Option<u32>,
    since_full_handshake: Option<i64>,
}

/// The `issued_by` member.
#[derive(Deserialize)]
pub(super) struct IssuedBy {
    stream: u64,
    packet: u64,
}

impl Capture<'_> {
    /// What it says; `error` is that of the record if its status is `unrecognised`.
    pub(super) fn recorded(&self, error: Option<&str>, issued_by: Option<&IssuedBy>) -> Recorded {
        let text = |member: &Option<Cow<'_, str>>| member.as_deref().map(str::to_owned);
        Recorded {
            time: self.time.and_then(Time::from_seconds),
            server: text(&self.server),
            sni: text(&self.sni),
            whole: self.whole(error, issued_by),
        }
    }

    fn whole(&self, error: Option<&str>, issued_by: Option<&IssuedBy>) -> Option<Whole> {
        let carriers = [Carrier::NewSessionTicket, Carrier::SessionTicket, Carrier::Psk];
        let message = self.message.as_deref()?;
        let beside_encrypted = error.is_some_and(|error| error.contains("encrypted"));
        Some(Whole {
            packet: self.packet?,
            time: Time::from_seconds(self.time?)?,
            stream: self.stream?,
            client: self.client.as_deref()?.parse().ok()?,
            server: self.server.as_deref()?.parse().ok()?,
            carrier: carriers.into_iter().find(|carrier| carrier.as_str() == message)?,
            client_random: self.client_random.as_deref().and_then(random),
            hello: self.hello,
            identity: self.identity,
            selected: self.selected,
            binder: match self.binder.as_deref() {
                Some("verified") => Some(true),
                Some("mismatch") => Some(false),
                _ => None,
            },
            age_ms: self.age_ms,
            is_external: error.is_some_and(|error| error.contains("external")),
            beside_encrypted,
            issued_by: issued_by.map(|issued_by| (issued_by.stream, issued_by.packet)),
            lived: self.since_full_handshake,
        })
    }
}

/// The connection of a ticket, of which a record says no more than the number of its flow.
fn of_flow(stream: u64) -> Number {
    Number { transport: Transport::Tcp, stream, nth: 1 }
}

fn random(hex: &str) -> Option<[u8; 32]> {
    let mut random = [0; 32];
    hex::decode_to_slice(hex, &mut random).ok()?;
    Some(random)
}

/// A `connection` record of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedConnection {
    /// What carried it.
    pub transport: Transport,
    /// Number of the connection.
    pub stream: u64,
    /// Numbers of the packets that decide: `client_hello`, `server_hello`, `alert`.
    pub packets: [Option<u64>; 3],
    /// Who sent the `ClientHello`.
    pub client: SocketAddr,
    /// Who answered it.
    pub server: SocketAddr,
    /// When.
    pub time: Time,
    /// The version that the server chose, as the record spells it.
    pub protocol: Option<String>,
    /// The cipher suite.
    pub cipher: Option<String>,
    /// The host name that the client asked for.
    pub sni: Option<String>,
    /// Of the client's hello.
    pub client_random: Option<[u8; 32]>,
    /// How it went.
    pub handshake: HandshakeKind,
    /// Whether the client brought a ticket.
    pub ticket_offered: bool,
    /// Whether the server took it.
    pub ticket_accepted: bool,
    /// Whether the server issued one, if that is known.
    pub ticket_issued: Option<bool>,
    /// Whether that one took the place of the one it accepted.
    pub ticket_renewed: Option<bool>,
    /// What became of early data.
    pub early_data: String,
    /// Who sent an alert, its level and its description.
    pub alert: Option<[String; 3]>,
    /// Whether a handle of a cache was offered or taken.
    pub stateful: bool,
    /// One word for what happened.
    pub reason: String,
    /// What happened, in one sentence.
    pub why: String,
}

impl RecordedConnection {
    /// Which one it is, for people: a record has the number of its flow alone.
    #[must_use]
    pub fn number(&self) -> Number {
        Number { transport: self.transport, stream: self.stream, nth: 1 }
    }

    /// Whether the server chose TLS 1.3, if it chose anything.
    #[must_use]
    pub fn is_tls13(&self) -> Option<bool> {
        self.protocol.as_deref().map(|name| name.starts_with(Protocol::TLS_1_3.name()))
    }
}

/// The members of a `connection` record.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    transport: Option<Cow<'a, str>>,
    stream: Option<u64>,
    packets: Option<Packets>,
    #[serde(borrow)]
    client: Option<Cow<'a, str>>,
    #[serde(borrow)]
    server: Option<Cow<'a, str>>,
    time: Option<f64>,
    protocol: Option<String>,
    cipher: Option<String>,
    sni: Option<String>,
    #[serde(borrow)]
    client_random: Option<Cow<'a, str>>,
    #[serde(borrow)]
    handshake: Option<Cow<'a, str>>,
    ticket_offered: Option<bool>,
    ticket_accepted: Option<bool>,
    ticket_issued: Option<bool>,
    ticket_renewed: Option<bool>,
    early_data: Option<String>,
    alert: Option<Alert>,
    stateful: Option<bool>,
    reason: Option<String>,
    why: Option<String>,
}

#[derive(Deserialize)]
struct Packets {
    client_hello: Option<u64>,
    server_hello: Option<u64>,
    alert: Option<u64>,
}

#[derive(Deserialize)]
struct Alert {
    by: String,
    level: String,
    description: String,
}

/// Reads a `connection` record; `None` if something is missing in it.
pub(super) fn connection(line: &[u8]) -> Option<RecordedConnection> {
    let members: Members<'_> = serde_json::from_slice(line).ok()?;
    let (handshake, transport) = (members.handshake?, members.transport?);
    let packets = members.packets.map(|all| [all.client_hello, all.server_hello, all.alert]);
    Some(RecordedConnection {
        transport: [Transport::Tcp, Transport::Udp].into_iter().find(|known| known.as_str() == transport)?,
        stream: members.stream?,
        packets: packets.unwrap_or_default(),
        client: members.client?.parse().ok()?,
        server: members.server?.parse().ok()?,
        time: Time::from_seconds(members.time?)?,
        protocol: members.protocol,
        cipher: members.cipher,
        sni: members.sni,
        client_random: members.client_random.as_deref().and_then(random),
        handshake: HandshakeKind::ALL.into_iter().find(|known| known.as_str() == handshake)?,
        ticket_offered: members.ticket_offered?,
        ticket_accepted: members.ticket_accepted?,
        ticket_issued: members.ticket_issued,
        ticket_renewed: members.ticket_renewed,
        early_data: members.early_data?,
        alert: members.alert.map(|alert| [alert.by, alert.level, alert.description]),
        stateful: members.stateful.unwrap_or(false),
        reason: members.reason?,
        why: members.why?,
    })
}
