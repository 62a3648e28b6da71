//! Whether the key that seals is the one that should.

use super::super::facts::keys::ActiveKey;
use super::super::facts::ticket::TicketFacts;
use super::super::period::Period;
use super::super::rule::{Check, Rule};
use super::super::severity::Severity;
use super::super::thresholds::Thresholds;
use crate::escape::Text;
use crate::key::{Role, TicketKey};
use crate::record::Status;

/// Between writing a key file and reloading the server may lie this much, seconds.
const RELOAD: i64 = 600;

pub(super) static NOT_ACTIVE_KEY: Rule = Rule {
    id: "not-active-key",
    severity: Severity::Error,
    about: "With --expect-active: the ticket was not sealed by the key that seals by the configuration.",
    hint: "Reload the server: it still seals with the keys that it read when it started.",
    reference: "RFC 9846 (RFC 5077 section 5.5)",
    check: Check::Ticket(not_active_key),
};

fn not_active_key(ticket: &TicketFacts<'_>, thresholds: &Thresholds) -> Option<String> {
    if !thresholds.expect_active {
        return None;
    }
    let opened = ticket.record.key().filter(|_| ticket.record.status() == Status::Decrypted);
    let Some((key, _)) = opened else {
        let expected = ticket.keys.active()?;
        return Some(if expected.certain {
            format!("the ticket was not opened by {}, which seals", shown(&expected))
        } else {
            "none of the keys opens the ticket, and so not the one that seals".to_owned()
        });
    };
    let origin = key.origin();
    let other = format!("key {} of {}", origin.index, Text(origin.file.as_bytes()));
    let Some(expected) = ticket.keys.active_like(&origin.file, &origin.format) else {
        // a key of a library without key files, which the ticket itself has proved
        return is_inactive(key.key()).then(|| format!("the ticket was sealed by {other}, which only opens tickets"));
    };
    let is_expected = match origin.role {
        Role::Active => true,
        Role::Unknown => *origin.file == *expected.file.path && origin.index == expected.key.index,
        _ => false,
    };
    let reason =
        if expected.certain { "which seals" } else { "which comes first and so is taken for the one that seals" };
    (!is_expected).then(|| format!("the ticket was sealed by {other}, not by {}, {reason}", shown(&expected)))
}

fn shown(active: &ActiveKey<'_>) -> String {
    let (file, key) = (Text(active.file.path.as_bytes()), active.key);
    format!("key {} of {file}, fingerprint {}", key.index, key.fingerprint)
}

pub(super) static INACTIVE_KEY_SEALS: Rule = Rule {
    id: "inactive-key-seals",
    severity: Severity::Warning,
    about: "The ticket was sealed by a key that only opens, long after the file of the sealing key was written.",
    hint: "Reload the servers, and look for a node that was left out of the rotation.",
    reference: "RFC 9846 (RFC 5077 section 5.5)",
    check: Check::Ticket(inactive_key_seals),
};

fn inactive_key_seals(ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
    let (key, _) = ticket.record.key().filter(|(key, verified)| *verified && is_inactive(key.key()))?;
    let active = ticket.keys.active_like(&key.origin().file, &key.origin().format).filter(|active| active.certain)?;
    // one file says nothing about when its keys changed places
    let rotated = active.file.disk.as_ref()?.modified.filter(|_| active.file.path != key.origin().file)?;
    let late = ticket.sealed()?.time?.saturating_sub(rotated);
    (late > RELOAD).then(|| {
        let file = Text(active.file.path.as_bytes());
        format!("the ticket was sealed by an inactive key, {} after {file} was written", Period(late))
    })
}

fn is_inactive(key: &TicketKey) -> bool {
    matches!(key.origin().role, Role::Inactive | Role::Ignored)
}

#[cfg(test)]
mod tests {
    use super::super::super::facts::keys::FileFacts;
    use super::super::super::testing::{self, GOOD_KEY, NOW, OTHER_KEY, TestSession, WELL_KEPT};
    use crate::audit::{Policy, Thresholds};

    fn expecting() -> Policy {
        Policy { thresholds: Thresholds { expect_active: true, ..Thresholds::default() }, ..Policy::default() }
    }

