//! stunnel: two secrets in the service's own configuration, and key names that are never set.

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
};

use crate::{
    check::Expected,
    client::BOTH,
    failure::Failure,
    lab::{Lab, random},
    process::{Server, free_address, program, version},
    report::Report,
    trial::Trial,
};

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    let version = version(program("stunnel")?.arg("-version"), "stunnel ")?;
    // what stunnel connects to: accepted by the system, never answered
    let backend = TcpListener::bind("127.0.0.1:0")?;
    for (size, layout) in [(16, "aes16 hmac16"), (32, "aes32 hmac32")] {
        let address = free_address()?;
        let configuration = configuration(lab, address, backend.local_addr()?, size)?;
        let keys = [lab.write(&format!("stunnel{size}.conf"), configuration)?];
        let trial = Trial {
            server: "stunnel",
            version: &version,
            key_format: &format!("configuration, secrets of {size} bytes"),
            expected: Expected {
                keys: &keys,
                sealed_by: (0, 0),
                role: "active",
                format: "stunnel",
                layout,
                openssl_reads_it: true,
            },
        };
        let [keys] = &keys;
        trial.run(report, lab, &BOTH, start(lab, keys, address));
    }
    Ok(())
}

fn configuration(lab: &Lab, address: SocketAddr, backend: SocketAddr, size: usize) -> Result<String, Failure> {
    Ok(format!(
        "; a service of the live tests
foreground = yes
pid =
syslog = no

[https]
accept = {address}
connect = {backend}
cert = {certificate}
key = {private_key}
sslVersionMin = TLSv1.2
ticketKeySecret = {cipher}
ticketMacSecret = {mac}
",
        certificate = lab.certificate().display(),
        private_key = lab.private_key().display(),
        cipher = hex::encode(random(size)?),
        mac = hex::encode(random(size)?),
    ))
}

fn start(lab: &Lab, configuration: &Path, address: SocketAddr) -> Result<Server, Failure> {
    Server::start(lab, program("stunnel")?.arg(configuration), address)
}
