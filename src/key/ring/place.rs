//! Where a key file stands among all that were given, and what that makes of its keys.

use std::collections::HashMap;
use std::sync::Arc;

use crate::key::file::Reading;
use crate::key::format::Position;
use crate::key::{Origin, Role};

/// Where a key file stands among all that were given.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) path: Arc<str>,
    pub(super) number: usize,
    /// Which file of its server it is, if a configuration told.
    pub(super) position: Option<usize>,
    /// How many files there are, and of each format.
    pub(super) count: usize,
    pub(super) with_format: Arc<HashMap<&'static str, usize>>,
    pub(super) now: Option<i64>,
}

impl Place {
    /// Where a key of the file comes from. `newest` is the one of those with validity times that seals; `format` keeps the
    /// names of the last key's formats, which the next one mostly shares.
    pub(super) fn origin(&self, reading: &Reading, newest: Option<usize>, format: &mut Option<Arc<str>>) -> Origin {
        let place = Position {
            file: self.position.unwrap_or(self.number),
            files: match reading.formats.as_slice() {
                _ if self.position == Some(0) => 1,
                // files of other servers do not matter
                [only] => self.with_format.get(only.name()).copied().unwrap_or(self.count),
                _ => self.count,
            },
            key: reading.key.index,
            keys: reading.keys,
            newest: self.now.map(|_| newest == Some(reading.key.index)),
        };
        let names = format_names(reading);
        let format = match format {
            Some(format) if **format == *names => Arc::clone(format),
            _ => Arc::clone(format.insert(names.into())),
        };
        Origin { file: Arc::clone(&self.path), index: reading.key.index, role: role(reading, place), format }
    }
}

/// The key of a file that is valid now and became so last.
pub(super) fn newest<'r>(readings: impl IntoIterator<Item = &'r Reading>, now: Option<i64>) -> Option<usize> {
    let dated = readings.into_iter().map(|reading| &reading.key).filter(|key| key.validity.not_after.is_some());
    let valid = dated.filter(|key| now.is_some_and(|now| key.validity.contains(now)));
    valid.max_by_key(|key| (key.validity.not_before, std::cmp::Reverse(key.index))).map(|key| key.index)
}

/// What the server does with the key, if all formats that have an opinion agree.
fn role(reading: &Reading, place: Position) -> Role {
    if !reading.loadable {
        return Role::Unknown;
    }
    let mut opinions = reading.formats.iter().map(|format| format.role(place)).filter(|&role| role != Role::Unknown);
    match opinions.next() {
        Some(role) if opinions.all(|other| other == role) => role,
        _ => Role::Unknown,
    }
}

fn format_names(reading: &Reading) -> String {
    let names: Vec<&str> = reading.formats.iter().map(|format| format.name()).collect();
    names.join("/")
}
