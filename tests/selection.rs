//! Which tickets and connections are printed, and where.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use common::{Output, tktdump};
use serde_json::Value;

const CAPTURES: [&str; 3] = [
    "testdata/nginx80_tls12/capture.pcap",
    "testdata/nginx48_tls12_refused/capture.pcap",
    "testdata/envoy_tls12/capture.pcap",
];

fn run(args: &[&str]) -> Output {
    let always = ["-f", "json", "--redact", "--key", "testdata/nginx80_tls12/ticket.key"];
    tktdump(&[&always[..], args, &CAPTURES].concat(), b"")
}

fn of_type(records: &[Value], wanted: &str) -> Vec<Value> {
    records.iter().filter(|record| record["type"] == wanted).cloned().collect()
}

#[test]
fn what_is_not_asked_for_is_not_printed_and_not_judged() {
    let all = run(&[]);
    assert_eq!(all.status, Some(1));
    let (tickets, connections) = (of_type(&all.records(), "ticket"), of_type(&all.records(), "connection"));
    assert!(tickets.len() > 3 && connections.len() > 3, "{} {}", tickets.len(), connections.len());
    let same = |args: &[&str], is: &dyn Fn(&Value) -> bool, connection: &dyn Fn(&Value) -> bool, status: i32| {
        let found = run(args);
        let records = found.records();
        let wanted: Vec<Value> = tickets.iter().filter(|ticket| is(ticket)).cloned().collect();
        assert!(!wanted.is_empty(), "{args:?}");
        assert_eq!(of_type(&records, "ticket"), wanted, "{args:?}");
        let wanted: Vec<Value> = connections.iter().filter(|record| connection(record)).cloned().collect();
        assert_eq!(of_type(&records, "connection"), wanted, "{args:?}");
        assert_eq!(found.status, Some(status), "{args:?}: {}", found.errors());
    };
    let with = |is: &dyn Fn(&Value) -> bool| {
        let wanted: Vec<(Value, Value)> = tickets
            .iter()
            .filter(|ticket| is(ticket))
            .map(|ticket| (ticket["source"].clone(), ticket["capture"]["stream"].clone()))
            .collect();
        move |record: &Value| wanted.contains(&(record["source"].clone(), record["stream"].clone()))
    };
    let decrypted = |ticket: &Value| ticket["status"] == "decrypted";
    same(&["--status", "decrypted"], &decrypted, &with(&decrypted), 0);
    let unknown = |ticket: &Value| ticket["status"] == "unknown_key";
    same(&["--status", "unknown_key,bad_mac"], &unknown, &with(&unknown), 1);
    let stream = |ticket: &Value| ticket["capture"]["stream"] == 1;
    same(&["--stream", "1"], &stream, &|record| record["stream"] == 1, 1);
    let name = tickets[0]["ticket"]["key_name"].as_str().unwrap().to_owned();
    let named = |ticket: &Value| ticket["ticket"]["key_name"] == name.as_str();
    same(&["--key-name", &name], &named, &with(&named), 0);
    same(&["--key-name", &name[..8].to_uppercase()], &named, &with(&named), 0);
    let sni = tickets[0]["capture"]["sni"].as_str().unwrap().to_owned();
    let asked = |record: &Value| record["capture"]["sni"] == sni.as_str();
    same(&["--sni", &sni.to_uppercase()], &asked, &|record| record["sni"] == sni.as_str(), 1);
}

#[test]
fn a_selection_of_nothing_is_no_error() {
    for args in
        [&["--stream", "99"][..], &["--sni", "nobody.test"], &["--key-name", "00"], &["--status", "bad_padding"]]
    {
        let found = run(args);
        assert_eq!((found.status, found.stdout.len()), (Some(0), 0), "{args:?}: {}", found.errors());
    }
    assert_eq!(run(&["--status", "nonsense"]).status, Some(2));
    assert_eq!(run(&["--key-name", "xyz"]).status, Some(2));
    // nothing to select from is one anyway
    assert_eq!(tktdump(&["--stream", "0", "--from", "hex"], b"").status, Some(1));
}

#[test]
fn survey_and_audit_select_too() {
    let survey = |args: &[&str]| tktdump(&[&["survey", "-f", "json"], args, &CAPTURES].concat(), b"").records();
    let all = survey(&[]);
    let name = all[0]["key_name"].as_str().unwrap();
    assert!(all.len() > 1);
    assert_eq!(survey(&["--key-name", name]), all[..1]);
    assert!(survey(&["--stream", "99"]).is_empty());
    let key = ["audit", "-f", "json", "--key", "testdata/nginx80_tls12/ticket.key", "--stats"];
    let audit = |args: &[&str]| tktdump(&[&key[..], args, &CAPTURES].concat(), b"").records();
    let tickets = |records: Vec<Value>| records.last().unwrap()["tickets"].as_u64().unwrap();
    let (all, some) = (tickets(audit(&[])), tickets(audit(&["--status", "decrypted"])));
    assert!(all > some && some > 0, "{all} {some}");
}

