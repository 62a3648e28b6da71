//! Renderers of records: one output a file. Each appends to a buffer and recomputes nothing.

#[cfg(feature = "audit")]
pub mod findings;
pub mod json;
#[cfg(feature = "keyfind")]
pub mod keyfind;
mod keys;
pub mod openssl;
#[cfg(feature = "audit")]
pub mod probe;
pub mod survey;
pub mod text;

mod draft;
mod page;
mod tally;

pub use self::keys::{compared as compared_to_json, key as key_to_json};
pub use self::page::Page;
pub use self::tally::{Tally, Totals};

pub use crate::escape::REDACTED;
