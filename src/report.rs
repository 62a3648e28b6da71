//! Renderers of records: one output a file. Each appends to a buffer and recomputes nothing.

pub mod findings;
pub mod json;
pub mod keyfind;
mod keys;
pub mod openssl;
pub mod survey;
pub mod text;

mod page;
mod tally;

pub use self::keys::key as key_to_json;
pub use self::page::Page;
pub use self::tally::Tally;

/// What stands in the place of a secret that is held back.
pub const REDACTED: &str = "(redacted)";
