//! Whose ticket it may be, as far as its bytes tell without a key.

use std::ops::Range;

use super::frame::{Frame, Marker, TAG_LENGTH};
use super::name::{KeyName, NAME_LENGTH};
use super::{Arrangement, BLOCK_LENGTH, MAX_LENGTH};

/// What the bytes look like.
///
/// Recognition is by magic numbers, by lengths that agree with each other and by bytes that are always zero; families
/// that seal with an AEAD and send no such thing cannot be told from random bytes. Their lengths are no proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Shape {
    /// Key name, IV, whole AES blocks, 32 bytes of MAC: OpenSSL and its relatives, rustls on aws-lc.
    OpenSsl,
    /// A length after the IV that fits, and 20 bytes of MAC: `GnuTLS`.
    GnuTls,
    /// A length after the IV that fits, whole AES blocks, and 32 bytes of MAC: wolfSSL with a callback of OpenSSL's kind,
    /// or RFC 5077 to the letter.
    Rfc5077,
    /// A length after the IV that fits, and room for a MAC of 32 bytes of which an AEAD's tag fills half: wolfSSL.
    WolfSsl,
    /// A length after the IV that fits, whole AES blocks, and a key name that ends in 4 zero bytes: NSS.
    Nss,
    /// The magic number of Botan.
    Botan,
    /// A length after a key name of 4 and a nonce of 12 bytes: Mbed TLS.
    MbedTls,
    /// The version 1, then a key name that is text: s2n-tls from 1.5 on.
    S2n,
    /// A key name that is text, and the length that s2n-tls up to 1.4 gives a session.
    S2nUntil1_4,
    /// Four zero bytes after a salt of 32: fizz.
    Fizz,
    /// A length that Go's crypto/tls gives a session without client certificates.
    Go,
    /// Such a length, which s2n-tls up to 1.4 has too.
    GoOrS2n,
    /// Such a length, which Erlang/OTP has too.
    GoOrOtp,
    /// A length that Erlang/OTP gives a session without a client certificate.
    Otp,
    /// Nothing that is known.
    Unknown,
}

/// s2n-tls: version, key name, info, IV, the shortest session and tag (`tls/s2n_resume.c`).
const S2N_LENGTH: usize = 138;
/// s2n-tls up to 1.4: with a master secret or a PSK of SHA-256, and with one of SHA-384.
const S2N_UNTIL_1_4_LENGTHS: [usize; 2] = [105, 121];
/// Sessions of Go up to 1.20 (TLS 1.2), and of Go from 1.21 on with the curve. Other lengths are shared.
const GO_LENGTHS: [usize; 2] = [129, 123];
/// Go up to 1.20 (TLS 1.3 with SHA-256), and OTP 25 with SHA-384.
const GO_OR_OTP_LENGTH: usize = 113;
/// OTP 25 with SHA-256, later ones with SHA-256 and SHA-384.
const OTP_LENGTHS: [usize; 3] = [97, 99, 115];

impl Shape {
    /// Looks at the bytes of a ticket.
    #[must_use]
    pub fn of(ticket: &[u8]) -> Self {
        let length = ticket.len();
        let number_at = |at: usize| match ticket.get(at..at + 2) {
            Some(&[high, low]) => usize::from(u16::from_be_bytes([high, low])),
            _ => usize::MAX,
        };
        let is_zero = |range: Range<usize>| ticket.get(range).is_some_and(|bytes| bytes.iter().all(|&byte| byte == 0));
        let sends_length = |at, others| number_at(at).checked_add(others) == Some(length) && number_at(at) > 0;
        let whole_blocks = |others: usize| length > others && (length - others) % BLOCK_LENGTH == 0;
        match () {
            () if length > MAX_LENGTH => Self::Unknown,
            () if ticket.starts_with(Marker::Botan.bytes()) => Self::Botan,
            () if sends_length(16, 34) => Self::MbedTls,
            () if sends_length(32, 54) && whole_blocks(54) => Self::GnuTls,
            () if sends_length(32, 66) && is_zero(length - 16..length) => Self::WolfSsl,
            () if sends_length(32, 66) && whole_blocks(66) && is_zero(12..16) => Self::Nss,
            () if sends_length(32, 66) && whole_blocks(66) => Self::Rfc5077,
            () if sends_length(32, 66) => Self::WolfSsl,
            () if length >= S2N_LENGTH && ticket.starts_with(Marker::S2n.bytes()) && is_text_name(ticket, 1) => {
                Self::S2n
            }
            () if !is_zero(0..32)
                && is_zero(32..36)
                && length > Arrangement::Aead(Frame::FIZZ).header_length() + TAG_LENGTH =>
            {
                Self::Fizz
            }
            () if whole_blocks(Arrangement::Named.header_length() + 32) => Self::OpenSsl,
            () if S2N_UNTIL_1_4_LENGTHS.contains(&length) && is_text_name(ticket, 0) => Self::S2nUntil1_4,
            () if S2N_UNTIL_1_4_LENGTHS.contains(&length) => Self::GoOrS2n,
            () if length == GO_OR_OTP_LENGTH => Self::GoOrOtp,
            () if GO_LENGTHS.contains(&length) => Self::Go,
            () if OTP_LENGTHS.contains(&length) => Self::Otp,
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
            Self::S2n | Self::S2nUntil1_4 => "s2n",
            Self::Fizz => "fizz",
            Self::Go => "go",
            Self::GoOrS2n => "go/s2n",
            Self::GoOrOtp => "go/otp",
            Self::Otp => "otp",
            Self::Unknown => "unknown",
        }
    }

