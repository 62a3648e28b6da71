//! `finding` records, one compact JSON object a line, and the closing `summary`.

use super::super::json::{line, record_type, totals};
use super::super::{Page, Tally, Totals};
use super::FindingTally;
use crate::audit::{Finding, Item};

/// Appends the record of one finding.
pub fn finding(finding: &Finding, out: &mut Page) {
    line(out, |object| {
        object.begin(record_type!("finding"));
        object.word("rule", finding.rule.id);
        object.word("severity", finding.severity.as_str());
        object.object("subject", |subject| {
            subject.text("file", finding.subject.file.as_bytes());
            match finding.subject.item {
                Item::Whole => {}
                Item::Key(index) => subject.number("key", index),
                Item::Ticket { index, line, packet } => {
                    subject.number("index", index);
                    if let Some(line) = line {
                        subject.number("line", line);
                    }
                    if let Some(packet) = packet {
                        subject.number("packet", packet);
                    }
                }
            }
            if let Some(name) = finding.subject.key_name {
                subject.hex("key_name", name.as_bytes());
            }
            if let Some(fingerprint) = finding.subject.fingerprint {
                subject.hex("fingerprint", fingerprint.as_bytes());
            }
            if let Some(seen) = &finding.subject.seen {
                subject.address("server", seen.server);
                if let Some(sni) = &seen.sni {
                    subject.text("sni", sni);
                }
                subject.time("time", seen.time);
                subject.number("stream", seen.stream);
            }
        });
        object.text("message", finding.message.as_bytes());
        object.text("hint", finding.rule.hint.as_bytes());
        object.text("reference", finding.rule.reference.as_bytes());
    });
}

/// Appends the closing `summary` record, with what was counted in `captures` if there were any; `known` findings were
/// left out.
pub fn summary(tickets: &Tally, captures: Option<Totals>, findings: &FindingTally, known: u64, out: &mut Page) {
    line(out, |object| {
        object.begin(record_type!("summary"));
        object.number("tickets", tickets.tickets());
        for (status, count) in tickets.counts() {
            object.number(status.as_str(), count);
        }
        if captures.is_some() || tickets.connections() > 0 {
            object.number("connections", tickets.connections());
        }
        if let Some(captures) = captures {
            totals(captures, object);
        }
        object.object("findings", |object| {
            for (severity, count) in findings.counts() {
                object.number(severity.as_str(), count);
            }
        });
        if known > 0 {
            object.number("known_findings", known);
        }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::testing::findings;
    use super::*;

    #[test]
    fn a_finding_is_one_line_with_the_keys_that_scripts_rely_on() {
        let mut out = Page::new();
        for found in findings() {
            finding(&found, &mut out);
        }
        let records: Vec<Value> =
            out.split(|&b| b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect();
        let first = &records[0];
        assert_eq!((&first["type"], &first["rule"]), (&"finding".into(), &"guessable-key".into()));
        assert_eq!(first["subject"]["file"], "keys/a, b: 100%\n.key");
        assert_eq!((&first["subject"]["key"], &first["severity"]), (&1.into(), &"error".into()));
        assert!(first["hint"].is_string() && first["reference"].is_string() && first["message"].is_string());
        assert_eq!((&records[2]["subject"]["index"], &records[2]["subject"]["line"]), (&3.into(), &4.into()));
    }

    #[test]
    fn the_summary_counts_by_severity() {
        let mut tally = FindingTally::default();
        for finding in findings() {
            tally.add(&finding);
        }
        let mut out = Page::new();
        summary(&Tally::default(), None, &tally, 2, &mut out);
        let record: Value = serde_json::from_slice(&out).unwrap();
        let expected = serde_json::json!({
            "type": "summary", "tickets": 0, "findings": {"error": 1, "warning": 1, "info": 1}, "known_findings": 2,
        });
        assert_eq!(record, expected);
    }
}
