//! The members of a key and of a session.

use super::cuts::Cuts;
use super::dates::Dates;
use super::write::{Calendar, Member, Object};
use crate::escape::REDACTED;
use crate::key::TicketKey;
use crate::session::certificate::Certificate;
use crate::session::field::Field;
use crate::session::{OwnPart, OwnView, Part, Value, View, Visitor};
use crate::time::utc;

/// What was made of the parts of a session.
pub(super) type Texts = [Vec<u8>; Part::ALL.len()];

/// What every ticket of a key says about it.
pub(super) fn key_members(key: &TicketKey, object: &mut Object<'_, '_>) {
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
    object.hex("fingerprint", key.fingerprint().as_bytes());
}

/// Writes a session's fields as members of an object.
pub(super) struct Fields<'o, 'l, 'p, C = ()> {
    pub(super) object: &'o mut Object<'l, 'p>,
    /// The parts, if they are kept.
    parts: Option<&'o Texts>,
    calendar: Calendar<'o>,
    cuts: C,
}

impl<'o, 'l, 'p, C: Cuts> Fields<'o, 'l, 'p, C> {
    pub(super) fn new(object: &'o mut Object<'l, 'p>, parts: Option<&'o Texts>, dates: &'o Dates, cuts: C) -> Self {
        Self { object, parts, calendar: Calendar::new(dates), cuts }
    }
}

impl<C: Cuts> Visitor for Fields<'_, '_, '_, C> {
    #[inline]
    fn part(&mut self, view: &View<'_>, part: Part) {
        // in the order of `Part::ALL`, which is that of the variants
        match self.parts.and_then(|parts| parts.get(part as usize)) {
            Some(members) => self.object.members(members),
            None => view.visit_part(part, self),
        }
    }

    #[inline]
    fn own(&mut self, view: &OwnView<'_>, part: OwnPart) {
        let from = self.object.position();
        view.visit_part(part, self);
        self.cuts.cut(part, from, self.object.position());
    }

    #[allow(clippy::inline_always, reason = "inlined into the walk, where fields and kinds of value are constants")]
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
