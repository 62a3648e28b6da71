//! What helps to find the way: completions, the environment, other spellings.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

fn tktdump(arguments: &[&str], key: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tktdump"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("TKTDUMP_KEY");
    if let Some(key) = key {
        command.env("TKTDUMP_KEY", key);
    }
    command.output().unwrap()
}

const KEY: &str = "testdata/nginx48_tls12/ticket.key";
const TICKET: &str = "testdata/nginx48_tls12/ticket.bin";

#[test]
fn the_environment_can_name_the_key_file() {
    let status = |output: Output| {
        let text = String::from_utf8(output.stdout).unwrap();
        text.split("\"status\":\"").nth(1).unwrap_or_default().split('"').next().unwrap().to_owned()
    };
    let job = ["-f", "json", TICKET];
    assert_eq!(status(tktdump(&job, Some(KEY))), "decrypted");
    assert_eq!(status(tktdump(&job, None)), "no_key");
    assert_eq!(status(tktdump(&job, Some(""))), "no_key", "nothing is no path");
    // an option wins
    let other = ["-f", "json", "-k", "testdata/nginx80_tls12/ticket.key", TICKET];
    assert_eq!(status(tktdump(&other, Some(KEY))), "unknown_key");
    let survey = String::from_utf8(tktdump(&["survey", TICKET], Some(KEY)).stdout).unwrap();
    assert!(survey.contains(KEY), "{survey}");
    assert_eq!(tktdump(&["audit", "-f", "json"], Some(KEY)).status.code(), Some(0), "the keys alone are judged");
    assert!(tktdump(&["keys", KEY], Some("none")).status.success(), "keys takes its files as arguments");
}

#[test]
fn a_key_in_place_of_its_path_is_not_repeated() {
    let hex = hex::encode(std::fs::read(KEY).unwrap());
    for output in [tktdump(&[TICKET], Some(&hex)), tktdump(&["-k", &hex, TICKET], None)] {
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("looks like a key itself") && !said.contains(&hex), "{said}");
        assert_eq!(output.status.code(), Some(2));
    }
    let long = format!("{}/{}", "testdata", "no-such-key-file-with-a-name-that-is-long");
    let said = String::from_utf8(tktdump(&["-k", &long, TICKET], None).stderr).unwrap();
    assert!(said.contains(&long), "{said}");
}

#[test]
fn shells_complete_commands_formats_and_rules() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = tktdump(&["completions", shell], None);
        assert!(output.status.success(), "{shell}");
        let script = String::from_utf8(output.stdout).unwrap();
        for word in ["survey", "key-format", "color"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
        // the other two complete no values
        if ["bash", "fish", "zsh"].contains(&shell) {
            for word in ["weak-cipher-suite=off", "early-data=error", "gnutls"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }
}

/// What bash offers for the last word of a line.
#[cfg(target_os = "linux")]
#[test]
fn bash_offers_what_can_follow() {
    let offers = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let script = format!(
            "source <({} completions bash); COMP_WORDS=({line}); COMP_CWORD={}; COMP_LINE='{line}'; \
             _tktdump tktdump '{}' '{}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            env!("CARGO_BIN_EXE_tktdump"),
            words.len() - 1,
            words.last().unwrap(),
            words.iter().rev().nth(1).unwrap(),
        );
        String::from_utf8(Command::new("bash").args(["-c", &script]).output().unwrap().stdout).unwrap()
    };
    assert_eq!(offers("tktdump sur"), "survey\n");
    assert_eq!(offers("tktdump --key-format gnu"), "gnutls\n");
    assert_eq!(
        offers("tktdump audit --rule weak-cip"),
        "weak-cipher-suite=error\nweak-cipher-suite=warning\nweak-cipher-suite=info\nweak-cipher-suite=off\n"
    );
    assert_eq!(offers("tktdump man sur"), "survey\n");
}

#[test]
fn packages_have_a_page_of_every_command() {
    let help = Command::new(env!("CARGO_BIN_EXE_tktdump")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let commands =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| line.starts_with("  "));
    let commands: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    let script = std::fs::read_to_string("scripts/make-pages").unwrap();
    let packed: Vec<&str> =
        script.split("for command in ").nth(1).unwrap().split(';').next().unwrap().split(' ').collect();
    let missing: Vec<_> = commands.iter().filter(|name| **name != "help" && !packed.contains(name)).collect();
    assert!(commands.len() > 5 && missing.is_empty(), "{commands:?} {missing:?}");
}
