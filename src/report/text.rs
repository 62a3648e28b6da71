//! Records for people: grouped, aligned, coloured if wanted; what is unusual stands out.

mod capture;
mod fields;
mod style;
mod wrap;

use std::fmt::Write as _;

use zeroize::Zeroizing;

use self::fields::Fields;
pub use self::style::Styles;
use self::style::{Paint, Paints};
pub(super) use self::wrap::columns;
use super::draft::Draft;
use super::{Page, REDACTED, Tally};
use crate::capture::connection::HandshakeKind;
use crate::escape::Text;
use crate::input::Beside;
use crate::key::ring::KeyRing;
use crate::key::{KeyInUse, Role};
use crate::record::{Record, Shown, Status};
use crate::resumption::Reason;
use crate::session::{Session, View};
use crate::ticket::Arrangement;

/// Renders records as text.
#[derive(Debug, Clone, Copy)]
pub struct Renderer<'k> {
    /// The keys the tickets were tried with.
    pub ring: &'k KeyRing,
    /// The clock to judge ends by, seconds since 1970.
    pub now: i64,
    /// Whether secrets are held back.
    pub redact: bool,
    /// Colours.
    pub styles: Styles,
}

impl Renderer<'_> {
    /// Appends the text of one ticket, an empty line after it.
    pub fn ticket(&self, record: &Record<'_>, out: &mut Page) {
        let mut text = Draft::new();
        // writing to a String does not fail
        let _ = self.print(record, &mut text);
        self.put(&text, out);
    }

    /// Appends the text of a ticket that was shown before, in a packet of the same capture: where it is this time.
    pub fn ticket_again(&self, record: &Record<'_>, packet: u64, out: &mut Page) {
        let mut text = String::with_capacity(1024);
        // writing to a String does not fail
        let _ = self.print_again(record, packet, &mut text);
        self.put(&text, out);
    }

    /// Appends text, its lines no wider than the terminal.
    fn put(&self, text: &str, out: &mut Page) {
        let Some(width) = self.styles.width else { return out.extend_from_slice(text.as_bytes()) };
        let mut wrapped = Zeroizing::new(String::with_capacity(2 * text.len()));
        wrap::wrap(text, width, &mut wrapped);
        out.extend_from_slice(wrapped.as_bytes());
    }

    fn print_again(&self, record: &Record<'_>, packet: u64, out: &mut String) -> std::fmt::Result {
        self.heading(record, out)?;
        writeln!(out, "  the ticket of packet {packet}, shown above")?;
        if let Some(sighting) = &record.capture {
            self.sighting(sighting, out)?;
        }
        out.push('\n');
        Ok(())
    }

    fn heading(&self, record: &Record<'_>, out: &mut String) -> std::fmt::Result {
        let heading = self.styles.paints().heading;
        let (status, colour) = (record.status(), Paint(status_style(&self.styles, record)));
        writeln!(out, "{heading}{}{heading:#}  {colour}{}{colour:#}", record.place, status.as_str())
    }

    fn print(&self, record: &Record<'_>, out: &mut String) -> std::fmt::Result {
        let Paints { bad, label: faint, .. } = self.styles.paints();
        self.heading(record, out)?;
        if record.opened_with_built_in_key() {
            writeln!(out, "  {bad}opened with a key that anybody can guess{bad:#}")?;
        }
        if let Some(problem) = record.problem(self.ring) {
            writeln!(out, "  {}", problem.error)?;
            writeln!(out, "  {faint}hint: {}{faint:#}", problem.hint)?;
        }
        if let Some(beside) = record.beside {
            self.stood_beside(beside, out)?;
        }
        if let Some(sighting) = &record.capture {
            self.sighting(sighting, out)?;
        }
        if !record.bytes.is_empty() {
            self.ticket_parts(record, out)?;
        }
        if let Some((key, verified)) = record.key() {
            self.key(key, verified, out)?;
        }
        if let Some(shown) = record.session() {
            self.session("Session", shown, false, out)?;
        }
        if let Some(session) = &record.client_session {
            let (own, title) = if !self.redact && self.holds_back(record) {
                (Self { redact: true, ..*self }, "The client's own session (-f json shows its secrets)")
            } else {
                (*self, "The client's own session")
            };
            own.session(title, Shown::Genuine(session), true, out)?;
        }
        out.push('\n');
        Ok(())
    }

    /// Whether the client's own secrets are held back: a ticket that the keys did not open is shown around for advice, and
    /// what opens the session has nothing to do with that.
    fn holds_back(&self, record: &Record<'_>) -> bool {
        !self.ring.is_empty() && record.session().is_none()
    }

    /// What stood beside the ticket in a list.
    fn stood_beside(&self, beside: &Beside, out: &mut String) -> std::fmt::Result {
        let Paints { heading, .. } = self.styles.paints();
        writeln!(out, "  {heading}Beside it{heading:#}")?;
        if let Some(label) = beside.label.as_ref().filter(|_| beside.columns.is_empty()) {
            self.line(out, "label", Text(label.as_bytes()))?;
        }
        for (column, number) in beside.columns.iter().zip(1..) {
            let name = column
                .name
                .as_ref()
                .map_or_else(|| format!("column {number}"), |name| Text(name.as_bytes()).to_string());
            self.line(out, &name, Text(column.text.as_bytes()))?;
        }
        Ok(())
    }

    fn ticket_parts(&self, record: &Record<'_>, out: &mut String) -> std::fmt::Result {
        let Paints { heading, .. } = self.styles.paints();
        let parts = record.ticket();
        // else nothing but the length says how it is put together
        let is_known = record.names_key() || parts.is_none();
        let title = if is_known { "Ticket" } else { "Ticket, if it is of OpenSSL's family" };
        writeln!(out, "  {heading}{title}{heading:#}")?;
        self.line(out, "length", format_args!("{} bytes", record.bytes.len()))?;
        if self.redact && !record.is_sealed() {
            return self.line(out, "bytes", REDACTED);
        }
        let Some(parts) = parts else {
            return self.line(out, "bytes", hex::encode(record.bytes));
        };
        if let Some(name) = parts.key_name() {
            self.line(out, if is_known { "key name" } else { "first 16 bytes (key name)" }, name)?;
        }
        let (iv, mac) = match parts.arrangement() {
            Arrangement::Aead(_) => ("nonce", "tag"),
            _ => ("IV", "MAC"),
        };
        if !parts.iv().is_empty() {
            self.line(out, iv, hex::display(parts.iv()))?;
        }
        self.line(out, "ciphertext", format_args!("{} bytes", parts.ciphertext().len()))?;
        self.line(out, mac, hex::display(parts.mac()))?;
        if parts.arrangement() == Arrangement::Named { Ok(()) } else { self.line(out, "layout", parts.arrangement()) }
    }

    fn key(&self, key: KeyInUse<'_>, verified: bool, out: &mut String) -> std::fmt::Result {
        let Paints { heading, good, bad, .. } = self.styles.paints();
        let origin = key.origin();
        writeln!(out, "  {heading}Key{heading:#}")?;
        let file = Text(origin.file.as_bytes());
        // the order given says which key is to seal, and not which one did
        let role = match origin.role {
            Role::Inactive => "not the first in the order given",
            role => role.as_str(),
        };
        self.line(out, "file", format_args!("{file}, key {}, {role}", origin.index))?;
        let colon = if origin.format.is_empty() { "" } else { ": " };
        self.line(out, "format", format_args!("{}{colon}{}", origin.format, key.layout()))?;
        self.line(out, "algorithms", format_args!("{}, {}", key.cipher_name(), key.mac_name()))?;
        if let Some(slot) = key.slot() {
            self.line(out, "time slot", slot)?;
        }
        if let Some(epoch) = key.epoch() {
            self.line(out, "epoch", epoch)?;
        }
        let proof = if key.scheme().is_aead() { "tag" } else { "MAC" };
        if verified {
            self.line(out, proof, format_args!("{good}verified{good:#}"))
        } else {
            self.line(out, proof, format_args!("{bad}does not verify{bad:#}"))
        }
    }

    fn session(&self, title: &str, shown: Shown<'_, '_>, is_clients: bool, out: &mut String) -> std::fmt::Result {
        let Paints { heading, bad, .. } = self.styles.paints();
        write!(out, "  {heading}{title}{heading:#}")?;
        if shown.is_unverified() {
            write!(out, "  {bad}UNVERIFIED: the MAC does not verify, anybody may have written this{bad:#}")?;
        }
        out.push('\n');
        let view = View { session: shown.session(), now: self.now, redact: self.redact };
        let mut fields = Fields::new(self.styles, view, is_clients, out);
        view.visit(&mut fields);
        fields.finish();
        self.sizes(shown.session(), out);
        Ok(())
    }

    /// How long the session is, and what takes most of it.
    fn sizes(&self, session: &Session<'_>, out: &mut String) {
        let mut separator = "";
        session.each_size(|name, bytes| {
            if separator.is_empty() {
                self.styles.begin_line("size", out);
                // writing to a String does not fail
                let _ = write!(out, "{} bytes: ", session.encoded.len());
            }
            out.push_str(separator);
            out.extend(
                name.split('_').enumerate().flat_map(|(number, word)| [if number > 0 { " " } else { "" }, word]),
            );
            let _ = write!(out, " {bytes}");
            separator = ", ";
        });
        if !separator.is_empty() {
            out.push('\n');
        }
    }

    fn line(&self, out: &mut String, label: &str, value: impl std::fmt::Display) -> std::fmt::Result {
        self.styles.begin_line(label, out);
        write!(out, "{value}")?;
        out.push('\n');
        Ok(())
    }
}

