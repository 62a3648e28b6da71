//! Records of ours read back: the ticket is in `ticket.raw`.

use std::borrow::Cow;

use serde::Deserialize;

use super::marks::{begins_session, is_bare_key};
use super::recorded::{self, Capture, IssuedBy};
use super::{Item, Unreadable, blob};
use crate::escape::REDACTED;

/// What is read of a record; the rest of it, whatever its size, takes no memory.
#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    status: Option<Cow<'a, str>>,
    #[serde(borrow)]
    ticket: Option<Ticket<'a>>,
    #[serde(borrow)]
    error: Option<Cow<'a, str>>,
    issued_by: Option<IssuedBy>,
    #[serde(borrow)]
    capture: Option<Capture<'a>>,
}

#[derive(Deserialize)]
struct Ticket<'a> {
    #[serde(borrow)]
    raw: Option<Cow<'a, str>>,
}

/// Types of records of ours.
const TYPES: [&str; 9] = ["ticket", "connection", "key", "key_name", "finding", "summary", "found", "node", "pair"];

/// Whether a text begins with a record of ours: an object whose first member is its type.
pub(super) fn begins(text: &[u8]) -> bool {
    let line = text.trim_ascii_start();
    let line = line.get(..memchr::memchr(b'\n', line).unwrap_or(line.len())).unwrap_or_default();
    let Some(at) = memchr::memmem::find(line, b"\"type\"").filter(|_| line.starts_with(b"{")) else { return false };
    let value = line.get(at + 6..).unwrap_or_default().trim_ascii_start();
    let value = value.strip_prefix(b":").unwrap_or_default().trim_ascii_start();
    TYPES.iter().any(|kind| {
        value
            .strip_prefix(b"\"")
            .and_then(|value| value.strip_prefix(kind.as_bytes()))
            .is_some_and(|rest| rest.starts_with(b"\""))
    })
}

/// Hands the ticket or the connection of a record to `sink`; records of other types have neither.
pub(super) fn each(line: &[u8], scratch: &mut Vec<u8>, sink: &mut dyn FnMut(Item<'_>)) {
    if line.trim_ascii().is_empty() {
        return;
    }
    let missing = |what| Item::Unreadable(Unreadable::Record { missing: what });
    // a list would do for serde
    if !line.trim_ascii_start().starts_with(b"{") {
        return sink(missing("no JSON object"));
    }
    let record = match serde_json::from_slice::<Record<'_>>(line) {
        Ok(record) => record,
        Err(error) if error.is_data() => return sink(missing("a member has another type of value")),
        Err(_) => return sink(missing("no JSON object")),
    };
    let Some(kind) = record.kind.as_deref() else { return sink(missing("no \"type\"")) };
    if kind == "connection" {
        // one of another version, which lacks something, is passed over like any record that is not known
        if let Some(connection) = recorded::connection(line) {
            sink(Item::Connection(&connection));
        }
        return;
    }
    // a session that was never sealed has no ticket to read back
    if kind != "ticket" || record.status.as_deref() == Some("plain_session") {
        return;
    }
    let Some(raw) = record.ticket.and_then(|ticket| ticket.raw) else {
        return sink(missing("no \"raw\" in \"ticket\""));
    };
    scratch.resize(raw.len() / 2, 0);
    let is_hex = hex::decode_to_slice(raw.as_bytes(), scratch).is_ok();
    if is_hex && is_unsealed(scratch) {
        sink(blob::classify(scratch));
    } else if is_hex {
        let error = record.error.as_deref().filter(|_| record.status.as_deref() == Some("unrecognised"));
        let seen = record.capture.map(|capture| capture.recorded(error, record.issued_by.as_ref())).unwrap_or_default();
        sink(Item::Recorded { ticket: scratch, seen: &seen });
    } else if raw == REDACTED {
        sink(missing("\"raw\" was redacted"));
    } else {
        sink(missing("\"raw\" is not hex"));
    }
}

/// Whether bytes that a record calls a ticket are a session that was never sealed, or a key.
fn is_unsealed(bytes: &[u8]) -> bool {
    begins_session(bytes) || is_bare_key(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Vec<String> {
        let mut found = Vec::new();
        each(line.as_bytes(), &mut Vec::new(), &mut |item| {
            found.push(match item {
                Item::Recorded { ticket, seen } => {
                    let (time, server, sni) = (seen.time.map(|time| time.seconds), &seen.server, &seen.sni);
                    format!("{} {time:?} {server:?} {sni:?}", hex::encode(ticket))
                }
                Item::Connection(connection) => format!("connection {} {}", connection.stream, connection.reason),
                Item::Unreadable(error) => error.to_string(),
                item => panic!("{item:?}"),
            });
        });
        found
    }

    #[test]
    fn tickets_come_back_with_their_place() {
        let capture = r#"{"time":12.5,"server":"[::1]:443","sni":"a\"b","x":[1]}"#;
        let line = format!(r#"{{"x":{{"y":[{{}}]}},"type":"ticket","ticket":{{"raw":"00ff"}},"capture":{capture}}}"#);
        assert_eq!(found(&line), [r#"00ff Some(12) Some("[::1]:443") Some("a\"b")"#]);
        assert_eq!(found(r#"{"type":"ticket","ticket":{"raw":"00\u0066f"}}"#), ["00ff None None None"]);
    }

    #[test]
    fn what_is_no_record_says_why() {
        for (line, error) in [
            ("[]", "no JSON object"),
            ("{", "no JSON object"),
            ("{}", "no \"type\""),
            (r#"{"type":"ticket"}"#, "no \"raw\" in \"ticket\""),
            (r#"{"type":"ticket","ticket":{"raw":"0"}}"#, "\"raw\" is not hex"),
            (r#"{"type":"ticket","ticket":{"raw":"(redacted)"}}"#, "\"raw\" was redacted"),
            (r#"{"type":"ticket","ticket":{"raw":7}}"#, "a member has another type of value"),
        ] {
            assert_eq!(found(line), [format!("the line is not a record of a ticket: {error}")], "{line}");
        }
        for line in ["", r#"{"type":"summary","tickets":1}"#, r#"{"type":"ticket","status":"plain_session"}"#] {
            assert!(found(line).is_empty(), "{line}");
        }
    }
}
