//! What each feature brings along, and that the library alone stays light.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::process::Command;

/// What only the command needs, what only audits need, what only SARIF needs, and what only the search in images needs.
const COMMAND: [&str; 10] =
    ["anstream", "anyhow", "clap", "clap_mangen", "flate2", "glob", "indicatif", "rustix", "ruzstd", "tempfile"];
const AUDIT: [&str; 2] = ["humantime", "toml"];
const SARIF: [&str; 1] = ["serde-sarif"];
const KEYFIND: [&str; 1] = ["elf"];
/// What only probes need.
const PROBE: [&str; 3] = ["rustls", "ring", "rustls-native-certs"];

/// The names of the crates that a program gets with the library.
fn crates(features: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "-e", "normal", "--prefix", "none", "--format", "{p}"])
        .args(["--no-default-features", "--features", features])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree failed: {errors}");
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn among<'a>(crates: &BTreeSet<String>, names: &[&'a str]) -> Vec<&'a str> {
    names.iter().copied().filter(|name| crates.contains(*name)).collect()
}

#[test]
fn the_library_alone_brings_nothing_of_the_command() {
    let crates = crates("");
    assert!(crates.contains("tktdump") && crates.contains("aes"), "{crates:?}");
    for names in [&COMMAND[..], &AUDIT, &SARIF, &PROBE, &KEYFIND] {
        assert_eq!(among(&crates, names), [""; 0]);
    }
}

// rustix is for Unix only
#[cfg(unix)]
#[test]
fn each_feature_brings_its_own() {
    let found = ["audit", "sarif", "cli", "keyfind"].map(|feature| {
        let crates = crates(feature);
        [&COMMAND[..], &AUDIT, &SARIF, &KEYFIND].map(|names| among(&crates, names))
    });
    assert_eq!(found[0], [&[][..], &AUDIT, &[], &[]], "audit");
    assert_eq!(found[1], [&[][..], &AUDIT, &SARIF, &[]], "sarif");
    assert_eq!(found[2], [&COMMAND[..], &[], &[], &[]], "cli");
    assert_eq!(found[3], [&[][..], &[], &[], &KEYFIND], "keyfind");
}
