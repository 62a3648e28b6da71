//! One sentence: what happened to the resumption, and the likely cause.

use std::fmt::Write as _;

use super::{Attempt, Opened, Verdict};
use crate::capture::Connection;
use crate::capture::connection::{Alert, HandshakeKind, Malformed, Side};
use crate::capture::sighting::Carrier;
use crate::key::{KeyName, Role};
use crate::tls::hello::{ClientHello, ServerHello};

/// By how much clocks may differ before a ticket's age is remarkable, in seconds.
const CLOCK_TOLERANCE: i64 = 10;

/// What happened to the resumption in a connection, and why, as far as its tickets (`attempts`, in their order) and
/// the capture support it. `now` is the time of the connection, seconds since 1970.
#[must_use]
pub fn why(connection: &Connection, attempts: &[Attempt], now: i64) -> String {
    let (client, server) = (connection.client_hello(), connection.server_hello());
    explain(connection, client.as_ref(), server.as_ref(), connection.handshake(), attempts, now)
}

/// The same with the hellos and the kind of the handshake, which are known already.
pub(crate) fn explain(
    connection: &Connection,
    client: Option<&ClientHello<'_>>,
    server: Option<&ServerHello<'_>>,
    handshake: HandshakeKind,
    attempts: &[Attempt],
    now: i64,
) -> String {
    let Some(client) = client else {
        if let Some(malformed) = connection.malformed.filter(|malformed| malformed.from == Side::Client) {
            return unreadable(malformed, connection.alert);
        }
        let what = if connection.client_lost {
            "the capture does not have the whole ClientHello"
        } else {
            "the capture begins after the ClientHello"
        };
        return format!("{what}: what the client brought is not known");
    };
    let Some(server) = server else { return unanswered(connection) };
    let issued = attempts.iter().find(|attempt| attempt.carrier == Carrier::NewSessionTicket);
    let last = connection.client_hellos.len().saturating_sub(1);
    let mut brought = attempts.iter().filter(|attempt| attempt.hello == Some(last));
    match handshake {
        HandshakeKind::Incomplete => incomplete(connection),
        HandshakeKind::ResumedSessionId => {
            "the server found the session ID in its own cache; no ticket was involved".to_owned()
        }
        HandshakeKind::ResumedTicket => {
            resumed(brought.find(|attempt| attempt.carrier == Carrier::SessionTicket), issued, now)
        }
        HandshakeKind::ResumedPsk => chosen_psk(server, brought.find(|attempt| attempt.selected), now),
        HandshakeKind::Full => {
            let carrier = if server.is_tls13 { Carrier::Psk } else { Carrier::SessionTicket };
            match brought.find(|attempt| attempt.carrier == carrier) {
                Some(attempt) => refused(connection, server, attempt, issued, now),
                None => not_offered(client, server, issued),
            }
        }
    }
}

/// A hello that nobody can read, and what the other side said to it.
fn unreadable(malformed: Malformed, alert: Option<Alert>) -> String {
    let (hello, error) = (if malformed.from == Side::Client { "ClientHello" } else { "ServerHello" }, malformed.error);
    let answer = match alert.filter(|alert| alert.from != malformed.from) {
        Some(alert) => {
            let (from, name, number) = (alert.from.as_str(), alert.name(), alert.description);
            format!("; the {from} answered with the alert {name} ({number})")
        }
        None => String::new(),
    };
    format!("the {hello} cannot be read: {error}{answer}")
}

fn unanswered(connection: &Connection) -> String {
    let other = connection.evidence(Side::Server).other;
    match connection.alert {
        Some(alert) if alert.is_fatal() => failed(alert),
        _ if connection.malformed.is_some() => {
            connection.malformed.map_or_else(String::new, |malformed| unreadable(malformed, connection.alert))
        }
        _ if other.is_some() => {
            other.map_or_else(String::new, |other| format!("the server did not answer with TLS, but with {other}"))
        }
        Some(alert) => failed(alert),
        None if connection.retry_request().is_some() => {
            "the server asked for another ClientHello, and the capture does not show what came of it".to_owned()
        }
        None if connection.server_lost => "packets with the server's answer are missing from the capture".to_owned(),
        None => "the capture shows no answer to the ClientHello".to_owned(),
    }
}

fn incomplete(connection: &Connection) -> String {
    match connection.alert.filter(|alert| alert.level == 2) {
        Some(alert) => failed(alert),
        None if connection.server_lost || connection.client_lost => {
            "packets of the handshake are missing from the capture: whether it resumed is not known".to_owned()
        }
        None if connection.flight.server_changed => {
            "an abbreviated handshake, and the client had brought neither a ticket nor this session ID".to_owned()
        }
        None => "the capture ends before the handshake does".to_owned(),
    }
}

