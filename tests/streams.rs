//! Standard streams, files and signals as shells hand them over: nothing is lost in silence, and nothing hangs.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const KEY: &str = "testdata/nginx48_tls12/ticket.key";
const TICKET: &str = "testdata/nginx48_tls12/ticket.bin";

/// Runs a line of shell with the command as `$tktdump`; what takes longer than a few seconds hangs.
fn shell(line: &str, folder: &Path) -> Output {
    Command::new("timeout")
        .args(["20", "bash", "-c", line])
        .env("tktdump", env!("CARGO_BIN_EXE_tktdump"))
        .env("folder", folder)
        .env_remove("TKTDUMP_REDACT")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn an_input_that_is_the_output_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    let ticket = hex::encode(fs::read(TICKET).unwrap()) + "\n";
    let capture = fs::read("testdata/nginx48_tls12/capture.pcap").unwrap();
    for (content, line) in [
        (ticket.as_bytes(), "ulimit -f 20000; $tktdump -q -f json -k $key $folder/f >> $folder/f"),
        (ticket.as_bytes(), "ulimit -f 20000; $tktdump -q -f json -k $key < $folder/f >> $folder/f"),
        (ticket.as_bytes(), "ulimit -f 20000; ln $folder/f $folder/g; $tktdump -q $folder/g >> $folder/f"),
        (&capture, "ulimit -f 20000; $tktdump -q -f json -k $key $folder/f >> $folder/f"),
        (&capture, "ulimit -f 20000; $tktdump -f pcapng -k $key $folder/f >> $folder/f"),
        (&capture, "ulimit -f 20000; $tktdump survey $folder/f >> $folder/f"),
    ] {
        fs::write(&path, content).unwrap();
        let output = shell(&line.replace("$key", KEY), folder.path());
        assert_eq!(output.status.code(), Some(2), "{line}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains("the input is also the output"), "{line}: {}", text(&output.stderr));
        assert_eq!(fs::read(&path).unwrap(), content, "{line}");
    }
    // another file, and no file at all
    fs::write(&path, &ticket).unwrap();
    for line in
        ["$tktdump -q $folder/f >> $folder/h", "$tktdump -q $folder/f > /dev/null", "$tktdump -q - < $folder/f | cat"]
    {
        assert_eq!(shell(line, folder.path()).status.code(), Some(0), "{line}");
    }
}

#[test]
fn a_full_disk_and_a_closed_output_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let job = format!("-k {KEY} {TICKET}");
    for arguments in [
        "--help",
        "--version",
        "-h",
        "help audit",
        "keys --help",
        "man",
        "completions bash",
        &job,
        "keys testdata/nginx48_tls12/ticket.key",
    ] {
        let output = shell(&format!("$tktdump {arguments} > /dev/full"), folder.path());
        assert_eq!(output.status.code(), Some(2), "{arguments}");
        assert!(text(&output.stderr).contains("No space left"), "{arguments}: {}", text(&output.stderr));
        let output = shell(&format!("$tktdump {arguments} >&-; echo $? >&2"), folder.path());
        assert!(text(&output.stderr).contains("output is closed"), "{arguments}: {}", text(&output.stderr));
        assert!(text(&output.stderr).ends_with("\n2\n"), "{arguments}: {}", text(&output.stderr));
        // nobody may want the output
        let output = shell(&format!("$tktdump -q {arguments} > /dev/null; echo $? >&2"), folder.path());
        assert_eq!(text(&output.stderr), "0\n", "{arguments}");
    }
    let status = Command::new(env!("CARGO_BIN_EXE_tktdump"))
        .args(["-k", KEY, TICKET])
        .stdout(fs::File::options().read(true).write(true).open("/dev/null").unwrap())
        .status();
    assert_eq!(status.unwrap().code(), Some(0), "programs hand over /dev/null for reading and writing");
    let output = shell("$tktdump --help | true; $tktdump man | true; echo ${PIPESTATUS[0]}", folder.path());
    assert_eq!((text(&output.stdout), text(&output.stderr)), ("0\n", ""), "a closed pipe is not an error");
}

