//! Pictures of tickets: the page and the lanes of a small fleet, their numbers, and their bounds.
//!
//! `TKTDUMP_PICTURES=write cargo test --test pictures` makes the fleet of `testdata/pictures` and its page anew.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;
mod seal;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::{Output, tktdump};
use seal::fleet::{self, HOSTILE, Plan};

const CAPTURE: &str = "testdata/pictures/capture.pcap";
const PAGE: &str = "testdata/pictures/expected.html";
/// The new key first, as a server has them after a change.
const KEYS: [&str; 4] = ["--key", "testdata/pictures/ticket.key", "--key", "testdata/pictures/ticket.2.key"];
const SMALL: Plan = Plan { servers: 3, connections: 120, seconds: 600 };

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn is_writing() -> bool {
    std::env::var("TKTDUMP_PICTURES").is_ok_and(|value| value == "write")
}

/// What is expected, or, if asked for, written.
fn expect(path: &str, content: &[u8]) {
    if is_writing() {
        fs::create_dir_all(file(path).parent().unwrap()).unwrap();
        fs::write(file(path), content).unwrap();
    }
    assert!(fs::read(file(path)).unwrap() == content, "{path} differs: TKTDUMP_PICTURES=write makes it anew");
}

fn survey(arguments: &[&str], stdin: &[u8]) -> Output {
    let output = tktdump(&[&["survey"][..], arguments].concat(), stdin);
    assert_eq!(output.status, Some(0), "{}", output.errors());
    output
}

fn page(arguments: &[&str], stdin: &[u8]) -> String {
    String::from_utf8(survey(&[&["-f", "html"][..], arguments].concat(), stdin).stdout).unwrap()
}

/// What is between two marks, for each time that the first is there.
fn between<'t>(text: &'t str, start: &str, end: &str) -> Vec<&'t str> {
    text.split(start).skip(1).map(|rest| rest.split(end).next().unwrap()).collect()
}

/// The text of a piece of a page.
fn text(html: &str) -> String {
    let mut inside = false;
    let text: String = html
        .chars()
        .filter(|&character| {
            inside = (inside || character == '<') && character != '>';
            !inside && character != '>'
        })
        .collect();
    text.trim_start_matches("× ").to_owned()
}

#[test]
fn the_fleet_and_its_page_are_as_they_were() {
    let [old, new, _] = fleet::key_files();
    expect(CAPTURE, &fleet::capture(SMALL));
    expect("testdata/pictures/ticket.key", &new);
    expect("testdata/pictures/ticket.2.key", &old);
    let shown = page(&[&KEYS[..], &[CAPTURE]].concat(), b"");
    expect(PAGE, shown.as_bytes());
}

