//! Opens TLS session tickets with the server's ticket key (STEK) and explains what is inside.
//!
//! The library does no I/O: bytes in, values out that borrow from them. It reads no clock and no environment.
//!
//! # One ticket
//!
//! A [key file](key::file) becomes keys, keys become a [ring](key::ring::KeyRing), and an [opener](open::Opener)
//! splits, verifies and decrypts a ticket with it and parses the [session](session::Session) inside. A session is only
//! ever shown as genuine if the ticket's MAC verified: the types see to that.
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
//! let outcome = opener.open(&opener.check(ticket), &mut buffer);
//! assert_eq!(outcome.to_string(), "decrypted with key 0 of ticket.key: a TLSv1.3 session");
//! if let Outcome::Decrypted { key, session, .. } = outcome {
//!     assert_eq!(key.layout().to_string(), "name16 hmac32 aes32");
//!     assert_eq!(session.hostname, Some(&b"www.lab.test"[..]));
//! }
//! # Ok::<(), tktdump::key::file::KeyFileError>(())
//! ```
//!
//! [`Session::to_owned`](session::Session::to_owned) keeps a session after the buffer is gone.
//!
//! # A batch
//!
//! [`input`] finds tickets in whatever form they come, [`record::examine`] opens each, and [`report`] renders the
//! records. One buffer serves all.
//!
//! ```
//! use tktdump::input::{self, Form};
//! use tktdump::key::ring::KeyRing;
//! use tktdump::open::Opener;
//! use tktdump::record::{Place, Source, examine};
//! use tktdump::report::{Page, json};
//!
//! # let list = "0".repeat(192);
//! let (ring, source) = (KeyRing::default(), Source::from("list.txt"));
//! let (opener, kept, mut page) = (Opener::new(&ring), json::Kept::new(&ring), Page::new());
//! let renderer = json::Renderer { kept: &kept, now: 1_700_000_000, redact: true };
//! let mut index = 0;
//! input::each_in_whole(Form::Lines, list.as_bytes(), None, &mut |line, item| {
//!     let place = Place { source: &source, index, line, packet: None };
//!     renderer.ticket(&examine(place, &item, &opener, &mut Vec::new()), &mut page);
//!     index += 1;
//! });
//! assert!(page.starts_with(br#"{"type":"ticket","source":"list.txt","index":0,"line":1,"status":"no_key""#));
//! ```
//!
//! # A capture
//!
//! [`capture`] follows the connections in packets, [`record::examine_connection`] opens their tickets and says what
//! became of the resumption, and [`resumption::secrets`] gives the key-log lines that a ticket proves.
//!
//! ```
//! use tktdump::capture::{Capture, container::{Reader, Step}};
//! use tktdump::key::{file, ring::KeyRing};
//! use tktdump::open::Opener;
//! use tktdump::record::{Source, Status, examine_connection};
//! use tktdump::resumption::History;
//!
//! # let key_file = include_bytes!("../testdata/nginx48_tls12/ticket.key");
//! # let mut rest: &[u8] = include_bytes!("../testdata/nginx48_tls12/capture.pcap");
//! let keys = KeyRing::new(vec![("ticket.key".into(), file::read_auto(key_file)?)]);
//! let (opener, source, mut history) = (Opener::new(&keys), Source::from("capture.pcap"), History::default());
//! let (mut opened, mut sentences) = (0, Vec::new());
//! let mut connection = |connection: tktdump::capture::Connection| {
//!     let mut count = |record: &tktdump::record::Record<'_>| opened += u32::from(record.status() == Status::Decrypted);
//!     let buffer = &mut Vec::new();
//!     let record = examine_connection(&connection, &source, 0, &opener, &mut history, None, buffer, &mut count);
//!     sentences.push(record.why);
//! };
//! let (mut reader, mut capture) = (Reader::new(), Capture::default());
//! loop {
//!     match reader.step(rest)? {
//!         Step::Packet { packet, used } => {
//!             capture.packet(&packet, &mut connection);
//!             rest = &rest[used..];
//!         }
//!         Step::Secrets { used, .. } => rest = &rest[used..], // a key log inside: not needed here
//!         Step::Skip(length) => rest = &rest[length as usize..],
//!         Step::Need(_) => break, // the end: nothing more is there
//!     }
//! }
//! capture.finish(&mut connection);
//! assert_eq!((opened, sentences.len()), (2, 2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # An audit
//!
//! With the feature `audit`, the module `audit` checks keys, tickets and captures against rules; `report::findings` renders
//! what it finds.
//!
//! ```
//! # #[cfg(feature = "audit")]
//! # {
//! use tktdump::audit::facts::keys::{KeySet, LoadedFile};
//! use tktdump::audit::{Auditor, Policy};
//! use tktdump::key::file;
//!
//! let content = [7; 48];
//! let keys = file::read_auto(&content)?;
//! let loaded = LoadedFile { path: "ticket.key".into(), host: None, content: content.to_vec().into(), keys, disk: None };
//! let now = 1_700_000_000; // seconds since 1970: the library reads no clock
//! let findings = Auditor::new(&Policy::default(), now).keys(&KeySet::new(vec![loaded], now));
//! assert!(findings.iter().any(|finding| finding.rule.id == "guessable-key"));
//! # }
//! # Ok::<(), tktdump::key::file::KeyFileError>(())
//! ```
//!
//! # Features
//!
//! `default-features = false` gives the library alone.
//!
//! - `audit`: rules for keys and tickets, and what the answers of a running server mean (modules `audit` and `probe`)
//! - `sarif`: findings as SARIF
//! - `keyfind`: keys in memory images (module `search`)
//! - `serde`: storing an [`OwnedSession`](session::OwnedSession)
//! - `cli`: the command
//! - `probe`: the command's connections to running servers

pub mod armor;
#[cfg(feature = "audit")]
pub mod audit;
pub mod capture;
pub mod escape;
pub mod identify;
pub mod input;
pub mod key;
pub mod keylog;
pub mod open;
#[cfg(feature = "audit")]
pub mod probe;
pub mod record;
pub mod report;
pub mod resumption;
#[cfg(feature = "keyfind")]
pub mod search;
pub mod secret;
pub mod session;
pub mod survey;
pub mod ticket;
pub mod time;
pub mod tls;
#[cfg(test)]
mod vectors;
