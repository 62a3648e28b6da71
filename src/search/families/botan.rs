//! Botan from 2.13 on: a key of any length, mostly 32 bytes, from which the name that tickets carry and the AES-256-GCM key
//! of each ticket are derived (`src/lib/tls/tls_session.cpp`).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512_256;
use zeroize::Zeroizing;

use crate::key;
use crate::key::scheme::{Algorithm, AssociatedData, Derivation, KeySource, Protection, Scheme, Sealing};
use crate::search::lock::{BareKey, Clues, Cost, FoundKey, Lock, WholeLock};
use crate::search::sieve::STEP;
use crate::ticket::{Arrangement, Frame, Shape};

/// What is done with the key that is derived for a ticket.
const SCHEME: Scheme = Scheme {
    protection: Protection::Aead(Sealing {
        algorithm: Algorithm::AesGcm,
        data: AssociatedData::Header,
        key: KeySource::Itself,
        shortest: 60,
    }),
    arrangements: &[Arrangement::Aead(Frame::BOTAN)],
    derivation: Derivation::None,
};
/// What the name of a key is derived with.
const NAME_LABEL: &[u8] = b"BOTAN TLS SESSION KEY NAME";
/// The key that applications mostly give.
const LENGTH: usize = 32;

pub(super) fn locks(ticket: &[u8], clues: &Clues) -> Vec<Lock> {
    if Shape::of(ticket) != Shape::Botan {
        return Vec::new();
    }
    let ticket = ticket.to_vec();
    vec![Lock::Whole(WholeLock {
        length: LENGTH,
        step: if clues.thorough { 1 } else { STEP },
        cost: Cost::Low,
        worth: None,
        opens: Box::new(move |key| opens(key, &ticket)),
        make: Box::new(make),
    })]
}

/// Magic number of 8 bytes, name of 4, seed of 16.
fn opens(key: &[u8], ticket: &[u8]) -> bool {
    let (Some(name), Some(seed)) = (ticket.get(8..12), ticket.get(12..28)) else { return false };
    let is_named = derive(key, NAME_LABEL).is_some_and(|derived| derived.starts_with(name));
    is_named && derive(key, seed).is_some_and(|derived| key::seals(&SCHEME, derived.as_slice(), &[], ticket))
}

fn derive(key: &[u8], input: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mac = <Hmac<Sha512_256> as KeyInit>::new_from_slice(key).ok()?;
    Some(Zeroizing::new(mac.chain_update(input).finalize().into_bytes().into()))
}

fn make(key: &[u8]) -> FoundKey {
    FoundKey::Bare(BareKey {
        family: "botan",
        layout: "key32",
        cipher: "AES-256-GCM",
        has_name: true,
        bytes: Zeroizing::new(key.to_vec()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_keys_open_their_tickets_and_no_other() {
        let cases = [
            (
                &include_bytes!("../../../testdata/shapes/botan219_12.bin")[..],
                &include_bytes!("../../../testdata/shapes/botan219_12.key")[..],
            ),
            (
                include_bytes!("../../../testdata/shapes/botan37_13.bin"),
                include_bytes!("../../../testdata/shapes/botan37_13.key"),
            ),
        ];
        for (ticket, key) in cases {
            assert!(opens(key, ticket));
            let mut other = key.to_vec();
            other[31] ^= 1;
            assert!(!opens(&other, ticket));
            let mut altered = ticket.to_vec();
            altered[60] ^= 1;
            assert!(!opens(key, &altered));
        }
    }
}
