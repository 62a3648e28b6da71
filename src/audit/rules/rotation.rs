//! How often keys change, and in which order.

use std::collections::HashMap;

use super::super::facts::capture::KeptPlace;
use super::super::facts::keys::{ActiveKey, FileFacts, KeyFacts, KeyFileFacts, KeySet};
use super::super::facts::ticket::TicketFacts;
use super::super::period::Period;
use super::super::room::Room;
use super::super::rule::{Check, Rule, TicketWatch};
use super::super::severity::Severity;
use super::super::subject::{Seen, Subject};
use super::super::thresholds::Thresholds;
use crate::escape::Text;
use crate::key::{KeyName, Role};

/// Key names that are kept in mind; what names beyond it show is not judged.
const MAX_NAMES: usize = 100_000;
/// Lifetime of tickets if the thresholds name none, seconds: RFC 9846 (RFC 5246 appendix F.1.4).
const USUAL_LIFETIME: i64 = 86400;

pub(super) static KEY_TOO_OLD: Rule = Rule {
    id: "key-too-old",
    severity: Severity::Warning,
    about: "The key file was not written for longer than --max-key-age, 7 days unless set: one theft opens all of it.",
    hint: "Rotate ticket keys at least weekly, by a timer, and reload the servers.",
    reference: "RFC 9325 section 3.4; RFC 9846 (RFC 5077 section 5.5)",
    check: Check::File(key_too_old),
};

fn key_too_old(file: &FileFacts, thresholds: &Thresholds, now: i64) -> Option<String> {
    let age = now.saturating_sub(file.modified?);
    let limit = thresholds.max_key_age;
    (age > limit)
        .then(|| format!("the file was written {} ago, keys are to change after {}", Period(age), Period(limit)))
}

pub(super) static SEALING_KEY_NOT_NEWEST: Rule = Rule {
    id: "sealing-key-not-newest",
    severity: Severity::Warning,
    about: "The key that seals is in an older file than one that only opens: the order may be the wrong way round.",
    hint: "Most servers seal with the first key they are given: name the newest file first.",
    reference: "ssl_session_ticket_key in the documentation of nginx",
    check: Check::Keys(sealing_key_not_newest),
};

fn sealing_key_not_newest(keys: &KeySet, _: &Thresholds) -> Vec<(Subject, String)> {
    keys.hosts().filter_map(not_newest).collect()
}

/// The key that seals on a host, if another one of its files is newer.
fn not_newest(files: &[KeyFileFacts]) -> Option<(Subject, String)> {
    let active = ActiveKey::among(files).filter(|active| active.certain)?;
    let written = |disk: &Option<FileFacts>| disk.as_ref().and_then(|disk| disk.modified);
    let sealing = written(&active.file.disk)?;
    let opening = files.iter().filter(|file| file.keys.iter().any(|key| key.role == Role::Inactive));
    let newest = opening.filter_map(|file| Some((written(&file.disk)?, file))).max_by_key(|(time, _)| *time);
    let (time, file) = newest.filter(|(time, _)| *time > sealing)?;
    let name = Text(file.path.as_bytes());
    let age = Period(time.saturating_sub(sealing));
    let message = format!("the key seals, but {name}, which only opens, is newer by {age}");
    Some((active.key.subject(), message))
}

pub(super) static TOO_FEW_KEYS: Rule = Rule {
    id: "too-few-keys",
    severity: Severity::Info,
    about: "Too few keys are kept: after a rotation, tickets that have not expired no longer open.",
    hint: "Keep the previous key after the new one, until its last ticket has expired.",
    reference: "RFC 9846 (RFC 5077 section 5.5)",
    check: Check::Keys(too_few_keys),
};

fn too_few_keys(keys: &KeySet, thresholds: &Thresholds) -> Vec<(Subject, String)> {
    keys.hosts().filter_map(|files| too_few(files, thresholds)).collect()
}

fn too_few(files: &[KeyFileFacts], thresholds: &Thresholds) -> Option<(Subject, String)> {
    let keys = || files.iter().flat_map(|file| &file.keys);
    let first = keys().next()?;
    let mut distinct: Vec<&[u8]> = keys().filter(|key| key.role != Role::Ignored).map(KeyFacts::bytes).collect();
    distinct.sort_unstable_by_key(|key| (key.len(), *key));
    distinct.dedup();
    // a file can be split into keys of different sizes: the most that it may hold
    let kept = distinct.chunk_by(|one, next| one.len() == next.len()).map(<[_]>::len).max().unwrap_or(0);
    let kept = i64::try_from(kept).unwrap_or(i64::MAX);
    let lifetime = thresholds.max_lifetime.unwrap_or(USUAL_LIFETIME);
    if kept.saturating_sub(1).saturating_mul(thresholds.max_key_age) >= lifetime {
        return None;
    }
    let count = if kept == 1 { "one key is".to_owned() } else { format!("{kept} keys are") };
    let message =
        format!("{count} kept: after a rotation, tickets that are up to {} old no longer open", Period(lifetime));
    Some((Subject { fingerprint: Some(first.fingerprint), ..Subject::file(first.file.clone()) }, message))
}

pub(super) static KEY_NAME_TOO_LONG_IN_USE: Rule = Rule {
    id: "key-name-too-long-in-use",
    severity: Severity::Warning,
    about: "By the times in the tickets, one key sealed for longer than --max-key-age, 7 days unless set.",
    hint: "Rotate ticket keys at least weekly, by a timer, and reload the servers.",
    reference: "RFC 9325 section 3.4; RFC 9846 (RFC 5077 section 5.5)",
    check: Check::Tickets(|| Box::<Spans>::default()),
};

