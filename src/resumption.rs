//! What became of the resumption in a connection, judged with the tickets opened.
//!
//! [`examine`] judges one ticket of a connection ([`Attempt`]). [`conclude`] finds the [`Reason`] from all attempts and the
//! [`History`] of the capture, with a sentence for it. [`secrets`] gives the key-log lines that a ticket proves.

mod attempt;
mod cause;
mod history;
mod key_id;
mod reason;
pub mod secrets;
mod sentence;
#[cfg(test)]
mod tests;
mod unrecognised;
mod why;

use crate::capture::Connection;
use crate::capture::sighting::{Carrier, Sighting};
use crate::key::Role;
use crate::open::Outcome;
use crate::session::Session;
use crate::tls::tls13::{Binder, EarlySecret, PskHello, RecordKeys, Suite, Transcript};

pub use self::attempt::{Attempt, Mark, Opened, Verdict};
pub use self::history::{History, Issue};
pub use self::key_id::{KeyId, SealedUnder};
pub use self::reason::{Conclusion, Reason};
pub use self::unrecognised::Unrecognised;
pub use self::why::conclude;
pub(crate) use self::why::conclude_from;

/// Judges a ticket; `mark` identifies it without its bytes. Adds to `sighting` what needs the session: whether the binder
/// verifies, and the ticket's age.
#[must_use]
pub fn examine(connection: &Connection, sighting: &mut Sighting<'_>, mark: Mark, outcome: &Outcome<'_>) -> Attempt {
    let unrecognised = Unrecognised::of(sighting, outcome);
    let verdict = match outcome {
        _ if unrecognised.is_some() => unrecognised.map_or(Verdict::Malformed, Verdict::Unrecognised),
        Outcome::Decrypted { key, session, .. } => {
            if let (Some(age), Some(add)) = (sighting.obfuscated_age, session.ticket_age_add) {
                // both count modulo 2^32 (RFC 9846, RFC 8446 section 4.2.11.1)
                sighting.age_ms = Some(age.wrapping_sub(add));
            }
            sighting.binder = binder(connection, sighting, session);
            Verdict::Opened(Opened {
                early_data_accepted: early_data_accepted(connection, sighting, session),
                ..opened(sighting, key.origin().role, session)
            })
        }
        Outcome::NoKey => Verdict::NoKey,
        Outcome::UnknownKey => Verdict::UnknownKey,
        Outcome::BadMac(_) => Verdict::BadMac,
        Outcome::BadSession { .. } | Outcome::BadPadding { .. } => Verdict::Unusable,
        Outcome::StatefulId => Verdict::StatefulId,
        Outcome::Malformed(_) | Outcome::PlainSession { .. } => Verdict::Malformed,
    };
    Attempt {
        carrier: sighting.carrier,
        hello: sighting.hello,
        identity: sighting.identity,
        selected: sighting.selected.unwrap_or(false),
        sealed_under: if unrecognised.is_some() { None } else { SealedUnder::of(sighting.ticket, outcome) },
        packet: sighting.packet,
        mark,
        verdict,
    }
}

fn opened(sighting: &Sighting<'_>, role: Role, session: &Session<'_>) -> Opened {
    let sealed = session.hostname.filter(|sealed| {
        sighting.carrier != Carrier::NewSessionTicket && !sighting.sni.unwrap_or_default().eq_ignore_ascii_case(sealed)
    });
    Opened {
        role,
        protocol: session.protocol,
        cipher: session.cipher.0.try_into().ok().map(u16::from_be_bytes),
        time: session.time,
        expires: session.expires(),
        other_name: sealed.map(|sealed| crate::escape::Text(sealed).to_string()),
        context: session.session_id_context.map(Mark::of),
        extended_master_secret: session.extended_master_secret,
        alpn: session.alpn.map(<[u8]>::to_vec),
        secret: (!session.protocol.has_psk()).then(|| Mark::of(session.secret.bytes())),
        binder: sighting.binder,
        age_ms: sighting.age_ms,
        early_data_accepted: false,
    }
}

/// Whether a record of the client is EndOfEarlyData under the PSK (RFC 9846, RFC 8446 section 4.5).
fn early_data_accepted(connection: &Connection, sighting: &Sighting<'_>, session: &Session<'_>) -> bool {
    if (sighting.hello, sighting.identity, sighting.binder) != (Some(0), Some(0), Some(true)) {
        return false;
    }
    let keys = || {
        let (early, _) = key_schedule(connection, 0, session)?;
        let suite = Suite::from_id(u16::from_be_bytes(session.cipher.0.try_into().ok()?))?;
        let hello = connection.client_hellos.first()?;
        Some(RecordKeys::new(suite, &early.client_early_traffic(&hello.bytes)))
    };
    let mut records = connection.client_records.iter().peekable();
    records.peek().is_some()
        && keys().is_some_and(|keys| {
            records.any(|(number, record)| keys.open_at(*number, record).is_some_and(|it| it.is_end_of_early_data()))
        })
}

/// Whether the PSK in a session gives the binder that the client sent.
fn binder(connection: &Connection, sighting: &Sighting<'_>, session: &Session<'_>) -> Option<bool> {
    let (number, identity) = (sighting.hello?, sighting.identity?);
    let (early, before) = key_schedule(connection, number, session)?;
    let hello = PskHello::parse(&connection.client_hellos.get(number)?.bytes)?;
    match early.verify_binder(&hello, identity, &before) {
        Binder::Verified => Some(true),
        Binder::Mismatch => Some(false),
        Binder::Absent => None,
    }
}

/// The early secret of a session's PSK, and the transcript before the `ClientHello` of that number.
fn key_schedule(connection: &Connection, number: usize, session: &Session<'_>) -> Option<(EarlySecret, Transcript)> {
    let psk = session.resumption_psk()?;
    let hash = session.hash()?;
    let before = if number == 0 {
        Transcript::new(hash)
    } else {
        let first = connection.client_hellos.first()?;
        Transcript::after_retry(hash, &first.bytes, &connection.retry_request()?.bytes)
    };
    Some((EarlySecret::new(hash, psk), before))
}
