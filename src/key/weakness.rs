//! Secrets that anybody could guess: patterns that no random generator makes.

/// What is wrong with the secrets of a key; nothing of the secrets can be learnt from it but that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Weakness {
    /// Zero bytes only.
    Zero,
    /// One byte over and over.
    Constant,
    /// Each byte differs from the one before it by the same number.
    Counting,
    /// A pattern of 2 to 8 bytes over and over.
    Repeating,
    /// Printable characters only: text, not random bytes.
    Text,
}

impl Weakness {
    /// The weakness of a secret of 16 bytes or more.
    #[must_use]
    pub fn of(secret: &[u8]) -> Option<Self> {
        let repeats = |period: usize| secret.iter().zip(secret.iter().skip(period)).all(|(one, other)| one == other);
        let mut steps = secret.iter().zip(secret.iter().skip(1)).map(|(one, next)| next.wrapping_sub(*one));
        let step = steps.next()?;
        match () {
            () if secret.iter().all(|&octet| octet == 0) => Some(Self::Zero),
            () if repeats(1) => Some(Self::Constant),
            () if steps.all(|other| other == step) => Some(Self::Counting),
            () if (2..=8).any(repeats) => Some(Self::Repeating),
            () if secret.iter().all(|octet| matches!(octet, 0x20..=0x7e)) => Some(Self::Text),
            () => None,
        }
    }

    /// In words, to complete "the … is".
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Zero => "all zero",
            Self::Constant => "one byte over and over",
            Self::Counting => "counting bytes",
            Self::Repeating => "a short pattern over and over",
            Self::Text => "text, not random bytes",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_told_from_random_bytes() {
        let counting: Vec<u8> = (0x10..0x20).collect();
        let steps: Vec<u8> = (0..16).map(|i| i * 0x11).collect();
        for (secret, weakness) in [
            (&[0; 16][..], Some(Weakness::Zero)),
            (&[0xa5; 32], Some(Weakness::Constant)),
            (&counting, Some(Weakness::Counting)),
            (&steps, Some(Weakness::Counting)),
            (&[0xde, 0xad, 0xbe, 0xef].repeat(4), Some(Weakness::Repeating)),
            (b"correct horse ba", Some(Weakness::Text)),
            (&hex::decode("32b4156351bad515ac274f6c3af2a62c").unwrap(), None),
            (&[], None),
        ] {
            assert_eq!(Weakness::of(secret), weakness, "{secret:02x?}");
        }
    }
}
