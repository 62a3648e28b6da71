//! Opens TLS session tickets with the server's ticket key (STEK) and explains what is inside.
//!
//! The library does no I/O: bytes in, structs that borrow from them out. A ticket is split and
//! [verified](key::TicketKey::verify) and [opened](key::Verified::open); [`open::Opener`] does all three with a
//! [ring](key::ring::KeyRing) of keys and parses the [session](session::Session) inside.
//!
//! ```
//! use tktdump::key::{file, ring::KeyRing};
//! use tktdump::open::{Opener, Outcome};
//!
//! # let key_file = include_bytes!("../testdata/nginx80_tls13_0rtt/ticket.key");
//! # let ticket = include_bytes!("../testdata/nginx80_tls13_0rtt/ticket.bin");
//! let keys = KeyRing::new(vec![("ticket.key".into(), file::read_auto(key_file)?)]);
//! let opener = Opener::new(&keys);
//! let mut buffer = Vec::new();
//! if let Outcome::Decrypted { key, session, .. } = opener.open(&opener.check(ticket), &mut buffer) {
//!     assert_eq!(key.layout().to_string(), "name16 hmac32 aes32");
//!     assert_eq!(session.protocol.name(), "TLSv1.3");
//!     assert_eq!(session.hostname, Some(&b"www.lab.test"[..]));
//! }
//! # else { panic!("the ticket did not open") }
//! # Ok::<(), tktdump::key::file::KeyFileError>(())
//! ```

pub mod armor;
pub mod audit;
pub mod capture;
pub mod escape;
pub mod input;
pub mod key;
pub mod keylog;
pub mod open;
pub mod record;
pub mod report;
pub mod resumption;
pub mod search;
pub mod secret;
pub mod session;
pub mod survey;
pub mod ticket;
pub mod time;
pub mod tls;
#[cfg(test)]
mod vectors;
