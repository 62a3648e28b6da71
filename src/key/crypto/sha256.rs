//! HMAC-SHA256, the MAC of nearly every ticket (RFC 2104, FIPS 180-4).
//!
//! The `hmac` crate keeps the same two states for a key, but copies, converts and wipes them several times on the way
//! to a tag, which is felt if a message is a few blocks long.

use std::slice;

use ctutils::CtEq;
use sha2::block_api::compress256;
use sha2::digest::array::Array;
use sha2::digest::consts::U64;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

/// Bytes of a block.
const BLOCK_LENGTH: usize = 64;
/// Bytes of a digest.
const DIGEST_LENGTH: usize = 32;
/// What the key is mixed with before the message.
const INNER: u8 = 0x36;
/// What it is mixed with before the digest of the message.
const OUTER: u8 = 0x5c;
/// Follows a message; then come zeros and the length in bits (FIPS 180-4 section 5.1.1).
const END: u8 = 0x80;
/// Bytes of that length.
const LENGTH_LENGTH: usize = 8;
/// The state at the start (FIPS 180-4 section 5.3.3).
const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
/// The second block of the second pass, for a digest to be put in: 0x300 bits are that block's digest and the key.
const SECOND: Block = {
    let mut block = [0; BLOCK_LENGTH];
    block[DIGEST_LENGTH] = END;
    block[BLOCK_LENGTH - 2] = 3;
    block
};

type Block = [u8; BLOCK_LENGTH];

/// A key, as the states that its two blocks lead to.
pub(in crate::key) struct HmacSha256 {
    inner: State,
    outer: State,
}

impl HmacSha256 {
    /// Takes a key of any length.
    pub(super) fn new(key: &[u8]) -> Self {
        let mut block = Zeroizing::new([0; BLOCK_LENGTH]);
        if key.len() > BLOCK_LENGTH {
            block.iter_mut().zip(Sha256::digest(key)).for_each(|(to, from)| *to = from);
        } else {
            block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        }
        let mut state = |pad: u8| {
            block.iter_mut().for_each(|byte| *byte ^= pad);
            let mut state = State(START);
            compress256(&mut state.0, slice::from_ref(&*block));
            state
        };
        Self { inner: state(INNER), outer: state(INNER ^ OUTER) }
    }

    /// Whether tags are those of their messages, each under its key, in constant time.
    ///
    /// A block has to wait for the one before it: several messages in step keep the processor busy meanwhile.
    #[inline]
    pub(super) fn verify<const N: usize>(cases: [Case<'_>; N]) -> [bool; N] {
        let mut states = cases.map(|case| case.key.inner.clone());
        let messages = cases.map(|case| whole_blocks(case.message));
        let together = if N == 1 { 0 } else { messages.iter().map(|(blocks, _)| blocks.len()).min().unwrap_or(0) };
        for at in 0..together {
            for (state, (blocks, _)) in states.iter_mut().zip(&messages) {
                state.take(blocks.get(at..=at).unwrap_or_default());
            }
        }
        for (state, (blocks, _)) in states.iter_mut().zip(&messages) {
            state.take(blocks.get(together..).unwrap_or_default());
        }
        for ((state, (_, rest)), case) in states.iter_mut().zip(&messages).zip(&cases) {
            state.take(pad(&mut [[0; BLOCK_LENGTH]; 2], rest, BLOCK_LENGTH + case.message.len()));
        }
        for (state, case) in states.iter_mut().zip(&cases) {
            let mut second = SECOND;
            state.write(&mut second);
            state.0 = case.key.outer.0;
            state.take(slice::from_ref(&second));
            second.as_mut_slice().zeroize();
        }
        let mut right = [false; N];
        for ((right, state), case) in right.iter_mut().zip(&states).zip(&cases) {
            let mut expected = [0; DIGEST_LENGTH];
            state.write(&mut expected);
            *right = expected.as_slice().ct_eq(case.tag).into();
            // of a ticket with a wrong tag, this is the right one
            expected.as_mut_slice().zeroize();
        }
        right
    }
}

/// A message and what is said to be its tag under a key.
#[derive(Clone, Copy)]
pub(super) struct Case<'c> {
    pub(super) key: &'c HmacSha256,
    pub(super) message: &'c [u8],
    pub(super) tag: &'c [u8],
}

/// The whole blocks of a message, and what is left over.
#[inline]
fn whole_blocks(message: &[u8]) -> (&[Block], &[u8]) {
    let (blocks, rest) = Array::<u8, U64>::slice_as_chunks(message);
    (Array::cast_slice_to_core(blocks), rest)
}

