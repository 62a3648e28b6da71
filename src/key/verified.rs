//! Tickets that a key verified, and what was decrypted without that proof.

use super::crypto::MacKey;
use super::ticket_key::{BadPadding, KeyInUse, TicketKey};
use crate::ticket::{Arrangement, Ticket};

/// MAC or tag did not verify under this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MacMismatch;

/// A ticket whose MAC is right under a key: the proof is the existence of this value.
#[derive(Debug, Clone, Copy)]
pub struct Verified<'k, 't> {
    key: KeyInUse<'k>,
    ticket: Ticket<'t>,
}

impl<'k, 't> Verified<'k, 't> {
    fn new(key: KeyInUse<'k>, ticket: Ticket<'t>) -> Self {
        Self { key, ticket }
    }

    /// The key that verified it.
    #[must_use]
    pub fn key(&self) -> &'k TicketKey {
        self.key.key()
    }

    /// The key that verified it, and the time slot that it was derived for, if keys are.
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
    fn new(value: T) -> Self {
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

impl TicketKey {
    /// Checks MAC or tag, in constant time, in every arrangement that tickets under this key can have. Only the result
    /// lets the ticket be opened as genuine.
    pub fn verify<'k, 't>(&'k self, bytes: &'t [u8]) -> Result<Verified<'k, 't>, MacMismatch> {
        for &arrangement in self.scheme.arrangements {
            let Ok(ticket) = self.split(bytes, arrangement) else { continue };
            if self.may_have_sealed(&ticket) && self.engine.proves(&ticket) {
                return Ok(Verified::new(KeyInUse { key: self, slot: None }, ticket));
            }
        }
        self.verify_derived(bytes).ok_or(MacMismatch)
    }

    /// Checks the MACs of two tickets at once, each in the first arrangement that tickets under its key can have. Where
    /// nothing comes of it, [`verify`](Self::verify) has the last word.
    pub(crate) fn verify_both<'k, 't>(tickets: [(&'k Self, &'t [u8]); 2]) -> [Option<Verified<'k, 't>>; 2] {
        let [Some((key, ticket)), Some((other_key, other))] = tickets.map(|(key, bytes)| {
            let ticket = key.split(bytes, *key.scheme.arrangements.first()?).ok()?;
            key.may_have_sealed(&ticket).then_some((key, ticket))
        }) else {
            return [None; 2];
        };
        let (Some(mac), Some(other_mac)) = (key.engine.mac(), other_key.engine.mac()) else { return [None; 2] };
        let right = MacKey::verify_both([(mac, &ticket), (other_mac, &other)]).unwrap_or_default();
        let verified = |right: bool, key, ticket| right.then(|| Verified::new(KeyInUse { key, slot: None }, ticket));
        let [first, second] = right;
        [verified(first, key, ticket), verified(second, other_key, other)]
    }

    /// Decrypts a ticket in one arrangement without looking at the MAC, whoever sealed it.
    #[cfg(feature = "keyfind")]
    pub(crate) fn decrypt_unverified<'b>(
        &self,
        bytes: &[u8],
        arrangement: Arrangement,
        buffer: &'b mut Vec<u8>,
    ) -> Option<Unverified<&'b [u8]>> {
        let ticket = self.split(bytes, arrangement).ok()?;
        KeyInUse { key: self, slot: None }.decrypt_unverified(&ticket, buffer).ok()
    }

    /// Checks the MAC under a key that is derived from this one.
    fn verify_derived<'k, 't>(&'k self, bytes: &'t [u8]) -> Option<Verified<'k, 't>> {
        let derived = self.derived.as_ref()?;
        let ticket = self.split(bytes, Arrangement::SentLength).ok()?.whole_blocks().ok()?;
        // the master key's own name is not a slot's
        let name = ticket.key_name().filter(|name| Some(*name) != self.name)?;
        let slot = derived.find(name)?;
        let is_right = derived.with_key(slot, |key| Some(key.engine.proves(&ticket)))?;
        is_right.then(|| Verified::new(KeyInUse { key: self, slot: Some(slot) }, ticket))
    }
}

impl KeyInUse<'_> {
    /// Decrypts without looking at the MAC: what comes out may be anybody's.
    pub fn decrypt_unverified<'b>(
        &self,
        ticket: &Ticket<'_>,
        buffer: &'b mut Vec<u8>,
    ) -> Result<Unverified<&'b [u8]>, BadPadding> {
        self.decrypt(ticket, buffer).map(Unverified::new)
    }
}
