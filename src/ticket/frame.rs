//! How the parts of a ticket stand that is sealed with an AEAD: each family has an arrangement of its own.

use std::fmt;
use std::ops::Range;

/// Bytes of the tag: no family cuts it.
pub(crate) const TAG_LENGTH: usize = 16;

/// The parts of such a ticket in order, by their lengths in bytes; the ciphertext takes what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Frame {
    /// What every ticket of the family begins with.
    pub marker: Marker,
    /// The key name.
    pub name: u8,
    /// What the key of this one ticket is derived with.
    pub salt: u8,
    /// The nonce.
    pub nonce: u8,
    /// Bytes behind the nonce that nothing needs.
    pub unused: u8,
    /// Whether the length of the ciphertext is sent, in two bytes.
    pub has_length: bool,
    /// What follows the tag.
    pub trailer: Trailer,
}

/// What every ticket of a family begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Marker {
    /// Nothing.
    None,
    /// The version 1 of s2n-tls (`S2N_TICKET_VERSION` in `tls/s2n_resume.h`).
    S2n,
    /// The magic number of Botan (`src/lib/tls/tls_session.cpp`).
    Botan,
}

impl Marker {
    /// The bytes.
    #[must_use]
    pub const fn bytes(self) -> &'static [u8] {
        match self {
            Self::None => &[],
            Self::S2n => &[1],
            Self::Botan => &[0x06, 0x8b, 0x5a, 0x9d, 0x39, 0x6c, 0, 0],
        }
    }
}

/// What follows the tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trailer {
    /// Nothing.
    None,
    /// 16 zero bytes: the MAC of wolfSSL has room for 32, of which the tag fills half.
    Zeros,
    /// 32 bytes that are half of the key of this one ticket: Erlang/OTP.
    Pad,
}

impl Trailer {
    /// Its length in bytes.
    #[must_use]
    pub const fn length(self) -> usize {
        match self {
            Self::None => 0,
            Self::Zeros => 16,
            Self::Pad => 32,
        }
    }
}

impl Frame {
    /// Nothing but ciphertext and tag: what other frames are made of.
    pub const BARE: Self =
        Self { marker: Marker::None, name: 0, salt: 0, nonce: 0, unused: 0, has_length: false, trailer: Trailer::None };
    /// Mbed TLS (`library/ssl_ticket.c`).
    pub const MBEDTLS: Self = Self { name: 4, nonce: 12, has_length: true, ..Self::BARE };
    /// s2n-tls up to 1.4 (`tls/s2n_resume.c`).
    pub const S2N_UNTIL_1_4: Self = Self { name: 16, nonce: 12, ..Self::BARE };
    /// s2n-tls from 1.5 on.
    pub const S2N: Self = Self { marker: Marker::S2n, salt: 32, ..Self::S2N_UNTIL_1_4 };
    /// wolfSSL's own callback (`DefTicketEncCb` in `src/internal.c`): of 16 bytes for an IV the first 12 are the nonce.
    pub const WOLFSSL: Self =
        Self { name: 16, nonce: 12, unused: 4, has_length: true, trailer: Trailer::Zeros, ..Self::BARE };
    /// rustls on ring from 0.23.11 on (`src/crypto/ring/ticketer.rs`).
    pub const RUSTLS: Self = Self { name: 16, nonce: 12, ..Self::BARE };
    /// rustls on ring up to 0.23.10.
    pub const RUSTLS_UNTIL_0_23_10: Self = Self { nonce: 12, ..Self::BARE };
    /// Erlang/OTP (`lib/ssl/src/ssl_cipher.erl`).
    pub const OTP: Self = Self { trailer: Trailer::Pad, ..Self::BARE };
    /// Botan from 2.13 on.
    pub const BOTAN: Self = Self { marker: Marker::Botan, name: 4, salt: 16, nonce: 12, ..Self::BARE };

    /// fizz (`fizz/server/AeadTokenCipher.h`): behind the salt 4 zero bytes, a sequence number.
    pub const FIZZ: Self = Self { salt: 32, unused: 4, ..Self::BARE };

    /// Where the key name begins.
    pub(super) const fn name_start(self) -> usize {
        self.marker.bytes().len()
    }

    /// Where the salt begins.
    pub(super) const fn salt_start(self) -> usize {
        self.name_start() + self.name as usize
    }

    /// Where the nonce begins.
    pub(super) const fn nonce_start(self) -> usize {
        self.salt_start() + self.salt as usize
    }

    /// Where the nonce is.
    pub(super) fn nonce_range(self) -> Range<usize> {
        self.nonce_start()..self.nonce_start() + usize::from(self.nonce)
    }

    /// Bytes before the ciphertext.
    pub(super) const fn header_length(self) -> usize {
        let length = if self.has_length { 2 } else { 0 };
        self.nonce_start() + self.nonce as usize + self.unused as usize + length
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("marker", self.marker.bytes().len()),
            ("name", self.name.into()),
            ("salt", self.salt.into()),
            ("nonce", self.nonce.into()),
            ("unused", self.unused.into()),
            ("length", if self.has_length { 2 } else { 0 }),
        ];
        for (name, length) in parts.into_iter().filter(|(_, length)| *length > 0) {
            write!(f, "{name}{length} ")?;
        }
        write!(f, "ciphertext tag{TAG_LENGTH}")?;
        match self.trailer {
            Trailer::None => Ok(()),
            Trailer::Zeros => write!(f, " zeros{}", self.trailer.length()),
            Trailer::Pad => write!(f, " pad{}", self.trailer.length()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_as_long_as_the_families_say() {
        for (frame, header, text) in [
            (Frame::MBEDTLS, 18, "name4 nonce12 length2 ciphertext tag16"),
            (Frame::S2N_UNTIL_1_4, 28, "name16 nonce12 ciphertext tag16"),
            (Frame::S2N, 61, "marker1 name16 salt32 nonce12 ciphertext tag16"),
            (Frame::WOLFSSL, 34, "name16 nonce12 unused4 length2 ciphertext tag16 zeros16"),
            (Frame::RUSTLS_UNTIL_0_23_10, 12, "nonce12 ciphertext tag16"),
            (Frame::OTP, 0, "ciphertext tag16 pad32"),
            (Frame::BOTAN, 40, "marker8 name4 salt16 nonce12 ciphertext tag16"),
        ] {
            assert_eq!((frame.header_length(), frame.to_string().as_str()), (header, text));
        }
    }
}
