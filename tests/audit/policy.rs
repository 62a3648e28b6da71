//! Thresholds, rules that are off, policy files and baselines.

use std::fs;

use crate::run::{audit, key_file, set_mode};

#[test]
fn options_and_files_say_what_fails() {
    let folder = tempfile::tempdir().unwrap();
    let key = key_file(folder.path(), "zero.key", &[0; 80]);
    let policy = folder.path().join("tktdump.toml").to_str().unwrap().to_owned();
    fs::write(&policy, "fail-on = \"info\"\n[rules]\nguessable-key = \"warning\"\nzero-key-name = \"off\"\n").unwrap();
    let off = ["--rule", "guessable-key=off", "--rule", "zero-key-name=off"];
    let run = |more: &[&str]| audit(&[&["-f", "json", "-k", &key], more].concat());
    assert_eq!(run(&[]).status, 1);
    assert_eq!(run(&off).status, 0);
    assert_eq!(run(&[&off[..], &["--fail-on", "info"]].concat()).status, 1);
    let done = run(&["--policy", &policy]);
    assert!(done.status == 1 && done.has("guessable-key") && !done.has("zero-key-name"), "{}", done.stdout);
    assert_eq!(run(&["--policy", &policy, "--fail-on", "error"]).status, 0, "the option wins");
    assert_eq!(run(&["--min-key-bits", "512"]).rules().iter().filter(|(rule, _)| rule == "short-key").count(), 1);
}

#[test]
fn mistakes_in_settings_exit_with_2_and_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let key = key_file(folder.path(), "zero.key", &[0; 80]);
    let policy = folder.path().join("tktdump.toml").to_str().unwrap().to_owned();
    fs::write(&policy, "fail-on = \"warning\"\nfial = 1\n").unwrap();
    for (arguments, said) in [
        (vec!["--rule", "no-such-rule=off"], "there is no rule \"no-such-rule\""),
        (vec!["--rule", "short-key=fatal"], "one of off, info, warning, error"),
        (vec!["--policy", &policy], "tktdump.toml: line 2: unknown field `fial`"),
        (vec!["--rule", "shrt-key=off"], "did you mean short-key?"),
        (vec!["--baseline", &policy], "line 1 is not a finding"),
    ] {
        let done = audit(&[&["-k", key.as_str()], &arguments[..]].concat());
        assert_eq!(done.status, 2, "{arguments:?}");
        assert!(done.stderr.contains(said) && done.stderr.contains("tktdump: hint: "), "{}", done.stderr);
    }
}

#[test]
fn a_baseline_leaves_out_what_is_known_and_nothing_new() {
    let folder = tempfile::tempdir().unwrap();
    let key = key_file(folder.path(), "zero.key", &[0; 80]);
    let baseline = folder.path().join("known.jsonl").to_str().unwrap().to_owned();
    fs::write(&baseline, audit(&["-f", "json", "--stats", "-k", &key]).stdout).unwrap();
    let done = audit(&["-f", "json", "--stats", "-k", &key, "--baseline", &baseline]);
    assert!(done.status == 0 && done.findings().is_empty(), "{}", done.stdout);
    assert!(done.stdout.contains("\"known_findings\":"), "{}", done.stdout);
    // the same key in another place, and with fewer findings known than there are
    let folder = tempfile::tempdir().unwrap();
    let moved = key_file(folder.path(), "other.key", &[0; 80]);
    let done = audit(&["-f", "json", "-k", &moved, "--baseline", &baseline]);
    assert!(done.status == 0 && done.findings().is_empty(), "{}", done.stdout);
    set_mode(moved.as_ref(), 0o644);
    let done = audit(&["-f", "json", "-k", &moved, "--baseline", &baseline]);
    assert_eq!(done.rules(), [("key-file-mode".to_owned(), "warning".to_owned())], "{}", done.stdout);
    fs::write(&key, [0x31; 80]).unwrap();
    let done = audit(&["-f", "json", "-k", &key, "--baseline", &baseline]);
    assert!(done.status == 1 && done.has("guessable-key"), "another key: {}", done.stdout);
}

#[test]
fn every_rule_is_listed_with_what_it_is_worth() {
    let done = audit(&["--list-rules", "--rule", "early-data=off"]);
    assert_eq!(done.status, 0);
    assert!(done.stdout.contains("guessable-key  error  (keys)\n"), "{}", done.stdout);
    assert!(done.stdout.contains("early-data  off  (tickets)\n"));
}
