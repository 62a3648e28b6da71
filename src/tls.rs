//! The TLS protocol, each thing once: fields on the wire, hellos, key schedules, record protection, registered numbers.

pub(crate) mod aead;
pub mod alert;
pub mod hello;
pub(crate) mod number;
pub mod protocol;
pub(crate) mod quic;
pub mod registry;
pub(crate) mod tls12;
pub mod tls13;
pub(crate) mod wire;

pub use self::tls12::MASTER_SECRET_LENGTH;
