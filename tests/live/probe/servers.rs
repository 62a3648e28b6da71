//! Every server with its own key: both versions resume, the key is named, altered tickets are refused, the capture that
//! is saved says what was printed, and no secret is in any output.

use std::{ffi::OsStr, net::SocketAddr, path::PathBuf, process::Command};

use data_encoding::BASE64;
use serde_json::Value;

use super::tool::{Cases, Run, equal, probe, secrets, tktdump};
use crate::{
    envoy,
    failure::Failure,
    gnutls, go, haproxy,
    lab::{Lab, random},
    node, openssl,
    process::{Server, cached_program, free_address, program, version},
    report::Report,
};

/// What is particular about a server.
struct Kind<'k> {
    name: &'k str,
    version: &'k str,
    keys: &'k [PathBuf],
    /// New tickets of TLS 1.3: in a full handshake, and on resumption.
    tickets: (u64, u64),
}

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    let mut run = |kind: &Kind<'_>, server: Result<Server, Failure>| {
        let mut cases = Cases { report, server: kind.name, version: kind.version };
        cases.add("its own key", server.and_then(|server| check(lab, kind, server.address())));
    };

    let lines: String = (0..3).map(|_| Ok(BASE64.encode(&random(80)?) + "\n")).collect::<Result<_, Failure>>()?;
    let keys = [lab.write("probe/haproxy.keys", lines)?];
    let number = version(program("haproxy")?.arg("-v"), "version ")?;
    run(&Kind { name: "HAProxy", version: &number, keys: &keys, tickets: (2, 0) }, haproxy::start(lab, &keys[0]));

    let keys = [lab.random_file("probe/node.key", 48)?];
    let number = version(program("node")?.arg("--version"), "v")?;
    let started = node::start(lab, &mut program("node")?, &keys[0]);
    run(&Kind { name: "Node.js", version: &number, keys: &keys, tickets: (2, 0) }, started);

    for (place, mut go, tickets) in
        [("go", program("go")?, (1, 1)), ("go-new", cached_program("servers/bin/go")?, (1, 1))]
    {
        let keys = [lab.random_file(&format!("probe/{place}.keys"), 64)?];
        let number = version(go.arg("version"), "go version go")?;
        let mut go = if place == "go" { program("go")? } else { cached_program("servers/bin/go")? };
        let started = go::start(lab, &mut go, &keys[0]);
        run(&Kind { name: "Go", version: &number, keys: &keys, tickets }, started);
    }

    let keys = [lab.path("probe.gnutls.key")];
    let number = version(program("gnutls-serv")?.arg("--version"), "gnutls-serv ")?;
    run(&Kind { name: "gnutls-serv", version: &number, keys: &keys, tickets: (2, 2) }, gnutls::start(lab, &keys[0]));

    let keys = [lab.random_file("probe/envoy-new.key", 80)?, lab.random_file("probe/envoy-old.key", 80)?];
    let number = version(cached_program("servers/bin/envoy")?.arg("--version"), "/")?;
    run(&Kind { name: "Envoy", version: &number, keys: &keys, tickets: (2, 2) }, envoy::start(lab, &keys));

    let keys = [lab.random_file("probe/openssl.key", 80)?];
    let number = version(program("openssl")?.arg("version"), "Library: OpenSSL ")?;
    run(
        &Kind { name: "OpenSSL library", version: &number, keys: &keys, tickets: (2, 1) },
        openssl::start(lab, &keys[0]),
    );

    // its key is random and nowhere to be had
    let address = free_address()?;
    let mut s_server = s_server(lab, address)?;
    run(
        &Kind { name: "s_server", version: &number, keys: &[], tickets: (2, 1) },
        Server::start(lab, &mut s_server, address),
    );
    Ok(())
}

/// `openssl s_server`.
pub(super) fn s_server(lab: &Lab, address: SocketAddr) -> Result<Command, Failure> {
    let mut command = program("openssl")?;
    command.args(["s_server", "-quiet", "-www", "-accept"]).arg(address.to_string());
    command.arg("-cert").arg(lab.certificate()).arg("-key").arg(lab.private_key());
    Ok(command)
}

