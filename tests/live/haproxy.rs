//! `HAProxy`: lines of base64 of 48 or of 80 bytes; the last but one seals.

use std::path::Path;

use data_encoding::BASE64;

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
    let version = version(program("haproxy")?.arg("-v"), "version ")?;
    for (size, lines, layout) in [(48, 3, "name16 aes16 hmac16"), (80, 5, "name16 aes32 hmac32")] {
        let mut text = String::new();
        for _ in 0..lines {
            text += &(BASE64.encode(&random(size)?) + "\n");
        }
        let keys = [lab.write(&format!("tickets{size}"), text)?];
        let trial = Trial {
            server: "HAProxy",
            version: &version,
            key_format: &format!("{lines} lines of base64, {size} bytes each"),
            expected: Expected {
                keys: &keys,
                sealed_by: (0, lines - 2),
                role: "active",
                format: "haproxy",
                layout,
                openssl_reads_it: true,
            },
        };
        let [keys] = &keys;
        trial.run(report, lab, &BOTH, start(lab, keys));
    }
    Ok(())
}

pub(crate) fn start(lab: &Lab, keys: &Path) -> Result<Server, Failure> {
    let address = free_address()?;
    let configuration = format!(
        "defaults
            mode http
            timeout client 10s
            timeout server 10s
            timeout connect 10s
        frontend lab
            bind {address} ssl crt {certificate} tls-ticket-keys {keys} ssl-min-ver TLSv1.2
            http-request return status 204\n",
        certificate = lab.certificate_and_key()?.display(),
        keys = keys.display(),
    );
    let file = lab.write(&format!("haproxy{}.cfg", address.port()), configuration)?;
    Server::start(lab, program("haproxy")?.arg("-db").arg("-f").arg(file), address)
}
