//! A capture of nginx's traffic in tshark: closed as it is, open with our key log and as our pcapng.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use crate::{
    failure::{Context as _, Failure},
    lab::Lab,
    process::{PATIENCE, Server, free_address, program, succeed, version, wait_for},
    report::{Case, Report},
};

/// What the clients ask for, and shows once the traffic is open: in TLS 1.3 that is early data alone.
const REQUESTS: [&str; 3] = ["/full", "/resumed", "/early"];

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    let version = version(program("nginx")?.arg("-v"), "nginx/")?;
    let mut add = |what: &str, outcome| {
        report.add(&Case { server: "nginx in tshark", version: &version, key_format: what, tls: "1.2, 1.3" }, outcome);
    };
    let key = lab.random_file("wireshark.key", 80)?;
    let (capture, port) = record(lab, &key)?;
    add("no key log", shows(&Opening::closed(&capture, port), &[]));
    let log = lab.path("wireshark.keys");
    fs::write(&log, tktdump("keylog", &key, &capture)?)?;
    add("-f keylog", shows(&Opening { log: Some(&log), ..Opening::closed(&capture, port) }, &REQUESTS));
    let open = lab.path("open.pcapng");
    fs::write(&open, tktdump("pcapng", &key, &capture)?)?;
    add("-f pcapng", shows(&Opening::closed(&open, port), &REQUESTS));
    Ok(())
}

fn tktdump(format: &str, key: &Path, capture: &Path) -> Result<Vec<u8>, Failure> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tktdump"));
    Ok(succeed(command.args(["-f", format, "--key"]).arg(key).arg(capture), b"")?.stdout)
}

/// How tshark is to look at a capture.
struct Opening<'a> {
    capture: &'a Path,
    port: u16,
    log: Option<&'a Path>,
}

impl<'a> Opening<'a> {
    fn closed(capture: &'a Path, port: u16) -> Self {
        Self { capture, port, log: None }
    }
}

fn shows(opening: &Opening<'_>, expected: &[&str]) -> Result<(), Failure> {
    let mut tshark = program("tshark")?;
    tshark.arg("-r").arg(opening.capture).args(["-Y", "http.request", "-T", "fields", "-e", "http.request.uri"]);
    tshark.args(["-d", &format!("tcp.port=={},tls", opening.port), "-d", &format!("tls.port=={},http", opening.port)]);
    if let Some(log) = opening.log {
        tshark.arg("-o").arg(format!("tls.keylog_file:{}", log.display()));
    }
    let shown = String::from_utf8_lossy(&succeed(&mut tshark, b"")?.stdout).into_owned();
    let mut found: Vec<&str> = shown.split_whitespace().collect();
    found.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    if found == expected {
        Ok(())
    } else {
        Err(Failure::new(format!("tshark shows {found:?} instead of {expected:?}")))
    }
}

/// Captures a full and a resumed connection over TLS 1.2, and over TLS 1.3 a full one and one with early data.
fn record(lab: &Lab, key: &Path) -> Result<(PathBuf, u16), Failure> {
    let nginx = start(lab, key)?;
    let address = nginx.address();
    let capture = lab.path("wireshark.pcapng");
    let mut tshark = program("tshark")?
        .args(["-q", "-i", "lo", "-f", &format!("tcp port {}", address.port()), "-w"])
        .arg(&capture)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start tshark")?;
    let ready = wait_for(PATIENCE, || fs::metadata(&capture).is_ok_and(|file| file.len() > 0));
    let outcome = if ready { connect(lab, address) } else { Err(Failure::new("tshark does not capture on loopback")) };
    // so that the last packets are written: until no more come
    let mut length = 0;
    wait_for(PATIENCE, || {
        let before = std::mem::replace(&mut length, fs::metadata(&capture).map_or(0, |file| file.len()));
        thread::sleep(Duration::from_secs(1));
        outcome.is_err() || before == length
    });
    succeed(program("kill")?.args(["-INT", &tshark.id().to_string()]), b"")?;
    tshark.wait()?;
    outcome.map(|()| (capture, address.port()))
}

fn connect(lab: &Lab, address: SocketAddr) -> Result<(), Failure> {
    for (tls, first, second) in [("-tls1_2", "/full", "/resumed"), ("-tls1_3", "/first", "/early")] {
        let session = lab.path(&format!("wireshark{tls}.pem"));
        let early = lab.path("early.txt");
        fs::write(&early, request(second))?;
        // until the server closes the connection, which the request asks for
        let script = format!(
            "printf '%s' \"$REQUEST\" | openssl s_client {tls} -ign_eof -servername www.lab.test -connect {address}"
        );
        let run = |more: String, request: String| {
            let mut shell = program("sh")?;
            shell.args(["-c", &format!("{script} {more} > /dev/null 2>&1")]).env("REQUEST", request);
            succeed(&mut shell, b"")
        };
        run(format!("-sess_out {}", session.display()), request(first))?;
        if tls == "-tls1_3" {
            run(format!("-sess_in {} -early_data {}", session.display(), early.display()), String::new())?;
        } else {
            run(format!("-sess_in {}", session.display()), request(second))?;
        }
    }
    Ok(())
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: www.lab.test\r\nConnection: close\r\n\r\n")
}

fn start(lab: &Lab, key: &Path) -> Result<Server, Failure> {
    let folder = lab.folder().display();
    let address = free_address()?;
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
        .concat();
    let configuration = format!(
        "daemon off;
        master_process off;
        pid {folder}/wireshark.pid;
        error_log stderr warn;
        events {{ }}
        http {{
            access_log off;
            {temporary}
            server {{
                listen {address} ssl;
                ssl_protocols TLSv1.2 TLSv1.3;
                ssl_early_data on;
                ssl_certificate {certificate};
                ssl_certificate_key {private_key};
                ssl_session_ticket_key {key};
                return 200;
            }}
        }}\n",
        certificate = lab.certificate().display(),
        private_key = lab.private_key().display(),
        key = key.display(),
    );
    let file = lab.write("wireshark.conf", configuration)?;
    fs::create_dir_all(lab.path("logs"))?;
    Server::start(lab, program("nginx")?.arg("-p").arg(lab.folder()).arg("-c").arg(&file), address)
}
