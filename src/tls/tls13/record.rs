//! Record protection (RFC 9846, RFC 8446 section 5).

use std::fmt;

use zeroize::Zeroizing;

use super::Suite;
use crate::secret::Secret;
use crate::tls::aead::xor_nonce;
use crate::tls::wire::Reader;

const APPLICATION_DATA: u8 = 23;
/// The most content of a record (RFC 9846, RFC 8446 section 5.1).
const MAX_CONTENT: usize = 1 << 14;
/// 2^14 bytes of content, its type and padding, and at most 255 bytes of expansion (RFC 9846, RFC 8446 section 5.2).
const MAX_CIPHERTEXT: usize = (1 << 14) + 256;

/// The keys of one direction, and the number of the record that is next.
pub struct RecordKeys {
    suite: Suite,
    key: Secret,
    iv: Zeroizing<[u8; 12]>,
    sequence: u64,
}

impl RecordKeys {
    /// The keys that follow from a traffic secret (RFC 9846, RFC 8446 section 7.3).
    #[must_use]
    pub fn new(suite: Suite, traffic_secret: &Secret) -> Self {
        let hash = suite.hash;
        let key_length = u8::try_from(suite.aead.key_length()).unwrap_or(0);
        let key = hash.expand_label(traffic_secret, "key", &[], key_length);
        let mut iv = Zeroizing::new([0; 12]);
        iv.copy_from_slice(hash.expand_label(traffic_secret, "iv", &[], 12).as_bytes());
        Self { suite, key, iv, sequence: 0 }
    }

    /// Opens the next record of this direction, header of five bytes included, and moves on.
    ///
    /// `None` if it is not protected with these keys; then the same number is tried again with the next record.
    pub fn open(&mut self, record: &[u8]) -> Option<Plaintext> {
        let plaintext = self.open_at(self.sequence, record)?;
        self.sequence = self.sequence.checked_add(1)?;
        Some(plaintext)
    }

    /// Counts the next record of this direction, which is not opened.
    pub fn pass_over(&mut self) {
        self.sequence = self.sequence.saturating_add(1);
    }

    /// Opens the record of that number, counted from 0 under these keys.
    #[must_use]
    pub fn open_at(&self, number: u64, record: &[u8]) -> Option<Plaintext> {
        let mut reader = Reader(record);
        let header = reader.take(5)?;
        let sealed = Reader(record.get(3..)?).vec16()?;
        if header.first() != Some(&APPLICATION_DATA)
            || sealed.len() > MAX_CIPHERTEXT
            || sealed.len() + 5 != record.len()
        {
            return None;
        }
        let nonce = xor_nonce(&self.iv, number);
        let mut content = self.suite.aead.open(self.key.as_bytes(), &nonce, header, sealed)?;
        // zeros after the content type are padding
        let length = content.iter().rposition(|&byte| byte != 0)?;
        let content_type = *content.get(length)?;
        content.truncate(length);
        Some(Plaintext { content_type, content })
    }

    /// Protects the next record of this direction, and moves on; header of five bytes included, without padding.
    ///
    /// `None` if the content is longer than the 2^14 bytes that a record holds.
    pub fn seal(&mut self, content_type: u8, content: &[u8]) -> Option<Vec<u8>> {
        if content.len() > MAX_CONTENT {
            return None;
        }
        let inner = Zeroizing::new([content, &[content_type]].concat());
        let length = u16::try_from(inner.len() + self.suite.aead.tag_length()).ok()?;
        let [high, low] = length.to_be_bytes();
        let header = [APPLICATION_DATA, 3, 3, high, low];
        let nonce = xor_nonce(&self.iv, self.sequence);
        let sealed = self.suite.aead.seal(self.key.as_bytes(), &nonce, &header, &inner)?;
        self.sequence = self.sequence.checked_add(1)?;
        Some([&header[..], &sealed].concat())
    }

    /// The number of records opened or sealed so far.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    #[cfg(test)]
    pub(super) fn parts(&self) -> (&[u8], &[u8]) {
        (self.key.as_bytes(), &self.iv[..])
    }
}

/// What a protected record holds; wiped on drop.
pub struct Plaintext {
    /// 21 alert, 22 handshake, 23 application data.
    pub content_type: u8,
    /// The content without padding.
    pub content: Zeroizing<Vec<u8>>,
}

impl Plaintext {
    /// Whether this is the EndOfEarlyData message. A client sends it only where the server has accepted its early
    /// data (RFC 9846, RFC 8446 section 4.5).
    #[must_use]
    pub fn is_end_of_early_data(&self) -> bool {
        self.content_type == super::HANDSHAKE && self.content[..] == [5, 0, 0, 0]
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plaintext(type {}, {} bytes)", self.content_type, self.content.len())
    }
}