fn failed(alert: Alert) -> String {
    let (from, name, number) = (alert.from.as_str(), alert.name(), alert.description);
    format!("the handshake failed: the {from} sent the alert {name} ({number})")
}

fn resumed(brought: Option<&Attempt>, issued: Option<&Attempt>, now: i64) -> String {
    let mut text = "the server accepted the ticket".to_owned();
    let opened = brought.and_then(opened);
    if let Some(late) = opened.and_then(|opened| expired_by(opened, now)) {
        let _ = write!(text, ", although it had expired {late} before");
    }
    let Some(issued) = issued else { return text };
    text += " and issued another one in its place";
    let names = (brought.and_then(|attempt| attempt.key_name), issued.key_name);
    if let Some((old, new)) = names.0.zip(names.1).filter(|(old, new)| old != new) {
        let _ = write!(text, ", under the key {new} instead of {old}");
        text += if opened.is_some_and(|opened| opened.role == Role::Inactive) {
            ": the old key only opens tickets, it no longer seals them"
        } else {
            ": the server's keys were rotated"
        };
    }
    text
}

fn chosen_psk(server: &ServerHello<'_>, chosen: Option<&Attempt>, now: i64) -> String {
    let number = server.selected_identity.unwrap_or(0);
    let mut text = match chosen.map(|attempt| &attempt.verdict) {
        Some(Verdict::StatefulId) => {
            format!("the server chose PSK identity {number}, a session ID of its own cache")
        }
        Some(Verdict::Opened(opened)) if opened.binder == Some(true) => {
            format!("the server accepted the ticket, PSK identity {number}, and its PSK gives the client's binder")
        }
        Some(Verdict::Opened(opened)) if opened.binder == Some(false) => {
            format!("the server accepted PSK identity {number}, but the PSK in the ticket does not give the binder")
        }
        _ => format!("the server accepted PSK identity {number}"),
    };
    if let Some(Verdict::Opened(opened)) = chosen.map(|attempt| &attempt.verdict) {
        if let Some(late) = expired_by(opened, now) {
            let _ = write!(text, ", although it had expired {late} before");
        }
        if opened.role == Role::Inactive {
            text += "; its key only opens tickets, new ones come under another key";
        }
    }
    if server.is_psk_only() {
        text += "; without a Diffie-Hellman exchange (psk_ke), so that the ticket alone decrypts the connection";
    }
    text
}

fn not_offered(client: &ClientHello<'_>, server: &ServerHello<'_>, issued: Option<&Attempt>) -> String {
    let got = match issued {
        Some(_) => "; it was given one",
        None if server.is_tls13 => "",
        None if server.announces_ticket => "; it was given none although the server announced one",
        None => "; the server issued none",
    };
    let other_ticket = client.session_ticket.is_some_and(|ticket| !ticket.is_empty());
    if other_ticket && server.is_tls13 {
        return "the client brought a ticket of TLS 1.2 or before, and the server chose TLS 1.3, which cannot use it"
            .to_owned();
    }
    if !client.identities.is_empty() && !server.is_tls13 {
        let name = server.protocol.name();
        return format!("the client brought a TLS 1.3 ticket, and the server chose {name}, which cannot use it");
    }
    // with TLS 1.3 a session ID is often made up for the sake of middleboxes
    if !client.session_id.is_empty() && !client.offers_tls13 && !server.is_tls13 {
        return format!("the client brought a session ID that the server no longer knew, but no ticket{got}");
    }
    match client.session_ticket {
        Some(_) => format!("the client brought no ticket and asked for one{got}"),
        None if server.is_tls13 => "the client brought no ticket".to_owned(),
        None => format!("the client neither brought a ticket nor asked for one{got}"),
    }
}

fn refused(
    connection: &Connection,
    server: &ServerHello<'_>,
    brought: &Attempt,
    issued: Option<&Attempt>,
    now: i64,
) -> String {
    let what = if brought.carrier == Carrier::Psk { "PSK identity" } else { "ticket" };
    let cause = match &brought.verdict {
        Verdict::StatefulId => {
            "it is a session ID, and the server's cache did not have the session any more".to_owned()
        }
        Verdict::Opened(opened) => opened_and_refused(connection, server, brought, opened, issued, now),
        Verdict::BadMac => {
            "its MAC does not verify: it was altered, or the secrets changed under the same key name".to_owned()
        }
        Verdict::Unusable => "what is sealed in it is no session".to_owned(),
        Verdict::UnknownKey => match other_key(brought, issued) {
            Some((old, new)) => format!(
                "it is sealed under the key {old}, which is none of those given, and the server issues tickets under \
                 {new}: the keys were rotated, or another node sealed it"
            ),
            None => format!("it is sealed under {}, which is none of the keys given", key_of(brought)),
        },
        Verdict::NoKey => match other_key(brought, issued) {
            Some((old, new)) => format!(
                "it is sealed under the key {old}, and the server issues tickets under {new}: the keys were rotated, \
                 or another node sealed it"
            ),
            None if without_tickets(server, issued) => WITHOUT_TICKETS.to_owned(),
            None => format!("it is sealed under {}; --key FILE tells more", key_of(brought)),
        },
        Verdict::Malformed if without_tickets(server, issued) => WITHOUT_TICKETS.to_owned(),
        Verdict::Malformed => "it has not the form of the tickets that are understood here".to_owned(),
    };
    format!("the server did not accept the {what}: {cause}")
}

