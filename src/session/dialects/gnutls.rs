//! `GnuTLS` from 3.6.4 on: a packed session (`lib/session_pack.c`), which a TLS 1.3 ticket has in an envelope with the
//! resumption master secret and the nonce (`lib/tls13/session_ticket.c`).
//!
//! Numbers are 32 bits, identifiers `GnuTLS`'s own (`gnutls/gnutls.h`). The magic number counts the version of the
//! library. The randoms of the handshake are in a TLS 1.2 session; a TLS 1.3 one has the cipher suite in later versions only.

use crate::session::shared::{self, is_host_name};
use crate::session::{Cipher, Dialect, Protocol, Session, SessionError, SessionSecret, UnknownField, psk};
use crate::tls::protocol::TLS_1_3;
use crate::tls::wire::Reader;

/// `PACKED_SESSION_MAGIC` of `lib/db.h`, without the version.
const MAGIC: u32 = 0xfade_badd;
/// 3.0.0 to before 5.0.0, as the magic number counts them.
const VERSIONS: std::ops::Range<u32> = 0x0003_0000..0x0005_0000;
/// `gnutls_mac_algorithm_t` of SHA-256.
const MAC_SHA256: u16 = 6;
/// `gnutls_mac_algorithm_t` of SHA-384.
const MAC_SHA384: u16 = 7;
/// Zeros that fill the last block.
const MAX_FILL: usize = 15;

pub(in crate::session) fn parse(plaintext: &[u8]) -> Option<Result<Session<'_>, SessionError>> {
    let mut reader = Reader(plaintext);
    let session = if is_packed(plaintext) {
        packed(plaintext, &mut reader)
    } else {
        let envelope = envelope(&mut reader).filter(|envelope| is_packed(envelope.state))?;
        tls13(plaintext, &envelope)
    };
    let filled = reader.rest().len() <= MAX_FILL && reader.rest().iter().all(|&byte| byte == 0);
    let session = session.filter(|_| filled);
    Some(
        session
            .ok_or(SessionError::Malformed { dialect: Dialect::GnuTls, offset: plaintext.len() - reader.rest().len() }),
    )
}

fn is_packed(bytes: &[u8]) -> bool {
    Reader(bytes).u32().is_some_and(|magic| VERSIONS.contains(&magic.wrapping_sub(MAGIC)))
}

/// What a TLS 1.3 ticket adds.
struct Envelope<'a> {
    age_add: u32,
    lifetime: u32,
    secret: &'a [u8],
    nonce: &'a [u8],
    state: &'a [u8],
    creation: i64,
}

fn envelope<'a>(reader: &mut Reader<'a>) -> Option<Envelope<'a>> {
    let prf = reader.u16()?;
    let (age_add, lifetime) = (reader.u32()?, reader.u32()?);
    let secret = reader.vec8()?;
    let hash_length = match prf {
        MAC_SHA256 => 32,
        MAC_SHA384 => 48,
        _ => return None,
    };
    if secret.len() != hash_length {
        return None;
    }
    let (nonce, state) = (reader.vec8()?, reader.vec16()?);
    let creation = shared::time(reader)?;
    let _nanoseconds = reader.u32()?;
    Some(Envelope { age_add, lifetime, secret, nonce, state, creation })
}

fn tls13<'a>(plaintext: &'a [u8], envelope: &Envelope<'a>) -> Option<Session<'a>> {
    let mut reader = Reader(envelope.state);
    let session = packed(plaintext, &mut reader).filter(|session| session.protocol.has_psk() && reader.is_empty())?;
    Some(Session {
        secret: SessionSecret::ResumptionMasterSecret(envelope.secret),
        derived_psk: psk::derive(envelope.secret, envelope.nonce),
        ticket_nonce: Some(envelope.nonce),
        ticket_age_add: Some(envelope.age_add),
        time: Some(envelope.creation),
        timeout: Some(envelope.lifetime.into()),
        ..session
    })
}

