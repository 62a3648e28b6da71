//! Why a plaintext is not a session.

use std::fmt;

use super::Dialect;
use crate::session::der::DerError;

/// Why a plaintext is not a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionError {
    /// It is not the DER of an `SSL_SESSION`.
    Der(DerError),
    /// `BoringSSL`'s placeholder for a session that must not be resumed (`kNotResumableSession`).
    NotResumable,
    /// It begins like no dialect that is known.
    Unrecognised,
    /// It is of that dialect, but breaks off or does not add up.
    Malformed {
        /// Whose encoding it begins like.
        dialect: Dialect,
        /// Bytes that could be read.
        offset: usize,
    },
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Der(error) => write!(f, "the plaintext is not an SSL_SESSION: {error}"),
            Self::NotResumable => write!(f, "the plaintext is BoringSSL's mark for a session that is not resumable"),
            Self::Unrecognised => write!(f, "the plaintext is not a session of any known dialect"),
            Self::Malformed { dialect, offset } => {
                write!(
                    f,
                    "the plaintext is not a whole session of the dialect {}: it ends, or does not add up, at byte {offset}",
                    dialect.as_str()
                )
            }
        }
    }
}

impl std::error::Error for SessionError {}
