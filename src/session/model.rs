//! The session of all dialects, borrowed from the plaintext.

use std::fmt;

use super::dialect::Dialect;
use crate::tls::protocol::{Cipher, Protocol};
use crate::tls::registry;
use crate::tls::tls13::Hash;

/// What a session keeps to derive keys from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SessionSecret<'a> {
    /// The 48-byte master secret of TLS ≤ 1.2: it decrypts every connection of the session.
    MasterSecret(&'a [u8]),
    /// The resumption PSK of TLS 1.3 (RFC 9846, RFC 8446 section 4.6.1), already bound to the ticket's nonce.
    ResumptionPsk(&'a [u8]),
    /// The resumption master secret of TLS 1.3, of which the nonce makes the PSK: `Session::derived_psk`.
    ResumptionMasterSecret(&'a [u8]),
}

impl<'a> SessionSecret<'a> {
    /// The secret itself.
    #[must_use]
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Self::MasterSecret(bytes) | Self::ResumptionPsk(bytes) | Self::ResumptionMasterSecret(bytes) => bytes,
        }
    }
}

impl fmt::Debug for SessionSecret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::MasterSecret(_) => "MasterSecret",
            Self::ResumptionPsk(_) => "ResumptionPsk",
            Self::ResumptionMasterSecret(_) => "ResumptionMasterSecret",
        };
        write!(f, "{name}({} bytes)", self.bytes().len())
    }
}

/// A field that the dialect does not define, or that does not have the type it defines.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct UnknownField<'a> {
    /// Its tag.
    pub tag: u32,
    /// Its encoding, tag and length included.
    pub der: &'a [u8],
}

impl fmt::Debug for UnknownField<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnknownField([{}], {} bytes)", self.tag, self.der.len())
    }
}

/// A session. Absent members are `None`; times are seconds.
#[derive(Clone)]
pub struct Session<'a> {
    /// Whose encoding it is.
    pub dialect: Dialect,
    /// The whole encoding.
    pub encoded: &'a [u8],
    /// Protocol version of the connection.
    pub protocol: Protocol,
    /// Cipher suite of the connection; empty if the dialect keeps none.
    pub cipher: Cipher<'a>,
    /// Session ID, 0 to 32 bytes: empty in most TLS ≤ 1.2 tickets, always there in TLS 1.3.
    pub session_id: &'a [u8],
    /// Master secret or resumption PSK.
    pub secret: SessionSecret<'a>,
    /// The PSK of TLS 1.3, if it was derived from a resumption master secret.
    pub derived_psk: Option<crate::secret::Secret>,
    /// What made the PSK of it: the nonce of the ticket.
    pub ticket_nonce: Option<&'a [u8]>,
    /// Random of the `ClientHello`, in dialects that keep it.
    pub client_random: Option<&'a [u8]>,
    /// Random of the `ServerHello`, likewise.
    pub server_random: Option<&'a [u8]>,
    /// Kerberos principal of the client (OpenSSL ≤ 1.0.2).
    pub krb5_principal: Option<&'a [u8]>,
    /// `[0]` IV of an SSL 2.0 session (OpenSSL ≤ 1.0.2).
    pub key_arg: Option<&'a [u8]>,
    /// `[1]` start, seconds since 1970.
    pub time: Option<i64>,
    /// `[2]` lifetime in seconds.
    pub timeout: Option<i64>,
    /// `[3]` the peer's certificate, DER: the client's in a server's session, the server's in a client's.
    pub peer_certificate: Option<&'a [u8]>,
    /// `[4]` what the server binds its sessions to, 0 to 32 bytes.
    pub session_id_context: Option<&'a [u8]>,
    /// `[5]` result of verifying the client's certificate, an `X509_V_*` code.
    pub verify_result: Option<i64>,
    /// `[6]` server name that the client asked for (SNI).
    pub hostname: Option<&'a [u8]>,
    /// `[7]` PSK identity hint (RFC 4279).
    pub psk_identity_hint: Option<&'a [u8]>,
    /// `[8]` PSK identity (RFC 4279).
    pub psk_identity: Option<&'a [u8]>,
    /// `[9]` lifetime hint in seconds, in clients' sessions.
    pub ticket_lifetime_hint: Option<i64>,
    /// `[10]` the ticket, in clients' sessions.
    pub ticket: Option<&'a [u8]>,
    /// `[11]` compression method (RFC 3749).
    pub compression: Option<u8>,
    /// `[12]` SRP user name (RFC 5054).
    pub srp_username: Option<&'a [u8]>,
    /// `[13]` flag bits of OpenSSL; bit 0 is the extended master secret.
    pub flags: Option<i64>,
    /// Whether the master secret is an extended one (RFC 9846, RFC 7627); `None` if the protocol is TLS 1.3.
    pub extended_master_secret: Option<bool>,
    /// What the client adds to the ticket's age (RFC 9846, RFC 8446 section 4.6.1).
    pub ticket_age_add: Option<u32>,
    /// Bytes of early data that the server takes (RFC 9846, RFC 8446 section 4.2.10).
    pub max_early_data: Option<i64>,
    /// Application protocol (RFC 7301).
    pub alpn: Option<&'a [u8]>,
    /// Maximum fragment length code, 1 to 4 (RFC 6066 section 4).
    pub max_fragment_length_mode: Option<i64>,
    /// Bytes of the application.
    pub ticket_appdata: Option<&'a [u8]>,
    /// Key exchange group, a TLS group number; 0 if there was none.
    pub kex_group: Option<i64>,
    /// The client's raw public key (RFC 7250), a `SubjectPublicKeyInfo`.
    pub peer_raw_public_key: Option<&'a [u8]>,
    /// The certificates after the peer's own, each DER, in dialects that keep a list.
    pub intermediate_certificates: Vec<&'a [u8]>,
    /// Whether records are encrypted before the MAC (RFC 7366), in dialects that keep it.
    pub encrypt_then_mac: Option<bool>,
    /// Whether early data may be sent, in dialects that say only that.
    pub early_data: Option<bool>,
    /// Whose codes [`verify_result`](Self::verify_result) is made of.
    pub verify_flags: VerifyFlags,
    /// What only few libraries keep; boxed, since most sessions have none of it.
    pub library: Option<Box<LibraryFields<'a>>>,
    /// What only `BoringSSL` and AWS-LC keep; boxed, since most sessions are others'.
    pub boringssl: Option<Box<BoringSslFields<'a>>>,
    /// Fields that are not understood, in order.
    pub unknown_fields: Vec<UnknownField<'a>>,
    /// Bit n: the context tag n was there.
    pub(super) tags: u64,
    /// What the dialect itself says about the library, if it does.
    pub(super) producer: Option<&'static str>,
}

