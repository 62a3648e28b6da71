//! Runs the commands of the documents and compares what they print.
//!
//! In a fence marked `console`, a line with `$ ` is a command for bash, which a `\` at its end continues, and the rest what
//! it prints, errors after results; `? N` is its exit status, if that is neither 0 nor the one that the mark names
//! (`console exit-1`). `console stdout` leaves out what goes to standard error. A `cd` counts for the rest of its fence. Those
//! marked `console live` are run by the live tests, with servers. Fences marked `console tools` need openssl,
//! tshark, xxd, jq and GNU parallel, and those marked `console spark` need Apache Spark; their tests are for machines that
//! have them. `TKTDUMP_README=write` writes what commands print into the documents. `TKTDUMP_README_SHELL` names a program
//! to call in place of bash, which runs the README's commands on another system, with the `tktdump` that is there.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;

/// The documents with commands.
const DOCUMENTS: [&str; 2] = ["README.md", SCALE];
/// Its commands run in a folder with many tickets, those of others in the root of the project.
const SCALE: &str = "docs/scale.md";

/// The variable that names another shell.
const SHELL: &str = "TKTDUMP_README_SHELL";

/// What the mark of a fence says of its commands.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Mark<'m> {
    /// The tools that they need, if any.
    tools: &'m str,
    /// The exit status that is not shown.
    status: i32,
    /// Whether only standard output is shown.
    stdout: bool,
}

impl<'m> Mark<'m> {
    /// `None` for a fence without commands.
    fn of(line: &'m str) -> Option<Self> {
        let mut words = line.strip_prefix("```console")?.split_whitespace().peekable();
        let tools = words.next_if(|word| ["tools", "spark", "live"].contains(word)).unwrap_or("");
        let mut mark = Self { tools, status: 0, stdout: false };
        for word in words {
            match word.strip_prefix("exit-") {
                Some(status) => mark.status = status.parse().unwrap(),
                None => mark.stdout = word == "stdout",
            }
        }
        Some(mark)
    }
}

/// Runs a command with the built binary first in the path.
fn run(command: &str, mark: Mark<'_>, folder: &Path) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_tktdump"));
    let path = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let command = command.replace("cargo run --release --", "tktdump");
    let output = Command::new(std::env::var_os(SHELL).unwrap_or_else(|| "bash".into()))
        .args(["-o", "pipefail", "-c", &command])
        .current_dir(folder)
        .env("PATH", path)
        .env("SPARK_LOCAL_IP", "127.0.0.1")
        .env_remove("TKTDUMP_REDACT")
        .env_remove("TKTDUMP_KEY")
        .output()
        .unwrap();
    let mut shown = String::new();
    match output.status.code() {
        Some(status) if status == mark.status => {}
        status => writeln!(shown, "? {}", status.unwrap()).unwrap(),
    }
    shown.push_str(&String::from_utf8(output.stdout).unwrap());
    if !mark.stdout {
        shown.push_str(&String::from_utf8(output.stderr).unwrap());
    }
    shown.trim_end().to_owned()
}

/// The document with the output of every command that needs such tools as it is now.
fn rerun(text: &str, tools: &str, folder: &Path) -> String {
    let mut fresh = String::new();
    let mut inside = None;
    let mut skipping = false;
    let mut place = PathBuf::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            inside = Mark::of(line).filter(|mark| mark.tools == tools);
            skipping = false;
            folder.clone_into(&mut place);
        }
        if let Some(mark) = inside.filter(|_| line.starts_with("$ ")) {
            let mut command = line.to_owned();
            while command.ends_with('\\') {
                write!(command, "\n{}", lines.next().unwrap()).unwrap();
            }
            writeln!(fresh, "{command}").unwrap();
            let shown = match command.strip_prefix("$ cd ") {
                Some(inner) => {
                    place.push(inner);
                    String::new()
                }
                None => run(&command[2..], mark, &place),
            };
            if !shown.is_empty() {
                writeln!(fresh, "{shown}").unwrap();
            }
            skipping = true;
        } else if !skipping {
            writeln!(fresh, "{line}").unwrap();
        }
    }
    fresh
}

