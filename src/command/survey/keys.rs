//! The keys that a picture is made with.

use std::path::PathBuf;
use std::sync::Arc;

#[cfg(feature = "audit")]
use tktdump::audit::facts::keys::{KeySet, LoadedFile};
use tktdump::key::format::KeyFormat;
use tktdump::key::ring::KeyRing;

use crate::command::failure::Failure;
use crate::command::key_files::{self, Unclaimed};
use crate::command::notes::Notes;

/// Key files, read.
pub(super) struct Keys {
    #[cfg(feature = "audit")]
    pub(super) set: KeySet,
    #[cfg(not(feature = "audit"))]
    ring: KeyRing,
    /// Their paths, as they were named.
    pub(super) paths: Vec<String>,
}

impl Keys {
    pub(super) fn load(
        paths: &[PathBuf],
        format: Option<&'static dyn KeyFormat>,
        now: i64,
        notes: &Notes,
    ) -> anyhow::Result<Self> {
        let (mut files, mut names) = (Vec::new(), Vec::new());
        for loaded in key_files::load(paths, format, Unclaimed::Refused, notes) {
            let loaded = loaded?;
            names.push(loaded.path.to_string());
            files.push(loaded);
        }
        if files.is_empty() && !paths.is_empty() {
            return Err(Failure::new("no key was found in what --key names").into());
        }
        // what the disk says of a key file is for an audit: a picture is to be the same on every machine
        #[cfg(feature = "audit")]
        let keys = {
            let of = |loaded: key_files::Loaded| LoadedFile {
                path: Arc::clone(&loaded.path),
                host: None,
                content: loaded.content,
                keys: loaded.file,
                disk: None,
            };
            Self { set: KeySet::new(files.into_iter().map(of).collect(), now), paths: names }
        };
        #[cfg(not(feature = "audit"))]
        let keys = {
            let files = files.into_iter().map(|loaded| (Arc::clone(&loaded.path), loaded.file)).collect();
            Self { ring: KeyRing::with_clock(files, Some(now)), paths: names }
        };
        Ok(keys)
    }

    pub(super) fn ring(&self) -> &KeyRing {
        #[cfg(feature = "audit")]
        return self.set.ring();
        #[cfg(not(feature = "audit"))]
        return &self.ring;
    }
}