/// A packed session; the extensions' state of TLS ≤ 1.2 goes to the unknown fields.
fn packed<'a>(plaintext: &'a [u8], reader: &mut Reader<'a>) -> Option<Session<'a>> {
    let version = reader.u32()?.wrapping_sub(MAGIC);
    let (time, timeout) = (reader.u32()?, reader.u32()?);
    let credentials = reader.u8()?;
    let credentials = (credentials, reader.vec32()?);
    let mut parameters = Reader(reader.vec32()?);
    let mut session = security_parameters(plaintext, &mut parameters).filter(|_| parameters.is_empty())?;
    (session.time, session.timeout) = (Some(time.into()), Some(timeout.into()));
    session.producer = producer(version);
    client(&mut session, credentials.0, credentials.1)?;
    if session.protocol.has_psk() {
        // what a client keeps of its ticket; a server has none
        reader.vec32()?;
    } else {
        let extensions = reader.u32()?;
        for _ in 0..extensions {
            let (id, state) = (reader.u32()?, reader.vec32()?);
            match Reader(state).vec16().filter(|name| name.len() + 2 == state.len() && is_host_name(name)) {
                Some(name) if session.hostname.is_none() => session.hostname = Some(name),
                _ => session.unknown_fields.push(UnknownField { tag: id, der: state }),
            }
        }
    }
    Some(session)
}

fn security_parameters<'a>(plaintext: &'a [u8], reader: &mut Reader<'a>) -> Option<Session<'a>> {
    // which end, which PRF, how client and server authenticate
    reader.take(4 * 4)?;
    let session_id = reader.vec8()?;
    let protocol = protocol(reader.u32()?)?;
    // types of the certificates
    reader.take(2 * 4)?;
    if protocol.has_psk() {
        let session = Session::new(Dialect::GnuTls, plaintext, protocol, SessionSecret::ResumptionMasterSecret(&[]));
        // early versions of TLS 1.3 keep the hash only, 3.7 has the suite
        let cipher = if reader.is_empty() { &[] } else { reader.take(2)? };
        return Some(Session { session_id, cipher: Cipher(cipher), ..session });
    }
    let cipher = reader.take(2)?;
    let master_secret = reader.vec8()?;
    let (client_random, server_random) = (reader.vec8()?, reader.vec8()?);
    // the longest records, received and sent
    reader.take(2 * 4)?;
    let group = reader.u32()?;
    // signature algorithms of server and client
    reader.take(2 * 4)?;
    let extended_master_secret = reader.u32()? != 0;
    let encrypt_then_mac = reader.u32()? != 0;
    Some(Session {
        session_id,
        cipher: Cipher(cipher),
        client_random: Some(client_random),
        server_random: Some(server_random),
        kex_group: group_number(group),
        extended_master_secret: Some(extended_master_secret),
        encrypt_then_mac: Some(encrypt_then_mac),
        ..Session::new(Dialect::GnuTls, plaintext, protocol, SessionSecret::MasterSecret(master_secret))
    })
}

/// Who the client is, by the kind of credentials: certificate, anonymous, SRP, PSK.
fn client<'a>(session: &mut Session<'a>, kind: u8, info: &'a [u8]) -> Option<()> {
    let mut reader = Reader(info);
    let text = |name: &'a [u8]| Some(name.strip_suffix(b"\0").unwrap_or(name)).filter(|name| !name.is_empty());
    match kind {
        _ if info.is_empty() => return Some(()),
        1 => {
            diffie_hellman(&mut reader)?;
            let mut certificates = Vec::new();
            for _ in 0..reader.u32()? {
                certificates.push(reader.vec32()?);
            }
            if !certificates.is_empty() {
                session.peer_certificate = Some(certificates.remove(0));
            }
            session.intermediate_certificates = certificates;
            for _ in 0..reader.u32()? {
                // status_request, RFC 6066 section 8
                let response = UnknownField { tag: 5, der: reader.vec32()? };
                session.unknown_fields.extend(Some(response).filter(|response| !response.der.is_empty()));
            }
        }
        2 => diffie_hellman(&mut reader)?,
        3 => session.srp_username = text(reader.vec32()?),
        4 => {
            session.psk_identity = text(reader.vec32()?);
            session.psk_identity_hint = text(reader.vec32()?);
            diffie_hellman(&mut reader)?;
        }
        _ => return None,
    }
    reader.is_empty().then_some(())
}

/// Bits of the secret, then prime, generator and public key.
fn diffie_hellman(reader: &mut Reader<'_>) -> Option<()> {
    reader.u32()?;
    (0..3).try_for_each(|_| reader.vec32().map(drop))
}

/// `gnutls_protocol_t`.
fn protocol(id: u32) -> Option<Protocol> {
    Some(Protocol(match id {
        1 => 0x0300,
        2 => 0x0301,
        3 => 0x0302,
        4 => 0x0303,
        5 => TLS_1_3,
        200 => 0x0100,
        201 => 0xfeff,
        202 => 0xfefd,
        _ => return None,
    }))
}

