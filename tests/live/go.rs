//! Go's `crypto/tls`: 32-byte keys, before and after the ticket format of Go 1.21.

use std::{path::Path, process::Command};

use crate::{
    check::Expected,
    client::BOTH,
    failure::{Context as _, Failure},
    lab::Lab,
    process::{Server, cached_program, fixture, free_address, program, succeed, version},
    report::Report,
    trial::Trial,
};

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    let debian: fn() -> Result<Command, Failure> = || program("go");
    let newest: fn() -> Result<Command, Failure> = || cached_program("servers/bin/go");
    for go in [debian, newest] {
        let version = version(go()?.arg("version"), "go version go")?;
        let keys = [lab.random_file(&format!("go{version}.keys"), 3 * 32)?];
        let trial = Trial {
            server: "Go",
            version: &version,
            key_format: "3 × 32 bytes in a file",
            expected: Expected {
                keys: &keys,
                sealed_by: (0, 0),
                role: "active",
                format: "go",
                layout: "name16 aes16 hmac16",
                openssl_reads_it: false,
            },
        };
        let [keys] = &keys;
        trial.run(report, lab, &BOTH, start(lab, &mut go()?, keys));
    }
    Ok(())
}

pub(crate) fn start(lab: &Lab, go: &mut Command, keys: &Path) -> Result<Server, Failure> {
    let program = keys.with_extension("server");
    go.envs([("GOTOOLCHAIN", "local"), ("GOFLAGS", ""), ("CGO_ENABLED", "0"), ("GO111MODULE", "off")]);
    succeed(go.arg("build").arg("-o").arg(&program).arg(fixture("server.go")), b"").context("the server in Go")?;
    let address = free_address()?;
    let mut server = Command::new(program);
    server.arg(address.to_string()).arg(lab.certificate()).arg(lab.private_key()).arg(keys);
    Server::start(lab, &mut server, address)
}
