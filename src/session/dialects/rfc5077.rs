//! The `StatePlaintext` that RFC 5077 section 4 recommends.

use crate::session::shared;
use crate::session::{Cipher, Dialect, Protocol, Session, SessionError, SessionSecret};
use crate::tls::wire::Reader;

/// Bytes of a master secret.
const MASTER_SECRET_LENGTH: usize = 48;

pub(in crate::session) fn parse(plaintext: &[u8]) -> Option<Result<Session<'_>, SessionError>> {
    let mut reader = Reader(plaintext);
    let protocol = Protocol(reader.u16().filter(|version| matches!(version, 0x0300..=0x0303))?);
    let cipher = reader.take(2)?;
    let compression = reader.u8()?;
    let secret = reader.take(MASTER_SECRET_LENGTH)?;
    let mut session = Session {
        cipher: Cipher(cipher),
        compression: Some(compression).filter(|&method| method != 0),
        ..Session::new(Dialect::Rfc5077, plaintext, protocol, SessionSecret::MasterSecret(secret))
    };
    // ClientAuthenticationType: anonymous, certificate_based, psk
    match reader.u8()? {
        0 => {}
        1 => {
            let list = reader.vec24()?;
            (session.peer_certificate, session.intermediate_certificates) = shared::certificates(list)?;
        }
        2 => session.psk_identity = Some(reader.vec16()?),
        _ => return None,
    }
    session.time = Some(reader.u32()?.into());
    reader.is_empty().then_some(Ok(session))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_client_identity_is_read() {
        let start = [&[3, 3, 0xc0, 0x2f, 0][..], &[9; 48]].concat();
        let time = 1_795_421_000_u32.to_be_bytes();
        let anonymous = [&start[..], &[0], &time].concat();
        let session = Session::parse(&anonymous).unwrap();
        assert_eq!((session.dialect, session.time), (Dialect::Rfc5077, Some(1_795_421_000)));
        assert_eq!(session.secret.bytes(), [9; 48]);
        let certificates = [&start[..], &[1, 0, 0, 9, 0, 0, 2, 1, 2, 0, 0, 1, 3], &time].concat();
        let session = Session::parse(&certificates).unwrap();
        assert_eq!(session.peer_certificate, Some(&[1, 2][..]));
        assert_eq!(session.intermediate_certificates, [&[3][..]]);
        let psk = [&start[..], &[2, 0, 5], b"alice", &time].concat();
        assert_eq!(Session::parse(&psk).unwrap().psk_identity, Some(&b"alice"[..]));
        assert!(Session::parse(&[&start[..], &[3], &time].concat()).is_err());
    }
}
