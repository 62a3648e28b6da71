//! Keys that anybody can guess: what fills memory that nobody wrote to, what people type, what standards print.
//!
//! [`recognise`] judges the part of a key at hand by its pattern, whatever the pattern's byte. The list of fillers
//! is for tickets whose key is not at hand: each is tried as MAC key, and if one verifies, all of them as AES key.
//! Two of them were found on servers of the internet (Hebrok et al., "We Really Need to Talk About Session Tickets",
//! USENIX Security 2023).

use std::fmt;

/// What is wrong with a secret; nothing of it can be learnt from that but the pattern itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weakness {
    /// Every byte is the same.
    Constant(u8),
    /// Every byte is the one before it plus a step, modulo 256.
    Counting {
        /// The first byte.
        from: u8,
        /// What is added.
        step: u8,
    },
    /// A word of a few bytes, again and again.
    Repeated {
        /// Bytes of the word.
        length: usize,
    },
    /// One byte some times, then another to the end.
    TwoRuns(u8, u8),
    /// A key that a standard prints as its example.
    Sample(&'static str),
    /// A text that people type to fill a field.
    Typed,
    /// Printable characters only: text, not random bytes.
    Text,
}

impl Weakness {
    /// Whether the secret is one of few: what is text may still be long and random.
    #[must_use]
    pub fn is_guessable(self) -> bool {
        self != Self::Text
    }
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(0) => write!(f, "all zero"),
            Self::Constant(byte) => write!(f, "nothing but bytes {byte:02x}"),
            Self::Counting { from, step: 1 } => write!(f, "counting up from {from:02x}"),
            Self::Counting { from, step: 0xff } => write!(f, "counting down from {from:02x}"),
            Self::Counting { from, step } => write!(f, "counting from {from:02x} in steps of {step:02x}"),
            Self::Repeated { length } => write!(f, "a word of {length} bytes, repeated"),
            Self::TwoRuns(one, other) => write!(f, "bytes {one:02x}, then bytes {other:02x}"),
            Self::Sample(standard) => write!(f, "the sample key of {standard}"),
            Self::Typed => write!(f, "a text that people type to fill a field"),
            Self::Text => write!(f, "text, not random bytes"),
        }
    }
}

/// The weakness of one part of a key; `None` if it looks random.
#[must_use]
pub fn recognise(part: &[u8]) -> Option<Weakness> {
    let (&first, rest) = part.split_first()?;
    if part.len() < MIN_LENGTH {
        return None;
    }
    let step = rest.first()?.wrapping_sub(first);
    if part.iter().zip(rest).all(|(before, after)| after.wrapping_sub(*before) == step) {
        return Some(if step == 0 { Weakness::Constant(first) } else { Weakness::Counting { from: first, step } });
    }
    let samples = SAMPLES.iter().find(|(key, _)| part.len() <= key.len() && key.starts_with(part));
    if let Some((_, standard)) = samples {
        return Some(Weakness::Sample(standard));
    }
    if TYPED.iter().any(|text| text.iter().cycle().zip(part).all(|(typed, found)| typed == found)) {
        return Some(Weakness::Typed);
    }
    let repeats = |length: &usize| part.iter().zip(part.iter().skip(*length)).all(|(one, next)| one == next);
    if let Some(length) = (2..=part.len() / 2).find(repeats) {
        return Some(Weakness::Repeated { length });
    }
    let last = *part.last()?;
    let changes = part.iter().zip(rest).filter(|(before, after)| before != after).count();
    if changes == 1 {
        return Some(Weakness::TwoRuns(first, last));
    }
    part.iter().all(|byte| matches!(byte, 0x20..=0x7e)).then_some(Weakness::Text)
}

/// The shortest part that is long enough for a pattern to mean anything.
const MIN_LENGTH: usize = 8;

