//! The progress bar: there for who waits at a terminal, and for nobody else.

#![cfg(target_os = "linux")]
// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used)]

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

mod common;

/// What is read in less time shows no bar.
const DELAY: Duration = Duration::from_secs(2);
/// What is said of a line `zz` after one line.
const ERROR: &str = "tktdump: error: -: line 2: neither hex nor base64: 'z' at column 1 is not a hex digit\n\
                     tktdump: hint: one ticket a line, as hex or base64; --from names another form\n";
const FOLDER: &str = "testdata/nginx48_tls12";
/// What a pager is asked for besides: nothing that it keeps in files.
const PAGER: [(&str, &str); 3] = [("LESS", ""), ("LESSHISTFILE", "-"), ("LESSCHARSET", "utf-8")];

/// Runs a line of bash on a terminal of its own. `script` is part of every Linux. `hold` waits until a file is there.
fn terminal(line: &str, file: &Path) -> Child {
    let line = line.replace("hold", &format!("until [ -e {} ]; do sleep 0.1; done", file.display()));
    let ticket = hex::encode(std::fs::read(format!("{FOLDER}/ticket.bin")).unwrap());
    Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .env("SHELL", "/bin/bash")
        .env("TERM", "xterm")
        .env("tktdump", env!("CARGO_BIN_EXE_tktdump"))
        .env("key", format!("{FOLDER}/ticket.key"))
        .env("capture", format!("{FOLDER}/capture.pcap"))
        .env("ticket", ticket)
        .envs(PAGER)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What the terminal was sent. What the line holds back goes on when the bar was seen; where there is to be none, when it
/// would have been.
fn sent(line: &str, bar: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("go");
    let mut terminal = terminal(line, &file);
    let mut stdout = terminal.stdout.take().unwrap();
    let (seen, wait) = channel();
    let longest = if bar.is_empty() { DELAY + Duration::from_secs(1) } else { common::PATIENCE };
    thread::scope(|scope| {
        scope.spawn(move || {
            let _ = wait.recv_timeout(longest);
            std::fs::write(file, "").unwrap();
        });
        let (mut sent, mut part) = (Vec::new(), [0; 1 << 12]);
        // a terminal that nobody has open any more ends, or cannot be read
        while let Ok(length @ 1..) = stdout.read(&mut part) {
            sent.extend_from_slice(part.get(..length).unwrap());
            if !bar.is_empty() && String::from_utf8_lossy(&sent).contains(bar) {
                let _ = seen.send(());
            }
        }
        drop(seen);
        terminal.wait().unwrap();
        String::from_utf8(sent).unwrap()
    })
}

/// What is to be seen at the end: carriage returns and the erasing of lines (`CSI 2 K`) carried out.
fn seen(sent: &str) -> String {
    let lines = sent.split('\n').map(|line| {
        let rest = line.rsplit("\x1b[2K").next().unwrap();
        rest.trim_end_matches('\r').rsplit('\r').next().unwrap()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn those_who_wait_see_it_until_something_is_said_or_all_is_done() {
    let damaged = "tktdump: error: standard input: damaged gzip: incomplete deflate stream\n\
                   tktdump: hint: what was before it has been read; gzip -t FILE checks a file\n";
    let capture = "tktdump: warning: the key log decrypts recorded traffic: keep it as safe as the ticket key\n";
    let group = concat!(
        r#"{"type":"key_name","key_name":"73c3054f3257ce88b8a6651b8a168469","tickets":1,"servers":[],"snis":[],"#,
        r#""lengths":[208],"shape":"openssl","sources":["-"],"issued":0,"offered":0,"accepted":0,"refused":0}"#,
        "\n"
    );
    let cases = [
        // lines; an error while it is shown
        ("(echo $ticket; hold; echo zz; sleep 0.3) | $tktdump -k $key > /dev/null", ERROR, " B, "),
        // a gzip that breaks off
        (
            "(yes $ticket | head -n 9999 | gzip | head -c 2000; hold) | $tktdump -k $key > /dev/null",
            damaged,
            "1.95 KiB, ",
        ),
        // a whole input
        ("(cat ${key%key}bin; hold) | $tktdump -k $key > /dev/null", "", "208 B, "),
        // several workers: an error while it is shown, and a reader that leaves while one of them waits for input
        (
            "(yes $ticket | head -n 2000; hold; echo zz; sleep 0.3) | $tktdump -j 2 -k $key > /dev/null",
            &ERROR.replace("line 2:", "line 2001:"),
            " KiB, ",
        ),
        (
            "(yes $ticket | head -n 2000; sleep 1; yes $ticket | head -n 120; hold; sleep 1) | \
             $tktdump --progress -j 2 -f json -k $key | (head -n 2000 > /dev/null; hold)",
            "",
            " KiB, ",
        ),
        // captures, and the other commands
        ("(cat $capture; hold) | $tktdump -k $key -f keylog > /dev/null", capture, "KiB, "),
        ("(cat $capture; hold) | $tktdump -k $key -f pcapng > /dev/null", capture, "KiB, "),
        ("(cat $capture; hold) | $tktdump survey > /dev/null", "", "KiB, "),
        ("(cat $capture; hold) | $tktdump audit > /dev/null", "", "KiB, "),
        // the length of a file is known; results are not taken
        (
            "list=$(mktemp); yes $ticket | head -n 2000 > $list; $tktdump --progress -f json -k $key $list | (hold; wc -l); \
             rm $list",
            "2000\n",
            "of 814.45 KiB, ",
        ),
        // into a file
        ("(echo $ticket; hold) | $tktdump -k $key > $(mktemp)", "", " B, "),
        // not wanted: quiet, results on the terminal, or in a program that may show them there, notes in a pipe, a
        // terminal that is none
        ("(echo $ticket; hold) | $tktdump -f json -k $key | wc -l", "1\n", ""),
        ("(echo $ticket; hold) | $tktdump -q -k $key > /dev/null", "", ""),
        ("(echo $ticket; hold) | $tktdump survey -f json", group, ""),
        ("(echo $ticket; hold) | $tktdump -k $key 2>&1 > /dev/null | cat", "", ""),
        ("(echo $ticket; hold) | TERM=dumb $tktdump -k $key > /dev/null", "", ""),
    ];
    let runs = cases.map(|(line, left, bar)| {
        let line_of_run = line.to_owned();
        (line, left, bar, thread::spawn(move || sent(&line_of_run, bar)))
    });
    for (line, left, bar, run) in runs {
        let sent = run.join().unwrap();
        assert_eq!(sent.contains("\x1b["), !bar.is_empty(), "{line}: {sent:?}");
        assert!(sent.contains(bar), "{line}: {sent:?}");
        assert_eq!(seen(&sent), left, "{line}: {sent:?}");
    }
}

#[test]
fn nobody_is_held_up_by_it_nor_sees_it_for_what_is_short() {
    // on a machine that is too busy for anything to be short, nothing can be told
    for _ in 0..5 {
        let begin = Instant::now();
        let sent = sent("(echo $ticket; sleep 0.5; echo zz) | $tktdump -k $key > /dev/null", "");
        assert_eq!(seen(&sent), ERROR, "{sent:?}");
        if begin.elapsed() < DELAY {
            assert!(!sent.contains("\x1b["), "{sent:?}");
            return;
        }
    }
}

/// A terminal of 80 by 24 on which a pager shows what is printed, and what it is sent until somebody types `q`.
#[test]
fn a_pager_has_the_terminal_for_itself() {
    if Command::new("less").arg("--version").output().is_err() {
        eprintln!("not tested: there is no less");
        return;
    }
    let line = "stty cols 80 rows 24; (echo $ticket; hold; yes $ticket | head -n 50) | \
                $tktdump --at 0 --redact -k $key | less";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("go");
    let mut terminal = terminal(line, &file);
    let mut stdout = terminal.stdout.take().unwrap();
    let mut keyboard = terminal.stdin.take().unwrap();
    let typist = thread::spawn(move || {
        // longer than it takes until a bar would be there
        thread::sleep(DELAY + Duration::from_secs(1));
        std::fs::write(file, "").unwrap();
        thread::sleep(Duration::from_secs(2));
        keyboard.write_all(b" q").unwrap();
        keyboard
    });
    let (mut sent, mut part) = (Vec::new(), [0; 1 << 12]);
    while let Ok(length @ 1..) = stdout.read(&mut part) {
        sent.extend_from_slice(part.get(..length).unwrap());
    }
    drop(typist.join().unwrap());
    terminal.wait().unwrap();
    let sent = String::from_utf8(sent).unwrap();
    assert!(sent.contains("decrypted"), "the pager shows nothing: {sent:?}");
    assert!(!sent.contains("B/s") && !sent.contains("\x1b[2K") && !sent.contains("tktdump: "), "{sent:?}");
}
