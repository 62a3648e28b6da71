//! What is wrong with a node on its own.

use std::fmt::Write as _;

use super::super::matrix::Seal;
use super::super::plan::Version;
use super::super::seen::{Fresh, Kind, NodeFacts, SealedBy, VersionFacts};
use super::super::tamper::Answer;
use super::found::{Findings, subject};
use crate::audit::facts::keys::{ActiveKey, KeySet};
use crate::audit::rules::probe as rules;
use crate::audit::{Finding, Policy};
use crate::escape::Text;
use crate::key::Role;

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
    let is_judged = |active: &ActiveKey<'_>| active.certain || findings.policy.thresholds.expect_active;
    let is_active = |key: &SealedBy, active: &ActiveKey<'_>| match key.role {
        Role::Active => true,
        Role::Unknown => *key.file == *active.file.path && key.index == active.key.index,
        _ => false,
    };
    // an address with several nodes may have one that is up to date
    let stale = node.tickets().filter_map(|ticket| ticket.key.as_ref()).find_map(|key| {
        let active = keys.active_like(&key.file, &key.format).filter(is_judged)?;
        (!is_active(key, &active)).then_some((key, active))
    });
    let Some((stale, active)) = stale else { return };
    let place = |file: &str, index: usize, same: bool| {
        let file = Text(file.as_bytes());
        if same { format!("key {index} of {file}") } else { file.to_string() }
    };
    let same = *stale.file == *active.file.path;
    let old = place(&stale.file, stale.index, same);
    let new = place(&active.file.path, active.key.index, same);
    let order = if active.certain { "going by the files" } else { "as the first one given" };
    findings.add(
        &rules::STALE_KEY_SEALS,
        format!("the server still encrypts tickets under {old}; {order}, it should use {new}"),
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
