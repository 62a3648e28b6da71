//! unbound: `tls-session-ticket-keys`, files of 80 bytes; the first seals.

use std::path::PathBuf;

use crate::{
    check::Expected,
    client::BOTH,
    failure::Failure,
    lab::Lab,
    process::{Server, free_address, program, version},
    report::Report,
    trial::Trial,
};

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    let version = version(program("unbound")?.arg("-V"), "Version ")?;
    let keys = [lab.random_file("new.key", 80)?, lab.random_file("old.key", 80)?];
    let trial = Trial {
        server: "unbound",
        version: &version,
        key_format: "2 files of 80 bytes",
        expected: Expected {
            keys: &keys,
            sealed_by: (0, 0),
            role: "active",
            format: "unbound",
            layout: "name16 aes32 hmac32",
            openssl_reads_it: true,
        },
    };
    trial.run(report, lab, &BOTH, start(lab, &keys));
    Ok(())
}

fn start(lab: &Lab, keys: &[PathBuf]) -> Result<Server, Failure> {
    let address = free_address()?;
    let keys: Vec<_> = keys.iter().map(|key| format!("tls-session-ticket-keys: \"{}\"\n", key.display())).collect();
    let configuration = format!(
        r#"server:
        interface: {host}@{port}
        tls-port: {port}
        tls-service-pem: "{certificate}"
        tls-service-key: "{private_key}"
        {keys}
        directory: "{folder}"
        username: ""
        chroot: ""
        pidfile: ""
        logfile: ""
        use-syslog: no
        module-config: "iterator"
        remote-control:
        control-enable: no
        "#,
        host = address.ip(),
        port = address.port(),
        certificate = lab.certificate().display(),
        private_key = lab.private_key().display(),
        keys = keys.concat(),
        folder = lab.folder().display(),
    );
    let file = lab.write("unbound.conf", configuration)?;
    Server::start(lab, program("unbound")?.args(["-d", "-c"]).arg(file), address)
}
