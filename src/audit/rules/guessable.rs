//! Keys that anybody can guess, seen in a key file or proved by a ticket alone.

use super::super::facts::keys::KeyFacts;
use super::super::facts::ticket::TicketFacts;
use super::super::rule::{Check, Rule};
use super::super::severity::Severity;
use super::super::thresholds::Thresholds;
use crate::key::{Weakness, verifies_under_zero_mac_key, weak};
use crate::session::SessionSecret;

const PAPER: &str = "Hebrok et al., We Really Need to Talk About Session Tickets, USENIX Security 2023";

pub(super) static GUESSABLE_KEY: Rule = Rule {
    id: "guessable-key",
    severity: Severity::Error,
    about: "A secret of the key follows a pattern that anybody can guess.",
    hint: "Make a new key with openssl rand, give it to all servers, and treat earlier traffic as readable.",
    reference: PAPER,
    check: Check::Key(guessable_key),
};

fn guessable_key(key: &KeyFacts, _: &Thresholds) -> Option<String> {
    let mut found: Vec<String> = key
        .secrets()
        .filter_map(|(label, secret)| guessable(secret).map(|weakness| format!("its {label} is {weakness}")))
        .collect();
    // if the order of the parts is not known they share a label
    found.dedup();
    (!found.is_empty()).then(|| format!("the key can be guessed: {}", found.join(", ")))
}

fn guessable(secret: &[u8]) -> Option<Weakness> {
    weak::recognise(secret).filter(|weakness| weakness.is_guessable())
}

pub(super) static GUESSABLE_TICKET_KEY: Rule = Rule {
    id: "guessable-ticket-key",
    severity: Severity::Error,
    about: "The ticket's MAC verifies under a key that anybody can guess: no secret protects it.",
    hint: "Give the server a random ticket key, and find out why it has none: it was often never initialised.",
    reference: PAPER,
    check: Check::Ticket(guessable_ticket_key),
};

fn guessable_ticket_key(ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
    let weakness = ticket.guessed?;
    let opened = ticket.sealed().is_some_and(|_| ticket.record.opened_with_built_in_key());
    let consequence = if opened { "anybody can open and forge the ticket" } else { "anybody can forge such tickets" };
    Some(format!("the MAC verifies under a key that is {weakness}: {consequence}"))
}

pub(super) static ZERO_MAC_KEY: Rule = Rule {
    id: "zero-mac-key",
    severity: Severity::Error,
    about: "The ticket's MAC is that of an all-zero HMAC key.",
    hint: "The server's MAC key was never set: give it a whole key file, or a fixed version of the server.",
    reference: "CVE-2020-13777",
    check: Check::Ticket(zero_mac_key),
};

fn zero_mac_key(ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
    // what verifies under a key that nobody can guess does not verify under this one
    let is_other = ticket.record.key().is_some_and(|(key, verified)| {
        let [_, mac] = key.weakness();
        verified && mac.is_none()
    });
    let zero = !is_other && verifies_under_zero_mac_key(ticket.record.bytes);
    zero.then(|| "the MAC is that of an all-zero HMAC key: anybody can change the ticket unnoticed".to_owned())
}

pub(super) static ZERO_MASTER_SECRET: Rule = Rule {
    id: "zero-master-secret",
    severity: Severity::Error,
    about: "The session's master secret or PSK is all zeros: whoever sees its traffic can read it.",
    hint: "Look for a server or client that seals sessions before their handshake is complete, and update it.",
    reference: "RFC 9846 (RFC 5246 section 8.1, RFC 8446 section 4.6.1)",
    check: Check::Ticket(zero_master_secret),
};

fn zero_master_secret(ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
    let secret = ticket.session()?.secret;
    let what = match secret {
        SessionSecret::MasterSecret(_) => "master secret",
        SessionSecret::ResumptionPsk(_) => "PSK",
        SessionSecret::ResumptionMasterSecret(_) => "resumption master secret",
    };
    let is_zero = !secret.bytes().is_empty() && secret.bytes().iter().all(|&byte| byte == 0);
    is_zero.then(|| format!("the {what} of the session is all zeros: anybody can read its traffic"))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{self, GOOD_KEY, TestSession};

    #[test]
    fn keys_with_a_pattern_are_guessable_and_random_ones_are_not() {
        for key in [vec![0; 80], vec![0x31; 48], (0..80).collect()] {
            assert!(testing::key_rules(&[("a.key", &key)]).contains(&"guessable-key"), "{key:02x?}");
        }
        let mut half = GOOD_KEY.to_vec();
        half[48..].fill(0xab);
        assert!(testing::key_rules(&[("a.key", &half)]).contains(&"guessable-key"));
        assert!(!testing::key_rules(&[("a.key", GOOD_KEY)]).contains(&"guessable-key"));
    }

    #[test]
    fn a_session_without_a_secret_is_found() {
        let der = TestSession::default().der();
        let zeros: Vec<u8> = der.iter().map(|&byte| if byte == 0xc3 { 0 } else { byte }).collect();
        let found = |der: &[u8]| testing::ticket_rules_with(GOOD_KEY, &testing::seal(GOOD_KEY, der));
        assert!(found(&zeros).contains(&"zero-master-secret"));
        assert!(!found(&der).contains(&"zero-master-secret"));
    }

    #[test]
    fn a_ticket_alone_proves_that_its_key_can_be_guessed() {
        let guessable: Vec<u8> = (0..16).chain((0x20..0x40).chain([0xdd; 32])).collect();
        let ticket = testing::seal(&guessable, &TestSession::default().der());
        let found = testing::ticket_rules_without_key(&ticket);
        assert!(found.contains(&"guessable-ticket-key") && !found.contains(&"zero-mac-key"), "{found:?}");
        // another key was given: the list is tried anyway
        let found = testing::ticket_rules_with(GOOD_KEY, &ticket);
        assert!(found.contains(&"guessable-ticket-key") && found.contains(&"unknown-key"), "{found:?}");
        let good = testing::seal(GOOD_KEY, &TestSession::default().der());
        assert!(!testing::ticket_rules_without_key(&good).contains(&"guessable-ticket-key"));
    }

    #[test]
    fn a_zero_mac_key_is_named_whatever_the_aes_key_is() {
        let mut key = GOOD_KEY.to_vec();
        key[16..48].fill(0);
        let found = testing::ticket_rules_with(GOOD_KEY, &testing::seal(&key, &TestSession::default().der()));
        assert!(found.contains(&"zero-mac-key") && found.contains(&"mac-mismatch"), "{found:?}");
        assert!(!testing::ticket_rules(&TestSession::default()).contains(&"zero-mac-key"));
    }
}
