//! Pipes and compressed files as people use them: nothing is held that need not be, and nobody waits for long.

#![cfg(target_os = "linux")]
// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;
mod wire;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;

const FOLDER: &str = "testdata/nginx48_tls12";

fn ticket_hex() -> String {
    hex::encode(common::read(&Path::new(FOLDER).join("ticket.bin")))
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// A file that lives as long as its folder.
fn file(folder: &tempfile::TempDir, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    path
}

/// Runs a line of shell, in which `$tktdump` opens tickets and prints records; its arguments are `$1` and so on.
fn shell(line: &str, arguments: &[&Path]) -> Output {
    Command::new("bash")
        .args(["-o", "pipefail", "-c", line, "bash"])
        .args(arguments)
        .env("tktdump", format!("{} -f json --key {FOLDER}/ticket.key", env!("CARGO_BIN_EXE_tktdump")))
        .env_remove("TKTDUMP_REDACT")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_compressed_list_is_the_same_through_zcat_and_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let list = format!("{}\nzz\n", ticket_hex()).repeat(1000);
    let plain = file(&folder, "tickets", list.as_bytes());
    let compressed = file(&folder, "tickets.gz", &gzip(list.as_bytes()));
    for options in ["", "--from hex"] {
        let expected = shell(&format!("$tktdump {options} < $1"), &[&plain]);
        assert_eq!((expected.status.code(), text(&expected.stdout).lines().count()), (Some(1), 2000));
        for line in ["zcat $1 | $tktdump", "$tktdump < $1", "cat $1 | $tktdump"] {
            let output = shell(&line.replace("$tktdump", &format!("$tktdump {options}")), &[&compressed]);
            assert_eq!(output, expected, "{line} {options}");
        }
    }
}

#[test]
fn everything_may_be_compressed() {
    let folder = tempfile::tempdir().unwrap();
    let record = shell("$tktdump $1", &[&Path::new(FOLDER).join("ticket.bin")]).stdout;
    let session = common::read(&Path::new(FOLDER).join("session.pem"));
    let ticket = common::read(&Path::new(FOLDER).join("ticket.bin"));
    let capture = common::read(&Path::new(FOLDER).join("capture.pcap"));
    let base64 = data_encoding::BASE64.encode(&ticket);
    for (form, content, tickets) in [
        ("record", record.as_slice(), 1),
        ("session", &session, 1),
        ("raw", &ticket, 1),
        ("base64", base64.as_bytes(), 1),
        ("capture", &capture, 2),
    ] {
        let output = shell("$tktdump $1 | grep '\"type\":\"ticket\"'", &[&file(&folder, form, &gzip(content))]);
        assert_eq!(output.status.code(), Some(0), "{form}: {}", text(&output.stderr));
        assert_eq!(text(&output.stdout).matches("\"status\":\"decrypted\"").count(), tickets, "{form}");
    }
}

#[test]
fn a_compressed_list_that_is_cut_is_read_up_to_there() {
    let folder = tempfile::tempdir().unwrap();
    // lines that differ, so that the cut is among them
    let lines: Vec<String> = (0..2000_u32).map(|number| format!("{}{number:08x}\n", ticket_hex())).collect();
    let compressed = gzip(lines.concat().as_bytes());
    let cut = file(&folder, "cut.gz", &compressed[..compressed.len() / 2]);
    let output = shell("$tktdump -q $1", &[&cut]);
    assert_eq!(output.status.code(), Some(2));
    let found = text(&output.stdout).lines().count();
    assert!((100..2000).contains(&found), "{found}");
    let errors = text(&output.stderr);
    assert!(errors.contains("cut.gz: damaged gzip: "), "{errors}");
}

#[test]
fn a_compressed_capture_without_its_end_is_not_taken_for_a_whole_one() {
    let folder = tempfile::tempdir().unwrap();
    let compressed = gzip(include_bytes!("../testdata/nginx48_tls12/capture.pcap"));
    for missing in [0, 3, 8] {
        let cut = file(&folder, "capture.gz", &compressed[..compressed.len() - missing]);
        let output = shell("$tktdump $1", &[&cut]);
        let errors = text(&output.stderr);
        assert_eq!(errors.contains("the file ends before"), missing > 0, "{missing}: {errors}");
        assert_eq!(text(&output.stdout).matches("\"type\":\"connection\"").count(), 2, "{missing}");
    }
}

#[test]
fn captures_are_read_one_after_the_other() {
    let output =
        shell("$tktdump -q testdata/nginx*/capture.pcap | grep -o '^{\"type\":\"ticket\",\"source\":\"[^\"]*'", &[]);
    let mut sources: Vec<&str> = text(&output.stdout).lines().collect();
    sources.dedup();
    let mut sorted = sources.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert!(sources.len() > 5, "{sources:?}");
    assert_eq!(sources, sorted, "in the order of their names, each in one piece");
}

#[test]
fn head_ends_an_endless_batch() {
    let line = format!("yes {} | {{ $tktdump; echo \"ended with $?\" >&2; }} | head -n 1", ticket_hex());
    let output = shell(&line, &[]);
    assert_eq!(text(&output.stderr), "ended with 0\n");
    assert_eq!(text(&output.stdout).lines().count(), 1);
}

/// `yes` and the command, which reads from it for ever.
fn endless() -> (Child, Child) {
    let mut yes = Command::new("yes").arg(ticket_hex()).stdout(Stdio::piped()).spawn().unwrap();
    let tktdump = Command::new(env!("CARGO_BIN_EXE_tktdump"))
        .args(["-f", "json", "--key"])
        .arg(Path::new(FOLDER).join("ticket.key"))
        .env_remove("TKTDUMP_REDACT")
        .stdin(yes.stdout.take().unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    (yes, tktdump)
}

/// Lets the reader of the results go away.
fn end(mut yes: Child, tktdump: Child) {
    let output = tktdump.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    yes.wait().unwrap();
}

#[test]
fn a_reader_that_is_slow_makes_nothing_pile_up() {
    let (yes, mut tktdump) = endless();
    let mut results = BufReader::with_capacity(1 << 10, tktdump.stdout.take().unwrap());
    let mut line = String::new();
    // the most that is held for a reader who takes so many results one after the other, each when there is no more to do
    let mut peak_after = |count: u32| {
        for _ in 0..count {
            common::settle(tktdump.id());
            line.clear();
            results.read_line(&mut line).unwrap();
        }
        assert!(line.contains("\"decrypted\""), "{line}");
        common::peak_memory(tktdump.id()).unwrap()
    };
    let few = peak_after(3);
    common::assert_level(few, peak_after(27));
    drop(results);
    end(yes, tktdump);
}

#[test]
fn an_endless_input_takes_no_memory() {
    let (yes, mut tktdump) = endless();
    let mut results = tktdump.stdout.take().unwrap();
    let few = peak_after(&tktdump, &mut results, 6 << 20);
    common::assert_level(few, peak_after(&tktdump, &mut results, 54 << 20));
    drop(results);
    end(yes, tktdump);
}

#[test]
fn a_capture_that_goes_on_gives_results_as_packets_come() {
    use wire::Side::{Client, Server};
    use wire::{ACK, Hello, Talk};
    let mut tktdump = Command::new(env!("CARGO_BIN_EXE_tktdump"))
        .args(["-f", "json", "-"])
        .env_remove("TKTDUMP_REDACT")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut packets = tktdump.stdin.take().unwrap();
    let mut results = BufReader::new(tktdump.stdout.take().unwrap());
    let header = wire::pcap(101, &[]);
    packets.write_all(&header).unwrap();
    for port in 40_000..40_010 {
        let mut talk = Talk::open(port);
        if port % 2 == 0 {
            talk.full12(&Hello::tls12(1), &wire::ticket(7, 1));
        } else {
            talk.send(Client, &Hello::tls13(1).with_identity(&wire::ticket(7, 1), 5).record());
            talk.send(Server, &wire::hello13([3, 4], Some(0)));
            talk.packet(Client, ACK, &wire::record(23, &[9; 69]));
        }
        packets.write_all(&wire::pcap(101, &talk.packets)[header.len()..]).unwrap();
        // the pipe stays open: both records come without anything more
        let mut line = String::new();
        results.read_line(&mut line).unwrap();
        assert!(line.contains("\"type\":\"ticket\""), "{line}");
        line.clear();
        results.read_line(&mut line).unwrap();
        assert!(line.contains("\"type\":\"connection\""), "{line}");
    }
    drop(packets);
    assert!(tktdump.wait().unwrap().success());
}

#[test]
fn files_of_one_capture_are_said_not_to_be_joined() {
    use wire::{Hello, Talk};
    let folder = tempfile::tempdir().unwrap();
    let mut talk = Talk::open(40_000);
    talk.full12(&Hello::tls12(1), &wire::ticket(7, 1));
    let whole = wire::pcap(101, &talk.packets);
    // 24 bytes of header, 16 in front of each packet
    let cut = 24 + talk.packets[..6].iter().map(|packet| packet.len() + 16).sum::<usize>();
    let parts = [whole[..cut].to_vec(), [&whole[..24], &whole[cut..]].concat()];
    let [one, two] = [0, 1].map(|part: usize| file(&folder, &format!("part{part}.pcap"), &parts[part]));
    for (command, files) in [("", [&one, &two]), ("survey", [&one, &two]), ("audit", [&one, &two])] {
        let output = common::tktdump(
            &[&[command][..], &files.map(|file| file.to_str().unwrap())].concat()[usize::from(command.is_empty())..],
            b"",
        );
        assert!(output.errors().contains("part1.pcap goes on where"), "{command}: {}", output.errors());
        assert_eq!(output.errors().matches("mergecap -w all.pcapng FILES").count(), 1);
    }
    let output = common::tktdump(&[two.to_str().unwrap(), one.to_str().unwrap()], b"");
    assert!(!output.errors().contains("mergecap"), "{}", output.errors());
}

/// Takes so many bytes of results; the peak of memory then.
fn peak_after(tktdump: &Child, results: &mut ChildStdout, length: u64) -> u64 {
    let taken = std::io::copy(&mut results.take(length), &mut std::io::sink()).unwrap();
    assert_eq!(taken, length);
    common::peak_memory(tktdump.id()).unwrap()
}
