//! What captures add: where a ticket was seen, and a connection as a timeline.

use std::fmt::Write as _;

use super::style::Paint;
use super::{Renderer, outcome_word};
use crate::capture::Connection;
use crate::capture::connection::{Alert, Flight, HandshakeKind, Message, Side};
use crate::capture::container::Time;
use crate::capture::sighting::Sighting;
use crate::escape::Text;
use crate::input::RecordedConnection;
use crate::record::{ConnectionRecord, EarlyData, Source};
use crate::report::Page;
use crate::time::utc;
use crate::tls::hello::{ClientHello, ServerHello};
use crate::tls::tls13;

/// Width of the column of messages.
const MESSAGE_WIDTH: usize = 44;

impl Renderer<'_> {
    /// Appends the text of one connection, an empty line after it.
    pub fn connection(&self, record: &ConnectionRecord<'_>, out: &mut Page) {
        let mut text = String::with_capacity(1024);
        // writing to a String does not fail
        let _ = self.print_connection(record, &mut text);
        self.put(&text, out);
    }

    /// Appends the text of a connection that stood in the input as a record of ours: what is said of it was concluded
    /// when that was written.
    pub fn recorded(&self, source: &Source, line: Option<u64>, connection: &RecordedConnection, out: &mut Page) {
        let mut text = String::with_capacity(512);
        // writing to a String does not fail
        let _ = self.print_recorded(source, line, connection, &mut text);
        self.put(&text, out);
    }

    fn print_recorded(
        &self,
        source: &Source,
        line: Option<u64>,
        connection: &RecordedConnection,
        out: &mut String,
    ) -> std::fmt::Result {
        let heading = self.styles.heading;
        let word = outcome_word(connection.handshake, &connection.reason);
        let colour = self.outcome(connection.handshake, connection.ticket_offered);
        write!(out, "{heading}{}", Text(source.as_bytes()))?;
        if let Some(line) = line {
            write!(out, ": line {line}")?;
        }
        write!(out, ": {}{heading:#}  {colour}{word}{colour:#}", connection.number())?;
        for name in [&connection.protocol, &connection.cipher].into_iter().flatten() {
            write!(out, "  {}", Text(name.as_bytes()))?;
        }
        writeln!(out, "\n  as recorded: {colour}{}{colour:#}", Text(connection.why.as_bytes()))?;
        write!(out, "  {} to {}", connection.client, connection.server)?;
        if let Some(name) = &connection.sni {
            write!(out, ", {}", Text(name.as_bytes()))?;
        }
        writeln!(out, ", {}\n", date(connection.time))
    }

    /// The colour of how a handshake went.
    fn outcome(&self, handshake: HandshakeKind, ticket_offered: bool) -> Paint {
        Paint(match handshake {
            HandshakeKind::Incomplete => self.styles.bad,
            HandshakeKind::Full if ticket_offered => self.styles.warning,
            _ => self.styles.good,
        })
    }

    /// Where a ticket was seen.
    pub(super) fn sighting(&self, sighting: &Sighting<'_>, out: &mut String) -> std::fmt::Result {
        let super::Paints { heading, good, bad, .. } = self.styles.paints();
        writeln!(out, "  {heading}Capture{heading:#}")?;
        self.line(out, "packet", format_args!("{}, {}", sighting.packet, date(sighting.time)))?;
        let (client, server) = (sighting.client, sighting.server);
        self.line(out, "connection", format_args!("{}, {client} to {server}", sighting.number.in_field()))?;
        match (sighting.identity, sighting.selected) {
            (Some(number), Some(true)) => {
                self.line(out, "message", format_args!("{}, identity {number}, selected", sighting.carrier.label()))?;
            }
            (Some(number), _) => {
                self.line(out, "message", format_args!("{}, identity {number}", sighting.carrier.label()))?;
            }
            _ => self.line(out, "message", sighting.carrier.label())?,
        }
        if let Some(random) = &sighting.client_random {
            self.line(out, "client random", hex::encode(random))?;
        }
        if let Some(name) = sighting.sni {
            self.line(out, "server name", Text(name))?;
        }
        match sighting.binder {
            Some(true) => self.line(out, "binder", format_args!("{good}verified{good:#}"))?,
            Some(false) => self.line(out, "binder", format_args!("{bad}mismatch{bad:#}"))?,
            None => {}
        }
        if let Some((number, packet)) = sighting.issued_by {
            self.line(out, "issued by", format_args!("{number}, packet {packet}"))?;
        }
        if let Some(age) = sighting.age_ms {
            self.line(out, "age, by the client", format_args!("{}.{:03} s", age / 1000, age % 1000))?;
        }
        Ok(())
    }

    fn print_connection(&self, record: &ConnectionRecord<'_>, out: &mut String) -> std::fmt::Result {
        let super::Paints { heading, label: faint, .. } = self.styles.paints();
        let connection = record.connection;
        let source = Text(record.source.as_bytes());
        let colour = self.outcome(record.handshake, record.ticket_offered());
        let word = outcome_word(record.handshake, record.reason.as_str());
        write!(out, "{heading}{source}: {}{heading:#}  {colour}{word}{colour:#}", connection.number())?;
        if let Some(protocol) = record.protocol_name() {
            write!(out, "  {protocol}")?;
        }
        match record.cipher() {
            Some((_, Some(suite))) => writeln!(out, "  {}", suite.openssl.unwrap_or(suite.iana))?,
            Some((id, None)) => writeln!(out, "  {id:04x}")?,
            None => writeln!(out)?,
        }
        writeln!(out, "  {colour}{}{colour:#}", record.why)?;
        write!(out, "  {} to {}", connection.client, connection.server)?;
        if let Some(name) = record.client_hello.as_ref().and_then(|hello| hello.server_name) {
            write!(out, ", {}", Text(name))?;
        }
        writeln!(out, ", {}", date(connection.time))?;
        for event in events(connection) {
            let arrow = if event.from == Side::Client { "-->" } else { "<--" };
            let text = event.text;
            match event.at {
                Some((packet, time)) => {
                    let after = since(connection.time, time);
                    let (text, rest) = break_at_comma(&text);
                    writeln!(out, "    {arrow} {text:MESSAGE_WIDTH$} {faint}packet {packet}, +{after} s{faint:#}")?;
                    if !rest.is_empty() {
                        writeln!(out, "        {rest}")?;
                    }
                }
                None => writeln!(out, "    {arrow} {text}")?,
            }
        }
        if record.early_data() != EarlyData::None {
            writeln!(out, "  early data {}", record.early_data().as_str())?;
        }
        out.push('\n');
        Ok(())
    }
}

