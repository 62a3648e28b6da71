//! `tktdump probe` against servers made for these tests: what no real server does, and how many connections are made.

#![cfg(feature = "probe")]
// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::ffi::OsStr;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, ProducesTickets};
use rustls::{ServerConfig, ServerConnection};
use serde_json::Value;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");

/// Tickets that look like OpenSSL's, name16 iv16 ciphertext mac32, under a key that is one byte.
#[derive(Debug)]
struct Tickets {
    name: u8,
    /// Whether a ticket that is not as it was given out is opened anyway.
    is_careless: bool,
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        600
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        static IV: AtomicUsize = AtomicUsize::new(0);
        let iv = IV.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        let padding = 16 - plain.len() % 16;
        let mut ciphertext = [plain, &vec![u8::try_from(padding).ok()?; padding]].concat();
        for byte in &mut ciphertext {
            *byte ^= self.name;
        }
        let sealed = [&[self.name; 16], &iv[..], &iv, &ciphertext].concat();
        let mac = mac(&sealed);
        Some([&sealed[..], &mac].concat())
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let (sealed, tag) = ticket.split_at_checked(ticket.len().checked_sub(32)?)?;
        if (mac(sealed) != tag || sealed.first() != Some(&self.name)) && !self.is_careless {
            return None;
        }
        let mut plain = sealed.get(32..)?.to_vec();
        for byte in &mut plain {
            *byte ^= self.name;
        }
        // a careless server takes what it can find
        let padding = usize::from(*plain.last()?).clamp(1, 16);
        plain.truncate(plain.len().checked_sub(padding)?);
        Some(plain)
    }
}

/// A bit flipped anywhere gives another sum.
fn mac(sealed: &[u8]) -> Vec<u8> {
    let sum: u32 = sealed.iter().map(|byte| u32::from(*byte)).sum();
    sum.to_be_bytes().repeat(8)
}

