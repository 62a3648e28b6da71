//! Knot Resolver: `net.tls_sticket_secret_file`. It issues no tickets of TLS 1.2.

use std::path::Path;

use crate::{
    check::Expected,
    client::Tls,
    failure::Failure,
    lab::Lab,
    process::{Server, free_address, program, version},
    report::Report,
    trial::Trial,
};

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    let version = version(program("kresd")?.arg("--version"), "version ")?;
    let keys = [lab.random_file("secret", 48)?];
    let trial = Trial {
        server: "Knot Resolver",
        version: &version,
        key_format: "48 bytes",
        expected: Expected {
            keys: &keys,
            sealed_by: (0, 0),
            role: "active",
            format: "knot",
            layout: "secret48",
            openssl_reads_it: false,
        },
    };
    let [secret] = &keys;
    trial.run(report, lab, &[Tls::V13], start(lab, secret));
    Ok(())
}

fn start(lab: &Lab, secret: &Path) -> Result<Server, Failure> {
    let address = free_address()?;
    let configuration = format!(
        "net.listen('{}', {}, {{ kind = 'tls' }})\nnet.tls('{}', '{}')\nnet.tls_sticket_secret_file('{}')\ncache.size = 10 * MB\n",
        address.ip(),
        address.port(),
        lab.certificate().display(),
        lab.private_key().display(),
        secret.display(),
    );
    let file = lab.write("kresd.conf", configuration)?;
    let folder = lab.path("kresd");
    std::fs::create_dir_all(&folder)?;
    Server::start(lab, program("kresd")?.arg("-n").arg("-c").arg(file).arg(folder), address)
}
