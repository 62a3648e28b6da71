//! The forms of inputs.

/// The form of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// One ticket as it is.
    Raw,
    /// Bytes that are not text: one ticket, or a file that has some in it.
    Binary,
    /// Text in UTF-16.
    Utf16,
    /// Lines of hex.
    Hex,
    /// Lines of base64.
    Base64,
    /// Lines, each of hex or base64.
    Lines,
    /// One ticket as text, wrapped to lines.
    Wrapped(Encoding),
    /// Text with PEM blocks and hex dumps, such as a transcript of `openssl s_client`.
    Text,
    /// Sessions as DER, one after the other.
    Der,
    /// Our own records, one a line.
    Records,
    /// A packet capture.
    Capture,
}

/// How bytes stand in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Hex.
    Hex,
    /// Base64.
    Base64,
}

impl Form {
    /// Whether it is read a line at a time.
    #[must_use]
    pub fn is_lines(self) -> bool {
        matches!(self, Self::Hex | Self::Base64 | Self::Lines | Self::Records)
    }
}
