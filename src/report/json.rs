//! One compact JSON object a line, as `docs/json.md` describes them.

mod capture;
mod write;

use self::write::{Calendar, Member, Object, member, members};
pub(super) use self::write::{Type, line, record_type};
use super::{Page, REDACTED};
use crate::key::ring::{Dates, KeyRing, Texts};
use crate::key::{KeyInUse, TicketKey};
use crate::record::{ConnectionRecord, Record, Shown};
use crate::session::certificate::Certificate;
use crate::session::field::Field;
use crate::session::{Part, Session, Value, View, Visitor};
use crate::ticket::Arrangement;
use crate::time::utc;

/// Renders `ticket` records.
#[derive(Debug, Clone, Copy)]
pub struct Renderer<'k> {
    /// The keys the tickets were tried with.
    pub ring: &'k KeyRing,
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
            object.word(member!("status"), record.status().as_str());
            if let Some(problem) = record.problem(self.ring) {
                object.text(member!("error"), problem.error.as_bytes());
                object.text(member!("hint"), problem.hint.as_bytes());
            }
            if !record.bytes.is_empty() {
                object.object(member!("ticket"), |ticket| ticket_parts(record, self.redact, ticket));
            }
            if let Some((key, verified)) = record.key() {
                object.object(member!("key"), |object| key_used(key, verified, object));
            }
            if let Some(shown) = record.session() {
                object.object(member!("session"), |object| self.session(shown, object));
            }
            if let Some(session) = &record.client_session {
                object.object(member!("client_session"), |object| self.session(Shown::Genuine(session), object));
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

    fn session(&self, shown: Shown<'_, '_>, object: &mut Object<'_, '_>) {
        if shown.is_unverified() {
            object.flag(member!("verified"), false);
        }
        let session: &Session<'_> = shown.session();
        let view = View { session, now: self.now, redact: self.redact };
        let repeated = self.ring.repeated();
        let dates = repeated.dates();
        let text = |part| members(|object| view.visit_part(part, &mut Fields::new(object, None, dates)));
        let parts = session.mark().and_then(|mark| repeated.texts(mark, || Part::ALL.map(text)));
        view.visit(&mut Fields::new(object, parts, dates));
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
        object.hex(member!("iv"), parts.iv());
        object.number(member!("ciphertext_length"), parts.ciphertext().len());
        object.hex(member!("mac"), parts.mac());
        if parts.arrangement() != Arrangement::Named {
            object.display("layout", parts.arrangement());
        }
    }
    object.hex(member!("raw"), record.bytes);
}

fn key_used(key: KeyInUse<'_>, verified: bool, object: &mut Object<'_, '_>) {
    object.members(key.members(|| members(|own| key_members(&key, own))));
    object.flag(member!("mac_verified"), verified);
    if let Some(slot) = key.slot() {
        object.number("slot", slot);
    }
}

/// What every ticket of a key says about it.
fn key_members(key: &TicketKey, object: &mut Object<'_, '_>) {
    let origin = key.origin();
    object.text("file", origin.file.as_bytes());
    object.number("index", origin.index);
    object.word("role", origin.role.as_str());
    if !origin.format.is_empty() {
        object.text("format", origin.format.as_bytes());
    }
    object.display("layout", key.layout());
    object.word("cipher", key.cipher_name());
    object.word("mac", key.mac_name());
}

/// Writes a session's fields as members of an object.
struct Fields<'o, 'l, 'p> {
    object: &'o mut Object<'l, 'p>,
    /// The parts, where they are kept.
    parts: Option<&'o Texts>,
    calendar: Calendar<'o>,
}

impl<'o, 'l, 'p> Fields<'o, 'l, 'p> {
    fn new(object: &'o mut Object<'l, 'p>, parts: Option<&'o Texts>, dates: &'o Dates) -> Self {
        Self { object, parts, calendar: Calendar::new(dates) }
    }
}

impl Visitor for Fields<'_, '_, '_> {
    #[inline]
    fn part(&mut self, view: &View<'_>, part: Part) {
        // in the order of `Part::ALL`, which is that of the variants
        match self.parts.and_then(|parts| parts.get(part as usize)) {
            Some(members) => self.object.members(members),
            None => view.visit_part(part, self),
        }
    }

    // inlined into the walk, where fields and kinds of value are constants
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn field(&mut self, field: &'static Field, value: Value<'_>) {
        let key = Member(field.json);
        match value {
            Value::Word(word) => self.object.word(key, word),
            Value::Text(text) => self.object.text(key, text),
            Value::Bytes(bytes) => self.object.hex(key, bytes),
            Value::Number(number) | Value::Seconds(number) | Value::Epoch(number) => self.object.number(key, number),
            Value::Flag(flag) => self.object.flag(key, flag),
            Value::Utc(seconds) => self.object.utc(key, seconds, &mut self.calendar),
            Value::Redacted => self.object.word(key, REDACTED),
            Value::Certificate(der) => self.object.object(key, |object| certificate(der, object)),
            Value::List(items) => self.object.hex_list(key, items),
            Value::RedactedTags(tags) => self.object.array(key, tags, |tag, object| {
                object.number("tag", *tag);
                object.word("der", REDACTED);
            }),
            Value::Unknown(fields) => self.object.array(key, fields, |field, object| {
                object.number("tag", field.tag);
                object.hex("der", field.der);
            }),
        }
    }
}

fn certificate(der: &[u8], object: &mut Object<'_, '_>) {
    let certificate = Certificate::parse(der);
    if let Some(names) = &certificate.names {
        object.text("subject", names.subject.as_bytes());
        object.text("issuer", names.issuer.as_bytes());
        object.hex("serial", &names.serial);
        for (key, seconds) in [("not_before", names.not_before), ("not_after", names.not_after)] {
            if let Some(time) = utc(seconds) {
                object.text(key, time.as_bytes());
            }
        }
    }
    object.hex("sha256", &certificate.sha256);
    object.hex("der", der);
}

/// Appends the closing `summary` record: `counts` under their names; `connections` where there were captures.
pub fn summary(tickets: u64, counts: &[(&'static str, u64)], connections: Option<u64>, out: &mut Page) {
    line(out, |object| {
        object.begin(record_type!("summary"));
        object.number("tickets", tickets);
        for &(key, count) in counts {
            object.number(key, count);
        }
        if let Some(connections) = connections {
            object.number("connections", connections);
        }
    });
}
