//! Keys and tickets, good and bad, and what the exit status says of them.

use std::fs;

use serde_json::Value;

use crate::run::{audit, case, key_file, set_mode};

const TICKET: &str = "nginx80_tls13";

fn good_key() -> Vec<u8> {
    fs::read(case(TICKET).join("ticket.key")).unwrap()
}

/// When the server sealed the ticket.
fn sealed_at() -> String {
    let key = case(TICKET).join("ticket.key");
    let ticket = case(TICKET).join("ticket.hex");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tktdump"));
    let output = command.args(["-f", "json", "-k"]).arg(key).arg(ticket).output().unwrap();
    let record: Value = serde_json::from_slice(&output.stdout).unwrap();
    record["session"]["time"].to_string()
}

#[test]
fn a_well_kept_key_is_fine_alone_and_with_a_fresh_ticket() {
    let folder = tempfile::tempdir().unwrap();
    let key = key_file(folder.path(), "ticket.key", &good_key());
    let ticket = case(TICKET).join("session.pem").to_str().unwrap().to_owned();
    let at = sealed_at();
    for arguments in [vec!["-f", "json", "-k", &key], vec!["-f", "json", "-k", &key, "--at", &at, &ticket]] {
        let done = audit(&arguments);
        assert_eq!(done.status, 0, "{}{}", done.stdout, done.stderr);
        assert!(done.rules().iter().all(|(_, severity)| severity == "info"), "{}", done.stdout);
    }
}

#[test]
fn an_all_zero_key_fails() {
    let folder = tempfile::tempdir().unwrap();
    let key = key_file(folder.path(), "zero.key", &[0; 80]);
    let done = audit(&["-f", "json", "-k", &key]);
    assert_eq!(done.status, 1);
    for rule in ["guessable-key", "zero-key-name"] {
        assert!(done.rules().contains(&(rule.to_owned(), "error".to_owned())), "{}", done.stdout);
    }
    assert!(!done.stdout.contains(&"00".repeat(32)), "no secret in a finding");
}

#[test]
fn what_cannot_be_read_exits_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none").to_str().unwrap().to_owned();
    let good = key_file(folder.path(), "good.key", &good_key());
    let short = key_file(folder.path(), "short.key", &[7; 50]);
    for arguments in [vec!["-k", &missing], vec!["-k", &good, "-k", &short], vec!["-k", &good, &missing]] {
        let done = audit(&arguments);
        assert_eq!(done.status, 2, "{arguments:?}");
        assert!(done.stderr.starts_with("tktdump: error: "), "{}", done.stderr);
    }
    // the keys that can be read are judged anyway
    let done = audit(&["-f", "json", "-k", &missing, "-k", &good]);
    assert!(done.status == 2 && done.has("too-few-keys"), "{}", done.stdout);
}

#[cfg(unix)]
#[test]
fn the_directory_entry_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let key = key_file(folder.path(), "ticket.key", &good_key());
    let link = folder.path().join("link.key");
    std::os::unix::fs::symlink(&key, &link).unwrap();
    set_mode(key.as_ref(), 0o644);
    let done = audit(&["-f", "json", "-k", link.to_str().unwrap()]);
    assert!(done.has("key-file-mode") && done.has("key-file-symlink"), "{}", done.stdout);
    let done = audit(&["-f", "json", "-k", &key, "--at", "2100-01-01T00:00:00Z"]);
    assert!(done.has("key-too-old") && !done.has("key-file-symlink"), "{}", done.stdout);
}

#[test]
fn the_key_that_seals_is_the_one_expected() {
    let folder = tempfile::tempdir().unwrap();
    let sealing = key_file(folder.path(), "sealing.key", &good_key());
    let other = fs::read(case("nginx80_tls12").join("ticket.key")).unwrap();
    let other = key_file(folder.path(), "other.key", &other);
    let ticket = case(TICKET).join("session.pem").to_str().unwrap().to_owned();
    let run = |keys: [&String; 2]| audit(&["-f", "json", "--expect-active", "-k", keys[0], "-k", keys[1], &ticket]);
    assert_eq!(run([&sealing, &other]).status, 0);
    let done = run([&other, &sealing]);
    assert!(done.status == 1 && done.has("not-active-key"), "{}", done.stdout);
    assert_eq!(audit(&["--expect-active", "-k", &sealing]).status, 2, "no ticket to judge by");
    assert_eq!(audit(&["--expect-active", &ticket]).status, 2, "no key to expect");
    let empty = key_file(folder.path(), "empty.pem", b"");
    assert_eq!(audit(&["--expect-active", "-k", &sealing, &empty]).status, 1, "nothing was proved");
}

#[test]
fn the_whole_corpus_is_judged_without_a_crash() {
    for entry in fs::read_dir(case("")).unwrap() {
        let folder = entry.unwrap().path();
        // the first has the private key of a certificate, the second a key file that is not called so
        if folder.ends_with("probe") || folder.ends_with("caddy_stek") {
            continue;
        }
        let files: Vec<_> = fs::read_dir(&folder).into_iter().flatten().map(|file| file.unwrap().path()).collect();
        // a plaintext that is no SSL_SESSION has no form that tells it
        let is_asn1 = |file: &&std::path::PathBuf| fs::read(file).is_ok_and(|bytes| bytes.starts_with(&[0x30]));
        let with = |end: &'static str| files.iter().filter(move |file| file.to_string_lossy().ends_with(end));
        let mut arguments = vec!["-f".into(), "json".into(), "--stats".into()];
        arguments.extend(with(".key").flat_map(|key| ["-k".into(), key.clone().into_os_string()]));
        let inputs = with(".pem").chain(with("ticket.bin")).chain(with(".der").filter(is_asn1)).chain(with(".pcap"));
        arguments.extend(inputs.map(|file| file.clone().into_os_string()));
        if arguments.len() == 3 {
            continue;
        }
        let done = audit(&arguments);
        assert!(done.status < 2 && !done.stderr.contains("panicked"), "{}: {}", folder.display(), done.stderr);
        done.findings();
    }
}

#[test]
fn hosts_are_judged_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let host = |name: &str| {
        let path = folder.path().join(name);
        fs::create_dir(&path).unwrap();
        key_file(&path, "1.key", &good_key());
        key_file(&path, "2.key", &fs::read(case("envoy_tls12").join("ticket.key")).unwrap());
        path.to_str().unwrap().to_owned()
    };
    let (one, other) = (host("web1"), host("web2"));
    let as_one = audit(&["-f", "json", "-k", &one, "-k", &other]);
    assert!(as_one.has("shared-key"), "{}", as_one.stdout);
    let hosts = [format!("web1={one}"), format!("web2={other}")];
    let apart = audit(&["-f", "json", "--host", &hosts[0], "--host", &hosts[1]]);
    assert!(!apart.has("shared-key") && apart.status == 0, "{}", apart.stdout);
    // the key that seals is the first of each host, and the other one does not
    let expecting = |key: &str, ticket: &str| {
        let ticket = case(ticket).join("session.pem").to_str().unwrap().to_owned();
        let arguments = ["-f", "json", "--expect-active", "--host", &hosts[0], "--host", key, "--at", "0", &ticket];
        audit(&arguments).has("not-active-key")
    };
    assert!(!expecting(&hosts[1], TICKET));
    assert!(expecting(&hosts[1], "envoy_tls12"));
    for wrong in ["web1", "=x", "web1="] {
        assert_eq!(audit(&["--host", wrong]).status, 2, "{wrong}");
    }
}
