//! What is wrong with a node, and with a pool of them.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use super::matrix::{Pair, Seal};
use super::plan::Version;
use super::seen::{Fresh, Kind, NodeFacts, SealedBy, VersionFacts};
use super::tamper::Answer;
use crate::audit::facts::keys::KeySet;
use crate::audit::rules::probe as rules;
use crate::audit::{Finding, Item, Policy, Rule, Severity, Subject};
use crate::escape::Text;
use crate::key::{KeyName, Role};
use crate::resumption::Reason;

/// Rules about tickets whose place others take in a probe, and that would say the same again.
pub const REPLACED: [&str; 4] = ["not-active-key", "inactive-key-seals", "stateful-ticket", "early-data"];

/// The findings about one thing.
struct Findings<'p> {
    policy: &'p Policy,
    subject: Subject,
    found: Vec<Finding>,
}

impl<'p> Findings<'p> {
    fn new(policy: &'p Policy, subject: Subject) -> Self {
        Self { policy, subject, found: Vec::new() }
    }

    fn add(&mut self, rule: &'static Rule, message: String) {
        if let Some(severity) = self.policy.severity(rule) {
            self.found.push(Finding { rule, severity, subject: self.subject.clone(), message });
        }
    }
}

/// A node as findings name it.
#[must_use]
pub fn subject(node: &NodeFacts) -> Subject {
    let name = node.key_names().first().copied();
    Subject { key_name: name, ..Subject::file(Arc::from(format!("{} at {}", node.host, shown(node)))) }
}

/// The address of a node; with its port if that is not the host's.
#[must_use]
pub fn shown(node: &NodeFacts) -> String {
    let port = format!(":{}", node.address.port());
    if node.host.ends_with(&port) { node.address.ip().to_string() } else { node.address.to_string() }
}

/// Judges a node on its own; `keys` are those of its files.
#[must_use]
pub fn of_node(node: &NodeFacts, keys: &KeySet, policy: &Policy) -> Vec<Finding> {
    let mut findings = Findings::new(policy, subject(node));
    altered(node, &mut findings);
    stale_key(node, keys, &mut findings);
    let several = several_keys(node, &mut findings);
    for facts in node.spoken() {
        resumption(facts, several, &mut findings);
    }
    if let Some(message) = lifetimes(node.spoken().map(|facts| (facts.version, lifetimes_of(facts)))) {
        findings.add(&rules::LIFETIME_DIFFERS, message);
    }
    if let Some(most) = node.spoken().find_map(VersionFacts::max_early_data) {
        let tried = match node.spoken().find_map(|facts| facts.early_data) {
            Some(true) => ", and accepted it",
            Some(false) => ", and refused it when it was offered",
            None => "",
        };
        findings.add(&rules::EARLY_DATA_ALLOWED, format!("the server allows {most} bytes of 0-RTT data{tried}"));
    }
    findings.found
}

fn altered(node: &NodeFacts, findings: &mut Findings<'_>) {
    let accepted: Vec<String> = node
        .altered
        .iter()
        .filter(|altered| altered.answer == Answer::Resumed)
        .map(|altered| format!("the {} ({})", altered.part, altered.version))
        .collect();
    if !accepted.is_empty() {
        let parts = accepted.join(", ");
        findings.add(
            &rules::ALTERED_TICKET_ACCEPTED,
            format!("the server resumed from its own ticket after one bit was flipped in {parts}"),
        );
    }
}

/// A key of the files seals, and by their order another one should.
fn stale_key(node: &NodeFacts, keys: &KeySet, findings: &mut Findings<'_>) {
    let Some(active) = keys.active() else { return };
    if !active.certain && !findings.policy.thresholds.expect_active {
        return;
    }
    let is_active = |key: &SealedBy| match key.role {
        Role::Active => true,
        Role::Unknown => *key.file == *active.file.path && key.index == active.key.index,
        _ => false,
    };
    // an address with several nodes may have one that is up to date
    let Some(stale) = node.tickets().filter_map(|ticket| ticket.key.as_ref()).find(|key| !is_active(key)) else {
        return;
    };
    let place = |file: &str, index: usize, same: bool| {
        let file = Text(file.as_bytes());
        if same { format!("key {index} of {file}") } else { file.to_string() }
    };
    let same = *stale.file == *active.file.path;
    let old = place(&stale.file, stale.index, same);
    let new = place(&active.file.path, active.key.index, same);
    let order = if active.certain { "by the files" } else { "as the first one given" };
    findings.add(
        &rules::STALE_KEY_SEALS,
        format!("the server still encrypts tickets under {old}; {order} it should be {new}"),
    );
}

