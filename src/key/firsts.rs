//! The first of many things, and the first that differs from it: enough to find for each of them one that is unlike it,
//! without comparing every pair.

/// What was seen of one kind, each with a property.
#[derive(Debug)]
pub(crate) struct Firsts<T, P> {
    first: (T, P),
    other: Option<(T, P)>,
}

impl<T, P: PartialEq> Firsts<T, P> {
    /// Begins with the first thing.
    pub(crate) fn new(thing: T, property: P) -> Self {
        Self { first: (thing, property), other: None }
    }

    /// Takes another thing.
    pub(crate) fn add(&mut self, thing: T, property: P) {
        if self.other.is_none() && property != self.first.1 {
            self.other = Some((thing, property));
        }
    }

    /// The first thing with another property than this one.
    pub(crate) fn unlike(&self, property: &P) -> Option<&T> {
        let differs = |(_, known): &&(T, P)| known != property;
        Some(&self.first).filter(differs).or(self.other.as_ref()).map(|(thing, _)| thing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_differs_is_found() {
        let mut firsts = Firsts::new(1, 'a');
        assert_eq!((firsts.unlike(&'a'), firsts.unlike(&'b')), (None, Some(&1)));
        for (thing, property) in [(2, 'a'), (3, 'b'), (4, 'c')] {
            firsts.add(thing, property);
        }
        assert_eq!((firsts.unlike(&'a'), firsts.unlike(&'b'), firsts.unlike(&'c')), (Some(&3), Some(&1), Some(&1)));
    }
}
