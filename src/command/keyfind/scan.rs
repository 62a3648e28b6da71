//! The search, a step at a time: threads read pieces of the images and show them to it.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use tktdump::search::{Cut, Hits, PIECE_LENGTH, Search, Step};
use zeroize::Zeroizing;

use super::Memory;
use crate::command::failure::Failure;
use crate::command::notes::Notes;
use crate::command::progress::Counter;

/// Runs a search to its end.
pub(super) fn run(
    search: &mut Search,
    memories: &[Memory],
    threads: Option<NonZeroUsize>,
    notes: &Notes,
) -> anyhow::Result<()> {
    let threads = threads.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let mut buffers: Vec<Zeroizing<Vec<u8>>> = Vec::new();
    while let Some(step) = search.next_step() {
        let begin = Instant::now();
        let (counter, _watch) = notes.progress().follow(Some(step.length()));
        // few pieces need few threads
        let useful = usize::try_from(step.pieces()).unwrap_or(threads).clamp(1, threads);
        buffers.resize_with(useful.max(buffers.len()), || Zeroizing::new(vec![0; PIECE_LENGTH]));
        let hits = pass(search, &step, memories, buffers.get_mut(..useful).unwrap_or_default(), &counter)?;
        notes.detail(format_args!(
            "{}: {} bytes in {:.3} s",
            step.about(),
            step.length(),
            begin.elapsed().as_secs_f64()
        ));
        search.take(hits);
    }
    Ok(())
}

/// What the threads of a step share.
struct Shared<'s> {
    search: &'s Search,
    step: &'s Step,
    memories: &'s [Memory],
    counter: &'s Counter,
    next: AtomicU64,
    stop: AtomicBool,
    found: Mutex<Hits>,
}

/// Runs one step, a thread for each buffer.
fn pass(
    search: &Search,
    step: &Step,
    memories: &[Memory],
    buffers: &mut [Zeroizing<Vec<u8>>],
    counter: &Counter,
) -> anyhow::Result<Hits> {
    let shared = Shared {
        search,
        step,
        memories,
        counter,
        next: AtomicU64::new(0),
        stop: AtomicBool::new(false),
        found: Mutex::new(step.hits()),
    };
    if let [buffer] = buffers {
        work(&shared, buffer)?;
    } else {
        thread::scope(|scope| {
            let workers: Vec<_> = buffers.iter_mut().map(|buffer| scope.spawn(|| work(&shared, buffer))).collect();
            let lost = || Failure::new("a worker thread ended early").into();
            workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| Err(lost())))
        })?;
    }
    shared.found.into_inner().map_err(|_| Failure::new("a worker thread ended early").into())
}

/// Looks at pieces until there are no more, or all is found.
fn work(shared: &Shared<'_>, buffer: &mut [u8]) -> anyhow::Result<()> {
    while !shared.stop.load(Ordering::Relaxed) {
        let Some(cut) = shared.step.cut(shared.next.fetch_add(1, Ordering::Relaxed)) else { break };
        if let Err(error) = piece(shared, &cut, buffer) {
            shared.stop.store(true, Ordering::Relaxed);
            return Err(error);
        }
    }
    Ok(())
}

fn piece(shared: &Shared<'_>, cut: &Cut, buffer: &mut [u8]) -> anyhow::Result<()> {
    let wanted = usize::try_from(cut.read.end - cut.read.start)?;
    let (Some(memory), Some(buffer)) = (shared.memories.get(cut.image), buffer.get_mut(..wanted)) else {
        return Ok(());
    };
    let count = memory.read(cut.read.start, buffer)?;
    let mut hits = shared.step.hits();
    shared.search.look(shared.step, cut, buffer.get(..count).unwrap_or_default(), &mut hits);
    shared.counter.add(cut.own_length());
    if hits.is_empty() {
        return Ok(());
    }
    let Ok(mut found) = shared.found.lock() else { return Ok(()) };
    found.append(hits);
    if shared.search.is_enough(shared.step, &found) {
        shared.stop.store(true, Ordering::Relaxed);
    }
    Ok(())
}
