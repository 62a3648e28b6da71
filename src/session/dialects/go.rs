//! Go's crypto/tls: two encodings, neither with a mark of its own (`sessionState` and `sessionStateTLS13` up to 1.20,
//! `SessionState` from 1.21 on, all in `crypto/tls/ticket.go`).
//!
//! Up to 1.20 a TLS 1.3 ticket holds the resumption master secret, and its nonce is always empty; from 1.21 on it holds
//! the PSK.

use crate::session::shared;
use crate::session::{Cipher, Dialect, Protocol, Session, SessionError, SessionSecret, UnknownField, psk};
use crate::tls::protocol::TLS_1_3;
use crate::tls::wire::Reader;

/// Bytes of a master secret.
const MASTER_SECRET_LENGTH: usize = 48;

pub(in crate::session) fn parse(plaintext: &[u8]) -> Option<Result<Session<'_>, SessionError>> {
    let mut reader = Reader(plaintext);
    let protocol = Protocol(reader.u16().filter(|&version| matches!(version, 0x0300..=TLS_1_3))?);
    let from_1_21 = since_1_21(plaintext, protocol, reader);
    let session = from_1_21.or_else(|| match protocol.0 {
        TLS_1_3 => tls13_until_1_20(plaintext, reader),
        _ => tls12_until_1_20(plaintext, protocol, reader),
    });
    session.map(Ok)
}

fn tls12_until_1_20<'a>(plaintext: &'a [u8], protocol: Protocol, mut reader: Reader<'a>) -> Option<Session<'a>> {
    let cipher = reader.take(2)?;
    let time = shared::time(&mut reader)?;
    let secret = reader.vec16().filter(|secret| secret.len() == MASTER_SECRET_LENGTH)?;
    let (certificate, others) = shared::certificates(reader.vec24()?)?;
    let session = Session {
        cipher: Cipher(cipher),
        time: Some(time),
        peer_certificate: certificate,
        intermediate_certificates: others,
        producer: Some("Go crypto/tls up to 1.20"),
        ..Session::new(Dialect::Go, plaintext, protocol, SessionSecret::MasterSecret(secret))
    };
    reader.is_empty().then_some(session)
}

fn tls13_until_1_20<'a>(plaintext: &'a [u8], mut reader: Reader<'a>) -> Option<Session<'a>> {
    let _revision = reader.u8().filter(|&revision| revision == 0)?;
    let cipher = reader.take(2)?;
    let time = shared::time(&mut reader)?;
    let secret = reader.vec8()?;
    let mut session = Session {
        cipher: Cipher(cipher),
        time: Some(time),
        derived_psk: Some(psk::derive(secret, b"")?),
        ticket_nonce: Some(b""),
        producer: Some("Go crypto/tls up to 1.20"),
        ..Session::new(Dialect::Go, plaintext, Protocol(TLS_1_3), SessionSecret::ResumptionMasterSecret(secret))
    };
    certificate_entries(&mut session, reader.vec24()?)?;
    reader.is_empty().then_some(session)
}

fn since_1_21<'a>(plaintext: &'a [u8], protocol: Protocol, mut reader: Reader<'a>) -> Option<Session<'a>> {
    let is_server = reader.u8().filter(|kind| matches!(kind, 1 | 2))? == 1;
    let cipher = reader.take(2)?;
    let time = shared::time(&mut reader)?;
    let secret = reader.vec8().filter(|secret| matches!(secret.len(), 32 | 48))?;
    let extra = reader.vec24()?;
    Reader::list(extra, Reader::vec24)?;
    let extended = reader.flag()?;
    let early_data = reader.flag()?;
    let secret =
        if protocol.has_psk() { SessionSecret::ResumptionPsk(secret) } else { SessionSecret::MasterSecret(secret) };
    let mut session = Session {
        cipher: Cipher(cipher),
        time: Some(time),
        extended_master_secret: (!protocol.has_psk()).then_some(extended),
        early_data: protocol.has_psk().then_some(early_data),
        ticket_appdata: Some(extra).filter(|extra| !extra.is_empty()),
        producer: Some("Go crypto/tls 1.21 or later"),
        ..Session::new(Dialect::Go, plaintext, protocol, secret)
    };
    certificate_entries(&mut session, reader.vec24()?)?;
    // the chains without their leaf: most of it stands in the list already
    for chain in Reader::list(reader.vec24()?, Reader::vec24)? {
        for certificate in Reader::list(chain, Reader::vec24)? {
            if !session.intermediate_certificates.contains(&certificate) {
                session.intermediate_certificates.push(certificate);
            }
        }
    }
    if early_data {
        session.alpn = Some(reader.vec8()?);
    }
    if protocol.has_psk() && !is_server {
        let use_by = shared::time(&mut reader)?;
        session.timeout = Some(use_by.saturating_sub(time));
        session.ticket_age_add = Some(reader.u32()?);
    }
    if !protocol.has_psk() && !reader.is_empty() {
        // later versions only
        session.kex_group = Some(reader.u16()?.into());
    }
    if !reader.is_empty() {
        // "can be extended backwards-compatibly by adding new fields at the end"
        session.unknown_fields.push(UnknownField { tag: 0, der: reader.rest() });
    }
    Some(session)
}