/// A server in threads of this process, and how many connections it had.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Server {
    fn start(tickets: &[Tickets; 1]) -> Self {
        let [Tickets { name, is_careless }] = *tickets;
        Self::with(Ipv4Addr::LOCALHOST, 0, &[Tickets { name, is_careless }])
    }

    /// A server whose processes take turns, each with tickets of its own.
    fn with(host: Ipv4Addr, port: u16, tickets: &[Tickets]) -> Self {
        let listener = TcpListener::bind((host, port)).unwrap();
        let address = listener.local_addr().unwrap();
        let configs: Vec<Arc<ServerConfig>> = tickets.iter().map(config).collect();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let turn = count.fetch_add(1, Ordering::SeqCst);
                let config = Arc::clone(&configs[turn % configs.len()]);
                thread::spawn(move || serve(config, stream));
            }
        });
        Self { address, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn config(tickets: &Tickets) -> Arc<ServerConfig> {
    let certificates: Vec<_> =
        CertificateDer::pem_file_iter(Path::new(DATA).join("server.pem")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(Path::new(DATA).join("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .unwrap();
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = Arc::new(Tickets { ..*tickets });
    Arc::new(config)
}

/// A handshake, and then to the end of what the client sends.
fn serve(config: Arc<ServerConfig>, mut stream: TcpStream) {
    let Ok(mut tls) = ServerConnection::new(config) else { return };
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    while tls.complete_io(&mut stream).is_ok() {
        if !tls.is_handshaking() {
            let mut rest = Vec::new();
            let ended = tls.reader().read_to_end(&mut rest);
            if ended.is_ok() {
                tls.send_close_notify();
                let _ = tls.complete_io(&mut stream);
                return;
            }
        }
    }
}

struct Run {
    status: i32,
    stdout: String,
    stderr: String,
}

fn probe(arguments: &[&dyn AsRef<OsStr>]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tktdump"));
    command.arg("probe").args(arguments);
    let done = command.env_remove("TKTDUMP_REDACT").output().unwrap();
    Run {
        status: done.status.code().unwrap(),
        stdout: String::from_utf8(done.stdout).unwrap(),
        stderr: String::from_utf8(done.stderr).unwrap(),
    }
}

impl Run {
    fn of_type(&self, kind: &str) -> Vec<Value> {
        let records = self.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        records.filter(|record| record["type"] == kind).collect()
    }

    #[track_caller]
    fn said(&self, status: i32, texts: &[&str]) {
        assert_eq!(self.status, status, "{}{}", self.stdout, self.stderr);
        for text in texts {
            assert!(
                self.stdout.contains(text) || self.stderr.contains(text),
                "{text}:\n{}{}",
                self.stdout,
                self.stderr
            );
        }
    }
}

const FAST: [&str; 4] = ["--delay", "0ms", "--timeout", "5s"];

fn run(address: SocketAddr, more: &[&str]) -> Run {
    let host = address.to_string();
    let arguments: Vec<&dyn AsRef<OsStr>> = std::iter::once(&host as &dyn AsRef<OsStr>)
        .chain(FAST.iter().chain(more).map(|it| it as &dyn AsRef<OsStr>))
        .collect();
    probe(&arguments)
}

#[test]
fn a_cycle_is_a_full_handshake_and_two_offers() {
    let server = Server::start(&[Tickets { name: 1, is_careless: false }]);
    run(server.address, &[]).said(0, &["resumed 2 of 2", "0101010101010101", "600 s"]);
    assert_eq!(server.connections(), 6);
    let done = run(server.address, &["--rounds", "3", "--tls", "1.3", "-f", "json"]);
    let nodes = done.of_type("node");
    assert_eq!((&nodes[0]["full"], &nodes[0]["offered"], &nodes[0]["resumed"]), (&3.into(), &6.into(), &6.into()));
    assert_eq!(server.connections(), 6 + 9);
    assert_eq!(done.of_type("summary")[0]["connections"], 9);
    assert_eq!(done.of_type("connection").len(), 9);
}

#[test]
fn nothing_is_done_above_the_limit() {
    let server = Server::start(&[Tickets { name: 1, is_careless: false }]);
    run(server.address, &["--max-connections", "5"]).said(2, &["up to 6 connections", "--max-connections is 5"]);
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_server_that_takes_altered_tickets_is_found() {
    let server = Server::start(&[Tickets { name: 2, is_careless: true }]);
    let done = run(server.address, &["--tamper", "-f", "json"]);
    assert_eq!(done.status, 1, "{}{}", done.stdout, done.stderr);
    assert_eq!(server.connections(), 14);
    for node in done.of_type("node") {
        let answers: Vec<&str> =
            node["altered"].as_array().unwrap().iter().map(|altered| altered["answer"].as_str().unwrap()).collect();
        // the last byte of the ciphertext is padding: without a check of the MAC the session is cut short, and refused
        assert_eq!(answers, ["resumed", "resumed", "full", "resumed"], "{node}");
    }
    let found = done.of_type("finding");
    let rules: Vec<&str> = found.iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
    assert!(rules.contains(&"altered-ticket-accepted"), "{rules:?}");

    let sound = Server::start(&[Tickets { name: 2, is_careless: false }]);
    run(sound.address, &["--tamper"]).said(0, &["name, IV, ciphertext, MAC: refused, a full handshake followed"]);
}

#[test]
fn two_processes_behind_one_address_are_found_whatever_the_number_of_rounds() {
    let tickets = [Tickets { name: 3, is_careless: false }, Tickets { name: 4, is_careless: false }];
    let server = Server::with(Ipv4Addr::LOCALHOST, 0, &tickets);
    for rounds in ["1", "2", "4"] {
        for tls in ["1.2", "1.3", "1.2,1.3"] {
            let done = run(server.address, &["--rounds", rounds, "--tls", tls]);
            done.said(1, &["several-keys-on-address", "tickets of 2 keys"]);
        }
    }
}

#[test]
fn a_pool_comes_from_a_fleet_file_or_from_kubernetes() {
    let folder = tempfile::tempdir().unwrap();
    let nodes = [(2, 5), (3, 5), (4, 6)]
        .map(|(host, name)| Server::with(Ipv4Addr::new(127, 0, 0, host), 0, &[Tickets { name, is_careless: false }]));
    let addresses = nodes.each_ref().map(|node| node.address);
    let fleet = folder.path().join("fleet.toml");
    let list = addresses.map(|address| format!("{:?}", address.to_string())).join(", ");
    fs::write(&fleet, format!("[[host]]\nname = \"www.lab.test\"\nnodes = [{list}]\n")).unwrap();
    let arguments: [&dyn AsRef<OsStr>; 4] = [&"--fleet", &fleet, &"--delay", &"0ms"];
    let done = probe(&arguments);
    done.said(1, &["3 nodes in 2 groups", "key-not-shared", "a client that changes node resumes in 2 of 6 cases"]);
    let json = probe(&[&arguments[..], &[&"-f", &"json"]].concat());
    let pairs = json.of_type("pair");
    assert_eq!(pairs.len(), 12);
    for pair in &pairs {
        let is_alike = [&pair["from"], &pair["to"]].iter().all(|at| !at.as_str().unwrap().starts_with("127.0.0.4"));
        assert_eq!(pair["resumed"], is_alike, "{pair}");
        assert_eq!(pair["reason"], if is_alike { "resumed" } else { "other_key" });
    }
    let metrics = probe(&[&arguments[..], &[&"-f", &"prometheus"]].concat());
    let host = "{host=\"www.lab.test:443\"}";
    metrics.said(1, &[&format!("tktdump_probe_groups{host} 2"), &format!("tktdump_probe_pairs_resumed{host} 2")]);

    let slices = folder.path().join("slices.json");
    let endpoints = r#"{"kind":"EndpointSlice","metadata":{"namespace":"shop","labels":{"kubernetes.io/service-name":"www"}},
        "endpoints":[{"addresses":["127.0.0.2"],"conditions":{"ready":true}},{"addresses":["127.0.0.9"],"conditions":{"ready":false}}],
        "ports":[{"name":"https","port":PORT}]}"#;
    fs::write(&slices, endpoints.replace("PORT", &addresses[0].port().to_string())).unwrap();
    probe(&[&"--fleet", &slices]).said(0, &["www.shop.svc:", "at 127.0.0.2", "resumed 2 of 2"]);
    probe(&[&"--fleet", &slices, &"www.lab.test"]).said(0, &["www.lab.test:", "at 127.0.0.2"]);
    fs::write(&slices, "{").unwrap();
    probe(&[&"--fleet", &slices]).said(2, &["slices.json", "kubectl get endpointslice"]);
    fs::write(&fleet, "[[host]]\nname = \"a\"\nports = 1\n").unwrap();
    probe(&[&"--fleet", &fleet]).said(2, &["fleet.toml: line 3"]);
}

#[test]
fn the_deadline_is_for_all_of_a_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // a byte at a time: whoever waits for the next one each time is there to the end
    let waited = Arc::new(AtomicUsize::new(0));
    let to_the_end = waited.clone();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let to_the_end = to_the_end.clone();
            thread::spawn(move || {
                for byte in [22, 3, 3, 1, 0].into_iter().chain([2; 300]) {
                    thread::sleep(Duration::from_millis(50));
                    if stream.write_all(&[byte]).is_err() {
                        return;
                    }
                }
                to_the_end.fetch_add(1, Ordering::SeqCst);
            });
        }
    });
    probe(&[&address.to_string(), &"--timeout", &"500ms"]).said(2, &["no answer before the deadline"]);
    assert_eq!(waited.load(Ordering::SeqCst), 0);
}

