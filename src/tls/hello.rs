//! The handshake messages that carry tickets or decide about them, read in place.

use std::fmt;

use super::protocol::Protocol;
use super::wire::Reader;

/// The type of a `ClientHello`.
const CLIENT_HELLO: u8 = 1;
/// Bytes of a handshake message's header: type and 24-bit length (RFC 9846, RFC 8446 section 4).
pub(crate) const HEADER_LENGTH: usize = 4;
/// The random that makes a `ServerHello` a `HelloRetryRequest` (RFC 9846, RFC 8446 section 4.1.3).
const HELLO_RETRY_REQUEST: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// Extension types (IANA registry "TLS `ExtensionType` Values").
mod extension {
    pub(super) const SERVER_NAME: u16 = 0;
    pub(super) const ALPN: u16 = 16;
    pub(super) const EXTENDED_MASTER_SECRET: u16 = 23;
    /// RFC 8773, and RFC 9973 in its place.
    pub(super) const CERTIFICATE_WITH_PSK: u16 = 33;
    pub(super) const SESSION_TICKET: u16 = 35;
    pub(super) const PRE_SHARED_KEY: u16 = 41;
    pub(super) const EARLY_DATA: u16 = 42;
    pub(super) const SUPPORTED_VERSIONS: u16 = 43;
    pub(super) const PSK_KEY_EXCHANGE_MODES: u16 = 45;
    /// `key_share` in drafts of TLS 1.3 up to 22.
    pub(super) const KEY_SHARE_OF_DRAFTS: u16 = 40;
    pub(super) const KEY_SHARE: u16 = 51;
    pub(super) const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;
}

/// Why a hello cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HelloError {
    /// What does not fit.
    pub part: &'static str,
    /// Where it begins, in bytes of the message, its header included.
    pub offset: usize,
}

impl fmt::Display for HelloError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {} is longer than what it is in", self.part, self.offset)
    }
}

impl std::error::Error for HelloError {}

/// The rest of a message, or of a part of it, and where in the message it ends.
#[derive(Clone, Copy)]
struct Fields<'a> {
    rest: Reader<'a>,
    end: usize,
}

impl<'a> Fields<'a> {
    /// The whole of a message.
    fn new(message: &'a [u8]) -> Self {
        Self { rest: Reader(message), end: message.len() }
    }

    fn offset(&self) -> usize {
        self.end - self.rest.0.len()
    }

    fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next field, which an error calls by its name.
    fn read<T>(
        &mut self,
        part: &'static str,
        read: impl FnOnce(&mut Reader<'a>) -> Option<T>,
    ) -> Result<T, HelloError> {
        let offset = self.offset();
        read(&mut self.rest).ok_or(HelloError { part, offset })
    }

    /// A part of the message that ends here, to be read on its own.
    fn part(&self, value: &'a [u8]) -> Self {
        Self { rest: Reader(value), end: self.offset() }
    }
}

/// A PSK identity that a client offers (RFC 9846, RFC 8446 section 4.2.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity<'a> {
    /// The ticket.
    pub identity: &'a [u8],
    /// Its age in milliseconds as the client reckons, plus `ticket_age_add`, modulo 2^32.
    pub obfuscated_age: u32,
    /// The proof that the client has the PSK.
    pub binder: &'a [u8],
}

