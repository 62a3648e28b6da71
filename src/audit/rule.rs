//! What a rule is.

use std::fmt;

use super::facts::capture::Offer;
use super::facts::keys::{FileFacts, KeyFacts, KeyFileFacts, KeySet};
use super::facts::ticket::TicketFacts;
use super::severity::Severity;
use super::subject::Subject;
use super::thresholds::Thresholds;

/// One rule: what it is called, why it is there, and how it is checked.
#[derive(Debug)]
pub struct Rule {
    /// The name, in kebab case: scripts and policies rely on it.
    pub id: &'static str,
    /// How much a finding matters if the policy says nothing else.
    pub severity: Severity,
    /// What it finds, in one sentence.
    pub about: &'static str,
    /// What to do about it, in one sentence.
    pub hint: &'static str,
    /// Where that is written: RFC section, CVE, paper, or a server's source.
    pub reference: &'static str,
    /// The check.
    pub check: Check,
}

/// How a rule is checked: by what it looks at. A check returns what it found in one sentence, which may hold foreign
/// text only if it is [escaped](crate::escape::Text).
#[derive(Clone, Copy)]
pub enum Check {
    /// One key.
    Key(fn(&KeyFacts, &Thresholds) -> Option<String>),
    /// The content of one key file.
    Content(fn(&KeyFileFacts) -> Option<String>),
    /// One key file on disk, as far as its directory entry is known, and the time to judge it by.
    File(fn(&FileFacts, &Thresholds, i64) -> Option<String>),
    /// All keys.
    Keys(fn(&KeySet, &Thresholds) -> Vec<(Subject, String)>),
    /// One ticket.
    Ticket(fn(&TicketFacts<'_>, &Thresholds) -> Option<String>),
    /// Tickets, one after the other.
    Tickets(fn() -> Box<dyn TicketWatch>),
    /// Offers of tickets in captures, one after the other.
    Offers(fn() -> Box<dyn OfferWatch>),
    /// Running servers, which [`probe::verdicts`](crate::probe::verdicts) judges.
    Probe,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.subject())
    }
}

impl Check {
    /// What the rule looks at.
    #[must_use]
    pub fn subject(&self) -> &'static str {
        match self {
            Self::Key(_) | Self::Keys(_) => "keys",
            Self::Content(_) | Self::File(_) => "key files",
            Self::Ticket(_) | Self::Tickets(_) => "tickets",
            Self::Offers(_) => "captures",
            Self::Probe => "running servers",
        }
    }
}

/// A check that remembers earlier tickets.
pub trait TicketWatch {
    /// Takes a ticket; what it returns is a finding about that ticket.
    fn ticket(&mut self, ticket: &TicketFacts<'_>, thresholds: &Thresholds) -> Option<String>;

    /// What only the end shows.
    fn finish(&mut self, _thresholds: &Thresholds) -> Vec<(Subject, String)> {
        Vec::new()
    }

    /// Tickets that were not judged in full, since no more could be remembered.
    fn left_out(&self) -> u64 {
        0
    }
}

/// A check that remembers earlier offers.
pub trait OfferWatch {
    /// Takes an offer.
    fn offer(&mut self, offer: &Offer<'_>);

    /// What was found.
    fn finish(&mut self, thresholds: &Thresholds) -> Vec<(Subject, String)>;

    /// Tickets that were not judged in full, since no more could be remembered.
    fn left_out(&self) -> u64;
}
