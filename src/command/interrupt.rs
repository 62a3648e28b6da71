//! Ctrl-C: what was printed ends with a whole line.
//!
//! Results are written in blocks of whole lines while standard output is locked. So whoever has the lock knows that no line
//! is half written, and can end the process in good order.

use std::io;
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// How long a line that nobody takes may keep the process from ending.
const PATIENCE: Duration = Duration::from_secs(1);

/// Lets the first signal end the process between two lines, and a second one at once.
pub(super) fn end_with_whole_lines() {
    let heeded: Vec<i32> = [SIGINT, SIGTERM].into_iter().filter(|&signal| !is_ignored(signal)).collect();
    let Ok(mut signals) = Signals::new(&heeded) else { return };
    // without a thread the system ends the process as ever
    let _ = thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let mut is_ending = false;
        for signal in signals.forever() {
            if std::mem::replace(&mut is_ending, true) {
                end(signal);
            }
            spawn_or_end(signal, move || drop(io::stdout().lock()));
            spawn_or_end(signal, || thread::sleep(PATIENCE));
        }
    });
}

/// Ends the process once `wait` is over.
fn spawn_or_end(signal: i32, wait: impl FnOnce() + Send + 'static) {
    let waiting = thread::Builder::new().spawn(move || {
        wait();
        end(signal);
    });
    if waiting.is_err() {
        end(signal);
    }
}

/// Ends the process as the signal does by itself, so that a shell sees what ended it.
fn end(signal: i32) {
    super::redirect::abandon();
    let _ = emulate_default_handler(signal);
}

/// Whether whoever started the process does not want it to heed a signal, as shells do with jobs in the background.
#[cfg(target_os = "linux")]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}

#[cfg(not(target_os = "linux"))]
fn is_ignored(_: i32) -> bool {
    false
}
