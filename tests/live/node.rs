//! Node.js: `ticketKeys` of 48 bytes, on three generations of OpenSSL.

use std::{path::Path, process::Command};

use crate::{
    check::Expected,
    client::{BOTH, Tls},
    failure::Failure,
    lab::Lab,
    process::{Server, cached_program, fixture, free_address, program, version},
    report::Report,
    trial::Trial,
};

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    let node: fn() -> Result<Command, Failure> = || program("node");
    let node8: fn() -> Result<Command, Failure> = || cached_program("node/node_modules/node8/bin/node");
    let node12: fn() -> Result<Command, Failure> = || cached_program("node/node_modules/node12/bin/node");
    // Node.js 8 has OpenSSL 1.0.2, which knows no TLS 1.3
    for (node, protocols) in [(node8, &[Tls::V12][..]), (node12, &BOTH), (node, &BOTH)] {
        let version = version(node()?.arg("--version"), "v")?;
        let keys = [lab.random_file(&format!("node{version}.key"), 48)?];
        let trial = Trial {
            server: "Node.js",
            version: &version,
            key_format: "48 bytes",
            expected: Expected {
                keys: &keys,
                sealed_by: (0, 0),
                role: "active",
                format: "node",
                layout: "name16 hmac16 aes16",
                openssl_reads_it: true,
            },
        };
        let [keys] = &keys;
        trial.run(report, lab, protocols, start(lab, &mut node()?, keys));
    }
    Ok(())
}

pub(crate) fn start(lab: &Lab, node: &mut Command, keys: &Path) -> Result<Server, Failure> {
    let address = free_address()?;
    node.arg(fixture("server.js")).arg(address.port().to_string());
    Server::start(lab, node.arg(lab.certificate()).arg(lab.private_key()).arg(keys), address)
}
