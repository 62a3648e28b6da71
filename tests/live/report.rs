//! The table that a live test prints at its end: a line per case.

use std::fmt::Write as _;

use crate::failure::Failure;

/// What a case is about.
pub(crate) struct Case<'a> {
    pub(crate) server: &'a str,
    pub(crate) version: &'a str,
    pub(crate) key_format: &'a str,
    pub(crate) tls: &'a str,
}

/// The cases of one test, failed ones among them: the first failure does not hide the others.
#[derive(Default)]
pub(crate) struct Report {
    table: String,
    failures: Vec<String>,
}

impl Report {
    pub(crate) fn add(&mut self, case: &Case<'_>, outcome: Result<(), Failure>) {
        let Case { server, version, key_format, tls } = case;
        let result = if outcome.is_ok() { "ok" } else { "FAILED" };
        self.line(server, version, key_format, tls, result);
        if let Err(failure) = outcome {
            self.failures.push(format!("{server} {version}, {key_format}, {tls}: {failure}"));
        }
    }

    /// Prints the table; the error holds every failed case.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        let cases = std::mem::take(&mut self.table);
        self.line("server", "version", "key format", "TLS", "result");
        println!("\n{}{cases}", self.table);
        if cases.is_empty() {
            return Err(Failure::new("no case was run"));
        }
        if self.failures.is_empty() { Ok(()) } else { Err(Failure::new(self.failures.join("\n\n"))) }
    }

    fn line(&mut self, server: &str, version: &str, key_format: &str, tls: &str, result: &str) {
        // writing to a String cannot fail
        let _ = writeln!(self.table, "{server:<10} {version:<10} {key_format:<34} {tls:<8} {result}");
    }
}
