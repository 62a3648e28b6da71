//! Findings that are known already: what an earlier audit printed as JSON lines.
//!
//! A finding is known by its rule and its place: file, key index with the key's fingerprint, ticket index. The message
//! does not count, as it may hold an age. A key that was changed has another fingerprint and is judged anew.

use std::collections::HashSet;
use std::fmt;

use serde_json::Value;

use super::finding::Finding;
use super::subject::Item;

/// Known findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    known: HashSet<Identity>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Identity {
    rule: String,
    file: String,
    key: Option<u64>,
    ticket: Option<u64>,
    fingerprint: Option<String>,
}

/// A line is no record of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaselineError {
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for BaselineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} is no finding", self.line)
    }
}

impl std::error::Error for BaselineError {}

impl Baseline {
    /// Reads what `-f json` printed; records of other types are passed over.
    pub fn parse(text: &[u8]) -> Result<Self, BaselineError> {
        let mut known = HashSet::new();
        for (row, line) in text.split(|&byte| byte == b'\n').zip(1..) {
            if row.trim_ascii().is_empty() {
                continue;
            }
            let wrong = BaselineError { line };
            let record: Value = serde_json::from_slice(row).map_err(|_| wrong)?;
            match record.get("type").and_then(Value::as_str) {
                Some("finding") => known.insert(Identity::of_record(&record).ok_or(wrong)?),
                Some(_) => continue,
                None => return Err(wrong),
            };
        }
        Ok(Self { known })
    }

    /// Whether a finding is known.
    #[must_use]
    pub fn knows(&self, finding: &Finding) -> bool {
        !self.known.is_empty() && self.known.contains(&Identity::of(finding))
    }
}

impl Identity {
    fn of(finding: &Finding) -> Self {
        let subject = &finding.subject;
        let (key, ticket) = match subject.item {
            Item::Whole => (None, None),
            Item::Key(index) => (Some(index as u64), None),
            Item::Ticket { index, .. } => (None, Some(index)),
        };
        Self {
            rule: finding.rule.id.to_owned(),
            file: subject.file.to_string(),
            key,
            ticket,
            fingerprint: subject.fingerprint.map(|fingerprint| fingerprint.to_string()),
        }
    }

    fn of_record(record: &Value) -> Option<Self> {
        let subject = record.get("subject")?;
        let text = |value: &Value, key| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let number = |key| subject.get(key).and_then(Value::as_u64);
        Some(Self {
            rule: text(record, "rule")?,
            file: text(subject, "file")?,
            key: number("key"),
            ticket: number("index"),
            fingerprint: text(subject, "fingerprint"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Severity, Subject, rules};
    use crate::report::findings::json;

    fn finding(rule: &str, message: &str) -> Finding {
        let subject = Subject { item: Item::Key(0), ..Subject::file("a.key".into()) };
        let rule = rules::by_id(rule).unwrap();
        Finding { rule, severity: Severity::Warning, subject, message: message.to_owned() }
    }

    #[test]
    fn knows_what_was_printed_and_nothing_else() {
        let mut printed = crate::report::Page::new();
        json::finding(&finding("key-too-old", "8 days"), &mut printed);
        let baseline = Baseline::parse(&printed).unwrap();
        assert!(baseline.knows(&finding("key-too-old", "9 days")));
        assert!(!baseline.knows(&finding("guessable-key", "8 days")));
        let mut elsewhere = finding("key-too-old", "8 days");
        elsewhere.subject.item = Item::Key(1);
        assert!(!baseline.knows(&elsewhere));
    }

    #[test]
    fn other_records_are_passed_over_and_other_lines_are_errors() {
        assert_eq!(Baseline::parse(b"{\"type\":\"summary\"}\n\n"), Ok(Baseline::default()));
        assert_eq!(Baseline::parse(b"\nknown\n"), Err(BaselineError { line: 2 }));
    }
}