/// `CertificateEntry` of RFC 9846 (RFC 8446 section 4.4.2): certificates, each with extensions.
fn certificate_entries<'a>(session: &mut Session<'a>, list: &'a [u8]) -> Option<()> {
    for (certificate, extensions) in Reader::list(list, |entry| Some((entry.vec24()?, entry.vec16()?)))? {
        if session.peer_certificate.is_none() {
            session.peer_certificate = Some(certificate);
        } else {
            session.intermediate_certificates.push(certificate);
        }
        for (tag, der) in Reader::list(extensions, |extension| Some((extension.u16()?, extension.vec16()?)))? {
            session.unknown_fields.push(UnknownField { tag: tag.into(), der });
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_of_go_1_19_are_read() {
        let session = Session::parse(include_bytes!("../../../testdata/go_tls12/plain.der")).unwrap();
        assert_eq!((session.dialect, session.time), (Dialect::Go, Some(1_795_420_788)));
        assert_eq!(session.producer(), "Go crypto/tls up to 1.20");
        assert_eq!(session.cipher.openssl_name(), Some("ECDHE-RSA-AES128-GCM-SHA256"));
        let session = Session::parse(include_bytes!("../../../testdata/go_tls13/plain.der")).unwrap();
        assert!(matches!(session.secret, SessionSecret::ResumptionMasterSecret(_)));
        assert_eq!(
            hex::encode_upper(session.resumption_psk().unwrap()),
            "0E75B31F14E0FF69F1951BA1A120B64BBD86324B2BDCB0C8634991978626F27C"
        );
    }

    fn since_1_21(version: u16, early: bool, tail: &[u8]) -> Vec<u8> {
        let mut out = version.to_be_bytes().to_vec();
        out.extend([1, 0x13, 0x01]);
        out.extend(1_795_421_000_u64.to_be_bytes());
        out.push(if version == TLS_1_3 { 32 } else { 48 });
        out.extend(vec![6; if version == TLS_1_3 { 32 } else { 48 }]);
        out.extend([0, 0, 5, 0, 0, 2, 0xaa, 0xbb, u8::from(version != TLS_1_3), u8::from(early)]);
        // a leaf with an SCT list, an intermediate; then a chain of that intermediate and a root
        out.extend([0, 0, 21, 0, 0, 1, 0x31, 0, 5, 0, 18, 0, 1, 9, 0, 0, 1, 0x32, 0, 4, 0, 5, 0, 0]);
        out.extend([0, 0, 11, 0, 0, 8, 0, 0, 1, 0x32, 0, 0, 1, 0x33]);
        if early {
            out.extend([2, b'h', b'3']);
        }
        out.extend(tail);
        out
    }

    #[test]
    fn sessions_since_1_21_are_read() {
        let plaintext = since_1_21(TLS_1_3, true, b"");
        let session = Session::parse(&plaintext).unwrap();
        assert_eq!((session.secret, session.early_data), (SessionSecret::ResumptionPsk(&[6; 32]), Some(true)));
        assert_eq!((session.alpn, session.peer_certificate), (Some(&b"h3"[..]), Some(&[0x31][..])));
        assert_eq!(session.intermediate_certificates, [&[0x32][..], &[0x33]]);
        assert_eq!(session.unknown_fields.iter().map(|field| field.tag).collect::<Vec<_>>(), [18, 5]);
        assert_eq!(session.producer(), "Go crypto/tls 1.21 or later");
        for (tail, group) in [(&b""[..], None), (&[0, 29], Some(29))] {
            let plaintext = since_1_21(0x0303, false, tail);
            let session = Session::parse(&plaintext).unwrap();
            assert_eq!((session.kex_group, session.extended_master_secret), (group, Some(true)));
        }
        let longer = since_1_21(0x0303, false, &[0, 29, 1, 2, 3]);
        assert_eq!(Session::parse(&longer).unwrap().unknown_fields.last().unwrap().der, [1, 2, 3]);
    }
}
