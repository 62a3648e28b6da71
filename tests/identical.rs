//! Outputs that do not change by a byte: not with the number of threads, and not with work on speed.
//!
//! `identical.txt` has their SHA-256: of what a run prints, its errors and its exit status. Where a change is meant,
//! `TKTDUMP_DIGESTS=write cargo test --test identical -- --include-ignored` writes them anew.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;
mod seal;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use common::{corpus_cases, keys, tktdump};
use seal::tickets::{NOW, Tickets, rare_sessions};
use sha2::{Digest, Sha256};

const DIGESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/identical.txt");
static WRITING: Mutex<()> = Mutex::new(());

/// Numbers of threads, on which no output may depend.
const THREADS: [usize; 3] = [1, 2, 3];

/// nginx with AES-128, with AES-256, and Go.
const KEYS: [&str; 3] =
    ["testdata/nginx48_tls12/ticket.key", "testdata/nginx80_tls12/ticket.key", "testdata/go_tls12/ticket.key"];

/// What a run prints, with each of some numbers of threads.
fn run(format: &str, threads: &[usize], arguments: &[String], stdin: &[u8]) -> Vec<u8> {
    let mut first = None;
    for threads in threads {
        let mut all = ["--at", &NOW.to_string(), "-f", format, "-j", &threads.to_string()].map(str::to_owned).to_vec();
        all.extend_from_slice(arguments);
        let output = tktdump(&all, stdin);
        let status = format!("exit status {:?}\n", output.status);
        let printed = [output.stdout, output.stderr, status.into_bytes()].concat();
        match &first {
            None => first = Some(printed),
            Some(first) => {
                assert!(*first == printed, "{threads} threads change what -f {format} prints: {arguments:?}");
            }
        }
    }
    first.unwrap()
}

/// Compares what was printed with what was printed once.
fn check(name: &str, printed: &[u8]) {
    let digest = hex::encode(Sha256::digest(printed));
    let writing = WRITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let text = fs::read_to_string(DIGESTS).unwrap_or_default();
    let mut digests: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.rsplit_once(": ")).collect();
    if std::env::var("TKTDUMP_DIGESTS").is_ok_and(|value| value == "write") {
        digests.insert(name, &digest);
        let lines: Vec<String> = digests.iter().map(|(name, digest)| format!("{name}: {digest}\n")).collect();
        fs::write(DIGESTS, lines.concat()).unwrap();
    } else if digests.get(name) != Some(&digest.as_str()) {
        drop(writing);
        let file =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.out", name.replace(", ", "-").replace(' ', "-")));
        fs::write(&file, printed).unwrap();
        panic!("{name}: not what was printed once; what is printed now is in {}", file.display());
    }
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.is_file() && path.to_str().unwrap().contains(extension)).collect();
    files.sort();
    files
}

/// Lines of tickets in every dress, damaged ones and ones that are none among them.
fn generated(format: &str, threads: &[usize], count: usize) {
    let mut others = rare_sessions();
    others.extend(corpus_cases().iter().filter_map(|(_, case)| fs::read(case.join("plain.der")).ok()));
    others.extend(files("testdata/sessions", ".der").iter().map(|path| fs::read(path).unwrap()));
    let mut files = KEYS.map(|key| fs::read(key).unwrap()).to_vec();
    // the first of two
    files.last_mut().unwrap().truncate(32);
    let mut tickets = Tickets::new(1, files).with_others(others);
    let mut lines = Vec::new();
    for _ in 0..count {
        lines.extend(tickets.line());
        lines.push(b'\n');
    }
    let arguments: Vec<String> = KEYS.iter().flat_map(|key| ["--key", key]).map(str::to_owned).collect();
    check(&format!("{count} generated lines, {format}"), &run(format, threads, &arguments, &lines));
}

#[test]
fn generated_lines() {
    generated("json", &[3], 10_000);
    generated("text", &[2], 10_000);
}

#[test]
#[ignore = "takes a minute; run by .ci/run"]
fn many_generated_lines() {
    for format in ["json", "text"] {
        generated(format, &THREADS, 200_000);
        generated(format, &THREADS, 10_000);
    }
}

/// Every input of the corpus with its keys.
fn corpus(format: &str) {
    let mut printed = Vec::new();
    let mut inputs = 0;
    let mut add = |arguments: Vec<String>, paths: Vec<PathBuf>| {
        // the digest is of what any number of threads prints
        let threads = THREADS[inputs % THREADS.len()];
        inputs += paths.len();
        let paths = paths.iter().map(|path| path.to_str().unwrap().to_owned());
        printed.extend(run(format, &[threads], &arguments.into_iter().chain(paths).collect::<Vec<_>>(), b""));
    };
    for (_, case) in corpus_cases() {
        let inputs = ["ticket.bin", "ticket.hex", "session.pem", "capture.pcap"].map(|input| case.join(input));
        let inputs: Vec<PathBuf> = inputs.into_iter().filter(|input| input.exists()).collect();
        // a capture is written again one at a time
        if format == "pcapng" {
            for input in inputs.into_iter().filter(|input| input.ends_with("capture.pcap")) {
                add(keys(&case), vec![input]);
            }
        } else {
            add(keys(&case), inputs);
        }
    }
    let captures = files("testdata/variants", "pcap").into_iter().chain(files("testdata/dtls12", "pcap"));
    for capture in captures {
        add(keys(Path::new("testdata/nginx48_tls12")), vec![capture]);
    }
    if format != "pcapng" {
        add(Vec::new(), files("testdata/sessions", ".der"));
    }
    assert!(inputs > 30, "{inputs} inputs");
    check(&format!("corpus, {format}"), &printed);
}

#[test]
fn corpus_as_text() {
    corpus("text");
}

#[test]
fn corpus_as_json() {
    corpus("json");
}

#[test]
fn corpus_as_openssl_prints_it() {
    corpus("openssl");
}

#[test]
fn corpus_as_plaintexts() {
    corpus("der");
    corpus("pem");
}

#[test]
fn corpus_for_wireshark() {
    corpus("keylog");
    corpus("pcapng");
}
