//! The running hash over the handshake messages (RFC 9846, RFC 8446 section 4.4.1).

use sha2::{Digest, Sha256, Sha384};

use super::Hash;

/// Handshake messages, each with its header of four bytes, as one hash.
#[derive(Clone)]
pub struct Transcript(State);

#[derive(Clone)]
enum State {
    Sha256(Sha256),
    Sha384(Sha384),
}

impl Transcript {
    /// Before the first ClientHello.
    #[must_use]
    pub fn new(hash: Hash) -> Self {
        Self(match hash {
            Hash::Sha256 => State::Sha256(Sha256::new()),
            Hash::Sha384 => State::Sha384(Sha384::new()),
        })
    }

    /// Before the second ClientHello: the first one counts as its hash alone (RFC 9846, RFC 8446 section 4.4.1).
    #[must_use]
    pub fn after_retry(hash: Hash, first_client_hello: &[u8], hello_retry_request: &[u8]) -> Self {
        const MESSAGE_HASH: u8 = 254;
        let mut transcript = Self::new(hash);
        transcript.push(&[MESSAGE_HASH, 0, 0, hash.len_u8()]);
        transcript.push(&hash.digest(first_client_hello));
        transcript.push(hello_retry_request);
        transcript
    }

    /// Adds a message.
    pub fn push(&mut self, message: &[u8]) {
        match &mut self.0 {
            State::Sha256(state) => state.update(message),
            State::Sha384(state) => state.update(message),
        }
    }

    /// This transcript with a message more.
    #[must_use]
    pub fn with(&self, message: &[u8]) -> Self {
        let mut longer = self.clone();
        longer.push(message);
        longer
    }

    /// The hash of all messages so far.
    #[must_use]
    pub fn digest(&self) -> Vec<u8> {
        match &self.0 {
            State::Sha256(state) => state.clone().finalize().to_vec(),
            State::Sha384(state) => state.clone().finalize().to_vec(),
        }
    }

    /// Its algorithm.
    #[must_use]
    pub fn hash(&self) -> Hash {
        match self.0 {
            State::Sha256(_) => Hash::Sha256,
            State::Sha384(_) => Hash::Sha384,
        }
    }
}
