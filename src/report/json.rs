//! One compact JSON object a line, as `docs/json.md` describes them.

mod capture;
mod cuts;
mod dates;
mod fields;
mod kept;
mod recorded;
mod template;
pub(super) mod write;

use self::cuts::Cuts;
use self::fields::Fields;
pub use self::kept::Kept;
pub(in crate::report) use self::write::Object;
use self::write::member;
pub(super) use self::write::{Type, line, record_type};
use super::{Page, REDACTED, Totals};
use crate::capture::sighting::Sighting;
use crate::escape;
use crate::input::{Beside, RecordedConnection};
use crate::key::KeyInUse;
use crate::open::Checked;
use crate::record::{ConnectionRecord, Place, Problem, Record, Shown, Source, Status};
use crate::session::{Session, View};
use crate::ticket::{Arrangement, Ticket};

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

/// What the record of a ticket is made of.
struct Members<'r, 'a> {
    place: &'r Place<'a>,
    beside: Option<&'a Beside>,
    status: Status,
    problem: Option<Problem>,
    bytes: &'a [u8],
    /// The parts of the ticket, where it has them.
    parts: Option<Ticket<'a>>,
    /// Whether the bytes may be shown.
    sealed: bool,
    key: Option<(KeyInUse<'a>, bool)>,
    client_session: Option<&'r Session<'a>>,
    sighting: Option<&'r Sighting<'a>>,
}

impl Renderer<'_> {
    /// Appends the record of one ticket.
    pub fn ticket(&self, record: &Record<'_>, out: &mut Page) {
        let members = Members {
            place: &record.place,
            beside: record.beside,
            status: record.status(),
            problem: record.problem(self.kept.ring()),
            bytes: record.bytes,
            parts: record.ticket(),
            sealed: !self.redact || record.is_sealed(),
            key: record.key(),
            client_session: record.client_session.as_ref(),
            sighting: record.capture.as_ref(),
        };
        let session = record.session().map(|shown| move |object: &mut Object<'_, '_>| self.session(shown, object));
        self.record(&members, session.as_ref(), out);
    }

    /// Appends the record of a ticket that a key verified, if its session differs from an earlier one in nothing but what
    /// is its own: then nothing of it needs to be read. `buffer` takes the plaintext. Whether it did.
    #[must_use]
    pub fn again<'a>(&self, place: &Place<'a>, checked: &Checked<'a>, buffer: &mut Vec<u8>, out: &mut Page) -> bool {
        let (ring, templates) = (self.kept.ring(), self.kept.templates());
        let verified = checked.verified().filter(|it| templates.have_hope() && ring.number(it.key()).is_some());
        let Some(verified) = verified else { return false };
        let Ok(plaintext) = verified.open(buffer) else { return false };
        let found = templates.find(plaintext, self.redact);
        templates.learn(found.is_some());
        let Some((template, own)) = found else { return false };
        let members = Members {
            place,
            beside: None,
            status: Status::Decrypted,
            problem: None,
            bytes: checked.bytes(),
            parts: Some(*verified.ticket()),
            sealed: true,
            key: Some((verified.key_in_use(), true)),
            client_session: None,
            sighting: None,
        };
        let session = |object: &mut Object<'_, '_>| template.write(own, self.now, self.kept.dates(), object);
        self.record(&members, Some(&session), out);
        true
    }

    /// Appends a record. Inlined, so that what the record of every opened ticket has not is not asked for.
    #[allow(clippy::inline_always, reason = "see above")]
    #[inline(always)]
    fn record(&self, members: &Members<'_, '_>, session: Option<&impl Fn(&mut Object<'_, '_>)>, out: &mut Page) {
        line(out, |object| {
            object.begin(record_type!("ticket"));
            object.word(member!("source"), members.place.source.json());
            object.number(member!("index"), members.place.index);
            if let Some(line) = members.place.line {
                object.number(member!("line"), line);
            }
            if let Some(beside) = members.beside {
                stood_beside(beside, object);
            }
            object.word(member!("status"), members.status.as_str());
            if let Some(problem) = &members.problem {
                object.text(member!("error"), problem.error.as_bytes());
                object.text(member!("hint"), problem.hint.as_bytes());
            }
            if !members.bytes.is_empty() {
                object.object(member!("ticket"), |ticket| ticket_parts(members, ticket));
            }
            if let Some((key, verified)) = members.key {
                object.object(member!("key"), |object| self.key_used(key, verified, object));
            }
            if let Some(session) = &session {
                object.object(member!("session"), session);
            }
            if let Some(session) = members.client_session {
                object.object(member!("client_session"), |object| self.session(Shown::Genuine(session), object));
            }
            if let Some((number, packet)) = members.sighting.and_then(|sighting| sighting.issued_by) {
                object.object("issued_by", |object| {
                    object.number("stream", number.stream);
                    object.number("packet", packet);
                });
            }
            if let Some(sighting) = members.sighting {
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
        let (templates, dates) = (self.kept.templates(), self.kept.dates());
        if let Some((template, own)) = templates.find(session.encoded, self.redact) {
            return template.write(own, self.now, dates, object);
        }
        let parts = session.mark().and_then(|mark| self.kept.texts(mark));
        self.session_members(session, &mut Fields::new(object, parts, dates, ()));
        templates.keep(session, self.redact, dates, |fields| self.session_members(session, fields));
    }

    #[allow(clippy::inline_always, reason = "inlined as the walk is")]
    #[inline(always)]
    fn session_members(&self, session: &Session<'_>, fields: &mut Fields<'_, '_, '_, impl Cuts>) {
        View { session, now: self.now, redact: self.redact }.visit(fields);
        let mut any = false;
        session.each_size(|_, _| any = true);
        if any {
            fields
                .object
                .object(member!("sizes"), |object| session.each_size(|name, bytes| object.number(name, bytes)));
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

#[allow(clippy::inline_always, reason = "inlined as the record is")]
#[inline(always)]
fn ticket_parts(members: &Members<'_, '_>, object: &mut Object<'_, '_>) {
    object.number(member!("length"), members.bytes.len());
    if !members.sealed {
        return object.word(member!("raw"), REDACTED);
    }
    if let Some(parts) = &members.parts {
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
    object.hex(member!("raw"), members.bytes);
    // a NewSessionTicket of TLS 1.3, which somebody opened
    if let Some(issued) = members.sighting.and_then(|sighting| sighting.issued) {
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
