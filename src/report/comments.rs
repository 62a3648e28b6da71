//! Packet comments: what became of a ticket, or of a connection, in a line that Wireshark shows beside the packet.

mod kept;

use std::fmt::Write as _;

pub use self::kept::{Kept, MAX_LENGTH as MAX_KEPT};
use crate::capture::Connection;
use crate::capture::connection::{Alert, HandshakeKind, Message};
use crate::capture::sighting::{Carrier, Sighting};
use crate::escape::Text;
use crate::key::KeyInUse;
use crate::record::{ConnectionRecord, Record, Shown, Status};
use crate::resumption::{Reason, Unrecognised};
use crate::session::Session;
use crate::session::certificate::Certificate;
use crate::time::utc;

/// How every comment begins: by this a later run knows which ones it may replace.
pub const PREFIX: &str = "tktdump: ";
/// The most characters of a comment: Wireshark shows about 240 in its tree.
const MAX_CHARACTERS: usize = 199;
/// The most characters of a name that somebody else chose.
const MAX_NAME: usize = 40;
/// Characters of a key name that are shown, two a byte.
const SHORT_NAME: usize = 8;

/// A comment on a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Number of the packet, from 1.
    pub packet: u64,
    /// One line, [`PREFIX`] in front of it.
    pub text: String,
    /// Whether it tells of something that did not go well.
    pub is_problem: bool,
}

impl Comment {
    fn new(packet: u64, text: &str, is_problem: bool) -> Self {
        Self { packet, text: cut(&format!("{PREFIX}{text}"), MAX_CHARACTERS), is_problem }
    }
}

/// What became of a ticket of a capture, on the packet that completes its message. `now` is the clock to judge ends by,
/// seconds since 1970. Secrets are in none of it.
#[must_use]
pub fn ticket(record: &Record<'_>, now: i64) -> Vec<Comment> {
    let Some(sighting) = &record.capture else { return Vec::new() };
    let what = match (sighting.carrier, sighting.identity) {
        (Carrier::NewSessionTicket, _) => "issued".to_owned(),
        (Carrier::SessionTicket, _) => "offered".to_owned(),
        (Carrier::Psk, number) => format!("offered as PSK {}", number.unwrap_or(0)),
    };
    let status = record.status();
    let opened = match (status, record.session(), record.key()) {
        (Status::Decrypted, Some(Shown::Genuine(session)), Some((key, _))) => Some((session, key)),
        _ => None,
    };
    let Some((session, key)) = opened else {
        let is_problem = !status.is_success() && !matches!(status, Status::StatefulId | Status::Unrecognised);
        return vec![Comment::new(sighting.packet, &unopened(record, &what), is_problem)];
    };
    let expired = session.expired(now) == Some(true);
    let is_guessed = record.opened_with_built_in_key();
    let mut text = format!("ticket {what}, opens: {} ({}); ", key_name(record), place(key));
    // writing to a String does not fail
    let _ = describe(session, sighting, expired, &mut text);
    let mut comments = vec![Comment::new(sighting.packet, &text, expired || is_guessed)];
    let more = unusual(record, session, sighting);
    if !more.is_empty() {
        let text = format!("session: {}", more.join("; "));
        comments.push(Comment::new(sighting.packet, &text, is_guessed || sighting.binder == Some(false)));
    }
    comments
}

/// What became of a connection, on the packet in which its fate was decided.
#[must_use]
pub fn connection(record: &ConnectionRecord<'_>) -> Option<Comment> {
    let refused = record.handshake == HandshakeKind::Full && record.ticket_offered();
    let word = match record.handshake {
        _ if record.reason == Reason::ExternalPsk => "external PSK",
        HandshakeKind::ResumedTicket | HandshakeKind::ResumedPsk | HandshakeKind::ResumedSessionId => "resumed",
        HandshakeKind::Full if refused => "not resumed",
        HandshakeKind::Full => "full handshake",
        HandshakeKind::Incomplete => "incomplete",
    };
    let is_problem = record.handshake == HandshakeKind::Incomplete || word == "not resumed";
    let packet = fate(record.connection, record.handshake)?;
    Some(Comment::new(packet, &format!("{word}: {}", shorten(&record.why)), is_problem))
}

/// The packet that decided a connection: of what ended it, else the server's answer, else what there is.
fn fate(connection: &Connection, handshake: HandshakeKind) -> Option<u64> {
    let (client, server) = (&connection.evidence.client, &connection.evidence.server);
    let ended = || {
        let alert = connection.alert.filter(Alert::is_fatal).map(|alert| alert.packet);
        let ends = [client.reset, server.reset, client.fin, server.fin].into_iter().flatten().min();
        let other = server.other.or(client.other).map(|other| other.packet);
        let malformed = connection.malformed.map(|malformed| malformed.packet);
        alert.or(malformed).or(other).or(ends)
    };
    let failed = if handshake == HandshakeKind::Incomplete { ended() } else { None };
    let last = |messages: &[Message]| messages.last().map(|message| message.packet);
    failed.or_else(|| last(&connection.server_hellos)).or_else(|| last(&connection.client_hellos))
}

