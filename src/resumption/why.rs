//! What happened to a resumption: the reason, made of the evidence and of the opened tickets, and one sentence for it.

use std::fmt::Write as _;

use super::history::{self, History, Name, Server, opened};
use super::reason::{Conclusion, Reason};
use super::{Attempt, Opened, Unrecognised, Verdict};
use crate::capture::Connection;
use crate::capture::connection::{Alert, HandshakeKind, Malformed, Side};
use crate::capture::sighting::Carrier;
use crate::escape::Text;
use crate::key::{KeyName, Role};
use crate::tls::hello::{ClientHello, ServerHello};
use crate::tls::tls13::Hash;

/// By how much clocks may differ before a ticket's age is remarkable, in seconds.
const CLOCK_TOLERANCE: i64 = 10;

/// What is known of a connection when it is judged.
struct Facts<'a> {
    connection: &'a Connection,
    client: &'a ClientHello<'a>,
    server: &'a ServerHello<'a>,
    /// The ticket that decided, or would have.
    brought: Option<&'a Attempt>,
    /// The first ticket that the server issued, and how many there are.
    issued: Option<&'a Attempt>,
    issued_count: usize,
    history: &'a History,
    now: i64,
}

/// What happened to the resumption in a connection, and why, as far as its tickets (`attempts`, in their order), the
/// capture, and the connections before it support it. `now` is the time of the connection, seconds since 1970.
#[must_use]
pub fn conclude(connection: &Connection, attempts: &[Attempt], history: &History, now: i64) -> Conclusion {
    let (client, server) = (connection.client_hello(), connection.server_hello());
    let Some(client) = &client else { return without_client_hello(connection) };
    let Some(server) = &server else { return unanswered(connection) };
    let mut all_issued = attempts.iter().filter(|attempt| attempt.carrier == Carrier::NewSessionTicket);
    let issued = all_issued.next();
    let issued_count = usize::from(issued.is_some()) + all_issued.count();
    let brought = history::brought(connection, attempts);
    let facts = Facts { connection, client, server, brought, issued, issued_count, history, now };
    match connection.handshake_of(Some(client), Some(server)) {
        HandshakeKind::Incomplete => incomplete(connection),
        HandshakeKind::ResumedSessionId => Conclusion::new(
            Reason::Resumed,
            "the server took up the session of the ID that the client brought, from its own cache; no ticket was involved",
        ),
        HandshakeKind::ResumedTicket => facts.resumed(),
        HandshakeKind::ResumedPsk => facts.chosen_psk(),
        HandshakeKind::Full => match brought {
            Some(brought) => facts.refused(brought),
            None => facts.not_offered(),
        },
    }
}

fn without_client_hello(connection: &Connection) -> Conclusion {
    if let Some(malformed) = connection.malformed.filter(|malformed| malformed.from == Side::Client) {
        return unreadable(malformed, connection.alert);
    }
    let what = if !connection.evidence(Side::Client).seen && connection.evidence(Side::Server).seen {
        "the capture has only the server's packets"
    } else if connection.client_lost {
        "the capture does not have the whole ClientHello"
    } else {
        "the capture begins after the ClientHello"
    };
    Conclusion::new(Reason::NotInCapture, format!("{what}: what the client brought is not known"))
}

/// A hello that nobody can read, and what the other side said to it.
fn unreadable(malformed: Malformed, alert: Option<Alert>) -> Conclusion {
    let (hello, error) = (if malformed.from == Side::Client { "ClientHello" } else { "ServerHello" }, malformed.error);
    let answer = match alert.filter(|alert| alert.from != malformed.from) {
        Some(alert) => format!("; the {} answered with the alert {}", alert.from.as_str(), named(alert)),
        None => String::new(),
    };
    Conclusion::new(Reason::MalformedHello, format!("the {hello} cannot be read: {error}{answer}"))
}

fn named(alert: Alert) -> String {
    format!("{} ({})", alert.name(), alert.description)
}

fn failed(alert: Alert) -> Conclusion {
    let (from, name) = (alert.from.as_str(), named(alert));
    Conclusion::new(Reason::Alert, format!("the handshake failed: the {from} sent the alert {name}"))
}

