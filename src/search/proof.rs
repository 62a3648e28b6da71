//! Whether a key that was found opens tickets, judged as everywhere else: by a [`TicketKey`].

use std::sync::Arc;

use zeroize::Zeroizing;

use super::families;
use super::lock::{FoundKey, PairLock, Seal};
use crate::key::format::KeyBytes;
use crate::key::layout::{Layout, Order};
use crate::key::{Origin, Role, Scheme, TicketKey};
use crate::session::{self, Dialect, Session};
use crate::ticket::Arrangement;

/// Sets a key up for use.
pub(super) fn ticket_key(key: &KeyBytes) -> Option<TicketKey> {
    let nothing: Arc<str> = Arc::from("");
    let origin = Origin { file: Arc::clone(&nothing), index: 0, role: Role::Unknown, format: nothing };
    TicketKey::new(key, origin, None)
}

/// The key that two secrets make, under the name that the ticket begins with if tickets have names.
pub(super) fn pair(ticket: &[u8], aes: &[u8], mac: &[u8], seal: Seal) -> Option<KeyBytes> {
    let (order, name) = if seal.arrangement.has_key_name() {
        (Order::NameHmacAes, ticket.get(..16)?)
    } else {
        (Order::AesHmac, &[][..])
    };
    let secrets = if order == Order::AesHmac { [aes, mac] } else { [mac, aes] };
    let bytes = Zeroizing::new([name, secrets[0], secrets[1]].concat());
    let layout = Layout { order, aes: aes.len(), hmac: mac.len() };
    Some(KeyBytes::new(0, &bytes, layout).with_scheme(seal.scheme))
}

/// Whether a ticket is genuine under a key.
pub(super) fn verifies(key: &KeyBytes, ticket: &[u8]) -> bool {
    ticket_key(key).is_some_and(|key| key.verify(ticket).is_ok())
}

/// Whether an AES key decrypts a ticket to a session. That does not prove that it is genuine.
pub(super) fn decrypts(lock: &PairLock, ticket: &[u8], aes: &[u8]) -> bool {
    let is_session = |plaintext: &[u8]| session::begins_as_asn1(plaintext) || Session::parse(plaintext).is_ok();
    lock.seals.iter().any(|&seal| {
        let Some(key) = pair(ticket, aes, &[0; 16], seal).and_then(|key| ticket_key(&key)) else { return false };
        let mut buffer = Zeroizing::default();
        let plaintext = key.decrypt_unverified(ticket, seal.arrangement, &mut buffer);
        plaintext.is_some_and(|plaintext| is_session(plaintext.assume_unverified()))
    })
}

/// Whether tickets under a key name it.
pub(super) fn names_its_key(key: &KeyBytes, ticket: &[u8]) -> bool {
    let named = |arrangement: &Arrangement| arrangement.has_key_name();
    key.scheme.derives()
        || ticket_key(key).is_some_and(|key| {
            key.verify(ticket).map_or_else(
                |_| key.scheme().arrangements.iter().all(named),
                |right| right.ticket().key_name().is_some(),
            )
        })
}

/// Whose a key is: that of the session inside, such as `boringssl`, else that of the cipher.
pub(super) fn family(key: &FoundKey, ticket: &[u8]) -> &'static str {
    match key {
        FoundKey::Bare(key) => key.family,
        FoundKey::Known(key) if key.scheme.derives() => Dialect::GnuTls.as_str(),
        FoundKey::Known(key) if key.scheme == Scheme::GO => Dialect::Go.as_str(),
        FoundKey::Known(key) => families::family_of(&key.scheme)
            .unwrap_or_else(|| dialect(key, ticket).unwrap_or(Dialect::OpenSsl).as_str()),
    }
}

fn dialect(key: &KeyBytes, ticket: &[u8]) -> Option<Dialect> {
    let key = ticket_key(key)?;
    let mut buffer = Zeroizing::default();
    let plaintext = key.verify(ticket).ok()?.open(&mut buffer).ok()?;
    Session::parse(plaintext).ok().map(|session| session.dialect)
}
