//! Renderers of what an audit found: one output a file.

pub mod github;
pub mod json;
#[cfg(feature = "sarif")]
pub mod sarif;
pub mod text;

use crate::audit::{Finding, Severity};

/// How many findings there are of each severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FindingTally {
    counts: [u64; Severity::ALL.len()],
}

impl FindingTally {
    /// Counts one finding.
    pub fn add(&mut self, finding: &Finding) {
        let mut slots = Severity::ALL.iter().zip(&mut self.counts);
        if let Some((_, count)) = slots.find(|(severity, _)| **severity == finding.severity) {
            *count += 1;
        }
    }

    /// Every severity, the worst first, with its count.
    pub fn counts(&self) -> impl Iterator<Item = (Severity, u64)> {
        Severity::ALL.into_iter().zip(self.counts)
    }

    /// How many findings are of that severity or a worse one.
    #[must_use]
    pub fn at_least(&self, severity: Severity) -> u64 {
        self.counts().filter(|(known, _)| *known >= severity).map(|(_, count)| count).sum()
    }

    /// All findings.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// Findings made to order for the tests of the renderers.
#[cfg(test)]
mod testing {
    use crate::audit::{Finding, Item, Severity, Subject, rules};
    use crate::key::KeyName;

    pub(super) fn findings() -> Vec<Finding> {
        let key = Subject {
            file: "keys/a, b: 100%\n.key".into(),
            item: Item::Key(1),
            key_name: Some(KeyName::new([0xab; 16])),
            fingerprint: None,
            seen: None,
        };
        let ticket =
            Subject { item: Item::Ticket { index: 3, line: Some(4), packet: None }, ..Subject::file("t.hex".into()) };
        let finding = |id, severity, subject, message: &str| {
            let rule = rules::by_id(id).unwrap();
            Finding { rule, severity, subject, message: message.to_owned() }
        };
        vec![
            finding("guessable-key", Severity::Error, key.clone(), "the key can be guessed: 100%, all of it"),
            finding("short-key", Severity::Info, key, "the AES key has 128 bits"),
            finding("expired-ticket", Severity::Warning, ticket, "the ticket expired"),
        ]
    }
}
