//! Going through the rules.

use std::collections::HashMap;

use super::facts::capture::Offer;
use super::facts::keys::KeySet;
use super::facts::ticket::TicketFacts;
use super::finding::Finding;
use super::policy::Policy;
use super::rule::{Check, OfferWatch, Rule, TicketWatch};
use super::rules::RULES;
use super::severity::Severity;
use super::subject::Subject;

/// Judges keys, tickets and offers by all rules that are on.
pub struct Auditor<'p> {
    policy: &'p Policy,
    now: i64,
    tickets: Vec<(&'static Rule, Box<dyn TicketWatch>)>,
    offers: Vec<(&'static Rule, Box<dyn OfferWatch>)>,
}

impl<'p> Auditor<'p> {
    /// An auditor that has seen nothing yet; `now` is the time to judge key files by, seconds since 1970.
    #[must_use]
    pub fn new(policy: &'p Policy, now: i64) -> Self {
        let mut auditor = Self { policy, now, tickets: Vec::new(), offers: Vec::new() };
        for (rule, _) in on(policy) {
            match rule.check {
                Check::Tickets(start) => auditor.tickets.push((rule, start())),
                Check::Offers(start) => auditor.offers.push((rule, start())),
                _ => {}
            }
        }
        auditor
    }

    /// Judges keys and their files; what is about one file or key stands together.
    #[must_use]
    pub fn keys(&self, keys: &KeySet) -> Vec<Finding> {
        let mut findings = Findings { policy: self.policy, found: Vec::new() };
        for (rule, _) in on(self.policy) {
            for file in keys.files() {
                let fingerprint = file.keys.first().map(|key| key.fingerprint);
                let whole = || Subject { fingerprint, ..Subject::file(file.path.clone()) };
                match rule.check {
                    Check::Content(check) => findings.add(rule, whole, check(file)),
                    Check::File(check) => {
                        findings.add(
                            rule,
                            whole,
                            file.disk.as_ref().and_then(|disk| check(disk, &self.policy.thresholds, self.now)),
                        );
                    }
                    Check::Key(check) => {
                        for key in &file.keys {
                            findings.add(rule, || key.subject(), check(key, &self.policy.thresholds));
                        }
                    }
                    _ => {}
                }
            }
            if let Check::Keys(check) = rule.check {
                findings.extend(rule, check(keys, &self.policy.thresholds));
            }
        }
        let mut places: HashMap<&str, usize> = HashMap::new();
        for (place, file) in keys.files().iter().enumerate() {
            places.entry(&file.path).or_insert(place);
        }
        findings.found.sort_by_key(|finding| (places.get(&*finding.subject.file).copied(), finding.subject.item));
        findings.found
    }

    /// Judges a ticket.
    pub fn ticket(&mut self, ticket: &TicketFacts<'_>) -> Vec<Finding> {
        let mut findings = Findings { policy: self.policy, found: Vec::new() };
        for (rule, _) in on(self.policy) {
            if let Check::Ticket(check) = rule.check {
                findings.add(rule, || ticket.subject(), check(ticket, &self.policy.thresholds));
            }
        }
        for (rule, watch) in &mut self.tickets {
            findings.add(rule, || ticket.subject(), watch.ticket(ticket, &self.policy.thresholds));
        }
        findings.found
    }

    /// Takes an offer of a ticket; [`finish`](Self::finish) tells what was found.
    pub fn offer(&mut self, offer: &Offer<'_>) {
        self.offers.iter_mut().for_each(|(_, watch)| watch.offer(offer));
    }

    /// The rules that could not remember every ticket, and how many tickets they have not judged in full for that.
    #[must_use]
    pub fn left_out(&self) -> Vec<(&'static Rule, u64)> {
        let tickets = self.tickets.iter().map(|(rule, watch)| (*rule, watch.left_out()));
        let offers = self.offers.iter().map(|(rule, watch)| (*rule, watch.left_out()));
        tickets.chain(offers).filter(|(_, count)| *count > 0).collect()
    }

    /// Tells what only the end shows.
    #[must_use]
    pub fn finish(&mut self) -> Vec<Finding> {
        let mut findings = Findings { policy: self.policy, found: Vec::new() };
        for (rule, watch) in &mut self.tickets {
            findings.extend(rule, watch.finish(&self.policy.thresholds));
        }
        for (rule, watch) in &mut self.offers {
            findings.extend(rule, watch.finish(&self.policy.thresholds));
        }
        findings.found.sort_by(|one, other| {
            (&one.subject.file, one.subject.item).cmp(&(&other.subject.file, other.subject.item))
        });
        findings.found
    }
}

/// The rules that are not off.
fn on(policy: &Policy) -> impl Iterator<Item = (&'static Rule, Severity)> {
    RULES.iter().filter_map(|rule| policy.severity(rule).map(|severity| (*rule, severity)))
}

/// What was found, with the severity of the policy.
struct Findings<'p> {
    policy: &'p Policy,
    found: Vec<Finding>,
}

impl Findings<'_> {
    fn add(&mut self, rule: &'static Rule, subject: impl FnOnce() -> Subject, message: Option<String>) {
        let Some(message) = message else { return };
        let Some(severity) = self.policy.severity(rule) else { return };
        self.found.push(Finding { rule, severity, subject: subject(), message });
    }

    fn extend(&mut self, rule: &'static Rule, found: Vec<(Subject, String)>) {
        for (subject, message) in found {
            self.add(rule, || subject, Some(message));
        }
    }
}
