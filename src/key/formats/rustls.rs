//! rustls on ring (`src/crypto/ring/ticketer.rs`): 32 bytes of key, which the process makes at random, and from 0.23.11 on
//! a name of 16. No interface takes them: they come out of memory.

use super::bare::{Bare, Library};
use crate::key::format::KeyBytes;
use crate::key::layout::{Layout, Order};
use crate::key::scheme::{Algorithm, AssociatedData, Derivation, KeySource, Protection, Scheme, Sealing};
use crate::ticket::{Arrangement, Frame};

/// Without a name: up to 0.23.10 the tag covers the ciphertext alone.
pub(super) const UNTIL_0_23_10: Scheme = Scheme {
    protection: sealing(AssociatedData::Nothing),
    arrangements: &[Arrangement::Aead(Frame::RUSTLS_UNTIL_0_23_10)],
    derivation: Derivation::None,
};
/// With a name, which is under the tag.
pub(super) const SINCE_0_23_11: Scheme = Scheme {
    protection: sealing(AssociatedData::Name),
    arrangements: &[Arrangement::Aead(Frame::RUSTLS)],
    derivation: Derivation::None,
};

const fn sealing(data: AssociatedData) -> Protection {
    let algorithm = Algorithm::ChaCha20Poly1305;
    Protection::Aead(Sealing { algorithm, data, key: KeySource::Itself, shortest: 55 })
}

pub(super) static FORMAT: Library = Library {
    name: "rustls",
    about: "rustls on ring: the ticketer's name and key, from memory",
    takes: "48 bytes (name of 16, key of 32) or 32 bytes of key; raw, hex or base64",
    keys,
};

fn keys(bytes: &[u8]) -> Bare {
    let key = |order, scheme| vec![KeyBytes::new(0, bytes, Layout { order, aes: 32, hmac: 0 }).with_scheme(scheme)];
    match bytes.len() {
        48 => key(Order::NameKey, SINCE_0_23_11),
        // a name may be unknown, and then it is what the ticket says
        32 => [key(Order::Key, UNTIL_0_23_10), key(Order::Key, SINCE_0_23_11)].concat(),
        _ => Vec::new(),
    }
}
