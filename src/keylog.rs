//! The key log that Wireshark and others read (RFC 9850, once NSS's own format).
//!
//! A line is a label, the client random and a secret. [`KeyLog`] writes each of them once.

mod secrets;
mod seen;

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use zeroize::Zeroizing;

pub use self::secrets::Secrets;
use self::seen::Seen;
use crate::escape::Text;
use crate::secret::Secret;

/// What a secret is (RFC 9850 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Label {
    /// The master secret of TLS 1.2 and before.
    ClientRandom,
    /// TLS 1.3: early data.
    ClientEarlyTrafficSecret,
    /// TLS 1.3: the exporter of early data.
    EarlyExporterSecret,
    /// TLS 1.3: the client's part of the handshake.
    ClientHandshakeTrafficSecret,
    /// TLS 1.3: the server's part of the handshake.
    ServerHandshakeTrafficSecret,
    /// TLS 1.3: the client's application data, up to the first key update.
    ClientTrafficSecret0,
    /// TLS 1.3: the server's application data, up to the first key update.
    ServerTrafficSecret0,
    /// TLS 1.3: the exporter.
    ExporterSecret,
}

impl Label {
    /// All labels.
    pub const ALL: [Self; 8] = [
        Self::ClientRandom,
        Self::ClientEarlyTrafficSecret,
        Self::EarlyExporterSecret,
        Self::ClientHandshakeTrafficSecret,
        Self::ServerHandshakeTrafficSecret,
        Self::ClientTrafficSecret0,
        Self::ServerTrafficSecret0,
        Self::ExporterSecret,
    ];

    /// As it stands in a line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientRandom => "CLIENT_RANDOM",
            Self::ClientEarlyTrafficSecret => "CLIENT_EARLY_TRAFFIC_SECRET",
            Self::EarlyExporterSecret => "EARLY_EXPORTER_SECRET",
            Self::ClientHandshakeTrafficSecret => "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            Self::ServerHandshakeTrafficSecret => "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            Self::ClientTrafficSecret0 => "CLIENT_TRAFFIC_SECRET_0",
            Self::ServerTrafficSecret0 => "SERVER_TRAFFIC_SECRET_0",
            Self::ExporterSecret => "EXPORTER_SECRET",
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Label {
    type Err = LineError;

    fn from_str(text: &str) -> Result<Self, LineError> {
        Self::ALL.into_iter().find(|label| label.as_str() == text).ok_or(LineError::Label)
    }
}

/// One secret of one connection.
#[derive(Debug, Clone)]
pub struct Line {
    /// What the secret is.
    pub label: Label,
    /// The random of the connection's ClientHello.
    pub client_random: [u8; 32],
    /// 48 bytes for [`Label::ClientRandom`], else as long as the cipher suite's hash.
    pub secret: Secret,
}

/// Why a line of a key log cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LineError {
    /// A label that is not in [`Label`]; there are others, for other protocols and for ECH.
    Label,
    /// Not three words with a blank between them, or a word that is not hex of the length it should have.
    Malformed,
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Label => "unknown label",
            Self::Malformed => "not `LABEL client_random secret` in hex",
        })
    }
}

impl std::error::Error for LineError {}

impl Line {
    /// Reads a line, with or without its line end; `None` for comments and blank lines.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Result<Self, LineError>> {
        let line = line.trim_ascii();
        (!line.is_empty() && !line.starts_with(b"#")).then(|| Self::parse_words(line))
    }

    fn parse_words(line: &[u8]) -> Result<Self, LineError> {
        let text = std::str::from_utf8(line).map_err(|_| LineError::Malformed)?;
        let mut words = text.split_ascii_whitespace();
        let label = words.next().ok_or(LineError::Malformed)?.parse()?;
        let (Some(random), Some(secret), None) = (words.next(), words.next(), words.next()) else {
            return Err(LineError::Malformed);
        };
        let random = hex::decode(random).map_err(|_| LineError::Malformed)?;
        let client_random = random.try_into().map_err(|_| LineError::Malformed)?;
        let secret = Secret::new(hex::decode(secret).map_err(|_| LineError::Malformed)?);
        let fits = match label {
            Label::ClientRandom => secret.as_bytes().len() == 48,
            _ => (32..=64).contains(&secret.as_bytes().len()),
        };
        if fits { Ok(Self { label, client_random, secret }) } else { Err(LineError::Malformed) }
    }

    /// All lines of a key log, with their numbers from 1.
    pub fn parse_all(text: &[u8]) -> impl Iterator<Item = (usize, Result<Self, LineError>)> {
        let lines = text.split(|&byte| byte == b'\n').enumerate();
        lines.filter_map(|(index, line)| Some((index + 1, Self::parse(line)?)))
    }
}

/// What the comment says above lines that the ticket in `packet`, of the connection `stream`, gave with a key.
#[must_use]
pub fn of_ticket(file: &str, index: usize, packet: u64, stream: u64) -> String {
    format!("{file}, key {index}: ticket in packet {packet}, connection {stream}")
}

/// Whether a line is such a comment.
fn is_of_ticket(line: &[u8]) -> bool {
    let needle = b": ticket in packet ";
    line.windows(needle.len()).any(|window| window == needle)
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Written {
    /// It was written.
    New,
    /// It had been written before.
    Duplicate,
    /// Another secret had been written under the same label and client random. A reader would take one of the two,
    /// so that this one was left out.
    Conflict,
    /// As many lines have been written as can be told apart, so that this one was left out.
    Full,
}

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
