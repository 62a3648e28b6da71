//! The four outputs.

use std::fs;

use serde_json::Value;

use crate::run::{Done, audit, case, key_file};

/// A run with findings of every severity, about a key with a name that is hostile to every format.
fn run(format: &str, more: &[&str]) -> Done {
    let folder = tempfile::tempdir().unwrap();
    let key = key_file(folder.path(), "a, b: 100%\n\u{1b}[31m.key", &[0; 80]);
    let ticket = case("nginx80_tls12_no_ems").join("session.pem").to_str().unwrap().to_owned();
    audit(&[&["-f", format, "--at", "2026-11-23T09:00:00Z", "-k", &key, &ticket], more].concat())
}

#[test]
fn sarif_is_valid_by_the_official_schema() {
    let schema = fs::read_to_string(case("sarif").join("sarif-schema-2.1.0.json")).unwrap();
    // a bracket too many in two patterns, which regular expressions of JavaScript let pass
    let schema = schema.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}\\\\]?$");
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    for done in
        [run("sarif", &[]), run("sarif", &["--rule", "guessable-key=off"]), audit(&["-f", "sarif", "/dev/null"])]
    {
        let document: Value = serde_json::from_str(&done.stdout).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&document).map(|error| format!("{error} at {}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
    let document: Value = serde_json::from_str(&run("sarif", &[]).stdout).unwrap();
    let results = document["runs"][0]["results"].as_array().unwrap();
    assert!(results.iter().any(|result| result["ruleId"] == "guessable-key" && result["level"] == "error"));
    // the schema can refuse
    let mut broken = document.clone();
    broken["runs"][0]["results"][0]["level"] = "dreadful".into();
    assert!(!validator.is_valid(&broken));
}

#[test]
fn annotations_are_one_line_each() {
    let done = run("github", &[]);
    assert!(done.stdout.lines().count() > 3);
    for line in done.stdout.lines() {
        let command = ["::error file=", "::warning file=", "::notice file="].into_iter().find(|c| line.starts_with(c));
        assert!(command.is_some() && !line.contains('\u{1b}'), "{line}");
    }
    assert!(done.stdout.contains("a%2C b%3A 100%25"), "{}", done.stdout);
}

#[test]
fn json_has_the_keys_that_scripts_rely_on() {
    let done = run("json", &["--stats"]);
    for finding in done.findings() {
        for key in ["rule", "severity", "message", "hint", "reference"] {
            assert!(finding[key].is_string(), "{finding}");
        }
        assert!(finding["subject"]["file"].is_string(), "{finding}");
    }
    let summary: Value = serde_json::from_str(done.stdout.lines().last().unwrap()).unwrap();
    assert_eq!((&summary["type"], &summary["tickets"]), (&"summary".into(), &1.into()));
    let errors = done.rules().iter().filter(|(_, severity)| severity == "error").count();
    assert_eq!(summary["findings"]["error"], errors);
    assert!(!run("json", &[]).stdout.contains("\"summary\""), "only with --stats");
}

#[test]
fn text_is_grouped_and_counted() {
    let done = run("text", &[]);
    assert!(!done.stdout.contains('\u{1b}'));
    let headings = done.stdout.lines().filter(|line| line.contains("key 0, key name 0000")).count();
    assert_eq!(headings, 1, "{}", done.stdout);
    let last = done.stdout.lines().last().unwrap();
    assert!(last.contains(" findings: ") && last.contains(" error, "), "{last}");
}

#[test]
fn no_secret_is_in_any_output() {
    let key = case("nginx80_tls12_no_ems").join("ticket.key");
    let secrets = fs::read(&key).unwrap();
    let ticket = case("nginx80_tls12_no_ems").join("session.pem");
    for format in ["text", "json", "sarif", "github"] {
        let done = audit(&["-f".as_ref(), format.as_ref(), "-k".as_ref(), key.as_os_str(), ticket.as_os_str()]);
        for part in secrets[16..].chunks(8) {
            assert!(!done.stdout.contains(&hex::encode(part)), "{format}");
        }
    }
}
