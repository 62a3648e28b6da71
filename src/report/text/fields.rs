//! The lines of a session: a field a line, and what explains it in parentheses behind.

use std::fmt::{Display, Formatter, Write as _};

use anstyle::Style;

use super::style::{LABEL_WIDTH, Paint, Styles};
use crate::escape::Text;
use crate::report::REDACTED;
use crate::session::certificate::Certificate;
use crate::session::field::{self, Field, Group};
use crate::session::{Value, View, Visitor};
use crate::time::utc;
use crate::tls::registry;

/// Writes fields as they come.
pub(super) struct Fields<'r, 'o> {
    styles: Styles,
    view: View<'r>,
    out: &'o mut String,
    group: Option<Group>,
    label: &'static str,
    /// Whether the client keeps the session: its peer is the server.
    is_clients: bool,
}

impl<'r, 'o> Fields<'r, 'o> {
    pub(super) fn new(styles: Styles, view: View<'r>, is_clients: bool, out: &'o mut String) -> Self {
        Self { styles, view, out, group: None, label: "", is_clients }
    }

    /// Ends the last line.
    pub(super) fn finish(self) {
        if !self.label.is_empty() {
            self.out.push('\n');
        }
    }

    fn begin_line(&mut self, field: &'static Field) -> std::fmt::Result {
        if !self.label.is_empty() {
            self.out.push('\n');
        }
        self.label = field.label;
        let heading = Paint(self.styles.heading);
        let group = if self.is_clients && is_about_peer(field) { Group::Server } else { field.group };
        if self.group.replace(group) != Some(group) && group != Group::Other {
            writeln!(self.out, "   {heading}{}{heading:#}", group.label())?;
        }
        self.styles.begin_line(field.label, self.out);
        Ok(())
    }

    fn value(&mut self, field: &'static Field, value: Value<'_>) -> std::fmt::Result {
        let style = Paint(self.style(field, value));
        let out = &mut *self.out;
        match value {
            Value::Word(word) => {
                style.put(word, out);
                Ok(())
            }
            Value::Text(text) => write!(out, "{style}{}{style:#}", Text(text)),
            Value::Bytes([]) => write!(out, "{style}(empty){style:#}"),
            Value::Bytes(bytes) if !field.secret && is_readable(bytes) => {
                write!(out, "{} \"{}\"", hex::display(bytes), Text(bytes))
            }
            Value::Bytes(bytes) if style.is_nothing() => write!(out, "{}", hex::display(bytes)),
            Value::Bytes(bytes) => write!(out, "{style}{}{style:#}", hex::display(bytes)),
            Value::Number(number) => match in_words(field, number) {
                Some(words) => write!(out, "{style}{words} ({number}){style:#}"),
                None => write!(out, "{style}{number}{style:#}"),
            },
            Value::Seconds(seconds) => {
                write!(out, "{seconds} s")?;
                if seconds.unsigned_abs() >= 120 { write!(out, " ({})", span(seconds)) } else { Ok(()) }
            }
            Value::Flag(flag) => {
                style.put(if flag { "yes" } else { "no" }, out);
                Ok(())
            }
            Value::Epoch(seconds) => match utc(seconds) {
                Some(time) => out.write_str(&time),
                None => write!(out, "{seconds}"),
            },
            Value::Utc(_) => Ok(()),
            Value::Redacted => out.write_str(REDACTED),
            Value::Certificate(der) => certificate(der, out),
            Value::List(items) => list(items, out),
            Value::Unknown(fields) => unknown(fields.iter().map(|field| (field.tag, hex::display(field.der))), out),
            Value::RedactedTags(tags) => unknown(tags.iter().map(|&tag| (tag, REDACTED)), out),
        }
    }

    /// What stands behind a value to explain it.
    fn explanation(&mut self, field: &'static Field, value: Value<'_>) -> std::fmt::Result {
        let warning = Paint(self.styles.warning);
        match value {
            Value::Flag(expired) if field == field::EXPIRED => {
                let distance = self.view.session.expires().map_or(0, |end| end.saturating_sub(self.view.now));
                if expired {
                    write!(self.out, "  {warning}expired {} ago{warning:#}", span(distance))
                } else {
                    write!(self.out, "  in {}", span(distance))
                }
            }
            Value::Utc(_) => Ok(()),
            // stands before the number
            Value::Word(_) if field == field::KEX_GROUP_NAME => Ok(()),
            // TLS 1.3 suites have one name
            Value::Word(name) if self.view.session.cipher.openssl_name() == Some(name) => Ok(()),
            Value::Number(id) if field == field::PROTOCOL_ID => write!(self.out, " (0x{id:04x})"),
            _ => {
                self.out.push_str(" (");
                self.value(field, value)?;
                self.out.push(')');
                Ok(())
            }
        }
    }