/// There is no ServerHello, or only a HelloRetryRequest.
fn unanswered(connection: &Connection) -> Conclusion {
    let server = connection.evidence(Side::Server);
    if let Some(alert) = connection.alert.filter(Alert::is_fatal) {
        return failed(alert);
    }
    if let Some(malformed) = connection.malformed {
        return unreadable(malformed, connection.alert);
    }
    if let Some(other) = server.other {
        return Conclusion::new(Reason::NotTls, format!("the server did not answer with TLS, but with {other}"));
    }
    let after = if connection.retry_request().is_some() {
        "the server asked for another ClientHello"
    } else {
        "the ClientHello has no answer"
    };
    if let Some(conclusion) = ended(connection, after) {
        return conclusion;
    }
    let missing = if server.unseen > 0 {
        let bytes = server.unseen;
        format!("{bytes} bytes of the server's answer were acknowledged and are not in the capture")
    } else if connection.server_lost {
        "packets with the server's answer are missing from the capture".to_owned()
    } else if connection.evidence(Side::Client).seen && !server.seen {
        "the capture has only the client's packets".to_owned()
    } else if connection.retry_request().is_some() {
        format!("{after}, and the capture does not show what came of it")
    } else if connection.open_at_end {
        "the capture ends before an answer to the ClientHello".to_owned()
    } else {
        return Conclusion::new(Reason::NoAnswer, "the capture shows no answer to the ClientHello");
    };
    Conclusion::new(Reason::NotInCapture, missing)
}

/// Who ended the connection before the handshake was over, if somebody did.
fn ended(connection: &Connection, after: &str) -> Option<Conclusion> {
    let ends = [Side::Client, Side::Server].map(|side| (side, connection.evidence(side)));
    let first = |end: fn(&(Side, &crate::capture::evidence::Evidence)) -> Option<u64>| {
        let mut found: Vec<(u64, Side)> = ends.iter().filter_map(|each| Some((end(each)?, each.0))).collect();
        found.sort_unstable_by_key(|(packet, _)| *packet);
        found.first().copied()
    };
    if let Some((packet, side)) = first(|(_, evidence)| evidence.reset) {
        let who = side.as_str();
        return Some(Conclusion::new(
            Reason::Reset,
            format!("{after}: the {who} reset the connection (packet {packet})"),
        ));
    }
    // a close tells only what had not come by then, if nothing of it is missing
    if connection.server_lost || connection.client_lost || ends.iter().any(|(_, evidence)| evidence.unseen > 0) {
        return None;
    }
    let (packet, side) = first(|(_, evidence)| evidence.fin)?;
    let who = side.as_str();
    Some(Conclusion::new(Reason::Closed, format!("{after}: the {who} closed the connection (packet {packet})")))
}

fn incomplete(connection: &Connection) -> Conclusion {
    if let Some(alert) = connection.alert.filter(Alert::is_fatal) {
        return failed(alert);
    }
    if let Some(conclusion) = ended(connection, "the handshake was not finished") {
        return conclusion;
    }
    let unseen = [Side::Client, Side::Server].iter().any(|side| connection.evidence(*side).unseen > 0);
    if connection.server_lost || connection.client_lost || unseen {
        let missing = "packets of the handshake are missing from the capture: whether it resumed is not known";
        return Conclusion::new(Reason::NotInCapture, missing);
    }
    if connection.flight.server_changed {
        let odd = "an abbreviated handshake, and the client had brought neither a ticket nor this session ID";
        return Conclusion::new(Reason::Unknown, odd);
    }
    if connection.open_at_end {
        return Conclusion::new(Reason::NotInCapture, "the capture ends before the handshake does");
    }
    Conclusion::new(Reason::NotInCapture, "the capture does not show the end of the handshake")
}

