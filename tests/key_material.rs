//! Key material in every form that `docs/key-files.md` names, and what is no key.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Output, tktdump};

fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(path)
}

/// An example of the document: its heading, the case whose ticket it opens, and the text.
struct Example {
    heading: String,
    case: String,
    text: String,
}

fn examples() -> Vec<Example> {
    let document = fs::read_to_string("docs/key-files.md").unwrap();
    let (mut found, mut heading) = (Vec::new(), String::new());
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        if let Some(text) = line.strip_prefix("### ") {
            text.clone_into(&mut heading);
        }
        let Some(case) = line.strip_prefix("<!-- opens ").and_then(|rest| rest.strip_suffix(" -->")) else { continue };
        let case = case.split(' ').next().unwrap().to_owned();
        assert!(lines.next().unwrap().starts_with("```"), "{heading}");
        let text =
            lines.by_ref().take_while(|line| *line != "```").fold(String::new(), |text, line| text + line + "\n");
        found.push(Example { heading: heading.clone(), case, text });
    }
    found
}

/// What the key in `file` makes of the ticket of a case.
fn open(file: &Path, case: &str) -> Output {
    tktdump(
        &["-f", "json", "--redact", "--key", file.to_str().unwrap(), data(case).join("ticket.bin").to_str().unwrap()],
        b"",
    )
}

#[test]
fn every_example_opens_its_ticket() {
    let examples = examples();
    assert!(examples.len() > 25, "{} examples", examples.len());
    for Example { heading, case, text } in &examples {
        let folder = tempfile::tempdir().unwrap();
        fs::copy(data(case).join("ticket.key"), folder.path().join("ticket.key")).unwrap();
        let file = folder.path().join("example");
        let utf16: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        for content in [text.clone().into_bytes(), text.replace('\n', "\r\n").into_bytes(), utf16] {
            fs::write(&file, &content).unwrap();
            let run = open(&file, case);
            assert_eq!(run.status, Some(0), "{heading}: {}", run.errors());
            assert_eq!(run.records()[0]["status"], "decrypted", "{heading}");
        }
    }
}

/// Files in a folder of their own, and what `keys` says of one of them.
fn keys(files: &[(&str, &[u8])], args: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let shown = format!("{}/", folder.path().display());
    let args: Vec<String> = args.iter().map(|arg| arg.replace("@/", &shown)).collect();
    let mut run = tktdump(&args, b"");
    run.stderr = run.errors().replace(&shown, "@/").into_bytes();
    run
}

fn key(n: u8, length: u8) -> Vec<u8> {
    (0..length).map(|i| i.wrapping_mul(91) ^ n).collect()
}

#[test]
fn a_missing_file_is_told_with_the_line_that_names_it() {
    let nginx = b"http {\n  server {\n    ssl_session_ticket_key tickets/new.key;\n  }\n}\n";
    let run = keys(&[("nginx.conf", nginx)], &["keys", "@/nginx.conf"]);
    assert_eq!(run.status, Some(2));
    let wanted = "@/nginx.conf: line 3: the key file @/tickets/new.key cannot be read: No such file or directory";
    assert!(run.errors().contains(wanted), "{}", run.errors());
    let included = b"\nssl_session_ticket_key /nowhere/a.key;\n";
    let run =
        keys(&[("nginx.conf", b"http { include sites/*; }"), ("sites/a.conf", included)], &["keys", "@/nginx.conf"]);
    assert!(run.errors().contains("@/sites/a.conf: line 2: the key file /nowhere/a.key"), "{}", run.errors());
}

#[test]
fn a_configuration_without_a_key_says_that_the_server_makes_its_own() {
    for (config, setting) in [
        ("http {\n  server {\n    listen 443 ssl;\n  }\n}\n", "ssl_session_ticket_key FILE"),
        ("frontend web\n  bind :443 ssl crt a.pem\n", "tls-ticket-keys FILE"),
        ("<VirtualHost *:443>\n SSLEngine on\n</VirtualHost>\n", "SSLSessionTicketKeyFile FILE"),
        ("server:\n  tls-service-key: a.key\n", "tls-session-ticket-keys: FILE"),
        ("addTLSLocal('0.0.0.0', 'c', 'k')\n", "ticketKeyFile"),
        ("server.modules = ( \"mod_openssl\" )\nssl.engine = \"enable\"\n", "ssl.stek-file"),
        ("frontend=*,443\nprivate-key-file=a.key\n", "tls-ticket-key-file=FILE"),
        ("records:\n  ssl:\n    server:\n      cert: {path: a}\n", "ticket_key.filename"),
        ("static_resources: {listeners: []}\n", "session_ticket_keys"),
    ] {
        let run = keys(&[("a.conf", config.as_bytes())], &["-k", "@/a.conf", "README.md"]);
        let said = run.errors();
        assert_eq!(run.status, Some(2), "{config}");
        assert!(said.contains("no ticket key is configured: the server makes its own in memory"), "{config}: {said}");
        assert!(said.contains(setting), "{config}: {said}");
    }
}

