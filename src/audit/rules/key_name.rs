//! Key names that were never set.

use super::super::facts::keys::KeyFacts;
use super::super::facts::ticket::TicketFacts;
use super::super::rule::{Check, Rule};
use super::super::severity::Severity;
use super::super::thresholds::Thresholds;
use crate::key::KeyName;

pub(super) static ZERO_KEY_NAME: Rule = Rule {
    id: "zero-key-name",
    severity: Severity::Error,
    about: "The key's name is all zero: the file was probably never filled.",
    hint: "Make a new key with openssl rand; the name is its first 16 bytes.",
    reference: "RFC 9846 (RFC 5077 section 4); CVE-2020-13777",
    check: Check::Key(zero_key_name),
};

fn zero_key_name(key: &KeyFacts, _: &Thresholds) -> Option<String> {
    key.name.filter(KeyName::is_zero).map(|_| "the key's name is all zero".to_owned())
}

pub(super) static ZERO_TICKET_KEY_NAME: Rule = Rule {
    id: "zero-ticket-key-name",
    severity: Severity::Warning,
    about: "The ticket names an all-zero key: the server may seal with a slot that was never filled.",
    hint: "Check whether the server has a ticket key at all, and whether its version is one that sealed with an empty one.",
    reference: "CVE-2020-13777",
    check: Check::Ticket(zero_ticket_key_name),
};

fn zero_ticket_key_name(ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
    // a server whose keys have no names sends whatever stands there
    let nameless =
        ticket.record.key().is_some_and(|(key, _)| key.name().is_none()) && !ticket.record.opened_with_built_in_key();
    let zero = ticket.record.ticket().and_then(|parts| parts.key_name()).is_some_and(|name| name.is_zero());
    (zero && !nameless).then(|| "the ticket's key name is all zero".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{self, GOOD_KEY, TestSession};

    #[test]
    fn a_name_that_is_all_zero_is_found_in_keys_and_tickets() {
        let mut key = GOOD_KEY.to_vec();
        key[..16].fill(0);
        assert!(testing::key_rules(&[("a.key", &key)]).contains(&"zero-key-name"));
        let ticket = testing::seal(&key, &TestSession::default().der());
        assert!(testing::ticket_rules_with(&key, &ticket).contains(&"zero-ticket-key-name"));
        assert!(testing::ticket_rules_without_key(&ticket).contains(&"zero-ticket-key-name"));
    }

    #[test]
    fn other_names_are_fine() {
        assert!(!testing::key_rules(&[("a.key", GOOD_KEY)]).contains(&"zero-key-name"));
        assert!(!testing::ticket_rules(&TestSession::default()).contains(&"zero-ticket-key-name"));
    }
}
