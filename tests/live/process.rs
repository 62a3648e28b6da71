//! Programs that the tests run: found, started, waited for, and ended on drop.

use std::{
    env, fs,
    io::Write as _,
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::failure::{Context as _, Failure};

/// A command for an installed program. A missing one is an error, never a reason to skip.
pub(crate) fn program(name: &str) -> Result<Command, Failure> {
    let path = env::var_os("PATH").unwrap_or_default();
    // where Debian keeps daemons, whether or not the user's PATH has it
    let folders = env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from));
    let found = folders.map(|folder| folder.join(name)).find(|file| file.is_file());
    found.map(Command::new).ok_or_else(|| Failure::new(format!("`{name}` is not installed: the live tests need it")))
}

/// Runs a command to its end, with `input` on its standard input.
pub(crate) fn output(command: &mut Command, input: &[u8]) -> Result<Output, Failure> {
    let what = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context(format_args!("cannot start {what}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // a program that does not read its input closes the pipe; its exit status tells more
        let _ = stdin.write_all(input);
    }
    child.wait_with_output().context(what)
}

/// As [`output`], but an exit status other than 0 is an error, with what the program said.
pub(crate) fn succeed(command: &mut Command, input: &[u8]) -> Result<Output, Failure> {
    let done = output(command, input)?;
    if done.status.success() {
        return Ok(done);
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let printed = String::from_utf8_lossy(&done.stdout);
    Err(Failure::new(format!("{command:?}: {}\n{said}{printed}", done.status)))
}

/// A loopback address with a port that nobody listens on.
pub(crate) fn free_address() -> Result<SocketAddr, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Polls until `ready` holds; false when the time is over.
pub(crate) fn wait_for(limit: Duration, mut ready: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !ready() {
        if start.elapsed() > limit {
            return false;
        }
        thread::sleep(Duration::from_millis(20));
    }
    true
}

/// A server that accepts connections, for as long as this value lives.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts `command`, which is to listen on `address` and to stay in the foreground; its log goes to `log`.
    pub(crate) fn start(command: &mut Command, address: SocketAddr, log: &Path) -> Result<Self, Failure> {
        let what = format!("{command:?}");
        let file = fs::File::create(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .context(format_args!("cannot start {what}"))?;
        let mut server = Self { child, address };
        let mut ended = false;
        let accepts = wait_for(Duration::from_secs(10), || {
            ended = !matches!(server.child.try_wait(), Ok(None));
            ended || TcpStream::connect(address).is_ok()
        });
        if accepts && !ended {
            return Ok(server);
        }
        let log = fs::read_to_string(log).unwrap_or_default();
        Err(Failure::new(format!("the server does not listen on {address}: {what}\n{log}")))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
