//! Which connections a probe makes, and how many at most.
//!
//! A cycle is one full handshake and two offers: an odd number, because a balancer that goes round an even number of
//! nodes in step with the probe would bring every offer back to the node that issued the ticket.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use super::tamper::Part;
use crate::tls::protocol::Protocol;

/// Offers in a cycle.
const OFFERS: u64 = 2;
/// Pools of up to so many nodes are tried in full by `auto`.
const SMALL_POOL: usize = 6;

/// A version of TLS that can be probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl Version {
    /// Every version.
    pub const ALL: [Self; 2] = [Self::Tls12, Self::Tls13];

    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tls12 => "TLSv1.2",
            Self::Tls13 => "TLSv1.3",
        }
    }

    /// The version's number on the wire.
    #[must_use]
    pub fn protocol(self) -> Protocol {
        match self {
            Self::Tls12 => Protocol(0x0303),
            Self::Tls13 => Protocol(0x0304),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Version {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "1.2" => Ok(Self::Tls12),
            "1.3" => Ok(Self::Tls13),
            _ => Err("not one of 1.2, 1.3"),
        }
    }
}

/// Which pairs of nodes are tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pairs {
    /// All pairs of pools of up to six nodes, a ring of larger ones.
    #[default]
    Auto,
    /// Every node's session at every other node.
    Full,
    /// Every node's session at the next node, then one pair for each two groups that the ring showed.
    Ring,
    /// None.
    Off,
}

/// What a connection to a node is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A new session.
    Full(Version),
    /// The node's own session is offered.
    Offer(Version),
    /// The node's own ticket is offered with one bit flipped.
    Altered(Version, Part),
}

/// What is to be tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// In this order.
    pub versions: Vec<Version>,
    /// Cycles for each version of each node.
    pub rounds: u32,
    /// Whether altered tickets are offered.
    pub tamper: bool,
    /// Which pairs of nodes are tried.
    pub pairs: Pairs,
    /// The number of nodes of each pool.
    pub pools: Vec<usize>,
    /// How many contexts, that is names and ports, there are at each IP address whose names are tried.
    pub contexts: Vec<usize>,
    /// Whether names are tried with and without a client certificate.
    pub with_certificate: bool,
}

impl Plan {
    /// The connections to one node, in order.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for &version in &self.versions {
            for _ in 0..self.rounds {
                steps.push(Step::Full(version));
                steps.extend((0..OFFERS).map(|_| Step::Offer(version)));
            }
            if self.tamper {
                steps.extend(Part::ALL.map(|part| Step::Altered(version, part)));
            }
        }
        steps
    }

    /// Whether all pairs of a pool of so many nodes are tried.
    #[must_use]
    pub fn is_full(&self, nodes: usize) -> bool {
        match self.pairs {
            Pairs::Auto => nodes <= SMALL_POOL,
            Pairs::Full => true,
            Pairs::Ring | Pairs::Off => false,
        }
    }

    /// The pairs of a pool of `all` nodes, from whom to whom, of the `nodes` that answered. A ring follows their order,
    /// in which therefore those are neighbours that are alike.
    #[must_use]
    pub fn pairs(&self, all: usize, nodes: &[usize]) -> Vec<(usize, usize)> {
        if self.pairs == Pairs::Off || nodes.len() < 2 {
            return Vec::new();
        }
        if self.is_full(all) {
            let pairs = nodes.iter().flat_map(|&from| nodes.iter().map(move |&to| (from, to)));
            return pairs.filter(|(from, to)| from != to).collect();
        }
        let next = nodes.iter().cycle().skip(1);
        nodes.iter().copied().zip(next.copied()).collect()
    }

    /// One pair for each two groups that follow each other and that `tried` has none of: a ring leaves some out.
    /// `groups` are the members of each, of a pool of `all` nodes.
    #[must_use]
    pub fn between(&self, all: usize, groups: &[Vec<usize>], tried: &[(usize, usize)]) -> Vec<(usize, usize)> {
        if groups.len() < 2 || self.pairs == Pairs::Off || self.is_full(all) {
            return Vec::new();
        }
        let next = groups.iter().cycle().skip(1);
        let joined = |from: &[usize], to: &[usize]| {
            let between =
                |one, other| (from.contains(one) && to.contains(other)) || (to.contains(one) && from.contains(other));
            tried.iter().any(|(one, other)| between(one, other))
        };
        let pairs = groups.iter().zip(next).filter(|(from, to)| !joined(from, to));
        pairs.filter_map(|(from, to)| Some((*from.first()?, *to.first()?))).collect()
    }

    /// The number of connections that can become necessary: none of them is made above it.
    #[must_use]
    pub fn most(&self) -> u64 {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let versions = count(self.versions.len());
        let own = count(self.steps().len());
        let pool = |&nodes: &usize| {
            let pairs = match (self.pairs, count(nodes)) {
                (Pairs::Off, _) | (_, 0 | 1) => 0,
                (_, n) if self.is_full(nodes) => n.saturating_mul(n - 1),
                // the ring, and at worst each node is a group
                (_, n) => n.saturating_mul(2),
            };
            own.saturating_mul(count(nodes)).saturating_add(versions.saturating_mul(pairs))
        };
        // a new session in each context, and each at all others
        let names = |&contexts: &usize| {
            let with = if self.with_certificate { 2 } else { 1 };
            versions.saturating_mul(with).saturating_mul(count(contexts).saturating_mul(count(contexts)))
        };
        let pools = self.pools.iter().map(pool);
        pools.chain(self.contexts.iter().map(names)).fold(0, u64::saturating_add)
    }
}

