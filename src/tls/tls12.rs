//! TLS 1.0 to 1.2 and DTLS 1.0 and 1.2: whether a master secret belongs to a agreed.
//!
//! A ticket's master secret opens the connection that issued it and every connection that resumed it, and no other. A
//! record that decrypts with the keys that follow from it (RFC 9846, RFC 5246 section 6.3) proves that it belongs.
//!
//! SSL 3.0, whose key derivation and MAC are others, is not checked.

mod cbc;
mod prf;
mod suite;

use std::fmt;

use crate::secret::Secret;
use crate::tls::aead::xor_nonce;
use crate::tls::wire::Reader;
pub(crate) use crate::tls::wire::Sender;
use prf::Prf;
use suite::{Parameters, Protection, parameters};

/// Bytes in a master secret (RFC 9846, RFC 5246 section 8.1).
pub const MASTER_SECRET_LENGTH: usize = 48;
/// Bytes in an AES block, and in the IV of a record in CBC mode.
const BLOCK: usize = 16;
/// 2^14 bytes of content and what compression and protection may add (RFC 9846, RFC 5246 section 6.2.3).
const MAX_CIPHERTEXT: usize = (1 << 14) + 2048;
/// DTLS 1.2 with a connection ID has another header and other additional data (RFC 9146).
const TLS12_CID: u8 = 25;

/// A protocol version whose key derivation is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum Version {
    /// RFC 2246
    Tls10,
    /// RFC 4346
    Tls11,
    /// RFC 9846 (RFC 5246)
    Tls12,
    /// RFC 4347: TLS 1.1 over datagrams.
    Dtls10,
    /// RFC 6347: TLS 1.2 over datagrams.
    Dtls12,
}

impl Version {
    /// By the number in the ServerHello; `None` for SSL 3.0, (D)TLS 1.3 and unknown ones.
    #[must_use]
    pub(crate) const fn from_id(id: u16) -> Option<Self> {
        match id {
            0x0301 => Some(Self::Tls10),
            0x0302 => Some(Self::Tls11),
            0x0303 => Some(Self::Tls12),
            0xfeff => Some(Self::Dtls10),
            0xfefd => Some(Self::Dtls12),
            _ => None,
        }
    }

    const fn is_datagram(self) -> bool {
        matches!(self, Self::Dtls10 | Self::Dtls12)
    }

    const fn is_1_2(self) -> bool {
        matches!(self, Self::Tls12 | Self::Dtls12)
    }
}

/// What the hellos of a connection agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// The version in the ServerHello.
    pub version: u16,
    /// The cipher suite in the ServerHello.
    pub cipher_suite: u16,
    /// The client random; over DTLS that of either ClientHello, they are the same.
    pub client_random: [u8; 32],
    /// The server random.
    pub server_random: [u8; 32],
}

/// Whether a master secret belongs to a agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// The record's tag or MAC verifies with its keys.
    Proven,
    /// The record was not protected with its keys.
    Refuted,
    /// Nothing can be said.
    Undecidable(Reason),
}

/// Why nothing can be said of a master secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum Reason {
    /// SSL 3.0, TLS 1.3 or an unknown version.
    Version,
    /// A cipher that is not supported here, such as RC4, 3DES, Camellia, ARIA, or one without a MAC key.
    CipherSuite,
    /// Not 48 bytes.
    MasterSecret,
    /// Not one whole record, or not one that can be protected.
    Record,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version => "records of this protocol version are not checked",
            Self::CipherSuite => "records of this cipher suite are not checked",
            Self::MasterSecret => "a master secret has 48 bytes",
            Self::Record => "not a whole protected record",
        })
    }
}

/// Checks a master secret against the first protected record of one side: the first one after its
/// ChangeCipherSpec, which holds its Finished.
///
/// `record` is the whole record with its header of 5 bytes, or 13 bytes over DTLS; there, any record of epoch 1 will
/// do. For CBC suites both orders of encryption and MAC are tried, so that the `encrypt_then_mac` extension (RFC 7366)
/// need not be known. Connections with the `truncated_hmac` extension (RFC 6066) are refuted.
#[must_use]
pub(crate) fn check(agreed: &Agreed, master_secret: &[u8], sender: Sender, record: &[u8]) -> Check {
    match try_check(agreed, master_secret, sender, record) {
        Ok(true) => Check::Proven,
        Ok(false) => Check::Refuted,
        Err(reason) => Check::Undecidable(reason),
    }
}

/// Whether records of that version and cipher suite can be checked at all.
#[must_use]
pub(crate) fn is_checked(agreed: &Agreed) -> bool {
    let version = Version::from_id(agreed.version).ok_or(Reason::Version);
    version.and_then(|version| protection(agreed, version)).is_ok()
}

/// What the cipher suite does to records of that version.
fn protection(agreed: &Agreed, version: Version) -> Result<Parameters, Reason> {
    let parameters = parameters(agreed.cipher_suite).ok_or(Reason::CipherSuite)?;
    let is_aead = matches!(parameters.protection, Protection::ExplicitNonce(_) | Protection::ImplicitNonce(_));
    if is_aead && !version.is_1_2() { Err(Reason::CipherSuite) } else { Ok(parameters) }
}