    #[test]
    fn the_first_file_of_nginx_must_seal() {
        let keys = testing::key_set(&[("new.key", GOOD_KEY), ("old.key", OTHER_KEY)]);
        let by = |key: &[u8], policy: &Policy| {
            testing::ticket_findings(policy, &keys, &testing::seal(key, &TestSession::default().der()))
        };
        let found = by(OTHER_KEY, &expecting());
        let message = &found.iter().find(|finding| finding.rule.id == "not-active-key").unwrap().message;
        assert!(message.contains("key 0 of old.key, not by key 0 of new.key"), "{message}");
        let unsaid = |found: &[crate::audit::Finding]| !found.iter().any(|f| f.rule.id == "not-active-key");
        assert!(unsaid(&by(GOOD_KEY, &expecting())));
        assert!(unsaid(&by(OTHER_KEY, &Policy::default())), "only where it is asked for");
    }

    #[test]
    fn of_several_splits_of_a_file_the_one_that_the_ticket_proves_counts() {
        // dnsdist's order: name, AES key, HMAC key; its last key seals, while Go's and Traffic Server's first one would
        let block = |key: &[u8]| [&key[..16], &key[48..], &key[16..48]].concat();
        let file = [block(OTHER_KEY), block(GOOD_KEY)].concat();
        let keys = testing::key_set(&[("dnsdist.key", &file)]);
        let by = |key: &[u8]| {
            testing::ticket_findings(&expecting(), &keys, &testing::seal(key, &TestSession::default().der()))
        };
        let found = by(OTHER_KEY);
        let message = &found.iter().find(|finding| finding.rule.id == "not-active-key").unwrap().message;
        let sealing =
            keys.ring().keys().iter().find(|key| key.origin().index == 1 && key.origin().format.contains("dnsdist"));
        let fingerprint = sealing.unwrap().fingerprint();
        assert!(message.contains("by key 0 of dnsdist.key, not by key 1 of dnsdist.key"), "{message}");
        assert!(message.contains(&fingerprint.to_string()) && message.ends_with("which seals"), "{message}");
        assert!(!by(GOOD_KEY).iter().any(|finding| finding.rule.id == "not-active-key"));
        // a ticket that nothing opens proves no split
        let found = by(&[7; 80]);
        let message = &found.iter().find(|finding| finding.rule.id == "not-active-key").unwrap().message;
        assert!(!message.contains("dnsdist.key"), "{message}");
    }

    #[test]
    fn what_is_not_opened_does_not_prove_the_active_key() {
        let keys = testing::key_set(&[("new.key", GOOD_KEY)]);
        let ticket = testing::seal(OTHER_KEY, &TestSession::default().der());
        let found = testing::ids(&testing::ticket_findings(&expecting(), &keys, &ticket));
        assert!(found.contains(&"not-active-key"), "{found:?}");
    }

    #[test]
    fn where_no_role_is_known_the_first_key_stands_in_and_the_finding_says_so() {
        let three = [GOOD_KEY, OTHER_KEY, GOOD_KEY].map(|key| data_encoding::BASE64.encode(key) + "\n").concat();
        let keys = testing::key_set(&[("a.txt", three.as_bytes()), ("b.key", OTHER_KEY)]);
        let ticket = testing::seal(OTHER_KEY, &TestSession::default().der());
        let found = testing::ticket_findings(&expecting(), &keys, &ticket);
        let message = found.iter().find(|f| f.rule.id == "not-active-key").map(|f| f.message.as_str());
        assert!(message.is_some_and(|message| message.contains("comes first")), "{message:?}");
    }

    #[test]
    fn an_inactive_key_may_have_sealed_before_the_rotation_only() {
        let disk = |modified| Some(FileFacts { modified: Some(modified), ..WELL_KEPT });
        let keys = testing::key_set_on_disk(&[
            ("new.key", GOOD_KEY, disk(NOW - 7200)),
            ("old.key", OTHER_KEY, disk(NOW - 90_000)),
        ]);
        let sealed = |key: &[u8], time| {
            let session = TestSession { time, ..TestSession::default() };
            testing::ids(&testing::ticket_findings(&Policy::default(), &keys, &testing::seal(key, &session.der())))
        };
        assert!(sealed(OTHER_KEY, NOW - 60).contains(&"inactive-key-seals"));
        assert!(!sealed(OTHER_KEY, NOW - 7300).contains(&"inactive-key-seals"));
        assert!(!sealed(GOOD_KEY, NOW - 60).contains(&"inactive-key-seals"));
    }
}
