//! A capture of nginx's traffic in tshark: closed as it is, open with our key log and as our pcapng; and our comments in
//! tshark and in the tools that write captures again.

// a member of JSON that is not there is null
#![allow(clippy::indexing_slicing)]

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{
    failure::Failure,
    lab::Lab,
    nginx,
    process::{Server, free_address, output, program, succeed, version},
    report::{Case, Report},
    sniffer::Sniffer,
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
    let case = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name);
    let captures = [
        (capture, key),
        (case("nginx48_tls12_refused/capture.pcap"), case("nginx48_tls12_refused/ticket.key")),
        (case("nginx80_tls13_hrr/capture.pcap"), case("nginx80_tls13_hrr/ticket.key")),
    ];
    for (number, (capture, key)) in captures.iter().enumerate() {
        add("comments", comments(lab, number, capture, key));
    }
    add("hostile SNI", hostile_name(lab, &case("nginx48_tls12")));
    add("profile", profile(lab, &open));
    Ok(())
}

/// The comments that tshark shows are those of the records, on their packets; other tools keep them; a second run changes
/// nothing.
fn comments(lab: &Lab, number: usize, capture: &Path, key: &Path) -> Result<(), Failure> {
    let file = lab.write(&format!("commented{number}.pcapng"), tktdump("pcapng", key, capture)?)?;
    if tktdump("pcapng", key, &file)? != fs::read(&file)? {
        return Err(Failure::new("a second run gives another file"));
    }
    let shown = frame_comments(&file)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_tktdump"));
    let records = output(command.args(["-q", "-f", "json", "--key"]).arg(key).arg(capture), b"")?.stdout;
    let text = String::from_utf8_lossy(&records).into_owned();
    let mut expected = 0;
    for record in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let (packet, start) = expected_comment(&record);
        expected += 1;
        if !shown.iter().any(|(at, text)| *at == packet && text.starts_with(&start)) {
            return Err(Failure::new(format!("packet {packet} has no comment {start:?}: {shown:#?}")));
        }
    }
    let found = shown.iter().filter(|(_, text)| !text.starts_with("tktdump: session: ")).count();
    if found != expected || expected == 0 {
        return Err(Failure::new(format!("{found} comments instead of {expected}: {shown:#?}")));
    }
    for tool in ["editcap", "mergecap", "reordercap"] {
        let other = lab.path(&format!("{tool}{number}.pcapng"));
        let mut command = program(tool)?;
        let arguments = match tool {
            "mergecap" => vec!["-w".as_ref(), other.as_os_str(), file.as_os_str()],
            _ => vec![file.as_os_str(), other.as_os_str()],
        };
        succeed(command.args(arguments), b"")?;
        if frame_comments(&other)? != shown {
            return Err(Failure::new(format!("{tool} does not keep the comments")));
        }
    }
    Ok(())
}

/// The packet of a record's comment, and how the comment begins.
fn expected_comment(record: &Value) -> (u64, String) {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if record["type"] == "connection" {
        let outcome = match (record["handshake"].as_str(), record["ticket_offered"] == true) {
            (Some("full"), true) => "not resumed: ",
            (Some("full"), false) => "full handshake: ",
            (Some("incomplete"), _) => "incomplete: ",
            _ => "resumed: ",
        };
        return (record["packets"]["server_hello"].as_u64().unwrap_or(0), format!("tktdump: {outcome}"));
    }
    let what = match record["capture"]["message"].as_str() {
        Some("new_session_ticket") => "issued".to_owned(),
        Some("client_hello_psk") => format!("offered as PSK {}", record["capture"]["identity"]),
        _ => "offered".to_owned(),
    };
    let name = word(&record["ticket"]["key_name"]);
    let name = name.get(..8).unwrap_or_default();
    let outcome =
        if record["status"] == "decrypted" { "opens".to_owned() } else { word(&record["status"]).replace('_', " ") };
    // a name that no key has need not be one
    let says = if record["status"] == "unknown_key" { "it begins with" } else { "key" };
    (record["capture"]["packet"].as_u64().unwrap_or(0), format!("tktdump: ticket {what}, {outcome}: {says} {name}"))
}

