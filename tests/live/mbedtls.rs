//! Mbed TLS with each cipher that it seals tickets with: a server of a few lines, which writes down the key that the
//! library makes. Debian's Mbed TLS 2.28 has no TLS 1.3, and refuses ChaCha20-Poly1305, which Mbed TLS 3 takes.

use std::path::{Path, PathBuf};

use crate::{
    check::Expected,
    client::Tls,
    failure::{Context as _, Failure},
    lab::Lab,
    process::{Server, fixture, free_address, program, succeed, version, wait_for},
    report::Report,
    trial::Trial,
};

/// Cipher of the tickets, and how its key lies in the file.
const CIPHERS: [(&str, &str); 4] = [
    ("AES-128-CCM", "name4 key16"),
    ("AES-256-CCM", "name4 key32"),
    ("AES-128-GCM", "name4 key16"),
    ("AES-256-GCM", "name4 key32"),
];

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    let library = version(program("dpkg-query")?.args(["-W", "-f", "${Version}\n", "libmbedtls-dev"]), "")?;
    let server = compile(lab)?;
    for (cipher, layout) in CIPHERS {
        let keys = [lab.path(&format!("{cipher}.key"))];
        let trial = Trial {
            server: "Mbed TLS",
            version: &library,
            key_format: &format!("4 bytes of name and a key of {cipher}"),
            expected: Expected {
                keys: &keys,
                sealed_by: (0, 0),
                role: "unknown",
                format: "mbedtls",
                layout,
                openssl_reads_it: false,
            },
        };
        let [key] = &keys;
        trial.run(report, lab, &[Tls::V12], start(lab, &server, cipher, key));
    }
    Ok(())
}

fn compile(lab: &Lab) -> Result<PathBuf, Failure> {
    let server = lab.path("mbedtls_server");
    let mut gcc = program("gcc")?;
    gcc.args(["-Wall", "-Wextra", "-o"]).arg(&server).arg(fixture("mbedtls_server.c"));
    succeed(gcc.args(["-lmbedtls", "-lmbedx509", "-lmbedcrypto"]), b"").context("the server on Mbed TLS")?;
    Ok(server)
}

fn start(lab: &Lab, server: &Path, cipher: &str, key: &Path) -> Result<Server, Failure> {
    let address = free_address()?;
    let mut command = std::process::Command::new(server);
    command.arg(address.port().to_string()).arg(lab.certificate()).arg(lab.private_key()).arg(cipher).arg(key);
    let server = Server::start(lab, &mut command, address)?;
    if wait_for(std::time::Duration::from_secs(10), || key.exists()) {
        Ok(server)
    } else {
        Err(Failure::new("the server wrote no key"))
    }
}
