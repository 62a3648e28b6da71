//! What the directory says about a key file.

use std::path::Path;

use tktdump::audit::facts::keys::FileFacts;

/// The directory entry of a regular file; `None` for pipes and devices, which have no age and no owner to speak of.
#[cfg(unix)]
pub(super) fn facts(path: &Path) -> Option<FileFacts> {
    use std::fs;
    use std::os::unix::fs::MetadataExt as _;

    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let target = fs::read_link(path).ok();
    Some(FileFacts {
        mode: metadata.mode() & 0o7777,
        owner: metadata.uid(),
        caller: rustix::process::geteuid().as_raw(),
        link_target: target.map(|target| target.to_string_lossy().into_owned()),
        modified: Some(metadata.mtime()),
        persistent: is_persistent(path),
    })
}

#[cfg(not(unix))]
pub(super) fn facts(_: &Path) -> Option<FileFacts> {
    None
}

/// Whether the file system is more than memory.
#[cfg(target_os = "linux")]
fn is_persistent(path: &Path) -> Option<bool> {
    /// `TMPFS_MAGIC` and `RAMFS_MAGIC` of linux/magic.h.
    const IN_MEMORY: [u32; 2] = [0x0102_1994, 0x8584_58f6];
    let kind = u32::try_from(rustix::fs::statfs(path).ok()?.f_type).ok()?;
    Some(!IN_MEMORY.contains(&kind))
}

#[cfg(all(unix, not(target_os = "linux")))]
fn is_persistent(_: &Path) -> Option<bool> {
    None
}
