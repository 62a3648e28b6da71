//! Findings for people: grouped by what they are about, with a closing count.

use std::fmt::Write as _;

use super::super::Page;
use super::super::text::Styles;
use super::FindingTally;
use crate::audit::{Finding, Rule, Severity, Subject};

/// Renders findings as text. Those of one subject that follow each other share its heading.
#[derive(Debug, Default)]
pub struct Renderer {
    styles: Styles,
    last: Option<Subject>,
}

impl Renderer {
    /// A renderer that has printed nothing yet.
    #[must_use]
    pub fn new(styles: Styles) -> Self {
        Self { styles, last: None }
    }

    /// Appends one finding.
    pub fn finding(&mut self, finding: &Finding, out: &mut Page) {
        let Styles { heading, label: faint, .. } = self.styles;
        let mut text = String::with_capacity(256);
        if self.last.as_ref() != Some(&finding.subject) {
            let blank = if self.last.is_some() { "\n" } else { "" };
            // writing to a String does not fail
            let _ = writeln!(text, "{blank}{heading}{}{heading:#}", finding.subject);
            self.last = Some(finding.subject.clone());
        }
        let colour = self.colour(finding.severity);
        let Finding { rule, severity, message, .. } = finding;
        let _ = writeln!(text, "  {colour}{severity:7}{colour:#}  {message}");
        let _ = writeln!(text, "           {faint}{} [{}] {}{faint:#}", rule.id, rule.reference, rule.hint);
        out.extend_from_slice(text.as_bytes());
    }

    /// Appends the closing count; `known` findings were left out.
    pub fn count(&self, findings: &FindingTally, known: u64, out: &mut Page) {
        let blank = if self.last.is_some() { "\n" } else { "" };
        out.extend_from_slice(format!("{blank}{}\n", count(findings, known)).as_bytes());
    }

    /// Appends what a rule is, with the severity it has by the policy.
    pub fn rule(&self, rule: &Rule, severity: Option<Severity>, out: &mut Page) {
        let Styles { heading, label: faint, .. } = self.styles;
        let colour = severity.map(|severity| self.colour(severity)).unwrap_or_default();
        let word = severity.map_or("off", Severity::as_str);
        let Rule { id, about, hint, reference, check, .. } = rule;
        let lines = format!(
            "{heading}{id}{heading:#}  {colour}{word}{colour:#}  {faint}({}){faint:#}\n  {about}\n  {faint}hint: {hint}\n  \
             reference: {reference}{faint:#}\n",
            check.subject()
        );
        out.extend_from_slice(lines.as_bytes());
    }

    fn colour(&self, severity: Severity) -> anstyle::Style {
        match severity {
            Severity::Error => self.styles.bad,
            Severity::Warning => self.styles.warning,
            Severity::Info => self.styles.label,
        }
    }
}

/// The count in one line.
fn count(findings: &FindingTally, known: u64) -> String {
    let known = if known > 0 { format!(" ({known} known and left out)") } else { String::new() };
    let counts: Vec<String> = findings.counts().map(|(severity, count)| format!("{count} {severity}")).collect();
    match findings.total() {
        0 => format!("no findings{known}"),
        1 => format!("1 finding: {}{known}", counts.join(", ")),
        total => format!("{total} findings: {}{known}", counts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::findings;
    use super::*;

    #[test]
    fn findings_of_one_subject_share_a_heading() {
        let mut renderer = Renderer::default();
        let (mut out, mut tally) = (Page::new(), FindingTally::default());
        for finding in findings() {
            renderer.finding(&finding, &mut out);
            tally.add(&finding);
        }
        renderer.count(&tally, 0, &mut out);
        let text = String::from_utf8(out.to_vec()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], format!("keys/a, b: 100%\\u{{a}}.key: key 1, key name {}", "ab".repeat(16)));
        assert_eq!(lines[1], "  error    the key can be guessed: 100%, all of it");
        assert!(lines[3].starts_with("  info     the AES key has 128 bits"), "{text}");
        assert_eq!(lines[6], "t.hex: line 4");
        assert_eq!(lines.last(), Some(&"3 findings: 1 error, 1 warning, 1 info"));
        let mut out = Page::new();
        Renderer::default().count(&FindingTally::default(), 1, &mut out);
        assert_eq!(*out, *b"no findings (1 known and left out)\n");
    }
}
