//! Records of ours read back: the ticket is in `ticket.raw`.

use serde_json::Value;

use super::{Item, Unreadable};
use crate::capture::container::Time;
use crate::report::REDACTED;

/// Hands the ticket of a record to `sink`; records of other types have none.
pub(super) fn each(line: &[u8], scratch: &mut Vec<u8>, sink: &mut dyn FnMut(Item<'_>)) {
    if line.trim_ascii().is_empty() {
        return;
    }
    let missing = |what| Item::Unreadable(Unreadable::Record { missing: what });
    let Ok(record) = serde_json::from_slice::<Value>(line) else { return sink(missing("no JSON object")) };
    let Some(kind) = record.get("type").and_then(Value::as_str) else { return sink(missing("no \"type\"")) };
    // a session that was never sealed has no ticket to read back
    if kind != "ticket" || record.get("status").and_then(Value::as_str) == Some("plain_session") {
        return;
    }
    let Some(raw) = record.pointer("/ticket/raw").and_then(Value::as_str) else {
        return sink(missing("no \"raw\" in \"ticket\""));
    };
    scratch.resize(raw.len() / 2, 0);
    if hex::decode_to_slice(raw, scratch).is_ok() {
        let text = |pointer| record.pointer(pointer).and_then(Value::as_str);
        let time = record.pointer("/capture/time").and_then(Value::as_f64).and_then(Time::from_seconds);
        let (server, sni) = (text("/capture/server"), text("/capture/sni"));
        sink(Item::Recorded { ticket: scratch, time, server, sni });
    } else if raw == REDACTED {
        sink(missing("\"raw\" was redacted"));
    } else {
        sink(missing("\"raw\" is no hex"));
    }
}
