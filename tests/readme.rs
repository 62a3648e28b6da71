//! Runs the commands of the documents and compares what they print.
//!
//! In a fence marked `console`, a line with `$ ` is a command for bash, `? N` its exit status where that is not 0, and
//! the rest what it prints, errors after results. Fences marked `console tools` need openssl, tshark and xxd; their test
//! is for machines that have them. `TKTDUMP_README=write` writes what commands print into the documents.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// The documents with commands.
const DOCUMENTS: [&str; 1] = ["README.md"];

/// Runs a command with the built binary first in the path.
fn run(command: &str) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_tktdump"));
    let path = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let command = command.replace("cargo run --release -q --", "tktdump");
    let output = Command::new("bash")
        .args(["-o", "pipefail", "-c", &command])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("PATH", path)
        .env_remove("TKTDUMP_REDACT")
        .output()
        .unwrap();
    let mut shown = String::new();
    match output.status.code() {
        Some(0) => {}
        status => writeln!(shown, "? {}", status.unwrap()).unwrap(),
    }
    shown.push_str(&String::from_utf8(output.stdout).unwrap());
    shown.push_str(&String::from_utf8(output.stderr).unwrap());
    shown.trim_end().to_owned()
}

/// The document with the output of every command of such fences as it is now.
fn rerun(text: &str, fence: &str) -> String {
    let mut fresh = String::new();
    let mut inside = false;
    let mut skipping = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == fence;
            skipping = false;
        }
        if inside && line.starts_with("$ ") {
            writeln!(fresh, "{line}").unwrap();
            let shown = run(&line[2..]);
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

#[test]
fn documents_show_what_commands_print() {
    check("```console");
}

#[test]
#[ignore = "needs openssl, tshark and xxd; run by .ci/run"]
fn documents_show_what_commands_print_with_other_tools() {
    check("```console tools");
}

fn check(fence: &str) {
    common::settle_modes();
    for name in DOCUMENTS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        let fresh = rerun(&text, fence);
        if std::env::var("TKTDUMP_README").is_ok_and(|value| value == "write") {
            std::fs::write(&path, fresh).unwrap();
        } else if text != fresh {
            let differs = text.lines().zip(fresh.lines()).find(|(old, new)| old != new);
            panic!("{name} does not show what its commands print: {differs:#?}");
        }
    }
}