/// A `ClientHello` (RFC 9846, RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2; RFC 6347 section 4.2.1 for DTLS).
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an extension of its own")]
pub struct ClientHello<'a> {
    /// The version field; TLS 1.3 says so in an extension instead.
    pub legacy_version: u16,
    /// The client random: names the connection in a key log.
    pub random: [u8; 32],
    /// The session ID offered, up to 32 bytes.
    pub session_id: &'a [u8],
    /// The host name of the `server_name` extension.
    pub server_name: Option<&'a [u8]>,
    /// The ticket of the `session_ticket` extension; empty if the client only asks for one.
    pub session_ticket: Option<&'a [u8]>,
    /// The PSK identities with their binders.
    pub identities: Vec<Identity<'a>>,
    /// Where in the message, header included, the list of binders begins: what stands before it is what they sign.
    pub binders_offset: Option<usize>,
    /// `psk_key_exchange_modes`: 0 is `psk_ke`, 1 is `psk_dhe_ke`.
    pub psk_modes: &'a [u8],
    /// Whether early data follows.
    pub early_data: bool,
    /// Whether TLS 1.3, or a draft of it, is among the versions offered.
    pub offers_tls13: bool,
    /// Whether another hello may be encrypted inside (RFC 9849): this one is the outer one, or pretends to be.
    pub encrypted_client_hello: bool,
    /// The cipher suites offered, two bytes each.
    pub cipher_suites: &'a [u8],
    /// The list of application protocols offered, each behind its length.
    pub alpn: Option<&'a [u8]>,
    /// Whether it offers the extended master secret (RFC 9846, RFC 7627).
    pub extended_master_secret: bool,
    /// Whether its PSKs are external ones, to be used beside a certificate (RFC 9973).
    pub certificate_with_psk: bool,
}

impl<'a> ClientHello<'a> {
    /// Parses a message, its header included; `None` if it is not well-formed.
    #[must_use]
    pub fn parse(message: &'a [u8]) -> Option<Self> {
        Self::read(message).ok()
    }

    /// Parses a message, its header included, and says what is wrong with it. The format of SSL 2.0, in which a client
    /// may offer later versions, is read too (RFC 9846, RFC 5246 appendix E.2): from the type on, its length left out.
    pub fn read(message: &'a [u8]) -> Result<Self, HelloError> {
        if let Some(hello) = Self::of_sslv2(message) {
            return Ok(hello);
        }
        let mut body = Fields::new(message);
        body.read("the header", |rest| rest.take(HEADER_LENGTH))?;
        let legacy_version = body.read("the version", Reader::u16)?;
        let random = body.read("the random", Reader::array)?;
        let session_id = body.read("the session ID", Reader::vec8)?;
        if matches!(legacy_version, 0xfe00..=0xfeff | Protocol::DTLS_BAD) {
            body.read("the cookie", Reader::vec8)?;
        }
        let cipher_suites = body.read("the list of cipher suites", Reader::vec16)?;
        body.read("the list of compression methods", Reader::vec8)?;
        let mut hello = Self { cipher_suites, ..Self::blank(legacy_version, random, session_id) };
        if body.is_empty() {
            return Ok(hello);
        }
        let list = body.read("the list of extensions", Reader::vec16)?;
        let mut extensions = body.part(list);
        while !extensions.is_empty() {
            let (kind, value) = extensions.read("an extension", |rest| Some((rest.u16()?, rest.vec16()?)))?;
            hello.extension(kind, extensions.part(value))?;
        }
        Ok(hello)
    }

    fn blank(legacy_version: u16, random: [u8; 32], session_id: &'a [u8]) -> Self {
        Self {
            legacy_version,
            random,
            session_id,
            server_name: None,
            session_ticket: None,
            identities: Vec::new(),
            binders_offset: None,
            psk_modes: &[],
            early_data: false,
            offers_tls13: false,
            encrypted_client_hello: false,
            cipher_suites: &[],
            alpn: None,
            extended_master_secret: false,
            certificate_with_psk: false,
        }
    }

    /// A hello in the format of SSL 2.0: lengths first, and a challenge that is the end of the random.
    fn of_sslv2(message: &'a [u8]) -> Option<Self> {
        let mut rest = Reader(message);
        let (CLIENT_HELLO, version) = (rest.u8()?, rest.u16()?) else { return None };
        let (suites, session_id, challenge) = (rest.u16()?, rest.u16()?, rest.u16()?);
        rest.take(suites.into())?;
        let session_id = rest.take(session_id.into())?;
        let challenge = rest.take(challenge.into())?;
        if !rest.is_empty() || suites % 3 != 0 || challenge.is_empty() {
            return None;
        }
        let mut random = [0; 32];
        random.get_mut(32_usize.checked_sub(challenge.len())?..)?.copy_from_slice(challenge);
        Some(Self::blank(version, random, session_id))
    }

