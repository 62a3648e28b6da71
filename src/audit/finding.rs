//! What an audit finds.

use super::rule::Rule;
use super::severity::Severity;
use super::subject::Subject;

/// A rule that is broken, by whom, and how.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How much it matters by the policy.
    pub severity: Severity,
    /// What it is about.
    pub subject: Subject,
    /// What was found, in one sentence without secrets; foreign text in it is escaped.
    pub message: String,
}

impl Finding {
    /// Bytes of foreign text and of message that it holds.
    #[must_use]
    pub fn text_length(&self) -> usize {
        let sni = self.subject.seen.as_ref().and_then(|seen| seen.sni.as_ref()).map_or(0, Vec::len);
        self.message.len() + self.subject.file.len() + sni
    }
}
