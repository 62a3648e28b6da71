//! Which library may have written a session: the members that are there have a first version, and some that are not
//! there had to be from some version on.

use super::dialect::Dialect;
use super::model::Session;

/// OpenSSL versions that changed the structure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Since {
    V0_9_8,
    V1_0_0,
    V1_0_1,
    V1_0_2,
    V1_1_0,
    V1_1_1,
    V3_0,
    V3_2,
}

impl Session<'_> {
    /// What the fields imply about the library that wrote it, such as `OpenSSL 1.1.1`.
    #[must_use]
    pub fn producer(&self) -> &'static str {
        guess(self)
    }
}

fn guess(session: &Session<'_>) -> &'static str {
    if let Some(producer) = session.producer {
        return producer;
    }
    match session.dialect {
        Dialect::BoringSsl if (31..=33).any(|tag| session.has_tag(tag)) => "BoringSSL",
        Dialect::BoringSsl => "BoringSSL or AWS-LC",
        Dialect::OpenSsl => openssl(session),
        Dialect::Go => "Go crypto/tls",
        Dialect::GnuTls => "GnuTLS 3.6.4 or later",
        Dialect::Picotls => "picotls",
        Dialect::Rustls => "rustls 0.21-0.23",
        Dialect::MbedTls => "Mbed TLS",
        Dialect::S2n => "s2n-tls",
        Dialect::WolfSsl => "wolfSSL",
        Dialect::Otp => "Erlang/OTP",
        Dialect::Rfc5077 => "an implementation of RFC 5077 section 4",
    }
}

fn openssl(session: &Session<'_>) -> &'static str {
    use Since::{V0_9_8, V1_0_0, V1_0_1, V1_0_2, V1_1_0, V1_1_1, V3_0, V3_2};
    // SSL 2.0 and Kerberos left with 1.1.0; kex_group is always written from 3.0 on
    let until_1_0_2 = session.krb5_principal.is_some() || session.key_arg.is_some() || session.cipher.0.len() == 3;
    match first_version(session) {
        V3_2 => "OpenSSL 3.2 or later",
        V3_0 => "OpenSSL 3.0 or later",
        V1_1_1 => "OpenSSL 1.1.1",
        V1_1_0 => "OpenSSL 1.1.0-1.1.1",
        V1_0_2 if until_1_0_2 => "OpenSSL 1.0.2",
        V1_0_1 if until_1_0_2 => "OpenSSL 1.0.1-1.0.2",
        V1_0_0 if until_1_0_2 => "OpenSSL 1.0.0-1.0.2",
        V0_9_8 if until_1_0_2 => "OpenSSL 0.9.8-1.0.2",
        since => {
            // LibreSSL writes no PSK, SRP or compression members
            let libressl = ![7, 8, 11, 12].into_iter().any(|tag| session.has_tag(tag));
            match (since, libressl) {
                (V1_0_2, true) => "OpenSSL 1.0.2-1.1.1 or LibreSSL",
                (V1_0_2, false) => "OpenSSL 1.0.2-1.1.1",
                (V1_0_1, true) => "OpenSSL 1.0.1-1.1.1 or LibreSSL",
                (V1_0_1, false) => "OpenSSL 1.0.1-1.1.1",
                (V1_0_0, true) => "OpenSSL 1.0.0-1.1.1 or LibreSSL",
                (V1_0_0, false) => "OpenSSL 1.0.0-1.1.1",
                (_, true) => "OpenSSL 0.9.8-1.1.1 or LibreSSL",
                (_, false) => "OpenSSL 0.9.8-1.1.1",
            }
        }
    }
}

/// Bit n: tag n is one of OpenSSL's.
const KNOWN_TAGS: u64 = (1 << 21) - 1;

/// The first version that can have written all members.
fn first_version(session: &Session<'_>) -> Since {
    // every version added higher tags than the one before it; 9 to 11 are older than 7 and 8
    let members = match (session.tags & KNOWN_TAGS).checked_ilog2() {
        Some(20..) => Since::V3_2,
        Some(19) => Since::V3_0,
        Some(14..=18) => Since::V1_1_1,
        Some(13) => Since::V1_1_0,
        Some(12) => Since::V1_0_1,
        Some(7..=11) if session.has_tag(7) || session.has_tag(8) => Since::V1_0_0,
        _ => Since::V0_9_8,
    };
    let protocol = match session.protocol.0 {
        0x0304 => Since::V1_1_1,
        0xfefd => Since::V1_0_2,
        0x0302 | 0x0303 => Since::V1_0_1,
        _ => Since::V0_9_8,
    };
    members.max(protocol)
}
