//! What captures add: where a ticket was seen, and the `connection` record.

use super::{Object, line, member, record_type};
use crate::capture::connection::Side;
use crate::capture::sighting::Sighting;
use crate::record::ConnectionRecord;
use crate::report::Page;

/// The members of a ticket's `capture` object.
#[inline(never)]
pub(super) fn sighting(sighting: &Sighting<'_>, object: &mut Object<'_, '_>) {
    object.number(member!("packet"), sighting.packet);
    object.time(member!("time"), sighting.time);
    object.number(member!("stream"), sighting.number.stream);
    object.address(member!("client"), sighting.client);
    object.address(member!("server"), sighting.server);
    object.word(member!("message"), sighting.carrier.as_str());
    if let Some(random) = &sighting.client_random {
        object.hex(member!("client_random"), random);
    }
    if let Some(name) = sighting.sni {
        object.text(member!("sni"), name);
    }
    if let Some(hello) = sighting.hello {
        object.number(member!("hello"), hello);
    }
    if let Some(identity) = sighting.identity {
        object.number(member!("identity"), identity);
    }
    if let Some(selected) = sighting.selected {
        object.flag(member!("selected"), selected);
    }
    if let Some(verified) = sighting.binder {
        object.word(member!("binder"), if verified { "verified" } else { "mismatch" });
    }
    if let Some(lived) = sighting.lived {
        object.number(member!("since_full_handshake"), lived);
    }
    if let Some(age) = sighting.age_ms {
        object.number(member!("age_ms"), age);
    }
}

/// Appends the record of a connection.
pub(super) fn connection(record: &ConnectionRecord<'_>, out: &mut Page) {
    let connection = record.connection;
    line(out, |object| {
        object.begin(record_type!("connection"));
        object.word(member!("source"), record.source.json());
        object.word(member!("transport"), connection.transport.as_str());
        object.number(member!("stream"), connection.stream);
        packets(record, object);
        object.address(member!("client"), connection.client);
        object.address(member!("server"), connection.server);
        object.time(member!("time"), connection.time);
        if let Some(protocol) = record.protocol_name() {
            object.word(member!("protocol"), protocol);
        }
        if let Some((id, suite)) = record.cipher() {
            match suite.map(|suite| suite.openssl.unwrap_or(suite.iana)) {
                Some(name) => object.word(member!("cipher"), name),
                None => object.hex(member!("cipher"), &id.to_be_bytes()),
            }
        }
        if let Some(hello) = &record.client_hello {
            if let Some(name) = hello.server_name {
                object.text(member!("sni"), name);
            }
            object.hex(member!("client_random"), &hello.random);
        }
        object.word(member!("handshake"), record.handshake.as_str());
        object.flag(member!("ticket_offered"), record.ticket_offered());
        object.flag(member!("ticket_accepted"), record.ticket_accepted());
        if let Some(issued) = record.ticket_issued() {
            object.flag(member!("ticket_issued"), issued);
        }
        if let Some(renewed) = record.ticket_renewed() {
            object.flag(member!("ticket_renewed"), renewed);
        }
        object.word(member!("early_data"), record.early_data().as_str());
        if let Some(alert) = connection.alert {
            object.object("alert", |object| {
                object.word("by", alert.from.as_str());
                object.word("level", alert.level_name());
                object.word("description", alert.name());
            });
        }
        if record.is_stateful() {
            object.flag(member!("stateful"), true);
        }
        object.word(member!("reason"), record.reason.as_str());
        object.text(member!("why"), record.why.as_bytes());
    });
}

/// The numbers of the packets that decide, as far as they were seen.
fn packets(record: &ConnectionRecord<'_>, object: &mut Object<'_, '_>) {
    let connection = record.connection;
    let malformed = |side| connection.malformed.filter(|malformed| malformed.from == side).map(|it| it.packet);
    let client = connection.client_hellos.first().map(|message| message.packet).or(malformed(Side::Client));
    let server = connection.server_hellos.last().map(|message| message.packet).or(malformed(Side::Server));
    object.object("packets", |object| {
        let alert = connection.alert.map(|alert| alert.packet);
        for (name, packet) in [("client_hello", client), ("server_hello", server), ("alert", alert)] {
            if let Some(packet) = packet {
                object.number(name, packet);
            }
        }
    });
}
