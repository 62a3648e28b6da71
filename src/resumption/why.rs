//! What happened to a resumption: the evidence of both sides, of the tickets and of the connections before makes a
//! [`Cause`], which has a reason and a sentence.

use std::fmt::Write as _;

use super::attempt::{Attempt, Opened, Verdict};
use super::cause::{
    Age, Begun, Brought, Cause, Chosen, End, From, Got, Known, Missing, Offered, Refusal, Renewed, Sealer, Stage,
};
use super::history::{self, History, Issue, Name, Server, Taken, opened};
use super::key_id::{KeyId, SealedUnder};
use super::reason::Conclusion;
use super::unrecognised::Unrecognised;
use crate::capture::Connection;
use crate::capture::connection::{Alert, HandshakeKind, Hellos, Malformed, Side};
use crate::capture::sighting::Carrier;
use crate::key::Role;
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
    /// The first ticket that the server issued.
    issued: Option<&'a Attempt>,
    history: &'a History,
    now: i64,
}

/// What happened to the resumption in a connection, and why, as far as its tickets (`attempts`, in their order), the
/// capture, and the connections before it support it. `now` is the time of the connection, seconds since 1970.
#[must_use]
pub fn conclude(connection: &Connection, attempts: &[Attempt], history: &History, now: i64) -> Conclusion {
    conclude_from(connection, &connection.decisive_hellos(), attempts, history, now)
}

/// The conclusion from hellos that are parsed already.
pub(crate) fn conclude_from(
    connection: &Connection,
    hellos: &Hellos<'_>,
    attempts: &[Attempt],
    history: &History,
    now: i64,
) -> Conclusion {
    let cause = cause(connection, hellos, attempts, history, now);
    let why = cause.to_string() + &told_by_secrets(connection, hellos, attempts, history);
    Conclusion { reason: cause.reason(), why }
}

/// What the tickets of TLS 1.3 add that were opened with the secrets of their connections: which connection issued the one
/// that was brought, and what the server issued in its place.
fn told_by_secrets(connection: &Connection, hellos: &Hellos<'_>, attempts: &[Attempt], history: &History) -> String {
    let mut text = String::new();
    let Some(brought) = history::brought(connection, attempts).filter(|brought| brought.carrier == Carrier::Psk) else {
        return text;
    };
    // writing to a String does not fail
    if let Some(Issue { number, packet, server }) = history.issued(brought) {
        let _ = write!(text, "; {number} issued it (packet {packet})");
        if server != connection.server {
            let _ = write!(text, ", at the server {server}");
        }
    }
    if hellos.handshake != HandshakeKind::ResumedPsk {
        return text;
    }
    let mut issued = attempts.iter().filter(|attempt| attempt.carrier == Carrier::NewSessionTicket);
    let Some(first) = issued.next() else { return text };
    let _ = match issued.count() {
        0 => text.write_str("; it issued another one"),
        more => write!(text, "; it issued {} others", more + 1),
    };
    if let Some((old, new)) = other_key(connection, history, brought, first) {
        let _ = write!(text, ", under {new} instead of {old}: it has both keys, and seals under the new one");
    }
    text
}

/// The keys of a ticket that was taken and of the one that was issued in its place, if they are known to be different ones.
fn other_key(connection: &Connection, history: &History, taken: &Attempt, issued: &Attempt) -> Option<(KeyId, KeyId)> {
    let known = |attempt: &Attempt| {
        let under = attempt.sealed_under.as_ref().filter(|_| history.knows_name(connection.server, attempt));
        under.map(|under| under.key.clone())
    };
    known(taken).zip(known(issued)).filter(|(old, new)| !old.is_same(new))
}

fn cause(connection: &Connection, hellos: &Hellos<'_>, attempts: &[Attempt], history: &History, now: i64) -> Cause {
    let Some(client) = &hellos.client else { return without_client_hello(connection) };
    let Some(server) = &hellos.server else { return unanswered(connection) };
    let issued = attempts.iter().find(|attempt| attempt.carrier == Carrier::NewSessionTicket);
    let brought = history::brought(connection, attempts);
    let facts = Facts { connection, client, server, brought, issued, history, now };
    match hellos.handshake {
        HandshakeKind::Incomplete => incomplete(connection, facts.begun()),
        HandshakeKind::ResumedSessionId => Cause::SessionId,
        HandshakeKind::ResumedTicket => facts.resumed(),
        HandshakeKind::ResumedPsk => facts.chosen_psk(),
        HandshakeKind::Full => match brought {
            Some(brought) => facts.refused(brought),
            None => facts.not_offered(),
        },
    }
}

