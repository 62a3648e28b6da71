//! Key-log lines from opened tickets: only what is certain.

use super::key_schedule;
use crate::capture::Connection;
use crate::capture::connection::HandshakeKind;
use crate::capture::sighting::{Carrier, Sighting};
use crate::keylog::{Label, Line};
use crate::secret::Secret;
use crate::session::{Session, SessionSecret};
use crate::tls::hello::{ClientHello, ServerHello};
use crate::tls::tls12::{self, Check, MASTER_SECRET_LENGTH, Sender};
use crate::tls::tls13::{Progress, PskKe, Suite};

/// What an opened ticket gives for the connection that it was seen in.
#[derive(Debug, Default)]
pub struct Secrets {
    /// The lines, every one of them certain.
    pub lines: Vec<Line>,
    /// What would be a line if the Finished record had been captured: nothing speaks against it, and nothing proves it.
    pub unproven: Vec<Line>,
    /// What cannot be had.
    pub withheld: Option<Withheld>,
}

/// Why a ticket that opened gives no line, or not all that one might hope for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Withheld {
    /// TLS ≤ 1.2: the server did not resume with it, so its master secret is not that of the connection.
    NotResumed,
    /// TLS ≤ 1.2: the capture does not show enough of the handshake to be certain, or shows what contradicts it.
    NotProven,
    /// TLS ≤ 1.2: neither Finished record was captured.
    NoFinished,
    /// TLS ≤ 1.2: the Finished record does not decrypt with this master secret, or something else stands in its place.
    Refuted,
    /// TLS ≤ 1.2: records of this version or cipher suite are not decrypted here.
    NotChecked,
    /// TLS ≤ 1.2: the ticket's session has another version or cipher suite than the `ServerHello`.
    OtherSession,
    /// TLS ≤ 1.2: the ticket's session had expired.
    Expired,
    /// TLS ≤ 1.2: the master secret has not 48 bytes.
    MasterSecretLength,
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
            Self::NoFinished => {
                "no Finished record was captured that proves the master secret of a ticket, so that it gives no line; \
                 --unproven writes it anyway"
            }
            Self::Refuted => {
                "a master secret gives no line if it does not decrypt the Finished record, or if something else stands \
                 in its place"
            }
            Self::NotChecked => {
                "a master secret gives no line where nothing can prove it: Finished records of this protocol version or \
                 cipher suite are not decrypted"
            }
            Self::OtherSession => {
                "a ticket gives no line to a connection of another protocol version or cipher suite than its session"
            }
            Self::Expired => "a ticket that had expired gives no line without the Finished record that proves it",
            Self::MasterSecretLength => "a master secret of other than 48 bytes gives no line",
            Self::DiffieHellman => {
                "TLS 1.3 with psk_dhe_ke: application data stays closed, its keys come from a Diffie-Hellman exchange \
                 that no ticket holds; a key log of the client or of the server (SSLKEYLOGFILE) would open it"
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
        SessionSecret::MasterSecret(master) => master_secret(connection, sighting, session, master, &mut secrets).err(),
        // a ticket that is just issued seals the PSK of connections to come: nothing of this one hangs on it
        SessionSecret::ResumptionPsk(_) | SessionSecret::ResumptionMasterSecret(_)
            if sighting.carrier == Carrier::NewSessionTicket =>
        {
            None
        }
        SessionSecret::ResumptionPsk(_) | SessionSecret::ResumptionMasterSecret(_) => {
            psk(connection, sighting, session, &mut secrets.lines).err()
        }
    };
    secrets
}

