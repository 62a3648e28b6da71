//! Any number of workers gives what one gives, in the order of the input, and none of them gets stuck.
// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout};
use std::thread;
use std::time::{Duration, Instant};

use common::{Output, PATIENCE, read, start, tktdump};
use data_encoding::BASE64;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

const KEYS: [&str; 4] = ["--key", "testdata/nginx48_tls12/ticket.key", "--key", "testdata/go_tls12/ticket.key"];

fn ticket(folder: &str) -> Vec<u8> {
    read(format!("testdata/{folder}/ticket.bin").as_ref())
}

/// A ticket with one bit of a byte turned.
fn damaged(ticket: &[u8], at: usize) -> String {
    let mut ticket = ticket.to_vec();
    ticket[at] ^= 1;
    hex::encode(ticket)
}

/// An input of all that lines may be, and the line of every item in it.
fn input() -> (String, Vec<u64>) {
    let (good, foreign) = (ticket("nginx48_tls12"), ticket("go_tls12"));
    let good_hex = hex::encode(&good);
    let plain = hex::encode(read("testdata/nginx48_tls12/plain.der".as_ref()));
    let (mut text, mut lines) = (String::new(), Vec::new());
    for number in 1..=8000_u64 {
        let byte = usize::try_from(number).unwrap() % good.len();
        let (line, items) = match number % 16 {
            _ if number % 2500 == 0 => ("ab".repeat(600_000), 1),
            // more than a worker keeps until it knows their numbers
            _ if number % 3001 == 0 => (vec!["cd".repeat(32); 5000].join(","), 5000),
            0 => (String::new(), 0),
            1 => (damaged(&good, byte), 1),
            2 => (format!("{good_hex},\"{}\",,<MISSING>,{good_hex}", damaged(&good, byte)), 3),
            3 => ("<MISSING>".to_owned(), 0),
            4 => (BASE64.encode(&good), 1),
            5 => (format!("17\t{good_hex}\t\r"), 1),
            6 => (good_hex[..byte * 2].to_owned(), u64::from(byte > 0)),
            7 => (hex::encode(&foreign), 1),
            8 => ("\r".to_owned(), 0),
            9 => ("no ticket, none".to_owned(), 0),
            10 => (plain.clone(), 1),
            _ => (good_hex.clone(), 1),
        };
        writeln!(text, "{line}").unwrap();
        lines.extend((0..items).map(|_| number));
    }
    text.pop();
    (text, lines)
}

fn run(args: &[&str], threads: &str, input: &[u8]) -> Output {
    tktdump(&[args, &KEYS, &["-j", threads]].concat(), input)
}

#[test]
fn any_number_of_workers_gives_the_same() {
    let (text, _) = input();
    let random = ["--client-random", &"5a".repeat(32)];
    for args in [
        &["-f", "text", "--stats"][..],
        &["-f", "json", "--stats"],
        &["-f", "json", "-v"],
        &["-f", "json", "-q"],
        &["-f", "openssl", "-v"],
        &["-f", "openssl", "-q", "--stats"],
        &["-f", "pem", "--no-verify"],
        &["-f", "der"],
        &["-f", "keylog", random[0], random[1]],
    ] {
        // what depends on the time must not
        let args = [args, &["--at", "1800000000"]].concat();
        let alone = run(&args, "1", text.as_bytes());
        assert!(!alone.stdout.is_empty());
        for threads in ["2", "3", "8"] {
            let shared = run(&args, threads, text.as_bytes());
            assert!(alone.stdout == shared.stdout, "{args:?} -j {threads}: other results");
            assert!(alone.stderr == shared.stderr, "{args:?} -j {threads}: other notes");
            assert_eq!(alone.status, shared.status, "{args:?} -j {threads}");
        }
    }
}

#[test]
fn every_item_has_its_number_and_its_line() {
    let (text, lines) = input();
    let output = run(&["-f", "json"], "3", text.as_bytes());
    let records = output.records();
    assert_eq!(records.len(), lines.len());
    for (number, (record, line)) in records.iter().zip(&lines).enumerate() {
        assert_eq!((record["index"].as_u64(), record["line"].as_u64()), (Some(number as u64), Some(*line)));
    }
    let errors = output.errors();
    assert_eq!(errors.matches("tktdump: error: ").count(), 10, "{errors}");
    assert_eq!(errors.matches("further errors are in the records only").count(), 1, "{errors}");
}

