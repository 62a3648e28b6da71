//! What members are called.

#![allow(clippy::inline_always, reason = "see the module above: constants come of it")]

use crate::report::page::Line;

/// What a member is called; all names are our own words.
pub(in crate::report) trait Key {
    /// Writes a string member: what `length` bytes `value` fills in, between the quotes.
    fn string(self, out: &mut Line<'_>, length: usize, value: impl FnOnce(&mut [u8]));
    /// Writes the name up to a value that is not a string, the value, and what follows it.
    fn value(self, out: &mut Line<'_>, value: &[u8], after: &[u8]);
    /// Writes the name up to a value, and the value, which fills in up to `N` bytes with what follows it, and says how many.
    fn short<const N: usize>(self, out: &mut Line<'_>, value: impl FnOnce(&mut [u8; N]) -> usize);
}

impl Key for &str {
    #[inline]
    fn string(self, out: &mut Line<'_>, length: usize, value: impl FnOnce(&mut [u8])) {
        out.fill([b"\"", self.as_bytes(), b"\":\""], length, value, b"\",");
    }

    #[inline]
    fn value(self, out: &mut Line<'_>, value: &[u8], after: &[u8]) {
        out.put([b"\"", self.as_bytes(), b"\":", value, after]);
    }

    #[inline]
    fn short<const N: usize>(self, out: &mut Line<'_>, value: impl FnOnce(&mut [u8; N]) -> usize) {
        out.fill_some([b"\"", self.as_bytes(), b"\":"], value);
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
    fn string(self, out: &mut Line<'_>, length: usize, value: impl FnOnce(&mut [u8])) {
        out.fill([self.0.as_bytes()], length, value, b"\",");
    }

    #[inline(always)]
    fn value(self, out: &mut Line<'_>, value: &[u8], after: &[u8]) {
        if let [name @ .., _] = self.0.as_bytes() {
            out.put([name, value, after]);
        }
    }

    #[inline(always)]
    fn short<const N: usize>(self, out: &mut Line<'_>, value: impl FnOnce(&mut [u8; N]) -> usize) {
        if let [name @ .., _] = self.0.as_bytes() {
            out.fill_some([name], value);
        }
    }
}
