//! Tickets with their keys, and sessions: from real servers where the corpus has them, else made.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark that cannot go on has failed")]

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use tktdump::key::file::{KeyFile, read_auto};
use tktdump::key::ring::KeyRing;

use super::seal::random::Random;
use super::seal::tickets::{NOW, keys};
use super::seal::{sent_length, session, unsent_length};

/// A file of the test data.
pub(crate) fn data(path: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Something with a name that the report shows.
pub(crate) struct Sample<T> {
    name: &'static str,
    pub(crate) value: T,
}

impl<T> fmt::Display for Sample<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// A ticket and the file with its key.
pub(crate) struct Sealed {
    pub(crate) ticket: Vec<u8>,
    key_file: Vec<u8>,
}

impl Sealed {
    /// Its key, the last of `count`.
    pub(crate) fn ring(&self, count: usize) -> KeyRing {
        let mut files = keys(4, count - 1, self.key_file.len());
        files.push(self.key_file.clone());
        let read = |file: &Vec<u8>| -> KeyFile { read_auto(file).expect("a key file") };
        let files = files.iter().map(|file| (Arc::from("ticket.key"), read(file))).collect();
        KeyRing::with_clock(files, Some(i64::from(NOW)))
    }
}

fn from_corpus(name: &'static str, case: &str) -> Sample<Sealed> {
    let [ticket, key_file] = ["ticket.bin", "ticket.key"].map(|file| data(&format!("{case}/{file}")));
    Sample { name, value: Sealed { ticket, key_file } }
}

/// With the first key of the file alone: several could be keys of other families.
fn go(name: &'static str, case: &str) -> Sample<Sealed> {
    let mut sample = from_corpus(name, case);
    sample.value.key_file.truncate(32);
    sample
}

/// Tickets of the families whose key files are bare bytes, so that others of their kind can be put beside them.
pub(crate) fn families() -> Vec<Sample<Sealed>> {
    let mut random = Random::new(5);
    let (short, long, secret, iv) = (random.bytes(48), random.bytes(80), random.array(), random.array());
    let rfc5077 = sent_length(&short[..16], &short[32..], &short[16..32], &iv, &session::rfc5077(&secret));
    let rustls = unsent_length(&long[..16], &long[48..], &long[16..48], &iv, &session::rustls(&secret));
    vec![
        from_corpus("openssl_48_bytes", "nginx48_tls12"),
        from_corpus("openssl_80_bytes", "nginx80_tls13"),
        Sample { name: "rfc5077_48_bytes", value: Sealed { ticket: rfc5077, key_file: short } },
        Sample { name: "rustls_80_bytes", value: Sealed { ticket: rustls, key_file: long } },
        go("go", "go_tls13"),
        go("go_since_1_21", "go127_tls13"),
    ]
}

/// Tickets of the other families.
pub(crate) fn other_families() -> Vec<Sample<Sealed>> {
    vec![
        from_corpus("openssl_client_certificate", "nginx80_tls12_clientcert_rsa"),
        from_corpus("h2o_sha1", "h2o_tls12_aes128_sha1"),
        from_corpus("h2o_sha512", "h2o_tls13_aes192_sha512"),
        from_corpus("stunnel", "stunnel32_tls12"),
        from_corpus("gnutls", "gnutls_tls12"),
    ]
}

/// A plaintext of every dialect.
pub(crate) fn sessions() -> Vec<Sample<Vec<u8>>> {
    let secret = Random::new(6).array();
    let made = |name, value| Sample { name, value };
    let real = |name, path| Sample { name, value: data(path) };
    vec![
        real("openssl_tls12", "nginx48_tls12/plain.der"),
        real("openssl_tls13", "nginx80_tls13/plain.der"),
        real("openssl_client_certificate", "nginx80_tls12_clientcert_rsa/plain.der"),
        real("boringssl", "sessions/boringssl_tls12.der"),
        real("go", "go_tls13/plain.der"),
        real("go_since_1_21", "go127_tls13/plain.der"),
        real("gnutls", "gnutls_tls12/plain.der"),
        real("picotls", "h2o_tls13_aes256/plain.der"),
        made("rustls", session::rustls(&secret)),
        made("rfc5077", session::rfc5077(&secret)),
    ]
}
