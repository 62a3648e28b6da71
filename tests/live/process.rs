//! Programs that the tests run: found, started, waited for, and ended on drop.

use std::{
    env, fs,
    io::Write as _,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    ops::Range,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{
    failure::{Context as _, Failure},
    lab::Lab,
};

/// A command for a server that `.ci/run` has put into its cache folder, for those that Debian does not have.
pub(crate) fn cached_program(name: &str) -> Result<Command, Failure> {
    let cache = env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let cache =
        cache.or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"))).unwrap_or_default();
    let file = cache.join("tktdump-ci").join(name);
    if file.is_file() {
        return Ok(Command::new(file));
    }
    Err(Failure::new(format!("{} is not there: .ci/run installs it", file.display())))
}

/// A file of `tests/live/fixtures`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/live/fixtures", name].iter().collect()
}

/// The version that a program tells of itself: the first `1.2…` that follows `marker` in what it prints.
pub(crate) fn version(command: &mut Command, marker: &str) -> Result<String, Failure> {
    let done = output(command, b"")?;
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let number = |text: &str| -> String { text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect() };
    let found = said.match_indices(marker).map(|(at, _)| number(said.get(at + marker.len()..).unwrap_or_default()));
    let mut found = found.filter(|number| number.contains('.') && !number.starts_with('.'));
    found.next().ok_or_else(|| Failure::new(format!("no version in what {command:?} says:\n{said}")))
}

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

/// A loopback address with a port that nobody listens on, and that no outgoing connection is given.
pub(crate) fn free_address() -> Result<SocketAddr, Failure> {
    /// Below the ports that Linux gives to outgoing connections (32768 and up).
    const PORTS: Range<u32> = 16_000..32_000;
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    for _ in PORTS {
        // two runs at a time start at different places
        let next = std::process::id().wrapping_mul(97).wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = PORTS.start + next % (PORTS.end - PORTS.start);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, u16::try_from(port).unwrap_or_default()));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    Err(Failure::new("no port is free"))
}

/// How long to wait for what must come: much longer than it takes, since only a test that fails waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

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
    /// Starts `command`, which is to listen on `address` and to stay in the foreground as a single process.
    pub(crate) fn start(lab: &Lab, command: &mut Command, address: SocketAddr) -> Result<Self, Failure> {
        let what = format!("{command:?}");
        let log = lab.path(&format!("{}.log", address.port()));
        let file = fs::File::create(&log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .context(format_args!("cannot start {what}"))?;
        let mut server = Self { child, address };
        let mut ended = false;
        let accepts = wait_for(PATIENCE, || {
            ended = !matches!(server.child.try_wait(), Ok(None));
            ended || TcpStream::connect(address).is_ok()
        });
        if accepts && !ended {
            return Ok(server);
        }
        let log = fs::read_to_string(&log).unwrap_or_default();
        Err(Failure::new(format!("the server does not listen on {address}: {what}\n{log}")))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, with the processes that it has started, and waits for that a moment.
    pub(crate) fn terminate(mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status();
        wait_for(PATIENCE, || !matches!(self.child.try_wait(), Ok(None)));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