/// For each key name when it sealed.
#[derive(Default)]
struct Spans(HashMap<KeyName, Span>, Room);

struct Span {
    first: i64,
    last: i64,
    /// Where the last ticket is.
    place: KeptPlace,
}

impl TicketWatch for Spans {
    fn ticket(&mut self, ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
        let time = ticket.sealed()?.time?;
        // keys without a name send anything in its place
        let name = ticket.record.key().and_then(|(key, _)| key.name())?;
        let place = || KeptPlace::at(ticket.record.place, Some(name), ticket.record.capture.as_ref().map(Seen::of));
        let has_place = self.0.len() < MAX_NAMES;
        match self.0.get_mut(&name) {
            Some(span) => {
                span.first = span.first.min(time);
                if time > span.last {
                    span.last = time;
                    span.place = place();
                }
            }
            None if self.1.take(place().size(), has_place) => {
                self.0.insert(name, Span { first: time, last: time, place: place() });
            }
            None => {}
        }
        None
    }

    fn left_out(&self) -> u64 {
        self.1.left_out()
    }

    fn finish(&mut self, thresholds: &Thresholds) -> Vec<(Subject, String)> {
        let mut found: Vec<(Subject, String)> = Vec::new();
        for span in self.0.values() {
            let length = span.last.saturating_sub(span.first);
            if length > thresholds.max_key_age {
                let message = format!("the key sealed this ticket and another one {} earlier", Period(length));
                found.push((span.place.subject(), message));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::facts::keys::FileFacts;
    use super::super::super::testing::{self, GOOD_KEY, NOW, OTHER_KEY, TestSession, WELL_KEPT};
    use super::sealing_key_not_newest;
    use crate::audit::{Auditor, Policy, Thresholds};
    use crate::key::Role;

    const DAY: i64 = 86400;

    fn written(ago: i64) -> FileFacts {
        FileFacts { modified: Some(NOW - ago), ..WELL_KEPT }
    }

    #[test]
    fn old_key_files_are_found() {
        assert!(testing::file_rules(written(8 * DAY)).contains(&"key-too-old"));
        assert!(!testing::file_rules(written(6 * DAY)).contains(&"key-too-old"));
        assert!(!testing::file_rules(written(-DAY)).contains(&"key-too-old"), "judged by a time before it was written");
        // a week to the second is not too old
        assert!(!testing::file_rules(written(7 * DAY)).contains(&"key-too-old"));
        assert!(testing::file_rules(written(7 * DAY + 1)).contains(&"key-too-old"));
        let unknown = FileFacts { modified: None, ..WELL_KEPT };
        assert!(!testing::file_rules(unknown).contains(&"key-too-old"));
    }

    #[test]
    fn the_newest_key_should_seal() {
        let order = |first, second| {
            let keys = testing::key_set_on_disk(&[
                ("a.key", GOOD_KEY, Some(written(first))),
                ("b.key", OTHER_KEY, Some(written(second))),
            ]);
            testing::ids(&Auditor::new(&Policy::default(), NOW).keys(&keys))
        };
        assert!(order(2 * DAY, DAY).contains(&"sealing-key-not-newest"));
        assert!(!order(DAY, 2 * DAY).contains(&"sealing-key-not-newest"));
        assert!(!order(DAY, DAY).contains(&"sealing-key-not-newest"));
        assert!(order(DAY, DAY - 1).contains(&"sealing-key-not-newest"));
        assert!(!order(DAY, DAY + 1).contains(&"sealing-key-not-newest"));
    }

    /// The keys of the second file are loaded by no server, or seal on another one: they are not what should seal.
    #[test]
    fn only_a_key_that_opens_can_be_newer_than_the_one_that_seals() {
        let found = |first: Role, second: Role| {
            let mut files = testing::key_set_on_disk(&[
                ("a.key", GOOD_KEY, Some(written(2 * DAY))),
                ("b.key", OTHER_KEY, Some(written(DAY))),
            ]);
            files.set_role(0, first);
            files.set_role(1, second);
            sealing_key_not_newest(&files, &Thresholds::default()).len()
        };
        assert_eq!([Role::Inactive, Role::Ignored, Role::Unknown].map(|role| found(Role::Active, role)), [1, 0, 0]);
        // nor is anything said if nobody knows which key seals
        assert_eq!(found(Role::Unknown, Role::Inactive), 0);
    }

    #[test]
    fn one_key_is_too_few() {
        assert!(testing::key_rules(&[("a.key", GOOD_KEY)]).contains(&"too-few-keys"));
        assert!(testing::key_rules(&[("a.key", GOOD_KEY), ("b.key", GOOD_KEY)]).contains(&"too-few-keys"));
        assert!(!testing::key_rules(&[("a.key", GOOD_KEY), ("b.key", OTHER_KEY)]).contains(&"too-few-keys"));
        let hourly =
            Policy { thresholds: Thresholds { max_key_age: 3600, ..Thresholds::default() }, ..Policy::default() };
        assert!(testing::key_rules_by(&hourly, &[("a.key", GOOD_KEY), ("b.key", OTHER_KEY)]).contains(&"too-few-keys"));
    }

    #[test]
    fn tickets_far_apart_show_a_key_that_is_not_rotated() {
        let at = |time| testing::seal(GOOD_KEY, &TestSession { time, ..TestSession::default() }.der());
        let found = testing::batch_rules(&[at(NOW), at(NOW - 8 * DAY)]);
        assert!(found.contains(&"key-name-too-long-in-use"), "{found:?}");
        let found = testing::batch_rules(&[at(NOW), at(NOW - 6 * DAY)]);
        assert!(!found.contains(&"key-name-too-long-in-use"), "{found:?}");
    }
}
