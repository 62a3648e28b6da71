//! What a rule is.

use std::fmt;
use std::str::FromStr;

use super::facts::capture::Offer;
use super::facts::keys::{FileFacts, KeyFacts, KeyFileFacts, KeySet};
use super::facts::ticket::TicketFacts;
use super::finding::Subject;
use super::policy::Policy;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Should be changed.
    Warning,
    /// Breaks what tickets are to protect.
    Error,
}

impl Severity {
    /// Every severity, the worst first.
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Info];

    /// The word used in every output and option.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// There is no such severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownSeverity;

impl fmt::Display for UnknownSeverity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not one of info, warning, error")
    }
}

impl std::error::Error for UnknownSeverity {}

impl FromStr for Severity {
    type Err = UnknownSeverity;

    fn from_str(text: &str) -> Result<Self, UnknownSeverity> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == text).ok_or(UnknownSeverity)
    }
}

/// One rule: what it is called, why it is there, and how it is checked.
#[derive(Debug)]
pub struct Rule {
    /// The name, in kebab case: scripts and policies rely on it.
    pub id: &'static str,
    /// How much a finding matters where the policy says nothing else.
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
    Key(fn(&KeyFacts, &Policy) -> Option<String>),
    /// The content of one key file.
    Content(fn(&KeyFileFacts) -> Option<String>),
    /// One key file on disk, as far as its directory entry is known, and the time to judge it by.
    File(fn(&FileFacts, &Policy, i64) -> Option<String>),
    /// All keys.
    Keys(fn(&KeySet, &Policy) -> Vec<(Subject, String)>),
    /// One ticket.
    Ticket(fn(&TicketFacts<'_>, &Policy) -> Option<String>),
    /// Tickets, one after the other.
    Tickets(fn() -> Box<dyn TicketWatch>),
    /// Offers of tickets in captures, one after the other.
    Offers(fn() -> Box<dyn OfferWatch>),
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
        }
    }
}

/// A check that remembers earlier tickets.
pub trait TicketWatch {
    /// Takes a ticket; what it returns is a finding about that ticket.
    fn ticket(&mut self, ticket: &TicketFacts<'_>, policy: &Policy) -> Option<String>;

    /// What only the end shows.
    fn finish(&mut self, _policy: &Policy) -> Vec<(Subject, String)> {
        Vec::new()
    }
}

/// A check that remembers earlier offers.
pub trait OfferWatch {
    /// Takes an offer.
    fn offer(&mut self, offer: &Offer<'_>);

    /// What was found.
    fn finish(&mut self, policy: &Policy) -> Vec<(Subject, String)>;
}
