//! One key in several places, and one IV for several tickets.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::super::facts::ticket::TicketFacts;
use super::super::room::{Room, crop};
use super::super::rule::{Check, Rule, TicketWatch};
use super::super::severity::Severity;
use super::super::thresholds::Thresholds;
use crate::escape::Text;
use crate::key::{Fingerprint, KeyName};
use crate::resumption::Mark;

/// Keys, and tickets, that are kept in mind; those beyond are counted, so that memory is bounded.
const MAX_KEYS: usize = 10_000;
const MAX_TICKETS: usize = 1 << 20;

pub(super) static STEK_ACROSS_CONTEXTS: Rule = Rule {
    id: "stek-across-contexts",
    severity: Severity::Warning,
    about: "One key seals sessions of different session ID contexts: services share it, and may take each other's tickets.",
    hint: "Give each service that has its own certificate or client authentication a ticket key of its own.",
    reference: "CVE-2025-23419; CVE-2025-23048; Delignat-Lavaud and Bhargavan, Network-based Origin Confusion Attacks, WWW 2015",
    check: Check::Tickets(|| {
        Box::new(Firsts::new(
            |ticket| ticket.sealed()?.session_id_context,
            |first, other| {
                format!("the key sealed for the session ID context {} too, here it is {}", shown(first), shown(other))
            },
        ))
    }),
};

pub(super) static STEK_ACROSS_NAMES: Rule = Rule {
    id: "stek-across-names",
    severity: Severity::Info,
    about: "One key seals sessions of different server names: the virtual hosts share it.",
    hint: "Give virtual hosts with client authentication a ticket key of their own.",
    reference: "CVE-2025-23419; CVE-2025-23048",
    check: Check::Tickets(|| {
        Box::new(Firsts::new(
            |ticket| ticket.sealed()?.hostname,
            |first, other| {
                format!("the key sealed for the server name {} too, here it is {}", Text(first), Text(other))
            },
        ))
    }),
};

/// A context as people know it: as text if it is text.
fn shown(context: &[u8]) -> String {
    if context.is_empty() {
        "(empty)".to_owned()
    } else if context.iter().all(u8::is_ascii_graphic) {
        Text(context).to_string()
    } else {
        hex::encode(context)
    }
}

/// What each key sealed first, and whether something else has been seen: that is said once.
struct Firsts {
    value: for<'a> fn(&TicketFacts<'a>) -> Option<&'a [u8]>,
    message: fn(&[u8], &[u8]) -> String,
    by_key: HashMap<Fingerprint, First>,
    room: Room,
}

/// The first value of a key: what tells it from others, and as much of it as is shown.
struct First {
    hash: Mark,
    shown: Box<[u8]>,
    said: bool,
}

impl Firsts {
    fn new(value: for<'a> fn(&TicketFacts<'a>) -> Option<&'a [u8]>, message: fn(&[u8], &[u8]) -> String) -> Self {
        Self { value, message, by_key: HashMap::new(), room: Room::default() }
    }
}

impl TicketWatch for Firsts {
    fn ticket(&mut self, ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
        let value = (self.value)(ticket)?;
        let (key, _) = ticket.record.key()?;
        let (hash, shown) = (Mark::of(value), crop(value));
        let has_place = self.by_key.len() < MAX_KEYS;
        match self.by_key.get_mut(&key.fingerprint()) {
            Some(first) if first.hash != hash && !first.said => {
                first.said = true;
                Some((self.message)(&first.shown, shown))
            }
            None if self.room.take(shown.len(), has_place) => {
                self.by_key.insert(key.fingerprint(), First { hash, shown: shown.into(), said: false });
                None
            }
            _ => None,
        }
    }

    fn left_out(&self) -> u64 {
        self.room.left_out()
    }
}

pub(super) static IV_REUSE: Rule = Rule {
    id: "iv-reuse",
    severity: Severity::Error,
    about: "Two tickets of one key have the same IV: equal beginnings of sessions can be seen, and the random source is broken.",
    hint: "Look at the server's random numbers: after a fork, in a fresh container, in a restored virtual machine.",
    reference: "SP 800-38A appendix C; RFC 9846 (RFC 5077 section 4)",
    check: Check::Tickets(|| Box::<Ivs>::default()),
};

