//! Erlang/OTP: `{stateless_tickets_seed, Seed}` of `ssl:listen`, any bytes, of which SHA-512 makes the nonce of all tickets
//! and half of their keys (`lib/ssl/src/tls_server_session_ticket.erl`). EMQX hands `node.tls_stateless_tickets_seed`
//! over as the text that it is. The state of the process, 48 bytes of nonce and shard, is taken too.

use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use super::bare;
use crate::key::file::KeyFileError;
use crate::key::format::{KeyBytes, KeyFormat, Position};
use crate::key::layout::{Layout, Order};
use crate::key::scheme::{Algorithm, AssociatedData, Derivation, KeySource, Protection, Scheme, Sealing};
use crate::key::{Role, Unwritable};
use crate::ticket::{Arrangement, Frame};

/// Tickets of TLS 1.3, the only ones that are stateless.
pub(super) const SCHEME: Scheme = Scheme {
    protection: Protection::Aead(Sealing {
        algorithm: Algorithm::AesGcmLongNonce,
        data: AssociatedData::OtpLength,
        key: KeySource::Padded,
        shortest: 49,
    }),
    arrangements: &[Arrangement::Aead(Frame::OTP)],
    derivation: Derivation::None,
};

const LAYOUT: Layout = Layout { order: Order::NonceKey, aes: 32, hmac: 16 };

pub(super) struct Otp;

impl KeyFormat for Otp {
    fn name(&self) -> &'static str {
        "otp"
    }

    fn about(&self) -> &'static str {
        "Erlang/OTP: stateless_tickets_seed; EMQX: node.tls_stateless_tickets_seed"
    }

    fn takes(&self) -> &'static str {
        "a seed of 1 to 1024 bytes, raw or as text; or 48 bytes, nonce of 16 and shard of 32"
    }

    fn is_bare(&self) -> bool {
        true
    }

    fn read(&self, file: &[u8]) -> Result<Vec<KeyBytes>, KeyFileError> {
        let key = |bytes: &[u8]| KeyBytes::new(0, bytes, LAYOUT).with_scheme(SCHEME);
        let seeds = bare::seeds(file);
        let states = seeds.iter().filter(|seed| seed.len() == LAYOUT.size()).map(|state| key(state));
        let seeded = seeds.iter().map(|seed| {
            let mut derived = Zeroizing::new(Sha512::digest(seed.as_slice()).to_vec());
            derived.truncate(LAYOUT.size());
            KeyBytes { seed: Some(seed.clone()), ..key(&derived) }
        });
        let keys: Vec<KeyBytes> = states.chain(seeded).collect();
        if keys.is_empty() { Err(KeyFileError::size(file, self.name(), self.takes())) } else { Ok(keys) }
    }

    fn write(&self, keys: &[KeyBytes]) -> Result<Zeroizing<Vec<u8>>, Unwritable> {
        bare::write(self, keys)
    }

    /// All tickets are sealed under the one seed.
    fn role(&self, place: Position) -> Role {
        if place.files > 1 { Role::Unknown } else { Role::Active }
    }
}