/// Paths of captures: of every kind, one of them damaged, one cut off, with other inputs between them.
fn captures(folder: &std::path::Path) -> Vec<String> {
    let mut paths = Vec::new();
    for (number, of) in ["nginx48_tls12", "node48_tls13", "go_tls12", "dtls12"].iter().cycle().take(40).enumerate() {
        paths.push(format!("testdata/{of}/capture.pcap"));
        match number {
            7 => {
                let mut damaged = read(paths[1].as_ref());
                damaged.extend([0xff; 40]);
                let path = folder.join("damaged.pcap");
                std::fs::write(&path, damaged).unwrap();
                paths.push(path.to_str().unwrap().to_owned());
            }
            11 => {
                let path = folder.join("cut.pcap");
                let whole = read(paths[0].as_ref());
                std::fs::write(&path, &whole[..whole.len() - 9]).unwrap();
                paths.push(path.to_str().unwrap().to_owned());
            }
            19 => paths.push("testdata/nginx48_tls12/ticket.bin".to_owned()),
            20 => paths.push("testdata".to_owned()),
            21 => paths.push("testdata/nginx48_tls12/ticket.key".to_owned()),
            27 => paths.push("no such file".to_owned()),
            _ => {}
        }
    }
    paths
}

#[test]
fn any_number_of_workers_reads_captures_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let paths = captures(folder.path());
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    for args in [&["-f", "json", "--stats"][..], &["-f", "text"], &["-f", "keylog"], &["-f", "json", "-v"]] {
        let args = [args, &["--at", "1800000000"], &paths].concat();
        let alone = run(&args, "1", b"");
        assert_eq!(alone.status, Some(2), "{}", alone.errors());
        for threads in ["2", "3", "8"] {
            let shared = run(&args, threads, b"");
            assert!(alone.stdout == shared.stdout, "{args:?} -j {threads}: other results");
            assert_eq!(alone.errors(), shared.errors(), "{args:?} -j {threads}: other notes");
            assert_eq!(alone.status, shared.status, "{args:?} -j {threads}");
        }
        if args[1] == "json" && args[2] == "-v" {
            let each = paths.iter().flat_map(|path| run(&["-f", "json", "--at", "1800000000", path], "1", b"").stdout);
            assert!(alone.stdout == each.collect::<Vec<_>>(), "other results than one by one");
        }
    }
}

#[test]
fn a_rotated_capture_is_told_from_others_by_any_number_of_workers() {
    let folder = tempfile::tempdir().unwrap();
    let whole = read("testdata/nginx48_tls12/capture.pcap".as_ref());
    let (header, mut rest) = whole.split_at(24);
    let mut paths = Vec::new();
    while !rest.is_empty() {
        // a packet a file: the first two are the start of a handshake that goes on in those after them
        let length = 16 + u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        let (packet, after) = rest.split_at(length);
        let path = folder.path().join(format!("{:03}.pcap", paths.len()));
        std::fs::write(&path, [header, packet].concat()).unwrap();
        paths.push(path.to_str().unwrap().to_owned());
        rest = after;
    }
    let args: Vec<&str> = ["-f", "json"].into_iter().chain(paths.iter().map(String::as_str)).collect();
    let alone = run(&args, "1", b"");
    assert_eq!(alone.errors().matches("connections are not joined").count(), 1, "{}", alone.errors());
    for threads in ["2", "4"] {
        let shared = run(&args, threads, b"");
        assert_eq!((alone.errors(), &alone.stdout), (shared.errors(), &shared.stdout), "-j {threads}");
    }
}

