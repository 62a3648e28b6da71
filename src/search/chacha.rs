//! The beginning of a `ChaCha20` keystream (RFC 8439 section 2.3) under several keys at once: to set up a cipher for each
//! candidate, nearly all of which fail by their first bytes, would take twenty times as long.

use zeroize::Zeroizing;

/// Keys that are tried at once: what two vectors of most processors hold.
pub(super) const LANES: usize = 8;
/// A word of the state of each.
type Lanes = [u32; LANES];

/// "expand 32-byte k".
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// Candidates side by side, wiped on drop.
#[derive(Default)]
pub(super) struct Keys(Zeroizing<[Lanes; 8]>);

impl Keys {
    /// Puts a key of 32 bytes into a lane.
    pub(super) fn set(&mut self, lane: usize, key: &[u8]) {
        for (word, bytes) in self.0.iter_mut().zip(key.chunks_exact(4)) {
            if let (Some(to), Ok(bytes)) = (word.get_mut(lane), bytes.try_into()) {
                *to = u32::from_le_bytes(bytes);
            }
        }
    }

    /// The first eight bytes of a block of the keystream under each key.
    pub(super) fn keystream(&self, counter: u32, nonce: [u32; 3]) -> [[u8; 8]; LANES] {
        let [c0, c1, c2, c3] = CONSTANTS.map(|word| [word; LANES]);
        let (mut x0, mut x1, mut x2, mut x3) = (c0, c1, c2, c3);
        let [mut x4, mut x5, mut x6, mut x7, mut x8, mut x9, mut x10, mut x11] = *self.0;
        let [n0, n1, n2] = nonce;
        let [mut x12, mut x13, mut x14, mut x15] = [counter, n0, n1, n2].map(|word| [word; LANES]);
        for _ in 0..10 {
            quarter(&mut x0, &mut x4, &mut x8, &mut x12);
            quarter(&mut x1, &mut x5, &mut x9, &mut x13);
            quarter(&mut x2, &mut x6, &mut x10, &mut x14);
            quarter(&mut x3, &mut x7, &mut x11, &mut x15);
            quarter(&mut x0, &mut x5, &mut x10, &mut x15);
            quarter(&mut x1, &mut x6, &mut x11, &mut x12);
            quarter(&mut x2, &mut x7, &mut x8, &mut x13);
            quarter(&mut x3, &mut x4, &mut x9, &mut x14);
        }
        let mut made = [[0; 8]; LANES];
        for (to, (low, high)) in made.iter_mut().zip(add(x0, c0).into_iter().zip(add(x1, c1))) {
            *to = (u64::from(high) << 32 | u64::from(low)).to_le_bytes();
        }
        made
    }
}

#[expect(clippy::inline_always, reason = "what is not inlined keeps the lanes in memory, at a third of the speed")]
#[inline(always)]
fn add(mut sum: Lanes, other: Lanes) -> Lanes {
    sum.iter_mut().zip(other).for_each(|(sum, other)| *sum = sum.wrapping_add(other));
    sum
}

#[expect(clippy::inline_always, reason = "what is not inlined keeps the lanes in memory, at a third of the speed")]
#[inline(always)]
fn mix<const BITS: u32>(mut mixed: Lanes, other: Lanes) -> Lanes {
    mixed.iter_mut().zip(other).for_each(|(mixed, other)| *mixed = (*mixed ^ other).rotate_left(BITS));
    mixed
}

#[expect(clippy::inline_always, reason = "what is not inlined keeps the lanes in memory, at a third of the speed")]
#[inline(always)]
fn quarter(a: &mut Lanes, b: &mut Lanes, c: &mut Lanes, d: &mut Lanes) {
    *a = add(*a, *b);
    *d = mix::<16>(*d, *a);
    *c = add(*c, *d);
    *b = mix::<12>(*b, *c);
    *a = add(*a, *b);
    *d = mix::<8>(*d, *a);
    *c = add(*c, *d);
    *b = mix::<7>(*b, *c);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lane_is_the_keystream_of_its_key() {
        // RFC 8439 section 2.3.2
        let key: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let nonce = [0x0900_0000, 0x4a00_0000, 0];
        let mut keys = Keys::default();
        keys.set(0, &key);
        keys.set(5, &key);
        keys.set(6, &[1; 32]);
        let made = keys.keystream(1, nonce);
        let right = [0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15];
        assert_eq!((made[0], made[5]), (right, right));
        assert!(made[6] != right && made[7] != made[6]);
    }
}
