//! How far the reading of an input has come, for those who wait for it at a terminal.

use std::fs::{File, Metadata};
use std::io::{self, IsTerminal, Read};
#[cfg(not(windows))]
use std::os::fd::AsFd as AsHandle;
#[cfg(windows)]
use std::os::windows::io::AsHandle;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Inputs that are read in less time show nothing.
const DELAY: Duration = Duration::from_secs(2);
/// Between two looks at how far it has come.
const STEP: Duration = Duration::from_millis(100);
/// With the length of an input known, and without.
const BAR: &str = "{bar:30} {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left";
const SPINNER: &str = "{spinner} {binary_bytes}, {binary_bytes_per_sec}";

/// What can be watched: files and standard input.
pub(super) trait Input: Read + IsTerminal + AsHandle {}

impl<R: Read + IsTerminal + AsHandle> Input for R {}

/// The place of a progress bar, the last line of the terminal on standard error; `None` if there is to be none.
#[derive(Clone)]
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    /// None for those who want it quiet, none in a file, and none if somebody else may write to the terminal: results, or
    /// a pager that takes them. `asked` vouches for a program behind a pipe that it does not.
    pub(super) fn new(quiet: bool, asked: bool) -> Self {
        let stdout = io::stdout();
        let free = !stdout.is_terminal() && (asked || shows_nothing(&stdout));
        let wanted = !quiet && io::stderr().is_terminal() && free;
        Self(wanted.then(ProgressBar::hidden))
    }

    /// Calls what writes to standard error, with the bar out of its way.
    pub(super) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Shows how far something has come that counts for itself, until the watch is dropped; `length` is how far it is to
    /// come.
    pub(super) fn follow(&self, length: Option<u64>) -> (Counter, Option<Watch>) {
        let counted = Arc::new(AtomicU64::new(0));
        let watch = self.0.clone().and_then(|bar| Watch::begin(bar, length, Arc::clone(&counted)));
        (Counter(counted), watch)
    }

    /// Shows how much of an input has been read, until the watch is dropped.
    pub(super) fn watch<R: Input>(&self, input: R) -> (Counted<R>, Option<Watch>) {
        // who types the input knows how far it has come
        let Some(bar) = self.0.clone().filter(|_| !input.is_terminal()) else {
            return (Counted { input, read: None }, None);
        };
        let read = Arc::new(AtomicU64::new(0));
        let watch = Watch::begin(bar, length(&input), Arc::clone(&read));
        (Counted { input, read: Some(read) }, watch)
    }
}

/// How far something has come.
pub(super) struct Counter(Arc<AtomicU64>);

impl Counter {
    /// Adds bytes that have been looked at.
    pub(super) fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Bytes of a regular file.
fn length(input: &impl AsHandle) -> Option<u64> {
    let metadata = metadata(input)?;
    // files that the kernel makes up have no length
    Some(metadata.len()).filter(|&length| metadata.is_file() && length > 0)
}

/// Whether what is written goes to a file, or to a device that is no terminal, such as /dev/null.
fn shows_nothing(output: &impl AsHandle) -> bool {
    metadata(output).is_some_and(|metadata| metadata.is_file() || is_device(&metadata))
}

#[cfg(unix)]
fn is_device(metadata: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    metadata.file_type().is_char_device()
}

#[cfg(not(unix))]
fn is_device(_: &Metadata) -> bool {
    false
}

fn metadata(stream: &impl AsHandle) -> Option<Metadata> {
    #[cfg(not(windows))]
    let handle = stream.as_fd();
    #[cfg(windows)]
    let handle = stream.as_handle();
    File::from(handle.try_clone_to_owned().ok()?).metadata().ok()
}

/// An input whose bytes are counted as they are read.
pub(super) struct Counted<R> {
    input: R,
    read: Option<Arc<AtomicU64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.input.read(buffer)?;
        if let Some(read) = &self.read {
            read.fetch_add(length as u64, Ordering::Relaxed);
        }
        Ok(length)
    }
}

/// The reading of one input; its bar goes with it.
pub(super) struct Watch {
    /// Hung up at the end.
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// A thread of its own draws, as the one that reads may wait for a pipe; none is not a reason to stop.
    fn begin(bar: ProgressBar, length: Option<u64>, read: Arc<AtomicU64>) -> Option<Self> {
        let (end, ended) = channel();
        let draw = move || {
            bar.reset();
            match length {
                Some(length) => bar.set_length(length),
                None => bar.unset_length(),
            }
            let template = if length.is_some() { BAR } else { SPINNER };
            bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner()));
            draw(&bar, &read, &ended);
        };
        let thread = thread::Builder::new().name("progress".to_owned()).spawn(draw).ok()?;
        Some(Self { end: Some(end), thread: Some(thread) })
    }
}

fn draw(bar: &ProgressBar, read: &AtomicU64, ended: &Receiver<()>) {
    let begin = Instant::now();
    while ended.recv_timeout(STEP) == Err(RecvTimeoutError::Timeout) {
        if bar.is_hidden() && begin.elapsed() >= DELAY {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        // also while it is hidden, so that the speed is right as soon as it is seen
        bar.set_position(read.load(Ordering::Relaxed));
    }
    bar.finish_and_clear();
    bar.set_draw_target(ProgressDrawTarget::hidden());
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
