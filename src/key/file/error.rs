//! Why a key file gives no keys, and what to do about it.

use std::fmt;

use super::text::join_lines;

/// Why a file gives no keys. No message contains key bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The size is not one of the format's.
    Size {
        /// Bytes found.
        found: usize,
        /// Option name of the format, `None` for `auto`.
        format: Option<&'static str>,
        /// What the format takes.
        takes: String,
        /// What probably happened, if whole files are read (`read_as`, `read_auto`).
        cause: Option<Cause>,
    },
    /// A line of a text format is wrong.
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
        /// Option name of the format.
        format: &'static str,
        /// What the format takes.
        takes: &'static str,
    },
    /// The content is not what the server takes.
    Content {
        /// What is wrong with it.
        problem: String,
        /// Option name of the format.
        format: &'static str,
        /// What the format takes.
        takes: &'static str,
    },
    /// The file is of another kind altogether.
    Foreign {
        /// What it is, such as "a program".
        what: &'static str,
    },
    /// A slip that a command mends.
    Mendable {
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
        /// Option name of the format.
        format: &'static str,
        /// What mends it, a command among it.
        remedy: String,
    },
    /// The file has too few keys for the server to load it.
    TooFewKeys {
        /// Keys found.
        found: usize,
        /// Keys the server insists on.
        wants: usize,
        /// Option name of the format.
        format: &'static str,
        /// What the format takes.
        takes: &'static str,
    },
}

/// What made a key file unusable, as far as its bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Nothing in it.
    Empty,
    /// One line end too many, as editors and `echo` add.
    TrailingNewline,
    /// Hex digits where raw bytes should be.
    HexText,
    /// Base64 where raw bytes should be.
    Base64Text,
    /// Several keys in base64, each over as many lines.
    WrappedBase64 {
        /// Lines of a key.
        lines: usize,
    },
    /// A dump with offsets, an array of C, a string of escapes.
    Dump,
    /// Text in UTF-16.
    Utf16,
    /// More bytes than a key has, as tickets have them.
    LikeATicket,
    /// Hex digits, but for a character at that place.
    DamagedHex {
        /// Line from 1.
        line: usize,
        /// Column from 1.
        column: usize,
    },
}

impl KeyFileError {
    /// Another size than the format's; what made it so is [found out](super::cause) by those who know every format.
    pub(in crate::key) fn size(file: &[u8], format: &'static str, takes: &str) -> Self {
        Self::Size { found: file.len(), format: Some(format), takes: takes.to_owned(), cause: None }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Size { cause: Some(Cause::Empty), .. } => "make a key with: openssl rand 80 > ticket.key".to_owned(),
            Self::Size { cause: Some(Cause::TrailingNewline), found, .. } => {
                format!("the file ends in a newline: head -c {} FILE > NEW takes it off", found - 1)
            }
            Self::Size { cause: Some(Cause::HexText), .. } => {
                "the file is hex text: xxd -r -p FILE > NEW makes raw bytes of it; --key-format auto reads it as it is"
                    .to_owned()
            }
            Self::Size { cause: Some(Cause::Base64Text), .. } => {
                "the file is base64 text: base64 -d FILE > NEW makes raw bytes of it; --key-format auto reads it as it is"
                    .to_owned()
            }
            Self::Size { cause: Some(Cause::WrappedBase64 { lines }), .. } => join_lines(*lines),
            Self::Size { cause: Some(Cause::Dump), .. } => {
                "the file is a hex dump: xxd -r FILE > NEW makes raw bytes of one by xxd; --key-format auto reads it as it is"
                    .to_owned()
            }
            Self::Size { cause: Some(Cause::Utf16), .. } => {
                "the file is text in UTF-16: iconv -f UTF-16 -t UTF-8 FILE > NEW makes UTF-8 of it; --key-format auto reads it as it is"
                    .to_owned()
            }
            Self::Size { cause: Some(Cause::LikeATicket), .. } => {
                "if the file is a ticket, it is an input and not a key: tktdump --key KEYFILE FILE".to_owned()
            }
            Self::Size { cause: Some(Cause::DamagedHex { line, column }), .. } => {
                format!("the file is hex text, except at line {line}, column {column}")
            }
            Self::Size { format: None, .. } => {
                "--key-format with the server's name tells what that server takes".to_owned()
            }
            Self::Size { takes, .. } => format!("the file must be {takes}"),
            Self::Foreign { .. } => "name the ticket key file itself".to_owned(),
            Self::Mendable { remedy, .. } => remedy.clone(),
            Self::Line { takes, .. } | Self::Content { takes, .. } | Self::TooFewKeys { takes, .. } => format!("the file must be {takes}"),
        }
    }
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size { found: 0, .. } => write!(f, "the key file is empty"),
            Self::Size { found, format: None, takes, .. } => {
                write!(f, "unrecognised key file of {found} bytes; these are valid: {takes}")
            }
            Self::Size { found, format: Some(format), takes, .. } => {
                write!(f, "a file of {found} bytes is not a valid {format} ticket key, which is {takes}")
            }
            Self::Line { line, problem, format, .. } | Self::Mendable { line, problem, format, .. } => {
                write!(f, "line {line} is not a valid {format} ticket key: {problem}")
            }
            Self::Content { problem, format, .. } => {
                write!(f, "the file is not a valid {format} ticket key: {problem}")
            }
            Self::Foreign { what } => write!(f, "the file is {what}, not a ticket key"),
            Self::TooFewKeys { found, wants, format, .. } => {
                let keys = if *found == 1 { "key" } else { "keys" };
                write!(f, "the file holds {found} {keys}, and {format} loads it only if there are {wants} or more")
            }
        }
    }
}

impl std::error::Error for KeyFileError {}
