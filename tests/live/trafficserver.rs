//! Apache Traffic Server: one file of any number of 48-byte keys; the first seals.

use std::{fs, path::Path};

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
    let version = version(program("traffic_server")?.arg("-V"), "Traffic Server ")?;
    let keys = [lab.random_file("ticket.keys", 3 * 48)?];
    let trial = Trial {
        server: "Traffic Server",
        version: &version,
        key_format: "3 × 48 bytes in a file",
        expected: Expected {
            keys: &keys,
            sealed_by: (0, 0),
            role: "active",
            format: "ats",
            layout: "name16 hmac16 aes16",
            openssl_reads_it: true,
        },
    };
    let [keys] = &keys;
    trial.run(report, lab, &BOTH, start(lab, keys));
    Ok(())
}

fn start(lab: &Lab, keys: &Path) -> Result<Server, Failure> {
    let address = free_address()?;
    let folder = lab.folder().display();
    // `#-1`: stay the user that the test runs as; no helper that waits for a crash
    let records = format!(
        "CONFIG proxy.config.http.server_ports STRING {port}:ssl:ip-in={host}
CONFIG proxy.config.ssl.server.cert.path STRING {folder}
CONFIG proxy.config.ssl.server.private_key.path STRING {folder}
CONFIG proxy.config.ssl.server.ticket_key.filename STRING {keys}
CONFIG proxy.config.http.cache.http INT 0
CONFIG proxy.config.admin.user_id STRING #-1
CONFIG proxy.config.crash_log_helper STRING NULL
",
        port = address.port(),
        host = address.ip(),
        keys = keys.display(),
    );
    lab.write("ats/records.config", records)?;
    lab.write("ats/ssl_multicert.config", "dest_ip=* ssl_cert_name=server.pem ssl_key_name=server.key\n")?;
    for name in ["remap.config", "plugin.config", "storage.config"] {
        lab.write(&format!("ats/{name}"), "")?;
    }
    let places: String = [
        ("prefix", "run"),
        ("exec_prefix", "run"),
        ("bindir", "run"),
        ("sbindir", "run"),
        ("sysconfdir", "ats"),
        ("datadir", "run"),
        ("includedir", "run"),
        ("libdir", "run"),
        ("libexecdir", "run"),
        ("localstatedir", "run"),
        ("runtimedir", "run"),
        ("logdir", "run"),
        ("mandir", "run"),
        ("infodir", "run"),
        ("cachedir", "run"),
    ]
    .map(|(kind, place)| format!("{kind}: {folder}/{place}\n"))
    .concat();
    fs::create_dir_all(lab.path("run"))?;
    let root = lab.write("runroot.yaml", places)?;
    Server::start(lab, program("traffic_server")?.arg(format!("--run-root={}", root.display())), address)
}
