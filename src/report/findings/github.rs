//! Workflow commands of GitHub Actions, which show findings as annotations:
//! `::error file=FILE,line=N,title=RULE::MESSAGE`.

use std::fmt::{self, Write as _};

use super::super::Page;
use crate::audit::{Finding, Severity};
use crate::escape::Text;

/// Appends the annotation of one finding.
pub fn finding(finding: &Finding, out: &mut Page) {
    let Finding { rule, severity, subject, message } = finding;
    let command = match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let mut text = String::with_capacity(256);
    let file = Text(subject.file.as_bytes()).to_string();
    // writing to a String does not fail
    let _ = write!(text, "::{command} file={}", Property(&file));
    if let Some(line) = subject.line() {
        let _ = write!(text, ",line={line}");
    }
    let title = format!("{} ({subject})", rule.id);
    let said = format!("{message}. {} [{}]", rule.hint, rule.reference);
    let _ = writeln!(text, ",title={}::{}", Property(&title), Data(&said));
    out.extend_from_slice(text.as_bytes());
}

/// The message of a command: a line end in it would start another command.
struct Data<'t>(&'t str);

/// A property of a command, which ends at a comma or colon.
struct Property<'t>(&'t str);

impl fmt::Display for Data<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escape(self.0, "%\r\n", f)
    }
}

impl fmt::Display for Property<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escape(self.0, "%\r\n:,", f)
    }
}

/// Writes the characters of `special` as `%XX`; all of them are ASCII.
fn escape(text: &str, special: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    text.chars().try_for_each(|character| {
        if special.contains(character) { write!(f, "%{:02X}", u32::from(character)) } else { f.write_char(character) }
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::findings;
    use super::*;

    #[test]
    fn nothing_in_a_finding_can_end_the_command() {
        let mut out = Page::new();
        for found in findings() {
            finding(&found, &mut out);
        }
        let text = String::from_utf8(out.to_vec()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(
            lines[0]
                .starts_with("::error file=keys/a%2C b%3A 100%25\\u{a}.key,title=guessable-key (keys/a%2C b%3A 100%25"),
            "{}",
            lines[0]
        );
        assert!(lines[0].contains("::the key can be guessed: 100%25, all of it. "));
        assert!(lines[1].starts_with("::notice file="));
        assert!(lines[2].starts_with("::warning file=t.hex,line=4,title=expired-ticket (t.hex%3A line 4)::the ticket"));
        assert_eq!(Data("a\r\nb%").to_string(), "a%0D%0Ab%25");
        assert_eq!(Property("a\r\nb%:,").to_string(), "a%0D%0Ab%25%3A%2C");
    }
}
