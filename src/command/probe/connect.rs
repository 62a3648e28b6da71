//! One connection: handshake, tickets, goodbye. No application data is ever sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::client::ClientConnection;
use rustls::pki_types::ServerName;
use tktdump::capture::container::Time;
use tktdump::keylog::{Label, Line};
use tktdump::probe::plan::Version;
use tktdump::probe::seen::Failure;
use tktdump::probe::tamper::Part;
use tktdump::probe::tape::Recorded;
use tktdump::tls::tls13::{NewSessionTicket, RecordKeys, Sent, ServerTraffic, Suite};

use super::client::{self, Client, Secrets, Session, Store};
use super::starttls::StartTls;
use super::wire::Wire;

/// How long a server that says nothing more after the handshake is listened to: tickets of TLS 1.3 come within a
/// round trip, and most servers close when they are told goodbye.
const PATIENCE: Duration = Duration::from_secs(1);
/// With TLS 1.2 nothing is awaited behind the handshake.
const SHORT_PATIENCE: Duration = Duration::from_millis(200);
/// Bytes of a handle that a server sends in place of a ticket; most are good for one use.
const HANDLE_LENGTH: usize = 32;
const HANDSHAKE: u8 = 22;
/// Alerts that end a connection and are no error (RFC 9846, RFC 8446 section 6.1).
const CLOSURE: [u8; 2] = [0, 90];

/// What a connection is to be.
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of its own")]
pub(super) struct Request<'r> {
    pub(super) address: SocketAddr,
    /// What the certificate is verified for, and what SNI says if it is a name.
    pub(super) name: ServerName<'static>,
    /// Whether SNI is sent.
    pub(super) sni: bool,
    pub(super) version: Version,
    pub(super) starttls: Option<StartTls>,
    pub(super) timeout: Duration,
    /// The session to offer.
    pub(super) offer: Option<Session>,
    /// TLS 1.2: flips a bit in this ticket while it is sent, and stops at the server's answer.
    pub(super) alter: Option<(&'r [u8], Part)>,
    /// TLS 1.3: how often each new ticket is to be had, and whether altered ones are wanted, too.
    pub(super) copies: usize,
    pub(super) altered_copies: bool,
    pub(super) early_data: bool,
    pub(super) presents: bool,
}

/// What a connection was.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) packets: Vec<Recorded>,
    pub(super) secrets: Vec<Line>,
    /// Messages of TLS 1.3 that bring tickets, with the packet they came in.
    pub(super) tickets: Vec<(Vec<u8>, usize, Time)>,
    /// Sessions that can be offered, the unused ones first.
    pub(super) sessions: Vec<Session>,
    /// TLS 1.3: sessions of altered tickets.
    pub(super) altered: BTreeMap<Part, Session>,
    pub(super) certificate: Option<Vec<u8>>,
    pub(super) certificate_problem: Option<String>,
    pub(super) asks_certificate: bool,
    pub(super) early_data: Option<bool>,
    pub(super) failure: Option<Failure>,
}

/// Makes a connection.
pub(super) fn connect(client: &Client, request: Request<'_>) -> Outcome {
    let deadline = Instant::now() + request.timeout;
    let mut outcome = Outcome::default();
    let mut wire = match Wire::connect(request.address, deadline) {
        Ok(wire) => wire,
        Err(failure) => return Outcome { failure: Some(failure), ..outcome },
    };
    client::begin(request.presents);
    let secrets = Arc::new(Secrets::default());
    let store = Arc::new(Store::new(request.offer));
    let request = Request { offer: None, ..request };
    let started = request.starttls.map_or(Ok(()), |protocol| protocol.speak(&mut wire));
    let failure = started.and_then(|()| {
        let handshake = Handshake { client, request: &request, wire: &mut wire, secrets: &secrets, store: &store };
        handshake.run(&mut outcome)
    });
    outcome.failure = outcome.failure.or(failure.err());
    let current = client::end();
    outcome.certificate = current.certificate;
    outcome.certificate_problem = current.problem;
    outcome.asks_certificate = current.asked;
    outcome.secrets = secrets.lines();
    outcome.packets = wire.finish();
    outcome
}

struct Handshake<'h> {
    client: &'h Client,
    request: &'h Request<'h>,
    wire: &'h mut Wire,
    secrets: &'h Arc<Secrets>,
    store: &'h Arc<Store>,
}

