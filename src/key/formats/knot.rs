//! Knot Resolver: the secret of `net.tls_sticket_secret_file` (Lua) or `network/tls/sticket-secret-file` (YAML), of which
//! the first 1024 bytes count, a line end included (`daemon/tls_session_ticket-srv.c`). SHA3-512 of a number for every 4096
//! seconds and the secret is a master key of `GnuTLS`, which derives from it in turn.

use zeroize::Zeroizing;

use super::bare::{self, MAX_LENGTH};
use crate::key::file::KeyFileError;
use crate::key::format::{KeyBytes, KeyFormat, Position};
use crate::key::layout::{Layout, Order};
use crate::key::scheme::{Derivation, Scheme};
use crate::key::{Role, Unwritable};

/// The shortest secret that the server takes.
const MIN_LENGTH: usize = 32;

pub(super) struct Knot;

impl KeyFormat for Knot {
    fn name(&self) -> &'static str {
        "knot"
    }

    fn about(&self) -> &'static str {
        "Knot Resolver: net.tls_sticket_secret_file"
    }

    fn takes(&self) -> &'static str {
        "32 bytes or more, of which the first 1024 count"
    }

    fn is_bare(&self) -> bool {
        true
    }

    fn read(&self, file: &[u8]) -> Result<Vec<KeyBytes>, KeyFileError> {
        if file.len() < MIN_LENGTH {
            return Err(KeyFileError::size(file, self.name(), self.takes()));
        }
        let secret = file.get(..MAX_LENGTH).unwrap_or(file);
        // a secret given in the configuration has no line end
        let line = secret.strip_suffix(b"\n").filter(|line| line.len() >= MIN_LENGTH);
        let secrets = [Some(secret), line].into_iter().flatten();
        Ok(secrets.map(key_of).collect())
    }

    fn write(&self, keys: &[KeyBytes]) -> Result<Zeroizing<Vec<u8>>, Unwritable> {
        bare::write(self, keys)
    }

    fn role(&self, place: Position) -> Role {
        if place.files > 1 { Role::Unknown } else { Role::Active }
    }
}

fn key_of(secret: &[u8]) -> KeyBytes {
    let layout = Layout { order: Order::Secret, aes: secret.len(), hmac: 0 };
    let scheme = Scheme { derivation: Derivation::Epochs, ..Scheme::GNUTLS };
    KeyBytes { seed: Some(Zeroizing::new(secret.to_vec())), ..KeyBytes::new(0, secret, layout).with_scheme(scheme) }
}
