//! Bounds of memory that count bytes, and what is said of what they leave out.
#![allow(clippy::unwrap_used)]

mod common;
mod seal;

use std::fmt::Write as _;
use std::fs;

use common::tktdump;

#[test]
#[ignore = "takes long without optimisation; run by .ci/run"]
fn all_key_files_together_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    fs::create_dir(&keys).unwrap();
    let random = |number: usize| u8::try_from((number * 7919 + number / 251) % 256).unwrap();
    let content: Vec<u8> = (0..48 * 21_000).map(random).collect();
    for number in 0..5 {
        fs::write(keys.join(format!("{number}.key")), &content).unwrap();
    }
    // what is no key file does not count
    for number in 0..8 {
        fs::write(keys.join(format!("{number}.log")), vec![b'x'; (1 << 20) + 1]).unwrap();
    }
    let (few, all) = (keys.join("0.key"), keys.to_str().unwrap());
    let output = tktdump(&["keys", "-f", "json", all], b"");
    assert_eq!(output.status, Some(2));
    assert!(output.errors().contains("4.key: the key files have more than 4 MiB together"), "{}", output.errors());
    fs::remove_file(keys.join("1.key")).unwrap();
    let output = tktdump(&["-k", all, "-k", few.to_str().unwrap()], &[7; 100]);
    assert_eq!(output.status, Some(2), "{}", output.errors());
    assert!(output.errors().contains("more than 4 MiB together"), "{}", output.errors());
}

/// 20,000 keys of 48 bytes are also 12,000 of 80 and 30,000 of Go's 32, in more orders than one: 94,000 readings. The
/// release build takes less; what a test build has more is the program itself.
#[cfg(all(target_os = "linux", feature = "audit"))]
#[test]
fn a_file_that_can_be_cut_in_every_way_takes_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.key");
    let mut random = seal::random::Random::new(94);
    fs::write(&path, random.bytes(480 * 2_000)).unwrap();
    for command in [&["audit", "-q", "-k"][..], &["keys"]] {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_tktdump"))
            .args(command)
            .arg(&path)
            .stdout(fs::File::create("/dev/null").unwrap())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let (end, mut most) = (std::time::Instant::now() + common::PATIENCE, 0);
        while child.try_wait().unwrap().is_none() {
            most = common::peak_memory(child.id()).unwrap_or(0).max(most);
            assert!(std::time::Instant::now() < end, "{command:?} does not end");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert!(most < 115 << 10, "{command:?}: {most} KiB");
    }
}

#[cfg(feature = "keyfind")]
#[test]
#[ignore = "takes long without optimisation; run by .ci/run"]
fn the_tickets_that_a_search_keeps_are_bounded_in_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (image, list) = (folder.path().join("image"), folder.path().join("list"));
    fs::write(&image, [0; 8]).unwrap();
    let mut lines = String::new();
    for number in 0..150_u32 {
        // key name, IV, whole blocks, MAC
        writeln!(lines, "{number:032x}{}", "5a".repeat(48 + 60_000)).unwrap();
    }
    fs::write(&list, lines).unwrap();
    let output = tktdump(&["keyfind", image.to_str().unwrap(), "--ticket", list.to_str().unwrap()], b"");
    assert!(output.errors().contains("11 tickets are left out"), "{}", output.errors());
}
