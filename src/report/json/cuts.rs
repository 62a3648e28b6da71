//! Where in a text a session's own members are.

use crate::session::OwnPart;

/// Is told where in a text a session's own members are.
pub(super) trait Cuts {
    /// They begin and end there, each with its comma.
    fn cut(&self, part: OwnPart, from: usize, to: usize);
}

/// Nobody wants to know.
impl Cuts for () {
    #[inline]
    fn cut(&self, _: OwnPart, _: usize, _: usize) {}
}
