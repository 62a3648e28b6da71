//! Mbed TLS: `mbedtls_ssl_session_save` (`library/ssl_tls.c`) from 2.19 on, the C structure itself before that
//! (`ssl_save_session` in `library/ssl_ticket.c`).
//!
//! A saved session begins with the version of the library and a bitmap of what the build has: what follows depends on
//! both. Up to 3.0 there is no protocol version in it. From 3.6 on the time of a ticket is `mbedtls_ms_time`, which on
//! Linux counts from the start of the machine: it is not a date.

use crate::session::shared;
use crate::session::{
    Cipher, Dialect, LibraryFields, Protocol, Session, SessionError, SessionSecret, UnknownField, VerifyFlags,
};
use crate::tls::protocol::TLS_1_3;
use crate::tls::registry;
use crate::tls::wire::Reader;

/// Bytes of a master secret.
const MASTER_SECRET_LENGTH: usize = 48;
/// Bytes that a session ID has room in.
const ID_LENGTH: usize = 32;
/// TLS 1.2 on the wire.
const TLS_1_2: u16 = 0x0303;
/// `mbedtls_ssl_protocol_version` of a session of TLS 1.2 and of TLS 1.3, as one byte.
const VERSIONS: [u8; 2] = [3, 4];

pub(in crate::session) fn parse(plaintext: &[u8]) -> Option<Result<Session<'_>, SessionError>> {
    saved(plaintext).or_else(|| structure(plaintext)).map(Ok)
}

/// What the build has, by the name of its configuration option without `MBEDTLS_` and `SSL_`.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "a bitmap")]
struct Build {
    have_time: bool,
    certificates: bool,
    /// Whether certificates are kept, if the bitmap says so; otherwise a digest of them is.
    keeps_certificates: Option<bool>,
    client_tickets: bool,
    tickets: bool,
    max_fragment_length: bool,
    truncated_hmac: bool,
    encrypt_then_mac: bool,
    early_data: bool,
    record_size_limit: bool,
    alpn: bool,
    /// Whether a byte for the compression method is there.
    compression: bool,
}

/// How the versions of the library write sessions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// 2.19 to 3.0.
    WithoutVersion,
    /// 3.1 to 3.5.
    WithVersion,
    /// From 3.6 on.
    WithEndpoint,
}

impl Build {
    fn new((major, minor): (u8, u8), bitmap: u16) -> Option<(Layout, Self)> {
        let layout = match (major, minor) {
            (2, 19..) | (3, 0) => Layout::WithoutVersion,
            (3, 1..=5) => Layout::WithVersion,
            (3, 6..) | (4, _) => Layout::WithEndpoint,
            _ => return None,
        };
        let has = |bit: u32| bitmap >> bit & 1 == 1;
        let (old, new) = (layout == Layout::WithoutVersion, layout == Layout::WithEndpoint);
        let known = match layout {
            Layout::WithoutVersion => 7,
            Layout::WithVersion => 6,
            Layout::WithEndpoint => 11,
        };
        let build = Self {
            have_time: has(0),
            certificates: has(1),
            client_tickets: has(2),
            max_fragment_length: has(3),
            truncated_hmac: old && has(4),
            encrypt_then_mac: has(if old { 5 } else { 4 }),
            tickets: has(if old { 6 } else { 5 }),
            keeps_certificates: new.then_some(has(6)),
            early_data: new && has(8),
            record_size_limit: new && has(9),
            alpn: new && has(10),
            compression: old || (major, minor) < (3, 3),
        };
        (bitmap >> known == 0).then_some((layout, build))
    }
}