fn check(lab: &Lab, kind: &Kind<'_>, address: SocketAddr) -> Result<(), Failure> {
    let capture = lab.path(&format!("probe-{}.pcapng", address.port()));
    let host = format!("www.lab.test:{}", address.port());
    let connect = address.to_string();
    let mut arguments: Vec<&dyn AsRef<OsStr>> =
        vec![&host, &"--connect", &connect, &"--tamper", &"-f", &"json", &"--write", &capture];
    for key in kind.keys {
        arguments.extend([&"--key" as &dyn AsRef<OsStr>, key]);
    }
    if !kind.keys.is_empty() {
        arguments.push(&"--expect-active");
    }
    let run = probe(&arguments)?.expect(0, &[])?;
    let nodes = run.of_type("node")?;
    if nodes.len() != 2 {
        return Err(Failure::new(format!("{} node records, not 2:\n{}", nodes.len(), run.stdout)));
    }
    for node in &nodes {
        equal("full", &node["full"], 1)?;
        equal("offered", &node["offered"], 2)?;
        equal("resumed", &node["resumed"], 2)?;
        equal("kind", &node["kind"], "stateless")?;
        let (full, renewed) = if node["protocol"] == "TLSv1.3" {
            kind.tickets
        } else {
            (1, node["tickets_renewed"].as_u64().unwrap_or(0))
        };
        equal("tickets_issued", &node["tickets_issued"], full)?;
        equal("tickets_renewed", &node["tickets_renewed"], renewed)?;
        if let Some(key) = kind.keys.first() {
            equal("key file", &node["key"]["file"], key.to_string_lossy())?;
            equal("role", &node["key"]["role"], "active")?;
        }
        let altered = node["altered"].as_array().map(Vec::as_slice).unwrap_or_default();
        let parts: Vec<&str> = altered.iter().filter_map(|altered| altered["part"].as_str()).collect();
        if parts != ["name", "iv", "ciphertext", "mac"] {
            return Err(Failure::new(format!("altered: {node}")));
        }
        if let Some(other) =
            altered.iter().find(|altered| !matches!(altered["answer"].as_str(), Some("full" | "alert")))
        {
            return Err(Failure::new(format!("altered and not refused: {other}")));
        }
    }
    agrees(&run, &capture, kind.keys)?;
    let secrets = secrets(&capture, kind.keys)?;
    let said = run.stdout.clone() + &run.stderr;
    match secrets.iter().find(|secret| said.contains(secret.as_str())) {
        Some(secret) => Err(Failure::new(format!("the secret {secret} was printed"))),
        None => Ok(()),
    }
}

/// What was printed and what `tktdump FILE` says of the capture.
pub(super) fn agrees(run: &Run, capture: &std::path::Path, keys: &[PathBuf]) -> Result<(), Failure> {
    let mut arguments: Vec<&dyn AsRef<OsStr>> = vec![&"-f", &"json", &"--redact"];
    for key in keys {
        arguments.extend([&"--key" as &dyn AsRef<OsStr>, key]);
    }
    arguments.push(&capture);
    let read = tktdump(&arguments)?;
    // what TLS 1.3 hides is known to the probe alone
    let shown = |record: &Value| -> Vec<Value> {
        let members = [
            "type",
            "stream",
            "client",
            "server",
            "sni",
            "client_random",
            "protocol",
            "cipher",
            "handshake",
            "ticket_offered",
            "ticket_accepted",
            "status",
            "key",
            "session",
        ];
        members.iter().map(|member| record[member].clone()).collect()
    };
    // one that was cut off comes at the end of a file
    let connections = |run: &Run| -> Result<Vec<Vec<Value>>, Failure> {
        let mut records = run.of_type("connection")?;
        records.sort_by_key(|record| record["stream"].as_u64());
        Ok(records.iter().map(shown).collect())
    };
    let (printed, saved) = (connections(run)?, connections(&read)?);
    if printed != saved {
        let differ = printed.iter().zip(&saved).find(|(one, other)| one != other);
        return Err(Failure::new(format!("{} and {} connections: {differ:?}", printed.len(), saved.len())));
    }
    let tickets = |run: &Run, hidden: bool| -> Result<Vec<Vec<Value>>, Failure> {
        let mut records = run.of_type("ticket")?;
        records.sort_by_key(|record| record["capture"]["packet"].as_u64());
        let is_hidden = |record: &&Value| hidden && record["ticket"]["nonce"].is_string();
        Ok(records.iter().filter(|record| !is_hidden(record)).map(shown).collect())
    };
    if tickets(run, true)? != tickets(&read, true)? {
        return Err(Failure::new("the tickets of the probe and those in the capture differ"));
    }
    Ok(())
}