/// Puts 10,000 lines into `tickets.hex`, plain and compressed; with them their key, captures, and the files that the
/// document itself contains, in fences with a name behind the language.
///
/// Of ten tickets one is damaged and one sealed under another key, each of these under one of its own. Some lines have
/// no ticket, and some have two.
fn lay_out(text: &str, folder: &Path) {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let good = common::read(&project.join("nginx48_tls12/ticket.bin"));
    let mut list = String::new();
    for number in 0..10_000_u32 {
        let mut ticket = good.clone();
        match number % 10 {
            3 => *ticket.last_mut().unwrap() ^= 1,
            7 => ticket[..4].copy_from_slice(&number.to_be_bytes()),
            _ => {}
        }
        let hex = hex::encode(ticket);
        match number % 100 {
            0 => writeln!(list, "{hex},{hex}").unwrap(),
            99 => list.push_str("<MISSING>\n"),
            _ => writeln!(list, "{hex}").unwrap(),
        }
    }
    fs::write(folder.join("tickets.hex"), &list).unwrap();
    let mut gzip = GzEncoder::new(fs::File::create(folder.join("tickets.hex.gz")).unwrap(), Compression::fast());
    gzip.write_all(list.as_bytes()).unwrap();
    gzip.finish().unwrap();
    fs::copy(project.join("nginx48_tls12/ticket.key"), folder.join("ticket.key")).unwrap();
    fs::create_dir(folder.join("captures")).unwrap();
    for case in ["nginx48_tls12", "nginx48_tls12_refused", "nginx80_tls12", "node48_tls13"] {
        let capture = project.join(case).join("capture.pcap");
        fs::copy(capture, folder.join("captures").join(case).with_extension("pcap")).unwrap();
    }
    for fence in text.split("\n```").skip(1).step_by(2) {
        let (head, content) = fence.split_once('\n').unwrap();
        if let Some((_, name)) = head.split_once(' ').filter(|(language, _)| *language != "console") {
            fs::write(folder.join(name), content.to_owned() + "\n").unwrap();
        }
    }
}

#[test]
fn documents_show_what_commands_print() {
    check("");
}

#[test]
#[ignore = "needs openssl, tshark, xxd, jq and GNU parallel; run by .ci/run"]
fn documents_show_what_commands_print_with_other_tools() {
    check("tools");
}

#[test]
#[ignore = "needs Apache Spark; run by .ci/run"]
fn documents_show_what_commands_print_with_spark() {
    check("spark");
}

/// The library's example is part of one that is compiled.
#[test]
fn the_code_is_that_of_the_example() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name| fs::read_to_string(project.join(name)).unwrap();
    let (text, example) = (read("README.md"), read("examples/open.rs"));
    let code = text.split("```rust\n").nth(1).unwrap().split("```").next().unwrap();
    let indented = format!("    {}\n", code.trim_end().replace('\n', "\n    "));
    assert!(example.contains(&indented), "{code}");
}

fn check(tools: &str) {
    common::settle_modes();
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    // another system does not see the folder with many tickets
    let elsewhere = std::env::var_os(SHELL).is_some();
    for name in DOCUMENTS.into_iter().filter(|name| !elsewhere || *name != SCALE) {
        let path = project.join(name);
        let text = fs::read_to_string(&path).unwrap();
        let tickets = tempfile::tempdir().unwrap();
        let fresh = if name == SCALE {
            lay_out(&text, tickets.path());
            rerun(&text, tools, tickets.path())
        } else {
            rerun(&text, tools, project)
        };
        if std::env::var("TKTDUMP_README").is_ok_and(|value| value == "write") {
            fs::write(&path, fresh).unwrap();
        } else if text != fresh {
            let differs = text.lines().zip(fresh.lines()).find(|(old, new)| old != new);
            panic!("{name} does not show what its commands print: {differs:#?}");
        }
    }
}