/// Connections that may still be made; shared by all who make some.
#[derive(Debug)]
pub struct Budget(AtomicU64);

impl Budget {
    /// So many connections.
    #[must_use]
    pub fn new(most: u64) -> Self {
        Self(AtomicU64::new(most))
    }

    /// Takes one connection; false if there is none left.
    #[must_use]
    pub fn take(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::matrix;
    use super::*;

    fn plan(versions: usize, rounds: u32, pools: Vec<usize>, pairs: Pairs) -> Plan {
        let versions = Version::ALL.into_iter().take(versions).collect();
        Plan { versions, rounds, tamper: false, pairs, pools, contexts: Vec::new(), with_certificate: false }
    }

    #[test]
    fn a_cycle_is_odd() {
        let steps = plan(2, 1, vec![1], Pairs::Auto).steps();
        let [one, two] = Version::ALL;
        let cycle = |version| [Step::Full(version), Step::Offer(version), Step::Offer(version)];
        assert_eq!(steps, [cycle(one), cycle(two)].concat());
    }

    #[test]
    fn fifty_nodes_stay_within_five_hundred() {
        assert_eq!(plan(2, 1, vec![50], Pairs::Auto).most(), 500);
        assert_eq!(plan(2, 1, vec![4], Pairs::Auto).most(), 4 * 6 + 2 * 12);
        assert_eq!(plan(1, 2, vec![1], Pairs::Auto).most(), 6);
        assert_eq!(Plan { tamper: true, ..plan(1, 1, vec![1], Pairs::Auto) }.most(), 7);
        assert_eq!(Plan { contexts: vec![3], ..plan(2, 1, vec![1], Pairs::Auto) }.most(), 6 + 18);
        assert_eq!(plan(2, u32::MAX, vec![usize::MAX; 3], Pairs::Full).rounds, u32::MAX);
    }

    #[test]
    fn a_budget_ends() {
        let budget = Budget::new(2);
        assert_eq!([budget.take(), budget.take(), budget.take(), budget.take()], [true, true, false, false]);
    }

    #[test]
    fn groups_that_the_ring_joined_are_not_tried_again() {
        let plan = plan(1, 1, vec![8], Pairs::Ring);
        let groups = [vec![0, 1], vec![2, 3], vec![4, 5], vec![6, 7]];
        let ring = plan.pairs(8, &[0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(ring.len(), 8);
        assert!(plan.between(8, &groups, &ring).is_empty());
        let scattered = plan.pairs(8, &[0, 1, 4, 5, 2, 3, 6, 7]);
        assert_eq!(plan.between(8, &groups, &scattered), [(0, 2), (4, 6)]);
    }

    proptest! {
        // whoever follows the plan, whatever the nodes do, makes no more connections than it says
        #[test]
        fn no_more_connections_than_planned(
            nodes in 1_usize..24,
            versions in 1_usize..3,
            rounds in 1_u32..4,
            tamper: bool,
            pairs in prop_oneof![Just(Pairs::Auto), Just(Pairs::Full), Just(Pairs::Ring), Just(Pairs::Off)],
            outcomes in proptest::collection::vec(any::<(bool, u8)>(), 1..64),
        ) {
            let plan = Plan { tamper, ..plan(versions, rounds, vec![nodes], pairs) };
            let mut made = 0;
            let mut outcome = outcomes.iter().cycle();
            let mut answers = || outcome.next().unwrap().0;
            let alive: Vec<usize> = (0..nodes).filter(|_| answers()).collect();
            made += alive.len() * plan.steps().len() + (nodes - alive.len());
            let tried = plan.pairs(nodes, &alive);
            made += tried.len() * versions;
            let results: Vec<_> = tried.iter().map(|&(from, to)| (from, to, answers())).collect();
            let groups = matrix::groups(&alive, &results);
            let further = plan.between(nodes, &groups, &tried);
            made += further.len() * versions;
            prop_assert!(u64::try_from(made).unwrap() <= plan.most(), "{made} > {}", plan.most());
        }
    }
}