/// AES-128 and AES-256 of SP 800-38A appendix F; the keys of FIPS 197 appendix C count from 00.
static SAMPLES: [(&[u8], &str); 4] = [
    (
        &[0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c],
        "SP 800-38A and FIPS 197",
    ),
    (
        &[
            0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe, 0x2b, 0x73, 0xae, 0xf0, 0x85, 0x7d, 0x77, 0x81, 0x1f, 0x35,
            0x2c, 0x07, 0x3b, 0x61, 0x08, 0xd7, 0x2d, 0x98, 0x10, 0xa3, 0x09, 0x14, 0xdf, 0xf4,
        ],
        "SP 800-38A and FIPS 197",
    ),
    (
        &[
            0x8e, 0x73, 0xb0, 0xf7, 0xda, 0x0e, 0x64, 0x52, 0xc8, 0x10, 0xf3, 0x2b, 0x80, 0x90, 0x79, 0xe5, 0x62, 0xf8,
            0xea, 0xd2, 0x52, 0x2c, 0x6b, 0x7b,
        ],
        "SP 800-38A and FIPS 197",
    ),
    // the AES-128 example of RFC 3602 section 4
    (&[0x06, 0xa9, 0x21, 0x40, 0x36, 0xb8, 0xa1, 0x5b, 0x51, 0x2e, 0x03, 0xd5, 0x34, 0x12, 0x00, 0x06], "RFC 3602"),
];

/// Typed over and over until a field is full.
static TYPED: [&[u8]; 5] =
    [b"0123456789abcdef", b"0123456789ABCDEF", b"1234567890", b"password", b"abcdefghijklmnopqrstuvwxyz"];

