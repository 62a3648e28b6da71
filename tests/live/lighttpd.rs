//! lighttpd: `ssl.stek-file`, 92 bytes with the times between which the key is used.

use std::{path::Path, time::SystemTime};

use crate::{
    check::Expected,
    client::BOTH,
    failure::{Context as _, Failure},
    lab::{Lab, random},
    process::{Server, free_address, program, version},
    report::Report,
    trial::Trial,
};

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    let version = version(program("lighttpd")?.arg("-v"), "lighttpd/")?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).context("the clock")?.as_secs();
    let now = u32::try_from(now).context("the clock")?;
    // format 0, active from, expires; in the byte order of the machine
    let mut file: Vec<u8> = [0, now - 60, now + 3600].into_iter().flat_map(u32::to_ne_bytes).collect();
    file.extend(random(80)?);
    let keys = [lab.write("ticket.stek", file)?];
    let trial = Trial {
        server: "lighttpd",
        version: &version,
        key_format: "92 bytes with times",
        expected: Expected {
            keys: &keys,
            sealed_by: (0, 0),
            role: "active",
            format: "lighttpd",
            layout: "name16 hmac32 aes32",
            openssl_reads_it: true,
        },
    };
    let [keys] = &keys;
    trial.run(report, lab, &BOTH, start(lab, keys));
    Ok(())
}

fn start(lab: &Lab, keys: &Path) -> Result<Server, Failure> {
    let address = free_address()?;
    let configuration = format!(
        r#"server.modules = ("mod_openssl")
        server.bind = "{host}"
        server.port = {port}
        server.document-root = "{folder}"
        ssl.engine = "enable"
        ssl.pemfile = "{certificate}"
        ssl.privkey = "{private_key}"
        ssl.stek-file = "{keys}"
        "#,
        host = address.ip(),
        port = address.port(),
        folder = lab.folder().display(),
        certificate = lab.certificate().display(),
        private_key = lab.private_key().display(),
        keys = keys.display(),
    );
    let file = lab.write("lighttpd.conf", configuration)?;
    Server::start(lab, program("lighttpd")?.arg("-D").arg("-f").arg(file), address)
}