/// `gnutls_group_t` as a TLS group number.
fn group_number(id: u32) -> Option<i64> {
    Some(match id {
        1 => 21,
        2 => 23,
        3 => 24,
        4 => 25,
        5 => 19,
        6 => 29,
        20 => 30,
        256..=258 => id.into(),
        259 => 260,
        260 => 259,
        _ => return None,
    })
}

/// The series of the library: the magic number has the version in three bytes.
fn producer(version: u32) -> Option<&'static str> {
    Some(match version >> 8 {
        0x0306 => "GnuTLS 3.6",
        0x0307 => "GnuTLS 3.7",
        0x0308 => "GnuTLS 3.8",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &[u8] = include_bytes!("../../../testdata/gnutls_tls12/plain.der");

    #[test]
    fn a_session_of_gnutls_3_7_is_read() {
        let session = Session::parse(PLAIN).unwrap();
        assert_eq!((session.dialect, session.producer()), (Dialect::GnuTls, "GnuTLS 3.7"));
        assert_eq!((session.time, session.timeout), (Some(1_795_421_147), Some(21_600)));
        assert_eq!(session.hostname, Some(&b"www.lab.test"[..]));
        assert_eq!((session.kex_group, session.extended_master_secret), (Some(29), Some(true)));
        assert_eq!(session.session_id.len(), 32);
        assert!(session.server_random.unwrap().ends_with(b"DOWNGRD\x01"));
        assert_eq!(session.cipher.openssl_name(), Some("ECDHE-RSA-AES256-GCM-SHA384"));
    }

    #[test]
    fn a_tls13_session_of_gnutls_3_7_is_read() {
        let plaintext = include_bytes!("../../../testdata/gnutls_tls13/plain.der");
        let client = include_str!("../../../testdata/gnutls_tls13/expected.txt");
        let session = Session::parse(plaintext).unwrap();
        assert_eq!((session.protocol.name(), session.producer()), ("TLSv1.3", "GnuTLS 3.7"));
        assert_eq!(session.cipher.openssl_name(), Some("TLS_AES_256_GCM_SHA384"));
        let psk = hex::encode_upper(session.resumption_psk().unwrap());
        assert!(client.contains(&format!("Resumption PSK: {psk}\n")));
    }

    #[test]
    fn a_tls13_envelope_gives_the_psk() {
        let mut parameters = [1_u32, 7, 1, 1].map(u32::to_be_bytes).concat();
        parameters.extend([4, 1, 2, 3, 4]);
        parameters.extend([5_u32, 1, 1].map(u32::to_be_bytes).concat());
        let mut state = [MAGIC + 0x0003_0802, 1_795_000_000, 21_600].map(u32::to_be_bytes).concat();
        state.extend([1, 0, 0, 0, 0]);
        state.extend(u32::try_from(parameters.len()).unwrap().to_be_bytes());
        state.extend(&parameters);
        state.extend([0; 4]);
        let mut plaintext = vec![0, 7, 9, 8, 7, 6, 0, 0, 0x54, 0x60, 48];
        plaintext.extend([3; 48]);
        plaintext.extend([4, 1, 1, 1, 1]);
        plaintext.extend(u16::try_from(state.len()).unwrap().to_be_bytes());
        plaintext.extend(&state);
        plaintext.extend(1_795_421_000_u64.to_be_bytes());
        plaintext.extend([0, 0, 0, 5]);
        plaintext.resize(plaintext.len().next_multiple_of(16), 0);
        let session = Session::parse(&plaintext).unwrap();
        assert_eq!((session.protocol.name(), session.producer()), ("TLSv1.3", "GnuTLS 3.8"));
        assert_eq!((session.time, session.timeout), (Some(1_795_421_000), Some(21_600)));
        assert_eq!(session.ticket_age_add, Some(0x0908_0706));
        let psk = psk::derive(&[3; 48], &[1; 4]).unwrap();
        assert_eq!(session.resumption_psk(), Some(psk.as_bytes()));
    }

    #[test]
    fn damage_is_told() {
        for length in 8..PLAIN.len() - 16 {
            assert!(Session::parse(&PLAIN[..length]).is_err(), "{length}");
        }
        let mut longer = PLAIN.to_vec();
        longer.extend([0; 16]);
        let error = Session::parse(&longer).unwrap_err();
        assert!(matches!(error, SessionError::Malformed { dialect: Dialect::GnuTls, .. }), "{error}");
    }
}
