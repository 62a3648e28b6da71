//! Which node takes whose session, and why not.

use super::plan::Version;
use super::seen::{Failure, Fresh, Kind, NodeFacts, VersionFacts};
use crate::key::{Fingerprint, KeyName};
use crate::resumption::Reason;

/// A session of one context offered in another one: of another node, or under another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The node that issued the session, as a place in the list of nodes.
    pub from: usize,
    /// The node it was offered to.
    pub to: usize,
    /// The name the session was got under, and the one it was offered under.
    pub names: [Option<String>; 2],
    /// Whether the client certificate was presented, if that was tried both ways.
    pub certificate: Option<bool>,
    /// The version.
    pub version: Version,
    /// Whether it was resumed; `None` if it could not be tried.
    pub resumed: Option<bool>,
    /// Why, as a word that scripts can rely on.
    pub reason: Reason,
    /// Why, in one sentence.
    pub why: String,
}

/// Why a session of `from` was or was not resumed at `to`. `failure` is why the connection did not come to its end.
#[must_use]
pub fn judge(
    from: &VersionFacts,
    to: &VersionFacts,
    resumed: Option<bool>,
    failure: Option<&Failure>,
) -> (Reason, String) {
    if let Some(failure @ Failure::Alert(_)) = failure {
        return (Reason::Alert, failure.to_string());
    }
    let Some(resumed) = resumed else {
        return match failure {
            Some(failure @ Failure::Reset) => (Reason::Reset, failure.to_string()),
            Some(failure @ Failure::Closed) => (Reason::Closed, failure.to_string()),
            Some(failure @ Failure::NotTls(_)) => (Reason::NotTls, failure.to_string()),
            Some(failure @ Failure::Timeout) => (Reason::NoAnswer, failure.to_string()),
            Some(failure) => (Reason::Unknown, failure.to_string()),
            None => (Reason::NoTicketsIssued, "there was no session to offer".to_owned()),
        };
    };
    let seals = Seal::of_version(from).zip(Seal::of_version(to));
    let compared = seals.and_then(|(one, other)| Some((one, other, one.is(&other)?)));
    if resumed {
        let shared = match compared {
            Some((one, _, true)) => format!("both seal under the key {}", one.shown()),
            Some((one, other, false)) => {
                format!("it opens tickets of the key {}, and seals under the key {}", one.shown(), other.shown())
            }
            _ if from.kind() == Kind::Stateful => "both use one session cache".to_owned(),
            _ => "it has the key of the ticket".to_owned(),
        };
        return (Reason::Resumed, shared);
    }
    if from.kind() == Kind::Stateful {
        let why = "the session is in the cache of the node that issued it, which the other one does not share";
        return (Reason::CacheMiss, why.to_owned());
    }
    match compared {
        Some((one, other, false)) => {
            let why = format!(
                "the session is sealed under the key {}, and this node seals under the key {}",
                one.shown(),
                other.shown()
            );
            (Reason::OtherKey, why)
        }
        Some((one, _, true)) => same_key(from, to, one),
        None if to.tickets().next().is_none() => {
            let why = "no full handshake there gave a ticket, so that the key and the session ID context are not known";
            (Reason::Unknown, why.to_owned())
        }
        None => {
            let why = "the tickets have no key name, and none of the keys given opens them: a key, or another session ID \
                       context, may be the cause";
            (Reason::Unknown, why.to_owned())
        }
    }
}

fn same_key(from: &VersionFacts, to: &VersionFacts, seal: Seal) -> (Reason, String) {
    let key = seal.shown();
    match (context(from), context(to)) {
        (Some(one), Some(other)) if one != other => {
            let other_certificate = from.certificates != to.certificates;
            let cause = if other_certificate {
                ": they have different certificates, of which servers make the context"
            } else {
                ": servers make it of the certificate, the client CA list and the name of the application"
            };
            let why = format!("both seal under the key {key}, and with different session ID contexts{cause}");
            (Reason::OtherContext, why)
        }
        (Some(_), Some(_)) => {
            let why = format!(
                "both seal under the key {key} with the same session ID context: what else differs is not seen"
            );
            (Reason::Unknown, why)
        }
        _ => {
            let certificates = if from.certificates == to.certificates { "" } else { "; their certificates differ" };
            let why = format!(
                "both seal under a key named {key}: another session ID context may be the cause, or other secrets under \
                 that name{certificates}; --key FILE tells"
            );
            (Reason::Unknown, why)
        }
    }
}

