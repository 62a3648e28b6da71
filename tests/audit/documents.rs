//! `docs/rules.md` says what the code says. To write it anew: `TKTDUMP_WRITE_DOCS=1 cargo test --test audit documents`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use tktdump::audit::rules::RULES;

const BEGIN: &str = "<!-- The rest is made from the rules in src/audit/rules by tests/audit/documents.rs. -->\n";

#[test]
fn the_list_of_rules_is_that_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    let text = fs::read_to_string(&path).unwrap();
    let (head, written) = text.split_once(BEGIN).expect("the mark after which the list begins");
    let list = list();
    if std::env::var_os("TKTDUMP_WRITE_DOCS").is_some() {
        fs::write(&path, format!("{head}{BEGIN}{list}")).unwrap();
        return;
    }
    assert!(written == list, "docs/rules.md is not up to date: TKTDUMP_WRITE_DOCS=1 writes it anew");
}

fn list() -> String {
    let mut text = String::new();
    let mut subject = "";
    for rule in RULES {
        if subject != rule.check.subject() {
            subject = rule.check.subject();
            writeln!(text, "\n## About {subject}\n").unwrap();
            writeln!(text, "| rule | default | finds | what to do | reference |\n|---|---|---|---|---|").unwrap();
        }
        let tidy = |text: &str| text.replace('|', "\\|");
        let (about, hint, reference) = (tidy(rule.about), tidy(rule.hint), tidy(rule.reference));
        writeln!(text, "| `{}` | {} | {about} | {hint} | {reference} |", rule.id, rule.severity).unwrap();
    }
    text
}
