//! The PSK of dialects that keep the resumption master secret (RFC 9846, RFC 8446 section 4.6.1).

use crate::secret::Secret;
use crate::tls::tls13::{Hash, resumption_psk};

/// `HKDF-Expand-Label(resumption_master_secret, "resumption", ticket_nonce, Hash.length)`; the hash is the one whose
/// length the secret has. `None` if TLS 1.3 has no such hash.
pub(super) fn derive(resumption_master_secret: &[u8], nonce: &[u8]) -> Option<Secret> {
    resumption_psk(Hash::of_length(resumption_master_secret.len())?, resumption_master_secret, nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8448 section 3: the resumption secret that server and client generate.
    #[test]
    fn agrees_with_rfc_8448() {
        let master = hex::decode("7df235f2031d2a051287d02b0241b0bfdaf86cc856231f2d5aba46c434ec196c").unwrap();
        let psk = derive(&master, &[0, 0]).unwrap();
        assert_eq!(hex::encode(psk.as_bytes()), "4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3");
    }
}
