//! A capture of what goes over loopback, made by tshark.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use crate::{
    failure::{Context as _, Failure},
    process::{PATIENCE, program, succeed, wait_for},
};

/// A tshark that captures.
pub(crate) struct Sniffer {
    tshark: Child,
    capture: PathBuf,
}

impl Sniffer {
    /// Captures what comes from and goes to a port, into a file.
    pub(crate) fn start(capture: &Path, port: u16) -> Result<Self, Failure> {
        let tshark = program("tshark")?
            .args(["-q", "-i", "lo", "-f", &format!("tcp port {port}"), "-w"])
            .arg(capture)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start tshark")?;
        let mut sniffer = Self { tshark, capture: capture.to_owned() };
        if wait_for(PATIENCE, || fs::metadata(capture).is_ok_and(|file| file.len() > 0)) {
            return Ok(sniffer);
        }
        sniffer.tshark.kill()?;
        Err(Failure::new("tshark does not capture on loopback"))
    }

    /// Ends the capture when no more packets come; at once after a failure.
    pub(crate) fn stop(mut self, outcome: Result<(), Failure>) -> Result<(), Failure> {
        let mut length = 0;
        wait_for(PATIENCE, || {
            let before = std::mem::replace(&mut length, fs::metadata(&self.capture).map_or(0, |file| file.len()));
            thread::sleep(Duration::from_secs(1));
            outcome.is_err() || before == length
        });
        succeed(program("kill")?.args(["-INT", &self.tshark.id().to_string()]), b"")?;
        self.tshark.wait()?;
        outcome
    }
}
