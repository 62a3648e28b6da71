//! dnsdist: one file of any number of 80-byte keys; the last seals.

use std::path::Path;

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
    let version = version(program("dnsdist")?.arg("--version"), "dnsdist ")?;
    let keys = [lab.random_file("ticket.keys", 3 * 80)?];
    let trial = Trial {
        server: "dnsdist",
        version: &version,
        key_format: "3 × 80 bytes in a file",
        expected: Expected {
            keys: &keys,
            sealed_by: (0, 2),
            role: "active",
            format: "dnsdist",
            layout: "name16 aes32 hmac32",
            openssl_reads_it: true,
        },
    };
    let [keys] = &keys;
    trial.run(report, lab, &BOTH, start(lab, keys));
    Ok(())
}

fn start(lab: &Lab, keys: &Path) -> Result<Server, Failure> {
    let address = free_address()?;
    // plain DNS must listen somewhere too; no question is asked of anybody
    let configuration = format!(
        r#"setSecurityPollSuffix("")
        setLocal("{plain}")
        addTLSLocal("{address}", "{certificate}", "{private_key}",
            {{ provider = "openssl", minTLSVersion = "tls1.2", ticketKeyFile = "{keys}" }})
        "#,
        plain = free_address()?,
        certificate = lab.certificate().display(),
        private_key = lab.private_key().display(),
        keys = keys.display(),
    );
    let file = lab.write("dnsdist.conf", configuration)?;
    Server::start(lab, program("dnsdist")?.args(["--supervised", "--disable-syslog", "-C"]).arg(file), address)
}
