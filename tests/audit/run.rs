//! Runs the command.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a run gave.
pub(crate) struct Done {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    /// The `finding` records of JSON output.
    pub(crate) fn findings(&self) -> Vec<Value> {
        let records = self.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
        records.filter(|record| record["type"] == "finding").collect()
    }

    /// The rules of JSON output, with the severities of their findings.
    pub(crate) fn rules(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.findings().iter().map(|finding| (text(&finding["rule"]), text(&finding["severity"]))).collect()
    }

    pub(crate) fn has(&self, rule: &str) -> bool {
        self.rules().iter().any(|(found, _)| found == rule)
    }
}

/// Runs `tktdump audit`; nothing is to be read from standard input.
pub(crate) fn audit<A: AsRef<std::ffi::OsStr>>(arguments: &[A]) -> Done {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tktdump"));
    command.env_remove("TKTDUMP_REDACT").arg("audit").args(arguments).stdin(Stdio::null());
    let output = command.output().unwrap();
    Done {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A file of a case of the test data.
pub(crate) fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

/// Writes a key file as it should be kept.
pub(crate) fn key_file(folder: &Path, name: &str, content: &[u8]) -> String {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    set_mode(&path, 0o600);
    path.to_str().unwrap().to_owned()
}

#[cfg(unix)]
pub(crate) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
pub(crate) fn set_mode(_: &Path, _: u32) {}