#[test]
fn an_input_that_cannot_be_read_ends_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tickets.hex");
    std::fs::write(&file, (hex::encode(ticket("nginx48_tls12")) + "\n").repeat(3000)).unwrap();
    let file = file.to_str().unwrap();
    let run = |threads| run(&["-f", "json", file, "testdata", file, "tests/cmd/damaged.hex"], threads, b"");
    let (alone, shared) = (run("1"), run("4"));
    let indexes: Vec<u64> = shared.records().iter().map(|record| record["index"].as_u64().unwrap()).collect();
    assert_eq!(indexes[..6000], (0..3000).chain(0..3000).collect::<Vec<_>>());
    assert_eq!((alone.status, shared.status), (Some(2), Some(2)));
    assert!(alone.stdout == shared.stdout && alone.stderr == shared.stderr);
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn compressed_lines_are_shared_and_give_the_same() {
    let (text, _) = input();
    let args = ["-f", "json", "--stats"];
    let plain = run(&args, "1", text.as_bytes());
    let compressed = gzip(text.as_bytes());
    for threads in ["1", "2", "3"] {
        let output = run(&args, threads, &compressed);
        assert!(plain.stdout == output.stdout && plain.stderr == output.stderr, "-j {threads}");
        assert_eq!(plain.status, output.status, "-j {threads}");
    }
}

#[test]
fn all_lines_before_a_damage_are_read_whoever_reads_them() {
    let hex = hex::encode(ticket("nginx48_tls12"));
    // lines that differ, so that much is left of them
    let lines: String =
        (0..4000_u32).fold(String::new(), |lines, n| lines + &format!("{hex},{:08x}\n", n.wrapping_mul(0x9e37_79b1)));
    let whole = gzip(lines.as_bytes());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("damaged.gz");
    let check = |gzip: &[u8], message: &str, lost: u64| {
        std::fs::write(&file, gzip).unwrap();
        let run = |threads| run(&["-f", "json", file.to_str().unwrap()], threads, b"");
        let (alone, shared) = (run("1"), run("2"));
        assert!(alone.stdout == shared.stdout, "{message}");
        assert_eq!((alone.status, shared.status), (Some(2), Some(2)), "{message}");
        let error = format!("tktdump: error: {}: damaged gzip: {message}\ntktdump: hint: what was", file.display());
        assert!(alone.errors().contains(&error), "{}", alone.errors());
        assert_eq!(alone.errors(), shared.errors());
        // all that can be had byte by byte
        let good = BufReader::with_capacity(1, GzDecoder::new(gzip)).lines().map_while(Result::ok);
        let expected = good.count() as u64;
        let last = alone.records().last().unwrap()["line"].as_u64().unwrap();
        assert!((expected - lost..=expected).contains(&last), "{message}: {last} of {expected}");
        assert!(expected > 1000, "{expected} lines are too few to be shared");
    };
    check(&whole[..whole.len() / 2], "incomplete deflate stream", 0);
    let mut changed = whole.clone();
    // the checksum, after all lines
    changed[whole.len() - 8] ^= 1;
    check(&changed, "corrupt gzip stream does not have a matching checksum", 0);
    // no block begins like that; what is decompressed in one go with it is lost, a chunk at the most
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(lines.as_bytes()).unwrap();
    encoder.flush().unwrap();
    check(&[encoder.get_ref(), &[0xff; 9][..]].concat(), "corrupt deflate stream", 400);
}

/// The command with its input open, and lines to write to it.
fn begin(threads: &str) -> (Child, ChildStdin, ChildStdout, String) {
    let mut child = start(&[&["-f", "json", "-j", threads], &KEYS[..]].concat());
    let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    (child, stdin, stdout, hex::encode(ticket("nginx48_tls12")) + "\n")
}

/// Waits until it ends, and tells the exit status and the errors.
fn ended(mut child: Child) -> (Option<i32>, String) {
    let end = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if Instant::now() > end => {
                child.kill().unwrap();
                panic!("it does not end");
            }
            None => thread::sleep(Duration::from_millis(5)),
        }
    };
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    (status.code(), errors)
}

