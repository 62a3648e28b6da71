//! Everything that a picture of tickets needs, in bounded memory: servers, keys, reasons, sessions and findings, over
//! time.
//!
//! A [`Picture`] collects, from captures or from stored records; its [`Overview`] is what every face of it is drawn from.

use std::collections::{BTreeMap, BTreeSet};

use super::Survey;
use super::group::{Group, KnownKey, Seen};
use super::node::{Node, Outcome};
use super::remark::Remark;
use super::room::LeftOut;
use super::strip::{Scale, widen};
use super::uses::Part;
use crate::capture::connection::HandshakeKind;
use crate::capture::container::Time;
use crate::escape::Text;
use crate::record::{ConnectionRecord, Record, Shown};
use crate::resumption::Reason;

/// Servers that are told apart.
const MAX_NODES: usize = 4096;
/// Different sentences that are kept for one reason.
const MAX_SENTENCES: usize = 16;
/// The longest sentence that is kept, bytes.
const MAX_SENTENCE: usize = 1024;
/// Connections that are named as examples of a reason.
const MAX_EXAMPLES: usize = 6;
/// Servers that are counted for each reason.
const MAX_COUNTED: usize = 64;
/// Kinds of sessions that are told apart.
const MAX_SESSIONS: usize = 512;
/// Rules and messages that are told apart.
const MAX_FINDINGS: usize = 256;
/// Places that are named for each finding.
const MAX_PLACES: usize = 6;

/// One connection, from a capture or from a stored record.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a member of the record")]
pub struct Handshake<'a> {
    /// The client, `ip:port`.
    pub client: &'a str,
    /// The server, `ip:port`.
    pub server: &'a str,
    /// When it began.
    pub time: Option<Time>,
    /// Number of the connection.
    pub stream: u64,
    /// The version that the server chose is TLS 1.3.
    pub is_tls13: bool,
    /// How it went.
    pub kind: HandshakeKind,
    /// Whether the client brought a ticket.
    pub ticket_offered: bool,
    /// Whether the server took it.
    pub ticket_accepted: bool,
    /// Whether the server issued one; `None` if that is not visible.
    pub ticket_issued: Option<bool>,
    /// Whether what was brought was a handle of the server's cache.
    pub is_stateful: bool,
    /// Why it resumed or did not.
    pub reason: Reason,
    /// That in one sentence.
    pub why: &'a str,
}

impl<'a> Handshake<'a> {
    /// That of a record; the addresses are written by the caller.
    #[must_use]
    pub fn of(record: &'a ConnectionRecord<'_>, client: &'a str, server: &'a str) -> Self {
        Self {
            client,
            server,
            time: Some(record.connection.time),
            stream: record.connection.stream,
            is_tls13: record.server_hello.as_ref().is_some_and(|hello| hello.is_tls13),
            kind: record.handshake,
            ticket_offered: record.ticket_offered(),
            ticket_accepted: record.ticket_accepted(),
            ticket_issued: record.ticket_issued(),
            is_stateful: record.is_stateful(),
            reason: record.reason,
            why: &record.why,
        }
    }

    /// What became of it.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self.kind {
            HandshakeKind::Incomplete => Outcome::Incomplete,
            HandshakeKind::Full if self.ticket_offered && self.is_stateful => Outcome::CacheMiss,
            HandshakeKind::Full if self.ticket_offered => Outcome::Refused,
            HandshakeKind::Full => Outcome::NoTicket,
            _ if self.is_stateful => Outcome::FromCache,
            _ if self.ticket_accepted => Outcome::ByTicket,
            _ => Outcome::ExternalPsk,
        }
    }
}

/// A connection that is named as an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// When it began.
    pub time: Option<Time>,
    /// The client, `ip:port`.
    pub client: String,
    /// Number of the connection.
    pub stream: u64,
}

/// Connections that went one way for one reason.
#[derive(Debug, Clone)]
pub struct Why {
    /// What became of them.
    pub outcome: Outcome,
    /// The reason.
    pub reason: Reason,
    /// The sentence; `None` for those whose sentences found no room.
    pub sentence: Option<String>,
    /// How many there are.
    pub count: u64,
    /// How many of each server, as far as there was room.
    pub by_server: BTreeMap<String, u64>,
    /// The first of them.
    pub examples: Vec<Example>,
}