/// Whose codes the result of verifying a certificate is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyFlags {
    /// One `X509_V_*` code of OpenSSL's.
    OpenSsl,
    /// `MBEDTLS_X509_BADCERT_*` bits of Mbed TLS.
    MbedTls,
}

/// Members that only few libraries keep.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LibraryFields<'a> {
    /// The start, milliseconds since 1970 (wolfSSL under TLS 1.3).
    pub time_ms: Option<i64>,
    /// The start, nanoseconds since 1970 (s2n-tls).
    pub time_ns: Option<i64>,
    /// When the ticket was made, in milliseconds since the machine was started: this is not a date (Mbed TLS from 3.6 on).
    pub uptime_ms: Option<i64>,
    /// Until when new tickets may carry the keys of this session on, seconds since 1970 (s2n-tls).
    pub keying_material_expires: Option<i64>,
    /// How the ticket may be used, as bits (`MBEDTLS_SSL_TLS1_3_TICKET_*` of Mbed TLS).
    pub ticket_flags: Option<i64>,
    /// The longest record that the client takes, in bytes (RFC 8449).
    pub record_size_limit: Option<i64>,
    /// Whether it is a server's session.
    pub is_server: Option<bool>,
    /// A digest of the peer's certificate, in builds that do not keep the certificate itself (Mbed TLS).
    pub peer_digest: Option<&'a [u8]>,
    /// SHA-256 of the server name that the client asked for (wolfSSL from 5.9 on).
    pub hostname_sha256: Option<&'a [u8]>,
    /// SHA-256 of the application protocol (wolfSSL from 5.9 on).
    pub alpn_sha256: Option<&'a [u8]>,
    /// What the application binds early data to (s2n-tls).
    pub early_data_context: Option<&'a [u8]>,
}

