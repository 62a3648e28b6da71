//! Rules that ticket keys, tickets and captures should keep, and what breaks them.
//!
//! [`RULES`](rules::RULES) is the table of all rules. An [`Auditor`] judges facts by them: [keys](facts::keys::KeySet),
//! [tickets](facts::ticket::TicketFacts) one after the other, and [offers](facts::capture::Offer) of tickets seen in captures. What
//! it returns are [findings](Finding); none contains a secret. A [`Policy`] says how much each rule matters, a
//! [`Baseline`](baseline::Baseline) which findings are known already.

pub mod baseline;
pub mod facts;
pub mod policy;
pub mod rules;

mod auditor;
mod finding;
mod period;
mod room;
mod rule;
mod severity;
mod subject;
#[cfg(test)]
pub(crate) mod testing;
pub mod thresholds;

pub use self::auditor::Auditor;
pub use self::finding::Finding;
pub use self::period::{Period, parse_period};
pub use self::policy::{Policy, PolicyError};
pub use self::rule::{Check, OfferWatch, Rule, TicketWatch};
pub use self::severity::Severity;
pub use self::subject::{Item, Seen, Subject};
pub use self::thresholds::Thresholds;
