//! GnuTLS: `gnutls-serv`, with the 64-byte key that it made for itself.

use std::path::Path;

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
    let version = version(program("gnutls-serv")?.arg("--version"), "gnutls-serv ")?;
    let keys = [lab.path("ticket.key")];
    let trial = Trial {
        server: "gnutls-serv",
        version: &version,
        key_format: "64 bytes",
        expected: Expected {
            keys: &keys,
            sealed_by: (0, 0),
            role: "active",
            format: "gnutls",
            layout: "name16 aes32 hmac16",
            openssl_reads_it: false,
        },
    };
    let [keys] = &keys;
    trial.run(report, lab, &BOTH, start(lab, keys));
    Ok(())
}

pub(crate) fn start(lab: &Lab, keys: &Path) -> Result<Server, Failure> {
    let library = lab.path("gnutls_key.so");
    succeed(program("gcc")?.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(fixture("gnutls_key.c")), b"")
        .context("the library that writes the key down")?;
    let address = free_address()?;
    let mut server = program("gnutls-serv")?;
    server.env("LD_PRELOAD", library).env("TICKET_KEY", keys);
    server.args(["--http", "--disable-client-cert", "--port"]).arg(address.port().to_string());
    server.arg("--x509certfile").arg(lab.certificate()).arg("--x509keyfile").arg(lab.private_key());
    Server::start(lab, &mut server, address)
}
