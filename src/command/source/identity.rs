//! Which file a file is, whatever it is called.

use std::fs::Metadata;

/// Device and number of a regular file: two names that have both in common are one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::command) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    /// That of a regular file; `None` for pipes, terminals and other devices, and if the system does not tell.
    #[cfg(unix)]
    pub(in crate::command) fn of(metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        metadata.is_file().then(|| Self { device: metadata.dev(), inode: metadata.ino() })
    }

    #[cfg(not(unix))]
    pub(in crate::command) fn of(_: &Metadata) -> Option<Self> {
        None
    }

    /// That of the file that a stream such as standard output is redirected to.
    #[cfg(unix)]
    pub(in crate::command) fn of_stream(stream: impl std::os::fd::AsFd) -> Option<Self> {
        let rustix::fs::Stat { st_mode, st_dev, st_ino, .. } = rustix::fs::fstat(stream).ok()?;
        rustix::fs::FileType::from_raw_mode(st_mode).is_file().then_some(Self { device: st_dev, inode: st_ino })
    }

    #[cfg(not(unix))]
    pub(in crate::command) fn of_stream<S>(_: S) -> Option<Self> {
        None
    }
}