#[test]
fn what_is_saved_is_a_capture_that_wireshark_and_we_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("probe.pcapng");
    let server = Server::start(&[Tickets { name: 7, is_careless: false }]);
    let host = server.address.to_string();
    probe(&[&host, &"--delay", &"0ms", &"--write", &file]).said(0, &["decrypts the connections"]);
    let bytes = fs::read(&file).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert_eq!(text.matches("CLIENT_RANDOM ").count(), 3, "TLS 1.2");
    assert_eq!(text.matches("SERVER_TRAFFIC_SECRET_0 ").count(), 3, "TLS 1.3");
    let read = Command::new(env!("CARGO_BIN_EXE_tktdump")).args(["-f", "json"]).arg(&file).output().unwrap();
    let read = String::from_utf8(read.stdout).unwrap();
    let count = |word: &str| read.lines().filter(|line| line.contains(word)).count();
    assert_eq!((count("\"handshake\":\"full\""), count("\"handshake\":\"resumed_")), (2, 4), "{read}");
    // another capture is written over, and what is none is left alone
    probe(&[&host, &"--delay", &"0ms", &"--write", &file]).said(0, &[]);
    fs::write(&file, "a ticket key").unwrap();
    probe(&[&host, &"--write", &file]).said(2, &["not a pcapng capture"]);
    assert_eq!(fs::read(&file).unwrap(), b"a ticket key");
}

