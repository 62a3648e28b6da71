//! PEM blocks labelled `SESSION TICKET KEY`, 48 or 80 bytes each: an old convention for keys in text files. The file
//! does not say which server it is for, so both orders stay possible.

use zeroize::Zeroizing;

use crate::armor;
use crate::key::Role;
use crate::key::carried::{CBC_SHA256, Carried};
use crate::key::file::KeyFileError;
use crate::key::format::{KeyBytes, KeyFormat, Position};
use crate::key::layout::Layout;
use crate::key::scheme::Hash;
use crate::key::unwritable::Unwritable;

/// The label between `-----BEGIN` and `-----`.
const LABEL: &str = "SESSION TICKET KEY";

pub(super) struct Pem;

impl KeyFormat for Pem {
    fn name(&self) -> &'static str {
        "pem"
    }

    fn about(&self) -> &'static str {
        "PEM blocks labelled SESSION TICKET KEY"
    }

    fn takes(&self) -> &'static str {
        "PEM blocks labelled SESSION TICKET KEY, each of 48 or 80 bytes"
    }

    fn layouts(&self) -> &'static [Layout] {
        &Layout::BARE
    }

    fn is_text(&self) -> bool {
        true
    }

    fn read(&self, file: &[u8]) -> Result<Vec<KeyBytes>, KeyFileError> {
        let mut keys = Vec::new();
        let blocks = armor::blocks(file).into_iter().filter(|block| block.label == LABEL);
        for (index, block) in blocks.enumerate() {
            let wrong =
                |problem| KeyFileError::Line { line: block.line, problem, format: self.name(), takes: self.takes() };
            let bytes = block.decode().map(Zeroizing::new).map_err(|error| wrong(error.to_string()))?;
            let before = keys.len();
            let fitting = Layout::BARE.into_iter().filter(|layout| layout.size() == bytes.len());
            keys.extend(fitting.map(|layout| KeyBytes::new(index, &bytes, layout)));
            if keys.len() == before {
                return Err(wrong(format!("the key has {} bytes", bytes.len())));
            }
        }
        if keys.is_empty() {
            return Err(KeyFileError::TooFewKeys { found: 0, wants: 1, format: self.name(), takes: self.takes() });
        }
        Ok(keys)
    }

    fn write(&self, keys: &[KeyBytes]) -> Result<Zeroizing<Vec<u8>>, Unwritable> {
        if keys.is_empty() {
            return Err(Unwritable::Nothing);
        }
        let mut file = Zeroizing::new(Vec::with_capacity(256 * keys.len()));
        for key in keys {
            let carried = Carried::new(key, &[Hash::Sha256], CBC_SHA256)?;
            if carried.name.is_empty() {
                return Err(Unwritable::NoName);
            }
            // in the order of OpenSSL, as the file does not say which it is
            let layouts = [Layout::NAME_HMAC_AES_48, Layout::NAME_HMAC_AES_80];
            let bytes = layouts.into_iter().find_map(|layout| carried.arrange(layout));
            let bytes =
                bytes.ok_or_else(|| Unwritable::Sizes { layout: key.layout.to_string(), takes: self.takes() })?;
            file.extend_from_slice(Zeroizing::new(armor::encode(LABEL, &bytes)).as_bytes());
        }
        Ok(file)
    }

    fn role(&self, place: Position) -> Role {
        if place.files == 1 && place.keys == 1 { Role::Active } else { Role::Unknown }
    }
}
