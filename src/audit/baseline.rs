//! Findings that are known already: what an earlier audit printed as JSON lines.
//!
//! A finding about a key or its file is known by its rule and the key's fingerprint, wherever the file is by now. A key
//! that was changed has another fingerprint and is judged anew. Other findings are known by their rule, the index of the
//! ticket, and the path, however it is spelt. The message does not count, as it may hold an age.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde_json::Value;

use super::finding::Finding;
use super::subject::Item;

/// Known findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    /// By rule and fingerprint.
    keys: HashSet<(String, String)>,
    /// By rule, item and file name: the paths, each in its parts.
    places: HashMap<Place, Vec<Vec<String>>>,
}

/// Where a finding is that has no fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    rule: String,
    key: Option<u64>,
    ticket: Option<u64>,
    name: String,
}

/// A line is not a record of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaselineError {
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for BaselineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} is not a finding", self.line)
    }
}

impl std::error::Error for BaselineError {}

impl Baseline {
    /// Reads what `-f json` printed; records of other types are passed over.
    pub fn parse(text: &[u8]) -> Result<Self, BaselineError> {
        let mut baseline = Self::default();
        for (row, line) in text.split(|&byte| byte == b'\n').zip(1..) {
            if row.trim_ascii().is_empty() {
                continue;
            }
            let wrong = BaselineError { line };
            let record: Value = serde_json::from_slice(row).map_err(|_| wrong)?;
            match record.get("type").and_then(Value::as_str) {
                Some("finding") => baseline.add(&record).ok_or(wrong)?,
                Some(_) => {}
                None => return Err(wrong),
            }
        }
        Ok(baseline)
    }

    fn add(&mut self, record: &Value) -> Option<()> {
        let subject = record.get("subject")?;
        let text = |value: &Value, key| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let rule = text(record, "rule")?;
        let path = parts(&text(subject, "file")?);
        if let Some(fingerprint) = text(subject, "fingerprint") {
            self.keys.insert((rule, fingerprint));
        } else {
            let number = |key| subject.get(key).and_then(Value::as_u64);
            let place = Place { rule, key: number("key"), ticket: number("index"), name: name(&path) };
            self.places.entry(place).or_default().push(path);
        }
        Some(())
    }

    /// Whether a finding is known.
    #[must_use]
    pub fn knows(&self, finding: &Finding) -> bool {
        let subject = &finding.subject;
        let rule = || finding.rule.id.to_owned();
        if subject.fingerprint.is_some_and(|fingerprint| self.keys.contains(&(rule(), fingerprint.to_string()))) {
            return true;
        }
        if self.places.is_empty() {
            return false;
        }
        let (key, ticket) = match subject.item {
            Item::Whole => (None, None),
            Item::Key(index) => (Some(index as u64), None),
            Item::Ticket { index, .. } => (None, Some(index)),
        };
        let path = parts(&subject.file);
        let known = self.places.get(&Place { rule: rule(), key, ticket, name: name(&path) });
        // from another folder, or from the root, the beginning differs
        known.is_some_and(|known| known.iter().any(|known| known.ends_with(&path) || path.ends_with(known)))
    }
}

/// The parts of a path, without those that lead nowhere.
fn parts(path: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| last != "..") => {
                parts.pop();
            }
            part => parts.push(part.to_owned()),
        }
    }
    parts
}

fn name(path: &[String]) -> String {
    path.last().cloned().unwrap_or_default()
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
    fn a_path_is_known_however_it_is_spelt() {
        let at = |path: &str| Finding { subject: Subject::file(path.into()), ..finding("key-too-old", "") };
        let mut printed = crate::report::Page::new();
        json::finding(&at("keys/a.key"), &mut printed);
        let baseline = Baseline::parse(&printed).unwrap();
        for known in ["keys/a.key", "./keys//a.key", "keys/../keys/a.key", "/srv/keys/a.key", "a.key"] {
            assert!(baseline.knows(&at(known)), "{known}");
        }
        for new in ["keys/b.key", "other/a.key", "keys/a.key/x", ""] {
            assert!(!baseline.knows(&at(new)), "{new}");
        }
    }

    #[test]
    fn other_records_are_passed_over_and_other_lines_are_errors() {
        assert_eq!(Baseline::parse(b"{\"type\":\"summary\"}\n\n"), Ok(Baseline::default()));
        assert_eq!(Baseline::parse(b"\nknown\n"), Err(BaselineError { line: 2 }));
    }
}