#[test]
fn usage_errors_repeat_arguments_escaped() {
    let folder = tempfile::tempdir().unwrap();
    for (argument, shown) in [
        ("$'--\\u202egnp.x'", "--\\u{202e}gnp.x"),
        ("$'--a\\rtktdump: all fine'", "--a\\u{d}tktdump: all fine"),
        ("$'--b\\ntktdump: all fine'", "--b\\u{a}tktdump: all fine"),
        ("-f $'\\e[31mred'", "\\u{1b}[31mred"),
        ("--at $'\\u2028'", "\\u{2028}"),
        ("keys --key-format $'\\u009b'", "\\u{9b}"),
    ] {
        let output = shell(&format!("$tktdump {argument}"), folder.path());
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(shown), "{argument}: {errors:?}");
        let is_plain = |character: char| character == '\n' || !tktdump::escape::is_unsafe(character);
        assert!(errors.chars().all(is_plain), "{argument}: {errors:?}");
    }
}

#[test]
fn keys_come_through_pipes_and_not_from_devices() {
    let folder = tempfile::tempdir().unwrap();
    for line in ["$tktdump -q -f json -k <(cat $key) $ticket", "cat $key | $tktdump -q -f json -k /dev/stdin $ticket"] {
        let output = shell(&line.replace("$key", KEY).replace("$ticket", TICKET), folder.path());
        assert_eq!(output.status.code(), Some(0), "{line}: {}", text(&output.stderr));
        assert!(text(&output.stdout).contains("\"status\":\"decrypted\""), "{line}");
    }
    // in a directory pipes are passed over
    let line = "mkfifo $folder/pipe; cp $key $folder/a.key; $tktdump -q -f json -k $folder $ticket";
    let output = shell(&line.replace("$key", KEY).replace("$ticket", TICKET), folder.path());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    for device in ["/dev/zero", "/dev/null", "/dev/urandom"] {
        for line in ["$tktdump -k $device $ticket", "$tktdump keys $device", "$tktdump audit -k $device"] {
            let output = shell(&line.replace("$device", device).replace("$ticket", TICKET), folder.path());
            assert_eq!(output.status.code(), Some(2), "{line}");
            assert!(text(&output.stderr).contains("is a device"), "{line}: {}", text(&output.stderr));
        }
    }
}

#[test]
fn an_interrupt_leaves_whole_lines() {
    let line = hex::encode(fs::read(TICKET).unwrap()) + "\n";
    for (signal, number) in [("INT", 2), ("TERM", 15)] {
        let mut yes = Command::new("yes").arg(line.trim()).stdout(Stdio::piped()).spawn().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_tktdump"))
            .args(["-q", "-f", "json", "-k", KEY])
            .stdin(yes.stdout.take().unwrap())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = child.stdout.take().unwrap();
        let mut results = vec![0; 1 << 16];
        output.read_exact(&mut results).unwrap();
        // it is in the middle of a line that the pipe has no room for
        common::settle(child.id());
        let kill = |signal: &str| Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
        assert!(kill(signal).success());
        output.read_to_end(&mut results).unwrap();
        let status = child.wait().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(number));
        assert!(results.ends_with(b"}\n"), "{:?}", String::from_utf8_lossy(&results[results.len() - 80..]));
        yes.kill().unwrap();
        yes.wait().unwrap();
    }
}

#[test]
fn an_interrupt_ends_what_nobody_reads() {
    let mut yes = Command::new("yes").arg("a7".repeat(200)).stdout(Stdio::piped()).spawn().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_tktdump"))
        .args(["-q", "-f", "json"])
        .stdin(yes.stdout.take().unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    common::settle(child.id());
    Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap();
    common::wait(&mut child);
    yes.kill().unwrap();
    yes.wait().unwrap();
}
