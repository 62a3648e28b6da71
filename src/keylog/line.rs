//! One line of a key log.

use std::fmt;
use std::str::FromStr;

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
pub(super) fn is_of_ticket(line: &[u8]) -> bool {
    let needle = b": ticket in packet ";
    line.windows(needle.len()).any(|window| window == needle)
}
