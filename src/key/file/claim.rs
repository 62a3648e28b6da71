//! The ways to read a file's bytes: which formats take them, and in which orders they may have been meant.

use std::collections::HashMap;

use super::reading::Reading;
use crate::key::format::{KeyBytes, KeyFormat};
use crate::key::formats::FORMATS;
use crate::key::layout::Layout;

/// Adds the readings of every format, of text or of raw bytes, that takes the file for its own; equal ones become one.
pub(super) fn claim(readings: &mut Vec<Reading>, file: &[u8], text: bool) {
    let mut places = Places::of(readings);
    for &format in FORMATS.iter().filter(|format| !format.is_bare() && format.is_text() == text && format.claims(file))
    {
        let Ok(keys) = format.read(file) else { continue };
        let count = count(&keys);
        for key in keys {
            let same = |reading: &Reading| reading.keys == count && same_key(&reading.key, &key);
            if let Some(reading) = places.find(key.index, readings, same).and_then(|at| readings.get_mut(at)) {
                reading.formats.push(format);
            } else {
                places.add(key.index, readings.len());
                readings.push(Reading { key, formats: vec![format], loadable: true, keys: count });
            }
        }
    }
}

/// The first key of every format of raw bytes that takes a file.
pub(super) fn first_keys(file: &[u8]) -> impl Iterator<Item = KeyBytes> {
    let raw = FORMATS.iter().filter(|format| !format.is_bare() && !format.is_text() && format.claims(file));
    let keys = raw.filter_map(|format| format.read(file).ok());
    keys.filter_map(|keys| keys.into_iter().find(|key| key.index == 0))
}

/// Where the readings of each key are, by its number: a file can have thousands of keys, and few readings of each.
struct Places(HashMap<usize, Vec<usize>>);

impl Places {
    fn of(readings: &[Reading]) -> Self {
        let mut places = Self(HashMap::new());
        readings.iter().enumerate().for_each(|(at, reading)| places.add(reading.key.index, at));
        places
    }

    fn add(&mut self, index: usize, at: usize) {
        self.0.entry(index).or_default().push(at);
    }

    /// The first reading of a key that `is` so.
    fn find(&self, index: usize, readings: &[Reading], is: impl Fn(&Reading) -> bool) -> Option<usize> {
        let places = self.0.get(&index)?;
        places.iter().copied().find(|&at| readings.get(at).is_some_and(&is))
    }
}

/// Adds the orders in which no server keeps such a file, but in which its bytes may have been meant.
pub(super) fn borrow_layouts<'a>(readings: &mut Vec<Reading>, keys: impl ExactSizeIterator<Item = &'a [u8]>) {
    let count = keys.len();
    let mut places = Places::of(readings);
    for (index, bytes) in keys.enumerate() {
        for layout in Layout::BARE.into_iter().filter(|layout| layout.size() == bytes.len()) {
            let key = KeyBytes::new(index, bytes, layout);
            if places.find(index, readings, |reading| same_key(&reading.key, &key)).is_some() {
                continue;
            }
            places.add(index, readings.len());
            let lends = |format: &&&'static dyn KeyFormat| format.layouts().contains(&layout) && format.name() != "pem";
            let formats = FORMATS.iter().filter(lends).copied().collect();
            readings.push(Reading { key, formats, loadable: false, keys: count });
        }
    }
}

fn same_key(one: &KeyBytes, other: &KeyBytes) -> bool {
    (one.index, one.layout, one.scheme) == (other.index, other.layout, other.scheme) && one.bytes == other.bytes
}

pub(super) fn count(keys: &[KeyBytes]) -> usize {
    keys.iter().map(|key| key.index + 1).max().unwrap_or(0)
}
