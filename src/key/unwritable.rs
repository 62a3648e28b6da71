//! Why a key has no place in a server's key file.

use std::fmt;

/// Why keys cannot be written as a format's file. No message contains key bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unwritable {
    /// This library reads the format only.
    NoWriter,
    /// No keys at all.
    Nothing,
    /// The file holds fewer keys than there are.
    TooMany {
        /// Keys there are.
        found: usize,
        /// Keys that the server takes from a file.
        limit: usize,
    },
    /// The sizes are not the format's.
    Sizes {
        /// Those of the key, such as `name16 aes16 hmac32`.
        layout: String,
        /// What the format takes.
        takes: &'static str,
    },
    /// Tickets under the key do not name it, and the server wants a name.
    NoName,
    /// The server encrypts or authenticates otherwise.
    Algorithms {
        /// What the key is for, such as `AES-128-CTR and HMAC-SHA256`.
        key: String,
        /// What the server does.
        server: &'static str,
    },
    /// The server derives its keys from a secret, which is not known.
    NoSeed {
        /// What the secret is.
        secret: &'static str,
    },
}

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoWriter => write!(f, "tktdump reads this format but does not write it"),
            Self::Nothing => write!(f, "there is no key to write"),
            Self::TooMany { found, limit: 1 } => write!(f, "the file holds one key, and there are {found}"),
            Self::TooMany { found, limit } => {
                write!(f, "the server opens with {limit} keys of a file, and there are {found}")
            }
            Self::Sizes { layout, takes } => write!(f, "a key of {layout} does not fit: the file must be {takes}"),
            Self::NoName => write!(f, "the key has no name, and the server wants one of 16 bytes"),
            Self::Algorithms { key, server } => write!(f, "the key is for {key}, and the server uses {server}"),
            Self::NoSeed { secret } => write!(f, "the server derives its keys from {secret}, which is not known"),
        }
    }
}

impl std::error::Error for Unwritable {}