#[test]
fn a_directory_passes_over_what_is_no_key() {
    let certificate = fs::read(data("nginx48_tls12/session.pem")).unwrap();
    let files: &[(&str, &[u8])] = &[
        ("a.key", &key(1, 80)),
        ("README.md", b"# Ticket keys\n\nRotated daily.\n"),
        ("rotate.lock", b""),
        ("session.pem", &certificate),
        ("site.crt", b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
        ("nginx.conf", b"http { server { ssl_session_ticket_key a.key; } }"),
        ("tickets.tgz", b"\x1f\x8b\x08\0\0\0\0\0"),
        ("z.yaml", b"ticket_key: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v\n"),
    ];
    let run = keys(files, &["keys", "-f", "json", "@/"]);
    let said = run.errors();
    assert_eq!(run.status, Some(0), "{said}");
    for name in ["README.md", "rotate.lock", "session.pem", "site.crt", "nginx.conf"] {
        let warned =
            |line: &str| line.starts_with("tktdump: warning: ") && line.contains(name) && line.contains("passed over");
        assert!(said.lines().any(warned), "{name}: {said}");
    }
    let names: Vec<String> = run
        .records()
        .iter()
        .map(|record| record["file"].as_str().unwrap().rsplit('/').next().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["a.key", "a.key", "z.yaml", "z.yaml"]);
    // a slip in a key is no other kind of file
    let typo = hex::encode(key(1, 80)).replacen('0', "x", 1);
    let run = keys(&[("a.key", &key(1, 80)), ("b.key", typo.as_bytes())], &["keys", "@/"]);
    assert_eq!(run.status, Some(2), "{}", run.errors());
    // nothing left is no key
    let run = keys(&[("README.md", b"# Ticket keys\n\nRotated daily.\n")], &["--key", "@/", "README.md"]);
    assert_eq!(run.status, Some(2), "{}", run.errors());
}

#[test]
fn wrong_files_say_what_they_are() {
    let private = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n";
    let files: &[(&str, &[u8], &str)] = &[
        ("tls.key", private.as_bytes(), "the private key of a certificate"),
        ("session.pem", &fs::read(data("nginx48_tls12/session.pem")).unwrap(), "a TLS session"),
        ("a.pcap", &fs::read(data("nginx48_tls12/capture.pcap")).unwrap(), "a packet capture"),
        ("s.txt", b"CONNECTED(00000003)\n---\nno peer\n---\n", "output of openssl s_client"),
        ("keylog", b"CLIENT_RANDOM 00 00\n", "a key log of TLS secrets"),
        ("a.gz", &[&[0x1f, 0x8b, 8][..], &[7; 100]].concat(), "a file packed with gzip"),
        ("records", b"{\"type\":\"ticket\"}\n", "records of tktdump -f json"),
    ];
    for (name, content, what) in files {
        let path = format!("@/{name}");
        let run = keys(&[(name, content)], &["--key", &path, "README.md"]);
        assert_eq!(run.status, Some(2), "{name}");
        let wanted = format!("@/{name}: {what}, and not a ticket key\ntktdump: hint: ");
        assert!(run.errors().contains(&wanted), "{}", run.errors());
        assert!(run.stdout.is_empty());
    }
}

#[test]
fn values_of_envoy_are_as_envoy_wants_them_or_warned_of() {
    let base64 = data_encoding::BASE64.encode(&key(1, 80));
    let config = |source: &str| format!("session_ticket_keys:\n  keys:\n  - {source}\n").into_bytes();
    for (source, warned) in [
        (format!("inline_bytes: {base64}"), false),
        (format!("inline_string: \"{}\"", "k3y!".repeat(20)), false),
        (format!("inline_string: {base64}"), true),
    ] {
        let run = keys(&[("e.yaml", &config(&source))], &["-k", "@/e.yaml", "README.md"]);
        assert_eq!(run.errors().contains("envoy does not accept it like this"), warned, "{source}: {}", run.errors());
        assert_ne!(run.status, Some(2), "{source}: {}", run.errors());
    }
    let run = keys(&[("e.yaml", &config("environment_variable: TKTDUMP_TEST_NOT_SET"))], &["keys", "@/e.yaml"]);
    assert_eq!(run.status, Some(2));
    assert!(run.errors().contains("line 3: Envoy has the key in its environment variable"), "{}", run.errors());
    let run = keys(&[("e.yaml", &config("inline_bytes: AAAA"))], &["keys", "@/e.yaml"]);
    assert!(run.errors().contains("line 3: session_ticket_keys.inline_bytes"), "{}", run.errors());
}

#[test]
fn roles_are_those_of_the_object() {
    let encode = |bytes: &[u8]| data_encoding::BASE64.encode(bytes);
    let object = |name: &str, n: u8| {
        format!(
            "---\nkind: Secret\nmetadata: {{name: {name}}}\ndata:\n  ticket.0: {}\n  ticket.1: {}\n",
            encode(&key(n, 80)),
            encode(&key(n + 1, 80))
        )
    };
    let run = keys(&[("s.yaml", (object("a", 1) + &object("b", 5)).as_bytes())], &["keys", "-f", "json", "@/s.yaml"]);
    let of_nginx = run.records().into_iter().filter(|record| record["format"].as_str().unwrap().contains("nginx"));
    let roles: Vec<(u64, String)> = of_nginx
        .map(|record| (record["index"].as_u64().unwrap(), record["role"].as_str().unwrap().to_owned()))
        .collect();
    let (active, inactive) = ("active".to_owned(), "inactive".to_owned());
    assert_eq!(roles, [(0, active.clone()), (1, inactive.clone()), (0, active), (1, inactive)]);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_once() {
    let text = fs::read_to_string("docs/key-files.md").unwrap();
    let secret = text.split("```yaml\n").find(|part| part.starts_with("apiVersion: v1\nkind: Secret")).unwrap();
    let secret = secret.split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (path, content) = (pipe.clone(), secret.to_owned());
    let writer = std::thread::spawn(move || fs::write(path, content));
    let run = open(&pipe, "nginx80_tls12");
    writer.join().unwrap().unwrap();
    assert_eq!(run.status, Some(0), "{}", run.errors());
}

#[test]
fn hosts_are_compared_key_by_key() {
    let (one, two, three) = (key(1, 80), key(2, 48), key(3, 80));
    let files: &[(&str, &[u8])] = &[
        ("a/1.key", &one),
        ("a/2.key", &two),
        ("same/x.key", &one),
        ("same/y.key", &two),
        ("turned/1.key", &two),
        ("turned/2.key", &one),
        ("more/1.key", &one),
        ("more/2.key", &two),
        ("more/3.key", &three),
        ("less/2.key", &two),
        ("nginx.conf", b"http { server { ssl_session_ticket_key a/1.key; ssl_session_ticket_key a/2.key; } }"),
    ];
    for (other, status, wanted) in [
        ("same", 0, &["same", "same"][..]),
        ("nginx.conf", 0, &["same", "same"]),
        ("turned", 1, &["other_order", "other_order"]),
        ("more", 1, &["same", "same", "only_b"]),
        ("less", 1, &["only_a", "same"]),
    ] {
        let run = keys(files, &["keys", "-f", "json", "--compare", "@/a", &format!("@/{other}")]);
        assert_eq!(run.status, Some(status), "{other}: {}", run.errors());
        let records = run.records();
        let found: Vec<&str> = records.iter().map(|record| record["compare"].as_str().unwrap()).collect();
        assert_eq!(found, wanted, "{other}");
        assert!(records.iter().all(|record| record["type"] == "key" && record["fingerprint"].is_string()));
        assert_eq!(records[0]["fingerprints"].as_array().unwrap().len(), 2, "{}", records[0]);
        let run = keys(files, &["keys", "--compare", "@/a", &format!("@/{other}")]);
        assert_eq!(run.status, Some(status), "{other}");
    }
    assert_eq!(keys(files, &["keys", "--compare", "@/a"]).status, Some(2));
    assert_eq!(keys(files, &["keys", "--compare", "@/a", "@/none"]).status, Some(2));
    // the same keys on two hosts are as they should be
    let run = keys(files, &["keys", "-f", "json", "@/a", "@/same"]);
    let problems: Vec<String> = run.records().iter().map(|record| record["problems"].to_string()).collect();
    assert!(problems.iter().all(|problems| !problems.contains("identical")), "{problems:?}");
}