fn without_client_hello(connection: &Connection) -> Cause {
    if let Some(malformed) = connection.malformed.filter(|malformed| malformed.from == Side::Client) {
        return unreadable(connection, malformed);
    }
    let client = connection.evidence(Side::Client);
    let missing = if !client.seen && connection.evidence(Side::Server).seen {
        Missing::Side(Side::Client)
    } else if connection.client_lost {
        Missing::PartOfClientHello
    } else if client.syn {
        Missing::ClientHello
    } else {
        Missing::Beginning
    };
    Cause::NoClientHello(missing, connection.server_hello().and_then(|server| server.selected_identity))
}

/// A hello that nobody can read, and what the other side said to it.
fn unreadable(connection: &Connection, malformed: Malformed) -> Cause {
    Cause::Malformed(malformed, connection.alert.filter(|alert| alert.from != malformed.from))
}

/// There is no ServerHello, or only a HelloRetryRequest.
fn unanswered(connection: &Connection) -> Cause {
    if let Some(alert) = connection.alert.filter(Alert::is_fatal) {
        return Cause::Alert(alert, Begun::Unknown);
    }
    if let Some(malformed) = connection.malformed {
        return unreadable(connection, malformed);
    }
    let (client, server) = (connection.evidence(Side::Client), connection.evidence(Side::Server));
    if let Some(other) = server.other {
        return Cause::NotTls(other);
    }
    let stage = if connection.retry_request().is_some() { Stage::Retry } else { Stage::ClientHello };
    let missing = if client.seen && !server.seen {
        Missing::Side(Side::Server)
    } else if server.unseen > 0 {
        Missing::Bytes(server.unseen)
    } else if connection.server_lost {
        Missing::Answer
    } else if let Some(end) = ended(connection) {
        return Cause::Ended(stage, end, Begun::Unknown);
    } else if stage == Stage::Retry {
        Missing::AfterRetry
    } else if connection.flight.hello_verify_request.is_some() {
        Missing::AfterVerify
    } else if connection.open_at_end {
        Missing::EndBeforeAnswer
    } else {
        return Cause::NoAnswer;
    };
    Cause::NotInCapture(missing, Begun::Unknown)
}

/// Who ended the connection, if somebody did: a reset counts more than that one side was done.
fn ended(connection: &Connection) -> Option<End> {
    let ends = [Side::Client, Side::Server].map(|side| (side, connection.evidence(side)));
    let first = |packets: [Option<u64>; 2]| {
        let all = ends.iter().zip(packets).filter_map(|((side, _), packet)| Some((packet?, *side)));
        all.min_by_key(|(packet, _)| *packet)
    };
    let closed = first(ends.map(|(_, evidence)| evidence.fin));
    let reset = first(ends.map(|(_, evidence)| evidence.reset));
    let (packet, by) = reset.or(closed)?;
    let closed_before = closed.filter(|closed| reset.is_some() && closed.0 < packet);
    Some(End { by, packet, is_reset: reset.is_some(), closed_before, warning: connection.alert })
}

/// A handshake that was answered and not finished, as far as the capture shows it.
fn incomplete(connection: &Connection, begun: Begun) -> Cause {
    if let Some(alert) = connection.alert.filter(Alert::is_fatal) {
        return Cause::Alert(alert, begun);
    }
    let unseen = [Side::Client, Side::Server].iter().any(|side| connection.evidence(*side).unseen > 0);
    let is_torn = connection.server_lost || connection.client_lost || unseen;
    match ended(connection) {
        // what is missing may have been the rest of the handshake
        Some(end) if !is_torn || connection.is_cut_short() => Cause::Ended(Stage::Answered, end, begun),
        _ if is_torn => Cause::NotInCapture(Missing::Packets, begun),
        _ if connection.flight.server_changed => Cause::Unasked,
        _ if connection.open_at_end => Cause::NotInCapture(Missing::EndOfCapture, begun),
        _ => Cause::NotInCapture(Missing::End, begun),
    }
}