/// What tells keys apart: the key itself if it is known, and its name on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal {
    /// The name on the wire.
    pub name: Option<KeyName>,
    /// The fingerprint of the key that opened the ticket.
    pub fingerprint: Option<Fingerprint>,
}

impl Seal {
    /// What sealed a ticket; `None` if its key has no name and is not known.
    #[must_use]
    pub fn of(ticket: &Fresh) -> Option<Self> {
        let fingerprint = ticket.key.as_ref().map(|key| key.fingerprint);
        (fingerprint.is_some() || ticket.key_name.is_some()).then_some(Self { name: ticket.key_name, fingerprint })
    }

    /// What sealed the first ticket of a version that tells.
    #[must_use]
    pub fn of_version(facts: &VersionFacts) -> Option<Self> {
        facts.fresh.iter().flatten().find_map(Self::of)
    }

    /// Whether it is the same key as another one; `None` if nothing compares.
    #[must_use]
    pub fn is(&self, other: &Self) -> Option<bool> {
        match (self.fingerprint, other.fingerprint, self.name, other.name) {
            // the names of one key may change, such as with the time
            (Some(one), Some(other), _, _) => Some(one == other),
            (_, _, Some(one), Some(other)) => Some(one == other),
            _ => None,
        }
    }

    /// The name, or else the fingerprint.
    #[must_use]
    pub fn shown(&self) -> String {
        match (self.name, self.fingerprint) {
            (Some(name), _) => name.to_string(),
            (None, Some(fingerprint)) => format!("with the fingerprint {fingerprint}"),
            (None, None) => "unknown".to_owned(),
        }
    }
}

fn context(facts: &VersionFacts) -> Option<&[u8]> {
    facts.fresh.iter().flatten().find_map(|ticket| ticket.context.as_deref())
}

/// The nodes in an order in which those are neighbours that are likely to take each other's sessions.
#[must_use]
pub fn order(nodes: &[NodeFacts], of: &[usize]) -> Vec<usize> {
    let mut order = of.to_vec();
    order.sort_by_key(|&at| {
        let node = nodes.get(at);
        let seal = node.and_then(|node| node.tickets().find_map(Seal::of));
        let seal = seal.map(|seal| (seal.fingerprint.map(|it| *it.as_bytes()), seal.name));
        let context = node.and_then(|node| node.context().map(<[u8]>::to_vec));
        let certificate = node.and_then(|node| node.spoken().find_map(|facts| facts.certificates.first().copied()));
        (seal, context, certificate, at)
    });
    order
}

/// Groups of nodes that resume each other's sessions, those with the most members first, from what was tried: from
/// whom, to whom, whether it was resumed. A refusal in one direction keeps two nodes apart unless others join them.
#[must_use]
pub fn groups(nodes: &[usize], tried: &[(usize, usize, bool)]) -> Vec<Vec<usize>> {
    let mut group: Vec<(usize, usize)> = nodes.iter().map(|&node| (node, node)).collect();
    let refused = |from, to| tried.contains(&(from, to, false)) || tried.contains(&(to, from, false));
    for &(from, to, resumed) in tried {
        if !resumed || refused(from, to) {
            continue;
        }
        let of = |node| group.iter().find(|(it, _)| *it == node).map(|(_, group)| *group);
        let (Some(one), Some(other)) = (of(from), of(to)) else { continue };
        let (low, high) = (one.min(other), one.max(other));
        group.iter_mut().filter(|(_, it)| *it == high).for_each(|(_, it)| *it = low);
    }
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for &(node, of) in &group {
        match groups.iter_mut().find(|members| members.first().is_some_and(|first| group.contains(&(*first, of)))) {
            Some(members) => members.push(node),
            None => groups.push(vec![node]),
        }
    }
    for members in &mut groups {
        members.sort_unstable();
    }
    groups.sort_by_key(|members| (usize::MAX - members.len(), members.first().copied()));
    groups
}