/// Members that only `BoringSSL` and AWS-LC have; the numbers are the tags of `ssl/ssl_asn1.cc`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BoringSslFields<'a> {
    /// `[13]` SHA-256 of the peer's certificate.
    pub peer_sha256: Option<&'a [u8]>,
    /// `[14]` hash of the original handshake (channel ID).
    pub original_handshake_hash: Option<&'a [u8]>,
    /// `[15]` SCT list (RFC 6962 section 3.3).
    pub signed_certificate_timestamps: Option<&'a [u8]>,
    /// `[16]` OCSP response.
    pub ocsp_response: Option<&'a [u8]>,
    /// `[19]` the peer's certificates after the first, DER one after the other.
    pub certificate_chain: Option<&'a [u8]>,
    /// `[22]` whether it is a server's session; written only if it is not.
    pub is_server: Option<bool>,
    /// `[23]` signature algorithm of the peer (RFC 9846, RFC 8446 section 4.2.3).
    pub peer_signature_algorithm: Option<i64>,
    /// `[25]` seconds until the client must authenticate again; written if it is not the timeout.
    pub auth_timeout: Option<i64>,
    /// `[27]` whether the connection was QUIC.
    pub is_quic: Option<bool>,
    /// `[28]` QUIC early data context of the application.
    pub quic_early_data_context: Option<&'a [u8]>,
    /// `[29]` ALPS settings of this side.
    pub local_application_settings: Option<&'a [u8]>,
    /// `[30]` ALPS settings of the peer.
    pub peer_application_settings: Option<&'a [u8]>,
    /// `[31]` whether the ticket may be used under other server names.
    pub resumable_across_names: Option<bool>,
    /// `[32]` certificate type of the peer (RFC 7250).
    pub peer_certificate_type: Option<i64>,
}

impl<'a> Session<'a> {
    /// A session of which nothing is known.
    #[inline]
    pub(crate) fn blank(plaintext: &'a [u8]) -> Self {
        Self::new(Dialect::OpenSsl, plaintext, Protocol(0), SessionSecret::MasterSecret(&[]))
    }

    /// A session with what every dialect has; `plaintext` is the whole of it.
    #[inline]
    pub(super) fn new(dialect: Dialect, plaintext: &'a [u8], protocol: Protocol, secret: SessionSecret<'a>) -> Self {
        Self {
            dialect,
            encoded: plaintext,
            protocol,
            cipher: Cipher(&[]),
            session_id: &[],
            secret,
            derived_psk: None,
            ticket_nonce: None,
            client_random: None,
            server_random: None,
            krb5_principal: None,
            key_arg: None,
            time: None,
            timeout: None,
            peer_certificate: None,
            session_id_context: None,
            verify_result: None,
            hostname: None,
            psk_identity_hint: None,
            psk_identity: None,
            ticket_lifetime_hint: None,
            ticket: None,
            compression: None,
            srp_username: None,
            flags: None,
            extended_master_secret: None,
            ticket_age_add: None,
            max_early_data: None,
            alpn: None,
            max_fragment_length_mode: None,
            ticket_appdata: None,
            kex_group: None,
            peer_raw_public_key: None,
            intermediate_certificates: Vec::new(),
            encrypt_then_mac: None,
            early_data: None,
            verify_flags: VerifyFlags::OpenSsl,
            library: None,
            boringssl: None,
            unknown_fields: Vec::new(),
            tags: 0,
            producer: None,
        }
    }

    /// The PSK of TLS 1.3, whether the dialect keeps it or what it is derived from.
    #[must_use]
    pub fn resumption_psk(&self) -> Option<&[u8]> {
        match self.secret {
            SessionSecret::ResumptionPsk(psk) => Some(psk),
            _ => self.derived_psk.as_ref().map(crate::secret::Secret::as_bytes),
        }
    }

    /// The hash of a TLS 1.3 session: that of its suite, or in dialects that keep none the one whose length the PSK has
    /// (RFC 9846, RFC 8446 section 4.6.1).
    pub(crate) fn hash(&self) -> Option<Hash> {
        let suite = self.cipher.0.try_into().ok().map(u16::from_be_bytes);
        let psk = self.resumption_psk();
        suite.map_or_else(|| psk.and_then(|psk| Hash::of_length(psk.len())), Hash::of_suite)
    }

    /// What the result of verifying the peer's certificate means; `None` if there is none, or if it is several things.
    #[must_use]
    pub fn verify_text(&self) -> Option<&'static str> {
        let result = self.verify_result?;
        match self.verify_flags {
            VerifyFlags::OpenSsl => Some(registry::verify_result(result)),
            VerifyFlags::MbedTls => registry::mbedtls_verify_result(result),
        }
    }

    /// Whether the context tag `[tag]` was there.
    pub(super) fn has_tag(&self, tag: u32) -> bool {
        tag < u64::BITS && self.tags >> tag & 1 == 1
    }
}

impl fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("dialect", &self.dialect)
            .field("protocol", &self.protocol.name())
            .field("secret", &self.secret)
            .finish_non_exhaustive()
    }
}
