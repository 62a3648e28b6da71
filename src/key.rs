//! Session-ticket encryption keys (STEKs): one key, its name, where it came from and what it may do.
//!
//! [`mod@file`] reads key files, [`formats`] has one module per server, [`configs`] reads configurations that name keys, and
//! [`ring`] finds the key for a ticket.

pub mod compare;
pub mod config;
pub mod configs;
pub mod file;
pub mod format;
pub mod formats;
pub mod layout;
pub mod problems;
pub mod ring;
pub mod scheme;
pub mod weak;

mod bytes;
mod carried;
mod crypto;
mod derived;
mod epochs;
mod fingerprint;
pub(crate) mod firsts;
mod material;
mod origin;
mod rotation;
mod ticket_key;
mod tree;
mod unwritable;
mod verified;

pub use self::bytes::Validity;
pub use self::file::KeyFileError;
pub use self::fingerprint::Fingerprint;
pub use self::layout::Layout;
pub use self::origin::{Origin, Role};
pub use self::scheme::Scheme;
pub use self::ticket_key::{BadPadding, KeyInUse, TicketKey, seals, verifies_under_zero_mac_key};
pub use self::unwritable::Unwritable;
pub use self::verified::{MacMismatch, Unverified, Verified};
pub use self::weak::Weakness;
pub use crate::ticket::KeyName;
