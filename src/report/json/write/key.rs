//! What members are called.

// see the module above: constants come of it
#![allow(clippy::inline_always)]

use super::page::Page;

/// What a member is called; all names are our own words.
pub(in crate::report) trait Key {
    /// Writes a string member: what `length` octets `value` fills in, between the quotes.
    fn string(self, out: &mut Page<'_>, length: usize, value: impl FnOnce(&mut [u8]));
    /// Writes the name up to a value that is no string, the value, and what follows it.
    fn value(self, out: &mut Page<'_>, value: &[u8], after: &[u8]);
}

impl Key for &str {
    #[inline]
    fn string(self, out: &mut Page<'_>, length: usize, value: impl FnOnce(&mut [u8])) {
        self.value(out, b"\"", b"");
        out.string("", length, value);
    }

    #[inline]
    fn value(self, out: &mut Page<'_>, value: &[u8], after: &[u8]) {
        out.put([b"\"", self.as_bytes(), b"\":", value, after]);
    }
}

/// A name with all that stands around it, made by [`member!`] or [`Field::json`](crate::session::field::Field::json):
/// one copy instead of three, for what every record has.
#[derive(Clone, Copy)]
pub(in crate::report) struct Member(pub(in crate::report) &'static str);

/// The [`Member`] of a name.
macro_rules! member {
    ($name:literal) => {
        $crate::report::json::write::Member(concat!("\"", $name, "\":\""))
    };
}
pub(in crate::report) use member;

impl Key for Member {
    #[inline(always)]
    fn string(self, out: &mut Page<'_>, length: usize, value: impl FnOnce(&mut [u8])) {
        out.string(self.0, length, value);
    }

    #[inline(always)]
    fn value(self, out: &mut Page<'_>, value: &[u8], after: &[u8]) {
        if let [name @ .., _] = self.0.as_bytes() {
            out.put([name, value, after]);
        }
    }
}