/// A ticket that was not opened.
fn unopened(record: &Record<'_>, what: &str) -> String {
    let status = match record.status() {
        Status::StatefulId => {
            return format!("session ID of the server's own cache, {what}: nothing is sealed in it");
        }
        Status::NoKey => "no key given".to_owned(),
        Status::Unrecognised => {
            return match record.unrecognised() {
                Some(Unrecognised::External) => format!("external PSK, {what}: not a ticket"),
                Some(Unrecognised::Encrypted) => format!("identity beside an encrypted ClientHello, {what}"),
                _ => format!("ticket {what}, unrecognised: {}", Unrecognised::Form.about()),
            };
        }
        other => other.as_str().replace('_', " "),
    };
    format!("ticket {what}, {status}: {}", key_name(record))
}

fn key_name(record: &Record<'_>) -> String {
    match record.ticket().and_then(|ticket| ticket.key_name()) {
        Some(name) if record.names_key() => format!("key {}", cut_short(&name.to_string())),
        Some(bytes) => format!("it begins with {}", cut_short(&bytes.to_string())),
        None => "no key name".to_owned(),
    }
}

/// Which key of which file, and what the server does with it.
fn place(key: KeyInUse<'_>) -> String {
    let origin = key.origin();
    let file = origin.file.rsplit(['/', '\\']).next().unwrap_or_default();
    format!("{} #{}, {}", name(file.as_bytes()), origin.index, origin.role.as_str())
}

fn describe(
    session: &Session<'_>,
    sighting: &Sighting<'_>,
    expired: bool,
    out: &mut String,
) -> Result<(), std::fmt::Error> {
    out.write_str(session.protocol.name())?;
    if let Some(cipher) = session.cipher.openssl_name() {
        write!(out, " {cipher}")?;
    }
    match session.hostname {
        Some(host) => write!(out, "; {}", name(host))?,
        None => out.write_str("; no server name")?,
    }
    if let Some(begins) = session.time.and_then(utc) {
        write!(out, "; {}", begins.replacen('T', " ", 1))?;
        if let Some(ends) = session.expires().and_then(utc) {
            let same_day = begins.split_once('T').zip(ends.split_once('T')).filter(|(a, b)| a.0 == b.0);
            match same_day {
                Some((_, (_, time))) => write!(out, " to {time}")?,
                None => write!(out, " to {}", ends.replacen('T', " ", 1))?,
            }
        }
    }
    if expired {
        out.write_str(", EXPIRED")?;
    }
    if let Some((_, packet)) = sighting.issued_by {
        write!(out, "; issued in packet {packet}")?;
    }
    Ok(())
}

/// What not every session has.
fn unusual(record: &Record<'_>, session: &Session<'_>, sighting: &Sighting<'_>) -> Vec<String> {
    let mut more = Vec::new();
    if record.opened_with_built_in_key() {
        more.push("sealed with a key that anybody can guess".to_owned());
    }
    if sighting.binder == Some(false) {
        more.push("binder MISMATCH: the PSK inside does not give it".to_owned());
    }
    if let Some(names) = session.peer_certificate.and_then(|der| Certificate::parse(der).names) {
        let result = session.verify_text().unwrap_or("result of the check unknown");
        more.push(format!("client certificate {} ({result})", name(names.subject.as_bytes())));
    }
    if let Some(most) = session.max_early_data.filter(|most| *most > 0) {
        more.push(format!("early data up to {most} bytes"));
    }
    more
}

/// A name that somebody else chose: in characters that do nothing, and not many.
fn name(bytes: &[u8]) -> String {
    cut(&Text(bytes).to_string(), MAX_NAME)
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

fn cut_short(key_name: &str) -> &str {
    key_name.get(..SHORT_NAME).unwrap_or(key_name)
}

/// A sentence with its key names shortened: words of 32 digits of hex.
fn shorten(why: &str) -> String {
    let is_word = |character: char| character.is_ascii_alphanumeric();
    let mut short = String::with_capacity(why.len());
    let mut rest = why;
    while !rest.is_empty() {
        let end = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let is_name = word.len() == 32 && word.bytes().all(|digit| digit.is_ascii_hexdigit());
        short.push_str(if is_name { cut_short(word) } else { word });
        let start = after.find(is_word).unwrap_or(after.len());
        let (between, next) = after.split_at_checked(start).unwrap_or((after, ""));
        short.push_str(between);
        rest = next;
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_short_and_of_one_line() {
        let long = Comment::new(1, &"é".repeat(300), false).text;
        assert_eq!((long.chars().count(), long.chars().last()), (199, Some('…')));
        assert_eq!(name(b"a\nb\x1b[31m\0\xff"), "a\\u{a}b\\u{1b}[31m\\u{0}\\xff");
        assert_eq!(name(&[b'a'; 41]), format!("{}…", "a".repeat(39)));
    }

    #[test]
    fn key_names_in_sentences_are_shortened() {
        let name = "0123456789abcdef".repeat(2);
        let why = format!("under the key {name} instead of {name}: é {name}0");
        assert_eq!(shorten(&why), format!("under the key 01234567 instead of 01234567: é {name}0"));
        assert_eq!(shorten(""), "");
    }
}
