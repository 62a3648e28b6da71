//! Tickets of TLS 1.3 by a key log: what `openssl s_client` received and what a capture shows are the same, byte for byte.

// a member of JSON that is not there is null
#![allow(clippy::indexing_slicing)]

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::{
    envoy,
    failure::{Context as _, Failure},
    go, haproxy,
    lab::{Lab, random},
    process::{PATIENCE, Server, cached_program, program, version, wait_for},
    report::{Case, Report},
    sniffer::Sniffer,
    wireshark,
};

/// Said by `s_client` for each ticket.
const TICKET: &str = "Post-Handshake New Session Ticket arrived:";

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    let mut add = |server: &str, version: &str, key: &Path, started: Result<Server, Failure>| {
        let outcome = started.and_then(|running| compare(lab, server, running.address(), key));
        let what = "tickets that s_client received";
        report
            .add(&Case { server: &format!("{server} with --keylog"), version, key_format: what, tls: "1.3" }, outcome);
    };
    let key = lab.random_file("keylog-nginx.key", 80)?;
    let nginx = version(program("nginx")?.arg("-v"), "nginx/")?;
    add("nginx", &nginx, &key, wireshark::start(lab, &key));
    let lines: String =
        (0..3).map(|_| Ok(data_encoding::BASE64.encode(&random(80)?) + "\n")).collect::<Result<_, Failure>>()?;
    let key = lab.write("keylog-haproxy.keys", lines)?;
    let known = version(program("haproxy")?.arg("-v"), "version ")?;
    add("HAProxy", &known, &key, haproxy::start(lab, &key));
    let key = lab.random_file("keylog-go.keys", 3 * 32)?;
    let known = version(program("go")?.arg("version"), "go version go")?;
    add("Go", &known, &key, go::start(lab, &mut program("go")?, &key));
    let keys = [lab.random_file("keylog-envoy.key", 80)?];
    let known = version(cached_program(envoy::ENVOY)?.arg("--version"), "/")?;
    let [key] = &keys;
    add("Envoy", &known, key, envoy::start(lab, &keys));
    Ok(())
}

/// Takes tickets, resumes with one, and compares what both sides have of them.
fn compare(lab: &Lab, server: &str, address: SocketAddr, key: &Path) -> Result<(), Failure> {
    let file = |end: &str| lab.path(&format!("keylog-{server}{end}"));
    let (capture, log, session) = (file(".pcapng"), file(".keys"), file(".pem"));
    let sniffer = Sniffer::start(&capture, address.port())?;
    let transcripts = [file("1.txt"), file("2.txt")];
    let [first, second] = &transcripts;
    let outcome = connect(address, &log, first, &["-sess_out".as_ref(), session.as_os_str()])
        .and_then(|()| connect(address, &log, second, &["-sess_in".as_ref(), session.as_os_str()]));
    sniffer.stop(outcome)?;
    let mut received = BTreeSet::new();
    for transcript in &transcripts {
        received.extend(records(&[], transcript)?.iter().filter_map(raw));
    }
    let log = log.to_string_lossy().into_owned();
    let key = key.to_string_lossy().into_owned();
    let records = records(&["--keylog", &log, "--key", &key], &capture)?;
    let issued = |record: &&Value| record["capture"]["message"] == "new_session_ticket";
    let shown: BTreeSet<String> = records.iter().filter(issued).filter_map(raw).collect();
    if received.is_empty() || shown != received {
        let (shown, received) = (shown.len(), received.len());
        return Err(Failure::new(format!(
            "the capture shows {shown} tickets, s_client received {received}: not the same"
        )));
    }
    if let Some(closed) = records.iter().find(|record| issued(record) && record["status"] != "decrypted") {
        return Err(Failure::new(format!("a ticket is not opened: {closed}")));
    }
    let offer = records.iter().find(|record| record["capture"]["message"] == "client_hello_psk");
    match offer.map(|offer| &offer["issued_by"]["stream"]) {
        Some(stream) if *stream == 0 => Ok(()),
        other => Err(Failure::new(format!("the offer names {other:?} as what issued the ticket"))),
    }
}

/// Connects, and stays until tickets have come.
fn connect(address: SocketAddr, log: &Path, transcript: &PathBuf, more: &[&std::ffi::OsStr]) -> Result<(), Failure> {
    let said = fs::File::create(transcript)?;
    let mut command = program("openssl")?;
    command.args(["s_client", "-servername", "www.lab.test", "-tls1_3", "-connect", &address.to_string()]);
    let command = command.arg("-keylogfile").arg(log).args(more);
    let mut child = command.stdin(Stdio::piped()).stdout(said.try_clone()?).stderr(said).spawn().context("s_client")?;
    // Envoy sends its tickets with its first data: this much makes an echo answer, and no other server
    if let Some(stdin) = &mut child.stdin {
        stdin.write_all(b"\n")?;
    }
    // what is printed comes at the end, a session is written at once; a resumed connection need not get a ticket
    let written = more.split_first().filter(|(option, _)| **option == "-sess_out").and_then(|(_, rest)| rest.first());
    let has_session = || written.is_none_or(|file| fs::read_to_string(file).is_ok_and(|text| text.contains("END SSL")));
    wait_for(PATIENCE, || has_session() || !matches!(child.try_wait(), Ok(None)));
    thread::sleep(Duration::from_millis(700));
    drop(child.stdin.take());
    child.wait()?;
    let said = fs::read_to_string(transcript)?;
    let is_enough = written.is_none() || said.contains(TICKET);
    if is_enough { Ok(()) } else { Err(Failure::new(format!("no ticket came: {said}"))) }
}

/// The ticket records of an input.
fn records(options: &[&str], input: &Path) -> Result<Vec<Value>, Failure> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tktdump"));
    let done = crate::process::output(command.args(["-q", "-f", "json"]).args(options).arg(input), b"")?;
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let all: Result<Vec<Value>, _> = text.lines().map(serde_json::from_str).collect();
    Ok(all.context("JSON")?.into_iter().filter(|record: &Value| record["type"] == "ticket").collect())
}

fn raw(record: &Value) -> Option<String> {
    Some(record["ticket"]["raw"].as_str()?.to_owned())
}