/// Whether tickets of one address prove that several nodes are behind it.
fn several_keys(node: &NodeFacts, findings: &mut Findings<'_>) -> bool {
    let refused = node.spoken().any(|facts| facts.resumed < facts.offered);
    let mut proof = None;
    // the names of one key may be another one in each ticket, if it has none; a refusal or a repetition tells
    let mut seals: Vec<Seal> = Vec::new();
    let mut repeated = false;
    for seal in node.tickets().filter_map(Seal::of) {
        if seals.iter().any(|known| known.is(&seal) == Some(true)) {
            repeated = true;
        } else {
            seals.push(seal);
        }
    }
    if seals.len() > 1 && (refused || repeated) {
        let names: Vec<String> = seals.iter().take(4).map(Seal::shown).collect();
        proof = Some(format!("tickets of {} keys came from this address: {}", seals.len(), names.join(", ")));
    }
    for facts in node.spoken() {
        if proof.is_some() {
            break;
        }
        let mut contexts: Vec<&[u8]> = facts.tickets().filter_map(|ticket| ticket.context.as_deref()).collect();
        contexts.sort_unstable();
        contexts.dedup();
        let version = facts.version;
        if contexts.len() > 1 {
            let count = contexts.len();
            proof = Some(format!("tickets with {count} session ID contexts came from this address in {version}"));
        } else if facts.certificates.len() > 1 {
            let count = facts.certificates.len();
            proof = Some(format!("{count} certificates came from this address in {version}"));
        }
    }
    let Some(mut proof) = proof else { return false };
    if refused {
        let (resumed, offered) = sum(node);
        let _ = write!(proof, "; {resumed} of {offered} offers were resumed");
    }
    findings.add(&rules::SEVERAL_KEYS_ON_ADDRESS, proof);
    true
}

fn sum(node: &NodeFacts) -> (u32, u32) {
    node.spoken().fold((0, 0), |(resumed, offered), facts| (resumed + facts.resumed, offered + facts.offered))
}

/// Whether the node takes up the sessions that it gives out.
fn resumption(facts: &VersionFacts, several: bool, findings: &mut Findings<'_>) {
    let VersionFacts { version, resumed, offered, .. } = *facts;
    match facts.kind() {
        Kind::Stateless => {}
        Kind::Stateful => {
            let how = if version == Version::Tls13 { "handles of 32 bytes instead of tickets" } else { "session IDs" };
            findings.add(
                &rules::NO_TICKETS,
                format!("{version}: the server keeps sessions in a cache of its own and gives out {how}"),
            );
        }
        Kind::None => {
            let handles = facts.tickets().any(|ticket| ticket.is_handle);
            let what =
                if handles { "handles of 32 bytes that it never resumes" } else { "neither tickets nor session IDs" };
            findings.add(&rules::NO_TICKETS, format!("{version}: the server gives out {what}"));
            return;
        }
    }
    if offered > 0 && resumed < offered && !several {
        findings.add(
            &rules::NOT_RESUMED,
            format!("{version}: {resumed} of {offered} offers of its own sessions were resumed"),
        );
    }
}