impl Facts<'_> {
    fn server_facts(&self) -> Option<&Server> {
        self.history.server(self.connection.server)
    }

    /// What the server had decided, if the handshake went no further.
    fn begun(&self) -> Begun {
        if let Some(number) = self.server.selected_identity.filter(|_| self.server.is_tls13) {
            return Begun::Psk(number);
        }
        match self.connection.decision() {
            HandshakeKind::ResumedTicket | HandshakeKind::ResumedSessionId => Begun::Resumption,
            _ if self.brought.is_none() => Begun::Unknown,
            HandshakeKind::Full => Begun::Full,
            _ if self.connection.flight.begins_session() => Begun::Full,
            _ => Begun::Unknown,
        }
    }

    /// TLS ≤ 1.2: the server took the ticket.
    fn resumed(&self) -> Cause {
        let renewed = self.issued.map(|issued| {
            let keys = self.brought.and_then(|taken| other_key(self.connection, self.history, taken, issued));
            Renewed { keys, is_stale: self.is_stale() }
        });
        let late = self.brought.and_then(opened).and_then(|ticket| self.expired_by(ticket));
        Cause::Ticket { late, renewed, lived: self.lived() }
    }

    /// TLS 1.3: the server chose a PSK.
    fn chosen_psk(&self) -> Cause {
        let number = self.server.selected_identity.unwrap_or(0);
        let attempt = self.brought.filter(|attempt| attempt.selected);
        let chosen = match attempt.map(|attempt| &attempt.verdict) {
            _ if self.client.identities.len() <= usize::from(number) => Chosen::NotOffered,
            Some(Verdict::StatefulId) => Chosen::Handle,
            Some(Verdict::Unrecognised(Unrecognised::External)) => Chosen::External,
            Some(Verdict::Unrecognised(Unrecognised::Encrypted)) if !self.took_outer_hello() => Chosen::Encrypted,
            Some(Verdict::Opened(opened)) => Chosen::Opened(opened.binder),
            _ => Chosen::Closed,
        };
        let late = attempt.and_then(opened).and_then(|ticket| self.expired_by(ticket));
        let lived = if chosen == Chosen::External { None } else { self.lived() };
        Cause::Psk { number, chosen, late, is_psk_only: self.server.is_psk_only(), lived }
    }

    /// Whether the server answered the hello that is to be seen, and not one that may be encrypted in it: it asked for
    /// another one and did not say that it had taken the encrypted one (RFC 9849 section 6.1.5), or secrets that were
    /// logged for the random to be seen open what it sent.
    fn took_outer_hello(&self) -> bool {
        let by_retry = self.connection.retry().is_some_and(|retry| !retry.encrypted_client_hello);
        by_retry || !self.connection.opened_tickets.is_empty()
    }

    /// For how long the client has gone on without a full handshake, if that is known.
    fn lived(&self) -> Option<i64> {
        let root = self.brought.and_then(|brought| self.history.root(brought))?;
        Some(self.now.saturating_sub(root))
    }

    fn not_offered(&self) -> Cause {
        let Self { client, server, issued, .. } = *self;
        let got = match issued {
            Some(_) => Some(Got::Ticket),
            None if server.is_tls13 => None,
            None if server.announces_ticket => Some(Got::NoneAnnounced),
            None => Some(Got::None),
        };
        let has_ticket = client.session_ticket.is_some_and(|ticket| !ticket.is_empty());
        let in_first = || self.connection.client_hellos.first().and_then(|first| ClientHello::parse(&first.bytes));
        let brought = if server.is_tls13 {
            match () {
                () if has_ticket => Brought::OldTicket,
                () if client.encrypted_client_hello => Brought::Encrypted,
                () if in_first().is_some_and(|first| !first.identities.is_empty()) => Brought::DroppedPsk,
                () => Brought::Nothing,
            }
        } else if !client.identities.is_empty() {
            Brought::NewPsk(server.protocol.name())
        // with TLS 1.3 a session ID is often made up for the sake of middleboxes
        } else if !client.session_id.is_empty() && !client.offers_tls13 {
            Brought::SessionId
        } else if client.session_ticket.is_some() {
            Brought::Request
        } else {
            Brought::NoRequest
        };
        let got = got.filter(|_| !matches!(brought, Brought::NewPsk(_)));
        Cause::NotOffered { brought, got, is_stale: self.is_stale() }
    }

    fn refused(&self, brought: &Attempt) -> Cause {
        let why = self.refusal(brought);
        let what = match (&brought.verdict, brought.carrier) {
            (Verdict::Unrecognised(Unrecognised::External), _) => Offered::ExternalPsk,
            (Verdict::StatefulId, _) => Offered::SessionId,
            (_, Carrier::Psk) => Offered::Identity,
            _ => Offered::Ticket,
        };
        let says_so = matches!(why, Refusal::NotReloaded { .. });
        Cause::Refused { what, is_stale: !says_so && self.is_stale(), why }
    }

    /// Whether the fresh ticket is of a key that is not the first of those given, and nothing shows that this order is not
    /// the server's: it has not shown that it has the first one, nor went over to this one, nor uses several by turns.
    fn is_stale(&self) -> bool {
        let Some(issued) = self.issued.filter(|issued| is_stale(issued)) else { return false };
        let is_denied = |facts: &Server| {
            let went_over = key_of(issued).is_some_and(|key| facts.sealed_under_other(key));
            facts.has_first_key || facts.has_several() || went_over
        };
        !self.had_the_newest_key() && !self.server_facts().is_some_and(is_denied)
    }

    /// Whether the server has shown that it has the key which is to seal by the order of those given: then it has been
    /// reloaded, and that order is not the server's.
    fn had_the_newest_key(&self) -> bool {
        let Some(brought) = self.brought else { return false };
        let is_newest = opened(brought).is_some_and(|ticket| ticket.role == Role::Active);
        is_newest && (self.connection.handshake().is_resumed() || self.had_key_of(brought))
    }

    /// Whether the server has sealed under the key of a ticket, or accepted it.
    fn had_key_of(&self, brought: &Attempt) -> bool {
        let here = self.server_facts().zip(key_of(brought)).and_then(|(facts, key)| facts.name(key));
        here.is_some_and(|here| here.last_shown().is_some())
    }

    /// Why a ticket was not accepted.
    fn refusal(&self, brought: &Attempt) -> Refusal {
        let is_plain = matches!(
            brought.verdict,
            Verdict::Unrecognised(Unrecognised::Form) | Verdict::Malformed | Verdict::UnknownKey | Verdict::NoKey
        );
        if is_plain && self.without_tickets() {
            return Refusal::NoTicketsIssued;
        }
        match &brought.verdict {
            Verdict::StatefulId => Refusal::NotCached,
            Verdict::Unrecognised(Unrecognised::External) => Refusal::External,
            Verdict::Unrecognised(Unrecognised::Encrypted) => Refusal::Encrypted,
            Verdict::Unrecognised(Unrecognised::Form) | Verdict::Malformed => Refusal::NoForm,
            Verdict::BadMac => Refusal::BadMac,
            Verdict::Unusable => Refusal::NotASession,
            Verdict::Opened(ticket) => self.opened_and_refused(brought, ticket),
            Verdict::UnknownKey => self.by_key(brought).unwrap_or_else(|| self.not_opened(brought, true)),
            Verdict::NoKey => self.by_key(brought).unwrap_or_else(|| self.not_opened(brought, false)),
        }
    }

    fn not_opened(&self, brought: &Attempt, any_key: bool) -> Refusal {
        Refusal::NotOpened { key: self.sealed_under(brought), any_key, known: self.known(brought) }
    }

    /// TLS ≤ 1.2: a server that uses tickets says so, or issues one.
    fn without_tickets(&self) -> bool {
        !self.server.is_tls13 && !self.server.announces_ticket && self.issued.is_none()
    }

    fn opened_and_refused(&self, brought: &Attempt, ticket: &Opened) -> Refusal {
        if let Some(late) = self.expired_by(ticket) {
            return Refusal::Expired(late, self.age(ticket));
        }
        let is_tls13 = ticket.protocol.is_tls13();
        if ticket.protocol.is_known() && ticket.protocol != self.server.protocol && !(is_tls13 && self.server.is_tls13)
        {
            return Refusal::OtherProtocol { old: ticket.protocol.name(), new: self.server.protocol_name() };
        }
        if ticket.binder == Some(false) {
            return Refusal::BadBinder;
        }
        if self.without_tickets() {
            return Refusal::NoTicketsIssued;
        }
        if let Some(by_cipher) = self.by_cipher(ticket) {
            return by_cipher;
        }
        if ticket.extended_master_secret == Some(false) && !self.server.is_tls13 && self.server.extended_master_secret {
            return Refusal::OtherEms;
        }
        if self.has_other_context(brought, ticket) {
            return Refusal::OtherContext;
        }
        self.by_key(brought).unwrap_or_else(|| self.by_session(brought, ticket))
    }

    /// Whether the suite of the session can still be used.
    fn by_cipher(&self, ticket: &Opened) -> Option<Refusal> {
        let suite = ticket.cipher?;
        if self.server.is_tls13 {
            // RFC 9846 (RFC 8446 section 4.2.11): the hash must be the same
            let (old, new) = (Hash::of_suite(suite)?, Hash::of_suite(self.server.cipher)?);
            return (old != new).then_some(Refusal::OtherHash);
        }
        (!self.client.offers_suite(suite)).then_some(Refusal::SuiteNotOffered)
    }

    /// Whether the server has the key, and binds its sessions to something else than the one in the ticket.
    fn has_other_context(&self, brought: &Attempt, ticket: &Opened) -> bool {
        let Some(context) = ticket.context else { return false };
        let key_is_there = self.seals_under_it(brought) || self.had_it_last(brought) || self.still_opens(brought);
        let issued = self.issued.and_then(opened).and_then(|issued| issued.context);
        let differs = match issued {
            Some(issued) => issued != context,
            None => self.server_facts().is_some_and(|facts| facts.has_other_contexts(context)),
        };
        key_is_there && differs
    }

    /// The key of a ticket, and whether it is known by now that what it begins with is a name.
    fn sealed_under(&self, ticket: &Attempt) -> Option<SealedUnder> {
        let SealedUnder { key, .. } = ticket.sealed_under.clone()?;
        let mut others = [self.brought, self.issued].into_iter().flatten().filter(|other| other.mark != ticket.mark);
        let is_shared = others.any(|other| key_of(other).is_some_and(|other| other.is_same(&key)));
        let is_known = is_shared || self.history.knows_name(self.connection.server, ticket);
        Some(SealedUnder { key, is_known })
    }

    /// Whether the server seals under the key of a ticket in this very connection.
    fn seals_under_it(&self, brought: &Attempt) -> bool {
        let seals = self.issued.and_then(key_of);
        key_of(brought).zip(seals).is_some_and(|(key, seals)| key.is_same(seals))
    }

    /// Whether the server showed that it has the key of a ticket when it was last seen to seal or to accept, and nothing is
    /// to be seen of what it seals under now.
    fn had_it_last(&self, brought: &Attempt) -> bool {
        let Some(key) = key_of(brought).filter(|_| self.issued.and_then(key_of).is_none()) else { return false };
        self.server_facts().is_some_and(|facts| {
            let last = facts.seals_under().and_then(|seals| seals.sealed);
            let shown = facts.name(key).and_then(Name::last_shown);
            let dropped = |facts: &Server| facts.name(key).is_some_and(Name::is_dropped);
            let is_dropped = dropped(facts) || self.history.host(self.connection.server).is_some_and(dropped);
            // nothing else was sealed since
            !is_dropped && shown.is_some_and(|shown| last.is_none_or(|last| last.0 <= shown))
        })
    }

    /// Whether the server was seen to take tickets of the key after it had begun to seal under the one of now.
    fn still_opens(&self, brought: &Attempt) -> bool {
        let (Some(old), Some(facts)) = (key_of(brought), self.server_facts()) else { return false };
        let Some(new) = self.issued.and_then(key_of) else { return false };
        let began = facts.name(new).and_then(|name| name.sealed).map(|span| span.0);
        let taken = facts.name(old).filter(|name| !name.is_dropped()).and_then(|name| name.accepted).map(|span| span.1);
        taken.zip(began).is_some_and(|(taken, began)| taken > began)
    }

    /// Whether the server lacks the key, by what it and its address have shown.
    fn by_key(&self, brought: &Attempt) -> Option<Refusal> {
        let old = self.sealed_under(brought)?;
        let facts = self.server_facts();
        if !old.is_known && facts.is_some_and(Server::has_no_names) {
            return None;
        }
        let had_it = self.had_key_of(brought);
        let from = if had_it { From::Here } else { self.issuer(brought) };
        let several = facts.is_some_and(Server::has_several);
        let issued = self.issued.and_then(|issued| self.sealed_under(issued));
        if let Some(new) = issued.clone().filter(|new| !new.key.is_same(&old.key)) {
            let is_newest = opened(brought).is_some_and(|ticket| ticket.role == Role::Active);
            if is_newest && !had_it && self.is_stale() {
                return Some(Refusal::NotReloaded { old: old.key, new: new.key });
            }
            if several {
                return Some(Refusal::SeveralKeys(old));
            }
            return Some(Refusal::OtherKey { old, new, by: Sealer::Here, from });
        }
        if several {
            return Some(Refusal::SeveralKeys(old));
        }
        if issued.is_some() {
            return None;
        }
        if facts.is_some_and(|facts| facts.wavers) {
            return Some(Refusal::Wavers(old));
        }
        if self.had_it_last(brought) {
            return None;
        }
        let (new, by) = self.sealed_elsewhere(&old.key)?;
        Some(Refusal::OtherKey { old, new, by, from })
    }

    /// Which other server issued a ticket, if the capture shows it and nothing else of this says so.
    fn issuer(&self, brought: &Attempt) -> From {
        let issue = self.history.issued(brought).filter(|issue| issue.server != self.connection.server);
        match issue.filter(|_| brought.carrier == Carrier::SessionTicket) {
            Some(Issue { number, server, .. }) => From::Other(server, number),
            None => From::Unknown,
        }
    }

    /// Under which other key the server, or else another port of its address, was last seen to seal.
    fn sealed_elsewhere(&self, old: &KeyId) -> Option<(SealedUnder, Sealer)> {
        let (seals, by) = match self.server_facts().and_then(Server::seals_under) {
            Some(seals) => (seals, Sealer::Server),
            None => (self.history.host(self.connection.server).and_then(Server::seals_under)?, Sealer::Address),
        };
        (!seals.is.key.is_same(old)).then(|| (seals.is.clone(), by))
    }

    /// What remains: the name, the application protocol, or nothing that is to be seen.
    fn by_session(&self, brought: &Attempt, ticket: &Opened) -> Refusal {
        let takes_other_names = self.server_facts().is_some_and(|facts| facts.takes_other_names);
        let known = self.known(brought);
        if let Some(name) = ticket.other_name.as_ref().filter(|_| !takes_other_names) {
            return Refusal::OtherName(name.clone(), known);
        }
        if let Some(protocol) = ticket.alpn.as_ref().filter(|protocol| !self.client.may_speak(protocol)) {
            return Refusal::OtherAlpn(protocol.clone(), known);
        }
        if ticket.role == Role::Ignored {
            return Refusal::NotLoaded;
        }
        Refusal::Open { known, retried: self.connection.retry_request().is_some(), age: self.age(ticket) }
    }

    /// What the server has shown of a ticket that it refused, and of its key.
    fn known(&self, brought: &Attempt) -> Known {
        match self.history.accepted_before(brought, self.connection.server) {
            Some(Taken { number, is_again, .. }) => Known::TakenBefore { number, is_again },
            None if self.seals_under_it(brought) => Known::HasKey,
            None if self.had_it_last(brought) => Known::HadKey,
            None => Known::Nothing,
        }
    }

    /// What the client's reckoning of the age adds, if it is at odds with the time sealed in the ticket.
    fn age(&self, ticket: &Opened) -> Age {
        let (client, server) = (i64::from(ticket.age_ms? / 1000), self.now.saturating_sub(ticket.time?));
        (client.abs_diff(server) > CLOCK_TOLERANCE.unsigned_abs()).then_some((client, server))
    }

    /// By how much a ticket had expired, in seconds.
    fn expired_by(&self, ticket: &Opened) -> Option<i64> {
        Some(self.now.saturating_sub(ticket.expires?)).filter(|late| *late > 0)
    }
}

/// The key of a ticket.
fn key_of(ticket: &Attempt) -> Option<&KeyId> {
    ticket.sealed_under.as_ref().map(|under| &under.key)
}

/// Whether a fresh ticket is of a key that only opens, by the order of the keys given.
fn is_stale(issued: &Attempt) -> bool {
    opened(issued).is_some_and(|ticket| ticket.role == Role::Inactive)
}
