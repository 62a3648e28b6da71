//! Tickets that were not opened.

use super::super::facts::ticket::TicketFacts;
use super::super::rule::{Check, Rule};
use super::super::severity::Severity;
use crate::record::Status;

pub(super) static UNKNOWN_KEY: Rule = Rule {
    id: "unknown-key",
    severity: Severity::Error,
    about: "None of the keys given opens the ticket: a server seals with another one.",
    hint: "Check whether every node has the same keys and has loaded them; give all keys that are in use.",
    reference: "RFC 9846 (RFC 5077 section 5.5)",
    check: Check::Ticket(|ticket, _| with_status(ticket, &[Status::UnknownKey])),
};

pub(super) static MAC_MISMATCH: Rule = Rule {
    id: "mac-mismatch",
    severity: Severity::Error,
    about: "A key has the ticket's name, but the MAC does not verify under it.",
    hint: "The ticket was changed, or two keys share a name: compare the fingerprints of the nodes' keys.",
    reference: "RFC 9846 (RFC 5077 section 4)",
    check: Check::Ticket(|ticket, _| with_status(ticket, &[Status::BadMac])),
};

pub(super) static BROKEN_TICKET: Rule = Rule {
    id: "broken-ticket",
    severity: Severity::Error,
    about: "The ticket is not complete, or what is in it is not a session.",
    hint: "Look at it with tktdump without audit, which says what is wrong and where.",
    reference: "RFC 9846 (RFC 5077 section 4)",
    check: Check::Ticket(|ticket, _| with_status(ticket, &[Status::Malformed, Status::BadPadding, Status::BadSession])),
};

pub(super) static STATEFUL_TICKET: Rule = Rule {
    id: "stateful-ticket",
    severity: Severity::Error,
    about: "The server sends handles of its session cache in place of tickets: the ticket key is not in use at all.",
    hint: "Check whether tickets are switched on; turn this rule off where a cache is meant.",
    reference: "RFC 9846 (RFC 8446 section 4.6.1)",
    check: Check::Ticket(|ticket, _| with_status(ticket, &[Status::StatefulId])),
};

fn with_status(ticket: &TicketFacts<'_>, wanted: &[Status]) -> Option<String> {
    let found = wanted.contains(&ticket.record.status());
    let problem = if found { ticket.record.problem(ticket.keys.ring()) } else { None };
    problem.map(|problem| problem.error)
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{self, GOOD_KEY, OTHER_KEY, TestSession};

    const RULES: [&str; 4] = ["unknown-key", "mac-mismatch", "broken-ticket", "stateful-ticket"];

    fn of(found: &[&'static str]) -> Vec<&'static str> {
        found.iter().copied().filter(|rule| RULES.contains(rule)).collect()
    }

    #[test]
    fn what_was_not_opened_says_why() {
        let ticket = testing::seal(GOOD_KEY, &TestSession::default().der());
        let mut changed = ticket.clone();
        changed[40] ^= 1;
        for (ticket, expected) in [
            (testing::seal(OTHER_KEY, &TestSession::default().der()), "unknown-key"),
            (changed, "mac-mismatch"),
            (ticket[..ticket.len() - 3].to_vec(), "broken-ticket"),
            (testing::seal(GOOD_KEY, b"no session"), "broken-ticket"),
            (ticket[..32].to_vec(), "stateful-ticket"),
        ] {
            assert_eq!(of(&testing::ticket_rules_with(GOOD_KEY, &ticket)), [expected]);
        }
        assert!(of(&testing::ticket_rules_with(GOOD_KEY, &ticket)).is_empty());
    }

    #[test]
    fn without_a_key_a_ticket_is_not_to_be_opened() {
        let ticket = testing::seal(GOOD_KEY, &TestSession::default().der());
        assert!(of(&testing::ticket_rules_without_key(&ticket)).is_empty());
    }
}