/// The lifetimes of tickets of new sessions: a resumption may give what is left.
fn lifetimes_of(facts: &VersionFacts) -> Vec<u32> {
    let mut all: Vec<u32> = facts.fresh.iter().flatten().map(|ticket| ticket.lifetime).collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn lifetimes(of: impl Iterator<Item = (Version, Vec<u32>)>) -> Option<String> {
    of.filter(|(_, all)| all.len() > 1)
        .map(|(version, all)| {
            let all: Vec<String> = all.iter().map(|seconds| format!("{seconds} s")).collect();
            format!("{version}: tickets of one address live {}", all.join(" or "))
        })
        .next()
}

/// Whether `--expect-active` is shown: a ticket came, and the key that should seal did; else why not.
#[must_use]
pub fn expect_active(node: &NodeFacts) -> Option<String> {
    let sealed: Vec<&Fresh> = node.tickets().filter(|ticket| !ticket.is_handle).collect();
    if sealed.is_empty() {
        return Some("no ticket came, so that nothing shows which key is in use".to_owned());
    }
    let unknown = sealed.iter().find(|ticket| ticket.key.is_none())?;
    let name = unknown.key_name.map(|name| format!(" {name}")).unwrap_or_default();
    Some(format!("the key{name} that encrypts tickets is in none of the files"))
}

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

/// One context: a node and the name it was asked for, and what its own sessions there are.
#[derive(Debug, Clone)]
pub struct Context {
    /// The node, as a place in the list of nodes.
    pub node: usize,
    /// The name; `None` for no SNI.
    pub name: Option<String>,
    /// Whether the client certificate was presented.
    pub with_certificate: bool,
    /// What was seen there, for each version.
    pub versions: Vec<VersionFacts>,
}

impl Context {
    /// Whether the server asked for a client certificate here.
    #[must_use]
    pub fn asks_certificate(&self) -> bool {
        self.versions.iter().any(|facts| facts.asks_certificate)
    }
}

/// Sessions that were resumed under another name than that of the context that issued them.
#[must_use]
pub fn across_names(nodes: &[NodeFacts], contexts: &[Context], pairs: &[Pair], policy: &Policy) -> Vec<Finding> {
    let mut takers: Vec<(usize, &Option<String>, Vec<&Pair>)> = Vec::new();
    for pair in pairs.iter().filter(|pair| pair.resumed == Some(true)) {
        let [from, to] = &pair.names;
        if from == to {
            continue;
        }
        match takers.iter_mut().find(|(node, name, _)| (*node, *name) == (pair.to, to)) {
            Some((_, _, pairs)) => pairs.push(pair),
            None => takers.push((pair.to, to, vec![pair])),
        }
    }
    let mut found: Vec<Finding> = Vec::new();
    for (node, to, pairs) in takers {
        let (Some(taker), Some(first)) = (nodes.get(node), pairs.first()) else { continue };
        let context = |node: usize, name: &Option<String>| {
            contexts.iter().find(move |context| context.node == node && context.name == *name)
        };
        let asks = context(node, to).is_some_and(Context::asks_certificate);
        let [from, _] = &first.names;
        let ticket = contexts
            .iter()
            .find(|context| {
                let presented = first.certificate.is_none_or(|presented| presented == context.with_certificate);
                context.node == first.from && context.name == *from && presented
            })
            .and_then(|context| context.versions.iter().find(|facts| facts.version == first.version))
            .and_then(|facts| facts.tickets().next());
        let inside = ticket.map(|ticket| inside(ticket, from.as_deref())).unwrap_or_default();
        let demand = if asks { ", which asks for a client certificate" } else { "" };
        let (mut issuers, mut versions) = (Vec::new(), Vec::new());
        for pair in &pairs {
            let [from, _] = &pair.names;
            let issuer = nodes.get(pair.from).map(|node| name(node, from.as_deref())).unwrap_or_default();
            if !issuers.contains(&issuer) {
                issuers.push(issuer);
            }
            if !versions.contains(&pair.version.as_str()) {
                versions.push(pair.version.as_str());
            }
        }
        let (versions, issuers, to) = (versions.join(" and "), issuers.join(", "), name(taker, to.as_deref()));
        let mut findings = Findings::new(policy, subject(taker));
        findings.add(
            &rules::RESUMES_ACROSS_NAMES,
            format!("{versions}: sessions of {issuers} were resumed under {to}{demand}{inside}"),
        );
        for finding in &mut findings.found {
            // a policy that says otherwise is followed
            if asks && finding.severity == rules::RESUMES_ACROSS_NAMES.severity {
                finding.severity = Severity::Error;
            }
        }
        found.append(&mut findings.found);
    }
    found
}

fn name(node: &NodeFacts, name: Option<&str>) -> String {
    let port = node.address.port();
    match name {
        Some(name) => format!("{}:{port}", Text(name.as_bytes())),
        None => format!("port {port} without a name"),
    }
}

/// What stands inside a ticket that was resumed elsewhere.
fn inside(ticket: &Fresh, asked: Option<&str>) -> String {
    let Some(context) = &ticket.context else {
        return ticket.key_name.map(|key| format!("; key {key}")).unwrap_or_default();
    };
    let hostname = match (&ticket.hostname, asked) {
        (Some(name), _) => format!("the name {name}"),
        (None, _) => "no name".to_owned(),
    };
    let certificate =
        if ticket.client_certificate == Some(true) { "a client certificate" } else { "no client certificate" };
    let context = if context.is_empty() {
        "an empty context".to_owned()
    } else {
        format!("the context {}", hex::encode(context))
    };
    format!("; inside the first one's ticket are {hostname}, {context} and {certificate}")
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

/// The item of a finding about a node: the node itself.
#[must_use]
pub fn is_about(finding: &Finding, node: &NodeFacts) -> bool {
    finding.subject.item == Item::Whole && finding.subject.file == subject(node).file
}

/// The addresses and the key of each group, for people.
#[must_use]
pub fn group_key(nodes: &[NodeFacts], group: &[usize]) -> (Option<KeyName>, Option<SealedBy>, Vec<SocketAddr>) {
    let members = || group.iter().filter_map(|&at| nodes.get(at));
    let name = members().find_map(|node| node.key_names().first().copied());
    let key = members().find_map(|node| node.key().cloned());
    (name, key, members().map(|node| node.address).collect())
}
