//! Findings on their way out: counted, known ones left out, rendered.

use std::io::{self, Write as _};

use tktdump::audit::Finding;
use tktdump::audit::baseline::Baseline;
use tktdump::report::findings::{FindingTally, github, json, text};
use tktdump::report::{Page, Tally, Totals};
#[cfg(feature = "sarif")]
use tktdump::{audit::Policy, report::findings::sarif};

use super::args::{AuditArgs, AuditFormat};
use crate::command::notes::Notes;
use crate::command::output::styles;

/// Takes findings and prints them.
pub(super) struct Output {
    format: AuditFormat,
    text: text::Renderer,
    baseline: Baseline,
    /// Findings that go into one document at the end.
    #[cfg(feature = "sarif")]
    kept: Vec<Finding>,
    /// Bytes of text in them.
    #[cfg(feature = "sarif")]
    kept_text: usize,
    rendered: Page,
    /// Findings that were not known.
    pub(super) tally: FindingTally,
    known: u64,
}

impl Output {
    pub(super) fn new(args: &AuditArgs, baseline: Baseline) -> Self {
        Self {
            format: args.format,
            text: text::Renderer::new(styles(args.color)),
            baseline,
            #[cfg(feature = "sarif")]
            kept: Vec::new(),
            #[cfg(feature = "sarif")]
            kept_text: 0,
            rendered: Page::new(),
            tally: FindingTally::default(),
            known: 0,
        }
    }

    pub(super) fn take(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            if self.baseline.knows(&finding) {
                self.known += 1;
                continue;
            }
            self.tally.add(&finding);
            match self.format {
                AuditFormat::Text => self.text.finding(&finding, &mut self.rendered),
                AuditFormat::Json => json::finding(&finding, &mut self.rendered),
                AuditFormat::Github => github::finding(&finding, &mut self.rendered),
                #[cfg(feature = "sarif")]
                AuditFormat::Sarif => self.keep(finding),
            }
        }
    }

    #[cfg(feature = "sarif")]
    fn keep(&mut self, finding: Finding) {
        let length = self.kept_text + finding.text_length();
        if self.kept.len() < sarif::MAX_RESULTS && length <= sarif::MAX_TEXT {
            self.kept_text = length;
            self.kept.push(finding);
        }
    }

    /// Renders the one document that some formats are.
    #[cfg(feature = "sarif")]
    pub(super) fn document(&mut self, policy: &Policy, notes: &Notes) {
        if self.format != AuditFormat::Sarif {
            return;
        }
        let left_out = self.tally.total() - self.kept.len() as u64;
        if left_out > 0 {
            notes.warning(format_args!(
                "{left_out} findings are not in the document: views refuse more than {}, and it has room for {} MiB of text",
                sarif::MAX_RESULTS,
                sarif::MAX_TEXT >> 20
            ));
        }
        self.rendered.extend_from_slice(sarif::document(&self.kept, policy).as_bytes());
    }

    /// Writes what there is.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(&self.rendered)?;
        self.rendered.clear();
        stdout.flush()
    }

    /// Writes the end: count or summary. That there are no findings is not said if `failed`: something was not looked at.
    pub(super) fn finish(
        &mut self,
        tickets: &Tally,
        captures: Option<Totals>,
        stats: bool,
        failed: bool,
        notes: &Notes,
    ) -> io::Result<()> {
        match self.format {
            AuditFormat::Text if failed && self.tally.total() == 0 => {}
            AuditFormat::Text => self.text.count(&self.tally, self.known, &mut self.rendered),
            AuditFormat::Json if stats => {
                json::summary(tickets, captures, &self.tally, self.known, &mut self.rendered);
            }
            _ => {}
        }
        if self.known > 0 && self.format != AuditFormat::Text {
            notes.detail(format_args!("{} known findings were left out", self.known));
        }
        self.flush()
    }
}
