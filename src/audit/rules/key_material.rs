//! Keys that are less random or shorter than they look.

use std::collections::HashSet;

use super::super::facts::keys::KeyFacts;
use super::super::rule::{Check, Rule};
use super::super::severity::Severity;
use super::super::thresholds::Thresholds;
use crate::key::weak;

/// Bytes that two parts have in common by chance once in 2^50 keys or less.
const SHARED_LENGTH: usize = 8;

pub(super) static OVERLAPPING_KEY_PARTS: Rule = Rule {
    id: "overlapping-key-parts",
    severity: Severity::Error,
    about: "Parts of the key are equal or share bytes; the name is public, and each secret must stand alone.",
    hint: "Make all bytes of the key at random at once: openssl rand 80 > ticket.key.",
    reference: "RFC 9846 (RFC 5077 section 5.5)",
    check: Check::Key(overlapping_parts),
};

fn overlapping_parts(key: &KeyFacts, _: &Thresholds) -> Option<String> {
    let name = key.name.as_ref().map(|name| ("key name", name.as_bytes()));
    // what is all zero is equal to what is all zero: that is said by another rule
    let parts: Vec<(&str, &[u8])> =
        name.into_iter().chain(key.secrets()).filter(|(_, part)| weak::recognise(part).is_none()).collect();
    for (at, (label, part)) in parts.iter().enumerate() {
        for (other_label, other) in parts.iter().skip(at + 1) {
            if part == other {
                return Some(format!("the {label} and the {other_label} beside it are the same bytes"));
            }
            let shared = part.windows(SHARED_LENGTH).any(|run| other.windows(SHARED_LENGTH).any(|also| run == also));
            if shared {
                return Some(format!("the {label} and the {other_label} share {SHARED_LENGTH} bytes or more"));
            }
        }
    }
    None
}

pub(super) static TEXT_KEY: Rule = Rule {
    id: "text-key",
    severity: Severity::Error,
    about: "The secrets are printable text where random bytes should be: they hold far less than their length.",
    hint: "Make raw bytes with openssl rand; where the text encodes a key, decode it into the file.",
    reference: "RFC 4086 section 2",
    check: Check::Key(text_key),
};

fn text_key(key: &KeyFacts, _: &Thresholds) -> Option<String> {
    let all = |is: fn(&u8) -> bool| key.secrets().all(|(_, secret)| secret.iter().all(is));
    key.secrets().next()?;
    let (kind, bits) = if all(u8::is_ascii_digit) {
        ("decimal digits", 3.3)
    } else if all(u8::is_ascii_hexdigit) {
        ("hex digits", 4.0)
    } else if all(|byte| byte.is_ascii_alphanumeric() || b"+/=-_".contains(byte)) {
        ("base64 characters", 6.0)
    } else if all(|byte| matches!(byte, 0x20..=0x7e | b'\n' | b'\r' | b'\t')) {
        ("printable characters", 6.6)
    } else {
        return None;
    };
    Some(format!("the secrets are {kind}, {bits} bits each at most, though a byte has 8"))
}

pub(super) static LOW_ENTROPY_KEY: Rule = Rule {
    id: "low-entropy-key",
    severity: Severity::Error,
    about: "A secret of the key has fewer distinct bytes than random ones ever have.",
    hint: "Make a new key with openssl rand.",
    reference: "RFC 4086 section 2",
    check: Check::Key(low_entropy_key),
};

fn low_entropy_key(key: &KeyFacts, _: &Thresholds) -> Option<String> {
    key.secrets().find_map(|(label, secret)| {
        let distinct = secret.iter().collect::<HashSet<_>>().len();
        // 16 random bytes have 7 or fewer distinct ones once in 10^12 times, longer secrets far more rarely
        let few = distinct * 2 < secret.len() && weak::recognise(secret).is_none();
        few.then(|| format!("the {label} has {distinct} distinct bytes among {}", secret.len()))
    })
}

pub(super) static SHORT_KEY: Rule = Rule {
    id: "short-key",
    severity: Severity::Error,
    about: "The AES key has fewer bits than --min-key-bits asks for.",
    hint: "With most servers a key file of 80 bytes means AES-256, one of 48 bytes AES-128.",
    reference: "RFC 9846 (RFC 5077 section 4)",
    check: Check::Key(short_key),
};

fn short_key(key: &KeyFacts, thresholds: &Thresholds) -> Option<String> {
    let short = key.file_aes_bits < thresholds.min_key_bits;
    short.then(|| format!("the AES key has {} bits, {} are asked for", key.aes_bits, thresholds.min_key_bits))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{self, GOOD_KEY};
    use crate::audit::{Policy, Thresholds};

    fn changed(with: impl FnOnce(&mut [u8])) -> Vec<&'static str> {
        let mut key = GOOD_KEY.to_vec();
        with(&mut key);
        testing::key_rules(&[("a.key", &key)])
    }

    #[test]
    fn parts_that_share_bytes_are_found() {
        for found in [
            changed(|key| key.copy_within(16..48, 48)),
            changed(|key| key.copy_within(0..16, 20)),
            changed(|key| key.copy_within(20..30, 50)),
        ] {
            assert!(found.contains(&"overlapping-key-parts"), "{found:?}");
        }
        assert!(!changed(|_| {}).contains(&"overlapping-key-parts"));
        let go = include_bytes!("../../../testdata/go_tls12/ticket.key");
        assert!(!testing::key_rules(&[("go.key", go)]).contains(&"overlapping-key-parts"), "names that are derived");
        assert!(!changed(|key| key.copy_within(16..22, 60)).contains(&"overlapping-key-parts"));
    }

    #[test]
    fn text_for_a_key_is_found_and_a_text_name_is_not() {
        for text in
            ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c", "correct horse battery staple, and so on and on!!"]
        {
            assert!(testing::key_rules(&[("a.key", text.as_bytes())]).contains(&"text-key"), "{text}");
        }
        assert!(!changed(|key| key[..16].copy_from_slice(b"2026-11 web-fe-1")).contains(&"text-key"));
    }

    #[test]
    fn few_distinct_bytes_are_found() {
        let sparse = |key: &mut [u8]| {
            key[48..].iter_mut().zip(testing::OTHER_KEY).for_each(|(byte, random)| *byte = random & 7);
        };
        assert!(changed(sparse).contains(&"low-entropy-key"));
        assert!(!changed(|_| {}).contains(&"low-entropy-key"));
    }

    #[test]
    fn short_keys_are_found_where_long_ones_are_asked_for() {
        let strict =
            Policy { thresholds: Thresholds { min_key_bits: 256, ..Thresholds::default() }, ..Policy::default() };
        let short: &[u8] = include_bytes!("../../../testdata/nginx48_tls12/ticket.key");
        assert!(testing::key_rules_by(&strict, &[("a.key", short)]).contains(&"short-key"));
        assert!(!testing::key_rules(&[("a.key", short)]).contains(&"short-key"));
        assert!(!testing::key_rules_by(&strict, &[("a.key", GOOD_KEY)]).contains(&"short-key"));
        // three keys of 80 bytes, or five of 48: nobody can tell
        let either = [GOOD_KEY, testing::OTHER_KEY, GOOD_KEY].concat();
        assert!(!testing::key_rules_by(&strict, &[("a.key", &either)]).contains(&"short-key"));
    }
}
