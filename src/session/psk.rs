//! The PSK of dialects that keep the resumption master secret (RFC 8446 section 4.6.1).

use std::fmt;

use hkdf::Hkdf;
use sha2::{Sha256, Sha384};
use zeroize::Zeroizing;

/// A PSK that was derived; wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct DerivedPsk(Zeroizing<Vec<u8>>);

impl DerivedPsk {
    /// `HKDF-Expand-Label(resumption_master_secret, "resumption", ticket_nonce, Hash.length)`; the hash is the one
    /// whose length the secret has. `None` where TLS 1.3 has no such hash.
    #[must_use]
    pub fn new(resumption_master_secret: &[u8], nonce: &[u8]) -> Option<Self> {
        const LABEL: &[u8] = b"tls13 resumption";
        let length = resumption_master_secret.len();
        let info = [
            &u16::try_from(length).ok()?.to_be_bytes()[..],
            &[u8::try_from(LABEL.len()).ok()?],
            LABEL,
            &[u8::try_from(nonce.len()).ok()?],
            nonce,
        ];
        let mut psk = Zeroizing::new(vec![0; length]);
        match length {
            32 => Hkdf::<Sha256>::from_prk(resumption_master_secret).ok()?.expand_multi_info(&info, &mut psk).ok()?,
            48 => Hkdf::<Sha384>::from_prk(resumption_master_secret).ok()?.expand_multi_info(&info, &mut psk).ok()?,
            _ => return None,
        }
        Some(Self(psk))
    }

    /// The secret itself.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for DerivedPsk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DerivedPsk({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8448 section 3: the resumption secret that server and client generate.
    #[test]
    fn agrees_with_rfc_8448() {
        let master = hex::decode("7df235f2031d2a051287d02b0241b0bfdaf86cc856231f2d5aba46c434ec196c").unwrap();
        let psk = DerivedPsk::new(&master, &[0, 0]).unwrap();
        assert_eq!(hex::encode(psk.bytes()), "4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3");
        assert_eq!(format!("{psk:?}"), "DerivedPsk(32 bytes)");
    }
}