    /// Whether tickets of this shape begin with a key name of 16 bytes; Go's do up to 1.20.
    #[must_use]
    pub fn has_key_name(self) -> bool {
        matches!(
            self,
            Self::OpenSsl
                | Self::GnuTls
                | Self::Rfc5077
                | Self::WolfSsl
                | Self::Nss
                | Self::S2nUntil1_4
                | Self::Go
                | Self::GoOrS2n
                | Self::GoOrOtp
        )
    }

    /// Whether bytes that only one family sends are there, and not only a length that several have.
    #[must_use]
    pub fn is_certain(self) -> bool {
        !matches!(self, Self::OpenSsl | Self::Go | Self::GoOrS2n | Self::GoOrOtp | Self::Otp | Self::Unknown)
    }

    /// Whether the first bytes may be a key name or random ones: Go sends a name up to 1.20 only, Erlang/OTP never.
    #[must_use]
    pub fn has_doubtful_name(self) -> bool {
        matches!(self, Self::Go | Self::GoOrS2n | Self::GoOrOtp)
    }

    /// The key name of a ticket of this shape, as far as the shape tells where it stands.
    #[must_use]
    pub fn key_name(self, ticket: &[u8]) -> Option<KeyName> {
        let part = |range: Range<usize>| ticket.get(range).and_then(KeyName::of);
        match self {
            Self::MbedTls => part(0..4),
            Self::Botan => part(8..12),
            Self::S2n => part(1..17),
            _ if self.has_key_name() => part(0..16),
            _ => None,
        }
    }

    /// Whether nothing in the bytes says whose they are: what seals with an AEAD and marks its tickets with nothing may
    /// have made them.
    pub(crate) fn may_be_unmarked(self) -> bool {
        matches!(self, Self::Unknown | Self::Go | Self::GoOrS2n | Self::GoOrOtp | Self::Otp | Self::S2nUntil1_4)
    }

