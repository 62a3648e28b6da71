//! Renderers of records: one output a file. Each appends to a buffer and recomputes nothing.

pub mod findings;
pub mod json;
pub mod openssl;
pub mod survey;
pub mod text;

mod key_json;
mod page;
mod tally;
mod time;

pub use self::key_json::key as key_to_json;
pub use self::page::Page;
pub use self::tally::Tally;
pub use self::time::utc;

/// What stands in the place of a secret that is held back.
pub const REDACTED: &str = "(redacted)";
