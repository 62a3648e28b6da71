//! `tktdump keyfind` and `tktdump keys --convert`: images of every form, exit status, files, and no secret in any output.
// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/keyfind").join(name)
}

fn run(args: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tktdump"))
        .env_remove("TKTDUMP_REDACT")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // a command that ends early does not read it
    let _ = child.stdin.take().unwrap().write_all(stdin);
    child.wait_with_output().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn records(output: &Output) -> Vec<Value> {
    let printed = std::str::from_utf8(&output.stdout).unwrap();
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// An image, and the arguments that search in it for the key of its ticket.
fn search(image: &Path, more: &[&str]) -> Output {
    let ticket = case("node22_default_tls13").join("ticket.bin");
    run(&[&["keyfind", text(image), "--ticket", text(&ticket)], more].concat(), b"")
}

fn node() -> Vec<u8> {
    fs::read(case("node22_default_tls13").join("image.bin")).unwrap()
}

/// A core with one segment.
fn core(memory: &[u8], address: u64) -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x04\0\x3e\0\x01\0\0\0".to_vec();
    file.extend([0; 8]);
    file.extend(64_u64.to_le_bytes());
    file.extend([0; 12]);
    for field in [64_u16, 56, 1, 64, 0, 0] {
        file.extend(field.to_le_bytes());
    }
    file.extend([1_u32, 6].map(u32::to_le_bytes).concat());
    let length = memory.len() as u64;
    file.extend([120, address, 0, length, length, 4096].map(u64::to_le_bytes).concat());
    file.extend(memory);
    file
}

/// A frame of Zstandard with nothing compressed in it.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
    let blocks: Vec<_> = bytes.chunks(100_000).collect();
    for (number, block) in (1..).zip(&blocks) {
        let header = u32::try_from(block.len() << 3).unwrap() | u32::from(number == blocks.len());
        frame.extend(&header.to_le_bytes()[..3]);
        frame.extend(*block);
    }
    frame
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn the_key_goes_into_a_new_file_of_its_owner_alone() {
    let folder = TempDir::new().unwrap();
    let key = folder.path().join("ticket.key");
    let done = search(&case("node22_default_tls13").join("image.bin"), &["-o", text(&key), "-f", "json"]);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    let expected = fs::read(case("node22_default_tls13").join("expected.key")).unwrap();
    assert!(fs::read(&key).unwrap() == expected);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let records = records(&done);
    let found = &records[0];
    let string = |name: &str| found[name].as_str().unwrap();
    assert_eq!((string("type"), string("family"), string("proof")), ("found", "openssl", "mac"));
    assert_eq!(
        (string("layout"), string("cipher"), string("mac")),
        ("name16 aes16 hmac16", "AES-128-CBC", "HMAC-SHA256")
    );
    assert_eq!(
        (&found["offsets"], &found["copies"], &found["tickets"]),
        (&Value::from(vec![0x3538]), &1.into(), &1.into())
    );
    assert_eq!(string("written"), text(&key));
    let listed = run(&["keys", "--key-format", "openssl", "-f", "json", text(&key)], b"");
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains(string("fingerprint")) && listed.contains(string("key_name")));
    let summary = &records[1];
    assert_eq!((&summary["type"], &summary["found"], &summary["missing"]), (&"summary".into(), &1.into(), &0.into()));
    assert_eq!(summary["bytes"], 28_672);
    // not again
    let again = search(&case("node22_default_tls13").join("image.bin"), &["-o", text(&key)]);
    assert_eq!(again.status.code(), Some(2));
    assert!(said(&again).contains("not overwritten"), "{}", said(&again));
}

#[test]
fn no_secret_is_in_any_output() {
    for (name, key) in [
        ("node22_default_tls13", "expected.key"),
        ("go127_default_tls13", "expected.key"),
        ("rustls_ring_tls13", "expected.key"),
        ("nginx_after_reload_aes_only", "aes256.key"),
    ] {
        let secret = fs::read(case(name).join(key)).unwrap();
        // behind a name, which is public
        let secret = if secret.len() > 32 { &secret[16..] } else { &secret[..] };
        for format in ["text", "json"] {
            let (image, ticket) = (case(name).join("image.bin"), case(name).join("ticket.bin"));
            let done = run(&["keyfind", "-v", text(&image), "--ticket", text(&ticket), "-f", format], b"");
            let all = [done.stdout, done.stderr].concat();
            assert!(!all.is_empty());
            let hex = hex::encode(secret);
            let base64 = data_encoding::BASE64.encode(secret);
            let has = |needle: &[u8]| all.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle));
            assert!(
                !has(&secret[..6]) && !has(&hex.as_bytes()[..12]) && !has(&base64.as_bytes()[..10]),
                "{name} {format}"
            );
        }
    }
}

