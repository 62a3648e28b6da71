//! A key that is set up for use.

use std::fmt;
use std::ops::Deref;
use std::sync::LazyLock;

use super::bytes::{KeyBytes, Validity};
use super::crypto::{Engine, MacKey};
use super::derived::Derived;
use super::fingerprint::Fingerprint;
use super::layout::{Layout, Parts};
use super::origin::Origin;
use super::scheme::{Hash, Scheme};
use super::weak::{self, Weakness};
use crate::ticket::{Arrangement, KeyName, Malformed, Shape, Ticket};

/// A ticket key, ready to verify and open.
///
/// The secrets are wiped on drop and never shown by `Debug`.
pub struct TicketKey {
    pub(super) name: Option<KeyName>,
    name_is_public: bool,
    layout: Layout,
    pub(super) scheme: Scheme,
    origin: Origin,
    validity: Validity,
    fingerprint: Fingerprint,
    secrets: Fingerprint,
    /// Boxed, since few keys have one.
    weakness: Option<Box<[Option<Weakness>; 2]>>,
    pub(super) engine: Engine,
    /// Boxed, since few keys have one, and all keys are to lie close together.
    pub(super) derived: Option<Box<Derived>>,
}

impl TicketKey {
    /// Sets a key up. `now`, seconds since 1970, says where to look first for a key that is derived from the time.
    /// `None` if the number of bytes is not that of the layout, or AES has no such key size.
    #[must_use]
    pub fn new(key: &KeyBytes, origin: Origin, now: Option<i64>) -> Option<Self> {
        let parts = key.layout.divide(&key.bytes)?;
        let name = match parts.name {
            Some(name) => Some(KeyName::of(name)?),
            None => None,
        };
        let weakness = match &key.seed {
            Some(seed) => [weak::recognise(seed); 2],
            None => {
                [parts.aes, parts.hmac].map(|secret| if secret.is_empty() { None } else { weak::recognise(secret) })
            }
        };
        Some(Self {
            name,
            name_is_public: !key.scheme.derives() && !key.name_is_doubtful,
            layout: key.layout,
            scheme: key.scheme,
            origin,
            validity: key.validity,
            fingerprint: Fingerprint::of(&parts),
            secrets: Fingerprint::of_secrets(&parts),
            weakness: (weakness != [None; 2]).then(|| Box::new(weakness)),
            engine: Engine::new(&parts, &key.scheme)?,
            derived: Derived::new(key, now).map(Box::new),
        })
    }

    /// The key name; `None` if the server has none and tries every ticket, or derives one for each slot of time, and
    /// if what is in its place may be part of a secret.
    #[must_use]
    pub fn name(&self) -> Option<KeyName> {
        self.name.filter(|_| self.name_is_public)
    }

    /// The name of tickets under the key as it is, which may not be shown: of a master key it is secret (old `GnuTLS`
    /// used it as a name anyway), and so it may be if the file can be cut into keys in several ways.
    pub(crate) fn direct_name(&self) -> Option<KeyName> {
        self.name
    }

    /// How the key's bytes are divided.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// What the server makes of the key.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Where the key came from.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// When the key is used, as far as its file says.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// A hash of the whole key that gives nothing of it away.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// A hash of the key without its name: equal for equal secrets under different names.
    #[must_use]
    pub fn secrets_fingerprint(&self) -> Fingerprint {
        self.secrets
    }

    /// The weakness of the cipher key and of the MAC key; if both are derived from one secret, that of the secret.
    #[must_use]
    pub fn weakness(&self) -> [Option<Weakness>; 2] {
        self.weakness.as_deref().copied().unwrap_or_default()
    }

    /// The weakness of what proves tickets: the MAC key, or the secret that it is derived from.
    #[cfg(feature = "audit")]
    pub(crate) fn mac_weakness(&self) -> Option<Weakness> {
        let [_, mac] = self.weakness();
        mac
    }

