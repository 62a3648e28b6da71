//! Which file a file is, whatever it is called.

use std::fs::Metadata;

/// Device and number of a regular file: two names that have both in common are one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::command) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    /// That of a regular file; `None` for pipes, terminals and other devices, and where the system does not tell.
    #[cfg(unix)]
    pub(in crate::command) fn of(metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        metadata.is_file().then(|| Self { device: metadata.dev(), inode: metadata.ino() })
    }

    #[cfg(not(unix))]
    pub(in crate::command) fn of(_: &Metadata) -> Option<Self> {
        None
    }
}
