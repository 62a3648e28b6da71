//! H2O: a YAML file that names cipher and hash of each key, and the times between which it is used.

use std::{fmt::Write as _, path::Path, time::SystemTime};

use crate::{
    check::Expected,
    client::BOTH,
    failure::{Context as _, Failure},
    lab::{Lab, random},
    process::{Server, free_address, program, version},
    report::Report,
    trial::Trial,
};

/// Cipher and hash of a file's keys, bytes of both keys together, and the layout that makes.
const KINDS: [(&str, &str, usize, &str); 3] = [
    ("aes-256-cbc", "sha256", 32 + 64, "name16 aes32 hmac64"),
    ("AES-128-CBC", "SHA1", 16 + 64, "name16 aes16 hmac64"),
    ("aes-192-cbc", "sha512", 24 + 128, "name16 aes24 hmac128"),
];

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    let version = version(program("h2o")?.arg("-v"), "version ")?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).context("the clock")?.as_secs();
    for (cipher, hash, size, layout) in KINDS {
        // three keys: yesterday's, the newest of today's, which seals, and one that is not valid yet
        let mut yaml = String::new();
        for (from, to) in [(now - 90_000, now + 3_600), (now - 60, now + 90_000), (now + 50_000, now + 180_000)] {
            let (name, key) = (hex::encode(random(16)?), hex::encode(random(size)?));
            // writing to a String cannot fail
            let _ = write!(
                yaml,
                "- name: {name}\n  cipher: {cipher}\n  hash: {hash}\n  key: {key}\n  not_before: {from}\n  not_after: {to}\n"
            );
        }
        let keys = [lab.write(&format!("{cipher}-{hash}.yaml"), yaml)?];
        let trial = Trial {
            server: "H2O",
            version: &version,
            key_format: &format!("YAML, {cipher} and {hash}"),
            expected: Expected {
                keys: &keys,
                sealed_by: (0, 1),
                role: "active",
                format: "h2o",
                layout,
                // with TLS 1.3 too: this H2O leaves it to OpenSSL, not to picotls
                openssl_reads_it: true,
            },
        };
        let [keys] = &keys;
        trial.run(report, lab, &BOTH, start(lab, keys));
    }
    Ok(())
}

fn start(lab: &Lab, keys: &Path) -> Result<Server, Failure> {
    let address = free_address()?;
    let configuration = format!(
        "listen:
  host: {host}
  port: {port}
  ssl:
    certificate-file: {certificate}
    key-file: {private_key}
    minimum-version: TLSv1.2
    ocsp-update-interval: 0
hosts:
  default:
    paths:
      /:
        file.dir: {folder}/nothing
ssl-session-resumption:
  mode: ticket
  ticket-store: file
  ticket-file: {keys}
",
        host = address.ip(),
        port = address.port(),
        certificate = lab.certificate().display(),
        private_key = lab.private_key().display(),
        folder = lab.folder().display(),
        keys = keys.display(),
    );
    let file = lab.write(&format!("h2o{}.yaml", address.port()), configuration)?;
    Server::start(lab, program("h2o")?.args(["-m", "worker", "-c"]).arg(file), address)
}