    /// Whether it offers an application protocol; `true` if it offers none at all.
    #[must_use]
    pub fn may_speak(&self, protocol: &[u8]) -> bool {
        let Some(mut list) = self.alpn.map(Reader) else { return true };
        std::iter::from_fn(|| list.vec8()).any(|offered| offered == protocol)
    }

    /// Whether it offers a cipher suite.
    #[must_use]
    pub fn offers_suite(&self, suite: u16) -> bool {
        self.cipher_suites.chunks_exact(2).any(|offered| offered == suite.to_be_bytes())
    }

    /// Whether it brings a ticket, of TLS 1.3 or before.
    #[must_use]
    pub fn offers_ticket(&self) -> bool {
        self.session_ticket.is_some_and(|ticket| !ticket.is_empty()) || !self.identities.is_empty()
    }

    fn extension(&mut self, kind: u16, mut value: Fields<'a>) -> Result<(), HelloError> {
        match kind {
            extension::SERVER_NAME => self.server_name = server_name(value.rest.0),
            extension::SESSION_TICKET => self.session_ticket = Some(value.rest.0),
            extension::PRE_SHARED_KEY => {
                let identities = value.read("the list of PSK identities", Reader::vec16)?;
                let mut identities = value.part(identities);
                self.binders_offset = Some(value.offset());
                let binders = value.read("the list of PSK binders", Reader::vec16)?;
                let mut binders = value.part(binders);
                while !identities.is_empty() {
                    let (identity, obfuscated_age) =
                        identities.read("a PSK identity", |rest| Some((rest.vec16()?, rest.u32()?)))?;
                    let binder = binders.read("a PSK binder", Reader::vec8)?;
                    self.identities.push(Identity { identity, obfuscated_age, binder });
                }
            }
            extension::PSK_KEY_EXCHANGE_MODES => {
                self.psk_modes = value.read("the list of PSK key exchange modes", Reader::vec8)?;
            }
            extension::EARLY_DATA => self.early_data = true,
            extension::SUPPORTED_VERSIONS => {
                let versions = value.read("the list of supported versions", Reader::vec8)?;
                let mut pairs = versions.chunks_exact(2).filter_map(|pair| pair.first_chunk().copied());
                self.offers_tls13 = pairs.any(|version| Protocol(u16::from_be_bytes(version)).is_tls13());
            }
            extension::ENCRYPTED_CLIENT_HELLO => self.encrypted_client_hello = true,
            extension::ALPN => self.alpn = Some(value.read("the list of application protocols", Reader::vec16)?),
            extension::EXTENDED_MASTER_SECRET => self.extended_master_secret = true,
            extension::CERTIFICATE_WITH_PSK => self.certificate_with_psk = true,
            _ => {}
        }
        Ok(())
    }
}

fn server_name(value: &[u8]) -> Option<&[u8]> {
    let mut names = Reader(Reader(value).vec16()?);
    while !names.is_empty() {
        let (kind, name) = (names.u8()?, names.vec16()?);
        if kind == 0 {
            return Some(name);
        }
    }
    None
}

/// A `ServerHello` or `HelloRetryRequest` (RFC 9846, RFC 8446 sections 4.1.3 and 4.1.4, RFC 5246 section 7.4.1.3).
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an extension of its own")]
pub struct ServerHello<'a> {
    /// The version agreed on.
    pub protocol: Protocol,
    /// Whether the rules of TLS 1.3 hold: the version is in an extension, or is that of an early draft.
    pub is_tls13: bool,
    /// The server random.
    pub random: [u8; 32],
    /// The session ID, up to 32 bytes; in TLS 1.3 it echoes the client's.
    pub session_id: &'a [u8],
    /// The cipher suite agreed on.
    pub cipher: u16,
    /// The PSK identity chosen.
    pub selected_identity: Option<u16>,
    /// Whether there is a key exchange beside the PSK.
    pub key_share: bool,
    /// Whether the server announces a ticket (TLS ≤ 1.2).
    pub announces_ticket: bool,
    /// Whether the master secret is an extended one (RFC 9846, RFC 7627; TLS ≤ 1.2).
    pub extended_master_secret: bool,
    /// Whether a `HelloRetryRequest` says that it may have taken an encrypted hello (RFC 9849 section 7.2.1).
    pub encrypted_client_hello: bool,
}