#[test]
fn a_ticket_is_shown_at_once_after_many() {
    for threads in ["1", "2", "8"] {
        let (child, mut stdin, stdout, line) = begin(threads);
        let (sender, receiver) = std::sync::mpsc::channel();
        thread::spawn(move || BufReader::new(stdout).lines().for_each(|line| drop(sender.send(line.unwrap()))));
        let mut expect = |count: usize| {
            stdin.write_all(line.repeat(count).as_bytes()).unwrap();
            for _ in 0..count {
                let record = receiver.recv_timeout(PATIENCE).unwrap();
                assert!(record.contains("\"decrypted\""), "{record}");
            }
        };
        // by one worker, then by more
        [1, 1, 5000, 1, 1, 2].into_iter().for_each(&mut expect);
        drop(stdin);
        assert_eq!(ended(child), (Some(0), String::new()));
    }
}

#[test]
fn a_reader_that_leaves_ends_the_run() {
    let (child, mut stdin, stdout, line) = begin("2");
    let lines = line.repeat(5000);
    let writer = thread::spawn(move || while stdin.write_all(lines.as_bytes()).is_ok() {});
    let mut stdout = BufReader::new(stdout);
    stdout.read_line(&mut String::new()).unwrap();
    drop(stdout);
    assert_eq!(ended(child), (Some(0), String::new()));
    writer.join().unwrap();
}

#[test]
fn a_reader_that_leaves_ends_the_run_though_the_input_has_no_end() {
    let (child, mut stdin, stdout, line) = begin("2");
    let mut stdout = BufReader::new(stdout);
    let lines = line.repeat(2000);
    let writer = thread::spawn(move || stdin.write_all(lines.as_bytes()).map(|()| stdin));
    for _ in 0..2000 {
        stdout.read_line(&mut String::new()).unwrap();
    }
    let mut stdin = writer.join().unwrap().unwrap();
    // one worker cannot write all of this, the other one waits for more
    stdin.write_all(line.repeat(120).as_bytes()).unwrap();
    #[cfg(target_os = "linux")]
    common::settle(child.id());
    drop(stdout);
    assert_eq!(ended(child), (Some(0), String::new()));
    drop(stdin);
}

/// What happens to lines while nobody reads the results, when all workers are there.
#[cfg(target_os = "linux")]
mod stalled {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use common::{assert_level, peak_memory, settle};

    /// Writes lines for nobody to read the results of, then reads them. The share of the lines, in percent, that was
    /// taken before, and the peak of memory then, in KiB.
    fn stall(line: &str, count: usize) -> (usize, u64) {
        let (child, mut stdin, stdout, ticket) = begin("4");
        let tickets = ticket.repeat(3000);
        let writer = thread::spawn(move || stdin.write_all(tickets.as_bytes()).map(|()| stdin));
        let mut results = BufReader::new(stdout).lines().map_while(Result::ok);
        assert_eq!(results.by_ref().take(3000).count(), 3000);
        let mut stdin = writer.join().unwrap().unwrap();
        let written = Arc::new(AtomicUsize::new(0));
        let count_written = Arc::clone(&written);
        let lines = line.repeat(count);
        let length = lines.len();
        let writer = thread::spawn(move || {
            for part in lines.as_bytes().chunks(1 << 12) {
                stdin.write_all(part).unwrap();
                count_written.fetch_add(part.len(), Ordering::Relaxed);
            }
        });
        // until nothing moves
        let mut before = usize::MAX;
        while before != written.load(Ordering::Relaxed) || before == 0 {
            before = written.load(Ordering::Relaxed);
            settle(child.id());
        }
        let peak = peak_memory(child.id()).unwrap();
        assert_eq!(results.count(), count);
        writer.join().unwrap();
        ended(child);
        (100 * before / length, peak)
    }

    #[test]
    fn a_slow_reader_slows_the_input() {
        let line = hex::encode(ticket("nginx48_tls12")) + "\n";
        let ((_, few), (taken, many)) = (stall(&line, 4000), stall(&line, 40_000));
        assert!(taken < 50, "{taken} % of the lines were read, and nobody wanted the results");
        assert_level(few, many);
    }

    #[test]
    fn results_of_short_lines_take_no_more_memory() {
        let ((_, few), (_, many)) = (stall("ab\n", 20_000), stall("ab\n", 200_000));
        assert_level(few, many);
    }
}
