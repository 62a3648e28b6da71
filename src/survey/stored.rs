//! Records of ours read back for a picture: `ticket`, `connection` and `finding`, as `-f json` printed them.
//!
//! A ticket comes before its connection, which tells what became of it; so the tickets of a connection wait for it.

use std::borrow::Cow;

use serde::Deserialize;

use super::group::{KnownKey, Seen};
use super::picture::{Handshake, Noted, Picture, SessionFacts, SessionKind};
use super::uses::Part;
use crate::capture::connection::HandshakeKind;
use crate::capture::container::Time;
use crate::capture::sighting::Carrier;
use crate::escape::Text;
use crate::key::Role;
use crate::record::{Selection, Status};
use crate::resumption::{Reason, Unrecognised};

/// Tickets that wait for their connection, at most.
const MAX_WAITING: usize = 4096;

/// What the keys at hand say of a ticket: the key that opens it, and the session inside.
pub type Opened = (Option<KnownKey>, Option<SessionFacts>);

/// What is read of a record.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    source: Option<Cow<'a, str>>,
    #[serde(borrow)]
    status: Option<Cow<'a, str>>,
    #[serde(borrow)]
    error: Option<Cow<'a, str>>,
    #[serde(borrow)]
    ticket: Option<TicketPart<'a>>,
    #[serde(borrow)]
    key: Option<KeyPart<'a>>,
    #[serde(borrow)]
    session: Option<SessionPart<'a>>,
    #[serde(borrow)]
    capture: Option<CapturePart<'a>>,
    stream: Option<u64>,
    #[serde(borrow)]
    client: Option<Cow<'a, str>>,
    #[serde(borrow)]
    server: Option<Cow<'a, str>>,
    time: Option<f64>,
    #[serde(borrow)]
    protocol: Option<Cow<'a, str>>,
    #[serde(borrow)]
    sni: Option<Cow<'a, str>>,
    #[serde(borrow)]
    handshake: Option<Cow<'a, str>>,
    ticket_offered: Option<bool>,
    ticket_accepted: Option<bool>,
    ticket_issued: Option<bool>,
    stateful: Option<bool>,
    #[serde(borrow)]
    reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    why: Option<Cow<'a, str>>,
    #[serde(borrow)]
    rule: Option<Cow<'a, str>>,
    #[serde(borrow)]
    severity: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
    #[serde(borrow)]
    hint: Option<Cow<'a, str>>,
    #[serde(borrow)]
    reference: Option<Cow<'a, str>>,
    #[serde(borrow)]
    subject: Option<SubjectPart<'a>>,
}

#[derive(Deserialize)]
struct TicketPart<'a> {
    #[serde(borrow)]
    raw: Option<Cow<'a, str>>,
}

/// `key` is an object in a ticket, and a number elsewhere.
#[derive(Deserialize)]
#[serde(untagged)]
enum KeyPart<'a> {
    Used {
        #[serde(borrow)]
        file: Cow<'a, str>,
        index: usize,
        #[serde(borrow)]
        role: Cow<'a, str>,
        mac_verified: bool,
    },
    Other(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct SessionPart<'a> {
    #[serde(borrow)]
    protocol: Option<Cow<'a, str>>,
    #[serde(borrow)]
    cipher: Option<Cow<'a, str>>,
    #[serde(borrow)]
    producer: Option<Cow<'a, str>>,
    time: Option<i64>,
    timeout: Option<i64>,
    verified: Option<bool>,
    peer_certificate: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct CapturePart<'a> {
    time: Option<f64>,
    stream: Option<u64>,
    #[serde(borrow)]
    server: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
    #[serde(borrow)]
    sni: Option<Cow<'a, str>>,
    hello: Option<usize>,
    selected: Option<bool>,
}

#[derive(Deserialize)]
struct SubjectPart<'a> {
    #[serde(borrow)]
    file: Option<Cow<'a, str>>,
    key: Option<usize>,
    index: Option<u64>,
    line: Option<u64>,
    packet: Option<u64>,
}

/// A ticket that waits for its connection.
struct Waiting {
    source: String,
    stream: u64,
    bytes: Vec<u8>,
    time: Option<Time>,
    server: String,
    sni: Option<String>,
    key: Option<KnownKey>,
    message: Message,
}

/// The message that a ticket was in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Message {
    Issued,
    /// Whether it is a PSK identity, which `ClientHello` it was in, and whether the server chose it.
    Offered {
        is_psk: bool,
        hello: usize,
        selected: bool,
    },
}

/// Reads records one after the other.
#[derive(Default)]
pub struct Reader {
    waiting: Vec<Waiting>,
    /// Tickets that were taken.
    pub tickets: u64,
    /// Tickets that were found and not selected.
    pub left_out: u64,
}