const WITHOUT_TICKETS: &str = "it answered without tickets, which are turned off there or not for this host";

/// TLS ≤ 1.2: a server that uses tickets says so, or issues one.
fn without_tickets(server: &ServerHello<'_>, issued: Option<&Attempt>) -> bool {
    !server.is_tls13 && !server.announces_ticket && issued.is_none()
}

fn opened_and_refused(
    connection: &Connection,
    server: &ServerHello<'_>,
    brought: &Attempt,
    ticket: &Opened,
    issued: Option<&Attempt>,
    now: i64,
) -> String {
    if let Some(late) = expired_by(ticket, now) {
        return format!("it had expired {late} before{}", age(ticket, now));
    }
    if let Some(name) = &ticket.other_name {
        return format!("it was sealed for the host name {name}, and the client asked for another one");
    }
    if ticket.protocol.is_known() && ticket.protocol != server.protocol {
        let (old, new) = (ticket.protocol.name(), server.protocol.name());
        return format!("its session is of {old}, and the server chose {new}");
    }
    if ticket.binder == Some(false) {
        return "the client's binder does not come from the PSK in it".to_owned();
    }
    if let Some((old, new)) = other_key(brought, issued) {
        return format!(
            "it is sealed under the key {old}, and the server issues tickets under {new}: the server does not have \
             the old key (any more), or another node sealed it"
        );
    }
    if ticket.role == Role::Ignored {
        return "the server does not load the key that sealed it".to_owned();
    }
    if without_tickets(server, issued) {
        return WITHOUT_TICKETS.to_owned();
    }
    if !server.is_tls13 && ticket.cipher.is_some_and(|cipher| cipher != server.cipher) {
        return "its session has a cipher suite that the server no longer chooses".to_owned();
    }
    let mut text = "it opens, and neither it nor the capture shows the cause: perhaps the server does not have this \
                    key, or wants another session ID context, or keeps tickets from being used twice"
        .to_owned();
    if connection.retry_request().is_some() {
        text += "; the server also asked for another key share";
    }
    text + &age(ticket, now)
}

/// What the client's reckoning of the age adds, where it is at odds with the time sealed in the ticket.
fn age(ticket: &Opened, now: i64) -> String {
    let (Some(age), Some(time)) = (ticket.age_ms, ticket.time) else { return String::new() };
    let (client, server) = (i64::from(age / 1000), now.saturating_sub(time));
    if client.abs_diff(server) <= CLOCK_TOLERANCE.unsigned_abs() {
        return String::new();
    }
    format!("; the client reckons it is {} old, and it was sealed {} before", span(client), span(server))
}

fn opened(attempt: &Attempt) -> Option<&Opened> {
    match &attempt.verdict {
        Verdict::Opened(opened) => Some(opened),
        _ => None,
    }
}

/// By how much it had expired.
fn expired_by(ticket: &Opened, now: i64) -> Option<String> {
    let late = now.saturating_sub(ticket.expires?);
    (late > 0).then(|| span(late))
}

/// The key of the ticket that was brought and the one that new tickets are sealed with, where they differ.
fn other_key(brought: &Attempt, issued: Option<&Attempt>) -> Option<(KeyName, KeyName)> {
    let (old, new) = (brought.key_name?, issued?.key_name?);
    (old != new).then_some((old, new))
}

fn key_of(attempt: &Attempt) -> String {
    attempt.key_name.map_or_else(|| "a key without a name".to_owned(), |name| format!("the key {name}"))
}

/// A span of time in words.
fn span(seconds: i64) -> String {
    match seconds.unsigned_abs() {
        1 => "1 second".to_owned(),
        seconds @ 0..120 => format!("{seconds} seconds"),
        seconds @ 120..7200 => format!("{} minutes", seconds / 60),
        seconds @ 7200..172_800 => format!("{} hours", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}