/// For a hash of key name and IV the ticket that had them.
#[derive(Default)]
struct Ivs(HashMap<u64, (Option<KeyName>, Mark)>, Room);

impl TicketWatch for Ivs {
    fn ticket(&mut self, ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
        let parts = ticket.record.ticket()?;
        let mut hasher = DefaultHasher::new();
        (parts.key_name(), parts.unique()).hash(&mut hasher);
        let ticket = Mark::of(ticket.record.bytes);
        let has_place = self.0.len() < MAX_TICKETS;
        match self.0.get(&hasher.finish()) {
            // the same ticket again is not another ticket
            Some((name, first)) if *name == parts.key_name() && *first != ticket => {
                Some("another ticket of the key has the same IV".to_owned())
            }
            None if self.1.take(0, has_place) => {
                self.0.insert(hasher.finish(), (parts.key_name(), ticket));
                None
            }
            _ => None,
        }
    }

    fn left_out(&self) -> u64 {
        self.1.left_out()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{self, GOOD_KEY, OTHER_KEY, TestSession};

    fn sealed(key: &[u8], session: &TestSession) -> Vec<u8> {
        testing::seal(key, &session.der())
    }

    #[test]
    fn one_key_for_two_contexts_is_said_once() {
        let with = |context: &[u8]| TestSession { context: context.to_vec(), ..TestSession::default() };
        let (one, other) = (with(&[1; 20]), with(b"haproxy"));
        let count = |tickets: &[Vec<u8>]| {
            testing::batch_rules(tickets).iter().filter(|rule| **rule == "stek-across-contexts").count()
        };
        assert_eq!(count(&[sealed(GOOD_KEY, &one), sealed(GOOD_KEY, &other), sealed(GOOD_KEY, &other)]), 1);
        assert_eq!(count(&[sealed(GOOD_KEY, &one), sealed(GOOD_KEY, &one)]), 0);
        assert_eq!(count(&[sealed(GOOD_KEY, &one), sealed(OTHER_KEY, &other)]), 0);
    }

    #[test]
    fn of_a_long_value_the_beginning_is_remembered_and_all_of_it_counts() {
        let with =
            |last: u8| TestSession { context: [vec![b'a'; 20_000], vec![last]].concat(), ..TestSession::default() };
        let messages = |last: &[u8]| -> Vec<String> {
            let tickets: Vec<Vec<u8>> = last.iter().map(|&last| sealed(GOOD_KEY, &with(last))).collect();
            let found = testing::batch_findings(&tickets).into_iter();
            found.filter(|finding| finding.rule.id == "stek-across-contexts").map(|finding| finding.message).collect()
        };
        assert!(messages(b"bb").is_empty());
        let said = messages(b"bbc");
        assert!(said.len() == 1 && said[0].len() < 1000, "{said:?}");
    }

    #[test]
    fn one_key_for_two_names_is_found() {
        let with = |name: &str| TestSession { hostname: name.as_bytes().to_vec(), ..TestSession::default() };
        let tickets = |one, other| [sealed(GOOD_KEY, &with(one)), sealed(GOOD_KEY, &with(other))];
        assert!(testing::batch_rules(&tickets("a.lab.test", "b.lab.test")).contains(&"stek-across-names"));
        assert!(!testing::batch_rules(&tickets("a.lab.test", "a.lab.test")).contains(&"stek-across-names"));
    }

    #[test]
    fn one_iv_for_two_tickets_is_found() {
        let with =
            |time, iv| testing::seal_with_iv(GOOD_KEY, &TestSession { time, ..TestSession::default() }.der(), [iv; 16]);
        let now = testing::NOW;
        assert!(testing::batch_rules(&[with(now, 1), with(now - 1, 1)]).contains(&"iv-reuse"));
        assert!(!testing::batch_rules(&[with(now, 1), with(now - 1, 2)]).contains(&"iv-reuse"));
        assert!(!testing::batch_rules(&[with(now, 1), with(now, 1)]).contains(&"iv-reuse"), "the same ticket twice");
    }
}
