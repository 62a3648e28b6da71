//! QUIC Initial packets (RFC 9000, RFC 9001 section 5.2, RFC 9369): their keys follow from what is on the wire, so
//! that anybody can read the ClientHello and the ServerHello in them.
//!
//! [`Exchange`] takes the datagrams of one connection and gives handshake messages.

mod exchange;
mod frame;
mod keys;
mod packet;
mod stream;
mod version;

pub(crate) use crate::tls::wire::Sender;
pub(crate) use exchange::Exchange;
pub(crate) use version::Version;

#[cfg(test)]
mod tests;