/// A text that is wider than its column in two parts, which are to stand below each other.
fn break_at_comma(text: &str) -> (&str, &str) {
    if text.len() <= MESSAGE_WIDTH {
        return (text, "");
    }
    let comma = text.match_indices(", ").map(|(at, _)| at + 1).take_while(|at| *at <= MESSAGE_WIDTH).last();
    let (first, rest) = comma.and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""));
    (first, rest.trim_start())
}

/// One arrow.
struct Event {
    from: Side,
    text: String,
    at: Option<(u64, Time)>,
}

/// The messages of a connection, those that were seen, in the order of the protocol.
fn events(connection: &Connection) -> Vec<Event> {
    let mut events = Vec::new();
    let mut push = |from, text: String, message: Option<&Message>| {
        events.push(Event { from, text, at: message.map(|message| (message.packet, message.time)) });
    };
    let mut answers = connection.server_hellos.iter();
    for (number, message) in connection.client_hellos.iter().enumerate() {
        let Some(hello) = ClientHello::parse(&message.bytes) else { continue };
        push(Side::Client, client_hello(&hello), Some(message));
        if let Some((packet, time)) = connection.flight.hello_verify_request.filter(|_| number == 0) {
            let request = Message { bytes: Vec::new(), packet, time };
            push(Side::Server, "HelloVerifyRequest".to_owned(), Some(&request));
        } else if let Some(answer) = answers.next() {
            push(Side::Server, server_hello(answer), Some(answer));
        }
    }
    for answer in answers {
        push(Side::Server, server_hello(answer), Some(answer));
    }
    let Flight { certificate, key_exchange, certificate_request, hello_done, .. } = connection.flight;
    let flight = [
        (certificate, "Certificate"),
        (key_exchange, "ServerKeyExchange"),
        (certificate_request, "CertificateRequest"),
        (hello_done, "ServerHelloDone"),
    ];
    let flight: Vec<&str> = flight.into_iter().filter_map(|(seen, name)| seen.then_some(name)).collect();
    let tls13 = connection.server_hello().is_some_and(|hello| hello.is_tls13);
    let full = !flight.is_empty();
    if full {
        push(Side::Server, flight.join(", "), None);
    }
    let client_ends = |push: &mut dyn FnMut(Side, String, Option<&Message>)| {
        if connection.flight.client_changed && !tls13 {
            let flight = &connection.flight;
            let seen = [
                (flight.client_certificate_message && !flight.client_certificate, "empty Certificate"),
                (flight.client_certificate, "Certificate"),
                (flight.client_key_exchange, "ClientKeyExchange"),
                (flight.certificate_verify, "CertificateVerify"),
                (true, "ChangeCipherSpec"),
                (connection.client_finished.is_some(), "Finished"),
            ];
            let seen: Vec<&str> = seen.into_iter().filter_map(|(seen, name)| seen.then_some(name)).collect();
            push(Side::Client, seen.join(", "), None);
        }
    };
    if full {
        client_ends(&mut push);
    }
    for (message, issued) in connection.issued() {
        let (length, lifetime) = (issued.ticket.len(), issued.lifetime_hint);
        push(Side::Server, issue(length, lifetime), Some(message));
    }
    for message in &connection.opened_tickets {
        if let Some(issued) = tls13::NewSessionTicket::parse(&message.bytes) {
            let (length, lifetime) = (issued.ticket.len(), issued.lifetime);
            push(Side::Server, issue(length, lifetime), Some(message));
        }
    }
    if connection.flight.server_changed && !tls13 {
        let finished = if connection.server_finished.is_some() { ", Finished" } else { "" };
        push(Side::Server, format!("ChangeCipherSpec{finished}"), None);
    }
    if !full {
        client_ends(&mut push);
    }
    if let Some(alert) = connection.alert {
        let (level, name, number) = (alert.level_name(), alert.name(), alert.description);
        let at = place_of(&alert, &events);
        events.insert(
            at,
            Event {
                from: alert.from,
                text: format!("alert, {level}: {name} ({number})"),
                at: Some((alert.packet, alert.time)),
            },
        );
    }
    events
}