impl Facts<'_> {
    fn server_facts(&self) -> Option<&Server> {
        self.history.server(self.connection.server)
    }

    /// TLS ≤ 1.2: the server took the ticket.
    fn resumed(&self) -> Conclusion {
        let mut text = "the server accepted the ticket".to_owned();
        let brought = self.brought;
        if let Some(late) = brought.and_then(opened).and_then(|ticket| expired_by(ticket, self.now)) {
            let _ = write!(text, ", although it had expired {late} before");
        }
        if let Some(issued) = self.issued {
            text += " and issued another one in its place";
            let names = brought.and_then(|attempt| attempt.key_name).zip(issued.key_name);
            if let Some((old, new)) = names.filter(|(old, new)| old != new) {
                let _ = write!(
                    text,
                    ", under the key {new} instead of {old}: it has both keys, and seals under the new one"
                );
            }
            text += reload(issued);
        }
        text += &self.lived();
        Conclusion::new(Reason::Resumed, text)
    }

    /// TLS 1.3: the server chose a PSK.
    fn chosen_psk(&self) -> Conclusion {
        let number = self.server.selected_identity.unwrap_or(0);
        let mut reason = Reason::Resumed;
        let chosen = self.brought.filter(|attempt| attempt.selected);
        let mut text = match chosen.map(|attempt| &attempt.verdict) {
            Some(Verdict::StatefulId) => {
                format!("the server chose PSK identity {number}, a session ID of its own cache")
            }
            Some(Verdict::Unrecognised(Unrecognised::External)) => {
                reason = Reason::ExternalPsk;
                format!("the server chose PSK identity {number}, an external PSK: nothing was resumed")
            }
            Some(Verdict::Unrecognised(Unrecognised::Encrypted)) => format!(
                "the server chose PSK identity {number} of the encrypted ClientHello, which the capture does not show"
            ),
            Some(Verdict::Opened(opened)) if opened.binder == Some(true) => {
                format!("the server accepted the ticket, PSK identity {number}, and its PSK gives the client's binder")
            }
            Some(Verdict::Opened(opened)) if opened.binder == Some(false) => {
                format!("the server accepted PSK identity {number}, but the PSK in the ticket does not give the binder")
            }
            _ => format!("the server accepted PSK identity {number}"),
        };
        if let Some(late) = chosen.and_then(opened).and_then(|ticket| expired_by(ticket, self.now)) {
            let _ = write!(text, ", although it had expired {late} before");
        }
        if reason == Reason::Resumed {
            text += &self.issuer();
        }
        if let Some(issued) = self.issued {
            let _ = match self.issued_count {
                1 => text.write_str("; it issued another one"),
                count => write!(text, "; it issued {count} others"),
            };
            let names = self.brought.and_then(|attempt| attempt.key_name).zip(issued.key_name);
            if let Some((old, new)) = names.filter(|(old, new)| old != new) {
                let _ = write!(
                    text,
                    ", under the key {new} instead of {old}: it has both keys, and seals under the new one"
                );
            }
            text += reload(issued);
        }
        if self.server.is_psk_only() {
            text += "; without a Diffie-Hellman exchange (psk_ke), so that the ticket alone decrypts the connection";
        }
        if reason == Reason::Resumed {
            text += &self.lived();
        }
        Conclusion::new(reason, text)
    }

    /// Which connection issued the ticket that was brought, as far as TLS 1.3 lets it be known.
    fn issuer(&self) -> String {
        let brought = self.brought.filter(|brought| brought.carrier == Carrier::Psk);
        let Some(issue) = brought.and_then(|brought| self.history.issued(brought)) else { return String::new() };
        let (stream, packet) = (issue.stream, issue.packet);
        if issue.server == self.connection.server {
            format!("; connection {stream} issued it (packet {packet})")
        } else {
            format!("; connection {stream} issued it (packet {packet}), at the server {}", issue.server)
        }
    }

    /// For how long the client has gone on without a full handshake, if that is known and longer than a moment.
    fn lived(&self) -> String {
        let root = self.brought.and_then(|brought| self.history.root(brought));
        match root.map(|root| self.now.saturating_sub(root)) {
            Some(lived) if lived >= 3600 => format!("; its last full handshake was {} before", span(lived)),
            _ => String::new(),
        }
    }

    fn not_offered(&self) -> Conclusion {
        let Self { client, server, issued, .. } = *self;
        let got = match issued {
            Some(_) if self.issued_count > 1 => format!("; it was given {}", self.issued_count),
            Some(_) => "; it was given one".to_owned(),
            None if server.is_tls13 => String::new(),
            None if server.announces_ticket => "; it was given none although the server announced one".to_owned(),
            None => "; the server issued none".to_owned(),
        };
        let reload = issued.map_or("", reload);
        let text = if client.session_ticket.is_some_and(|ticket| !ticket.is_empty()) && server.is_tls13 {
            "the client brought a ticket of TLS 1.2 or before, and the server chose TLS 1.3, which cannot use it"
                .to_owned()
        } else if !client.identities.is_empty() && !server.is_tls13 {
            let name = server.protocol.name();
            format!("the client brought a TLS 1.3 PSK, and the server chose {name}, which cannot use it")
        // with TLS 1.3 a session ID is often made up for the sake of middleboxes
        } else if !client.session_id.is_empty() && !client.offers_tls13 && !server.is_tls13 {
            let text =
                format!("the client brought a session ID that the server did not take up, but no ticket{got}{reload}");
            return Conclusion::new(Reason::CacheMiss, text);
        } else {
            match client.session_ticket {
                _ if server.is_tls13 && client.encrypted_client_hello => {
                    "the client brought no ticket that can be seen: another ClientHello may be encrypted inside"
                        .to_owned()
                }
                _ if server.is_tls13 => format!("the client brought no ticket{got}"),
                Some(_) => format!("the client brought no ticket and asked for one{got}"),
                None => format!("the client neither brought a ticket nor asked for one{got}"),
            }
        };
        Conclusion::new(Reason::NoTicketOffered, text + reload)
    }

    fn refused(&self, brought: &Attempt) -> Conclusion {
        let (reason, cause) = self.cause(brought);
        let what = match (&brought.verdict, brought.carrier) {
            (Verdict::Unrecognised(Unrecognised::External), _) => "external PSK",
            (Verdict::StatefulId, _) => "session ID",
            (_, Carrier::Psk) => "PSK identity",
            _ => "ticket",
        };
        let reload = if reason == Reason::NotReloaded { "" } else { self.issued.map_or("", reload) };
        let issuer = self.issuer();
        Conclusion::new(reason, format!("the server did not accept the {what}: {cause}{reload}{issuer}"))
    }

    /// Why a ticket was not accepted.
    fn cause(&self, brought: &Attempt) -> (Reason, String) {
        let said = |reason, text: &str| (reason, text.to_owned());
        let is_plain = matches!(
            brought.verdict,
            Verdict::Unrecognised(Unrecognised::Form) | Verdict::Malformed | Verdict::UnknownKey | Verdict::NoKey
        );
        if is_plain && self.without_tickets() {
            return without_tickets();
        }
        match &brought.verdict {
            Verdict::StatefulId => {
                said(Reason::CacheMiss, "the cache of the server that answered does not have the session")
            }
            Verdict::Unrecognised(Unrecognised::External) => {
                said(Reason::ExternalPsk, "it has nothing to do with resumption, and the server chose to do without it")
            }
            Verdict::Unrecognised(Unrecognised::Encrypted) => said(
                Reason::Ech,
                "it stands beside an encrypted ClientHello, and no key opens it: the client's real offer, if there is \
                 one, is inside",
            ),
            Verdict::Unrecognised(Unrecognised::Form) => {
                said(Reason::Unrecognised, "it has not the form of any family of tickets that is known here")
            }
            Verdict::BadMac => said(
                Reason::BadMac,
                "its MAC does not verify: it was altered, or the secrets changed under the same key name",
            ),
            Verdict::Unusable => said(Reason::BadSession, "what is sealed in it is not a session"),
            Verdict::Malformed => {
                said(Reason::Unrecognised, "it has not the form of the tickets that are understood here")
            }
            Verdict::Opened(ticket) => self.opened_and_refused(brought, ticket),
            Verdict::UnknownKey => self.by_key(brought).unwrap_or_else(|| {
                let key = key_of(brought);
                (Reason::UnknownKey, format!("it is sealed under {key}, which is none of the keys given"))
            }),
            Verdict::NoKey => self.by_key(brought).unwrap_or_else(|| {
                let key = key_of(brought);
                (Reason::NoKey, format!("it is sealed under {key}; --key FILE tells more"))
            }),
        }
    }

    /// TLS ≤ 1.2: a server that uses tickets says so, or issues one.
    fn without_tickets(&self) -> bool {
        !self.server.is_tls13 && !self.server.announces_ticket && self.issued.is_none()
    }

    fn opened_and_refused(&self, brought: &Attempt, ticket: &Opened) -> (Reason, String) {
        if let Some(late) = expired_by(ticket, self.now) {
            return (Reason::Expired, format!("it had expired {late} before{}", age(ticket, self.now)));
        }
        let is_tls13 = ticket.protocol.is_tls13();
        if ticket.protocol.is_known() && ticket.protocol != self.server.protocol && !(is_tls13 && self.server.is_tls13)
        {
            let (old, new) = (ticket.protocol.name(), self.server.protocol_name());
            return (Reason::OtherProtocol, format!("its session is of {old}, and the server chose {new}"));
        }
        if ticket.binder == Some(false) {
            return (Reason::BadBinder, "the client's binder does not come from the PSK in it".to_owned());
        }
        if self.without_tickets() {
            return without_tickets();
        }
        if let Some(by_cipher) = self.by_cipher(ticket) {
            return by_cipher;
        }
        if ticket.extended_master_secret == Some(false) && !self.server.is_tls13 && self.server.extended_master_secret {
            let text = "its session has no extended master secret, which both sides use now (RFC 7627 section 5.3)";
            return (Reason::OtherEms, text.to_owned());
        }
        if let Some(by_context) = self.by_context(brought, ticket) {
            return by_context;
        }
        if let Some(by_key) = self.by_key(brought) {
            return by_key;
        }
        self.by_session(brought, ticket)
    }

    /// Whether the suite of the session can still be used.
    fn by_cipher(&self, ticket: &Opened) -> Option<(Reason, String)> {
        let suite = ticket.cipher?;
        if self.server.is_tls13 {
            // RFC 8446 section 4.2.11: the hash must be the same
            let (old, new) = (Hash::of_suite(suite)?, Hash::of_suite(self.server.cipher)?);
            let text = "the server chose a cipher suite with another hash than that of its session";
            return (old != new).then(|| (Reason::OtherCipher, text.to_owned()));
        }
        let text = "its session has a cipher suite that the client no longer offers";
        (!self.client.offers_suite(suite)).then(|| (Reason::OtherCipher, text.to_owned()))
    }

    /// Whether the server has the key, and binds its sessions to something else than the one in the ticket.
    fn by_context(&self, brought: &Attempt, ticket: &Opened) -> Option<(Reason, String)> {
        let context = ticket.context?;
        let key_is_there = self.key_is_there(brought) || self.still_opens(brought);
        let issued = self.issued.and_then(opened).and_then(|issued| issued.context);
        let differs = match issued {
            Some(issued) => issued != context,
            None => self.server_facts().is_some_and(|facts| facts.has_other_contexts(context)),
        };
        let text = "the server has its key, and another session ID context than the one in it: another certificate or \
                    client CA list (nginx makes the context of them)";
        (key_is_there && differs).then(|| (Reason::OtherContext, text.to_owned()))
    }

    /// Whether the server shows that it has the key of a ticket: it seals under it now, or did so last.
    fn key_is_there(&self, brought: &Attempt) -> bool {
        let Some(name) = brought.key_name else { return false };
        match self.issued.and_then(|issued| issued.key_name) {
            Some(seals) => seals == name,
            None => self.server_facts().is_some_and(|facts| {
                let last = facts.seals_under().and_then(|seals| seals.sealed);
                let shown = facts.name(name).and_then(Name::last_shown);
                let dropped = |facts: &Server| facts.name(name).is_some_and(Name::is_dropped);
                let is_dropped = dropped(facts) || self.history.host(self.connection.server).is_some_and(dropped);
                // nothing else was sealed since
                !is_dropped && shown.is_some_and(|shown| last.is_none_or(|last| last.0 <= shown))
            }),
        }
    }

    /// Whether the server was seen to take tickets of the key after it had begun to seal under the one of now.
    fn still_opens(&self, brought: &Attempt) -> bool {
        let (Some(old), Some(facts)) = (brought.key_name, self.server_facts()) else { return false };
        let Some(new) = self.issued.and_then(|issued| issued.key_name) else { return false };
        let began = facts.name(new).and_then(|name| name.sealed).map(|span| span.0);
        let taken = facts.name(old).filter(|name| !name.is_dropped()).and_then(|name| name.accepted).map(|span| span.1);
        taken.zip(began).is_some_and(|(taken, began)| taken > began)
    }

    /// Whether the server lacks the key, by what it and its address have shown.
    fn by_key(&self, brought: &Attempt) -> Option<(Reason, String)> {
        let old = brought.key_name?;
        let facts = self.server_facts();
        let here = facts.and_then(|facts| facts.name(old));
        let several = facts.is_some_and(Server::has_several);
        let issued = self.issued.and_then(|issued| issued.key_name);
        if let Some(new) = issued.filter(|new| *new != old) {
            let is_newest = opened(brought).is_some_and(|ticket| ticket.role == Role::Active);
            let is_older = self.issued.and_then(opened).is_some_and(|ticket| ticket.role == Role::Inactive);
            if is_newest && is_older {
                let text = format!(
                    "it is sealed under the key that is to seal by the order of those given, {old}, and this server \
                     still seals under {new}: reload it"
                );
                return Some((Reason::NotReloaded, text));
            }
            if several {
                return Some((Reason::SeveralKeys, several_keys(old)));
            }
            let since = if here.is_some_and(|here| here.last_shown().is_some()) {
                "it had the old key before, and has dropped it"
            } else {
                "the keys were rotated, or another node sealed it"
            };
            let text = format!("it is sealed under the key {old}, and the server issues tickets under {new}: {since}");
            return Some((Reason::OtherKey, text));
        }
        if several {
            return Some((Reason::SeveralKeys, several_keys(old)));
        }
        if issued.is_some() || self.key_is_there(brought) {
            return None;
        }
        let (new, whose) = match facts.and_then(Server::seals_under) {
            Some(seals) if seals.is != old => (seals.is, "this server"),
            Some(_) => return None,
            None => match self.history.host(self.connection.server).and_then(Server::seals_under) {
                Some(seals) if seals.is != old => (seals.is, "another port of this address"),
                _ => return None,
            },
        };
        let text = format!(
            "it is sealed under the key {old}, and {whose} seals under {new}: the keys were rotated, or another node sealed it"
        );
        Some((Reason::OtherKey, text))
    }

    /// What remains: the name, the application protocol, or nothing that is to be seen.
    fn by_session(&self, brought: &Attempt, ticket: &Opened) -> (Reason, String) {
        let takes_other_names = self.server_facts().is_some_and(|facts| facts.takes_other_names);
        if let Some(name) = ticket.other_name.as_ref().filter(|_| !takes_other_names) {
            let text = format!("it was sealed for the host name {name}, and the client asked for another one");
            return (Reason::OtherName, text);
        }
        if let Some(protocol) = ticket.alpn.as_ref().filter(|protocol| !self.client.may_speak(protocol)) {
            let text = format!(
                "its session is of the application protocol {}, which the client does not offer",
                Text(protocol)
            );
            return (Reason::OtherAlpn, text);
        }
        if ticket.role == Role::Ignored {
            return (Reason::OtherKey, "the server does not load the key that sealed it".to_owned());
        }
        let mut text = if let Some(stream) = self.history.accepted_before(brought, self.connection.server) {
            format!(
                "the server accepted this very ticket in connection {stream}: it takes a ticket only once, or has \
                 dropped the key since"
            )
        } else if self.key_is_there(brought) {
            "the server has its key, and neither the ticket nor the capture shows the cause".to_owned()
        } else {
            "it opens, and neither it nor the capture shows the cause: perhaps the server does not have this key, or \
             wants another session ID context, or keeps tickets from being used twice"
                .to_owned()
        };
        if self.connection.retry_request().is_some() {
            text += "; the server also asked for another key share";
        }
        (Reason::Unknown, text + &age(ticket, self.now))
    }
}

fn without_tickets() -> (Reason, String) {
    let text = "it answered without tickets, which are turned off there or not for this host";
    (Reason::NoTicketsIssued, text.to_owned())
}

fn several_keys(old: KeyName) -> String {
    format!(
        "it is sealed under the key {old}; the server uses several keys by turns: several nodes answer at this \
         address, and do not share them"
    )
}

/// What the key of a fresh ticket says about the server, by the order of the keys given.
fn reload(issued: &Attempt) -> &'static str {
    match opened(issued) {
        Some(ticket) if ticket.role == Role::Inactive => {
            "; the new ticket is sealed under a key that only opens, by the order of those given: if that is the \
             server's order, it still uses the old key: reload it"
        }
        _ => "",
    }
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

/// By how much it had expired.
fn expired_by(ticket: &Opened, now: i64) -> Option<String> {
    let late = now.saturating_sub(ticket.expires?);
    (late > 0).then(|| span(late))
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
