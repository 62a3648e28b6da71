//! One line a ticket and a connection, in columns: for many of them, a pager and `grep`.

use std::fmt::Write as _;
use std::net::SocketAddr;

use super::Page;
use super::text::{Styles, columns, outcome_word, status_style};
use crate::capture::connection::HandshakeKind;
use crate::capture::container::Time;
use crate::capture::sighting::{Carrier, Sighting};
use crate::escape::Text;
use crate::input::RecordedConnection;
use crate::record::{ConnectionRecord, Record};
use crate::session::Session;
use crate::time::utc;

/// Width of the column of key names, which are 16 bytes of hex.
const NAME_WIDTH: usize = 32;
/// Width of the column of what became of a ticket or a connection: the longest is `resumed_session_id`.
const STATE_WIDTH: usize = 18;
/// Width of the column of reasons: the longest is `no_ticket_offered`.
const REASON_WIDTH: usize = 17;
/// Width of the column of inputs and lines in them.
const PLACE_WIDTH: usize = 24;
/// What most lines fit in, bytes.
const INITIAL_CAPACITY: usize = 256;

/// Renders records as lines. No secret is in them.
#[derive(Debug, Clone, Copy)]
pub struct Renderer {
    /// The clock to judge ends by, seconds since 1970.
    pub now: i64,
    /// Colours. Lines that are wider than the terminal are cut.
    pub styles: Styles,
}

impl Renderer {
    /// Appends the line of one ticket.
    pub fn ticket(&self, record: &Record<'_>, out: &mut Page) {
        let mut line = String::with_capacity(INITIAL_CAPACITY);
        // writing to a String does not fail
        let _ = self.print_ticket(record, &mut line);
        self.put(&line, out);
    }

    /// Appends the line of one connection.
    pub fn connection(&self, record: &ConnectionRecord<'_>, out: &mut Page) {
        let connection = record.connection;
        let line = Line {
            number: connection.number().short(),
            time: connection.time,
            handshake: record.handshake,
            ticket_offered: record.ticket_offered(),
            reason: record.reason.as_str(),
            protocol: record.protocol_name(),
            client: connection.client,
            server: connection.server,
            sni: record.client_hello.as_ref().and_then(|hello| hello.server_name),
        };
        self.line(&line, out);
    }

    /// Appends the line of a connection that stood in the input as a record of ours.
    pub fn recorded(&self, connection: &RecordedConnection, out: &mut Page) {
        let line = Line {
            number: connection.number().short(),
            time: connection.time,
            handshake: connection.handshake,
            ticket_offered: connection.ticket_offered,
            reason: &connection.reason,
            protocol: connection.protocol.as_deref(),
            client: connection.client,
            server: connection.server,
            sni: connection.sni.as_deref().map(str::as_bytes),
        };
        self.line(&line, out);
    }

    fn line(&self, connection: &Line<'_>, out: &mut Page) {
        let mut line = String::with_capacity(INITIAL_CAPACITY);
        // writing to a String does not fail
        let _ = self.print_connection(connection, &mut line);
        self.put(&line, out);
    }

    fn put(&self, line: &str, out: &mut Page) {
        let line = line.trim_end();
        match self.styles.width.filter(|width| columns(line) > *width) {
            Some(width) => out.extend_from_slice(cut(line, width).as_bytes()),
            None => out.extend_from_slice(line.as_bytes()),
        }
        out.extend_from_slice(b"\n");
    }

    fn print_ticket(&self, record: &Record<'_>, out: &mut String) -> std::fmt::Result {
        let Styles { label: faint, warning, .. } = self.styles;
        write!(out, "ticket      ")?;
        match &record.capture {
            Some(sighting) => write!(out, "{faint}#{:<5} {}{faint:#}", sighting.number.short(), date(sighting.time))?,
            None => write!(out, "{faint}{:PLACE_WIDTH$}{faint:#}", place(record))?,
        }
        let (status, style) = (record.status(), status_style(&self.styles, record));
        write!(out, "  {style}{:STATE_WIDTH$}{style:#}", status.as_str())?;
        if let Some(sighting) = &record.capture {
            write!(out, "  {:REASON_WIDTH$}", part(sighting))?;
        }
        let shown = record.session();
        let session = shown.map(crate::record::Shown::session);
        let protocol = session.map_or("-", |session| session.protocol.name());
        let name = record.ticket().and_then(|ticket| ticket.key_name()).map(|name| name.to_string());
        write!(out, "  {protocol:7}  {:NAME_WIDTH$}", name.as_deref().unwrap_or("-"))?;
        let seen = record.capture.as_ref().and_then(|sighting| sighting.sni);
        if let Some(name) = seen.or_else(|| session?.hostname) {
            write!(out, "  {}", Text(name))?;
        }
        if let Some(end) = session.and_then(Session::expires) {
            let end_utc = utc(end).unwrap_or_else(|| end.to_string());
            match session.and_then(|session| session.expired(self.now)) {
                Some(true) => write!(out, "  {warning}expired {end_utc}{warning:#}")?,
                _ => write!(out, "  until {end_utc}")?,
            }
        }
        if let Some((key, verified)) = record.key() {
            let doubt = if verified { "" } else { ", does not verify" };
            write!(out, "  {} {}{doubt}", Text(key.origin().file.as_bytes()), key.origin().index)?;
        }
        if record.opened_with_built_in_key() {
            write!(out, "  {warning}guessable key{warning:#}")?;
        }
        if shown.is_some_and(crate::record::Shown::is_unverified) {
            write!(out, "  {warning}UNVERIFIED{warning:#}")?;
        }
        Ok(())
    }