#[test]
fn images_of_every_form_give_the_key() {
    let folder = TempDir::new().unwrap();
    let lime = [
        &b"EMiL\x01\0\0\0"[..],
        &0x10_0000_u64.to_le_bytes(),
        &(0x10_0000_u64 + 28_671).to_le_bytes(),
        &[0; 8],
        &node(),
    ]
    .concat();
    for (name, bytes, offset, address) in [
        ("core", core(&node(), 0x4695_a000), 0x3538 + 120, Some(0x4695_d538_u64)),
        ("core.zst", zstd(&core(&node(), 0x4695_a000)), 0x3538 + 120, Some(0x4695_d538)),
        ("core.gz", gzip(&core(&node(), 0x4695_a000)), 0x3538 + 120, Some(0x4695_d538)),
        ("memory.lime", lime, 0x3538 + 32, Some(0x10_3538)),
        ("raw.gz", gzip(&node()), 0x3538, None),
    ] {
        let image = folder.path().join(name);
        fs::write(&image, bytes).unwrap();
        let done = search(&image, &["-f", "json", "-j", "2"]);
        assert_eq!(done.status.code(), Some(0), "{name}: {}", said(&done));
        let found = &records(&done)[0];
        assert_eq!((&found["offsets"], found["address"].as_u64()), (&Value::from(vec![offset]), address), "{name}");
    }
    let ticket = case("node22_default_tls13").join("ticket.bin");
    let done = run(&["keyfind", "-", "--ticket", text(&ticket)], &node());
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    let shown = String::from_utf8(done.stdout).unwrap();
    assert!(shown.contains("layout        name16 aes16 hmac16") && shown.contains("byte 0x3538"), "{shown}");
    assert!(shown.contains("next          tktdump keyfind - --ticket"), "{shown}");
}

#[test]
fn what_cannot_be_read_is_refused_with_its_remedy() {
    let folder = TempDir::new().unwrap();
    let refused = |name: &str, bytes: &[u8], expected: &str| {
        let image = folder.path().join(name);
        fs::write(&image, bytes).unwrap();
        let done = search(&image, &[]);
        assert_eq!(done.status.code(), Some(2), "{name}");
        assert!(said(&done).contains(expected), "{name}: {}", said(&done));
    };
    refused("core.xz", b"\xfd7zXZ\0....", "coredumpctl dump");
    refused("core.lz4", b"\x04\x22\x4d\x18....", "coredumpctl dump");
    refused("memory.avml", b"EMiL\x02\0\0\0....", "avml-convert");
    refused("empty", b"", "empty");
    refused("core", b"\x7fELF\x02\x01\x01", "ELF header");
    refused("torn.gz", &gzip(&node())[..5000], "gzip -t");
    refused("torn.zst", &zstd(&node())[..5000], "zstd -t");
    let missing = search(Path::new("/no/such/image"), &[]);
    assert_eq!(missing.status.code(), Some(2));
    let handle = folder.path().join("handle.bin");
    fs::write(&handle, [7; 32]).unwrap();
    let image = case("node22_default_tls13").join("image.bin");
    let done = run(&["keyfind", text(&image), "--ticket", text(&handle)], b"");
    assert_eq!(done.status.code(), Some(2));
    assert!(said(&done).contains("32-byte session IDs"), "{}", said(&done));
    #[cfg(target_os = "linux")]
    {
        let ticket = case("node22_default_tls13").join("ticket.bin");
        let done = run(&["keyfind", "--pid", "999999999", "--ticket", text(&ticket)], b"");
        assert_eq!(done.status.code(), Some(2));
        assert!(said(&done).contains("there is no process 999999999"), "{}", said(&done));
    }
}

#[test]
fn a_cut_core_is_searched_as_far_as_it_goes() {
    let folder = TempDir::new().unwrap();
    let image = folder.path().join("core");
    fs::write(&image, &core(&node(), 0x4695_a000)[..20_000]).unwrap();
    let done = search(&image, &[]);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert!(said(&done).contains("8792 bytes that its headers name are not there"), "{}", said(&done));
}

#[test]
fn an_aes_key_alone_is_no_proof() {
    let folder = TempDir::new().unwrap();
    let name = "nginx_after_reload_aes_only";
    let (image, ticket) = (case(name).join("image.bin"), case(name).join("ticket.bin"));
    let key = folder.path().join("aes.key");
    let args = ["keyfind", text(&image), "--ticket", text(&ticket), "-o", text(&key), "-f", "json"];
    let done = run(&args, b"");
    assert_eq!(done.status.code(), Some(1));
    assert!(!key.exists());
    assert!(said(&done).contains("nothing proves") && said(&done).contains("before the reload"), "{}", said(&done));
    let found = &records(&done)[0];
    assert_eq!((&found["proof"], &found["offsets"]), (&"aes_only".into(), &Value::from(vec![0x8370])));
    assert!(found.get("written").is_none() && found.get("fingerprint").is_none());
    let done = run(&[&args[..], &["--aes-only"]].concat(), b"");
    assert_eq!(done.status.code(), Some(1));
    assert!(fs::read(&key).unwrap() == fs::read(case(name).join("aes256.key")).unwrap());
}

