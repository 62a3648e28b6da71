//! What is wrong with a ticket that was not opened, and what to do about it: the most useful true thing.

use std::fmt;

use super::{Record, holds_session};
use crate::escape::Text;
use crate::key::ring::KeyRing;
use crate::open::{BadMac, Outcome};
use crate::ticket::{Malformed, Shape, Ticket};

/// Names that a hint lists.
const LISTED: usize = 3;

/// Bytes of a key that are also the first bytes of a longer one, under the same name.
const SHORT_KEY: usize = 48;

/// What is wrong with a ticket and what to do about it, a sentence each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What was found.
    pub error: String,
    /// The remedy.
    pub hint: String,
}

impl Problem {
    fn new(error: impl fmt::Display, hint: impl Into<String>) -> Self {
        Self { error: error.to_string(), hint: hint.into() }
    }
}

impl Record<'_> {
    /// What is wrong, in one sentence, and what to do, in another. `ring` is what the ticket was tried with.
    #[must_use]
    pub fn problem(&self, ring: &KeyRing) -> Option<Problem> {
        let outcome = match &self.verdict {
            Err(error) => return Some(Problem::new(error, error.hint())),
            Ok(outcome) => outcome,
        };
        if let Some(unrecognised) = self.unrecognised() {
            return Some(Problem::new(unrecognised.about(), unrecognised.hint()));
        }
        match outcome {
            Outcome::Decrypted { .. } | Outcome::PlainSession { .. } => None,
            Outcome::BadSession { error, .. } => Some(Problem::new(error, "-f der writes the plaintext as it is")),
            Outcome::BadPadding { .. } => Some(Problem::new(
                "the MAC verifies, but the decrypted bytes do not end in PKCS#7 padding",
                "the key's MAC part is right and its AES part is not, or the server seals in a way of its own",
            )),
            Outcome::BadMac(bad) => Some(or_otherwise(bad_mac(bad), self.bytes, ring)),
            Outcome::UnknownKey => Some(or_otherwise(unknown_key(self.bytes, ring), self.bytes, ring)),
            Outcome::NoKey => Some(Problem::new(
                "no key was given, the ticket was not opened",
                with_note(self.bytes, "--key FILE opens it"),
            )),
            Outcome::Malformed(error) => {
                Some(or_otherwise(Problem::new(error, malformed_hint(*error, self.bytes)), self.bytes, ring))
            }
            Outcome::StatefulId => {
                let hint = "the server keeps the session in its own cache: no ticket key opens it";
                // a list of session IDs looks like the rows of one ticket
                let rows = "; if several such lines are one ticket, join them: tr -d '\\n'";
                let is_listed = self.place.line.is_some() && self.capture.is_none();
                Some(Problem::new(Malformed::StatefulId, format!("{hint}{}", if is_listed { rows } else { "" })))
            }
        }
    }
}

/// The problem, with the layout under which the ticket verifies if another format than the named one has it.
fn or_otherwise(problem: Problem, ticket: &[u8], ring: &KeyRing) -> Problem {
    let Some(key) = ring.prove_otherwise(ticket) else { return problem };
    let origin = key.origin();
    let (file, index, layout) = (Text(origin.file.as_bytes()), origin.index, key.layout());
    let option = match origin.format.split('/').next() {
        Some(format) if !format.is_empty() => format!("--key-format {format}"),
        _ => "leave out --key-format".to_owned(),
    };
    let hint = format!(
        "the ticket verifies under key {index} of {file} in another layout than the one that the file was read in, {layout}: \
         {option}"
    );
    Problem { hint, ..problem }
}

