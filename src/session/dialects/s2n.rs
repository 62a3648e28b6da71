//! s2n-tls: `s2n_serialize_resumption_state` of `tls/s2n_resume.c`, the same for tickets before and since 1.5.0 and for
//! the session cache. A byte for the format, then version, suite and time in nanoseconds.

use crate::session::shared;
use crate::session::{Cipher, Dialect, LibraryFields, Protocol, Session, SessionError, SessionSecret};
use crate::tls::protocol::TLS_1_3;
use crate::tls::wire::Reader;

/// Bytes of a master secret.
const MASTER_SECRET_LENGTH: usize = 48;
/// Nanoseconds of a second.
const NANOSECONDS: i64 = 1_000_000_000;

pub(in crate::session) fn parse(plaintext: &[u8]) -> Option<Result<Session<'_>, SessionError>> {
    let mut reader = Reader(plaintext);
    let format = reader.u8()?;
    let protocol = protocol(reader.u8()?)?;
    let cipher = Cipher(reader.take(2)?);
    cipher.suite()?;
    let time = shared::time(&mut reader)?;
    let base = Session {
        cipher,
        time: Some(time / NANOSECONDS),
        library: Some(Box::new(LibraryFields { time_ns: Some(time), ..LibraryFields::default() })),
        ..Session::new(Dialect::S2n, plaintext, protocol, SessionSecret::MasterSecret(&[]))
    };
    let session = if protocol.has_psk() { tls13(base, &mut reader, format) } else { tls12(base, &mut reader, format) };
    session.filter(|_| reader.is_empty()).map(Ok)
}

/// `S2N_TLS12` is 33: the version's two digits.
fn protocol(version: u8) -> Option<Protocol> {
    Some(Protocol(match version {
        30 => 0x0300,
        31 => 0x0301,
        32 => 0x0302,
        33 => 0x0303,
        34 => TLS_1_3,
        _ => return None,
    }))
}

fn tls12<'a>(session: Session<'a>, reader: &mut Reader<'a>, format: u8) -> Option<Session<'a>> {
    let secret = reader.take(MASTER_SECRET_LENGTH)?;
    let extended_master_secret = match format {
        // the first format had no such byte
        1 if reader.is_empty() => None,
        1 | 3 | 4 => Some(reader.flag()?),
        _ => return None,
    };
    Some(Session { secret: SessionSecret::MasterSecret(secret), extended_master_secret, ..session })
}

fn tls13<'a>(mut session: Session<'a>, reader: &mut Reader<'a>, format: u8) -> Option<Session<'a>> {
    (format == 2).then_some(())?;
    session.ticket_age_add = Some(reader.u32()?);
    session.secret = SessionSecret::ResumptionPsk(reader.vec8().filter(|psk| matches!(psk.len(), 32 | 48))?);
    let mut library = session.library.take().unwrap_or_default();
    // how long the PSK may go on from ticket to ticket
    library.keying_material_expires = Some(shared::time(reader)? / NANOSECONDS);
    let early_data = reader.u32()?;
    session.max_early_data = Some(early_data.into());
    if early_data > 0 {
        session.alpn = Some(reader.vec8()?).filter(|alpn| !alpn.is_empty());
        library.early_data_context = Some(reader.vec16()?).filter(|context| !context.is_empty());
    }
    session.library = Some(library);
    Some(session)
}