    /// Secrets and what is unusual have colours of their own.
    fn style(&self, field: &'static Field, value: Value<'_>) -> Style {
        let styles = self.styles;
        let old_protocol = |name| !matches!(name, "TLSv1.3" | "TLSv1.2" | "DTLSv1.2" | "DTLSv1.3");
        let unusual = match value {
            Value::Flag(flag) => field == field::EXTENDED_MASTER_SECRET && !flag,
            Value::Number(number) => (field == field::VERIFY_RESULT || field == field::COMPRESSION) && number != 0,
            Value::Bytes(bytes) => field == field::SESSION_ID_CONTEXT && bytes.is_empty(),
            Value::Word(name) => field == field::PROTOCOL && old_protocol(name),
            _ => false,
        };
        match () {
            () if unusual => styles.warning,
            () if field.secret => styles.secret,
            () => Style::new(),
        }
    }
}

impl Visitor for Fields<'_, '_> {
    fn field(&mut self, field: &'static Field, value: Value<'_>) {
        // writing to a String does not fail
        let _ = if field.label == self.label {
            self.explanation(field, value)
        } else {
            self.begin_line(field).and_then(|()| self.value(field, value))
        };
    }
}

/// Whether a field is about the other side.
fn is_about_peer(field: &'static Field) -> bool {
    let about = [
        field::PEER_CERTIFICATE,
        field::PEER_SHA256,
        field::CERTIFICATE_CHAIN,
        field::INTERMEDIATE_CERTIFICATES,
        field::PEER_CERTIFICATE_TYPE,
        field::PEER_RAW_PUBLIC_KEY,
        field::PEER_SIGNATURE_ALGORITHM,
        field::VERIFY_RESULT,
        field::VERIFY_RESULT_TEXT,
    ];
    about.contains(&field)
}

/// The name of a number that has one.
fn in_words(field: &'static Field, number: i64) -> Option<&'static str> {
    match number {
        _ if field == field::KEX_GROUP => registry::group_name(number.try_into().ok()?),
        // `SSL_SESS_FLAG_EXTMS` of `include/openssl/ssl.h`, the only one
        1 if field == field::FLAGS => Some("extended master secret"),
        _ => None,
    }
}

fn is_readable(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| matches!(byte, 0x20..=0x7e))
}

/// A span of time in its two largest units.
fn span(seconds: i64) -> impl Display {
    let seconds = seconds.unsigned_abs();
    let (number, unit, rest) = match seconds {
        0..120 => (seconds, "s", None),
        120..3600 => (seconds / 60, "min", Some((seconds % 60, "s"))),
        3600..172_800 => (seconds / 3600, "h", Some((seconds / 60 % 60, "min"))),
        _ => (seconds / 86_400, "d", Some((seconds / 3600 % 24, "h"))),
    };
    Span { number, unit, rest }
}

struct Span {
    number: u64,
    unit: &'static str,
    rest: Option<(u64, &'static str)>,
}

impl Display for Span {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.number, self.unit)?;
        self.rest.map_or(Ok(()), |(number, unit)| write!(f, " {number} {unit}"))
    }
}

fn certificate(der: &[u8], out: &mut String) -> std::fmt::Result {
    let indent = 4 + LABEL_WIDTH;
    let certificate = Certificate::parse(der);
    match &certificate.names {
        Some(names) => {
            write!(out, "{}", Text(names.subject.as_bytes()))?;
            write!(out, "\n{:indent$}issuer {}", "", Text(names.issuer.as_bytes()))?;
            write!(out, "\n{:indent$}serial {}", "", hex::encode(&names.serial))?;
            let time = |seconds| utc(seconds).unwrap_or_else(|| i64::to_string(&seconds));
            write!(out, "\n{:indent$}valid {} to {}", "", time(names.not_before), time(names.not_after))?;
        }
        None => write!(out, "{} bytes that are not an X.509 certificate", der.len())?,
    }
    write!(out, "\n{:indent$}SHA-256 {}", "", hex::encode(certificate.sha256))
}

fn list(items: &[&[u8]], out: &mut String) -> std::fmt::Result {
    let indent = 4 + LABEL_WIDTH;
    for (number, item) in items.iter().enumerate() {
        if number > 0 {
            write!(out, "\n{:indent$}", "")?;
        }
        write!(out, "{}", hex::display(item))?;
    }
    Ok(())
}

fn unknown(fields: impl Iterator<Item = (u32, impl Display)>, out: &mut String) -> std::fmt::Result {
    let indent = 4 + LABEL_WIDTH;
    for (number, (tag, der)) in fields.enumerate() {
        if number > 0 {
            write!(out, "\n{:indent$}", "")?;
        }
        write!(out, "[{tag}] {der}")?;
    }
    Ok(())
}
