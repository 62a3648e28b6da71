//! Tickets that a key verified, and what was decrypted without that proof.

use super::{KeyInUse, TicketKey};
use crate::ticket::Ticket;

/// The decrypted bytes do not end in PKCS#7 padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadPadding;

/// A ticket whose MAC is right under a key: the proof is the existence of this value.
#[derive(Debug, Clone, Copy)]
pub struct Verified<'k, 't> {
    key: KeyInUse<'k>,
    ticket: Ticket<'t>,
}

impl<'k, 't> Verified<'k, 't> {
    pub(crate) fn new(key: KeyInUse<'k>, ticket: Ticket<'t>) -> Self {
        Self { key, ticket }
    }

    /// The key that verified it.
    #[must_use]
    pub fn key(&self) -> &'k TicketKey {
        self.key.key()
    }

    /// The key that verified it, and the time slot that it was derived for, where keys are.
    #[must_use]
    pub fn key_in_use(&self) -> KeyInUse<'k> {
        self.key
    }

    /// The ticket, split as the key does.
    #[must_use]
    pub fn ticket(&self) -> &Ticket<'t> {
        &self.ticket
    }

    /// Decrypts into `buffer`, in the place of what it held (one buffer serves a batch); the padding stays out of the result.
    pub fn open<'b>(&self, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], BadPadding> {
        self.key.decrypt(&self.ticket, buffer)
    }
}

/// Something from a ticket whose MAC did not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unverified<T>(T);

impl<T> Unverified<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for a caller that marks it as unverified wherever it shows it.
    pub fn assume_unverified(&self) -> &T {
        &self.0
    }

    /// Works on the value without leaving the wrapper.
    pub fn map<U>(self, with: impl FnOnce(T) -> U) -> Unverified<U> {
        Unverified(with(self.0))
    }
}