/// What tshark shows of comments: packet and text.
fn frame_comments(capture: &Path) -> Result<Vec<(u64, String)>, Failure> {
    let mut tshark = program("tshark")?;
    tshark.arg("-r").arg(capture).args([
        "-Y",
        "frame.comment",
        "-T",
        "fields",
        "-e",
        "frame.number",
        "-e",
        "frame.comment",
    ]);
    let shown = succeed(tshark.args(["-E", "aggregator=|"]), b"")?.stdout;
    let shown = String::from_utf8_lossy(&shown).into_owned();
    let packets = shown.lines().filter_map(|line| line.split_once('\t'));
    let each = packets.flat_map(|(packet, texts)| texts.split('|').map(move |text| (packet, text)));
    Ok(each.map(|(packet, text)| (packet.parse().unwrap_or(0), text.to_owned())).collect())
}

/// A host name that would do something to a terminal is shown as text.
fn hostile_name(lab: &Lab, case: &Path) -> Result<(), Failure> {
    let mut capture = fs::read(case.join("capture.pcap"))?;
    let (name, hostile) = (b"www.lab.test", b"a\0\x1b[2J\n\xe2\x80\xae\xff");
    let places: Vec<usize> =
        capture.windows(name.len()).enumerate().filter(|(_, window)| window == name).map(|(at, _)| at).collect();
    for at in places {
        if let Some(place) = capture.get_mut(at..at + hostile.len()) {
            place.copy_from_slice(hostile);
        }
    }
    let capture = lab.write("hostile.pcap", capture)?;
    let file = lab.write("hostile.pcapng", tktdump("pcapng", &case.join("ticket.key"), &capture)?)?;
    let shown = frame_comments(&file)?;
    if shown.is_empty() || shown.iter().any(|(_, text)| text.chars().any(|it| it.is_control() || it == '\u{202e}')) {
        return Err(Failure::new(format!("not text of one line: {shown:?}")));
    }
    Ok(())
}

/// The profile of the examples has a column with the comments.
fn profile(lab: &Lab, capture: &Path) -> Result<(), Failure> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/wireshark/tktdump");
    for entry in fs::read_dir(&examples)? {
        let entry = entry?;
        let name = format!("config/wireshark/profiles/tktdump/{}", entry.file_name().to_string_lossy());
        lab.write(&name, fs::read(entry.path())?)?;
    }
    let mut tshark = program("tshark")?;
    tshark.env("XDG_CONFIG_HOME", lab.path("config")).env("HOME", lab.folder());
    tshark.args(["-C", "tktdump", "-Y", "frame.comment contains \"tktdump: resumed\"", "-r"]).arg(capture);
    let done = succeed(&mut tshark, b"")?;
    let (shown, said) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    let has_column = !shown.is_empty() && shown.lines().all(|line| line.contains("tktdump: resumed: "));
    if has_column && !said.contains("profile") { Ok(()) } else { Err(Failure::new(format!("{said}{shown}"))) }
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
    let sniffer = Sniffer::start(&capture, address.port())?;
    sniffer.stop(connect(lab, address))?;
    Ok((capture, address.port()))
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

pub(crate) fn start(lab: &Lab, key: &Path) -> Result<Server, Failure> {
    let address = free_address()?;
    let server = format!(
        "server {{ listen {address} ssl; ssl_early_data on; ssl_session_ticket_key {}; return 200; }}",
        key.display()
    );
    let file = nginx::configure(lab, "wireshark", "master_process off;", &nginx::http(lab, &server))?;
    Server::start(lab, program("nginx")?.arg("-p").arg(lab.folder()).arg("-c").arg(&file), address)
}