/// The groups of a pool by all pairs of its nodes, of every version: a pair is resumed if no version refused it.
#[must_use]
pub fn groups_of_pairs(nodes: &[usize], pairs: &[Pair]) -> Vec<Vec<usize>> {
    let mut tried: Vec<(usize, usize, bool)> = Vec::new();
    for pair in pairs {
        let Some(resumed) = pair.resumed else { continue };
        match tried.iter_mut().find(|(from, to, _)| (*from, *to) == (pair.from, pair.to)) {
            Some((_, _, all)) => *all &= resumed,
            None => tried.push((pair.from, pair.to, resumed)),
        }
    }
    groups(nodes, &tried)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_resumes_each_other_is_a_group() {
        let all = |pairs: &[(usize, usize)]| -> Vec<(usize, usize, bool)> {
            let nodes = 0..4;
            nodes
                .clone()
                .flat_map(|from| nodes.clone().map(move |to| (from, to)))
                .filter(|(from, to)| from != to)
                .map(|(from, to)| (from, to, pairs.contains(&(from, to)) || pairs.contains(&(to, from))))
                .collect()
        };
        let nodes = [0, 1, 2, 3];
        assert_eq!(groups(&nodes, &all(&[(0, 1), (0, 3), (1, 3)])), [vec![0, 1, 3], vec![2]]);
        assert_eq!(groups(&nodes, &all(&[])), [[0], [1], [2], [3]]);
        assert_eq!(groups(&nodes, &[(0, 1, true), (1, 2, true), (2, 3, true), (3, 0, true)]), [[0, 1, 2, 3]]);
        // during a rotation one direction works and the other one does not
        assert_eq!(groups(&[0, 1], &[(0, 1, true), (1, 0, false)]), [[0], [1]]);
    }

    #[test]
    fn larger_groups_come_first() {
        assert_eq!(groups(&[5, 6, 7, 8], &[(6, 7, true), (7, 8, true)]), [vec![6, 7, 8], vec![5]]);
    }

    fn facts(name: u8, context: Option<&[u8]>, certificate: u8) -> VersionFacts {
        let mut facts = VersionFacts::new(Version::Tls12);
        facts.full = 1;
        facts.certificates.push([certificate; 32]);
        facts.fresh.push(vec![Fresh {
            length: 208,
            is_handle: false,
            lifetime: 300,
            max_early_data: None,
            key_name: Some(KeyName::new([name; 16])),
            key: None,
            context: context.map(<[u8]>::to_vec),
            hostname: None,
            client_certificate: None,
            status: crate::record::Status::NoKey,
        }]);
        facts
    }

    #[test]
    fn a_reason_is_what_was_seen() {
        let reason = |from: &VersionFacts, to: &VersionFacts| judge(from, to, Some(false), None).0;
        let (one, other) = (facts(1, Some(b"a"), 1), facts(2, Some(b"a"), 1));
        assert_eq!(reason(&one, &other), Reason::OtherKey);
        assert_eq!(reason(&one, &facts(1, Some(b"b"), 2)), Reason::OtherContext);
        assert_eq!(reason(&one, &facts(1, Some(b"a"), 1)), Reason::Unknown);
        let (unopened, foreign) = (facts(1, None, 1), facts(1, None, 2));
        let (reason, why) = judge(&unopened, &foreign, Some(false), None);
        assert_eq!(reason, Reason::Unknown);
        assert!(why.contains("certificates differ"), "{why}");
        assert_eq!(judge(&one, &other, Some(true), None).0, Reason::Resumed);
        assert_eq!(judge(&one, &other, None, None).0, Reason::NoTicketsIssued);
        assert_eq!(judge(&one, &other, Some(false), Some(&Failure::Alert(40))).0, Reason::Alert);
        let mut cached = VersionFacts::new(Version::Tls12);
        (cached.full, cached.offered, cached.resumed, cached.by_session_id) = (1, 2, 2, true);
        assert_eq!(judge(&cached, &cached, Some(false), None).0, Reason::CacheMiss);
    }
}
