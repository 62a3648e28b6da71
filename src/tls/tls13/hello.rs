//! The `pre_shared_key` extension of a ClientHello (RFC 9846, RFC 8446 section 4.2.11).

use crate::tls::wire::Reader;

/// A ClientHello that ends in a `pre_shared_key` extension.
#[derive(Debug, Clone)]
pub struct PskHello<'a> {
    message: &'a [u8],
    random: &'a [u8; 32],
    identities: Vec<Identity<'a>>,
    binders: Vec<&'a [u8]>,
    truncated: &'a [u8],
}

/// One identity that a client offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity<'a> {
    /// The ticket.
    pub ticket: &'a [u8],
    /// The ticket's age in milliseconds plus its `ticket_age_add`, modulo 2^32.
    pub obfuscated_age: u32,
}

const CLIENT_HELLO: u8 = 1;
const PRE_SHARED_KEY: u16 = 41;

impl<'a> PskHello<'a> {
    /// Reads a whole handshake message, header of four bytes included; `None` if it is not a ClientHello, is cut
    /// short or does not end in a well-formed `pre_shared_key` extension.
    #[must_use]
    pub fn parse(message: &'a [u8]) -> Option<Self> {
        let mut outer = Reader(message);
        if outer.u8()? != CLIENT_HELLO {
            return None;
        }
        let mut body = Reader(outer.vec24()?);
        if !outer.is_empty() {
            return None;
        }
        body.u16()?;
        let random = body.array_ref()?;
        body.vec8()?;
        body.vec16()?;
        body.vec8()?;
        let mut extensions = Reader(body.vec16()?);
        if !body.is_empty() {
            return None;
        }
        let mut last = None;
        while !extensions.is_empty() {
            last = Some((extensions.u16()?, extensions.vec16()?));
        }
        let (PRE_SHARED_KEY, psk) = last? else { return None };
        let mut psk = Reader(psk);
        let identities = identities(psk.vec16()?)?;
        // the extension is the last one, and the binders end it
        let truncated = message.get(..message.len().checked_sub(psk.0.len())?)?;
        let binders = binders(psk.vec16()?)?;
        if !psk.is_empty() || identities.is_empty() || identities.len() != binders.len() {
            return None;
        }
        Some(Self { message, random, identities, binders, truncated })
    }

    /// The whole message.
    #[must_use]
    pub fn message(&self) -> &'a [u8] {
        self.message
    }

    /// The client random.
    #[must_use]
    pub fn random(&self) -> &'a [u8; 32] {
        self.random
    }

    /// What the client offers, in its order.
    #[must_use]
    pub fn identities(&self) -> &[Identity<'a>] {
        &self.identities
    }

    /// The binders, one for each identity, of at least 32 bytes each.
    #[must_use]
    pub fn binders(&self) -> &[&'a [u8]] {
        &self.binders
    }

    /// The message up to its binders, which is what they sign (RFC 9846, RFC 8446 section 4.2.11.2). The length in its
    /// header
    /// is that of the whole message.
    #[must_use]
    pub fn truncated(&self) -> &'a [u8] {
        self.truncated
    }
}

fn identities(list: &[u8]) -> Option<Vec<Identity<'_>>> {
    let mut list = Reader(list);
    let mut identities = Vec::new();
    while !list.is_empty() {
        identities.push(Identity { ticket: list.vec16()?, obfuscated_age: list.u32()? });
    }
    Some(identities)
}

fn binders(list: &[u8]) -> Option<Vec<&[u8]>> {
    let mut list = Reader(list);
    let mut binders = Vec::new();
    while !list.is_empty() {
        let binder = list.vec8()?;
        if binder.len() < 32 {
            return None;
        }
        binders.push(binder);
    }
    Some(binders)
}
