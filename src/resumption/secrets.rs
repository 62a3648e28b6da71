//! Key-log lines from opened tickets: only what is certain.

use super::key_schedule;
use crate::capture::Connection;
use crate::capture::connection::HandshakeKind;
use crate::capture::sighting::{Carrier, Sighting};
use crate::keylog::{Label, Line};
use crate::secret::Secret;
use crate::session::{Session, SessionSecret};
use crate::tls::hello::ClientHello;
use crate::tls::tls12::{self, Check, Sender};
use crate::tls::tls13::{Progress, PskKe, Suite};

/// What an opened ticket gives for the connection that it was seen in.
#[derive(Debug, Default)]
pub struct Secrets {
    /// The lines, every one of them certain.
    pub lines: Vec<Line>,
    /// What cannot be had.
    pub withheld: Option<Withheld>,
}

/// Why a ticket that opened gives no line, or not all that one might hope for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Withheld {
    /// TLS ≤ 1.2: the server did not resume with it, so its master secret is not that of the connection.
    NotResumed,
    /// TLS ≤ 1.2: the capture does not show enough of the handshake to be certain.
    NotProven,
    /// TLS ≤ 1.2: the Finished record does not decrypt with this master secret.
    Refuted,
    /// TLS 1.3: the keys of application data come from a Diffie-Hellman exchange too.
    DiffieHellman,
    /// TLS 1.3: the server chose no PSK, or another one.
    NotSelected,
    /// TLS 1.3: the client's binder is not that of this PSK.
    Binder,
    /// TLS 1.3: the server's encrypted flight is not there as a whole, or does not decrypt.
    Flight,
}

impl Withheld {
    /// One sentence.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotResumed => {
                "a ticket that the server did not accept gives no line: the connection has another master secret"
            }
            Self::NotProven => {
                "a master secret gives no line where the capture does not show that the connection used it"
            }
            Self::Refuted => "a master secret gives no line where the Finished record does not decrypt with it",
            Self::DiffieHellman => {
                "TLS 1.3 with psk_dhe_ke: application data stays closed, its keys come from a Diffie-Hellman exchange \
                 that no ticket holds"
            }
            Self::NotSelected => "a TLS 1.3 ticket that the server did not choose gives no more than early data",
            Self::Binder => "a PSK gives no line where the client's binder does not verify",
            Self::Flight => {
                "psk_ke: the secrets of application data need the whole encrypted answer of the server, which the \
                 capture does not have"
            }
        }
    }
}

/// The lines for a ticket whose MAC verified.
#[must_use]
pub fn secrets(connection: &Connection, sighting: &Sighting<'_>, session: &Session<'_>) -> Secrets {
    let mut secrets = Secrets::default();
    secrets.withheld = match session.secret {
        SessionSecret::MasterSecret(master) => master_secret(connection, sighting, master, &mut secrets.lines).err(),
        SessionSecret::ResumptionPsk(_) | SessionSecret::ResumptionMasterSecret(_) => {
            psk(connection, sighting, session, &mut secrets.lines).err()
        }
    };
    secrets
}

fn master_secret(
    connection: &Connection,
    sighting: &Sighting<'_>,
    master: &[u8],
    lines: &mut Vec<Line>,
) -> Result<(), Withheld> {
    let client_random = sighting.client_random.ok_or(Withheld::NotProven)?;
    let server = connection.server_hello().ok_or(Withheld::NotProven)?;
    let kind = connection.handshake();
    if server.protocol.has_psk() {
        return Err(Withheld::NotResumed);
    }
    // the server sealed the connection's own session; or it took up the one that the client brought
    let belongs = match (sighting.carrier, kind) {
        (Carrier::SessionTicket, HandshakeKind::Full) => return Err(Withheld::NotResumed),
        (Carrier::NewSessionTicket, HandshakeKind::Full) => true,
        (Carrier::NewSessionTicket | Carrier::SessionTicket, kind) => kind == HandshakeKind::ResumedTicket,
        _ => false,
    };
    let parameters = tls12::Agreed {
        version: server.protocol.0,
        cipher_suite: server.cipher,
        client_random,
        server_random: server.random,
    };
    let records = [(Sender::Server, &connection.server_finished), (Sender::Client, &connection.client_finished)];
    let mut proven = false;
    for (sender, record) in records.into_iter().filter_map(|(sender, record)| Some((sender, record.as_ref()?))) {
        match tls12::check(&parameters, master, sender, record) {
            Check::Proven => proven = true,
            Check::Refuted if !proven => return Err(Withheld::Refuted),
            Check::Refuted | Check::Undecidable(_) => {}
        }
    }
    let certain = proven || (belongs && is_whole(connection));
    if !certain {
        return Err(Withheld::NotProven);
    }
    lines.push(Line { label: Label::ClientRandom, client_random, secret: Secret::from(master) });
    Ok(())
}

