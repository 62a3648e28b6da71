//! Whose ticket it may be, as far as its bytes tell without a key.

use super::{Arrangement, MAX_LENGTH, Ticket};

/// What the bytes look like.
///
/// Recognition is by magic numbers and lengths that agree with each other; families that seal with an AEAD and send
/// no such thing cannot be told from random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Shape {
    /// Key name, IV, whole AES blocks, 32 bytes of MAC: OpenSSL and its relatives, rustls on aws-lc.
    OpenSsl,
    /// A length after the IV that fits, and 20 bytes of MAC: `GnuTLS`.
    GnuTls,
    /// A length after the IV that fits, whole AES blocks, and 32 bytes of MAC: RFC 5077 to the letter.
    Rfc5077,
    /// The same around a ciphertext of any length: wolfSSL, whose MAC is an AEAD's.
    WolfSsl,
    /// A key name that begins with `NSS!`.
    Nss,
    /// The magic number of Botan.
    Botan,
    /// A length after a key name of 4 and a nonce of 12 bytes: Mbed TLS.
    MbedTls,
    /// A version byte and the length that a TLS 1.2 session of s2n-tls has.
    S2n,
    /// A length that Go's crypto/tls gives a session without client certificates.
    Go,
    /// Nothing that is known.
    Unknown,
}

/// First bytes of Botan's tickets (`src/lib/tls/tls_session.cpp`).
const BOTAN_MAGIC: [u8; 8] = [0x06, 0x8b, 0x5a, 0x9d, 0x39, 0x6c, 0, 0];
/// First bytes of the key names of NSS (`lib/ssl/sslsnce.c`).
const NSS_PREFIX: &[u8] = b"NSS!";
/// s2n-tls: version, key name, info, IV, TLS 1.2 session and tag (`tls/s2n_resume.c`).
const S2N_TLS12_LENGTH: usize = 138;
/// Sessions of Go up to 1.20 (TLS 1.3 with SHA-256; TLS 1.2 and TLS 1.3 with SHA-384), then of Go from 1.21 on (TLS
/// 1.3 with SHA-256, and with SHA-384 or TLS 1.2 without and with the curve).
const GO_LENGTHS: [usize; 5] = [113, 129, 105, 121, 123];

impl Shape {
    /// Looks at the bytes of a ticket.
    #[must_use]
    pub fn of(ticket: &[u8]) -> Self {
        let length = ticket.len();
        let number_at = |at: usize| match ticket.get(at..at + 2) {
            Some(&[high, low]) => usize::from(u16::from_be_bytes([high, low])),
            _ => usize::MAX,
        };
        let splits =
            |arrangement, mac| Ticket::split_as(ticket, arrangement, mac).is_ok_and(|ticket| ticket.has_whole_blocks());
        match () {
            () if length > MAX_LENGTH => Self::Unknown,
            () if ticket.starts_with(&BOTAN_MAGIC) => Self::Botan,
            () if ticket.starts_with(NSS_PREFIX) && splits(Arrangement::SentLength, 32) => Self::Nss,
            () if splits(Arrangement::Named, 32) => Self::OpenSsl,
            () if splits(Arrangement::SentLength, 20) => Self::GnuTls,
            () if splits(Arrangement::SentLength, 32) => Self::Rfc5077,
            () if number_at(32).checked_add(66) == Some(length) => Self::WolfSsl,
            () if number_at(16).checked_add(34) == Some(length) => Self::MbedTls,
            () if length == S2N_TLS12_LENGTH && ticket.starts_with(&[1]) => Self::S2n,
            () if GO_LENGTHS.contains(&length) => Self::Go,
            () => Self::Unknown,
        }
    }

    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenSsl => "openssl",
            Self::GnuTls => "gnutls",
            Self::Rfc5077 => "rfc5077",
            Self::WolfSsl => "wolfssl",
            Self::Nss => "nss",
            Self::Botan => "botan",
            Self::MbedTls => "mbedtls",
            Self::S2n => "s2n",
            Self::Go => "go",
            Self::Unknown => "unknown",
        }
    }

    /// Whether tickets of this shape begin with a key name of 16 bytes; Go's do up to 1.20.
    #[must_use]
    pub fn has_key_name(self) -> bool {
        matches!(self, Self::OpenSsl | Self::GnuTls | Self::Rfc5077 | Self::WolfSsl | Self::Nss | Self::Go)
    }

    /// What is known of a ticket of this shape, in one sentence; `None` where the shape is the common one, or none.
    #[must_use]
    pub fn note(self) -> Option<&'static str> {
        Some(match self {
            Self::OpenSsl | Self::Unknown => return None,
            Self::GnuTls => {
                "the shape is GnuTLS's: the 64-byte key of gnutls_session_ticket_enable_server opens it, at any time if \
                 sessions live 6 hours or longer, 2 hours, 1 hour or 5 minutes, else around --at"
            }
            Self::Rfc5077 => {
                "the shape is that of RFC 5077 section 4 with the length sent; wolfSSL and NSS send one too"
            }
            Self::WolfSsl => "the shape is wolfSSL's, whose key is in the server's memory only",
            Self::Nss => "the ticket is from NSS: its key is in the server's memory, and wraps the secret once more",
            Self::Botan => "the ticket is from Botan, which seals with an AEAD under a key derived for each ticket",
            Self::MbedTls => "the shape is that of Mbed TLS, which seals with an AEAD under keys that it makes itself",
            Self::S2n => "the shape is that of s2n-tls, which seals with AES-GCM under a key derived for each ticket",
            Self::Go => "the length is that of Go's crypto/tls: the 32-byte key of SetSessionTicketKeys opens it",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(length: usize, at: usize, bytes: &[u8]) -> Vec<u8> {
        let mut ticket = vec![0xe7; length];
        ticket[at..at + bytes.len()].copy_from_slice(bytes);
        ticket
    }

    #[test]
    fn families_are_told_by_magic_numbers_and_lengths() {
        for (ticket, shape) in [
            (with(176, 0, &[]), Shape::OpenSsl),
            (with(54 + 96, 32, &[0, 96]), Shape::GnuTls),
            (with(66 + 96, 32, &[0, 96]), Shape::Rfc5077),
            (with(66 + 93, 32, &[0, 93]), Shape::WolfSsl),
            ([b"NSS!", &with(62 + 96, 28, &[0, 96])[..]].concat(), Shape::Nss),
            (with(190, 0, &BOTAN_MAGIC), Shape::Botan),
            (with(34 + 101, 16, &[0, 101]), Shape::MbedTls),
            (with(138, 0, &[1]), Shape::S2n),
            (with(113, 0, &[]), Shape::Go),
            (with(175, 0, &[]), Shape::Unknown),
            (vec![], Shape::Unknown),
        ] {
            assert_eq!(Shape::of(&ticket), shape, "{} bytes", ticket.len());
        }
    }

    #[test]
    fn real_tickets_have_their_shapes() {
        for (ticket, shape) in [
            (&include_bytes!("../../testdata/gnutls_tls12/ticket.bin")[..], Shape::GnuTls),
            (include_bytes!("../../testdata/go_tls12/ticket.bin"), Shape::Go),
            (include_bytes!("../../testdata/go_tls13/ticket.bin"), Shape::Go),
            (include_bytes!("../../testdata/stunnel32_tls12/ticket.bin"), Shape::OpenSsl),
        ] {
            assert_eq!(Shape::of(ticket), shape);
        }
    }
}
