//! Whether results can be written at all.

use super::failure::Failure;

/// An error if standard output was closed.
pub(super) fn check() -> anyhow::Result<()> {
    if is_closed() {
        let failure = Failure::new("standard output is closed");
        return Err(failure.with_hint("redirect it to /dev/null if nothing is to be printed").into());
    }
    Ok(())
}

/// Before the program begins, Rust puts /dev/null in the place of a closed standard output, opened for reading and
/// writing. Other programs than shells give their children /dev/null in that way on purpose; a shell opens it for writing
/// only, so that behind a shell it was closed.
#[cfg(target_os = "linux")]
fn is_closed() -> bool {
    use std::os::linux::fs::MetadataExt as _;

    use rustix::fs::{OFlags, fcntl_getfl};

    const SHELLS: [&str; 8] = ["ash", "bash", "busybox", "dash", "fish", "ksh", "sh", "zsh"];
    let is_null = || {
        let (output, null) = (std::fs::metadata("/proc/self/fd/1").ok()?, std::fs::metadata("/dev/null").ok()?);
        Some(output.st_rdev() != 0 && output.st_rdev() == null.st_rdev())
    };
    let of_shell = |process: &str| {
        let program = std::fs::read_link(format!("/proc/{process}/exe")).ok()?;
        let name = program.file_name()?.to_str()?;
        Some(SHELLS.iter().any(|shell| name.starts_with(shell)))
    };
    // a shell whose own output is like that hands it on
    let is_handed_on = |process: &str| {
        let output = std::fs::read_link(format!("/proc/{process}/fd/1")).ok();
        output.is_none_or(|output| output == std::path::Path::new("/dev/null"))
    };
    let is_both = fcntl_getfl(std::io::stdout()).is_ok_and(|flags| flags.contains(OFlags::RDWR));
    let parent = std::os::unix::process::parent_id().to_string();
    is_both && is_null() == Some(true) && of_shell(&parent) == Some(true) && !is_handed_on(&parent)
}

#[cfg(not(target_os = "linux"))]
fn is_closed() -> bool {
    false
}
