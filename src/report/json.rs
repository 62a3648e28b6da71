//! One compact JSON object a line, as `docs/json.md` describes them.

mod capture;
mod dates;
mod fields;
mod kept;
mod recorded;
pub(super) mod write;

use self::fields::Fields;
pub use self::kept::Kept;
pub(in crate::report) use self::write::Object;
use self::write::member;
pub(super) use self::write::{Type, line, record_type};
use super::{Page, REDACTED, Totals};
use crate::escape;
use crate::input::{Beside, RecordedConnection};
use crate::key::KeyInUse;
use crate::record::{ConnectionRecord, Record, Shown, Source};
use crate::session::{Session, View};
use crate::ticket::Arrangement;

/// Renders `ticket` records.
#[derive(Debug, Clone, Copy)]
pub struct Renderer<'k> {
    /// What the records before left, and the keys that the tickets were tried with.
    pub kept: &'k Kept<'k>,
    /// The clock to judge ends by, seconds since 1970.
    pub now: i64,
    /// Whether secrets are held back.
    pub redact: bool,
}

impl Renderer<'_> {
    /// Appends the record of one ticket.
    pub fn ticket(&self, record: &Record<'_>, out: &mut Page) {
        line(out, |object| {
            object.begin(record_type!("ticket"));
            object.word(member!("source"), record.place.source.json());
            object.number(member!("index"), record.place.index);
            if let Some(line) = record.place.line {
                object.number(member!("line"), line);
            }
            if let Some(beside) = record.beside {
                stood_beside(beside, object);
            }
            object.word(member!("status"), record.status().as_str());
            if let Some(problem) = record.problem(self.kept.ring()) {
                object.text(member!("error"), problem.error.as_bytes());
                object.text(member!("hint"), problem.hint.as_bytes());
            }
            if !record.bytes.is_empty() {
                object.object(member!("ticket"), |ticket| ticket_parts(record, self.redact, ticket));
            }
            if let Some((key, verified)) = record.key() {
                object.object(member!("key"), |object| self.key_used(key, verified, object));
            }
            if let Some(shown) = record.session() {
                object.object(member!("session"), |object| self.session(shown, object));
            }
            if let Some(session) = &record.client_session {
                object.object(member!("client_session"), |object| self.session(Shown::Genuine(session), object));
            }
            if let Some((number, packet)) = record.capture.and_then(|sighting| sighting.issued_by) {
                object.object("issued_by", |object| {
                    object.number("stream", number.stream);
                    object.number("packet", packet);
                });
            }
            if let Some(sighting) = &record.capture {
                object.object(member!("capture"), |object| capture::sighting(sighting, object));
            }
        });
    }

    /// Appends the record of one connection.
    pub fn connection(&self, record: &ConnectionRecord<'_>, out: &mut Page) {
        capture::connection(record, out);
    }

    /// Appends a connection that stood in the input as a record of ours, as it stood there.
    pub fn recorded(&self, source: &Source, connection: &RecordedConnection, out: &mut Page) {
        recorded::connection(source, connection, out);
    }

    fn session(&self, shown: Shown<'_, '_>, object: &mut Object<'_, '_>) {
        if shown.is_unverified() {
            object.flag(member!("verified"), false);
        }
        let session: &Session<'_> = shown.session();
        let view = View { session, now: self.now, redact: self.redact };
        let parts = session.mark().and_then(|mark| self.kept.texts(mark));
        view.visit(&mut Fields::new(object, parts, self.kept.dates()));
        let mut any = false;
        session.each_size(|_, _| any = true);
        if any {
            object.object(member!("sizes"), |object| session.each_size(|name, bytes| object.number(name, bytes)));
        }
    }

    fn key_used(&self, key: KeyInUse<'_>, verified: bool, object: &mut Object<'_, '_>) {
        self.kept.key(&key, object);
        object.flag(member!("mac_verified"), verified);
        if let Some(slot) = key.slot() {
            object.number("slot", slot);
        }
        if let Some(epoch) = key.epoch() {
            object.number("epoch", epoch);
        }
    }
}

/// What stood beside the ticket in a list.
#[cold]
fn stood_beside(beside: &Beside, object: &mut Object<'_, '_>) {
    if let Some(label) = &beside.label {
        object.text("label", label.as_bytes());
    }
    let columns = &beside.columns;
    if columns.iter().any(|column| column.name.is_some()) {
        object.object(member!("columns"), |object| {
            for (column, number) in columns.iter().zip(0..) {
                match &column.name {
                    Some(name) => object.text(escape::json(name.as_bytes()).as_str(), column.text.as_bytes()),
                    None => object.text(format!("column {number}").as_str(), column.text.as_bytes()),
                }
            }
        });
    } else if !columns.is_empty() {
        let texts: Vec<String> = columns.iter().map(|column| column.text.clone()).collect();
        object.texts(member!("columns"), &texts);
    }
}

fn ticket_parts(record: &Record<'_>, redact: bool, object: &mut Object<'_, '_>) {
    object.number(member!("length"), record.bytes.len());
    if redact && !record.is_sealed() {
        return object.word(member!("raw"), REDACTED);
    }
    if let Some(parts) = record.ticket() {
        if let Some(name) = parts.key_name() {
            object.hex(member!("key_name"), name.as_bytes());
        }
        // a nonce that all tickets share is not sent
        if !parts.iv().is_empty() {
            object.hex(member!("iv"), parts.iv());
        }
        object.number(member!("ciphertext_length"), parts.ciphertext().len());
        object.hex(member!("mac"), parts.mac());
        if parts.arrangement() != Arrangement::Named {
            object.display("layout", parts.arrangement());
        }
    }
    object.hex(member!("raw"), record.bytes);
    // a NewSessionTicket of TLS 1.3, which somebody opened
    if let Some(issued) = record.capture.and_then(|sighting| sighting.issued) {
        object.number("lifetime", issued.lifetime);
        object.number("age_add", issued.age_add);
        object.hex("nonce", issued.nonce);
        if let Some(most) = issued.max_early_data {
            object.number("max_early_data", most);
        }
    }
}

/// Appends the closing `summary` record: `counts` under their names, how many connections if there can be any, and what
/// else was counted in captures.
pub fn summary(
    tickets: u64,
    counts: &[(&'static str, u64)],
    passed_over: u64,
    connections: Option<u64>,
    captures: Option<Totals>,
    out: &mut Page,
) {
    line(out, |object| {
        object.begin(record_type!("summary"));
        object.number("tickets", tickets);
        for &(key, count) in counts {
            object.number(key, count);
        }
        if passed_over > 0 {
            object.number("passed_over", passed_over);
        }
        if let Some(connections) = connections {
            object.number("connections", connections);
        }
        if let Some(captures) = captures {
            totals(captures, object);
        }
    });
}

/// What was counted in captures.
pub(super) fn totals(totals: Totals, object: &mut Object<'_, '_>) {
    object.number("packets", totals.packets);
    object.number("dropped", totals.dropped);
    for (key, time) in [("first", totals.first), ("last", totals.last)] {
        if let Some(time) = time {
            object.time(key, time);
        }
    }
}