/// What sessions are told apart by. There is no secret in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionKind {
    /// The key that the ticket was opened with: file and number.
    pub key: String,
    /// Name of the protocol.
    pub protocol: String,
    /// Name of the cipher suite.
    pub cipher: String,
    /// What made it, as its fields imply.
    pub producer: String,
    /// Whether a client certificate is in it.
    pub has_certificate: bool,
}

/// Sessions of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sessions {
    /// Tickets that were opened and held one, each time they were seen.
    pub tickets: u64,
    /// Times for which they were said to last, seconds: the shortest and the longest.
    pub timeout: Option<(i64, i64)>,
    /// The first start and the last end, seconds since 1970.
    pub life: Option<(i64, i64)>,
}

/// One session that was opened.
#[derive(Debug, Clone)]
pub struct SessionFacts {
    /// Its kind.
    pub kind: SessionKind,
    /// When it began, seconds since 1970.
    pub time: Option<i64>,
    /// How long it lasts, seconds.
    pub timeout: Option<i64>,
}

impl SessionFacts {
    /// Those of a record whose ticket was opened and is genuine.
    #[must_use]
    pub fn of(record: &Record<'_>) -> Option<Self> {
        let Some(Shown::Genuine(session)) = record.session() else { return None };
        let (key, _) = record.key()?;
        let cipher = u16::from_be_bytes(session.cipher.0.try_into().unwrap_or_default());
        let suite = crate::tls::registry::cipher_suite(cipher);
        let cipher = suite.map_or_else(|| format!("{cipher:04x}"), |suite| suite.openssl.unwrap_or(suite.iana).into());
        let kind = SessionKind {
            key: format!("{}, key {}", Text(key.origin().file.as_bytes()), key.origin().index),
            protocol: session.protocol.name().to_owned(),
            cipher,
            producer: session.producer().to_owned(),
            has_certificate: session.peer_certificate.is_some(),
        };
        Some(Self { kind, time: session.time, timeout: session.timeout })
    }
}

/// A finding of an audit, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// `error`, `warning` or `info`.
    pub severity: String,
    /// Name of the rule.
    pub rule: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// Where that is laid down.
    pub reference: String,
    /// What it is about.
    pub place: String,
}

/// Findings of one rule.
#[derive(Debug, Clone)]
pub struct NotedRule {
    /// The first of them.
    pub first: Noted,
    /// How many there are.
    pub count: u64,
    /// Whether all say the same.
    pub is_one_message: bool,
    /// What the first of them are about.
    pub places: Vec<String>,
}

/// What found no room in a picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PictureLeftOut {
    /// What found no room among the keys.
    pub survey: LeftOut,
    /// Connections of servers that are not told apart.
    pub connections: u64,
    /// Opened tickets whose sessions are not told apart.
    pub sessions: u64,
    /// Findings of rules that are not told apart.
    pub findings: u64,
}

/// Collects what a picture is drawn from.
#[derive(Debug)]
pub struct Picture {
    survey: Survey,
    scale: Scale,
    nodes: BTreeMap<String, Node>,
    totals: BTreeMap<Outcome, u64>,
    whys: BTreeMap<(Outcome, Reason), BTreeMap<Option<String>, Why>>,
    sessions: BTreeMap<SessionKind, Sessions>,
    findings: BTreeMap<(u8, String), NotedRule>,
    left_out: PictureLeftOut,
    span: Option<(Time, Time)>,
}

impl Default for Picture {
    fn default() -> Self {
        Self {
            survey: Survey::keeping_time(),
            scale: Scale::default(),
            nodes: BTreeMap::new(),
            totals: BTreeMap::new(),
            whys: BTreeMap::new(),
            sessions: BTreeMap::new(),
            findings: BTreeMap::new(),
            left_out: PictureLeftOut::default(),
            span: None,
        }
    }
}