#[cfg(unix)]
#[test]
fn results_go_to_a_file_that_only_its_owner_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mode = |name: &str| fs::metadata(path(name)).unwrap().permissions().mode() & 0o777;
    let case = "testdata/nginx80_tls12";
    let (key, ticket) = (format!("{case}/ticket.key"), format!("{case}/ticket.bin"));
    for format in ["text", "json", "openssl", "der", "pem"] {
        let printed = tktdump(&["--at", "0", "-f", format, "-k", &key, &ticket], b"");
        let written = tktdump(&["--at", "0", "-f", format, "-k", &key, "-o", &path(format), &ticket], b"");
        assert_eq!((written.status, written.stdout.len()), (printed.status, 0), "{format}: {}", written.errors());
        assert_eq!(fs::read(path(format)).unwrap(), printed.stdout, "{format}");
        assert_eq!(mode(format), 0o600, "{format}");
        // a second run writes it anew
        assert_eq!(tktdump(&["-f", format, "-k", &key, "-o", &path(format), &ticket], b"").status, Some(0), "{format}");
    }
    for (format, name) in [("keylog", "keys.log"), ("pcapng", "a.pcapng")] {
        let capture = format!("{case}/capture.pcap");
        let printed = tktdump(&["-f", format, "-k", &key, &capture], b"");
        let written = tktdump(&["-f", format, "-k", &key, "-o", &path(name), &capture], b"");
        assert_eq!((written.status, written.stdout.len()), (printed.status, 0), "{format}: {}", written.errors());
        assert_eq!(fs::read(path(name)).unwrap(), printed.stdout, "{format}");
        assert_eq!(mode(name), 0o600);
    }
    for command in ["survey", "audit"] {
        let written = tktdump(&[command, "-o", &path(command), &ticket], b"");
        assert!(written.stdout.is_empty() && written.status != Some(2), "{command}: {}", written.errors());
        assert!(!fs::read(path(command)).unwrap().is_empty(), "{command}");
    }
    assert_eq!(tktdump(&["-o", "-", "-k", &key, &ticket], b"").status, Some(0));
    assert_eq!(tktdump(&["-o", &path("none/x"), "-k", &key, &ticket], b"").status, Some(2));
}

#[test]
fn what_is_read_and_what_holds_a_key_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let case = "testdata/nginx80_tls12";
    for name in ["ticket.key", "ticket.bin"] {
        fs::copy(format!("{case}/{name}"), path(name)).unwrap();
    }
    fs::copy("testdata/haproxy80x5_tls12/ticket.key", path("other.keys")).unwrap();
    for output in ["ticket.key", "ticket.bin", "other.keys"] {
        let before = fs::read(path(output)).unwrap();
        let run = tktdump(&["-o", &path(output), "-k", &path("ticket.key"), &path("ticket.bin")], b"");
        assert_eq!(run.status, Some(2), "{output}");
        assert!(run.errors().contains("name another file"), "{}", run.errors());
        assert_eq!(fs::read(path(output)).unwrap(), before, "{output}");
    }
}

#[test]
fn a_run_that_fails_leaves_what_was_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let case = "testdata/nginx80_tls12";
    let (key, ticket) = (format!("{case}/ticket.key"), format!("{case}/ticket.bin"));
    let capture = format!("{case}/capture.pcap");
    let other = "testdata/nginx48_tls12/ticket.key";
    let runs: [&[&str]; 6] = [
        &["-f", "der", "--redact", "-k", &key, &ticket],
        &["-k", &key, "no such file"],
        &["-f", "pcapng", "-k", &key, &ticket],
        &["-f", "keylog", "-k", other, &capture],
        &["survey", "no such file"],
        &["audit", "no such file"],
    ];
    let output = path("output");
    for run in runs {
        fs::write(&output, "from a run before\n").unwrap();
        let result = tktdump(&[run, &["-o", &output]].concat(), b"");
        assert_ne!(result.status, Some(0), "{run:?}");
        assert_eq!(fs::read(&output).unwrap(), b"from a run before\n", "{run:?}: {}", result.errors());
        fs::remove_file(&output).unwrap();
        tktdump(&[run, &["-o", &output]].concat(), b"");
        assert!(!fs::exists(&output).unwrap(), "{run:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left beside it");
}

#[cfg(unix)]
#[test]
fn the_file_that_is_written_anew_stays_the_file_that_it_was() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (key, ticket) = ("testdata/nginx80_tls12/ticket.key", "testdata/nginx80_tls12/ticket.bin");
    fs::create_dir(path("inner")).unwrap();
    fs::write(path("inner/output"), "before\n".repeat(10_000)).unwrap();
    fs::set_permissions(path("inner/output"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("inner/output", path("link")).unwrap();
    let printed = tktdump(&["--at", "0", "-k", key, ticket], b"");
    let written = tktdump(&["--at", "0", "-k", key, ticket, "-o", &path("link")], b"");
    assert_eq!(written.status, Some(0), "{}", written.errors());
    assert_eq!(fs::read(path("inner/output")).unwrap(), printed.stdout);
    assert_eq!(fs::metadata(path("inner/output")).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(path("link")).unwrap().is_symlink());
    // its own input is not written over, whatever way it comes in
    let line = format!("exec {} -q -o \"$0\" <\"$0\"", env!("CARGO_BIN_EXE_tktdump"));
    fs::copy(ticket, path("input")).unwrap();
    let status = std::process::Command::new("sh").args(["-c", &line, &path("input")]).status().unwrap();
    assert_eq!(status.code(), Some(2));
    assert_eq!(fs::read(path("input")).unwrap(), common::read(ticket.as_ref()));
}
