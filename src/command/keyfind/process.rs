//! The memory of running processes, by `/proc` of Linux. A process is neither stopped nor attached to; only pages that
//! are in memory are read, so that none is brought back from swap.

#[cfg(target_os = "linux")]
pub(super) use self::linux::open;

use super::Memory;
use crate::command::notes::Notes;

/// Opens processes.
#[cfg(not(target_os = "linux"))]
pub(super) fn open(pids: &[u32], _: bool, _: &Notes) -> anyhow::Result<Vec<Memory>> {
    if pids.is_empty() {
        return Ok(Vec::new());
    }
    let failure = crate::command::failure::Failure::new("--pid reads processes on Linux only");
    Err(failure.with_hint("take a memory image of the process, and give it as a file").into())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::{BTreeSet, HashMap};
    use std::fs::{self, File};
    use std::io;
    use std::os::unix::fs::FileExt as _;

    use tktdump::search::{Image, Run};

    use super::{Memory, Notes};
    use crate::command::failure::Failure;

    /// Bytes of a page and of its entry in the page map.
    const PAGE: u64 = 4096;
    const ENTRY: usize = 8;
    /// Entries that are read at a time.
    const ENTRIES: usize = 1 << 14;
    /// The bit of an entry that says that the page is in memory (`Documentation/admin-guide/mm/pagemap.rst`).
    const PRESENT: u64 = 1 << 63;
    /// Bytes of a mapping above which it is a reservation rather than memory.
    const RESERVATION: u64 = 1 << 38;

    /// Opens processes and their children, each once.
    pub(in super::super) fn open(pids: &[u32], thorough: bool, notes: &Notes) -> anyhow::Result<Vec<Memory>> {
        let mut memories = Vec::new();
        if pids.is_empty() {
            return Ok(memories);
        }
        let children = children();
        let mut done = BTreeSet::new();
        for &pid in pids {
            memories
                .extend(read(pid, thorough, notes).map_err(|error| failure(pid, &error))?.filter(|_| done.insert(pid)));
        }
        let mut waiting = pids.to_vec();
        while let Some(pid) = waiting.pop() {
            for &child in children.get(&pid).into_iter().flatten() {
                if !done.insert(child) {
                    continue;
                }
                waiting.push(child);
                match read(child, thorough, notes) {
                    Ok(memory) => memories.extend(memory),
                    // it has ended meanwhile
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => {
                        notes.warning(format_args!("process {child}, a child of {pid}: {error}; it is left out"));
                    }
                }
            }
        }
        if memories.is_empty() {
            return Err(Failure::new("the processes have no memory of their own")
                .with_hint("kernel threads and processes that have ended have none")
                .into());
        }
        Ok(memories)
    }

    fn failure(pid: u32, error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::NotFound => Failure::new(format_args!("there is no process {pid}"))
                .with_hint("pgrep -f NAME, or pidof NAME, tells the number of a process"),
            io::ErrorKind::PermissionDenied => {
                Failure::new(format_args!("process {pid}: no permission to read its memory"))
                    .with_hint("run it as root, with sudo, or give it CAP_SYS_PTRACE")
            }
            _ => Failure::new(format_args!("process {pid}: {error}")),
        }
    }

    /// The children of every process.
    fn children() -> HashMap<u32, Vec<u32>> {
        let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        for pid in entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            if let Some(parent) = parent(&stat) {
                children.entry(parent).or_default().push(pid);
            }
        }
        children
    }

    /// The parent: the second field behind the name, which may have brackets of its own (`proc_pid_stat(5)`).
    fn parent(stat: &str) -> Option<u32> {
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    }

    /// The memory of a process; `None` if it has none.
    fn read(pid: u32, thorough: bool, notes: &Notes) -> io::Result<Option<Memory>> {
        let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
        let path = format!("/proc/{pid}/mem");
        let memory = File::open(&path)?;
        let pages = File::open(format!("/proc/{pid}/pagemap"))?;
        let mut runs = Vec::new();
        let mut room = vec![0; ENTRIES * ENTRY];
        for (start, end) in maps.lines().filter_map(|line| mapping(line, thorough)) {
            if end - start > RESERVATION {
                notes.warning(format_args!(
                    "process {pid}: {} GiB at {start:#x} are taken for a reservation and left out",
                    (end - start) >> 30
                ));
                continue;
            }
            resident(&pages, start, end, &mut room, &mut runs)?;
        }
        let image = Image::new(runs);
        Ok((image.length() > 0).then(|| Memory::process(&path, memory, image)))
    }

    /// First and last address of a mapping that may hold a key (`proc_pid_maps(5)`). What a program file holds and the
    /// process does not write to is on disk and no secret of its own.
    fn mapping(line: &str, thorough: bool) -> Option<(u64, u64)> {
        let mut fields = line.split_whitespace();
        let (start, end) = fields.next()?.split_once('-')?;
        let rights = fields.next()?;
        let inode = fields.nth(2)?;
        let name = fields.next().unwrap_or_default();
        let is_memory = rights.starts_with("rw") || inode == "0" || thorough;
        let is_kernels = matches!(name, "[vvar]" | "[vvar_vclock]" | "[vdso]" | "[vsyscall]");
        if !rights.starts_with('r') || !is_memory || is_kernels {
            return None;
        }
        Some((u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?))
            .filter(|(start, end)| start < end)
    }

    /// Adds the pages of a mapping that are in memory.
    fn resident(pages: &File, start: u64, end: u64, room: &mut [u8], runs: &mut Vec<Run>) -> io::Result<()> {
        let mut at = start;
        while at < end {
            let wanted = usize::try_from((end - at) / PAGE).unwrap_or(usize::MAX).min(ENTRIES) * ENTRY;
            let Some(buffer) = room.get_mut(..wanted).filter(|buffer| !buffer.is_empty()) else { break };
            let count = pages.read_at(buffer, at / PAGE * ENTRY as u64)?;
            if count < ENTRY {
                break;
            }
            for entry in buffer.get(..count).unwrap_or_default().chunks_exact(ENTRY) {
                let is_present = entry.try_into().map_or(0, u64::from_ne_bytes) & PRESENT != 0;
                if is_present {
                    push(runs, at);
                }
                at += PAGE;
            }
        }
        Ok(())
    }

    /// Adds a page, to the run before it if it follows it.
    fn push(runs: &mut Vec<Run>, at: u64) {
        match runs.last_mut() {
            Some(last) if last.offset + last.length == at => last.length += PAGE,
            _ => runs.push(Run { offset: at, length: PAGE, address: Some(at) }),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn mappings_are_those_that_may_hold_a_key() {
            let heap = "55d711420000-55d711440000 rw-p 00000000 00:00 0                          [heap]";
            assert_eq!(mapping(heap, false), Some((0x55d7_1142_0000, 0x55d7_1144_0000)));
            let code = "7f0000000000-7f0000002000 r-xp 00001000 08:01 1234 /usr/sbin/nginx";
            assert_eq!((mapping(code, false), mapping(code, true)), (None, Some((0x7f00_0000_0000, 0x7f00_0000_2000))));
            let zone = "7f0000000000-7f0000002000 rw-s 00000000 00:01 1025 /dev/zero (deleted)";
            assert!(mapping(zone, false).is_some());
            assert_eq!(mapping("7ffd000-7ffe000 r--p 00000000 00:00 0 [vvar]", true), None);
            assert_eq!(mapping("7ffd000-7ffe000 ---p 00000000 00:00 0", true), None);
            assert_eq!(mapping("", true), None);
        }

        #[test]
        fn a_parent_is_found_behind_any_name() {
            assert_eq!(parent("12 (a) b (c)) S 7 12 12 0"), Some(7));
            assert_eq!(parent("12 a"), None);
        }
    }
}