/// The schema with nothing allowed that it does not name.
fn strict_schema() -> jsonschema::Validator {
    fn close(value: &mut Value) {
        match value {
            Value::Object(members) => {
                if members.contains_key("properties") && !members.contains_key("additionalProperties") {
                    members.insert("additionalProperties".to_owned(), false.into());
                }
                members.values_mut().for_each(close);
            }
            Value::Array(items) => items.iter_mut().for_each(close),
            _ => {}
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/record.schema.json");
    let mut schema = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    close(&mut schema);
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn records_are_as_the_schema_says() {
    let validator = strict_schema();
    let nodes = [(6, 5), (7, 6)]
        .map(|(host, name)| Server::with(Ipv4Addr::new(127, 0, 0, host), 0, &[Tickets { name, is_careless: false }]));
    let [one, other] = nodes.each_ref().map(|node| node.address.to_string());
    let (certificate, key) = (format!("{DATA}/server.pem"), format!("{DATA}/server.key"));
    let shown = probe(&[
        &"www.lab.test",
        &"--connect",
        &one,
        &"--connect",
        &other,
        &"--connect",
        &"127.0.0.1:1",
        &"--names",
        &"a.test,b.test",
        &"--cert",
        &certificate,
        &"--cert-key",
        &key,
        &"--tamper",
        &"--early-data",
        &"--delay",
        &"0ms",
        &"-f",
        &"json",
    ]);
    assert_eq!(shown.status, 2, "{}", shown.stderr);
    let mut kinds = std::collections::BTreeSet::new();
    for line in shown.stdout.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        if let Err(error) = validator.validate(&record) {
            panic!("{error} at {}: {record}", error.instance_path());
        }
        kinds.insert(record["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(Vec::from_iter(kinds), ["connection", "finding", "node", "pair", "summary", "ticket"]);
    let crossed =
        shown.of_type("pair").into_iter().filter(|pair| pair["from_name"] == "a.test" && pair["to_name"].is_null());
    // two addresses are not crossed: two versions, with and without the certificate, at each
    assert_eq!(crossed.count(), 8);
}

#[test]
fn usage_is_explained() {
    let wrong = |arguments: &[&str], text: &str| {
        let arguments: Vec<&dyn AsRef<OsStr>> = arguments.iter().map(|it| it as &dyn AsRef<OsStr>).collect();
        probe(&arguments).said(2, &[text]);
    };
    wrong(&[], "required");
    wrong(&["a b"], "is not a host name");
    wrong(&["www.lab.test:99999"], "not of the form HOST[:PORT]");
    wrong(&["no-such-name.invalid"], "the name has no address");
    wrong(&["127.0.0.1:1", "--expect-active"], "--expect-active needs the keys");
    wrong(&["127.0.0.1:1", "--rule", "no-such=off"], "there is no rule");
    wrong(&["127.0.0.1:1", "--tls", "1.1"], "not one of 1.2, 1.3");
    let help = probe(&[&"--help"]);
    help.said(0, &["Probe only servers that you run or may test"]);
}

#[test]
fn a_watch_ends_by_itself() {
    let server = Server::start(&[Tickets { name: 8, is_careless: false }]);
    let start = Instant::now();
    let done =
        run(server.address, &["--watch", "2500ms", "--interval", "1s", "--tls", "1.2", "--max-connections", "3"]);
    done.said(0, &["resumed 2 of 2"]);
    assert!(!done.stdout.contains(", was "), "{}", done.stdout);
    // rounds at 0, 1 and 2 seconds, or fewer if one takes longer than the interval
    assert!(start.elapsed() >= Duration::from_secs(2), "{:?}", start.elapsed());
    assert!([3, 6, 9].contains(&server.connections()), "{}", server.connections());
}