fn master_secret(
    connection: &Connection,
    sighting: &Sighting<'_>,
    session: &Session<'_>,
    master: &[u8],
    secrets: &mut Secrets,
) -> Result<(), Withheld> {
    if master.len() != MASTER_SECRET_LENGTH {
        return Err(Withheld::MasterSecretLength);
    }
    let client_random = sighting.client_random.ok_or(Withheld::NotProven)?;
    let server = connection.server_hello().ok_or(Withheld::NotProven)?;
    let kind = connection.handshake();
    if server.is_tls13 || (sighting.carrier, kind) == (Carrier::SessionTicket, HandshakeKind::Full) {
        return Err(Withheld::NotResumed);
    }
    let agreed = tls12::Agreed {
        version: server.protocol.0,
        cipher_suite: server.cipher,
        client_random,
        server_random: server.random,
    };
    let records = [(Sender::Server, &connection.server_finished), (Sender::Client, &connection.client_finished)];
    let records = records.into_iter().filter_map(|(sender, record)| Some((sender, record.as_deref()?)));
    let checks: Vec<Check> = records.map(|(sender, record)| tls12::check(&agreed, master, sender, record)).collect();
    let line = Line { label: Label::ClientRandom, client_random, secret: Secret::from(master) };
    if checks.contains(&Check::Proven) {
        secrets.lines.push(line);
        return Ok(());
    }
    speaks_against(connection, sighting, session, &server, &agreed, &checks)?;
    // the server sealed the connection's own session, or took up the one that the client brought
    let belongs = match sighting.carrier {
        Carrier::NewSessionTicket => matches!(kind, HandshakeKind::Full | HandshakeKind::ResumedTicket),
        Carrier::SessionTicket => kind == HandshakeKind::ResumedTicket,
        Carrier::Psk => false,
    };
    let echoes = kind != HandshakeKind::ResumedTicket || echoes_session_id(connection, &server);
    if belongs && echoes && is_whole(connection) {
        secrets.unproven.push(line);
        return Err(Withheld::NoFinished);
    }
    Err(Withheld::NotProven)
}

/// What contradicts that a connection has the master secret of a ticket, or keeps a Finished record from proving it.
fn speaks_against(
    connection: &Connection,
    sighting: &Sighting<'_>,
    session: &Session<'_>,
    server: &ServerHello<'_>,
    agreed: &tls12::Agreed,
    checks: &[Check],
) -> Result<(), Withheld> {
    let is_checked = tls12::is_checked(agreed);
    let same_protocol = session.protocol == server.protocol || !session.protocol.is_known();
    let same_session = same_protocol && session.cipher.0 == server.cipher.to_be_bytes();
    match () {
        () if !is_checked => Err(Withheld::NotChecked),
        () if !checks.is_empty() || connection.not_finished => Err(Withheld::Refuted),
        () if !same_session => Err(Withheld::OtherSession),
        () if session.expired(sighting.time.seconds) == Some(true) => Err(Withheld::Expired),
        () => Ok(()),
    }
}

/// Whether the server answers with the session ID that the client sent beside its ticket, if it sent one, as a server does
/// that takes the ticket (RFC 9846, RFC 5077 section 3.4).
fn echoes_session_id(connection: &Connection, server: &ServerHello<'_>) -> bool {
    connection.client_hello().is_some_and(|hello| hello.session_id.is_empty() || hello.session_id == server.session_id)
}

/// Whether nothing of the handshake is missing or contradicts itself, and all its hellos are of one client and one
/// server.
fn is_whole(connection: &Connection) -> bool {
    let mut hellos = connection.client_hellos.iter().map(|message| ClientHello::parse(&message.bytes));
    let first = hellos.next().flatten().map(|hello| hello.random);
    let one = first.is_some() && hellos.all(|hello| hello.map(|hello| hello.random) == first);
    let one = one && connection.server_hellos.len() == 1;
    one && !connection.client_lost && !connection.server_lost && connection.malformed.is_none() && !connection.repeated
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
    // early data belongs to the first identity of the first hello (RFC 9846, RFC 8446 section 4.2.10)
    let early_traffic = (identity == 0 && number == 0 && hello.early_data).then(|| {
        let traffic = early.client_early_traffic(&message.bytes);
        line(Label::ClientEarlyTrafficSecret, &traffic);
        line(Label::EarlyExporterSecret, &early.early_exporter(&message.bytes));
        traffic
    });
    let is_last = number + 1 == connection.client_hellos.len();
    let server = connection.server_hello().ok_or(Withheld::NotSelected)?;
    if !is_last && sighting.selected == Some(true) {
        // chosen if it came a second time, after a HelloRetryRequest: the lines are with that hello
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
