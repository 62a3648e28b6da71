//! What inputs are called.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use tktdump::escape::Text;

/// Whether a path means standard input.
pub(in crate::command) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A path as records name it: bytes that are not UTF-8 as `\xNN`.
pub(in crate::command) fn display(path: &Path) -> Arc<str> {
    let mut name = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        name.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // writing to a String does not fail
            let _ = write!(name, "\\x{byte:02x}");
        }
    }
    name.into()
}

/// A path as errors show it.
pub(in crate::command) fn shown(path: &Path) -> String {
    if is_stdin(path) {
        return "standard input".to_owned();
    }
    Text(display(path).as_bytes()).to_string()
}
