//! Running the command in tests.
// each test target uses a part of it
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long to wait for what must come: much longer than it takes anywhere, since only a test that fails waits so long.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// What a run left.
pub struct Output {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub status: Option<i32>,
}

impl Output {
    /// Standard output as JSON records.
    pub fn records(&self) -> Vec<serde_json::Value> {
        let lines = self.stdout.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).unwrap_or_else(|error| panic!("{error}: {line:?}"))).collect()
    }

    /// Standard error as text.
    pub fn errors(&self) -> String {
        String::from_utf8(self.stderr.clone()).unwrap()
    }
}

/// Starts the command in the root of the project, with pipes to and from it.
pub fn start<S: AsRef<OsStr>>(args: &[S]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_tktdump"))
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("TKTDUMP_REDACT")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Runs the command in the root of the project.
pub fn tktdump<S: AsRef<OsStr>>(args: &[S], stdin: &[u8]) -> Output {
    let mut child = start(args);
    let mut input = child.stdin.take().unwrap();
    let stdin = stdin.to_vec();
    // a command that does not read its input closes it
    let writer = std::thread::spawn(move || drop(input.write_all(&stdin)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Output { stdout: output.stdout, stderr: output.stderr, status: output.status.code() }
}

/// Waits for the end of a process, and not for ever.
pub fn wait(child: &mut Child) -> ExitStatus {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < end, "it does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The most memory that a running process has used, in KiB; `None` where it has ended.
#[cfg(target_os = "linux")]
pub fn peak_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Waits until a process has done all that it can do with what it was given so far: all its threads sleep, or it ended.
#[cfg(target_os = "linux")]
pub fn settle(process: u32) {
    // a thread that another one is about to wake can be seen asleep once
    let mut asleep = 0;
    while asleep < 5 {
        std::thread::sleep(Duration::from_millis(20));
        asleep = if is_asleep(process) { asleep + 1 } else { 0 };
    }
}

#[cfg(target_os = "linux")]
fn is_asleep(process: u32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else { return true };
    threads.flatten().all(|thread| {
        let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        // the state follows the name of the program, which is in parentheses: sleeping, or ended and not waited for
        stat.rsplit_once(") ").is_none_or(|(_, state)| state.starts_with(['S', 'Z', 'X']))
    })
}

/// Holds that ten times the input took no more memory, in KiB, but for what chance and the allocator add.
pub fn assert_level(few: u64, many: u64) {
    assert!(few > 0 && many <= few + few / 4, "{few} KiB, and with ten times the input {many} KiB");
}

/// Gives key files the mode that a checkout has with the usual umask: what is said about them depends on it.
pub fn settle_modes() {
    use std::os::unix::fs::PermissionsExt as _;
    for folder in ["nginx48_tls12", "nginx80_tls12", "haproxy80x5_tls13"] {
        let key = format!("testdata/{folder}/ticket.key");
        std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
}

/// The folders of the corpus that hold a ticket or a session, with their names.
pub fn corpus_cases() -> Vec<(String, PathBuf)> {
    let mut cases: Vec<(String, PathBuf)> = std::fs::read_dir("testdata")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("session.pem").exists())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    cases.sort();
    cases
}

/// The options that name the keys of a case, in the server's order.
pub fn keys(case: &Path) -> Vec<String> {
    let mut keys: Vec<String> = std::fs::read_dir(case)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "key"))
        .map(|path| path.to_str().unwrap().to_owned())
        .collect();
    // ticket.key, ticket.2.key, ticket.3.key: the server's order
    keys.sort_by_key(|key| key.len() > case.to_str().unwrap().len() + "/ticket.key".len());
    if keys.is_empty() {
        // a key that has nothing to do with the case
        keys.push("testdata/nginx80_tls12/ticket.key".to_owned());
    }
    keys.into_iter().flat_map(|key| ["--key".to_owned(), key]).collect()
}

pub fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
