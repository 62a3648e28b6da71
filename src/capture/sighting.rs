//! Tickets where they stand on the wire.

use std::net::SocketAddr;

use super::connection::{Connection, Message};
use super::container::Time;
use super::ends::Number;
use crate::tls::hello::ClientHello;
use crate::tls::tls13::NewSessionTicket;
use crate::tls::wire::Reader;

/// The message a ticket was in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Carrier {
    /// The server's `NewSessionTicket` (TLS 1.3 encrypts it: it is seen with the connection's own secrets only).
    NewSessionTicket,
    /// The `session_ticket` extension of a `ClientHello` (RFC 9846, RFC 5077).
    SessionTicket,
    /// A PSK identity of a `ClientHello` (RFC 9846, RFC 8446 section 4.2.11).
    Psk,
}

impl Carrier {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NewSessionTicket => "new_session_ticket",
            Self::SessionTicket => "client_hello_session_ticket",
            Self::Psk => "client_hello_psk",
        }
    }

    /// For people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::NewSessionTicket => "NewSessionTicket",
            Self::SessionTicket => "ClientHello, session_ticket",
            Self::Psk => "ClientHello, pre_shared_key",
        }
    }
}

/// One ticket in one message, and what the capture says around it.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is an observation of its own")]
pub struct Sighting<'c> {
    /// The ticket.
    pub ticket: &'c [u8],
    /// Number, from 1, of the packet that completes the message.
    pub packet: u64,
    /// When that was.
    pub time: Time,
    /// The connection.
    pub number: Number,
    /// Who sent the `ClientHello`.
    pub client: SocketAddr,
    /// Who answered it.
    pub server: SocketAddr,
    /// The message.
    pub carrier: Carrier,
    /// The random of the `ClientHello`, or of the last one before a `NewSessionTicket`.
    pub client_random: Option<[u8; 32]>,
    /// The host name that the client asked for.
    pub sni: Option<&'c [u8]>,
    /// Which `ClientHello` it is in, from 0.
    pub hello: Option<usize>,
    /// Which PSK identity it is, from 0.
    pub identity: Option<usize>,
    /// Whether the server chose this identity, if its answer is there.
    pub selected: Option<bool>,
    /// The ticket's age in milliseconds as the client reckons, plus `ticket_age_add`.
    pub obfuscated_age: Option<u32>,
    /// What the server said along with a ticket of TLS 1.3 that it issued.
    pub issued: Option<NewSessionTicket<'c>>,
    /// Whether the PSK inside gives the client's binder; known once the ticket is open.
    pub binder: Option<bool>,
    /// The ticket's age in milliseconds as the client reckons; known once the ticket is open.
    pub age_ms: Option<u32>,
    /// Whether the client says that the identity is of a PSK that comes from elsewhere than a ticket: its age is zero,
    /// or the hello says so (RFC 9846, RFC 8446 section 4.2.11, RFC 9973), or it is a text.
    pub is_external: bool,
    /// Whether the hello also has an encrypted one (RFC 9849): if that is not pretence, what is seen here is random.
    pub beside_encrypted: bool,
    /// The connection that issued the ticket, and the packet; known if the capture shows it.
    pub issued_by: Option<(Number, u64)>,
    /// Whether other tickets of the server show that what it begins with is the name of a key.
    pub names_key: bool,
    /// If the server took it: seconds since the full handshake that it goes back to, as far as that is known.
    pub lived: Option<i64>,
    /// For a `NewSessionTicket`: whether the server accepted, in this connection, a ticket that a key given opens.
    pub key_is_there: bool,
}

