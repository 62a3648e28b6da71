//! The session inside a ticket: one model for all dialects, borrowed from the plaintext.
//!
//! [`Session::parse`] recognises the dialect. Fields keep their meaning across dialects, however they are encoded;
//! what a dialect has beyond the others is in the same struct. [`View::visit`] walks the fields in order, each with
//! its [`Field`](field::Field): name, label and whether it is a secret. Every output is made from that walk.

pub mod certificate;
pub mod field;

mod context;
pub(crate) mod der;
mod dialect;
mod dialects;
mod error;
mod mark;
mod model;
mod outline;
mod own;
mod owned;
mod parse;
mod producer;
mod psk;
mod shared;
mod sizes;
mod visit;

pub use self::context::explain as explain_context;
pub use self::der::{DerError, DerErrorKind};
pub use self::dialect::Dialect;
pub use self::error::SessionError;
pub(crate) use self::mark::Mark;
pub use self::model::{BoringSslFields, LibraryFields, Session, SessionSecret, UnknownField, VerifyFlags};
pub(crate) use self::outline::Outline;
pub use self::own::Own;
pub use self::owned::OwnedSession;
pub(crate) use self::parse::begins_as_asn1;
pub use self::visit::{OwnPart, OwnView, Part, Value, View, Visitor};
pub use crate::tls::protocol::{Cipher, Protocol};

/// The PEM label of a session (`PEM_STRING_SSL_SESSION` in OpenSSL's `include/openssl/pem.h`).
pub const PEM_LABEL: &str = "SSL SESSION PARAMETERS";
