//! What a probe showed: for people, as records, and as metrics.

pub mod json;
pub mod prometheus;
pub mod text;

use crate::audit::Finding;
use crate::probe::matrix::Pair;
use crate::probe::seen::NodeFacts;

/// Everything that a round of a probe showed.
#[derive(Debug, Clone, Copy)]
pub struct View<'v> {
    /// The nodes, those of one host together.
    pub nodes: &'v [NodeFacts],
    /// The pools, one for each host.
    pub pools: &'v [PoolView<'v>],
    /// Sessions offered under other names or at other ports.
    pub crossings: &'v [Pair],
    /// What was found: which node it is about, if it is about one, and what.
    pub findings: &'v [(Option<usize>, Finding)],
}

/// The nodes of one host, and who takes whose sessions.
#[derive(Debug, Clone, Copy)]
pub struct PoolView<'v> {
    /// The pairs that were tried.
    pub pairs: &'v [Pair],
    /// Groups of nodes that resume each other's sessions, the largest first; empty if no pair was tried.
    pub groups: &'v [Vec<usize>],
}

impl View<'_> {
    /// The letter of the group that a node is in.
    #[must_use]
    pub fn group(&self, node: usize) -> Option<String> {
        let groups = self.pools.iter().map(|pool| pool.groups);
        let at = groups.into_iter().find_map(|groups| groups.iter().position(|group| group.contains(&node)));
        at.map(letter)
    }
}

/// `A` to `Z`, then `AA` and so on.
#[must_use]
pub fn letter(mut at: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'A' + u8::try_from(at % 26).unwrap_or_default()));
        if at < 26 {
            break;
        }
        at = at / 26 - 1;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::letter;

    #[test]
    fn letters_go_on_after_z() {
        assert_eq!([0, 25, 26, 701, 702].map(letter), ["A", "Z", "AA", "ZZ", "AAA"]);
    }
}