impl Reader {
    /// Takes a line, and says whether it is a record. `open` tries the keys at hand; without any it gives `None`.
    pub fn line(
        &mut self,
        line: &[u8],
        selection: &Selection,
        open: &mut dyn FnMut(&[u8]) -> Option<Opened>,
        picture: &mut Picture,
    ) -> bool {
        if line.trim_ascii().is_empty() {
            return true;
        }
        let Ok(record) = serde_json::from_slice::<Line<'_>>(line) else { return false };
        match record.kind.as_deref() {
            Some("ticket") => self.ticket(&record, selection, open, picture),
            Some("connection") => self.connection(&record, selection, picture),
            Some("finding") => {
                finding(&record, picture);
                true
            }
            kind => kind.is_some(),
        }
    }

    fn ticket(
        &mut self,
        record: &Line<'_>,
        selection: &Selection,
        open: &mut dyn FnMut(&[u8]) -> Option<Opened>,
        picture: &mut Picture,
    ) -> bool {
        if record.status.as_deref() == Some(Status::PlainSession.as_str()) {
            return true;
        }
        let raw = record.ticket.as_ref().and_then(|ticket| ticket.raw.as_deref());
        let Some(bytes) = raw.and_then(|raw| hex::decode(raw).ok()) else {
            // what could not be read is a record anyway
            return record.status.as_deref() == Some(Status::Malformed.as_str());
        };
        // it has no key name, and there is no key that it could be of
        let is_none = [Unrecognised::External, Unrecognised::Encrypted]
            .iter()
            .any(|kind| record.error.as_deref() == Some(kind.about()));
        if is_none {
            return true;
        }
        let capture = record.capture.as_ref();
        let sni = capture.and_then(|capture| capture.sni.as_deref());
        let stream = capture.and_then(|capture| capture.stream);
        let is_wanted = selection.takes_ticket(&bytes)
            && selection.takes_name(sni.map(str::as_bytes))
            && selection.takes_stream(stream);
        if !is_wanted {
            self.left_out += 1;
            return true;
        }
        self.tickets += 1;
        let (key, session) = open(&bytes).unwrap_or_else(|| (known_key(record), session(record)));
        if let Some(session) = session {
            picture.session(session);
        }
        let source = record.source.as_deref().unwrap_or_default();
        let time = capture.and_then(|capture| capture.time).and_then(Time::from_seconds);
        let server = capture.and_then(|capture| capture.server.as_deref());
        let message = capture.and_then(message);
        let (Some(message), Some(server), Some(stream)) = (message, server, stream) else {
            let sni = sni.map(str::as_bytes);
            picture.add(Seen { ticket: &bytes, time, server, sni, source, part: Part::Unknown }, key, None);
            return true;
        };
        let is_next = |last: &Waiting| last.stream != stream || last.source != source;
        if self.waiting.last().is_some_and(is_next) || self.waiting.len() >= MAX_WAITING {
            self.finish(picture);
        }
        self.waiting.push(Waiting {
            source: source.to_owned(),
            stream,
            bytes,
            time,
            server: server.to_owned(),
            sni: sni.map(str::to_owned),
            key,
            message,
        });
        true
    }

    fn connection(&mut self, record: &Line<'_>, selection: &Selection, picture: &mut Picture) -> bool {
        let (Some(client), Some(server), Some(stream)) =
            (record.client.as_deref(), record.server.as_deref(), record.stream)
        else {
            return false;
        };
        let word = record.handshake.as_deref();
        let Some(kind) = HandshakeKind::ALL.into_iter().find(|kind| Some(kind.as_str()) == word) else { return false };
        let word = record.reason.as_deref();
        let reason = Reason::ALL.into_iter().find(|reason| Some(reason.as_str()) == word).unwrap_or(Reason::Unknown);
        let handshake = Handshake {
            client,
            server,
            time: record.time.and_then(Time::from_seconds),
            stream,
            is_tls13: record.protocol.as_deref().is_some_and(|protocol| protocol.contains("v1.3")),
            kind,
            ticket_offered: record.ticket_offered.unwrap_or(false),
            ticket_accepted: record.ticket_accepted.unwrap_or(false),
            ticket_issued: record.ticket_issued,
            is_stateful: record.stateful.unwrap_or(false),
            reason,
            why: record.why.as_deref().unwrap_or_default(),
        };
        let sni = record.sni.as_deref().map(str::as_bytes);
        let source = record.source.as_deref().unwrap_or_default();
        let is_its = self.waiting.first().is_some_and(|first| first.stream == stream && first.source == source);
        let any = is_its && !self.waiting.is_empty();
        if is_its {
            self.judge(&handshake, picture);
        } else {
            self.finish(picture);
        }
        let by_name = selection.takes_name(sni) && selection.takes_stream(Some(stream));
        if selection.is_all() || any || (selection.key_names.is_empty() && by_name) {
            picture.connection(&handshake);
        }
        true
    }