impl Handshake<'_> {
    fn run(mut self, outcome: &mut Outcome) -> Result<(), Failure> {
        let own = |error: rustls::Error| Failure::Incompatible(error.to_string());
        let request = self.request;
        let config = self.client.config(request.version, Arc::clone(self.store), Arc::clone(self.secrets));
        let mut config = config.ok_or(Failure::NotTls("version".to_owned()))?;
        config.enable_sni = request.sni;
        config.enable_early_data = request.early_data;
        let mut tls = ClientConnection::new(Arc::new(config), request.name.clone()).map_err(own)?;
        let offers_early_data = request.early_data && tls.early_data().is_some();
        let begun = Instant::now();
        self.hello(&mut tls)?;
        if self.request.alter.is_some() {
            return self.answer(&mut tls);
        }
        while tls.is_handshaking() {
            let Some(record) = self.wire.record(begun + self.request.timeout)? else { return Err(Failure::Closed) };
            self.feed(&mut tls, &record)?;
            self.flush(&mut tls)?;
        }
        outcome.early_data = offers_early_data.then(|| tls.is_early_data_accepted());
        tls.send_close_notify();
        self.flush(&mut tls)?;
        // far away a round trip takes longer
        let patience = PATIENCE.max(begun.elapsed() * 2);
        if request.version == Version::Tls13 {
            self.after13(&mut tls, patience, outcome)
        } else {
            outcome.sessions = self.store.taken();
            self.after12(&mut tls)
        }
    }

    /// Sends the ClientHello.
    fn hello(&mut self, tls: &mut ClientConnection) -> Result<(), Failure> {
        let mut hello = Vec::new();
        while tls.wants_write() {
            write(tls, &mut hello)?;
        }
        if let Some((ticket, part)) = self.request.alter {
            let at = memchr::memmem::find(&hello, ticket);
            let place = at.and_then(|at| hello.get_mut(at..at + ticket.len()));
            // a client that keeps its ticket to itself cannot be told from one that has none
            let place = place.ok_or_else(|| Failure::Incompatible("the ticket was not offered".to_owned()))?;
            place.copy_from_slice(&part.alter(ticket));
        }
        self.wire.send(&hello)
    }

    /// Sends what rustls has to say.
    fn flush(&mut self, tls: &mut ClientConnection) -> Result<(), Failure> {
        let mut out = Vec::new();
        while tls.wants_write() {
            write(tls, &mut out)?;
        }
        self.wire.send(&out)
    }

    /// Hands a record to rustls; on an error the alert that it wants to send is sent.
    fn feed(&mut self, tls: &mut ClientConnection, record: &[u8]) -> Result<(), Failure> {
        feed(tls, record).map_err(|error| {
            // the server is told why, if it still listens
            let _ = self.flush(tls);
            explain(error)
        })
    }

    /// The answer to an altered ticket of TLS 1.2: up to the end of the server's flight and no further, because the
    /// server and this client do not agree any more on what was said.
    fn answer(&mut self, tls: &mut ClientConnection) -> Result<(), Failure> {
        while !tls.wants_write() && tls.is_handshaking() {
            let Some(record) = self.wire.record(Instant::now() + self.request.timeout)? else {
                return Err(Failure::Closed);
            };
            match feed(tls, &record) {
                Err(rustls::Error::AlertReceived(alert)) => return Err(Failure::Alert(u8::from(alert))),
                // a Finished that cannot be right any more
                Err(_) => return Ok(()),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// Listens until the server has gone.
    fn after12(&mut self, tls: &mut ClientConnection) -> Result<(), Failure> {
        let until = Instant::now() + SHORT_PATIENCE;
        loop {
            // what happens to the connection after the handshake changes nothing
            let Ok(Some(record)) = self.wire.record(until) else { return Ok(()) };
            match feed(tls, &record) {
                Err(rustls::Error::AlertReceived(alert)) if !CLOSURE.contains(&u8::from(alert)) => {
                    return Err(Failure::Alert(u8::from(alert)));
                }
                Err(_) => return Ok(()),
                Ok(()) => {}
            }
        }
    }

    /// Takes the tickets of TLS 1.3, until the server has gone or says nothing more.
    ///
    /// rustls gives a ticket out once. So that one ticket can be offered to several nodes, and altered, its message is
    /// handed to rustls several times, sealed again under the server's own keys.
    fn after13(
        &mut self,
        tls: &mut ClientConnection,
        patience: Duration,
        outcome: &mut Outcome,
    ) -> Result<(), Failure> {
        let Some((mut traffic, mut sealer)) = self.keys(tls) else { return Ok(()) };
        let mut copies = Vec::new();
        loop {
            let record = match self.wire.record(Instant::now() + patience) {
                Ok(Some(record)) => record,
                Ok(None) | Err(Failure::Timeout | Failure::NotTls(_)) => break,
                // a server that dislikes the client says so with an alert, and may reset at once
                Err(Failure::Reset) if !outcome.tickets.is_empty() => break,
                Err(failure) => return Err(failure),
            };
            for sent in traffic.record(&record).unwrap_or_default() {
                match sent {
                    Sent::Ticket(message) => {
                        self.ticket(tls, &mut sealer, &message, outcome, &mut copies)?;
                        let (packet, time) = self.wire.last();
                        outcome.tickets.push((message, packet, time));
                    }
                    Sent::Alert(_, description) if !CLOSURE.contains(&description) => {
                        return Err(Failure::Alert(description));
                    }
                    _ => {}
                }
            }
        }
        outcome.sessions.append(&mut copies);
        Ok(())
    }

    /// The keys of what the server sends: ours to open it with, and those to hand it on.
    fn keys(&self, tls: &ClientConnection) -> Option<(ServerTraffic, RecordKeys)> {
        let suite = Suite::from_id(u16::from(tls.negotiated_cipher_suite()?.suite()))?;
        let lines = self.secrets.lines();
        let secret = &lines.iter().find(|line| line.label == Label::ServerTrafficSecret0)?.secret;
        Some((ServerTraffic::new(suite, secret.clone()), RecordKeys::new(suite, secret)))
    }

    fn ticket(
        &mut self,
        tls: &mut ClientConnection,
        sealer: &mut RecordKeys,
        message: &[u8],
        outcome: &mut Outcome,
        copies: &mut Vec<Session>,
    ) -> Result<(), Failure> {
        let mut hand_on = |message: &[u8]| -> Result<Option<Session>, Failure> {
            // longer than a record: no ticket that can be offered
            let Some(record) = sealer.seal(HANDSHAKE, message) else { return Ok(None) };
            feed(tls, &record).map_err(explain)?;
            Ok(self.store.taken().pop())
        };
        outcome.sessions.extend(hand_on(message)?);
        let Some(parsed) = NewSessionTicket::parse(message) else { return Ok(()) };
        if parsed.ticket.len() == HANDLE_LENGTH {
            return Ok(());
        }
        if copies.is_empty() {
            for _ in 1..self.request.copies {
                copies.extend(hand_on(message)?);
            }
        }
        if self.request.altered_copies && outcome.altered.is_empty() {
            let at = parsed.offset_of_ticket();
            for part in Part::ALL {
                let mut altered = message.to_vec();
                if let Some(place) = altered.get_mut(at..at + parsed.ticket.len()) {
                    place.copy_from_slice(&part.alter(parsed.ticket));
                }
                outcome.altered.extend(hand_on(&altered)?.map(|session| (part, session)));
            }
        }
        Ok(())
    }
}

fn write(tls: &mut ClientConnection, out: &mut Vec<u8>) -> Result<(), Failure> {
    // writing to a Vec does not fail
    tls.write_tls(out).map(drop).map_err(|error| Failure::Incompatible(error.to_string()))
}

fn feed(tls: &mut ClientConnection, mut record: &[u8]) -> Result<(), rustls::Error> {
    while !record.is_empty() {
        let read = tls.read_tls(&mut record).map_err(|error| rustls::Error::General(error.to_string()))?;
        tls.process_new_packets()?;
        if read == 0 {
            break;
        }
    }
    Ok(())
}

fn explain(error: rustls::Error) -> Failure {
    match error {
        rustls::Error::AlertReceived(alert) => Failure::Alert(u8::from(alert)),
        rustls::Error::InvalidCertificate(_) => Failure::Certificate(error.to_string()),
        rustls::Error::General(text) => Failure::Certificate(text),
        rustls::Error::PeerIncompatible(error) => Failure::Incompatible(format!("{error:?}")),
        other => Failure::Incompatible(other.to_string()),
    }
}
