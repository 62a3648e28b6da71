//! What the formats that are nothing but bytes have in common.

use zeroize::Zeroizing;

use crate::key::Role;
use crate::key::carried::{CBC_SHA256, Carried, only};
use crate::key::file::KeyFileError;
use crate::key::format::{KeyBytes, KeyFormat, Position};
use crate::key::layout::Layout;
use crate::key::scheme::{Hash, Scheme};
use crate::key::unwritable::Unwritable;

/// A format that is fully told by a few facts.
pub(in crate::key) struct RawFormat {
    pub(in crate::key) name: &'static str,
    pub(in crate::key) about: &'static str,
    pub(in crate::key) takes: &'static str,
    /// The layout for each size of key; no two of one size.
    pub(in crate::key) layouts: &'static [Layout],
    pub(in crate::key) scheme: Scheme,
    pub(in crate::key) extent: Extent,
    pub(in crate::key) seals: Seals,
}

/// How many keys one file holds.
pub(in crate::key) enum Extent {
    /// One: any other size is refused.
    One,
    /// One: what follows it is not read.
    FirstOfLonger,
    /// As many as there are whole ones: what follows them is not read.
    Many,
}

/// Which key seals new tickets.
pub(in crate::key) enum Seals {
    /// The key of the first file; the others only open.
    FirstFile,
    /// A server has one key: several files are several servers'.
    OnlyKey,
    /// The first key of the file.
    FirstKey,
    /// The last key of the file.
    LastKey,
}

impl RawFormat {
    fn layout_for(&self, length: usize) -> Option<Layout> {
        let fits = |layout: &&Layout| match self.extent {
            Extent::One => length == layout.size(),
            Extent::FirstOfLonger | Extent::Many => length >= layout.size(),
        };
        self.layouts.iter().find(fits).copied()
    }
}

impl RawFormat {
    /// The bytes of one key.
    fn block(&self, key: &KeyBytes) -> Result<Zeroizing<Vec<u8>>, Unwritable> {
        if self.scheme != Scheme::OPENSSL {
            let same = key.scheme == self.scheme && self.layouts.contains(&key.layout);
            return if same { Ok(key.bytes.clone()) } else { Err(self.refuses(key)) };
        }
        let carried = Carried::new(key, &[Hash::Sha256], CBC_SHA256)?;
        if carried.name.is_empty() {
            return Err(Unwritable::NoName);
        }
        let bytes = self.layouts.iter().find_map(|layout| carried.arrange(*layout));
        bytes.ok_or_else(|| Unwritable::Sizes { layout: key.layout.to_string(), takes: self.takes })
    }

    /// Why a key of another scheme has no place here.
    fn refuses(&self, key: &KeyBytes) -> Unwritable {
        match Carried::new(key, &[], self.about) {
            Err(refusal) => refusal,
            Ok(_) => Unwritable::NoWriter,
        }
    }
}

impl KeyFormat for RawFormat {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn takes(&self) -> &'static str {
        self.takes
    }

    fn layouts(&self) -> &'static [Layout] {
        self.layouts
    }

    fn read(&self, file: &[u8]) -> Result<Vec<KeyBytes>, KeyFileError> {
        let layout = self.layout_for(file.len()).ok_or_else(|| KeyFileError::size(file, self.name, self.takes))?;
        let limit = match self.extent {
            Extent::One | Extent::FirstOfLonger => 1,
            Extent::Many => usize::MAX,
        };
        let blocks = file.chunks_exact(layout.size()).take(limit).enumerate();
        Ok(blocks.map(|(index, key)| KeyBytes::new(index, key, layout).with_scheme(self.scheme)).collect())
    }

    fn claims(&self, file: &[u8]) -> bool {
        self.layout_for(file.len()).is_some_and(|layout| match self.extent {
            Extent::One => true,
            Extent::FirstOfLonger => file.len() == layout.size(),
            Extent::Many => file.len() % layout.size() == 0,
        })
    }

    fn write(&self, keys: &[KeyBytes]) -> Result<Zeroizing<Vec<u8>>, Unwritable> {
        match self.extent {
            Extent::One | Extent::FirstOfLonger => _ = only(keys)?,
            Extent::Many if keys.is_empty() => return Err(Unwritable::Nothing),
            Extent::Many => {}
        }
        let blocks: Result<Vec<_>, _> = keys.iter().map(|key| self.block(key)).collect();
        let mut blocks = blocks?;
        if matches!(self.seals, Seals::LastKey) {
            blocks.reverse();
        }
        let mut file = Zeroizing::new(Vec::with_capacity(blocks.iter().map(|block| block.len()).sum()));
        for block in &blocks {
            file.extend_from_slice(block);
        }
        Ok(file)
    }

    fn role(&self, place: Position) -> Role {
        let seals = match self.seals {
            Seals::FirstFile => place.file == 0 && place.key == 0,
            // a file of several keys is one server's; files of one key may be one server's or several's
            _ if place.files > 1 && place.keys == 1 => return Role::Unknown,
            Seals::OnlyKey | Seals::FirstKey => place.key == 0,
            Seals::LastKey => place.key + 1 == place.keys,
        };
        if seals { Role::Active } else { Role::Inactive }
    }
}
