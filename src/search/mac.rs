//! The MAC of a ticket under one candidate after the other.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use super::lock::Seal;
use crate::key::scheme::Hash;
use crate::ticket::{Arrangement, Ticket};

/// What a MAC covers, and the MAC itself.
pub(super) struct Sealed<'t> {
    pub(super) seal: Seal,
    pieces: [&'t [u8]; 3],
    length: [u8; 2],
    tag: &'t [u8],
}

impl<'t> Sealed<'t> {
    /// Splits a ticket as a seal does; `None` if it cannot be that seal's.
    pub(super) fn new(ticket: &'t [u8], seal: Seal) -> Option<Self> {
        let ticket = Ticket::split_as(ticket, seal.arrangement, seal.hash.length()).ok()?;
        let (header, length, ciphertext) = ticket.authenticated_pieces();
        // a length that is sent is part of the header
        Some(Self { seal, pieces: [header, &[], ciphertext], length, tag: ticket.mac() })
    }

    /// Whether the MAC is right under a key.
    pub(super) fn is_under(&self, key: &[u8]) -> bool {
        match self.seal.hash {
            Hash::Sha1 => self.verify::<Hmac<Sha1>>(key),
            Hash::Sha256 => self.verify::<Hmac<Sha256>>(key),
            Hash::Sha384 => self.verify::<Hmac<Sha384>>(key),
            Hash::Sha512 => self.verify::<Hmac<Sha512>>(key),
        }
    }

    fn verify<M: Mac + KeyInit>(&self, key: &[u8]) -> bool {
        let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else { return false };
        let [header, _, ciphertext] = self.pieces;
        mac.update(header);
        if self.seal.arrangement == Arrangement::UnsentLength {
            mac.update(&self.length);
        }
        mac.update(ciphertext);
        mac.verify_slice(self.tag).is_ok()
    }
}
