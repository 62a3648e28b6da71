//! What rules see of the offers of tickets in captures.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::audit::room::crop;
use crate::audit::subject::{Item, Seen, Subject};
use crate::capture::Connection;
use crate::capture::connection::HandshakeKind;
use crate::capture::container::Time;
use crate::capture::sighting::{Carrier, Sighting};
use crate::input::RecordedConnection;
use crate::key::KeyName;
use crate::record::{EarlyData, Place, Record};

/// What an offer takes of its connection.
#[derive(Debug, Clone, Copy)]
pub struct Around {
    /// How it went.
    pub handshake: HandshakeKind,
    /// Whether the server chose TLS 1.3, if it chose anything.
    pub is_tls13: Option<bool>,
    /// The number of the last `ClientHello`, from 0.
    pub last_hello: usize,
    /// Stands for the first `ClientHello`, if early data follows it.
    pub early_data: Option<TicketHash>,
}

impl Around {
    /// What a capture shows.
    #[must_use]
    pub fn of(connection: &Connection) -> Option<Self> {
        let hellos = &connection.client_hellos;
        let first = hellos.first().filter(|_| connection.first_hello_offers_early_data());
        Some(Self {
            handshake: connection.handshake(),
            is_tls13: connection.server_hello().map(|hello| hello.is_tls13),
            last_hello: hellos.len().checked_sub(1)?,
            early_data: first.map(|hello| TicketHash::of(&hello.bytes)),
        })
    }

    /// What a `connection` record says; its client random stands for the `ClientHello`.
    #[must_use]
    pub fn recorded(connection: &RecordedConnection, last_hello: usize) -> Self {
        let random = connection.client_random.filter(|_| connection.early_data != EarlyData::None.as_str());
        Self {
            handshake: connection.handshake,
            is_tls13: connection.is_tls13(),
            last_hello,
            early_data: random.map(|random| TicketHash::of(&random)),
        }
    }
}

/// A client offered a ticket to a server.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    /// Where it stands.
    pub place: Place<'a>,
    /// The ticket.
    pub ticket: TicketHash,
    /// The ticket's key name, if its shape has one.
    pub key_name: Option<KeyName>,
    /// Address of the client.
    pub client: IpAddr,
    /// Address and port of the server.
    pub server: SocketAddr,
    /// When, seconds since 1970.
    pub time: i64,
    /// Whether the protocol version is TLS 1.3, in which each ticket is to be used once.
    pub is_tls13: bool,
    /// Whether the server resumed; `None` if the capture does not show it.
    pub accepted: Option<bool>,
    /// Stands for the first ClientHello, if early data follows it.
    pub early_data: Option<TicketHash>,
    /// Number of the connection.
    pub stream: u64,
    /// The host name that the client asked for.
    pub sni: Option<&'a [u8]>,
    /// When, to the fraction of a second.
    pub exact_time: Time,
}

impl<'a> Offer<'a> {
    /// The offer that a ticket in a capture is; `None` for what is none: a ticket in the server's message, or in a
    /// `ClientHello` that was sent again.
    #[must_use]
    pub fn of(around: &Around, sighting: &Sighting<'_>, record: &Record<'a>) -> Option<Self> {
        if sighting.hello? != around.last_hello || record.unrecognised().is_some() {
            return None;
        }
        let is_tls13 = sighting.carrier == Carrier::Psk;
        let accepted = match around.handshake {
            // the server chose the version to which the other kind of ticket belongs
            _ if around.is_tls13 != Some(is_tls13) => None,
            HandshakeKind::Full => Some(false),
            HandshakeKind::ResumedTicket => Some(true),
            // another identity was chosen: that says nothing about this one
            HandshakeKind::ResumedPsk => sighting.selected.filter(|&selected| selected),
            _ => None,
        };
        Some(Self {
            place: record.place,
            ticket: TicketHash::of(sighting.ticket),
            key_name: record.ticket().and_then(|ticket| ticket.key_name()),
            client: sighting.client.ip(),
            server: sighting.server,
            time: sighting.time.seconds,
            is_tls13,
            accepted,
            early_data: around.early_data,
            stream: sighting.number.stream,
            sni: record.capture.and_then(|sighting| sighting.sni),
            exact_time: sighting.time,
        })
    }
}

/// Stands for a ticket: the first half of its SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TicketHash([u8; 16]);

impl TicketHash {
    #[cfg(test)]
    pub(in crate::audit) const ZERO: Self = Self([0; 16]);

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
pub(in crate::audit) struct KeptPlace {
    file: Arc<str>,
    index: u64,
    line: Option<u64>,
    packet: Option<u64>,
    key_name: Option<KeyName>,
    seen: Option<Seen>,
}

impl KeptPlace {
    pub(in crate::audit) fn new(offer: &Offer<'_>) -> Self {
        let Offer { place, key_name, server, stream, .. } = *offer;
        let seen = Seen { server, sni: offer.sni.map(|sni| crop(sni).to_vec()), time: offer.exact_time, stream };
        Self::at(place, key_name, Some(seen))
    }

    /// Of a host name that is longer than any may be, the beginning is kept.
    pub(in crate::audit) fn at(place: Place<'_>, key_name: Option<KeyName>, seen: Option<Seen>) -> Self {
        let seen = seen.map(|seen| Seen { sni: seen.sni.map(|sni| crop(&sni).to_vec()), ..seen });
        Self { file: place.source.shared(), index: place.index, line: place.line, packet: place.packet, key_name, seen }
    }

    /// Bytes that it takes.
    pub(in crate::audit) fn size(&self) -> usize {
        size_of::<Self>() + self.seen.as_ref().and_then(|seen| seen.sni.as_ref()).map_or(0, Vec::len)
    }

    pub(in crate::audit) fn subject(&self) -> Subject {
        Subject {
            file: Arc::clone(&self.file),
            item: Item::Ticket { index: self.index, line: self.line, packet: self.packet },
            key_name: self.key_name,
            fingerprint: None,
            seen: self.seen.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::testing;

    /// What became of each offer in a capture, by carrier and key name.
    fn offers(file: &[u8]) -> Vec<(bool, Option<bool>)> {
        let mut found = Vec::new();
        for connection in testing::connections(file) {
            let around = Around::of(&connection).unwrap();
            for sighting in connection.sightings() {
                let record = testing::record(sighting.ticket, None);
                let offer = Offer::of(&around, &sighting, &record);
                found.extend(offer.map(|offer| (offer.is_tls13, offer.accepted)));
            }
        }
        found
    }

    #[test]
    fn the_handshake_tells_what_became_of_an_offer() {
        let refused = include_bytes!("../../../testdata/nginx48_tls12_refused/capture.pcap");
        assert!(offers(refused).contains(&(false, Some(false))), "{:?}", offers(refused));
        let resumed = include_bytes!("../../../testdata/nginx48_tls12/capture.pcap");
        assert_eq!(offers(resumed), [(false, Some(true))]);
        let after_retry = include_bytes!("../../../testdata/nginx80_tls13_hrr/capture.pcap");
        assert_eq!(offers(after_retry), [(true, Some(true))], "the ClientHello that was sent again does not count");
    }
}
