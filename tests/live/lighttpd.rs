//! lighttpd: `ssl.stek-file`, 92 bytes with the times between which the key is used. Each of its TLS modules makes of them
//! what its library takes.

use std::{path::Path, time::SystemTime};

use crate::{
    check::Expected,
    client::{BOTH, Tls},
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
    // module, layout, protocols that it issues tickets of: Debian 12 has Mbed TLS 2.28
    let modules: [(&str, &str, &str, &[Tls]); 4] = [
        ("lighttpd", "mod_openssl", "name16 hmac32 aes32", &BOTH),
        ("lighttpd, mod_gnutls", "mod_gnutls", "name16 aes32 hmac16", &BOTH),
        ("lighttpd, mod_mbedtls", "mod_mbedtls", "name4 key32", &[Tls::V12]),
        ("lighttpd, mod_wolfssl", "mod_wolfssl", "name16 hmac32 aes32", &BOTH),
    ];
    for (server, module, layout, protocols) in modules {
        let trial = Trial {
            server,
            version: &version,
            key_format: "92 bytes with times",
            expected: Expected {
                keys: &keys,
                sealed_by: (0, 0),
                role: "active",
                format: "lighttpd",
                layout,
                openssl_reads_it: module == "mod_openssl",
            },
        };
        let [keys] = &keys;
        trial.run(report, lab, protocols, start(lab, module, keys));
    }
    Ok(())
}

fn start(lab: &Lab, module: &str, keys: &Path) -> Result<Server, Failure> {
    let address = free_address()?;
    let configuration = format!(
        r#"server.modules = ("{module}")
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
    let file = lab.write(&format!("{module}.conf"), configuration)?;
    Server::start(lab, program("lighttpd")?.arg("-D").arg("-f").arg(file), address)
}
