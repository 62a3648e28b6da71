//! What captures add: where a ticket was seen, and the `connection` record.

use super::Object;
use crate::capture::sighting::Sighting;
use crate::record::ConnectionRecord;

/// The members of a ticket's `capture` object.
pub(super) fn sighting(sighting: &Sighting<'_>, object: &mut Object<'_>) {
    object.number("packet", sighting.packet);
    object.decimal("time", sighting.time);
    object.number("stream", sighting.stream);
    object.display("client", sighting.client);
    object.display("server", sighting.server);
    object.word("message", sighting.carrier.as_str());
    if let Some(random) = &sighting.client_random {
        object.hex("client_random", random);
    }
    if let Some(name) = sighting.sni {
        object.text("sni", name);
    }
    if let Some(identity) = sighting.identity {
        object.number("identity", identity);
    }
    if let Some(selected) = sighting.selected {
        object.flag("selected", selected);
    }
    if let Some(verified) = sighting.binder {
        object.word("binder", if verified { "verified" } else { "mismatch" });
    }
    if let Some(age) = sighting.age_ms {
        object.number("age_ms", age);
    }
}

/// Appends the record of a connection.
pub(super) fn connection(record: &ConnectionRecord<'_>, out: &mut Vec<u8>) {
    let connection = record.connection;
    let mut object = Object::begin(out);
    object.word("type", "connection");
    object.text("source", record.source.as_bytes());
    object.number("stream", connection.stream);
    object.display("client", connection.client);
    object.display("server", connection.server);
    object.decimal("time", connection.time);
    if let Some(protocol) = record.protocol() {
        object.word("protocol", protocol.name());
    }
    if let Some((id, suite)) = record.cipher() {
        match suite.map(|suite| suite.openssl.unwrap_or(suite.iana)) {
            Some(name) => object.word("cipher", name),
            None => object.hex("cipher", &id.to_be_bytes()),
        }
    }
    if let Some(hello) = &record.client_hello {
        if let Some(name) = hello.server_name {
            object.text("sni", name);
        }
        object.hex("client_random", &hello.random);
    }
    object.word("handshake", record.handshake.as_str());
    object.flag("ticket_offered", connection.ticket_offered());
    object.flag("ticket_accepted", record.ticket_accepted());
    if let Some(issued) = record.ticket_issued() {
        object.flag("ticket_issued", issued);
    }
    if let Some(renewed) = record.ticket_renewed() {
        object.flag("ticket_renewed", renewed);
    }
    object.word("early_data", record.early_data().as_str());
    object.text("why", record.why.as_bytes());
    object.end();
    out.push(b'\n');
}