/// How one entry of the list fills a key.
enum Filler {
    /// One byte.
    Byte(u8),
    /// First byte and step.
    Count(u8, u8),
    /// A word, again and again.
    Word(&'static [u8]),
    /// The byte for half of the length, then zeros.
    Half(u8),
}

/// What is tried on tickets.
static FILLERS: &[Filler] = {
    use Filler::{Byte, Count, Half, Word};
    &[
        Byte(0x00),
        Byte(0xff),
        // seen on servers: 16 and 32 bytes, one half of each ASCII 1
        Half(0x31),
        Count(0x00, 1),
        Count(0x01, 1),
        Count(0x10, 1),
        Count(0x11, 1),
        Count(0x20, 1),
        Count(0x21, 1),
        Count(0x30, 1),
        Count(0x40, 1),
        Count(0x41, 1),
        Count(0x61, 1),
        Count(0x0f, 0xff),
        Count(0x1f, 0xff),
        Count(0xff, 0xff),
        Count(0x00, 0x11),
        Count(0x11, 0x11),
        Byte(0x01),
        Byte(0x11),
        Byte(0x22),
        Byte(0x33),
        Byte(0x44),
        Byte(0x55),
        Byte(0x66),
        Byte(0x77),
        Byte(0x88),
        Byte(0x99),
        Byte(0xaa),
        Byte(0xbb),
        Byte(0xcc),
        Byte(0xdd),
        Byte(0xee),
        Byte(0x5a),
        Byte(0xa5),
        Byte(0xab),
        Byte(0xcd),
        Byte(0xfd),
        Byte(0xfe),
        Byte(0x30),
        Byte(0x31),
        Byte(0x41),
        Byte(0x61),
        Word(&[0xde, 0xad, 0xbe, 0xef]),
        Word(&[0xca, 0xfe, 0xba, 0xbe]),
        Word(&[0xfe, 0xed, 0xfa, 0xce]),
        Word(&[0xba, 0xad, 0xf0, 0x0d]),
        Word(&[0x0b, 0xad, 0xc0, 0xde]),
        Word(&[0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]),
        Word(&[0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10]),
        Word(TYPED[0]),
        Word(TYPED[1]),
        Word(TYPED[2]),
        Word(TYPED[3]),
        Word(SAMPLES[0].0),
        Word(SAMPLES[1].0),
        Word(SAMPLES[3].0),
    ]
};

impl Filler {
    fn fill(&self, length: usize) -> Vec<u8> {
        match self {
            Self::Byte(byte) => vec![*byte; length],
            Self::Count(from, step) => {
                std::iter::successors(Some(*from), |byte| Some(byte.wrapping_add(*step))).take(length).collect()
            }
            Self::Word(word) => word.iter().copied().cycle().take(length).collect(),
            Self::Half(byte) => (0..length).map(|at| if at < length / 2 { *byte } else { 0 }).collect(),
        }
    }
}

/// The list as keys of 32 and of 16 bytes, those that HMAC cannot tell apart once: it pads with zeros.
pub(super) fn mac_keys() -> Vec<Vec<u8>> {
    let mut keys: Vec<Vec<u8>> = Vec::new();
    for key in secrets() {
        let significant = |key: &[u8]| key.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        let same = |other: &Vec<u8>| {
            other.get(..significant(other)).unwrap_or_default() == key.get(..significant(&key)).unwrap_or_default()
        };
        if !keys.iter().any(same) {
            keys.push(key);
        }
    }
    keys
}

/// The list as keys of 32 and of 16 bytes.
pub(super) fn secrets() -> impl Iterator<Item = Vec<u8>> {
    FILLERS.iter().flat_map(|filler| [32, 16].map(|length| filler.fill(length)))
}

/// The list as keys of 32 bytes, each once.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for seed in FILLERS.iter().map(|filler| filler.fill(32)) {
        if !seeds.contains(&seed) {
            seeds.push(seed);
        }
    }
    seeds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_list_is_recognised() {
        for key in secrets() {
            assert!(recognise(&key).is_some(), "{key:02x?}");
        }
        let found: Vec<String> = [
            vec![0; 16],
            vec![0x31; 32],
            (0x10..0x30).collect(),
            [[0x31; 8], [0; 8]].concat(),
            [0xde, 0xad, 0xbe, 0xef].repeat(4),
            SAMPLES[1].0.to_vec(),
            b"passwordpassword".to_vec(),
            b"correct horse ba".to_vec(),
        ]
        .iter()
        .map(|key| recognise(key).unwrap().to_string())
        .collect();
        assert_eq!(
            found,
            [
                "all zero",
                "nothing but bytes 31",
                "counting up from 10",
                "bytes 31, then bytes 00",
                "a word of 4 bytes, repeated",
                "the sample key of SP 800-38A and FIPS 197",
                "a text that people type to fill a field",
                "text, not random bytes",
            ]
        );
    }

    #[test]
    fn random_keys_have_no_pattern() {
        let key = include_bytes!("../../testdata/nginx80_tls12/ticket.key");
        for part in [&key[..16], &key[16..48], &key[48..]] {
            assert_eq!(recognise(part), None);
        }
        let mut nearly = vec![0; 16];
        nearly[3] = 1;
        nearly[9] = 7;
        assert_eq!(recognise(&nearly), None, "left to the count of distinct bytes");
        let runs = |lengths: &[(usize, u8)]| {
            recognise(&lengths.iter().flat_map(|&(length, byte)| vec![byte; length]).collect::<Vec<u8>>())
        };
        assert_eq!(runs(&[(5, 0xc3), (11, 0xe7)]), Some(Weakness::TwoRuns(0xc3, 0xe7)));
        assert_eq!(runs(&[(5, 0xc3), (6, 0xe7), (5, 0xc3)]), None, "it changes twice");
        assert_eq!(runs(&[(5, 0xc3), (6, 0xe7), (5, 0xd1)]), None, "it changes twice");
    }

    #[test]
    fn no_mac_key_is_tried_twice() {
        let keys = mac_keys();
        assert!(keys.contains(&vec![0; 32]) && !keys.contains(&vec![0; 16]));
        assert!(keys.contains(&[[0x31; 16], [0; 16]].concat()) && keys.contains(&[[0x31; 8], [0; 8]].concat()));
        assert!(keys.len() < 120, "{}", keys.len());
    }
}
