//! wolfSSL: `InternalTicket` of `wolfssl/internal.h`, a structure of bytes without room between its members.
//!
//! What follows its first 76 bytes depends on the build: the most early data, a session ID, SHA-256 of the server name
//! and of the application protocol (5.9), the session ID context of OpenSSL's interface, the client's certificate. Lengths
//! tell which of them are there. Builds without TLS 1.3 end the first part at 57 bytes. TLS 1.3 keeps the resumption master
//! secret, and the time in milliseconds.

use crate::session::{Cipher, Dialect, LibraryFields, Protocol, Session, SessionError, SessionSecret, psk};
use crate::tls::protocol::TLS_1_3;
use crate::tls::tls13::Hash;
use crate::tls::wire::Reader;

/// `SECRET_LEN`.
const SECRET_LENGTH: usize = 48;
/// `MAX_TICKET_NONCE_STATIC_SZ`.
const NONCE_LENGTH: usize = 8;
/// `ID_LEN`, and the length of a SHA-256.
const BLOCK_LENGTH: usize = 32;
/// The most zeros that CBC builds fill the last block with.
const MAX_FILL: usize = 15;

pub(in crate::session) fn parse(plaintext: &[u8]) -> Option<Result<Session<'_>, SessionError>> {
    with_tls13(plaintext).or_else(|| without_tls13(plaintext)).map(Ok)
}

fn start<'a>(plaintext: &'a [u8], reader: &mut Reader<'a>) -> Option<(Session<'a>, &'a [u8])> {
    let protocol =
        Protocol(reader.u16().filter(|version| matches!(version, 0x0300..=TLS_1_3 | 0xfefd | 0xfeff | 0xfefc))?);
    let cipher = Cipher(reader.take(2)?);
    cipher.suite()?;
    let secret = reader.take(SECRET_LENGTH)?;
    let session =
        Session { cipher, ..Session::new(Dialect::WolfSsl, plaintext, protocol, SessionSecret::MasterSecret(secret)) };
    Some((session, secret))
}

fn with_tls13(plaintext: &[u8]) -> Option<Session<'_>> {
    let mut reader = Reader(plaintext);
    let (mut session, secret) = start(plaintext, &mut reader)?;
    let timestamp = reader.array::<8>()?;
    let extended_master_secret = reader.flag()?;
    let (age_add, group) = (reader.u32()?, reader.u16()?);
    let nonce_length = usize::from(reader.u8()?);
    let (nonce, unused) = reader.take(NONCE_LENGTH)?.split_at_checked(nonce_length)?;
    let mut library = LibraryFields::default();
    if session.protocol.has_psk() {
        let hash = session.cipher.suite().and_then(|suite| Hash::of_suite(suite.id))?;
        let (master, rest) = secret.split_at_checked(hash.len())?;
        rest.iter().chain(unused).all(|&byte| byte == 0).then_some(())?;
        let milliseconds = i64::try_from(u64::from_be_bytes(timestamp)).ok()?;
        session.time = Some(milliseconds / 1000);
        library.time_ms = Some(milliseconds);
        session.secret = SessionSecret::ResumptionMasterSecret(master);
        session.derived_psk = psk::derive(master, nonce);
        session.ticket_nonce = Some(nonce);
        session.ticket_age_add = Some(age_add);
        session.kex_group = Some(group.into());
    } else {
        let [a, b, c, d, rest @ ..] = timestamp;
        // what TLS 1.3 alone fills
        (rest == [0; 4] && (age_add, group, nonce_length) == (0, 0, 0) && unused == [0; NONCE_LENGTH]).then_some(())?;
        session.time = Some(u32::from_be_bytes([a, b, c, d]).into());
        session.extended_master_secret = Some(extended_master_secret);
    }
    tail(&session, &library, reader.rest(), true)
}

/// Builds that know no TLS 1.3.
fn without_tls13(plaintext: &[u8]) -> Option<Session<'_>> {
    let mut reader = Reader(plaintext);
    let (mut session, _) = start(plaintext, &mut reader)?;
    (!session.protocol.has_psk()).then_some(())?;
    session.time = Some(reader.u32()?.into());
    session.extended_master_secret = Some(reader.flag()?);
    tail(&session, &LibraryFields::default(), reader.rest(), false)
}

/// What the length says is behind the first part.
#[derive(Clone, Copy)]
struct Tail {
    early_data: bool,
    /// How many blocks of 32 bytes.
    blocks: usize,
    context: bool,
    certificate: bool,
}

fn tail<'a>(
    session: &Session<'a>,
    library: &LibraryFields<'a>,
    rest: &'a [u8],
    may_have_early_data: bool,
) -> Option<Session<'a>> {
    let kinds = (0..=3).flat_map(|blocks| {
        [(false, false), (true, false), (true, true)].into_iter().flat_map(move |(context, certificate)| {
            [false, true].map(|early_data| Tail { early_data, blocks, context, certificate })
        })
    });
    // that the last block is filled up is tried last
    let kinds: Vec<Tail> = kinds.filter(|kind| may_have_early_data || !kind.early_data).collect();
    [0, MAX_FILL].into_iter().find_map(|fill| {
        kinds.iter().find_map(|kind| read_tail(session.clone(), library.clone(), Reader(rest), *kind, fill))
    })
}

fn read_tail<'a>(
    mut session: Session<'a>,
    mut library: LibraryFields<'a>,
    mut reader: Reader<'a>,
    kind: Tail,
    fill: usize,
) -> Option<Session<'a>> {
    if kind.early_data {
        session.max_early_data = Some(reader.u32()?.into()).filter(|_| session.protocol.has_psk());
    }
    // a session ID is in all builds that have a block; digests are what 5.9 put behind it
    for number in 0..kind.blocks {
        let block = reader.take(BLOCK_LENGTH)?;
        let is_there = block.iter().any(|&byte| byte != 0);
        match number {
            0 => session.session_id = if is_there { block } else { &[] },
            1 => library.hostname_sha256 = Some(block).filter(|_| is_there),
            _ => library.alpn_sha256 = Some(block).filter(|_| is_there),
        }
    }
    if kind.context {
        let length = usize::from(reader.u8()?);
        let (context, unused) = reader.take(BLOCK_LENGTH)?.split_at_checked(length)?;
        unused.iter().all(|&byte| byte == 0).then_some(())?;
        session.session_id_context = Some(context);
    }
    if kind.certificate {
        let certificate = reader.vec16()?;
        (certificate.is_empty() || certificate.starts_with(&[0x30, 0x82])).then_some(())?;
        session.peer_certificate = Some(certificate).filter(|certificate| !certificate.is_empty());
    }
    let filled = reader.rest().len() <= fill && reader.rest().iter().all(|&byte| byte == 0);
    session.library = Some(Box::new(library));
    filled.then_some(session)
}