#[test]
fn numbers_are_those_of_the_records() {
    let shown = page(&[&KEYS[..], &[CAPTURE]].concat(), b"");
    let groups = survey(&[&KEYS[..], &["-f", "json", CAPTURE]].concat(), b"").records();
    let records = tktdump(&[&["-q", "-f", "json"], &KEYS[..], &[CAPTURE]].concat(), b"").records();
    let of = |kind: &str| records.iter().filter(|record| record["type"] == kind).collect::<Vec<_>>();
    let (connections, tickets) = (of("connection"), of("ticket"));
    let tile = |label: &str| -> String {
        let tile =
            between(&shown, "<div><dt>", "</dd></div>").into_iter().find(|tile| tile.starts_with(label)).unwrap();
        text(tile.split("</dt>").nth(1).unwrap().split("</dd>").next().unwrap())
    };
    let taken = connections.iter().filter(|it| it["ticket_accepted"] == true).count();
    let refused = connections.iter().filter(|it| it["handshake"] == "full" && it["ticket_offered"] == true).count();
    assert_eq!(tile("connections"), connections.len().to_string());
    assert_eq!(tile("tickets refused"), refused.to_string());
    assert!(shown.contains(&format!("{taken} of {} connections that brought one", taken + refused)));
    // the table of keys, against the survey's own records
    let keys = between(&shown, "<tr id=\"key-", "</tr>");
    assert_eq!(keys.len(), groups.len());
    for (row, group) in keys.iter().zip(&groups) {
        assert!(row.starts_with(group["key_name"].as_str().unwrap()));
        let cells: Vec<String> = between(row, "<td class=\"n", "</td>").iter().map(|cell| text(cell)).collect();
        let number = |key: &str| group[key].to_string();
        assert_eq!(
            cells.iter().map(|cell| cell.rsplit(['"', ' ']).next().unwrap().to_owned()).collect::<Vec<_>>(),
            [number("tickets"), number("issued"), number("accepted"), number("refused")],
            "{row}"
        );
    }
    // why, against the reasons of the connections
    let why = &shown[shown.find("id=\"why\"").unwrap()..shown.find("id=\"keys\"").unwrap()];
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    for row in between(why, "<th scope=\"row\"", "</tr>") {
        let count: u64 = text(between(row, "<td class=\"n\"", "</td>")[0]).parse().unwrap();
        *reasons.entry(between(row, "(<code>", "</code>)")[0].to_owned()).or_default() += count;
    }
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for connection in &connections {
        *expected.entry(connection["reason"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!(reasons, expected);
    // sessions, against the tickets that opened
    let opened = tickets.iter().filter(|ticket| ticket["status"] == "decrypted").count();
    assert!(shown.contains(&format!("What is inside {opened} tickets that opened")), "{opened}");
    // findings, against those of an audit, but for what it says of files on the disk
    let audit = tktdump(&[&["audit", "-f", "json"], &KEYS[..], &[CAPTURE]].concat(), b"").records();
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for finding in audit.iter().filter(|record| record["type"] == "finding") {
        let rule = finding["rule"].as_str().unwrap();
        if !rule.starts_with("key-file") {
            *expected.entry(rule.to_owned()).or_default() += 1;
        }
    }
    let found = &shown[shown.find("id=\"find\"").unwrap()..shown.find("id=\"sess\"").unwrap()];
    let rows = between(found, "<th scope=\"row\"><code>", "</td>");
    let shown_findings: BTreeMap<String, u64> = rows
        .iter()
        .map(|row| {
            let (rule, rest) = row.split_once("</code>").unwrap();
            (rule.to_owned(), rest.rsplit('>').next().unwrap().parse().unwrap())
        })
        .collect();
    assert_eq!(shown_findings, expected);
}

/// What depends on where the records came from and not on them.
fn without_names(page: &str) -> String {
    let start = page.find("<main>").unwrap();
    page[start..].replace(CAPTURE, "-")
}

#[test]
fn stored_records_give_the_same_page() {
    for keys in [&KEYS[..], &[]] {
        let records = tktdump(&[&["-q", "-f", "json", "--redact"], keys, &[CAPTURE]].concat(), b"").stdout;
        let from_records = page(&["--from", "json", "-"], &records);
        let from_capture = page(&[keys, &[CAPTURE]].concat(), b"");
        // the audit is of the capture; records of findings are taken, too
        let cut = |page: &str| {
            let page = without_names(page);
            let section = |id: &str| {
                let start = page.find(&format!("<section id=\"{id}\"")).unwrap_or_else(|| panic!("no {id}: {page}"));
                page[start..].split("</section>").next().unwrap().to_owned()
            };
            ["time", "matrix", "why"].map(section).concat()
        };
        assert_eq!(cut(&from_records), cut(&from_capture));
        let remarks = |page: &str| between(page, "<li class=\"hot\">", "</li>").concat();
        assert_eq!(remarks(&from_records), remarks(&from_capture));
    }
    let findings = tktdump(&[&["audit", "-f", "json"], &KEYS[..], &[CAPTURE]].concat(), b"").stdout;
    let records = tktdump(&[&["-q", "-f", "json"], &KEYS[..], &[CAPTURE]].concat(), b"").stdout;
    let shown = page(&["-"], &[records, findings].concat());
    assert!(shown.contains("<code>unknown-key</code>"));
}

#[test]
fn sentences_name_the_exception() {
    let lanes = String::from_utf8(survey(&["--timeline", "--width", "400", CAPTURE], b"").stdout).unwrap();
    let line = |title: &str| lanes.lines().find(|line| line.starts_with(title)).unwrap_or_else(|| panic!("{lanes}"));
    assert!(line("Rotation.").contains("10.20.1.13:443 did not come along"), "{lanes}");
    assert!(line("A foreign key.").contains("no server here was seen to issue or take one"), "{lanes}");
    assert!(line("Refusals.").contains("refused"), "{lanes}");
}

#[test]
fn lanes_over_days_have_dates_and_every_line_fits() {
    let records: String = (0..40)
        .map(|number| {
            let time = 1_795_420_800 + number * 9000;
            let capture = format!(r#"{{"time":{time}.5,"server":"[2001:db8::{number}]:443","stream":{number},"message":"new_session_ticket"}}"#);
            format!(r#"{{"type":"ticket","source":"a","status":"no_key","ticket":{{"raw":"{}"}},"capture":{capture}}}"#, "5a".repeat(176)) + "\n"
        })
        .collect();
    for (width, alphabet) in [(50, "ascii"), (60, "unicode"), (80, "ascii"), (120, "unicode")] {
        let arguments = ["--timeline", "--width", &width.to_string(), "--alphabet", alphabet, "--from", "json", "-"];
        let lanes = String::from_utf8(survey(&arguments, records.as_bytes()).stdout).unwrap();
        assert!(lanes.lines().all(|line| line.chars().count() <= width), "{lanes}");
        assert!(alphabet != "ascii" || lanes.is_ascii());
        assert!(lanes.lines().next().unwrap().contains("11-23 08:00"), "{lanes}");
    }
}

#[test]
fn nothing_of_a_hostile_name_is_markup() {
    let records = tktdump(&["-q", "-f", "json", CAPTURE], b"").stdout;
    assert!(String::from_utf8(records.clone()).unwrap().contains("<script>"), "the capture has the name");
    // in every place of a record that a page shows
    let escaped = serde_json::to_string(HOSTILE).unwrap();
    let inside = escaped.trim_matches('"');
    let hostile: String = String::from_utf8(records)
        .unwrap()
        .replace("10.20.1.11:443", inside)
        .replace("10.9.0.", inside)
        .replace("testdata/pictures", inside)
        .lines()
        .map(|line| line.replace("\"why\":\"", &format!("\"why\":\"{inside}")) + "\n")
        .collect();
    let finding = serde_json::json!({"type": "finding", "rule": HOSTILE, "severity": HOSTILE, "message": HOSTILE,
        "hint": HOSTILE, "reference": HOSTILE, "subject": {"file": HOSTILE}});
    let shown = page(&["-"], format!("{hostile}{finding}\n").as_bytes());
    assert!(shown.contains("&lt;script&gt;"));
    assert!(!shown.contains("<script"));
    let lanes = survey(&["--timeline", "-"], hostile.as_bytes()).stdout;
    assert!(!lanes.contains(&0x1b));
}

#[test]
fn lists_and_names_have_a_page_too() {
    let shown = page(&["--key", "testdata/nginx48_tls12/ticket.key", "testdata/nginx48_tls12/ticket.hex"], b"");
    assert!(
        shown.contains("<dt>ticket</dt><dd>1</dd>") && shown.contains("id=\"keys\"") && shown.contains("id=\"sess\"")
    );
    assert!(!shown.contains("id=\"time\"") && !shown.contains("id=\"why\""));
    let lanes = survey(&["--timeline", "testdata/nginx48_tls12/ticket.hex"], b"").stdout;
    assert!(String::from_utf8(lanes).unwrap().starts_with("No time is known"));
}

#[test]
#[ignore = "takes long without optimisation; run by .ci/run"]
fn a_page_of_30_000_connections_is_small() {
    let capture = fleet::capture(Plan { servers: 12, connections: 30_000, seconds: 7200 });
    let shown = page(&["-"], &capture);
    assert!(shown.len() < 300_000, "{} bytes", shown.len());
    assert!(shown.contains("<dd>30000</dd>") && shown.contains("10.20.1.22:443 did not come along"));
    if let Some(path) = std::env::var_os("TKTDUMP_PICTURES_LARGE") {
        fs::write(path, shown).unwrap();
    }
}

#[test]
fn what_finds_no_room_is_said() {
    use std::fmt::Write as _;
    let mut records = String::new();
    for number in 0..6000_u32 {
        let server = format!("10.1.{}.{}:443", number / 250, number % 250);
        let raw = format!("{number:08x}{}", "ab".repeat(172));
        let capture =
            format!(r#"{{"time":{number}.5,"server":"{server}","stream":{number},"message":"new_session_ticket"}}"#);
        writeln!(
            records,
            r#"{{"type":"ticket","source":"a","status":"no_key","ticket":{{"raw":"{raw}"}},"capture":{capture}}}"#
        )
        .unwrap();
        writeln!(
            records,
            r#"{{"type":"connection","source":"a","stream":{number},"client":"c","server":"{server}","time":{number}.5,"handshake":"full","ticket_offered":false,"ticket_accepted":false,"ticket_issued":true,"reason":"no_ticket_offered","why":"of {number}"}}"#
        )
        .unwrap();
    }
    let shown = page(&["-"], records.as_bytes());
    assert!(shown.len() < 300_000, "{} bytes", shown.len());
    assert!(shown.contains("connections are counted without their server"), "servers are left out");
    assert!(shown.contains("more servers are not in the first picture"));
    assert!(shown.contains("more rows, left out"));
}

/// A million tickets, as records of a capture: the page is bounded, and so is what makes it.
#[test]
#[ignore = "takes minutes without optimisation; run by .ci/run"]
fn a_million_tickets_have_a_page() {
    let capture = fleet::capture(Plan { servers: 200, connections: 600_000, seconds: 86_400 });
    let shown = page(&["-"], &capture);
    assert!(shown.len() < 300_000, "{} bytes", shown.len());
    assert!(shown.contains("<dd>600000</dd>"));
}