impl<'a> ServerHello<'a> {
    /// Parses a message, its header included; `None` if it is not well-formed.
    #[must_use]
    pub fn parse(message: &'a [u8]) -> Option<Self> {
        Self::read(message).ok()
    }

    /// Parses a message, its header included, and says what is wrong with it.
    pub fn read(message: &'a [u8]) -> Result<Self, HelloError> {
        let mut body = Fields::new(message);
        body.read("the header", |rest| rest.take(HEADER_LENGTH))?;
        let protocol = Protocol(body.read("the version", Reader::u16)?);
        // drafts up to 21 have neither a session ID nor a compression method
        let is_early_draft = protocol.is_early_draft();
        let random = body.read("the random", Reader::array)?;
        let session_id = if is_early_draft { &[] } else { body.read("the session ID", Reader::vec8)? };
        let cipher = body.read("the cipher suite", Reader::u16)?;
        if !is_early_draft {
            body.read("the compression method", Reader::u8)?;
        }
        let mut hello = Self {
            protocol,
            is_tls13: is_early_draft,
            random,
            session_id,
            cipher,
            selected_identity: None,
            key_share: false,
            announces_ticket: false,
            extended_master_secret: false,
            encrypted_client_hello: false,
        };
        if body.is_empty() {
            return Ok(hello);
        }
        let list = body.read("the list of extensions", Reader::vec16)?;
        let mut extensions = body.part(list);
        while !extensions.is_empty() {
            let (kind, value) = extensions.read("an extension", |rest| Some((rest.u16()?, rest.vec16()?)))?;
            hello.extension(kind, extensions.part(value))?;
        }
        Ok(hello)
    }

    fn extension(&mut self, kind: u16, mut value: Fields<'a>) -> Result<(), HelloError> {
        match kind {
            extension::SUPPORTED_VERSIONS => {
                self.protocol = Protocol(value.read("the selected version", Reader::u16)?);
                self.is_tls13 = true;
            }
            extension::PRE_SHARED_KEY => {
                self.selected_identity = Some(value.read("the selected PSK identity", Reader::u16)?);
            }
            extension::KEY_SHARE | extension::KEY_SHARE_OF_DRAFTS => self.key_share = true,
            extension::SESSION_TICKET => self.announces_ticket = true,
            extension::EXTENDED_MASTER_SECRET => self.extended_master_secret = true,
            extension::ENCRYPTED_CLIENT_HELLO => self.encrypted_client_hello = true,
            _ => {}
        }
        Ok(())
    }

    /// The name of the version, as OpenSSL spells it; drafts as drafts.
    #[must_use]
    pub fn protocol_name(&self) -> &'static str {
        match self.protocol.name() {
            "unknown" if self.is_tls13 => "TLSv1.3 (unknown draft)",
            name => name,
        }
    }

    /// Whether it is a `HelloRetryRequest`.
    #[must_use]
    pub fn is_retry_request(&self) -> bool {
        self.random == HELLO_RETRY_REQUEST
    }

    /// Whether the keys come from the PSK alone (`psk_ke`): who has the PSK can read everything.
    #[must_use]
    pub fn is_psk_only(&self) -> bool {
        self.selected_identity.is_some() && !self.key_share && !self.is_retry_request()
    }
}

/// A `NewSessionTicket` of TLS ≤ 1.2 (RFC 9846, RFC 5077 section 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewSessionTicket<'a> {
    /// Seconds; 0 leaves it to the client.
    pub lifetime_hint: u32,
    /// The ticket; empty if the server thought better of it.
    pub ticket: &'a [u8],
}

impl<'a> NewSessionTicket<'a> {
    /// Parses a message, its header included; `None` if it is not well-formed.
    #[must_use]
    pub fn parse(message: &'a [u8]) -> Option<Self> {
        let mut body = Reader(message);
        body.take(HEADER_LENGTH)?;
        let (lifetime_hint, ticket) = (body.u32()?, body.vec16()?);
        body.is_empty().then_some(Self { lifetime_hint, ticket })
    }
}