fn saved(plaintext: &[u8]) -> Option<Session<'_>> {
    let mut reader = Reader(plaintext);
    let version = (reader.u8()?, reader.u8()?);
    let _patch = reader.u8()?;
    let (layout, build) = Build::new(version, reader.u16()?)?;
    let protocol = match layout {
        Layout::WithoutVersion => None,
        _ => Some(reader.u8().filter(|protocol| VERSIONS.contains(protocol))?),
    };
    let is_tls13 = protocol == Some(4);
    // TLS 1.3 says who wrote the session from its beginning on
    let is_server = if is_tls13 || layout == Layout::WithEndpoint { Some(reader.flag()?) } else { None };
    let base = Session {
        library: Some(Box::new(LibraryFields { is_server, ..LibraryFields::default() })),
        producer: Some(producer(version)),
        ..Session::new(
            Dialect::MbedTls,
            plaintext,
            Protocol(match protocol {
                None => 0,
                Some(_) if is_tls13 => TLS_1_3,
                Some(_) => TLS_1_2,
            }),
            SessionSecret::MasterSecret(&[]),
        )
    };
    if is_tls13 {
        return tls13(base, reader, layout, build);
    }
    // if the bitmap does not tell a certificate from its digest, what adds up is right
    [Peer::Certificate, Peer::Digest].into_iter().find_map(|peer| tls12(base.clone(), reader, layout, build, peer))
}

fn suite<'a>(reader: &mut Reader<'a>) -> Option<Cipher<'a>> {
    let cipher = Cipher(reader.take(2)?);
    cipher.suite().map(|_| cipher)
}

/// What stands in the place of the client's certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Peer {
    Certificate,
    Digest,
}

fn tls12<'a>(
    mut session: Session<'a>,
    mut reader: Reader<'a>,
    layout: Layout,
    build: Build,
    peer: Peer,
) -> Option<Session<'a>> {
    let reader = &mut reader;
    let new = layout == Layout::WithEndpoint;
    if new {
        session.cipher = suite(reader)?;
    }
    session.time = if build.have_time { Some(shared::time(reader)?) } else { None };
    if !new {
        session.cipher = suite(reader)?;
    }
    if !new && build.compression {
        session.compression = reader.u8().filter(|&method| method <= 1).map(Some)?.filter(|&method| method != 0);
    }
    session.session_id = session_id(reader)?;
    session.secret = SessionSecret::MasterSecret(reader.take(MASTER_SECRET_LENGTH)?);
    session.verify_result = Some(reader.u32()?.into());
    session.verify_flags = VerifyFlags::MbedTls;
    let mut library = session.library.take().unwrap_or_default();
    if build.certificates {
        match peer {
            Peer::Certificate if build.keeps_certificates != Some(false) => {
                let certificate = reader.vec24()?;
                let is_there = !certificate.is_empty();
                // a SEQUENCE with its length in two bytes
                (!is_there || certificate.starts_with(&[0x30, 0x82])).then_some(())?;
                session.peer_certificate = Some(certificate).filter(|_| is_there);
            }
            Peer::Digest if build.keeps_certificates != Some(true) => {
                let _algorithm = reader.u8()?;
                library.peer_digest = Some(reader.vec8()?).filter(|digest| !digest.is_empty());
            }
            _ => return None,
        }
    }
    let is_client = library.is_server == Some(false);
    if build.tickets && build.client_tickets && (!new || is_client) {
        // servers write it too, empty
        let ticket = reader.vec24()?;
        session.ticket = Some(ticket).filter(|ticket| !ticket.is_empty());
        session.ticket_lifetime_hint = Some(reader.u32()?.into()).filter(|&lifetime| lifetime != 0);
    }
    if new && build.tickets && build.have_time && !is_client {
        library.uptime_ms = Some(shared::time(reader)?);
    }
    if build.max_fragment_length {
        let code = reader.u8().filter(|&code| code <= 4)?;
        session.max_fragment_length_mode = Some(i64::from(code)).filter(|&code| code != 0);
    }
    if build.truncated_hmac && reader.flag()? {
        session.unknown_fields.push(UnknownField { tag: TRUNCATED_HMAC, der: &[1] });
    }
    if build.encrypt_then_mac {
        session.encrypt_then_mac = Some(reader.flag()?);
    }
    session.library = Some(library);
    reader.is_empty().then_some(session)
}

/// The extension that a truncated MAC is agreed on in (RFC 6066 section 7).
const TRUNCATED_HMAC: u32 = 4;