impl Picture {
    /// Takes a ticket, the key that opens it, and, if it was refused, why the connection did not resume.
    pub fn add(&mut self, seen: Seen<'_>, key: Option<KnownKey>, reason: Option<Reason>) {
        widen(&mut self.span, seen.time);
        let reason = reason.filter(|_| seen.part == Part::Refused);
        self.survey.add_judged(seen, key, reason);
    }

    /// The survey of the tickets, for what shows key names alone.
    pub fn survey(&mut self) -> &mut Survey {
        &mut self.survey
    }

    /// Takes a connection.
    pub fn connection(&mut self, handshake: &Handshake<'_>) {
        widen(&mut self.span, handshake.time);
        self.widen(handshake.time);
        let outcome = handshake.outcome();
        *self.totals.entry(outcome).or_default() += 1;
        self.explain(handshake, outcome);
        let has_room = self.nodes.len() < MAX_NODES || self.nodes.contains_key(handshake.server);
        if !has_room {
            self.left_out.connections += 1;
            return;
        }
        let node = self.nodes.entry(handshake.server.to_owned()).or_default();
        self.scale.count(node.outcomes.entry(outcome).or_default(), handshake.time);
        node.tls13 += u64::from(handshake.is_tls13);
        node.issued += u64::from(handshake.ticket_issued == Some(true));
        let is_full = handshake.kind == HandshakeKind::Full;
        node.issued_none += u64::from(is_full && handshake.ticket_issued == Some(false));
    }

    fn explain(&mut self, handshake: &Handshake<'_>, outcome: Outcome) {
        let sentences = self.whys.entry((outcome, handshake.reason)).or_default();
        // the examples say where, so that a packet's number tells no sentences apart
        let sentence = Some(without_packet(handshake.why));
        let is_kept = sentences.contains_key(&sentence) || sentences.len() < MAX_SENTENCES;
        let sentence = sentence.filter(|sentence| is_kept && sentence.len() <= MAX_SENTENCE);
        let why = sentences.entry(sentence.clone()).or_insert_with(|| Why {
            outcome,
            reason: handshake.reason,
            sentence,
            count: 0,
            by_server: BTreeMap::new(),
            examples: Vec::new(),
        });
        why.count += 1;
        if why.by_server.len() < MAX_COUNTED || why.by_server.contains_key(handshake.server) {
            *why.by_server.entry(handshake.server.to_owned()).or_default() += 1;
        }
        if why.examples.len() < MAX_EXAMPLES {
            let (time, client, stream) = (handshake.time, handshake.client.to_owned(), handshake.stream);
            why.examples.push(Example { time, client, stream });
        }
    }

    /// Takes a session that was opened.
    pub fn session(&mut self, facts: SessionFacts) {
        if self.sessions.len() >= MAX_SESSIONS && !self.sessions.contains_key(&facts.kind) {
            self.left_out.sessions += 1;
            return;
        }
        let sessions = self.sessions.entry(facts.kind).or_default();
        sessions.tickets += 1;
        if let Some(timeout) = facts.timeout {
            let (least, most) = sessions.timeout.unwrap_or((timeout, timeout));
            sessions.timeout = Some((least.min(timeout), most.max(timeout)));
        }
        if let Some(start) = facts.time {
            let end = start.saturating_add(facts.timeout.unwrap_or(0));
            let (first, last) = sessions.life.unwrap_or((start, end));
            sessions.life = Some((first.min(start), last.max(end)));
        }
    }

    /// Takes a finding.
    pub fn finding(&mut self, noted: &Noted) {
        let rank = match &*noted.severity {
            "error" => 0,
            "warning" => 1,
            _ => 2,
        };
        let kind = (rank, noted.rule.clone());
        if self.findings.len() >= MAX_FINDINGS && !self.findings.contains_key(&kind) {
            self.left_out.findings += 1;
            return;
        }
        let place = noted.place.clone();
        let rule = self.findings.entry(kind).or_insert_with(|| NotedRule {
            first: noted.clone(),
            count: 0,
            is_one_message: true,
            places: Vec::new(),
        });
        rule.count += 1;
        rule.is_one_message &= rule.first.message == noted.message;
        if rule.places.len() < MAX_PLACES {
            rule.places.push(place);
        }
    }

