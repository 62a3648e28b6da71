//! The command, and what it printed.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

use crate::{
    failure::Failure,
    process::output,
    report::{Case, Report},
};

/// A run that ended.
pub(super) struct Run {
    pub(super) status: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Runs `tktdump probe`.
pub(super) fn probe(arguments: &[&dyn AsRef<OsStr>]) -> Result<Run, Failure> {
    tktdump(&[&[&"probe" as &dyn AsRef<OsStr>], arguments].concat())
}

/// Runs `tktdump`.
pub(super) fn tktdump(arguments: &[&dyn AsRef<OsStr>]) -> Result<Run, Failure> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tktdump"));
    command.env_remove("TKTDUMP_REDACT").args(arguments);
    output(&mut command, b"").map(|done| Run::of(&done))
}

impl Run {
    pub(super) fn of(done: &Output) -> Self {
        Self {
            status: done.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&done.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&done.stderr).into_owned(),
        }
    }

    fn explain(&self, what: &str) -> Failure {
        // tickets and connections are many, and what matters comes after them
        let is_short =
            |line: &&str| !line.contains("{\"type\":\"ticket\"") && !line.contains("{\"type\":\"connection\"");
        let printed: Vec<&str> = self.stdout.lines().filter(is_short).collect();
        Failure::new(format!("{what}\nexit status {}\n{}\n{}", self.status, printed.join("\n"), self.stderr))
    }

    /// Fails unless it ended so and said that.
    pub(super) fn expect(self, status: i32, said: &[&str]) -> Result<Self, Failure> {
        if self.status != status {
            return Err(self.explain(&format!("not exit status {status}")));
        }
        match said.iter().find(|text| !self.stdout.contains(**text) && !self.stderr.contains(**text)) {
            Some(text) => Err(self.explain(&format!("{text:?} is not there"))),
            None => Ok(self),
        }
    }

    /// Fails if it said that.
    pub(super) fn never(self, said: &[&str]) -> Result<Self, Failure> {
        match said.iter().find(|text| self.stdout.contains(**text) || self.stderr.contains(**text)) {
            Some(text) => Err(self.explain(&format!("{text:?} is there"))),
            None => Ok(self),
        }
    }

    /// Its records.
    pub(super) fn records(&self) -> Result<Vec<Value>, Failure> {
        self.stdout.lines().map(|line| serde_json::from_str(line).map_err(|_| self.explain("not JSON"))).collect()
    }

    /// The records of one type.
    pub(super) fn of_type(&self, kind: &str) -> Result<Vec<Value>, Failure> {
        let mut records = self.records()?;
        records.retain(|record| record["type"] == kind);
        Ok(records)
    }

    /// The rules of its findings, without repetition.
    pub(super) fn rules(&self) -> Result<Vec<String>, Failure> {
        let mut rules: Vec<String> =
            self.of_type("finding")?.iter().filter_map(|finding| finding["rule"].as_str().map(str::to_owned)).collect();
        rules.sort_unstable();
        rules.dedup();
        Ok(rules)
    }

    /// Fails unless these rules, and no other error, are among the findings.
    pub(super) fn expect_rules(self, rules: &[&str]) -> Result<Self, Failure> {
        let found = self.rules()?;
        if let Some(missing) = rules.iter().find(|rule| !found.iter().any(|found| found == *rule)) {
            return Err(self.explain(&format!("no finding of {missing}")));
        }
        let other = self
            .of_type("finding")?
            .into_iter()
            .find(|finding| finding["severity"] == "error" && !rules.iter().any(|rule| finding["rule"] == **rule));
        match other {
            Some(finding) => Err(self.explain(&format!("also {finding}"))),
            None => Ok(self),
        }
    }
}

/// Fails unless both are equal.
pub(super) fn equal(what: &str, found: &Value, wanted: impl Into<Value>) -> Result<(), Failure> {
    let wanted = wanted.into();
    if *found == wanted { Ok(()) } else { Err(Failure::new(format!("{what}: {found}, not {wanted}"))) }
}

/// Every secret of the connections in a capture that `--write` made: those of its key log, and those sealed in tickets.
pub(super) fn secrets(capture: &Path, keys: &[PathBuf]) -> Result<Vec<String>, Failure> {
    let bytes = std::fs::read(capture)?;
    let text = String::from_utf8_lossy(&bytes);
    let is_hex = |word: &&str| word.len() >= 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut secrets = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        if let [.., random, secret] = words.as_slice() {
            let secret = secret.get(..96).filter(is_hex).or_else(|| secret.get(..64)).unwrap_or_default();
            if is_hex(random) && random.len() == 64 && secret.len() >= 64 {
                secrets.push(secret.to_owned());
            }
        }
    }
    if secrets.is_empty() {
        return Err(Failure::new("no secret in what --write saved"));
    }
    let mut arguments: Vec<&dyn AsRef<OsStr>> = vec![&"-f", &"json"];
    for key in keys {
        arguments.extend([&"--key" as &dyn AsRef<OsStr>, key]);
    }
    arguments.push(&capture);
    for record in tktdump(&arguments)?.of_type("ticket")? {
        for member in ["master_key", "resumption_psk"] {
            secrets.extend(record["session"][member].as_str().map(str::to_owned));
        }
    }
    Ok(secrets)
}

/// Adds cases to the table.
pub(super) struct Cases<'r> {
    pub(super) report: &'r mut Report,
    pub(super) server: &'r str,
    pub(super) version: &'r str,
}

impl Cases<'_> {
    pub(super) fn add(&mut self, what: &str, outcome: Result<(), Failure>) {
        let case = Case { server: self.server, version: self.version, key_format: what, tls: "probe" };
        self.report.add(&case, outcome);
    }
}
