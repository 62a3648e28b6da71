//! What is wrong with the nodes of a host together.

use std::sync::Arc;

use super::super::matrix::{Pair, Seal};
use super::super::plan::Version;
use super::super::seen::{NodeFacts, SealedBy, VersionFacts};
use super::found::{Findings, shown, subject};
use crate::audit::rules::probe as rules;
use crate::audit::{Finding, Policy, Subject};
use crate::key::KeyName;
use crate::resumption::Reason;

/// What the pairs of a pool show: `nodes` are all nodes, `groups` those of the pool by who resumes whose sessions.
#[must_use]
pub fn of_pool(nodes: &[NodeFacts], groups: &[Vec<usize>], pairs: &[Pair], policy: &Policy) -> Vec<Finding> {
    let members: Vec<&NodeFacts> = groups.iter().flatten().filter_map(|&at| nodes.get(at)).collect();
    let Some(first) = members.first() else { return Vec::new() };
    let mut findings = Findings::new(policy, Subject::file(Arc::from(first.host.as_str())));
    for (number, group) in groups.iter().enumerate().skip(1) {
        // the largest group that it was tried with is what it differs from
        let with = |other: &[usize]| -> Vec<&Pair> {
            let between = |pair: &&Pair| {
                (group.contains(&pair.from) && other.contains(&pair.to))
                    || (other.contains(&pair.from) && group.contains(&pair.to))
            };
            pairs.iter().filter(|pair| pair.resumed == Some(false)).filter(between).collect()
        };
        let others = groups.iter().take(number).map(|other| (other, with(other)));
        if let Some((other, refused)) = others.into_iter().find(|(_, refused)| !refused.is_empty()) {
            apart(nodes, group, other, &refused, &mut findings);
        }
    }
    one_way(nodes, groups, pairs, &mut findings);
    pool_lifetimes(&members, &mut findings);
    findings.found
}

/// Says why a group stands apart.
fn apart(nodes: &[NodeFacts], group: &[usize], other: &[usize], refused: &[&Pair], findings: &mut Findings<'_>) {
    let names: Vec<String> = group.iter().filter_map(|&at| nodes.get(at)).map(shown).collect();
    let Some(address) = group.first().and_then(|&at| nodes.get(at)) else { return };
    let (who, verb) = match names.as_slice() {
        [one] => (one.clone(), "s"),
        [some @ .., last] => (format!("{} and {last}", some.join(", ")), ""),
        [] => return,
    };
    findings.subject = Subject {
        key_name: address.key_names().first().copied(),
        ..Subject::file(Arc::from(format!("{} at {}", address.host, names.join(", "))))
    };
    let other: Vec<String> = other.iter().filter_map(|&at| nodes.get(at)).map(shown).collect();
    let (others, verb_others) = match other.as_slice() {
        [one] => (one.clone(), "does"),
        [one, other] => (format!("{one} and {other}"), "do"),
        more => (format!("the other {} nodes", more.len()), "do"),
    };
    let has = |reason| refused.iter().any(|pair| pair.reason == reason);
    match () {
        () if has(Reason::OtherKey) => findings.add(
            &rules::KEY_NOT_SHARED,
            format!("{who} encrypt{verb} tickets under a key that {others} {verb_others} not have"),
        ),
        () if has(Reason::OtherContext) => findings.add(
            &rules::CONTEXT_NOT_SHARED,
            format!("{who} and {others} have one key and different session ID contexts: no session is resumed across"),
        ),
        () if has(Reason::CacheMiss) => findings.add(
            &rules::STATEFUL_ACROSS_NODES,
            format!("{who} keep{verb} sessions in a cache that {others} {verb_others} not share"),
        ),
        () if has(Reason::Unknown) => {
            let why = refused.iter().find(|pair| pair.reason == Reason::Unknown).map_or("", |pair| pair.why.as_str());
            let rule = if same_name(nodes, refused) { &rules::CONTEXT_NOT_SHARED } else { &rules::NOT_RESUMED };
            findings.add(rule, format!("{who} and {others} do not resume each other's sessions: {why}"));
        }
        () => {}
    }
}