fn bad_mac(bad: &BadMac<'_>) -> Problem {
    let origin = bad.key.origin();
    let file = Text(origin.file.as_bytes());
    let tried = if bad.readings > 1 { format!(" in any of {} readings", bad.readings) } else { String::new() };
    let error = format!("{file}, key {}, has the ticket's key name, but the MAC does not verify{tried}", origin.index);
    let hint = if bad.zero_mac_key {
        "the MAC verifies under an all-zero HMAC key: the server authenticates its tickets with no secret at all"
    } else if bad.unverified.is_some() {
        "the session shown is unverified: anybody may have written it"
    } else if bad.no_verify {
        "decrypting it without the MAC gave nothing readable: the ticket was altered, or the secrets changed under the same key name"
    } else if origin.index == 0 && bad.key.layout().size() == SHORT_KEY {
        "the ticket was altered or cut, the key file was cut (48 bytes are also the beginning of an 80-byte key), or the \
         secrets changed under the same key name; --no-verify decrypts it anyway"
    } else {
        "the ticket was altered or cut, or the secrets changed under the same key name; --no-verify decrypts it anyway"
    };
    Problem::new(error, hint)
}

fn unknown_key(bytes: &[u8], ring: &KeyRing) -> Problem {
    if holds_session(bytes) {
        // its first bytes are no key name: they may be part of its secret
        return Problem::new("the bytes are a session that was never sealed, no ticket", "no key is needed to read it");
    }
    let mut names: Vec<String> = ring.names().take(LISTED + 1).map(|name| name.to_string()).collect();
    if names.len() > LISTED {
        names.pop();
        names.push(format!("{} more", ring.name_count() - LISTED));
    }
    let name = Ticket::split(bytes).ok().and_then(|ticket| ticket.key_name());
    let error = match name.filter(|_| !names.is_empty()) {
        Some(name) if name.is_zero() => {
            "no key has the ticket's key name, which is all zero: the server sealed with a key that was never set up"
                .to_owned()
        }
        Some(name) if Shape::of(bytes).is_certain() => format!("no key has the ticket's key name {name}"),
        Some(name) => format!("no key has the name {name}, which the ticket begins with"),
        None => "the MAC verifies under none of the keys".to_owned(),
    };
    let hint = if let Some((file, length)) = name.and_then(|name| ring.cut_file(name)) {
        format!(
            "{} begins with that name and has {length} bytes: it was cut, as such a key has 48 bytes or 80",
            Text(file.as_bytes())
        )
    } else if names.is_empty() {
        "the ticket was sealed with another key, or by another server".to_owned()
    } else {
        format!(
            "the keys given are named {}; the ticket was sealed under another key, or by another server",
            names.join(", ")
        )
    };
    Problem::new(error, with_note(bytes, &hint))
}

/// A hint, behind what the shape of the ticket says if it is an uncommon one.
fn with_note(bytes: &[u8], hint: &str) -> String {
    let aead = "no ticket of a CBC cipher has this length: it is not whole, or from a server that seals with an AEAD and \
                marks its tickets with nothing (rustls on ring, JSSE, Erlang/OTP, s2n-tls up to 1.4, tlslite-ng), or from Go";
    let note = Shape::of(bytes).note().or_else(|| Ticket::split(bytes).is_err().then_some(aead));
    match note {
        Some(note) => format!("{note}; {hint}"),
        None => hint.to_owned(),
    }
}

fn malformed_hint(error: Malformed, bytes: &[u8]) -> &'static str {
    let without_line_end = bytes.strip_suffix(b"\n").map(|bytes| bytes.strip_suffix(b"\r").unwrap_or(bytes));
    match error {
        _ if without_line_end.is_some_and(|ticket| Shape::of(ticket) == Shape::OpenSsl) => {
            "the line end behind the ticket is not part of it: cut it off"
        }
        Malformed::PartialBlock { .. } => {
            "the ticket is not whole, or not of OpenSSL's family: Go's crypto/tls (AES-CTR) and what seals with an AEAD and \
             marks its tickets with nothing (rustls on ring, JSSE, Erlang/OTP, s2n-tls up to 1.4, tlslite-ng) have such lengths"
        }
        Malformed::TooShort { .. } => "give the whole ticket, as the server sent it",
        _ => "a ticket is key name, IV, ciphertext and MAC, as the server sent it",
    }
}
