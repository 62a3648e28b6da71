//! The README's commands that need a server, run as they stand there.

use std::{fs, net::SocketAddr, path::Path, process::Command};

use crate::{
    failure::{Context as _, Failure},
    process::{output, program, succeed},
};

/// The server in the recipe, in whose place ours is put.
const PLACEHOLDER: &str = "www.example.org:443";

/// Runs the recipe against `address`, whose server seals with `key`.
pub(crate) fn take_and_open(address: SocketAddr, key: &Path, folder: &Path) -> Result<(), Failure> {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"))?;
    let recipe = readme
        .split("```sh\n")
        .filter_map(|after| after.split("```").next())
        .find(|block| block.contains(PLACEHOLDER))
        .ok_or_else(|| Failure::new("README.md: no recipe with s_client"))?
        .replace(PLACEHOLDER, &address.to_string());
    let folder = folder.join("recipe");
    fs::create_dir(&folder)?;
    fs::copy(key, folder.join("ticket.key"))?;
    let mut bash = bash(&recipe, &folder)?;
    let shown = String::from_utf8_lossy(&succeed(&mut bash, b"")?.stdout).into_owned();
    if shown.contains("session.pem: line 1  decrypted") {
        Ok(())
    } else {
        Err(Failure::new(format!("the recipe of README.md does not open the ticket:\n{shown}")))
    }
}

/// bash with a line to run, which finds the command under test.
fn bash(line: &str, folder: &Path) -> Result<Command, Failure> {
    let binary = Path::new(env!("CARGO_BIN_EXE_tktdump")).parent();
    let binary = binary.ok_or_else(|| Failure::new("the binary is in no folder"))?;
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
    let mut bash = program("bash")?;
    bash.args(["-e", "-c", line]).current_dir(folder).env("PATH", path);
    Ok(bash)
}

/// The README's probe of a server whose files were changed: `key` is what it still encrypts with.
pub(crate) fn probe_as_shown(address: SocketAddr, key: &Path, folder: &Path) -> Result<(), Failure> {
    let folder = folder.join("probe-recipe");
    fs::create_dir_all(folder.join("tickets"))?;
    fs::copy(key, folder.join("tickets/20-old.key"))?;
    fs::write(folder.join("tickets/10-new.key"), [7_u8; 80].map(|byte| byte ^ 0x5a))?;
    let host = format!("--connect {address} www.example.org");
    let told = |text: &str| text.replace(&format!(" at {}:{}", address.ip(), address.port()), " at 192.0.2.10");
    let told = |text: &str| told(text).replace(&format!(" at {}", address.ip()), " at 192.0.2.10");
    as_shown("tktdump probe", |command| command.replace("www.example.org", &host), told, &folder)
}

/// The README's search for the key in a server's memory.
pub(crate) fn find_as_shown(pid: u32, session: &Path, folder: &Path) -> Result<(), Failure> {
    let folder = folder.join(format!("keyfind-recipe-{pid}"));
    fs::create_dir_all(&folder)?;
    fs::copy(session, folder.join("session.pem"))?;
    let here = |command: &str| command.replace("sudo ", "").replace("$(pgrep -o nginx)", &pid.to_string());
    as_shown("tktdump keyfind", here, str::to_owned, &folder)
}

/// Runs a command of a fence that is marked `console live`, changed by `here` to suit this machine, and compares what it
/// prints with what is shown, changed by `told`.
fn as_shown(
    what: &str,
    here: impl Fn(&str) -> String,
    told: impl Fn(&str) -> String,
    folder: &Path,
) -> Result<(), Failure> {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"))?;
    let fences = readme.split("```console live").skip(1).filter_map(|after| after.split("```").next());
    let (mark, command, shown) = fences
        .filter_map(|fence| {
            let (mark, rest) = fence.split_once("\n$ ")?;
            let (command, shown) = rest.split_once('\n')?;
            Some((mark.trim(), command, shown))
        })
        .find(|(_, command, _)| command.contains(what))
        .ok_or_else(|| Failure::new(format!("README.md: no live example of {what}")))?;
    let done = output(&mut bash(&here(command), folder)?, b"")?;
    let status = mark.strip_prefix("exit-").map_or(Ok(0), str::parse).context("the status in the mark")?;
    let printed = told(&String::from_utf8_lossy(&done.stdout));
    if done.status.code() == Some(status) && lines(&printed) == lines(shown) {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&done.stderr);
    Err(Failure::new(format!("README.md shows of {what}:\n{shown}\nand it is ({}):\n{printed}{errors}", done.status)))
}

/// What is the same at every run: without names of keys, fingerprints and addresses, without numbers of processes and
/// copies, and without what is said of a certificate that is made for a test.
fn lines(text: &str) -> Vec<String> {
    let word = |word: &str| {
        let digits = word.strip_prefix("0x").unwrap_or(word);
        let is_hex = digits.len() >= 10 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        if is_hex {
            "HEX".to_owned()
        } else if word.starts_with("/proc/") {
            "/proc/PID/mem".to_owned()
        } else {
            word.to_owned()
        }
    };
    let lines = text.lines().filter(|line| !line.starts_with("  cert ") && !line.starts_with("  copies "));
    lines.map(|line| line.split_whitespace().map(word).collect::<Vec<_>>().join(" ")).collect()
}
