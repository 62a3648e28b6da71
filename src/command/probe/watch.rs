//! `--watch`: round after round, and what changes between them.

use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use tktdump::audit::Finding;
use tktdump::probe::plan::Version;
use tktdump::probe::seen::NodeFacts;
use tktdump::probe::verdicts;
use tktdump::report::Page;
use tktdump::report::findings::{github, json as finding_json};

use super::args::ProbeFormat;
use super::{Judged, Probe, print};
use crate::command::exit::Exit;

/// What is compared between rounds: of whom, which fact, and its value.
type Fact = (String, &'static str, String);

/// Probes until the time is over.
pub(super) fn run(probe: &mut Probe<'_>, length: Duration) -> anyhow::Result<Exit> {
    let end = Instant::now() + length;
    let mut exit = Exit::Done;
    let mut before: Option<Vec<Fact>> = None;
    let mut known: Vec<Finding> = Vec::new();
    let mut keys = probe.targets.load_keys(probe.args, crate::command::exit::now(), probe.notes)?;
    let mut next = Instant::now();
    let nodes = loop {
        let is_first = before.is_none();
        let judged = probe.round(&keys, is_first && probe.args.format == ProbeFormat::Json)?;
        let facts = facts(&judged);
        let mut page = Page::new();
        match &before {
            None => {
                probe.render(&judged, &mut page);
                probe.complain(&judged.round.nodes);
            }
            Some(before) => changed(probe, &judged, before, &facts, &mut page),
        }
        for (_, finding) in &judged.findings {
            if known.iter().any(|known| is_same(known, finding)) {
                continue;
            }
            match probe.args.format {
                ProbeFormat::Text if !is_first => page.extend_from_slice(line(finding).as_bytes()),
                ProbeFormat::Json => finding_json::finding(finding, &mut page),
                ProbeFormat::Github => github::finding(finding, &mut page),
                _ => {}
            }
            known.push(finding.clone());
        }
        print(&page)?;
        exit = exit.max(judged.exit).max(if is_first { probe.expectations(&judged) } else { Exit::Done });
        before = Some(facts);
        next += probe.args.interval;
        let now = Instant::now();
        if next >= end {
            break judged.round.nodes;
        }
        thread::sleep(next.saturating_duration_since(now));
        // a rotation changes the files; one that is just being written is read again in the next round
        match probe.targets.load_keys(probe.args, crate::command::exit::now(), probe.notes) {
            Ok(loaded) => keys = loaded,
            Err(error) => probe.notes.failure(&error),
        }
    };
    let mut page = Page::new();
    let all: Vec<(Option<usize>, Finding)> = known.into_iter().map(|finding| (None, finding)).collect();
    if probe.args.format == ProbeFormat::Sarif {
        probe.close(&[&all], Some(&nodes), &mut page);
    } else if probe.args.format == ProbeFormat::Json {
        for (_, finding) in &all {
            probe.tally.add(finding);
        }
        tktdump::report::probe::json::summary(&probe.counts(&nodes), &probe.tally, &mut page);
    }
    print(&page)?;
    Ok(exit)
}

fn is_same(one: &Finding, other: &Finding) -> bool {
    one.rule.id == other.rule.id && one.subject.file == other.subject.file && one.message == other.message
}

/// The facts of a round that may change.
fn facts(judged: &Judged) -> Vec<Fact> {
    let mut facts = Vec::new();
    for node in &judged.round.nodes {
        let who = format!("{} at {}", node.host, verdicts::shown(node));
        let mut fact = |what, value: String| facts.push((who.clone(), what, value));
        let Some(state) = state(node) else {
            fact("state", node.failure().map_or_else(|| "down".to_owned(), |failure| format!("not probed: {failure}")));
            continue;
        };
        fact("state", state);
        fact("key", key(node));
        let lifetime = Version::ALL.iter().filter_map(|version| node.of_version(*version)?.lifetime()).max();
        fact("lifetime", lifetime.map_or_else(|| "none".to_owned(), |seconds| format!("{seconds} s")));
    }
    for (at, pool) in judged.round.pools.iter().enumerate() {
        let host = judged.round.nodes.iter().find(|node| node.pool == at).map(|node| node.host.clone());
        if let (Some(host), false) = (host, pool.groups.is_empty()) {
            facts.push((host, "groups", pool.groups.len().to_string()));
        }
    }
    facts
}

/// How a node resumes; `None` if it does not answer.
fn state(node: &NodeFacts) -> Option<String> {
    if !node.is_up() {
        return None;
    }
    let mut state = String::new();
    for facts in node.spoken() {
        let blank = if state.is_empty() { "" } else { ", " };
        // writing to a String does not fail
        let _ = write!(state, "{blank}{} resumed {} of {}", facts.version, facts.resumed, facts.offered);
    }
    Some(state)
}

/// The key of the newest tickets: of those of the last new session.
fn key(node: &NodeFacts) -> String {
    let names: Vec<String> = node.key_names().iter().map(ToString::to_string).collect();
    let file = node.key().map(|key| {
        format!(" ({}, key {}, {})", tktdump::escape::Text(key.file.as_bytes()), key.index, key.role.as_str())
    });
    if names.is_empty() { "none".to_owned() } else { format!("{}{}", names.join(", "), file.unwrap_or_default()) }
}

/// Renders what is another one than in the round before.
fn changed(probe: &Probe<'_>, judged: &Judged, before: &[Fact], now: &[Fact], page: &mut Page) {
    match probe.args.format {
        ProbeFormat::Prometheus => return probe.render(judged, page),
        ProbeFormat::Json if before != now => return probe.render(judged, page),
        ProbeFormat::Text => {}
        _ => return,
    }
    let mut text = String::new();
    for (who, what, value) in now {
        let old =
            before.iter().find(|(other, fact, _)| other == who && fact == what).map(|(_, _, value)| value.as_str());
        if old != Some(value) {
            let was = old.map(|old| format!(", was {old}")).unwrap_or_default();
            let _ = writeln!(text, "{}  {who}: {what} {value}{was}", clock());
        }
    }
    page.extend_from_slice(text.as_bytes());
}

fn line(finding: &Finding) -> String {
    format!("{}  {}: {}: {} ({})\n", clock(), finding.subject.file, finding.severity, finding.message, finding.rule.id)
}

/// The time of day, UTC.
fn clock() -> String {
    use ::time::OffsetDateTime;
    use ::time::format_description::well_known::Rfc3339;
    let now = OffsetDateTime::from_unix_timestamp(crate::command::exit::now()).ok();
    now.and_then(|now| now.format(&Rfc3339).ok()).unwrap_or_default()
}