    /// Hands over the tickets of a connection, of which it is now known what became of them.
    fn judge(&mut self, handshake: &Handshake<'_>, picture: &mut Picture) {
        let hello = |message| match message {
            Message::Issued => None,
            Message::Offered { hello, .. } => Some(hello),
        };
        let last = self.waiting.iter().filter_map(|waiting| hello(waiting.message)).max();
        for waiting in std::mem::take(&mut self.waiting) {
            // what the client sent once more counts once
            if hello(waiting.message).is_some_and(|hello| Some(hello) != last) {
                continue;
            }
            let part = match waiting.message {
                Message::Issued => Part::Issued,
                Message::Offered { is_psk, .. } if is_psk != handshake.is_tls13 => Part::Offered,
                Message::Offered { selected, .. } => match handshake.kind {
                    HandshakeKind::ResumedTicket => Part::Accepted,
                    HandshakeKind::ResumedPsk if selected => Part::Accepted,
                    HandshakeKind::Full => Part::Refused,
                    _ => Part::Offered,
                },
            };
            hand_over(waiting, part, Some(handshake.reason), picture);
        }
    }

    /// Hands over what still waits: of it no more is known than that it was issued or offered.
    pub fn finish(&mut self, picture: &mut Picture) {
        for waiting in std::mem::take(&mut self.waiting) {
            let part = if waiting.message == Message::Issued { Part::Issued } else { Part::Offered };
            hand_over(waiting, part, None, picture);
        }
    }
}

fn hand_over(waiting: Waiting, part: Part, reason: Option<Reason>, picture: &mut Picture) {
    let seen = Seen {
        ticket: &waiting.bytes,
        time: waiting.time,
        server: Some(&waiting.server),
        sni: waiting.sni.as_deref().map(str::as_bytes),
        source: &waiting.source,
        part,
    };
    picture.add(seen, waiting.key, reason);
}

fn message(capture: &CapturePart<'_>) -> Option<Message> {
    let word = capture.message.as_deref()?;
    let (hello, selected) = (capture.hello.unwrap_or(0), capture.selected.unwrap_or(false));
    match word {
        _ if word == Carrier::NewSessionTicket.as_str() => Some(Message::Issued),
        _ if word == Carrier::Psk.as_str() => Some(Message::Offered { is_psk: true, hello, selected }),
        _ if word == Carrier::SessionTicket.as_str() => Some(Message::Offered { is_psk: false, hello, selected }),
        _ => None,
    }
}

fn known_key(record: &Line<'_>) -> Option<KnownKey> {
    let Some(KeyPart::Used { file, index, role, mac_verified }) = &record.key else { return None };
    let roles = [Role::Active, Role::Inactive, Role::Ignored];
    let role = roles.into_iter().find(|known| known.as_str() == role).unwrap_or(Role::Unknown);
    Some(KnownKey { file: (**file).into(), index: *index, role, verified: *mac_verified })
}

fn session(record: &Line<'_>) -> Option<SessionFacts> {
    let session = record.session.as_ref().filter(|session| session.verified != Some(false))?;
    let Some(KeyPart::Used { file, index, .. }) = &record.key else { return None };
    let text = |text: &Option<Cow<'_, str>>| text.as_deref().unwrap_or_default().to_owned();
    let kind = SessionKind {
        key: format!("{}, key {index}", Text(file.as_bytes())),
        protocol: text(&session.protocol),
        cipher: text(&session.cipher),
        producer: text(&session.producer),
        has_certificate: session.peer_certificate.is_some(),
    };
    Some(SessionFacts { kind, time: session.time, timeout: session.timeout })
}

fn finding(record: &Line<'_>, picture: &mut Picture) {
    let text = |text: &Option<Cow<'_, str>>| text.as_deref().unwrap_or_default().to_owned();
    let subject = record.subject.as_ref();
    let file = Text(subject.and_then(|subject| subject.file.as_deref()).unwrap_or_default().as_bytes()).to_string();
    let number = |of: fn(&SubjectPart<'_>) -> Option<u64>| subject.and_then(of);
    let key = subject.and_then(|subject| subject.key);
    let place = match (key, number(|it| it.line), number(|it| it.packet), number(|it| it.index)) {
        (Some(key), ..) => format!("{file}: key {key}"),
        (_, Some(line), ..) => format!("{file}: line {line}"),
        (_, _, Some(packet), _) => format!("{file}: packet {packet}"),
        (.., Some(index)) => format!("{file}: ticket {index}"),
        _ => file,
    };
    picture.finding(&Noted {
        severity: text(&record.severity),
        rule: text(&record.rule),
        message: text(&record.message),
        hint: text(&record.hint),
        reference: text(&record.reference),
        place,
    });
}
