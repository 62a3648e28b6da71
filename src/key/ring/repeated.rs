//! Parts of records that many tickets have alike: made once, copied from then on.

use std::sync::OnceLock;

use crate::session::{Mark, Part};

/// For how many kinds of sessions they are kept: some cipher suites times some virtual hosts.
const KINDS: usize = 24;

/// What was made of the parts of a session.
pub(crate) type Texts = [Vec<u8>; Part::ALL.len()];

/// A kind of session.
#[derive(Debug)]
struct Kind {
    numbers: [u64; 8],
    context: Vec<u8>,
    texts: Texts,
}

impl Kind {
    fn is_of(&self, mark: Mark<'_>) -> bool {
        // to compare nothing at all can be slow where an empty slice points nowhere
        let same_context = || mark.context.is_empty() || self.context == mark.context;
        self.numbers == mark.numbers && self.context.len() == mark.context.len() && same_context()
    }
}

/// The first kinds that came.
#[derive(Debug, Default)]
pub(crate) struct Repeated {
    kinds: [OnceLock<Kind>; KINDS],
}

impl Repeated {
    /// What `make` made of sessions like that, or makes now; `None` where there is no more room.
    pub(crate) fn texts(&self, mark: Mark<'_>, make: impl FnOnce() -> Texts) -> Option<&Texts> {
        let mut kinds = self.kinds.iter().map_while(OnceLock::get);
        kinds.find(|kind| kind.is_of(mark)).or_else(|| self.keep(mark, make)).map(|kind| &kind.texts)
    }

    #[cold]
    fn keep(&self, mark: Mark<'_>, make: impl FnOnce() -> Texts) -> Option<&Kind> {
        let mut free = self.kinds.iter().filter(|kind| kind.get().is_none()).peekable();
        free.peek()?;
        let mut kind = Kind { numbers: mark.numbers, context: mark.context.to_vec(), texts: make() };
        for place in free {
            match place.set(kind) {
                Ok(()) => return place.get(),
                // another thread was faster
                Err(back) => kind = back,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_made_once_as_long_as_there_is_room() {
        let repeated = Repeated::default();
        let mark = |number| Mark { numbers: [number; 8], context: b"x" };
        let text = |number: u64| [vec![], number.to_le_bytes().to_vec(), vec![]];
        for number in 0..KINDS as u64 {
            assert_eq!(repeated.texts(mark(number), || text(number)), Some(&text(number)));
            assert_eq!(repeated.texts(mark(number), || panic!("again")), Some(&text(number)));
        }
        assert_eq!(repeated.texts(mark(99), || panic!("no room")), None);
        let other = Mark { context: b"", ..mark(0) };
        assert_eq!(repeated.texts(other, || panic!("no room")), None);
    }

    #[test]
    fn all_that_is_in_a_mark_counts() {
        let repeated = Repeated::default();
        let mark = Mark { numbers: [0; 8], context: b"x" };
        let text = |name: &str| [name.into(), vec![], vec![]];
        assert_eq!(repeated.texts(mark, || text("first")), Some(&text("first")));
        for at in 0..8 {
            let mut other = mark;
            other.numbers[at] = 1;
            assert_eq!(repeated.texts(other, || text("other")), Some(&text("other")));
        }
        for context in [&b"y"[..], b"", b"xx"] {
            assert_eq!(repeated.texts(Mark { context, ..mark }, || text("context")), Some(&text("context")));
        }
    }
}
