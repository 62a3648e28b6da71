//! A resumption without Diffie-Hellman, followed from its ServerHello to the client's Finished.

use zeroize::{Zeroize, Zeroizing};

use super::{ApplicationSecrets, EarlySecret, HANDSHAKE, HandshakeSecrets, Plaintext, RecordKeys, Suite, Transcript};
use crate::secret::Secret;
use crate::tls::wire::Reader;

/// More than the EncryptedExtensions and the Finished of a resumption ever need.
const MAX_FLIGHT: usize = 1 << 16;
const FINISHED: u8 = 20;
const CHANGE_CIPHER_SPEC: u8 = 20;

/// The encrypted part of a `psk_ke` handshake, fed with records.
pub struct PskKe {
    suite: Suite,
    secrets: HandshakeSecrets,
    /// Up to the ServerHello, then as far as messages have come.
    transcript: Transcript,
    server: Flight,
    client: Flight,
    early: Option<RecordKeys>,
    application: Option<ApplicationSecrets>,
}

/// Where a flight stands after a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Its Finished is still to come.
    Pending,
    /// Its Finished is there and right.
    Finished,
    /// The record is not protected with the keys at hand, or the Finished is wrong, or the flight is malformed:
    /// nothing that follows from it is certain.
    Failed,
}

impl PskKe {
    /// Takes up after the ServerHello, which has a `pre_shared_key` and no `key_share` extension.
    ///
    /// `through_server_hello` is the transcript up to there. `None` if the ticket's hash is not the suite's.
    #[must_use]
    pub fn new(suite: Suite, early: &EarlySecret, through_server_hello: Transcript) -> Option<Self> {
        if early.hash() != suite.hash {
            return None;
        }
        let secrets = early.handshake_psk_ke(&through_server_hello)?;
        Some(Self::with_secrets(suite, secrets, through_server_hello))
    }

    pub(super) fn with_secrets(suite: Suite, secrets: HandshakeSecrets, transcript: Transcript) -> Self {
        Self {
            suite,
            server: Flight::new(RecordKeys::new(suite, &secrets.server)),
            client: Flight::new(RecordKeys::new(suite, &secrets.client)),
            secrets,
            transcript,
            early: None,
            application: None,
        }
    }

    /// Says that the client sends early data, with [`EarlySecret::client_early_traffic`].
    #[must_use]
    pub fn with_early_data(mut self, client_early_traffic: &Secret) -> Self {
        self.early = Some(RecordKeys::new(self.suite, client_early_traffic));
        self
    }

    /// The next record of the server, header included. `Finished` proves all secrets of this handshake.
    pub fn server_record(&mut self, record: &[u8]) -> Progress {
        if self.server.state != Progress::Pending || is_change_cipher_spec(record) {
            return self.server.state;
        }
        let finished = self
            .server
            .keys
            .open(record)
            .map(|plaintext| self.server.take(&plaintext, &mut self.transcript, self.suite, &self.secrets.server));
        self.server.state = finished.unwrap_or(Progress::Failed);
        if self.server.state == Progress::Finished {
            self.application = Some(self.secrets.application(&self.transcript));
        }
        self.server.state
    }

    /// The next record of the client after its ClientHello, header included; to be fed once the server's flight is
    /// finished. Early data is read past.
    pub fn client_record(&mut self, record: &[u8]) -> Progress {
        if self.client.state != Progress::Pending || self.application.is_none() || is_change_cipher_spec(record) {
            return self.client.state;
        }
        if let Some(plaintext) = self.early.as_mut().and_then(|keys| keys.open(record)) {
            if plaintext.is_end_of_early_data() {
                self.transcript.push(&plaintext.content);
                self.early = None;
            }
            return Progress::Pending;
        }
        let finished = self
            .client
            .keys
            .open(record)
            .map(|plaintext| self.client.take(&plaintext, &mut self.transcript, self.suite, &self.secrets.client));
        self.client.state = finished.unwrap_or(Progress::Failed);
        self.client.state
    }

    /// The handshake's traffic secrets, certain once [`Self::is_proven`].
    #[must_use]
    pub fn handshake_secrets(&self) -> &HandshakeSecrets {
        &self.secrets
    }

    /// Whether a record of the server has been opened with its handshake traffic secret.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.server.keys.sequence() > 0
    }

    /// The secrets of the application data, once the server's Finished has been verified.
    #[must_use]
    pub fn application_secrets(&self) -> Option<&ApplicationSecrets> {
        self.application.as_ref()
    }

    /// The resumption master secret, once the client's Finished has been verified too.
    #[must_use]
    pub fn resumption_master_secret(&self) -> Option<Secret> {
        (self.client.state == Progress::Finished).then(|| self.secrets.resumption_master(&self.transcript))
    }
}

/// A record that TLS 1.3 has for the sake of middleboxes alone (RFC 9846, RFC 8446 appendix D.4).
fn is_change_cipher_spec(record: &[u8]) -> bool {
    record.first() == Some(&CHANGE_CIPHER_SPEC)
}

/// One side's messages up to its Finished.
struct Flight {
    keys: RecordKeys,
    /// The start of a message whose end is in a later record.
    partial: Zeroizing<Vec<u8>>,
    taken: usize,
    state: Progress,
}

impl Flight {
    fn new(keys: RecordKeys) -> Self {
        Self { keys, partial: Zeroizing::default(), taken: 0, state: Progress::Pending }
    }

    fn take(&mut self, record: &Plaintext, transcript: &mut Transcript, suite: Suite, secret: &Secret) -> Progress {
        self.taken += record.content.len();
        if record.content_type != HANDSHAKE || self.taken > MAX_FLIGHT {
            return Progress::Failed;
        }
        self.partial.extend_from_slice(&record.content);
        let mut progress = Progress::Pending;
        let mut rest = Reader(&self.partial);
        while progress == Progress::Pending {
            let Some((message, kind, body)) = next_message(&mut rest) else { break };
            if kind == FINISHED {
                let right = suite.hash.verify_finished(secret, &transcript.digest(), body);
                progress = if right { Progress::Finished } else { Progress::Failed };
            }
            transcript.push(message);
        }
        let left = Zeroizing::new(rest.0.to_vec());
        self.partial.zeroize();
        self.partial = left;
        progress
    }
}

/// A whole message, its type and its body.
fn next_message<'a>(rest: &mut Reader<'a>) -> Option<(&'a [u8], u8, &'a [u8])> {
    let start = *rest;
    let mut reader = start;
    let kind = reader.u8()?;
    let body = reader.vec24()?;
    *rest = reader;
    Some((start.0.get(..body.len() + 4)?, kind, body))
}