    /// Makes the buckets of all strips wide enough for a time.
    fn widen(&mut self, time: Option<Time>) {
        let Some(time) = time else { return };
        let before = self.scale.width();
        if self.scale.widen(time) {
            self.coarsen(before);
        }
    }

    fn coarsen(&mut self, before: i64) {
        let width = self.scale.width();
        let strips = self.nodes.values_mut().flat_map(|node| node.outcomes.values_mut());
        let filled = strips.map(|strip| {
            strip.coarsen(before, width);
            strip.filled()
        });
        self.scale.recount(filled.sum());
    }

    /// All of it, ready to be drawn.
    #[must_use]
    pub fn finish(mut self) -> Overview {
        let of_connections = self.scale.width();
        if let Some(mut scale) = self.survey.scale {
            let before = scale.width();
            scale.match_to(self.scale);
            self.scale.match_to(scale);
            self.survey.coarsen(before, &mut scale);
        }
        self.coarsen(of_connections);
        let width = self.scale.width();
        let Self { survey, nodes, totals, whys, sessions, findings, mut left_out, span, .. } = self;
        left_out.survey = survey.left_out();
        let groups = survey.finish();
        let mut whys: Vec<Why> = whys.into_values().flat_map(BTreeMap::into_values).collect();
        whys.sort_by(|one, other| one.outcome.cmp(&other.outcome).then(other.count.cmp(&one.count)));
        let remarks = super::remark::of(&groups, &nodes, width);
        let sessions = sessions.into_iter().collect();
        let findings = findings.into_values().collect();
        Overview { groups, nodes, totals, whys, sessions, findings, remarks, left_out, span, width }
    }
}

/// A sentence without the number of a packet in brackets.
fn without_packet(sentence: &str) -> String {
    let Some((before, rest)) = sentence.split_once(" (packet ") else { return sentence.to_owned() };
    match rest.split_once(')') {
        Some((number, after)) if number.bytes().all(|byte| byte.is_ascii_digit()) => format!("{before}{after}"),
        _ => sentence.to_owned(),
    }
}

/// What every face of a picture is drawn from.
#[derive(Debug, Clone)]
pub struct Overview {
    /// The keys, by the time they were first seen.
    pub groups: Vec<Group>,
    /// The servers, by address.
    pub nodes: BTreeMap<String, Node>,
    /// All connections by what became of them.
    pub totals: BTreeMap<Outcome, u64>,
    /// Why, by what became of the connections; the most frequent first.
    pub whys: Vec<Why>,
    /// The sessions that were opened.
    pub sessions: Vec<(SessionKind, Sessions)>,
    /// What an audit found, the worst first.
    pub findings: Vec<NotedRule>,
    /// What is worth saying.
    pub remarks: Vec<Remark>,
    /// What found no room.
    pub left_out: PictureLeftOut,
    /// First and last time.
    pub span: Option<(Time, Time)>,
    /// Width of a bucket of time, milliseconds.
    pub width: i64,
}

impl Overview {
    /// How many connections had an outcome.
    #[must_use]
    pub fn total(&self, outcome: Outcome) -> u64 {
        self.totals.get(&outcome).copied().unwrap_or(0)
    }

    /// All connections.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.totals.values().sum()
    }

    /// All servers that there is something to tell of, by address.
    #[must_use]
    pub fn servers(&self) -> Vec<&str> {
        let of_groups = self.groups.iter().flat_map(|group| group.by_server.keys());
        let servers: BTreeSet<&str> = self.nodes.keys().chain(of_groups).map(String::as_str).collect();
        let mut servers: Vec<&str> = servers.into_iter().collect();
        servers.sort_by_cached_key(|server| natural(server));
        servers
    }
}

/// What servers are sorted by, so that 10.0.0.9 comes before 10.0.0.10.
fn natural(server: &str) -> (Option<std::net::SocketAddr>, String) {
    (server.parse().ok(), server.to_owned())
}
