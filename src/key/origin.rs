//! Where a key came from, and what its server does with it.

use std::sync::Arc;

/// What the server does with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Seals new tickets, and opens.
    Active,
    /// Opens tickets only.
    Inactive,
    /// The server would not load it.
    Ignored,
    /// The file alone does not tell.
    Unknown,
}

impl Role {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Ignored => "ignored",
            Self::Unknown => "unknown",
        }
    }
}

/// Where a key came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file as it was named, or `(built-in)`.
    pub file: Arc<str>,
    /// n-th key of that file, from 0.
    pub index: usize,
    /// What the server does with it.
    pub role: Role,
    /// Option names of the formats it was read as, joined with `/`; empty for built-in keys.
    pub format: Arc<str>,
}
