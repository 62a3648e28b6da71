//! The handshake messages that carry tickets or decide about them, read in place.

use super::protocol::Protocol;
use super::wire::Reader;

/// Bytes of a handshake message's header: type and 24-bit length (RFC 8446 section 4).
pub(crate) const HEADER_LENGTH: usize = 4;
/// The random that makes a `ServerHello` a `HelloRetryRequest` (RFC 8446 section 4.1.3).
const HELLO_RETRY_REQUEST: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// Extension types (IANA registry "TLS `ExtensionType` Values").
mod extension {
    pub(super) const SERVER_NAME: u16 = 0;
    pub(super) const EXTENDED_MASTER_SECRET: u16 = 23;
    pub(super) const SESSION_TICKET: u16 = 35;
    pub(super) const PRE_SHARED_KEY: u16 = 41;
    pub(super) const EARLY_DATA: u16 = 42;
    pub(super) const SUPPORTED_VERSIONS: u16 = 43;
    pub(super) const PSK_KEY_EXCHANGE_MODES: u16 = 45;
    pub(super) const KEY_SHARE: u16 = 51;
}

/// A PSK identity that a client offers (RFC 8446 section 4.2.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity<'a> {
    /// The ticket.
    pub identity: &'a [u8],
    /// Its age in milliseconds as the client reckons, plus `ticket_age_add`, modulo 2^32.
    pub obfuscated_age: u32,
    /// The proof that the client has the PSK.
    pub binder: &'a [u8],
}

/// A `ClientHello` (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2; RFC 6347 section 4.2.1 for DTLS).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientHello<'a> {
    /// The version field; TLS 1.3 says so in an extension instead.
    pub legacy_version: u16,
    /// The client random: names the connection in a key log.
    pub random: [u8; 32],
    /// The session ID offered, up to 32 bytes.
    pub session_id: &'a [u8],
    /// The host name of the `server_name` extension.
    pub server_name: Option<&'a [u8]>,
    /// The ticket of the `session_ticket` extension; empty where the client only asks for one.
    pub session_ticket: Option<&'a [u8]>,
    /// The PSK identities with their binders.
    pub identities: Vec<Identity<'a>>,
    /// Where in the message, header included, the list of binders begins: what stands before it is what they sign.
    pub binders_offset: Option<usize>,
    /// `psk_key_exchange_modes`: 0 is `psk_ke`, 1 is `psk_dhe_ke`.
    pub psk_modes: &'a [u8],
    /// Whether early data follows.
    pub early_data: bool,
    /// Whether TLS 1.3 is among the versions offered.
    pub offers_tls13: bool,
}

impl<'a> ClientHello<'a> {
    /// Parses a message, its header included; `None` where it is not well-formed.
    #[must_use]
    pub fn parse(message: &'a [u8]) -> Option<Self> {
        let mut body = Reader(message);
        body.take(HEADER_LENGTH)?;
        let legacy_version = body.u16()?;
        let random = body.array()?;
        let session_id = body.vec8()?;
        if legacy_version >> 8 == 0xfe {
            // the cookie of DTLS
            body.vec8()?;
        }
        body.vec16()?;
        body.vec8()?;
        let mut hello = Self {
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
        };
        if body.is_empty() {
            return Some(hello);
        }
        let mut extensions = Reader(body.vec16()?);
        while !extensions.is_empty() {
            let (kind, value) = (extensions.u16()?, extensions.vec16()?);
            // where the extension ends in the message: nothing but extensions follows it
            let end = message.len() - body.0.len() - extensions.0.len();
            hello.extension(kind, value, end)?;
        }
        Some(hello)
    }

    /// Whether it brings a ticket, of TLS 1.3 or before.
    #[must_use]
    pub fn offers_ticket(&self) -> bool {
        self.session_ticket.is_some_and(|ticket| !ticket.is_empty()) || !self.identities.is_empty()
    }

    fn extension(&mut self, kind: u16, value: &'a [u8], end: usize) -> Option<()> {
        match kind {
            extension::SERVER_NAME => self.server_name = server_name(value),
            extension::SESSION_TICKET => self.session_ticket = Some(value),
            extension::PRE_SHARED_KEY => {
                let mut value = Reader(value);
                let mut identities = Reader(value.vec16()?);
                self.binders_offset = Some(end.checked_sub(value.0.len())?);
                let mut binders = Reader(value.vec16()?);
                while !identities.is_empty() {
                    let (identity, obfuscated_age) = (identities.vec16()?, identities.u32()?);
                    self.identities.push(Identity { identity, obfuscated_age, binder: binders.vec8()? });
                }
            }
            extension::PSK_KEY_EXCHANGE_MODES => self.psk_modes = Reader(value).vec8()?,
            extension::EARLY_DATA => self.early_data = true,
            extension::SUPPORTED_VERSIONS => {
                let versions = Reader(value).vec8()?;
                self.offers_tls13 = versions.chunks_exact(2).any(|version| matches!(version, [3, 4] | [0x7f, _]));
            }
            _ => {}
        }
        Some(())
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

/// A `ServerHello` or `HelloRetryRequest` (RFC 8446 sections 4.1.3 and 4.1.4, RFC 5246 section 7.4.1.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerHello<'a> {
    /// The version agreed on.
    pub protocol: Protocol,
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
    /// Whether the master secret is an extended one (RFC 7627; TLS ≤ 1.2).
    pub extended_master_secret: bool,
}

impl<'a> ServerHello<'a> {
    /// Parses a message, its header included; `None` where it is not well-formed.
    #[must_use]
    pub fn parse(message: &'a [u8]) -> Option<Self> {
        let mut body = Reader(message);
        body.take(HEADER_LENGTH)?;
        let legacy_version = body.u16()?;
        let (random, session_id) = (body.array()?, body.vec8()?);
        let cipher = body.u16()?;
        body.u8()?;
        let mut hello = Self {
            protocol: Protocol(legacy_version),
            random,
            session_id,
            cipher,
            selected_identity: None,
            key_share: false,
            announces_ticket: false,
            extended_master_secret: false,
        };
        if body.is_empty() {
            return Some(hello);
        }
        let mut extensions = Reader(body.vec16()?);
        while !extensions.is_empty() {
            let (kind, value) = (extensions.u16()?, extensions.vec16()?);
            match kind {
                extension::SUPPORTED_VERSIONS => match Reader(value).u16()? {
                    // drafts
                    version if version >> 8 == 0x7f => hello.protocol = Protocol(0x0304),
                    version => hello.protocol = Protocol(version),
                },
                extension::PRE_SHARED_KEY => hello.selected_identity = Some(Reader(value).u16()?),
                extension::KEY_SHARE => hello.key_share = true,
                extension::SESSION_TICKET => hello.announces_ticket = true,
                extension::EXTENDED_MASTER_SECRET => hello.extended_master_secret = true,
                _ => {}
            }
        }
        Some(hello)
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

/// A `NewSessionTicket` of TLS ≤ 1.2 (RFC 5077 section 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewSessionTicket<'a> {
    /// Seconds; 0 leaves it to the client.
    pub lifetime_hint: u32,
    /// The ticket; empty where the server thought better of it.
    pub ticket: &'a [u8],
}

impl<'a> NewSessionTicket<'a> {
    /// Parses a message, its header included; `None` where it is not well-formed.
    #[must_use]
    pub fn parse(message: &'a [u8]) -> Option<Self> {
        let mut body = Reader(message);
        body.take(HEADER_LENGTH)?;
        let (lifetime_hint, ticket) = (body.u32()?, body.vec16()?);
        body.is_empty().then_some(Self { lifetime_hint, ticket })
    }
}