    /// What is known of a ticket of this shape, in one sentence; `None` if the shape is the common one, or none.
    #[must_use]
    pub fn note(self) -> Option<&'static str> {
        Some(match self {
            Self::OpenSsl | Self::Unknown => return None,
            Self::GnuTls => {
                "the shape is GnuTLS's: the 64-byte key of gnutls_session_ticket_enable_server opens it; GnuTLS derives the \
                 key from the time: for session lifetimes other than 5 minutes, 1 hour, 2 hours or 6 hours and more give --at; behind lighttpd's mod_gnutls \
                 the ssl.stek-file, behind Knot Resolver the sticket secret"
            }
            Self::Rfc5077 => {
                "the shape is that of RFC 5077 section 4 with the length sent: wolfSSL behind a server that was written for \
                 OpenSSL, whose key file opens it"
            }
            Self::WolfSsl => {
                "the shape is wolfSSL's: what wolfSSL_CTX_get_tlsext_ticket_keys gives opens it (--key-format wolfssl)"
            }
            Self::Nss => "the shape is NSS's: its key is in the server's memory, and wraps the secret once more",
            Self::Botan => "the ticket is from Botan, which seals with an AEAD under a key derived for each ticket",
            Self::MbedTls => {
                "the shape is that of Mbed TLS: the key of mbedtls_ssl_ticket_rotate opens it (--key-format mbedtls), behind \
                 lighttpd's mod_mbedtls the ssl.stek-file"
            }
            Self::S2n | Self::S2nUntil1_4 => {
                "the shape is that of s2n-tls: the key of s2n_config_add_ticket_crypto_key opens it (--key-format s2n)"
            }
            Self::Fizz => "the shape is that of fizz, which seals with an AEAD under a key derived for each ticket",
            Self::Go => {
                "the length is one of Go's crypto/tls, whose 32-byte key of SetSessionTicketKeys would open it; what seals \
                 with an AEAD (rustls on ring, JSSE, Erlang/OTP, tlslite-ng) can have any length"
            }
            Self::GoOrS2n => {
                "the length is one of Go's crypto/tls (the 32-byte key of SetSessionTicketKeys) and of s2n-tls up to 1.4 \
                 (--key-format s2n); what seals with an AEAD (rustls on ring, JSSE, tlslite-ng) can have any length"
            }
            Self::GoOrOtp => {
                "the length is one of Go's crypto/tls (the 32-byte key of SetSessionTicketKeys) and of Erlang/OTP \
                 (--key-format otp); what seals with an AEAD (rustls on ring, JSSE, tlslite-ng) can have any length"
            }
            Self::Otp => {
                "the length is one of Erlang/OTP, whose stateless_tickets_seed would open it (--key-format otp); what seals \
                 with an AEAD (rustls on ring, JSSE, tlslite-ng) can have any length"
            }
        })
    }
}

/// Whether 16 bytes are text, filled up with zeros: what s2n-tls makes of a name.
fn is_text_name(ticket: &[u8], at: usize) -> bool {
    let Some(name) = ticket.get(at..at + NAME_LENGTH) else { return false };
    let text = name.iter().take_while(|&&byte| byte != 0).count();
    let is_text = name.iter().take(text).all(|byte| matches!(byte, 0x20..=0x7e));
    text > 0 && is_text && name.iter().skip(text).all(|&byte| byte == 0)
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
            ([&with(66 + 80, 32, &[0, 96])[..], &[0; 16]].concat(), Shape::WolfSsl),
            (with(66 + 96, 12, &[&[0; 4][..], &[0xe7; 16], &[0, 96]].concat()), Shape::Nss),
            (with(190, 0, Marker::Botan.bytes()), Shape::Botan),
            (with(34 + 101, 16, &[0, 101]), Shape::MbedTls),
            // the length would do for OpenSSL too
            (with(34 + 110, 16, &[0, 110]), Shape::MbedTls),
            (with(138, 0, b"\x01stek1\0\0\0\0\0\0\0\0\0\0\0"), Shape::S2n),
            (with(144, 0, b"\x012026-11-28-key-a"), Shape::S2n),
            (with(138, 0, &[1]), Shape::Unknown),
            (with(105, 0, b"20261128\0\0\0\0\0\0\0\0"), Shape::S2nUntil1_4),
            (with(105, 0, &[]), Shape::GoOrS2n),
            (with(127, 32, &[0; 4]), Shape::Fizz),
            (with(129, 0, &[]), Shape::Go),
            (with(113, 0, &[]), Shape::GoOrOtp),
            (with(99, 0, &[]), Shape::Otp),
            (with(175, 0, &[]), Shape::Unknown),
            (vec![], Shape::Unknown),
            // the longest that TLS carries, and one byte more
            (with(65_535, 16, &[0xff, 0xff - 34]), Shape::MbedTls),
            (with(65_536, 16, &[0xff, 0xff - 33]), Shape::Unknown),
        ] {
            assert_eq!(Shape::of(&ticket), shape, "{} bytes", ticket.len());
        }
    }

    #[test]
    fn real_tickets_have_their_shapes() {
        for (ticket, shape) in [
            (&include_bytes!("../../testdata/gnutls_tls12/ticket.bin")[..], Shape::GnuTls),
            (include_bytes!("../../testdata/go_tls12/ticket.bin"), Shape::Go),
            (include_bytes!("../../testdata/go_tls13/ticket.bin"), Shape::GoOrOtp),
            (include_bytes!("../../testdata/stunnel32_tls12/ticket.bin"), Shape::OpenSsl),
        ] {
            assert_eq!(Shape::of(ticket), shape);
        }
    }
}