/// The last block of a message, or the last two, from what its whole blocks leave over and its length.
fn pad<'l>(last: &'l mut [Block; 2], rest: &[u8], length: usize) -> &'l [Block] {
    let count = if rest.len() + 1 + LENGTH_LENGTH > BLOCK_LENGTH { 2 } else { 1 };
    let last = last.get_mut(..count).unwrap_or_default();
    let bytes = last.as_flattened_mut();
    if let Some((message, [end, ..])) = bytes.split_at_mut_checked(rest.len()) {
        message.copy_from_slice(rest);
        *end = END;
    }
    if let Some(bits) = bytes.last_chunk_mut() {
        *bits = (8 * length as u64).to_be_bytes();
    }
    last
}

/// The eight words that a block changes; wiped on drop.
#[derive(Clone)]
struct State([u32; 8]);

impl State {
    /// Takes blocks in.
    #[inline]
    fn take(&mut self, blocks: &[Block]) {
        if !blocks.is_empty() {
            compress256(&mut self.0, blocks);
        }
    }

    /// Writes the words at the beginning of `to`.
    fn write(&self, to: &mut [u8]) {
        to.chunks_exact_mut(4).zip(self.0).for_each(|(to, word)| to.copy_from_slice(&word.to_be_bytes()));
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};

    use super::*;

    fn is_right(key: &HmacSha256, message: &[u8], tag: &[u8]) -> bool {
        HmacSha256::verify([Case { key, message, tag }]) == [true]
    }

    fn tag(key: &[u8], message: &[u8]) -> Vec<u8> {
        Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(message).finalize().into_bytes().to_vec()
    }

    #[test]
    fn has_the_tags_of_rfc_4231() {
        let cases = [
            (
                [0x0b; 20].to_vec(),
                b"Hi There".to_vec(),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe".to_vec(),
                b"what do ya want for nothing?".to_vec(),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                [0xaa; 20].to_vec(),
                [0xdd; 50].to_vec(),
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            ),
            (
                (1..=25).collect(),
                [0xcd; 50].to_vec(),
                "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
            ),
            (
                [0xaa; 131].to_vec(),
                b"Test Using Larger Than Block-Size Key - Hash Key First".to_vec(),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
            (
                [0xaa; 131].to_vec(),
                b"This is a test using a larger than block-size key and a larger than block-size data. The key needs \
                  to be hashed before being used by the HMAC algorithm."
                    .to_vec(),
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            ),
        ];
        for (key, message, tag) in cases {
            let keyed = HmacSha256::new(&key);
            assert!(is_right(&keyed, &message, &hex::decode(tag).unwrap()), "{tag}");
        }
    }

    #[test]
    fn is_hmac_for_every_length_of_key_and_message() {
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().step_by(7).take(600).collect();
        for length in 0..300 {
            let (message, key) = bytes.split_at(length);
            let key = &key[..length / 2];
            let keyed = HmacSha256::new(key);
            let tag = tag(key, message);
            assert!(is_right(&keyed, message, &tag), "{length}");
        }
    }

    #[test]
    fn every_bit_of_the_tag_counts() {
        let keyed = HmacSha256::new(b"key");
        let right = tag(b"key", b"message");
        for bit in 0..DIGEST_LENGTH * 8 {
            let mut wrong = right.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_right(&keyed, b"message", &wrong), "bit {bit}");
        }
        assert!(!is_right(&keyed, b"message", &right[..31]));
        assert!(!is_right(&keyed, b"message", &[&right[..], &[0]].concat()));
        assert!(!is_right(&keyed, b"message", &[]));
    }

    #[test]
    fn several_at_once_are_judged_one_by_one() {
        let keys = [HmacSha256::new(b"one"), HmacSha256::new(b"other")];
        let message: Vec<u8> = (0..=255).collect();
        for (first, second) in
            (0..256).step_by(13).flat_map(|first| (0..256).step_by(17).map(move |second| (first, second)))
        {
            let (first, second) = (&message[..first], &message[second..]);
            let tags = [tag(b"one", first), tag(b"other", second)];
            let case = |key, message, tag| Case { key, message, tag };
            let [one, other] = &keys;
            let right = [case(one, first, &tags[0]), case(other, second, &tags[1])];
            assert_eq!(HmacSha256::verify(right), [true; 2]);
            assert_eq!(HmacSha256::verify([right[0], case(other, second, &tags[0])]), [true, false]);
            assert_eq!(HmacSha256::verify([case(other, first, &tags[0]), right[1]]), [false, true]);
        }
    }
}