/// Where among the messages an alert stands: before the first of its sender if it came first, else before those of later
/// packets.
fn place_of(alert: &Alert, events: &[Event]) -> usize {
    let is_later = |event: &Event| match event.at {
        _ if alert.is_first && event.from == alert.from => true,
        Some((packet, _)) => packet > alert.packet,
        None => false,
    };
    events.iter().position(is_later).unwrap_or(events.len())
}

/// A `NewSessionTicket`; a lifetime of 0 says nothing of it (RFC 9846, before it RFC 5077 section 3.3).
fn issue(length: usize, lifetime: u32) -> String {
    match lifetime {
        0 => format!("NewSessionTicket, {length} bytes, no lifetime given"),
        _ => format!("NewSessionTicket, {length} bytes, {lifetime} s"),
    }
}

fn client_hello(hello: &ClientHello<'_>) -> String {
    let mut text = "ClientHello".to_owned();
    match hello.session_ticket {
        Some([]) if hello.identities.is_empty() => text += ", asks for a ticket",
        Some([]) | None => {}
        Some(ticket) => drop(write!(text, ", ticket of {} bytes", ticket.len())),
    }
    match hello.identities.as_slice() {
        [] => {}
        [identity] => drop(write!(text, ", PSK identity of {} bytes", identity.identity.len())),
        identities => drop(write!(text, ", {} PSK identities", identities.len())),
    }
    if hello.early_data {
        text += ", early data";
    }
    text
}

fn server_hello(message: &Message) -> String {
    let Some(hello) = ServerHello::parse(&message.bytes) else { return "ServerHello".to_owned() };
    if hello.is_retry_request() {
        return "HelloRetryRequest".to_owned();
    }
    match (hello.selected_identity, hello.key_share) {
        (Some(number), true) => format!("ServerHello, PSK identity {number}"),
        (Some(number), false) => format!("ServerHello, PSK identity {number}, no key share"),
        (None, _) => "ServerHello".to_owned(),
    }
}

fn date(time: Time) -> String {
    match utc(time.seconds) {
        Some(date) => format!("{}.{:06}Z", date.trim_end_matches('Z'), time.nanoseconds / 1000),
        None => time.to_string(),
    }
}

/// Seconds between two times, with six decimals.
fn since(start: Time, end: Time) -> String {
    let nanoseconds = |time: Time| i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanoseconds);
    let micros = (nanoseconds(end) - nanoseconds(start)) / 1000;
    format!("{}{}.{:06}", if micros < 0 { "-" } else { "" }, micros.abs() / 1_000_000, micros.abs() % 1_000_000)
}