/// A text, its lines no wider than so many columns.
pub(super) fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(2 * text.len());
    wrap::wrap(text, width, &mut out);
    out
}

/// The word at the head of a connection: that of the handshake, but for a PSK that resumes nothing.
pub(super) fn outcome_word(handshake: HandshakeKind, reason: &str) -> &'static str {
    if handshake == HandshakeKind::ResumedPsk && reason == Reason::ExternalPsk.as_str() {
        return Reason::ExternalPsk.as_str();
    }
    handshake.as_str()
}

/// The style for what became of a ticket.
pub(super) fn status_style(styles: &Styles, record: &Record<'_>) -> anstyle::Style {
    match record.status() {
        _ if record.opened_with_built_in_key() => styles.bad,
        Status::Decrypted | Status::PlainSession => styles.good,
        Status::NoKey | Status::StatefulId | Status::Unrecognised => styles.warning,
        _ => styles.bad,
    }
}

/// The closing summary: one line.
#[must_use]
pub fn summary(tally: &Tally) -> String {
    let counts: Vec<String> = tally.counts().map(|(status, count)| format!("{count} {}", status.as_str())).collect();
    let passed_over = match tally.passed_over() {
        0 => String::new(),
        count => format!("; {count} passed over"),
    };
    match tally.tickets() {
        0 => format!("no tickets{passed_over}"),
        1 => format!("1 ticket: {}{passed_over}", counts.join(", ")),
        tickets => format!("{tickets} tickets: {}{passed_over}", counts.join(", ")),
    }
}

/// What became of the connections of captures: one line; `None` if there were none.
#[must_use]
pub fn connection_summary(tally: &Tally) -> Option<String> {
    let counts: Vec<String> = tally.handshakes().map(|(handshake, count)| format!("{count} {handshake}")).collect();
    match tally.connections() {
        0 => None,
        1 => Some(format!("1 connection: {}", counts.join(", "))),
        connections => Some(format!("{connections} connections: {}", counts.join(", "))),
    }
}