/// Whether the keys of a pair that was refused are known to be one by their names at least.
fn same_name(nodes: &[NodeFacts], refused: &[&Pair]) -> bool {
    let seal = |at: usize, version| nodes.get(at)?.of_version(version).and_then(Seal::of_version);
    let pair = refused.iter().find(|pair| pair.reason == Reason::Unknown);
    pair.is_some_and(|pair| {
        let (from, to) = (seal(pair.from, pair.version), seal(pair.to, pair.version));
        from.zip(to).is_some_and(|(from, to)| from.is(&to) == Some(true))
    })
}

/// Nodes of one group of which one version refuses what another one resumes, or one direction what the other one does.
fn one_way(nodes: &[NodeFacts], groups: &[Vec<usize>], pairs: &[Pair], findings: &mut Findings<'_>) {
    let inside = |pair: &&Pair| groups.iter().any(|group| group.contains(&pair.from) && group.contains(&pair.to));
    let mut refused = pairs.iter().filter(inside).filter(|pair| pair.resumed == Some(false));
    let Some(pair) = refused.next() else { return };
    let (Some(from), Some(to)) = (nodes.get(pair.from), nodes.get(pair.to)) else { return };
    findings.subject = subject(to);
    let more = match refused.count() {
        0 => String::new(),
        more => format!(" ({more} more such pairs)"),
    };
    let rule = match pair.reason {
        Reason::OtherKey => &rules::KEY_NOT_SHARED,
        Reason::OtherContext => &rules::CONTEXT_NOT_SHARED,
        Reason::CacheMiss => &rules::STATEFUL_ACROSS_NODES,
        _ => &rules::NOT_RESUMED,
    };
    let (version, from, to, why) = (pair.version, shown(from), shown(to), &pair.why);
    findings.add(rule, format!("{version}: {to} did not resume a session of {from}: {why}{more}"));
}

fn pool_lifetimes(members: &[&NodeFacts], findings: &mut Findings<'_>) {
    for version in Version::ALL {
        let mut seen: Vec<(u32, Vec<String>)> = Vec::new();
        for node in members {
            let Some(lifetime) = node.of_version(version).and_then(VersionFacts::lifetime) else { continue };
            match seen.iter_mut().find(|(known, _)| *known == lifetime) {
                Some((_, nodes)) => nodes.push(shown(node)),
                None => seen.push((lifetime, vec![shown(node)])),
            }
        }
        if seen.len() > 1 {
            findings.subject = Subject::file(Arc::from(members.first().map_or("", |node| node.host.as_str())));
            let all: Vec<String> =
                seen.iter().map(|(seconds, nodes)| format!("{seconds} s ({})", some(nodes))).collect();
            findings.add(&rules::LIFETIME_DIFFERS, format!("{version}: tickets live {}", all.join(", ")));
        }
    }
}

/// A list that stays readable.
fn some(names: &[String]) -> String {
    match names {
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        _ => names.join(", "),
    }
}

/// How many of the clients that change their node resume, by the pairs tried.
#[must_use]
pub fn shared(pairs: &[Pair]) -> (usize, usize) {
    let mut places: Vec<(usize, usize, bool)> = Vec::new();
    for pair in pairs {
        let Some(resumed) = pair.resumed else { continue };
        match places.iter_mut().find(|(from, to, _)| (*from, *to) == (pair.from, pair.to)) {
            Some((_, _, all)) => *all &= resumed,
            None => places.push((pair.from, pair.to, resumed)),
        }
    }
    (places.iter().filter(|(_, _, resumed)| *resumed).count(), places.len())
}

/// The name and the key that the nodes of a group have, for people.
#[must_use]
pub fn group_key(nodes: &[NodeFacts], group: &[usize]) -> (Option<KeyName>, Option<SealedBy>) {
    let members = || group.iter().filter_map(|&at| nodes.get(at));
    let name = members().find_map(|node| node.key_names().first().copied());
    let key = members().find_map(|node| node.key().cloned());
    (name, key)
}