    /// The cipher, such as `AES-128-CBC`.
    #[must_use]
    pub fn cipher_name(&self) -> &'static str {
        self.engine.cipher_name()
    }

    /// The MAC, such as `HMAC-SHA256`, or what takes its place, such as `AES-256-GCM tag`.
    #[must_use]
    pub fn mac_name(&self) -> &'static str {
        self.engine.proof_name()
    }

    /// The ways to read a ticket that names this key, whether the MAC is right or not.
    pub fn named_readings<'k, 't>(&'k self, bytes: &'t [u8]) -> impl Iterator<Item = (KeyInUse<'k>, Ticket<'t>)> {
        let arrangements = self.scheme.arrangements.iter();
        arrangements.filter_map(move |&arrangement| {
            let ticket = self.split(bytes, arrangement).ok()?;
            let name = ticket.key_name()?;
            if self.name == Some(name) {
                return Some((KeyInUse { key: self, slot: None }, ticket));
            }
            let slot = self.derived.as_ref()?.find(name)?;
            Some((KeyInUse { key: self, slot: Some(slot) }, ticket))
        })
    }

    #[allow(clippy::inline_always, reason = "inlined, so that a result of this size is not handed through memory")]
    #[inline(always)]
    pub(super) fn split<'t>(&self, bytes: &'t [u8], arrangement: Arrangement) -> Result<Ticket<'t>, Malformed> {
        self.engine.split(bytes, arrangement, self.scheme.tag_length())
    }

    /// Whether a ticket of that shape may be one of the key's family: it shows that it is, or nothing that speaks for
    /// another one.
    pub(crate) fn may_have_shape(&self, ticket: &[u8], shape: Shape) -> bool {
        self.scheme.arrangements.iter().any(|&arrangement| {
            self.split(ticket, arrangement).is_ok_and(|_| arrangement.is_marked() || shape.may_be_unmarked())
        })
    }

    /// Whether ticket and key have the same name, or one of them has none.
    pub(super) fn may_have_sealed(&self, ticket: &Ticket<'_>) -> bool {
        self.name.is_none() || ticket.key_name().is_none() || ticket.key_name() == self.name
    }
}

impl fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketKey")
            .field("name", &self.name())
            .field("layout", &self.layout)
            .field("origin", &self.origin)
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

/// The decrypted bytes do not end in PKCS#7 padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadPadding;

/// A key as a ticket met it: itself, or what was derived from it for a slot of time.
#[derive(Debug, Clone, Copy)]
pub struct KeyInUse<'k> {
    pub(super) key: &'k TicketKey,
    /// What tells the derived keys of a key apart.
    pub(super) slot: Option<u64>,
}

impl<'k> KeyInUse<'k> {
    /// The key.
    #[must_use]
    pub fn key(&self) -> &'k TicketKey {
        self.key
    }

    /// The slot of time that the key was derived for: the time divided by the length of slots.
    #[must_use]
    pub fn slot(&self) -> Option<u64> {
        self.key.derived.as_ref()?.slot(self.slot?)
    }

    /// The epoch that the master of that slot was derived for (Knot Resolver): the time divided by 4096 seconds.
    #[must_use]
    pub fn epoch(&self) -> Option<u64> {
        self.key.derived.as_ref()?.epoch(self.slot?)
    }

    /// The decryption itself, for a ticket whose MAC was judged by the caller.
    pub(crate) fn decrypt<'b>(&self, ticket: &Ticket<'_>, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], BadPadding> {
        let plaintext = match (self.slot, &self.key.derived) {
            (Some(slot), Some(derived)) => derived.with_key(slot, |key| key.engine.decrypt(ticket, buffer)),
            _ => self.key.engine.decrypt(ticket, buffer),
        };
        plaintext.ok_or(BadPadding)
    }
}

impl Deref for KeyInUse<'_> {
    type Target = TicketKey;

    fn deref(&self) -> &TicketKey {
        self.key
    }
}

/// Whether a ticket was sealed in a scheme under the bare bytes of a key: `key` is that of the cipher, `second` that of the
/// MAC or what an AEAD's key has beside it. For those who have many candidates and no key file.
#[must_use]
pub fn seals(scheme: &Scheme, key: &[u8], second: &[u8], ticket: &[u8]) -> bool {
    let parts = Parts { name: None, aes: key, hmac: second };
    let Some(engine) = Engine::new(&parts, scheme) else { return false };
    scheme.arrangements.iter().any(|&arrangement| {
        engine.split(ticket, arrangement, scheme.tag_length()).is_ok_and(|ticket| engine.proves(&ticket))
    })
}

/// Whether the MAC of a ticket of OpenSSL's is the one an all-zero HMAC key gives: the server authenticates nothing.
#[must_use]
pub fn verifies_under_zero_mac_key(bytes: &[u8]) -> bool {
    static ZERO: LazyLock<Option<MacKey>> = LazyLock::new(|| MacKey::new(&[], Hash::Sha256));
    let ticket = Ticket::split_as(bytes, Arrangement::Named, Hash::Sha256.length());
    ZERO.as_ref().is_some_and(|mac| ticket.is_ok_and(|ticket| mac.verify(&ticket)))
}