/// Whether nothing of the handshake is missing, and all its hellos are of one client.
fn is_whole(connection: &Connection) -> bool {
    let mut hellos = connection.client_hellos.iter().map(|message| ClientHello::parse(&message.bytes));
    let first = hellos.next().flatten().map(|hello| hello.random);
    let one = first.is_some() && hellos.all(|hello| hello.map(|hello| hello.random) == first);
    one && !connection.client_lost && !connection.server_lost && !connection.malformed
}

fn psk(
    connection: &Connection,
    sighting: &Sighting<'_>,
    session: &Session<'_>,
    lines: &mut Vec<Line>,
) -> Result<(), Withheld> {
    if sighting.binder != Some(true) {
        return Err(Withheld::Binder);
    }
    let (number, identity) = (sighting.hello.unwrap_or(0), sighting.identity.unwrap_or(0));
    let message = connection.client_hellos.get(number).ok_or(Withheld::NotSelected)?;
    let hello = ClientHello::parse(&message.bytes).ok_or(Withheld::NotSelected)?;
    let (early, before) = key_schedule(connection, number, session).ok_or(Withheld::Binder)?;
    let mut line = |label, secret: &Secret| {
        lines.push(Line { label, client_random: hello.random, secret: secret.clone() });
    };
    // early data belongs to the first identity of the first hello (RFC 8446 section 4.2.10)
    let early_traffic = (identity == 0 && number == 0 && hello.early_data).then(|| {
        let traffic = early.client_early_traffic(&message.bytes);
        line(Label::ClientEarlyTrafficSecret, &traffic);
        line(Label::EarlyExporterSecret, &early.early_exporter(&message.bytes));
        traffic
    });
    let is_last = number + 1 == connection.client_hellos.len();
    let server = connection.server_hello().ok_or(Withheld::NotSelected)?;
    if !is_last && sighting.selected == Some(true) {
        // chosen where it came a second time, after a HelloRetryRequest: the lines are with that hello
        return Ok(());
    }
    if server.selected_identity.map(usize::from) != Some(identity) || !is_last {
        return Err(Withheld::NotSelected);
    }
    if !server.is_psk_only() {
        return Err(Withheld::DiffieHellman);
    }
    let answer = connection.server_hellos.last().ok_or(Withheld::Flight)?;
    let suite = Suite::from_id(server.cipher).ok_or(Withheld::Flight)?;
    let transcript = before.with(&message.bytes).with(&answer.bytes);
    let mut handshake = PskKe::new(suite, &early, transcript).ok_or(Withheld::Flight)?;
    if let Some(traffic) = &early_traffic {
        handshake = handshake.with_early_data(traffic);
    }
    let mut flight = connection.server_flight.as_slice();
    while let Some((record, rest)) = next_record(flight) {
        flight = rest;
        if handshake.server_record(record) != Progress::Pending {
            break;
        }
    }
    let application = handshake.application_secrets().ok_or(Withheld::Flight)?;
    line(Label::ClientHandshakeTrafficSecret, &handshake.handshake_secrets().client);
    line(Label::ServerHandshakeTrafficSecret, &handshake.handshake_secrets().server);
    line(Label::ClientTrafficSecret0, &application.client);
    line(Label::ServerTrafficSecret0, &application.server);
    line(Label::ExporterSecret, &application.exporter);
    Ok(())
}

fn next_record(flight: &[u8]) -> Option<(&[u8], &[u8])> {
    let &[_, _, _, high, low] = flight.first_chunk()?;
    flight.split_at_checked(5 + usize::from(u16::from_be_bytes([high, low])))
}
