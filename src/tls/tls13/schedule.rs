//! The key schedule from a PSK on (RFC 9846, RFC 8446 section 7.1).

use super::{Hash, PskHello, Transcript};
use crate::secret::Secret;

/// The PSK of a ticket whose session holds the resumption master secret instead (RFC 9846, RFC 8446 section 4.6.1).
///
/// `nonce` is the `ticket_nonce` of the NewSessionTicket. `None` if the secret is not as long as the hash or the
/// nonce is longer than the 255 bytes that fit into the message.
#[must_use]
pub fn resumption_psk(hash: Hash, resumption_master_secret: &[u8], nonce: &[u8]) -> Option<Secret> {
    if resumption_master_secret.len() != hash.len() || nonce.len() > u8::MAX.into() {
        return None;
    }
    Some(hash.expand_label(&resumption_master_secret.into(), "resumption", nonce, hash.len_u8()))
}

/// What a binder says about a PSK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binder {
    /// The client knew this PSK: everything up to here is right.
    Verified,
    /// The binder was made with another PSK, or for another transcript.
    Mismatch,
    /// The ClientHello has no identity with this number.
    Absent,
}

/// The Early Secret of a resumption PSK, and what follows from it.
pub struct EarlySecret {
    hash: Hash,
    secret: Secret,
}

impl EarlySecret {
    /// Of a PSK; `hash` is that of the cipher suite in the session.
    #[must_use]
    pub fn new(hash: Hash, psk: &[u8]) -> Self {
        Self { hash, secret: hash.extract(&[], psk) }
    }

    /// Its hash.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// Checks the binder of an identity, in constant time (RFC 9846, RFC 8446 section 4.2.11.2).
    ///
    /// `before` is what precedes this ClientHello: nothing ([`Transcript::new`]), or the first ClientHello and the
    /// HelloRetryRequest ([`Transcript::after_retry`]); of another hash, it is a mismatch.
    #[must_use]
    pub fn verify_binder(&self, hello: &PskHello<'_>, identity: usize, before: &Transcript) -> Binder {
        let Some(binder) = hello.binders().get(identity) else { return Binder::Absent };
        let signed = before.with(hello.truncated()).digest();
        if before.hash() == self.hash && self.hash.verify_finished(&self.binder_key(), &signed, binder) {
            Binder::Verified
        } else {
            Binder::Mismatch
        }
    }

    fn binder_key(&self) -> Secret {
        self.hash.derive_secret(&self.secret, "res binder", &self.hash.digest(&[]))
    }

    /// `CLIENT_EARLY_TRAFFIC_SECRET`: protects 0-RTT data.
    ///
    /// `client_hello` is the whole first ClientHello. The secret is that of identity 0 alone, which is the only one
    /// that early data may use (RFC 9846, RFC 8446 section 4.2.10).
    #[must_use]
    pub fn client_early_traffic(&self, client_hello: &[u8]) -> Secret {
        self.hash.derive_secret(&self.secret, "c e traffic", &self.hash.digest(client_hello))
    }

    /// `EARLY_EXPORTER_SECRET`, with the same conditions as [`Self::client_early_traffic`].
    #[must_use]
    pub fn early_exporter(&self, client_hello: &[u8]) -> Secret {
        self.hash.derive_secret(&self.secret, "e exp master", &self.hash.digest(client_hello))
    }

    /// The handshake's secrets without Diffie-Hellman (`psk_ke`); `through_server_hello` is the transcript from
    /// the first ClientHello to the ServerHello. `None` if its hash is another one.
    #[must_use]
    pub fn handshake_psk_ke(&self, through_server_hello: &Transcript) -> Option<HandshakeSecrets> {
        self.handshake(&vec![0; self.hash.len()], through_server_hello)
    }

    pub(super) fn handshake(&self, shared_secret: &[u8], transcript: &Transcript) -> Option<HandshakeSecrets> {
        if transcript.hash() != self.hash {
            return None;
        }
        let hash = self.hash;
        let secret = hash.extract(next_salt(hash, &self.secret).as_bytes(), shared_secret);
        let messages = transcript.digest();
        Some(HandshakeSecrets {
            client: hash.derive_secret(&secret, "c hs traffic", &messages),
            server: hash.derive_secret(&secret, "s hs traffic", &messages),
            master: hash.extract(next_salt(hash, &secret).as_bytes(), &vec![0; hash.len()]),
        })
    }

    #[cfg(test)]
    pub(super) fn parts(&self) -> (&Secret, Secret) {
        (&self.secret, self.binder_key())
    }
}

fn next_salt(hash: Hash, secret: &Secret) -> Secret {
    hash.derive_secret(secret, "derived", &hash.digest(&[]))
}

/// The secrets that protect the encrypted part of a handshake.
pub struct HandshakeSecrets {
    /// `CLIENT_HANDSHAKE_TRAFFIC_SECRET`
    pub client: Secret,
    /// `SERVER_HANDSHAKE_TRAFFIC_SECRET`
    pub server: Secret,
    pub(super) master: Secret,
}

impl HandshakeSecrets {
    /// The secrets after the handshake; the transcript reaches from the first ClientHello to the server's Finished.
    #[must_use]
    pub fn application(&self, through_server_finished: &Transcript) -> ApplicationSecrets {
        let hash = through_server_finished.hash();
        let messages = through_server_finished.digest();
        ApplicationSecrets {
            client: hash.derive_secret(&self.master, "c ap traffic", &messages),
            server: hash.derive_secret(&self.master, "s ap traffic", &messages),
            exporter: hash.derive_secret(&self.master, "exp master", &messages),
        }
    }

    /// The resumption master secret; the transcript reaches to the client's Finished. With
    /// [`resumption_psk`] it gives the PSK of each ticket that the connection issues.
    #[must_use]
    pub fn resumption_master(&self, through_client_finished: &Transcript) -> Secret {
        let hash = through_client_finished.hash();
        hash.derive_secret(&self.master, "res master", &through_client_finished.digest())
    }
}

/// The secrets that protect application data.
pub struct ApplicationSecrets {
    /// `CLIENT_TRAFFIC_SECRET_0`
    pub client: Secret,
    /// `SERVER_TRAFFIC_SECRET_0`
    pub server: Secret,
    /// `EXPORTER_SECRET`
    pub exporter: Secret,
}
