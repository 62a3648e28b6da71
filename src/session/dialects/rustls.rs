//! rustls 0.21 to 0.23: `ServerSessionValue` of `src/msgs/persist.rs`. Server name, version, suite, secret, then what is
//! there behind a flag each.

use crate::session::shared::{self, is_host_name};
use crate::session::{Cipher, Dialect, Protocol, Session, SessionError, SessionSecret};
use crate::tls::protocol::TLS_1_3;
use crate::tls::wire::Reader;

pub(in crate::session) fn parse(plaintext: &[u8]) -> Option<Result<Session<'_>, SessionError>> {
    let mut reader = Reader(plaintext);
    let hostname = if reader.flag()? { Some(reader.vec8().filter(|name| is_host_name(name))?) } else { None };
    let protocol = Protocol(reader.u16().filter(|&version| matches!(version, 0x0303 | TLS_1_3))?);
    let cipher = reader.take(2)?;
    let secret = reader.vec8().filter(|secret| matches!(secret.len(), 32 | 48))?;
    let extended = reader.flag()?;
    let secret =
        if protocol.has_psk() { SessionSecret::ResumptionPsk(secret) } else { SessionSecret::MasterSecret(secret) };
    let mut session = Session {
        cipher: Cipher(cipher),
        hostname,
        extended_master_secret: (!protocol.has_psk()).then_some(extended),
        ..Session::new(Dialect::Rustls, plaintext, protocol, secret)
    };
    if reader.flag()? {
        (session.peer_certificate, session.intermediate_certificates) = shared::certificates(reader.vec24()?)?;
    }
    if reader.flag()? {
        session.alpn = Some(reader.vec8()?);
    }
    session.ticket_appdata = Some(reader.vec16()?).filter(|data| !data.is_empty());
    session.time = Some(shared::time(&mut reader)?);
    session.ticket_age_add = Some(reader.u32()?).filter(|_| protocol.has_psk());
    reader.is_empty().then_some(Ok(session))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(version: u16, secret: &[u8], options: bool) -> Vec<u8> {
        let mut out = if options { [&[1, 12][..], b"www.lab.test"].concat() } else { vec![0] };
        out.extend(version.to_be_bytes());
        out.extend([0xc0, 0x2f, u8::try_from(secret.len()).unwrap()]);
        out.extend(secret);
        out.push(u8::from(version == 0x0303));
        out.extend(if options {
            &[1, 0, 0, 5, 0, 0, 2, 0x30, 0, 1, 2, b'h', b'2', 0, 3, 1, 2, 3][..]
        } else {
            &[0, 0, 0, 0]
        });
        out.extend(1_795_421_000_u64.to_be_bytes());
        out.extend([1, 2, 3, 4]);
        out
    }

    #[test]
    fn both_protocols_are_read() {
        let plaintext = encode(0x0303, &[5; 48], true);
        let session = Session::parse(&plaintext).unwrap();
        assert_eq!((session.dialect, session.secret), (Dialect::Rustls, SessionSecret::MasterSecret(&[5; 48])));
        assert_eq!((session.hostname, session.alpn), (Some(&b"www.lab.test"[..]), Some(&b"h2"[..])));
        assert_eq!((session.peer_certificate, session.time), (Some(&[0x30, 0][..]), Some(1_795_421_000)));
        assert_eq!((session.extended_master_secret, session.ticket_appdata), (Some(true), Some(&[1, 2, 3][..])));
        let plaintext = encode(0x0304, &[5; 32], false);
        let session = Session::parse(&plaintext).unwrap();
        assert_eq!(
            (session.secret, session.ticket_age_add),
            (SessionSecret::ResumptionPsk(&[5; 32]), Some(0x0102_0304))
        );
        assert!(Session::parse(&plaintext[..plaintext.len() - 1]).is_err());
    }
}
