//! Erlang/OTP's `ssl`: the stateless tickets of TLS 1.3 (`lib/ssl/src/tls_server_session_ticket.erl`). The hash, the
//! PSK, what the client adds to the age, lifetime and time; from OTP 26 on the client's certificate. There is no suite in
//! it, only its hash: SHA-384 goes with one suite of TLS 1.3, SHA-256 with several.

use crate::session::{Cipher, Dialect, Protocol, Session, SessionError, SessionSecret};
use crate::tls::protocol::TLS_1_3;
use crate::tls::wire::Reader;

/// `HashAlgorithm` of RFC 9846 (RFC 5246 section 7.4.1.4.1): SHA-256.
const SHA256: u8 = 4;
/// `HashAlgorithm` of RFC 9846 (RFC 5246 section 7.4.1.4.1): SHA-384.
const SHA384: u8 = 5;
/// `TLS_AES_256_GCM_SHA384`, the only suite of TLS 1.3 with that hash.
const SHA384_SUITE: &[u8] = &[0x13, 0x02];

pub(in crate::session) fn parse(plaintext: &[u8]) -> Option<Result<Session<'_>, SessionError>> {
    let mut reader = Reader(plaintext);
    let (length, cipher): (_, &[u8]) = match reader.u8()? {
        SHA256 => (32, &[]),
        SHA384 => (48, SHA384_SUITE),
        _ => return None,
    };
    let psk = reader.take(length)?;
    let age_add = u32::try_from(reader.u64()?).ok()?;
    let (lifetime, time) = (reader.u32()?, reader.u32()?);
    let (certificate, producer) = if reader.is_empty() {
        (None, "Erlang/OTP 22.3-25")
    } else {
        let certificate = reader.vec16()?;
        (Some(certificate).filter(|certificate| !certificate.is_empty()), "Erlang/OTP 26 or later")
    };
    let session = Session {
        cipher: Cipher(cipher),
        ticket_age_add: Some(age_add),
        time: Some(time.into()),
        timeout: Some(lifetime.into()),
        peer_certificate: certificate,
        producer: Some(producer),
        ..Session::new(Dialect::Otp, plaintext, Protocol(TLS_1_3), SessionSecret::ResumptionPsk(psk))
    };
    reader.is_empty().then_some(Ok(session))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_to_the_age_has_32_bits() {
        let age_add = |number: u64| {
            let plaintext = [&[SHA256][..], &[7; 32], &number.to_be_bytes(), &[0, 0, 1, 44], &[0x6b; 4]].concat();
            parse(&plaintext).map(|session| session.unwrap().ticket_age_add.unwrap())
        };
        assert_eq!(age_add(0xffff_ffff), Some(u32::MAX));
        assert_eq!(age_add(0x1_0000_0000), None);
    }
}
