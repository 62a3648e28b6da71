//! The key log that Wireshark and others read (RFC 9850, once NSS's own format).
//!
//! A line is a label, the client random and a secret. [`KeyLog`] writes each of them once.

mod line;
mod secrets;
mod seen;

use std::io::{self, Write};

use zeroize::Zeroizing;

pub use self::line::{Label, Line, LineError, of_ticket};
pub use self::secrets::Secrets;
use self::seen::Seen;
pub use self::seen::Written;
use crate::escape::Text;

/// A key log as it is written: no line twice.
///
/// It remembers hashes of all lines, 16 bytes each, up to 4,194,304 of them; what comes after those is left out.
#[derive(Default)]
pub struct KeyLog {
    seen: Seen,
}

impl KeyLog {
    /// An empty key log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes note of a line that is written already.
    pub fn know(&mut self, line: &Line) {
        let _ = self.seen.insert(line);
    }

    /// Writes a line unless it has been written before.
    pub fn line(&mut self, line: &Line, out: &mut impl Write) -> io::Result<Written> {
        let written = self.seen.insert(line);
        if written == Written::New {
            let random = hex::encode(line.client_random);
            let secret = Zeroizing::new(hex::encode(line.secret.as_bytes()));
            writeln!(out, "{} {random} {}", line.label, secret.as_str())?;
        }
        Ok(written)
    }

    /// Writes a comment of one line. What could end the line or do something to a terminal is escaped.
    pub fn comment(&self, text: &str, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "# {}", Text(text.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn line(label: Label, random: u8, secret: u8) -> Line {
        let length = if label == Label::ClientRandom { 48 } else { 32 };
        Line { label, client_random: [random; 32], secret: Secret::new(vec![secret; length]) }
    }

    #[test]
    fn lines_are_written_once() {
        let mut log = KeyLog::new();
        let mut out = Vec::new();
        let first = line(Label::ClientRandom, 0xab, 0xcd);
        assert_eq!(log.line(&first, &mut out).unwrap(), Written::New);
        assert_eq!(log.line(&first, &mut out).unwrap(), Written::Duplicate);
        assert_eq!(log.line(&line(Label::ClientRandom, 0xab, 0xce), &mut out).unwrap(), Written::Conflict);
        assert_eq!(log.line(&line(Label::ExporterSecret, 0xab, 0xcd), &mut out).unwrap(), Written::New);
        let expected = format!(
            "CLIENT_RANDOM {} {}\nEXPORTER_SECRET {} {}\n",
            "ab".repeat(32),
            "cd".repeat(48),
            "ab".repeat(32),
            "cd".repeat(32)
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn what_is_known_is_not_written_again() {
        let (mut log, mut out) = (KeyLog::new(), Vec::new());
        let known = line(Label::ClientRandom, 1, 2);
        log.know(&known);
        assert_eq!(log.line(&known, &mut out).unwrap(), Written::Duplicate);
        assert!(out.is_empty());
        assert_eq!(LineError::Label.to_string(), "unknown label");
        assert_eq!(LineError::Malformed.to_string(), "not `LABEL client_random secret` in hex");
    }

    #[test]
    fn comments_stay_comments() {
        let mut out = Vec::new();
        KeyLog::new().comment("a\nCLIENT_RANDOM x\r\u{2028}\x1b[1m", &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "# a\\u{a}CLIENT_RANDOM x\\u{d}\\u{2028}\\u{1b}[1m\n");
    }

    #[test]
    fn what_is_written_is_read() {
        let mut log = KeyLog::new();
        let mut out = Vec::new();
        log.comment("from ticket.key", &mut out).unwrap();
        for label in Label::ALL {
            assert_eq!(log.line(&line(label, 7, 9), &mut out).unwrap(), Written::New);
        }
        out.extend(b"\r\n  # indented\nSERVER_HANDSHAKE_TRAFFIC_SECRET 00 11\nECH_SECRET 00 00\nCLIENT_RANDOM\n\xff\n");
        let lines: Vec<_> = Line::parse_all(&out).collect();
        assert_eq!(lines.len(), Label::ALL.len() + 4);
        for (index, label) in Label::ALL.into_iter().enumerate() {
            let (number, Ok(read)) = &lines[index] else { panic!("{:?}", lines[index]) };
            assert_eq!((*number, read.label, read.client_random), (index + 2, label, [7; 32]));
            assert!(read.secret.as_bytes().iter().all(|&byte| byte == 9));
        }
        let errors: Vec<_> = lines.iter().filter_map(|(number, line)| Some((*number, *line.as_ref().err()?))).collect();
        let malformed = LineError::Malformed;
        assert_eq!(errors, [(12, malformed), (13, LineError::Label), (14, malformed), (15, malformed)]);
    }

    #[test]
    fn lines_with_wrong_lengths_are_malformed() {
        let random = "00".repeat(32);
        for (label, length) in [("CLIENT_RANDOM", 47), ("CLIENT_RANDOM", 49), ("EXPORTER_SECRET", 31)] {
            let text = format!("{label} {random} {}", "11".repeat(length));
            assert_eq!(Line::parse(text.as_bytes()).unwrap().unwrap_err(), LineError::Malformed, "{text}");
        }
        let text = format!("CLIENT_RANDOM {random}00 {}", "11".repeat(48));
        assert_eq!(Line::parse(text.as_bytes()).unwrap().unwrap_err(), LineError::Malformed);
    }
}
