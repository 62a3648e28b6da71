//! picotls: TLS 1.3 only, 16-bit length and the magic `ptls0001` first (`encode_session_identifier` in
//! `lib/picotls.c`). H2O appends 8 bytes of its own over QUIC.

use crate::session::shared::{self, is_host_name};
use crate::session::{Cipher, Dialect, Protocol, Session, SessionError, SessionSecret};
use crate::tls::protocol::TLS_1_3;
use crate::tls::wire::Reader;

const MAGIC: &[u8] = b"ptls0001";
/// What H2O appends over QUIC (`encrypt_ticket_key_ptls_cb` in `src/ssl.c`).
const QUIC_TAG_LENGTH: usize = 8;

pub(in crate::session) fn parse(plaintext: &[u8]) -> Option<Result<Session<'_>, SessionError>> {
    let mut reader = Reader(plaintext);
    if !reader.clone().vec16()?.starts_with(MAGIC) {
        return None;
    }
    let session = read(plaintext, &mut reader);
    Some(
        session.ok_or(SessionError::Malformed {
            dialect: Dialect::Picotls,
            offset: plaintext.len() - reader.rest().len(),
        }),
    )
}

fn read<'a>(plaintext: &'a [u8], reader: &mut Reader<'a>) -> Option<Session<'a>> {
    let mut body = Reader(reader.vec16()?);
    body.take(MAGIC.len())?;
    let milliseconds = shared::time(&mut body)?;
    let psk = body.vec16().filter(|psk| !psk.is_empty())?;
    let group = body.u16()?;
    let cipher = body.take(2)?;
    let age_add = body.u32()?;
    // the server name, unless the server has set a context of its own
    let context = body.vec16()?;
    let alpn = body.vec8()?;
    let tag = Some(reader.rest()).filter(|rest| rest.is_empty() || rest.len() == QUIC_TAG_LENGTH)?;
    let is_name = is_host_name(context);
    let session = Session {
        cipher: Cipher(cipher),
        time: Some(milliseconds / 1000),
        kex_group: Some(group.into()),
        ticket_age_add: Some(age_add),
        hostname: Some(context).filter(|_| is_name),
        session_id_context: Some(context).filter(|context| !is_name && !context.is_empty()),
        alpn: Some(alpn).filter(|alpn| !alpn.is_empty()),
        ticket_appdata: Some(tag).filter(|tag| !tag.is_empty()),
        ..Session::new(Dialect::Picotls, plaintext, Protocol(TLS_1_3), SessionSecret::ResumptionPsk(psk))
    };
    body.is_empty().then_some(session)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(context: &[u8], tail: &[u8]) -> Vec<u8> {
        let mut body = b"ptls0001".to_vec();
        body.extend(1_795_421_000_123_u64.to_be_bytes());
        body.extend([0, 32]);
        body.extend([7; 32]);
        body.extend([0, 29, 0x13, 0x01, 1, 2, 3, 4]);
        body.extend(u16::try_from(context.len()).unwrap().to_be_bytes());
        body.extend(context);
        body.extend([2, b'h', b'2']);
        [&u16::try_from(body.len()).unwrap().to_be_bytes()[..], &body, tail].concat()
    }

    #[test]
    fn fields_are_where_picotls_puts_them() {
        let plaintext = encode(b"www.lab.test", b"");
        let session = Session::parse(&plaintext).unwrap();
        assert_eq!((session.dialect, session.time), (Dialect::Picotls, Some(1_795_421_000)));
        assert_eq!(session.secret.bytes(), [7; 32]);
        assert_eq!((session.hostname, session.alpn), (Some(&b"www.lab.test"[..]), Some(&b"h2"[..])));
        assert_eq!((session.kex_group, session.ticket_age_add), (Some(29), Some(0x0102_0304)));
        assert_eq!(session.cipher.openssl_name(), Some("TLS_AES_128_GCM_SHA256"));
        let quic = encode(&[0xc3; 32], b"12345678");
        let session = Session::parse(&quic).unwrap();
        assert_eq!((session.hostname, session.session_id_context.map(<[u8]>::len)), (None, Some(32)));
        assert_eq!(session.ticket_appdata, Some(&b"12345678"[..]));
    }

    #[test]
    fn damage_is_told_with_its_place() {
        let mut plaintext = encode(b"a", b"");
        plaintext[19] = 200;
        let error = Session::parse(&plaintext).unwrap_err();
        assert!(matches!(error, SessionError::Malformed { dialect: Dialect::Picotls, .. }), "{error}");
        assert!(Session::parse(&encode(b"a", b"123")).is_err());
    }
}
