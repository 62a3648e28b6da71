//! The table that the live tests print at their end: a line per ticket that was to be opened.

use std::{
    fmt::Write as _,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use crate::{failure::Failure, lab::Lab};

/// What a line of the table is about.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) server: &'a str,
    pub(crate) version: &'a str,
    pub(crate) key_format: &'a str,
    pub(crate) tls: &'a str,
}

/// The cases of one test, failed ones among them: the first failure does not hide the others.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<[String; 5]>,
    failures: Vec<String>,
}

impl Report {
    pub(crate) fn add(&mut self, case: &Case<'_>, outcome: Result<(), Failure>) {
        let Case { server, version, key_format, tls } = *case;
        let result = if outcome.is_ok() { "ok" } else { "FAILED" };
        self.rows.push([server, version, key_format, tls, result].map(str::to_owned));
        if let Err(failure) = outcome {
            self.failures.push(format!("{server} {version}, {key_format}, {tls}: {failure}"));
        }
    }
}

/// What the tests that have ended have found.
struct Table {
    ended: usize,
    rows: Vec<[String; 5]>,
}

static TABLE: Mutex<Table> = Mutex::new(Table { ended: 0, rows: Vec::new() });

/// Runs the cases of one server; the last of `tests` tests to end prints the table of all.
pub(crate) fn run(
    name: &str,
    tests: usize,
    cases: impl FnOnce(&Lab, &mut Report) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let start = Instant::now();
    let mut report = Report::default();
    let mut outcome = Lab::new().and_then(|lab| cases(&lab, &mut report));
    if outcome.is_ok() && report.rows.is_empty() {
        outcome = Err(Failure::new("no case was run"));
    }
    if let Err(failure) = outcome {
        report.add(&Case { server: name, version: "-", key_format: "-", tls: "-" }, Err(failure));
    }

    let Report { rows, failures } = report;
    println!("{name}: {} of {} as expected, in {:.1?}", rows.len() - failures.len(), rows.len(), start.elapsed());
    let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
    table.rows.extend(rows);
    table.ended += 1;
    if table.ended == tests {
        table.rows.sort_by_key(|[server, ..]| server.to_lowercase());
        println!("\n{}", text(&table.rows));
    }
    if failures.is_empty() { Ok(()) } else { Err(Failure::new(failures.join("\n\n"))) }
}

fn text(rows: &[[String; 5]]) -> String {
    let heads = ["server", "version", "key format", "TLS", "result"].map(str::to_owned);
    let lines: Vec<&[String; 5]> = std::iter::once(&heads).chain(rows).collect();
    let mut widths = [0; 5];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(*line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for line in lines {
        for (cell, width) in line.iter().zip(widths) {
            // writing to a String cannot fail
            let _ = write!(text, "{cell:<width$}  ");
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}