fn try_check(agreed: &Agreed, master: &[u8], sender: Sender, record: &[u8]) -> Result<bool, Reason> {
    let version = Version::from_id(agreed.version).ok_or(Reason::Version)?;
    let parameters = protection(agreed, version)?;
    if master.len() != MASTER_SECRET_LENGTH {
        return Err(Reason::MasterSecret);
    }
    let record = Record::parse(version, record).ok_or(Reason::Record)?;
    let keys = Keys::derive(agreed, version, &parameters, master, sender).ok_or(Reason::CipherSuite)?;
    Ok(keys.verify(&parameters, version, &record).is_some_and(|right| right))
}

/// A protected record.
struct Record<'a> {
    /// Over DTLS, the epoch is in its upper 16 bits.
    sequence: u64,
    /// Sequence number, type, version: what MACs and additional data start with.
    header: [u8; 11],
    fragment: &'a [u8],
}

impl<'a> Record<'a> {
    fn parse(version: Version, record: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(record);
        let kind_and_version = reader.array::<3>()?;
        let sequence = if version.is_datagram() { u64::from_be_bytes(reader.array()?) } else { 0 };
        let fragment = reader.vec16()?;
        let protected = !version.is_datagram() || sequence >> 48 != 0;
        // types from ChangeCipherSpec, which is never protected, to heartbeat
        let known = matches!(kind_and_version, [21..=24, ..]) && kind_and_version.first() != Some(&TLS12_CID);
        if !known || !protected || !reader.is_empty() || fragment.is_empty() || fragment.len() > MAX_CIPHERTEXT {
            return None;
        }
        let mut header = [0; 11];
        for (to, from) in header.iter_mut().zip(sequence.to_be_bytes().into_iter().chain(kind_and_version)) {
            *to = from;
        }
        Some(Self { sequence, header, fragment })
    }

    /// The additional data of an AEAD (RFC 9846, RFC 5246 section 6.2.3.3).
    fn additional_data(&self, plaintext_length: usize) -> Option<Vec<u8>> {
        let length = u16::try_from(plaintext_length).ok()?;
        Some([&self.header[..], &length.to_be_bytes()].concat())
    }
}

/// One side's part of the key block (RFC 9846, RFC 5246 section 6.3).
struct Keys {
    mac: Secret,
    cipher: Secret,
    iv: Secret,
}

impl Keys {
    fn derive(
        agreed: &Agreed,
        version: Version,
        parameters: &Parameters,
        master: &[u8],
        sender: Sender,
    ) -> Option<Self> {
        let (mac, key, iv) = match parameters.protection {
            Protection::ExplicitNonce(aead) => (0, aead.key_length(), 4),
            Protection::ImplicitNonce(aead) => (0, aead.key_length(), 12),
            Protection::AesCbc(key_length, mac) => (mac.length(), key_length, BLOCK),
            Protection::Null(mac) => (mac.length(), 0, 0),
        };
        let prf = if version.is_1_2() { parameters.prf } else { Prf::Md5Sha1 };
        let seed = [&agreed.server_random[..], &agreed.client_random[..]];
        let block = prf.expand(master, "key expansion", &seed, 2 * (mac + key + iv));
        let mut reader = Reader(block.as_bytes());
        let mut of_sender = |length| {
            let client = reader.take(length)?;
            let server = reader.take(length)?;
            Some(Secret::from(if sender == Sender::Client { client } else { server }))
        };
        Some(Self { mac: of_sender(mac)?, cipher: of_sender(key)?, iv: of_sender(iv)? })
    }

    /// `None` if the record is too short for its suite, which no record with these keys is.
    fn verify(&self, parameters: &Parameters, version: Version, record: &Record<'_>) -> Option<bool> {
        let (mac_key, key, iv) = (self.mac.as_bytes(), self.cipher.as_bytes(), self.iv.as_bytes());
        match parameters.protection {
            Protection::ExplicitNonce(aead) => {
                let (explicit, sealed) = record.fragment.split_at_checked(8)?;
                let nonce = <[u8; 12]>::try_from([iv, explicit].concat()).ok()?;
                let data = record.additional_data(sealed.len().checked_sub(aead.tag_length())?)?;
                Some(aead.open(key, &nonce, &data, sealed).is_some())
            }
            Protection::ImplicitNonce(aead) => {
                let nonce = xor_nonce(iv.try_into().ok()?, record.sequence);
                let data = record.additional_data(record.fragment.len().checked_sub(aead.tag_length())?)?;
                Some(aead.open(key, &nonce, &data, record.fragment).is_some())
            }
            Protection::AesCbc(_, mac) => {
                if mac.ends(mac_key, &record.header, record.fragment) {
                    return Some(true);
                }
                // the first record of TLS 1.0 has its IV from the key block
                let (iv, ciphertext) = if version == Version::Tls10 {
                    (iv, record.fragment)
                } else {
                    record.fragment.split_at_checked(BLOCK)?
                };
                let plaintext = cbc::decrypt(key, iv, ciphertext)?;
                Some(mac.ends(mac_key, &record.header, &plaintext))
            }
            Protection::Null(mac) => Some(mac.ends(mac_key, &record.header, record.fragment)),
        }
    }
}

#[cfg(test)]
mod tests;
