//! Secrets that somebody logged, by the connection that they are of.

use std::collections::HashMap;

use super::line::{Label, Line, LineError, is_of_ticket};
use crate::secret::Secret;

/// The most connections whose secrets are kept: 128 MiB, about.
const MOST: usize = if cfg!(test) { 4 } else { 1 << 20 };

/// What a key log holds that opens something here: the `SERVER_TRAFFIC_SECRET_0` of each connection, under which TLS 1.3
/// issues tickets.
///
/// Lines of other labels are counted and not kept. The secrets of up to 1,048,576 connections are; those beyond are counted.
#[derive(Debug, Default)]
pub struct Secrets {
    known: HashMap<[u8; 32], Secret>,
    found: u64,
    lines: u64,
    left_out: u64,
    /// Whether lines that this library derived are passed over.
    without_derived: bool,
}

impl Secrets {
    /// Passes over the lines of [`add_all`](Self::add_all) that stand under a [comment of a ticket](super::of_ticket): they
    /// were derived from the tickets of the same capture.
    #[must_use]
    pub fn without_derived(self) -> Self {
        Self { without_derived: true, ..self }
    }

    /// Takes a line of a key log, with or without its line end. An error is for a line that cannot be a line of one; labels
    /// that are not known are none.
    pub fn add(&mut self, line: &[u8]) -> Result<(), LineError> {
        match Line::parse(line) {
            None => return Ok(()),
            Some(Ok(line)) => self.keep(line),
            // those of other protocols look the same
            Some(Err(LineError::Label)) if is_formed(line) => {}
            Some(Err(_)) => return Err(LineError::Malformed),
        }
        self.lines += 1;
        Ok(())
    }

    /// Takes all lines of a key log; lines that are none are passed over.
    pub fn add_all(&mut self, text: &[u8]) {
        let mut is_derived = false;
        for line in text.split(|&byte| byte == b'\n') {
            if line.starts_with(b"#") {
                is_derived = is_of_ticket(line);
            }
            if !(is_derived && self.without_derived) {
                let _ = self.add(line);
            }
        }
    }

    fn keep(&mut self, line: Line) {
        if line.label != Label::ServerTrafficSecret0 {
            return;
        }
        if self.known.len() < MOST || self.known.contains_key(&line.client_random) {
            self.known.insert(line.client_random, line.secret);
        } else {
            self.left_out += 1;
        }
    }

    /// The secret of the connection with this client random.
    #[must_use]
    pub fn find(&mut self, client_random: &[u8; 32]) -> Option<Secret> {
        let secret = self.known.get(client_random)?.clone();
        self.found += 1;
        Some(secret)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// How many connections it has the secret of.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// How often one was [found](Self::find).
    #[must_use]
    pub fn found(&self) -> u64 {
        self.found
    }

    /// How many lines of a key log there were, comments aside.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// How many secrets there was no room for.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}

/// Whether a line has the form of one whatever its label: three words, and the last two are hex.
fn is_formed(line: &[u8]) -> bool {
    let words: Vec<&[u8]> = line.trim_ascii().split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    let is_hex = |word: &[u8]| word.len() % 2 == 0 && word.iter().all(u8::is_ascii_hexdigit);
    matches!(words[..], [_, random, secret] if is_hex(random) && is_hex(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_secrets_are_found_by_client_random() {
        let mut secrets = Secrets::default();
        let line = |label: &str, random: u8, secret: u8| {
            format!("{label} {} {}\r", hex::encode([random; 32]), hex::encode([secret; 48]))
        };
        let text = [
            "# made by somebody".to_owned(),
            line("SERVER_TRAFFIC_SECRET_0", 1, 2),
            line("CLIENT_TRAFFIC_SECRET_0", 3, 4),
            line("QUIC_SERVER_TRAFFIC_SECRET_0", 5, 6),
            "SERVER_TRAFFIC_SECRET_0 zz 00".to_owned(),
        ];
        secrets.add_all(text.join("\n").as_bytes());
        assert_eq!((secrets.len(), secrets.lines(), secrets.is_empty()), (1, 3, false));
        assert_eq!(secrets.find(&[1; 32]).unwrap().as_bytes(), [2; 48]);
        assert!(secrets.find(&[3; 32]).is_none() && secrets.find(&[5; 32]).is_none());
        assert_eq!((secrets.found(), secrets.left_out()), (1, 0));
        assert_eq!(secrets.add(text[4].as_bytes()), Err(LineError::Malformed));
        assert!(!format!("{secrets:?}").contains("02, 02"));
        let derived = format!("# {}\n{}\n", super::super::of_ticket("a.key", 0, 7, 9), text[1]);
        let count = |mut secrets: Secrets| {
            secrets.add_all(derived.as_bytes());
            secrets.len()
        };
        assert_eq!((count(Secrets::default()), count(Secrets::default().without_derived())), (1, 0));
        // under another comment a line is somebody's own
        let mut own = Secrets::default().without_derived();
        own.add_all(
            format!("{derived}# these lines are of the server itself, and of no ticket\n{}\n", text[1]).as_bytes(),
        );
        assert_eq!(own.len(), 1);
    }

    #[test]
    fn what_there_is_no_room_for_is_counted() {
        let mut secrets = Secrets::default();
        assert!(secrets.is_empty());
        let mut add = |random: u8, secret: u8| {
            let line = format!("SERVER_TRAFFIC_SECRET_0 {} {}", hex::encode([random; 32]), hex::encode([secret; 32]));
            secrets.add(line.as_bytes()).unwrap();
            (secrets.len(), secrets.left_out())
        };
        let numbers = (0_u8..6).map(|number| add(number, number)).collect::<Vec<_>>();
        assert_eq!(numbers, [(1, 0), (2, 0), (3, 0), (4, 0), (4, 1), (4, 2)]);
        // one that is there already takes no room
        assert_eq!(add(1, 9), (4, 2));
        assert_eq!(secrets.find(&[1; 32]).unwrap().as_bytes(), [9; 32]);
        assert!(secrets.find(&[3; 32]).is_some() && secrets.find(&[4; 32]).is_none());
        assert_eq!(secrets.found(), 2);
    }

    #[test]
    fn a_line_with_an_unknown_label_is_one_if_it_has_the_form() {
        let mut secrets = Secrets::default();
        let mut add = |line: &str| secrets.add(line.as_bytes());
        assert_eq!(add("ECH_SECRET 00ff AAbb"), Ok(()));
        for line in ["ECH_SECRET 00f aabb", "ECH_SECRET 00ff aab", "ECH_SECRET 00ff xx", "ECH_SECRET xx 00ff"] {
            assert_eq!(add(line), Err(LineError::Malformed), "{line}");
        }
        assert_eq!(add("ECH_SECRET 00ff"), Err(LineError::Malformed));
        assert_eq!(add("ECH_SECRET 00 11 22"), Err(LineError::Malformed));
        assert_eq!(secrets.lines(), 1);
    }
}