fn tls13<'a>(mut session: Session<'a>, mut reader: Reader<'a>, layout: Layout, build: Build) -> Option<Session<'a>> {
    session.cipher = suite(&mut reader)?;
    session.ticket_age_add = Some(reader.u32()?);
    let mut library = session.library.take().unwrap_or_default();
    library.ticket_flags = Some(reader.u8()?.into());
    session.secret = SessionSecret::ResumptionPsk(reader.vec8().filter(|psk| matches!(psk.len(), 32 | 48))?);
    if build.early_data {
        session.max_early_data = Some(reader.u32()?.into());
    }
    if build.record_size_limit {
        library.record_size_limit = Some(reader.u16()?.into());
    }
    if build.have_time {
        let time = shared::time(&mut reader)?;
        match layout {
            Layout::WithEndpoint => library.uptime_ms = Some(time),
            _ => session.time = Some(time),
        }
    }
    if build.early_data && build.alpn {
        let alpn = reader.vec16()?;
        session.alpn = Some(alpn.strip_suffix(b"\0").unwrap_or(alpn)).filter(|alpn| !alpn.is_empty());
    }
    session.library = Some(library);
    reader.is_empty().then_some(session)
}

/// A session ID and the room it is in.
fn session_id<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let length = usize::from(reader.u8()?);
    reader.take(ID_LENGTH)?.get(..length)
}

/// The structure of 2.18 and older, as a 64-bit machine has it, then the client's certificate.
fn structure(plaintext: &[u8]) -> Option<Session<'_>> {
    let mut reader = Reader(plaintext);
    let time = i64::from_le_bytes(reader.array()?);
    let suite = u16::try_from(i32::from_le_bytes(reader.array()?)).ok()?;
    registry::cipher_suite(suite)?;
    let compression = u8::try_from(i32::from_le_bytes(reader.array()?)).ok().filter(|&method| method <= 1)?;
    let id_length = usize::try_from(u64::from_le_bytes(reader.array()?)).ok()?;
    let session_id = reader.take(ID_LENGTH)?.get(..id_length)?;
    let secret = reader.take(MASTER_SECRET_LENGTH)?;
    let _certificate_pointer = reader.take(8)?;
    let verify_result = u32::from_le_bytes(reader.array()?);
    // room to the next pointer, the ticket, its length and lifetime, which servers do not have
    let _ticket = reader.take(4 + 8 + 8 + 4)?;
    let code = reader.u8().filter(|&code| code <= 4)?;
    let _room = reader.take(3)?;
    let truncated = i32::from_le_bytes(reader.array()?);
    let encrypt_then_mac = i32::from_le_bytes(reader.array()?);
    ((0..=1).contains(&truncated) && (0..=1).contains(&encrypt_then_mac)).then_some(())?;
    let certificate = reader.vec24()?;
    // the number is little-endian here: what a view shows as the suite is big-endian
    let cipher = registry::cipher_suite_bytes(suite)?;
    let mut session = Session {
        cipher: Cipher(cipher),
        session_id,
        time: Some(time),
        compression: Some(compression).filter(|&method| method != 0),
        verify_result: Some(verify_result.into()),
        verify_flags: VerifyFlags::MbedTls,
        peer_certificate: Some(certificate).filter(|certificate| !certificate.is_empty()),
        max_fragment_length_mode: Some(i64::from(code)).filter(|&code| code != 0),
        encrypt_then_mac: Some(encrypt_then_mac == 1),
        producer: Some("Mbed TLS up to 2.18"),
        ..Session::new(Dialect::MbedTls, plaintext, Protocol(0), SessionSecret::MasterSecret(secret))
    };
    if truncated == 1 {
        session.unknown_fields.push(UnknownField { tag: TRUNCATED_HMAC, der: &[1] });
    }
    reader.is_empty().then_some(session)
}

/// The series of the library that the session names.
fn producer(version: (u8, u8)) -> &'static str {
    match version {
        (2, 28) => "Mbed TLS 2.28",
        (2, _) => "Mbed TLS 2.19-2.27",
        (3, 0) => "Mbed TLS 3.0",
        (3, 1) => "Mbed TLS 3.1",
        (3, 2) => "Mbed TLS 3.2",
        (3, 3) => "Mbed TLS 3.3",
        (3, 4) => "Mbed TLS 3.4",
        (3, 5) => "Mbed TLS 3.5",
        (3, 6) => "Mbed TLS 3.6",
        (4, 0) => "Mbed TLS 4.0",
        (4, 1) => "Mbed TLS 4.1",
        _ => "Mbed TLS",
    }
}
