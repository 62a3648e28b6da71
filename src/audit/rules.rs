//! The table of rules. A new rule is one `static` in a file of this folder and one line in [`RULES`].

mod capture;
mod client;
mod guessable;
mod key_copies;
mod key_file;
mod key_material;
mod key_name;
mod lifetime;
mod opening;
pub(crate) mod probe;
mod protocol;
mod rotation;
mod sealing_key;
mod sharing;

use super::rule::Rule;

/// Every rule: about keys, key files, tickets, captures, running servers.
pub static RULES: &[&Rule] = &[
    &guessable::GUESSABLE_KEY,
    &key_name::ZERO_KEY_NAME,
    &key_material::OVERLAPPING_KEY_PARTS,
    &key_material::TEXT_KEY,
    &key_material::LOW_ENTROPY_KEY,
    &key_material::SHORT_KEY,
    &key_copies::KEY_NAME_COLLISION,
    &key_copies::RENAMED_KEY,
    &key_copies::DUPLICATE_KEY,
    &key_copies::SHARED_KEY,
    &rotation::SEALING_KEY_NOT_NEWEST,
    &rotation::TOO_FEW_KEYS,
    &key_file::KEY_FILE_SIZE,
    &key_file::ENCODED_KEY_FILE,
    &key_file::KEY_FILE_MODE,
    &key_file::KEY_FILE_OWNER,
    &key_file::KEY_FILE_SYMLINK,
    &key_file::KEY_FILE_PERSISTENT,
    &rotation::KEY_TOO_OLD,
    &guessable::GUESSABLE_TICKET_KEY,
    &guessable::ZERO_MAC_KEY,
    &guessable::ZERO_MASTER_SECRET,
    &key_name::ZERO_TICKET_KEY_NAME,
    &opening::UNKNOWN_KEY,
    &opening::MAC_MISMATCH,
    &opening::BROKEN_TICKET,
    &opening::STATEFUL_TICKET,
    &sealing_key::NOT_ACTIVE_KEY,
    &sealing_key::INACTIVE_KEY_SEALS,
    &rotation::KEY_NAME_TOO_LONG_IN_USE,
    &lifetime::LONG_LIFETIME,
    &lifetime::LIFETIME_BEYOND_TLS13,
    &lifetime::EXPIRED_TICKET,
    &lifetime::FUTURE_TICKET,
    &lifetime::SESSION_PROLONGED,
    &lifetime::TICKET_TOO_LARGE,
    &protocol::OLD_PROTOCOL,
    &protocol::WEAK_CIPHER_SUITE,
    &protocol::COMPRESSION,
    &protocol::NO_EXTENDED_MASTER_SECRET,
    &protocol::EARLY_DATA,
    &protocol::PSK_KE_OFFERED,
    &protocol::PSK_KE_USED,
    &client::EMPTY_CONTEXT_WITH_CERTIFICATE,
    &client::CLIENT_CERTIFICATE_IN_TICKET,
    &client::CLIENT_CERTIFICATE_EXPIRED,
    &client::SESSION_OUTLIVES_CERTIFICATE,
    &client::CLIENT_NOT_VERIFIED,
    &sharing::STEK_ACROSS_CONTEXTS,
    &sharing::STEK_ACROSS_NAMES,
    &sharing::IV_REUSE,
    &capture::TICKET_FROM_SEVERAL_CLIENTS,
    &capture::TICKETS_REFUSED,
    &capture::NEVER_ROTATED,
    &capture::EARLY_DATA_REPLAYED,
    &probe::STALE_KEY_SEALS,
    &probe::SEVERAL_KEYS_ON_ADDRESS,
    &probe::KEY_NOT_SHARED,
    &probe::CONTEXT_NOT_SHARED,
    &probe::ALTERED_TICKET_ACCEPTED,
    &probe::NOT_RESUMED,
    &probe::NO_TICKETS,
    &probe::STATEFUL_ACROSS_NODES,
    &probe::LIFETIME_DIFFERS,
    &probe::RESUMES_ACROSS_NAMES,
    &probe::EARLY_DATA_ALLOWED,
];

/// The rule with that id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_rule_is_complete_and_has_an_id_of_its_own() {
        let mut seen = HashSet::new();
        for rule in RULES {
            assert!(seen.insert(rule.id), "{} stands twice", rule.id);
            assert!(rule.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{}", rule.id);
            for text in [rule.about, rule.hint] {
                assert!(text.starts_with(char::is_uppercase) && text.ends_with('.'), "{}: {text}", rule.id);
            }
            assert!(!rule.reference.is_empty(), "{}", rule.id);
        }
    }
}