#[test]
fn a_key_that_is_not_there_is_missing() {
    let name = "none_other_server";
    let (image, ticket) = (case(name).join("image.bin"), case(name).join("ticket.bin"));
    let done = run(&["keyfind", text(&image), "--ticket", text(&ticket), "-f", "json"], b"");
    assert_eq!(done.status.code(), Some(1));
    let records = records(&done);
    assert_eq!((records.len(), &records[0]["missing"]), (1, &Value::from(1)));
    assert!(said(&done).contains("its key is not in the images"), "{}", said(&done));
}

#[test]
fn several_keys_go_into_a_folder() {
    let folder = TempDir::new().unwrap();
    let keys = folder.path().join("keys/");
    let [node, envoy] = ["node22_default_tls13", "envoy_default_tls12"].map(case);
    let (images, tickets) =
        ([node.join("image.bin"), envoy.join("image.bin")], [node.join("ticket.bin"), envoy.join("ticket.bin")]);
    let args =
        ["keyfind", text(&images[0]), text(&images[1]), "--ticket", text(&tickets[0]), "--ticket", text(&tickets[1])];
    let one_file = folder.path().join("one.key");
    let done = run(&[&args[..], &["-o", text(&one_file)]].concat(), b"");
    assert_eq!(done.status.code(), Some(2));
    assert!(said(&done).contains("2 keys were found") && !one_file.exists(), "{}", said(&done));
    let done = run(&[&args[..], &["-o", &format!("{}/", text(&keys)), "-f", "json"]].concat(), b"");
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    for (record, case) in records(&done).iter().zip([&node, &envoy]) {
        let expected = fs::read(case.join("expected.key")).unwrap();
        assert_eq!(record["key_name"].as_str().unwrap(), hex::encode(&expected[..16]));
        assert!(fs::read(record["written"].as_str().unwrap()).unwrap() == expected);
    }
}

#[test]
fn a_found_key_becomes_the_file_of_another_server() {
    let folder = TempDir::new().unwrap();
    let image = case("node22_default_tls13").join("image.bin");
    let key = folder.path().join("tickets.txt");
    let done = search(&image, &["-o", text(&key), "--convert", "haproxy"]);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    let lines = fs::read_to_string(&key).unwrap();
    assert_eq!(lines.lines().count(), 3);
    let ticket = case("node22_default_tls13").join("ticket.bin");
    let opened = run(&["--key", text(&key), "--key-format", "haproxy", text(&ticket)], b"");
    assert_eq!(opened.status.code(), Some(0));
    let done = search(&image, &["-o", text(&folder.path().join("x")), "--convert", "go"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(said(&done).contains("was found and proved, but cannot be written as a file of go"), "{}", said(&done));
    assert_eq!(search(&image, &["--convert", "go"]).status.code(), Some(2), "without -o");
    let piped = search(&image, &["-o", "-"]);
    assert!(piped.stdout == fs::read(case("node22_default_tls13").join("expected.key")).unwrap());
    assert!(said(&piped).contains("fingerprint"), "the report goes elsewhere");
}

#[test]
fn key_files_are_converted() {
    let folder = TempDir::new().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let (key, ticket) = (root.join("nginx48_tls12/ticket.key"), root.join("nginx48_tls12/ticket.bin"));
    let out = folder.path().join("apache.key");
    let convert = |more: &[&str], out: &Path| {
        run(&[&["keys", "--convert", "apache", "-o", text(out), text(&key)], more].concat(), b"")
    };
    let done = convert(&[], &out);
    assert_eq!(done.status.code(), Some(2));
    assert!(said(&done).contains("in several ways") && said(&done).contains("--key-format"), "{}", said(&done));
    let done = convert(&["--key-format", "nginx"], &out);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert_eq!(done.stdout, b"");
    let opened = run(&["--key", text(&out), "--key-format", "apache", text(&ticket)], b"");
    assert_eq!(opened.status.code(), Some(0), "{}", said(&opened));
    let again = convert(&["--key-format", "nginx"], &out);
    assert!(again.status.code() == Some(2) && said(&again).contains("not overwritten"));
    let lines = root.join("haproxy80x5_tls13/ticket.key");
    let nginx = folder.path().join("nginx.key");
    let done = run(&["keys", "--convert", "nginx", "-o", text(&nginx), text(&lines)], b"");
    assert_eq!(done.status.code(), Some(2));
    assert!(said(&done).contains("one key, and there are 3"), "{}", said(&done));
    assert!(run(&["keys", "--convert", "go", text(&lines)], b"").status.code() == Some(2), "without -o");
}