impl Connection {
    /// Every ticket of the connection, in order; empty ones left out.
    #[must_use]
    pub fn sightings(&self) -> Vec<Sighting<'_>> {
        let mut hellos: Vec<(&Message, ClientHello<'_>)> = Vec::with_capacity(self.client_hellos.len());
        hellos.extend(self.client_hellos.iter().filter_map(|m| Some((m, ClientHello::parse(&m.bytes)?))));
        let blank = |message: &Message, ticket, carrier, hello: Option<&ClientHello<'_>>| Sighting {
            ticket,
            packet: message.packet,
            time: message.time,
            number: self.number(),
            client: self.client,
            server: self.server,
            carrier,
            client_random: hello.map(|hello| hello.random),
            sni: None,
            hello: None,
            identity: None,
            selected: None,
            obfuscated_age: None,
            issued: None,
            binder: None,
            age_ms: None,
            is_external: false,
            beside_encrypted: hello.is_some_and(|hello| hello.encrypted_client_hello),
            issued_by: None,
            names_key: false,
            lived: None,
            key_is_there: false,
        };
        let offered =
            hellos.iter().map(|(_, hello)| hello.identities.len() + usize::from(hello.session_ticket.is_some()));
        let mut all = Vec::with_capacity(offered.sum::<usize>() + self.tickets.len() + self.opened_tickets.len());
        for (number, (message, hello)) in hellos.iter().enumerate() {
            if let Some(ticket) = hello.session_ticket.filter(|ticket| !ticket.is_empty()) {
                let sighting = blank(message, ticket, Carrier::SessionTicket, Some(hello));
                all.push(Sighting { sni: hello.server_name, hello: Some(number), ..sighting });
            }
            for (index, identity) in hello.identities.iter().enumerate().filter(|(_, id)| !id.identity.is_empty()) {
                all.push(Sighting {
                    sni: hello.server_name,
                    hello: Some(number),
                    identity: Some(index),
                    selected: self.chose(identity.identity),
                    obfuscated_age: Some(identity.obfuscated_age),
                    is_external: hello.certificate_with_psk || is_external(identity.identity, identity.obfuscated_age),
                    ..blank(message, identity.identity, Carrier::Psk, Some(hello))
                });
            }
        }
        let last = hellos.last().map(|(_, hello)| hello);
        for (message, issued) in self.issued() {
            let sighting = blank(message, issued.ticket, Carrier::NewSessionTicket, last);
            all.push(Sighting { sni: last.and_then(|hello| hello.server_name), ..sighting });
        }
        for message in &self.opened_tickets {
            let Some(issued) = NewSessionTicket::parse(&message.bytes).filter(|it| !it.ticket.is_empty()) else {
                continue;
            };
            let sighting = blank(message, issued.ticket, Carrier::NewSessionTicket, last);
            let origin = self.origin.as_deref();
            let client_random = sighting.client_random.or(origin.map(|origin| origin.client_random));
            let sni = last.and_then(|hello| hello.server_name).or(origin.and_then(|origin| origin.sni.as_deref()));
            all.push(Sighting { sni, client_random, issued: Some(issued), ..sighting });
        }
        all
    }

    /// Whether the server chose an identity; `None` if its answer is not there.
    fn chose(&self, identity: &[u8]) -> Option<bool> {
        let selected = self.server_hello()?.selected_identity;
        let identities = self.client_hello()?.identities;
        let chosen = selected.and_then(|selected| identities.get(usize::from(selected)));
        Some(chosen.is_some_and(|chosen| chosen.identity == identity))
    }
}

/// Bytes of an identity that is too short for a ticket.
const SHORTER_THAN_TICKETS: usize = 64;

/// Whether an identity is of a PSK that comes from elsewhere than a ticket: a word that somebody chose, since tickets are
/// longer and look random, or one that was imported. An age of zero says so too, but a ticket may have that at times, if
/// its server adds nothing to the age or a wrong sum comes out: of what is as long as a ticket, it proves nothing.
fn is_external(identity: &[u8], obfuscated_age: u32) -> bool {
    let is_short = identity.len() < SHORTER_THAN_TICKETS;
    let is_text = identity.iter().all(|byte| matches!(byte, b' '..=b'~'));
    (is_short && is_text) || (obfuscated_age == 0 && (is_short || is_text)) || is_imported(identity)
}

/// Whether it is an `ImportedIdentity` (RFC 9258 section 5.1): identity, context, protocol version and KDF.
fn is_imported(identity: &[u8]) -> bool {
    let parts = |mut reader: Reader<'_>| {
        let (name, _context) = (reader.vec16()?, reader.vec16()?);
        Some((name.is_empty(), reader.u16()?, reader.u16()?, reader.is_empty()))
    };
    // TLS 1.3 and DTLS 1.3, HKDF with SHA-256 and SHA-384
    matches!(parts(Reader(identity)), Some((false, 0x0304 | 0xfefc, 1 | 2, true)))
}