    fn print_connection(&self, connection: &Line<'_>, out: &mut String) -> std::fmt::Result {
        let Styles { good, bad, warning, label: faint, .. } = self.styles;
        let style = match connection.handshake {
            HandshakeKind::Incomplete => bad,
            HandshakeKind::Full if connection.ticket_offered => warning,
            _ => good,
        };
        write!(out, "connection  {faint}#{:<5} {}{faint:#}", connection.number, date(connection.time))?;
        write!(out, "  {style}{:STATE_WIDTH$}{style:#}", outcome_word(connection.handshake, connection.reason))?;
        let reason = Text(connection.reason.as_bytes()).to_string();
        let protocol = Text(connection.protocol.unwrap_or("-").as_bytes()).to_string();
        write!(out, "  {reason:REASON_WIDTH$}  {protocol:7}  {} > {}", connection.client, connection.server)?;
        if let Some(name) = connection.sni {
            write!(out, "  {}", Text(name))?;
        }
        Ok(())
    }
}

/// What the line of a connection is made of.
struct Line<'a> {
    number: String,
    time: Time,
    handshake: HandshakeKind,
    ticket_offered: bool,
    reason: &'a str,
    protocol: Option<&'a str>,
    client: SocketAddr,
    server: SocketAddr,
    sni: Option<&'a [u8]>,
}

/// Where a ticket of no capture is: of a long path the end, which tells more.
fn place(record: &Record<'_>) -> String {
    let source = Text(record.place.source.as_bytes());
    let place = match record.place.line {
        Some(line) => format!("{source}:{line}"),
        None => format!("{source} {}", record.place.index),
    };
    let length = place.chars().count();
    if length <= PLACE_WIDTH {
        return place;
    }
    std::iter::once('<').chain(place.chars().skip(length + 1 - PLACE_WIDTH)).collect()
}

/// What a message of a capture did with a ticket.
fn part(sighting: &Sighting<'_>) -> &'static str {
    match (sighting.carrier, sighting.selected, sighting.hello) {
        (Carrier::NewSessionTicket, ..) => "issued",
        (Carrier::Psk, Some(true), _) => "offered, selected",
        (_, _, Some(1..)) => "offered again",
        _ => "offered",
    }
}

/// A time to the millisecond.
fn date(time: Time) -> String {
    match utc(time.seconds) {
        Some(date) => {
            let date = date.trim_end_matches('Z').replace('T', " ");
            format!("{date}.{:03}", time.nanoseconds / 1_000_000)
        }
        None => time.to_string(),
    }
}

/// The first columns of a line, and the sign that there are more. Sequences that colour it take none, and stay.
fn cut(line: &str, width: usize) -> String {
    let (mut column, mut escaped) = (0, false);
    let mut kept = String::with_capacity(line.len());
    for character in line.chars() {
        if escaped || character == '\x1b' {
            escaped = character != 'm';
            kept.push(character);
        } else if column + 1 < width {
            kept.push(character);
            column += 1;
        } else if column < width {
            kept.push('>');
            column = width;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_the_terminal_ends() {
        assert_eq!(cut("abcdef", 4), "abc>");
        assert_eq!(cut("\x1b[31mabcdef\x1b[0m", 4), "\x1b[31mabc>\x1b[0m");
        assert_eq!(columns(&cut("a\x1b[1mbc\x1b[0mdef", 3)), 3);
    }

    #[test]
    fn times_are_shown_to_the_millisecond() {
        assert_eq!(date(Time { seconds: 1_700_000_000, nanoseconds: 7_900_000 }), "2023-11-14 22:13:20.007");
    }
}
