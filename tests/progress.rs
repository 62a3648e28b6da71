//! The progress bar: there for who waits at a terminal, and for nobody else.

#![cfg(target_os = "linux")]
// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used)]

use std::process::{Child, Command, Stdio};

const FOLDER: &str = "testdata/nginx48_tls12";

/// Runs a line of bash on a terminal of its own. `script` is part of every Linux.
fn terminal(line: &str) -> Child {
    let ticket = hex::encode(std::fs::read(format!("{FOLDER}/ticket.bin")).unwrap());
    Command::new("script")
        .args(["--quiet", "--return", "--command", line, "/dev/null"])
        .env("SHELL", "/bin/bash")
        .env("TERM", "xterm")
        .env("tktdump", env!("CARGO_BIN_EXE_tktdump"))
        .env("key", format!("{FOLDER}/ticket.key"))
        .env("capture", format!("{FOLDER}/capture.pcap"))
        .env("ticket", ticket)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What the terminal was sent, once all is done.
fn sent(terminal: Child) -> String {
    String::from_utf8(terminal.wait_with_output().unwrap().stdout).unwrap()
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
    let error = "tktdump: error: -: line 2: neither hex nor base64: 'z' at column 1 is no hex digit\n\
                 tktdump: hint: one ticket a line, as hex or base64; --from names another form\n";
    let damaged = "tktdump: error: -: damaged gzip: incomplete deflate stream\n\
                   tktdump: hint: what was before it has been read; gzip -t FILE checks a file\n";
    let capture = "tktdump: warning: the key log decrypts recorded traffic: keep it as safe as the ticket key\n";
    let group = concat!(
        r#"{"type":"key_name","key_name":"73c3054f3257ce88b8a6651b8a168469","tickets":1,"servers":[],"snis":[],"#,
        r#""lengths":[208],"shape":"openssl"}"#,
        "\n"
    );
    let cases = [
        // lines; an error while it is shown
        ("(echo $ticket; sleep 3; echo zz; sleep 0.3) | $tktdump -k $key > /dev/null", error, " B, "),
        // a gzip that breaks off
        (
            "(yes $ticket | head -n 9999 | gzip | head -c 2000; sleep 3) | $tktdump -k $key > /dev/null",
            damaged,
            "1.95 KiB, ",
        ),
        // a whole input
        ("(cat ${key%key}bin; sleep 3) | $tktdump -k $key > /dev/null", "", "208 B, "),
        // several workers: an error while it is shown, and a reader that leaves while one of them waits for input
        (
            "(yes $ticket | head -n 2000; sleep 3; echo zz; sleep 0.3) | $tktdump -j 2 -k $key > /dev/null",
            &error.replace("line 2:", "line 2001:"),
            " KiB, ",
        ),
        (
            "(yes $ticket | head -n 2000; sleep 1; yes $ticket | head -n 120; sleep 4) | \
             $tktdump -j 2 -f json -k $key | (head -n 2000 > /dev/null; sleep 3)",
            "",
            " KiB, ",
        ),
        // captures, and the other commands
        ("(cat $capture; sleep 3) | $tktdump -k $key -f keylog > /dev/null", capture, "KiB, "),
        ("(cat $capture; sleep 3) | $tktdump -k $key -f pcapng > /dev/null", capture, "KiB, "),
        ("(cat $capture; sleep 3) | $tktdump survey > /dev/null", "", "KiB, "),
        ("(cat $capture; sleep 3) | $tktdump audit > /dev/null", "", "KiB, "),
        // the length of a file is known; results are not taken
        (
            "list=$(mktemp); yes $ticket | head -n 2000 > $list; $tktdump -f json -k $key $list | (sleep 3; wc -l); \
             rm $list",
            "2000\n",
            "of 814.45 KiB, ",
        ),
        // nobody is to be held up by it, nor to see it for what is short
        ("(echo $ticket; sleep 1.2; echo zz) | $tktdump -k $key > /dev/null", error, ""),
        // not wanted: quiet, results on the terminal, notes in a pipe, a terminal that is none
        ("(echo $ticket; sleep 3) | $tktdump -q -k $key > /dev/null", "", ""),
        ("(echo $ticket; sleep 3) | $tktdump survey -f json", group, ""),
        ("(echo $ticket; sleep 3) | $tktdump -k $key 2>&1 > /dev/null | cat", "", ""),
        ("(echo $ticket; sleep 3) | TERM=dumb $tktdump -k $key > /dev/null", "", ""),
    ];
    let terminals: Vec<Child> = cases.iter().map(|(line, ..)| terminal(line)).collect();
    for ((line, left, bar), terminal) in cases.into_iter().zip(terminals) {
        let sent = sent(terminal);
        assert_eq!(sent.contains("\x1b["), !bar.is_empty(), "{line}: {sent:?}");
        assert!(sent.contains(bar), "{line}: {sent:?}");
        assert_eq!(seen(&sent), left, "{line}: {sent:?}");
    }
}
