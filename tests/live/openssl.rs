//! The OpenSSL library itself: `SSL_CTX_set_tlsext_ticket_keys`, 80 bytes since OpenSSL 1.1.0.

use std::{path::Path, process::Command};

use crate::{
    check::Expected,
    client::BOTH,
    failure::{Context as _, Failure},
    lab::Lab,
    process::{Server, fixture, free_address, program, succeed, version},
    report::Report,
    trial::Trial,
};

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    // OpenSSL 3.0.22 25 Aug 2026 (Library: OpenSSL 3.0.22 25 Aug 2026)
    let version = version(program("openssl")?.arg("version"), "Library: OpenSSL ")?;
    let keys = [lab.random_file("ticket.key", 80)?];
    let trial = Trial {
        server: "OpenSSL library",
        version: &version,
        key_format: "80 bytes",
        expected: Expected {
            keys: &keys,
            sealed_by: (0, 0),
            role: "active",
            format: "openssl",
            layout: "name16 hmac32 aes32",
            openssl_reads_it: true,
        },
    };
    let [keys] = &keys;
    trial.run(report, lab, &BOTH, start(lab, keys));
    Ok(())
}

pub(crate) fn start(lab: &Lab, keys: &Path) -> Result<Server, Failure> {
    let server = lab.path("openssl_server");
    let mut compiler = program("gcc")?;
    compiler.arg("-o").arg(&server).arg(fixture("openssl_server.c")).args(["-lssl", "-lcrypto"]);
    succeed(&mut compiler, b"").context("the server in C")?;
    let address = free_address()?;
    let mut command = Command::new(server);
    command.arg(address.port().to_string()).arg(lab.certificate()).arg(lab.private_key()).arg(keys);
    Server::start(lab, &mut command, address)
}
