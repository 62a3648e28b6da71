//! `connection` records that were read, written again.

use super::{Object, line, member, record_type};
use crate::input::RecordedConnection;
use crate::record::Source;
use crate::report::Page;

/// Appends the record of a connection.
pub(super) fn connection(source: &Source, connection: &RecordedConnection, out: &mut Page) {
    line(out, |object| {
        object.begin(record_type!("connection"));
        object.word(member!("source"), source.json());
        object.word(member!("transport"), connection.transport.as_str());
        object.number(member!("stream"), connection.stream);
        object.object("packets", |object| {
            for (name, packet) in ["client_hello", "server_hello", "alert"].into_iter().zip(connection.packets) {
                if let Some(packet) = packet {
                    object.number(name, packet);
                }
            }
        });
        object.address(member!("client"), connection.client);
        object.address(member!("server"), connection.server);
        object.time(member!("time"), connection.time);
        for (name, text) in
            [("protocol", &connection.protocol), ("cipher", &connection.cipher), ("sni", &connection.sni)]
        {
            if let Some(text) = text {
                object.text(name, text.as_bytes());
            }
        }
        if let Some(random) = &connection.client_random {
            object.hex(member!("client_random"), random);
        }
        object.word(member!("handshake"), connection.handshake.as_str());
        object.flag(member!("ticket_offered"), connection.ticket_offered);
        object.flag(member!("ticket_accepted"), connection.ticket_accepted);
        for (name, flag) in [("ticket_issued", connection.ticket_issued), ("ticket_renewed", connection.ticket_renewed)]
        {
            if let Some(flag) = flag {
                object.flag(name, flag);
            }
        }
        object.text(member!("early_data"), connection.early_data.as_bytes());
        if let Some(alert) = &connection.alert {
            object.object("alert", |object: &mut Object<'_, '_>| {
                for (name, text) in ["by", "level", "description"].into_iter().zip(alert) {
                    object.text(name, text.as_bytes());
                }
            });
        }
        if connection.stateful {
            object.flag(member!("stateful"), true);
        }
        object.text(member!("reason"), connection.reason.as_bytes());
        object.text(member!("why"), connection.why.as_bytes());
    });
}
