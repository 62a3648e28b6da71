//! Caddy: `stek/stek.bin` in its storage, written by Caddy itself as a Go gob; the tickets are those of the Go that built it.

use std::{path::Path, process::Command};

use crate::{
    check::Expected,
    client::BOTH,
    failure::Failure,
    lab::Lab,
    process::{Server, cached_program, free_address, program, version},
    report::Report,
    trial::Trial,
};

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    let debian: fn() -> Result<Command, Failure> = || program("caddy");
    let newest: fn() -> Result<Command, Failure> = || cached_program("servers/bin/caddy");
    // 2.6.2 says Debian's, v2.11.7 h1:… the other
    for (caddy, marker) in [(debian, ""), (newest, "v")] {
        let version = version(caddy()?.arg("version"), marker)?;
        let storage = lab.path(&format!("caddy{version}"));
        let server = start(lab, &mut caddy()?, &storage);
        let keys = [storage.join("stek/stek.bin")];
        let trial = Trial {
            server: "Caddy",
            version: &version,
            key_format: "stek.bin",
            expected: Expected {
                keys: &keys,
                sealed_by: (0, 0),
                role: "active",
                format: "caddy",
                layout: "name16 aes16 hmac16",
                openssl_reads_it: false,
            },
        };
        trial.run(report, lab, &BOTH, server);
    }
    Ok(())
}

fn start(lab: &Lab, caddy: &mut Command, storage: &Path) -> Result<Server, Failure> {
    let address = free_address()?;
    let pair = serde_json::json!({ "certificate": lab.certificate(), "key": lab.private_key() });
    let configuration = serde_json::json!({
        "admin": { "disabled": true, "config": { "persist": false } },
        "storage": { "module": "file_system", "root": storage },
        "apps": {
            "tls": {
                "certificates": { "load_files": [pair] },
                // the keys that several instances share through the storage
                "session_tickets": { "key_source": { "provider": "distributed" } },
            },
            "http": { "servers": { "lab": {
                "listen": [address.to_string()],
                "protocols": ["h1"],
                "automatic_https": { "disable": true },
                "tls_connection_policies": [{ "protocol_min": "tls1.2" }],
                "routes": [{ "handle": [{ "handler": "static_response", "body": "ok" }] }],
            } } },
        },
    });
    let file = lab.write(&format!("caddy{}.json", address.port()), configuration.to_string())?;
    caddy.envs(["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"].map(|name| (name, lab.folder())));
    Server::start(lab, caddy.arg("run").arg("--config").arg(file), address)
}
