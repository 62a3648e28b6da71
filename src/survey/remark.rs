//! What is worth saying of the keys and servers of a survey: the exceptions, and never more than was seen.

use std::collections::{BTreeMap, BTreeSet};

use super::group::Group;
use super::node::{Node, Outcome};
use super::strip::{Strip, millis};
use super::uses::Course;
use crate::capture::container::Time;

/// Tickets that a server must have issued under an old key to count as behind the others.
const BEHIND: u64 = 10;
/// The title of remarks on rotations.
pub const ROTATION: &str = "Rotation";
/// Servers that are named in one sentence.
const NAMED: usize = 6;
/// Remarks of one kind that are made.
const MAX_REMARKS: usize = 8;

/// The time from the first to the last ticket that a server issued under a key, with the number of its group.
type Period = (usize, (Time, Time));
/// A server, its last ticket under the old key and its first under the new one.
type Change<'g> = (&'g str, Time, Time);

/// A piece of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Words.
    Text(String),
    /// A key name.
    Key(Vec<u8>),
    /// A time.
    Time(Time),
}

/// Something worth saying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What it is about, in a word or two.
    pub title: &'static str,
    /// Whether something went wrong.
    pub is_bad: bool,
    /// The sentence.
    pub pieces: Vec<Piece>,
    /// When something changed: to be marked over the lanes, with these few words.
    pub window: Option<(Time, Time, Vec<Piece>)>,
}

/// A sentence in the making.
#[derive(Default)]
struct Sentence(Vec<Piece>);

impl Sentence {
    fn text(mut self, text: impl AsRef<str>) -> Self {
        match self.0.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text.as_ref()),
            _ => self.0.push(Piece::Text(text.as_ref().to_owned())),
        }
        self
    }

    fn key(mut self, name: &[u8]) -> Self {
        self.0.push(Piece::Key(name.to_vec()));
        self
    }

    fn time(mut self, time: Time) -> Self {
        self.0.push(Piece::Time(time));
        self
    }

    fn remark(self, title: &'static str, is_bad: bool) -> Remark {
        Remark { title, is_bad, pieces: self.0, window: None }
    }
}

/// Everything worth saying, the bad first.
pub(super) fn of(groups: &[Group], nodes: &BTreeMap<String, Node>, width: i64) -> Vec<Remark> {
    let of_groups = groups.iter().flat_map(|group| group.courses.keys());
    let all: BTreeSet<&str> = nodes.keys().chain(of_groups).map(String::as_str).collect();
    let mut remarks = rotations(groups, width);
    for group in groups {
        remarks.extend(refusals(group, &all));
    }
    remarks.extend(alongside(groups));
    remarks.extend(no_tickets(nodes));
    remarks.extend(hidden(groups, nodes));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    remarks.retain(|remark| {
        let count = counts.entry(remark.title).or_default();
        *count += 1;
        *count <= MAX_REMARKS
    });
    for (title, count) in counts.into_iter().filter(|(_, count)| *count > MAX_REMARKS) {
        let more = count - MAX_REMARKS;
        remarks.push(
            Sentence::default().text(format!("{more} more of \"{title}\" are not told here.")).remark("More", false),
        );
    }
    remarks
}

/// When servers went from one key to another, and who did not come along.
fn rotations(groups: &[Group], width: i64) -> Vec<Remark> {
    let mut changes: BTreeMap<(usize, usize), Vec<Change<'_>>> = BTreeMap::new();
    let sealing = sealing(groups);
    for (server, periods) in &sealing {
        for pair in periods.windows(2) {
            let [(old, (_, end)), (new, (start, _))] = pair else { continue };
            if end < start {
                changes.entry((*old, *new)).or_default().push((*server, *end, *start));
            }
        }
    }
    let mut remarks = Vec::new();
    for ((old, new), servers) in changes {
        let (Some(old), Some(new)) = (groups.get(old), groups.get(new)) else { continue };
        let (Some(old_name), Some(new_name)) = (old.name(), new.name()) else { continue };
        let Some(from) = servers.iter().map(|(_, end, _)| *end).min() else { continue };
        let Some(to) = servers.iter().map(|(.., start)| *start).max() else { continue };
        let moved: BTreeSet<&str> = servers.iter().map(|(server, ..)| *server).collect();
        let behind = behind(old, new, to, width, &moved);
        let sentence = Sentence::default().key(old_name).text(" gave way to ").key(new_name);
        let sentence = sentence.text(" between ").time(from).text(" and ").time(to);
        let on = match (moved.len(), sealing.len()) {
            (2, 2) => " on both servers that were seen to issue tickets.".to_owned(),
            (1, 1) => format!(" on {}.", list(moved.iter().copied())),
            (some, all) if some == all => format!(" on all {all} servers that were seen to issue tickets."),
            (some, all) if some > NAMED => format!(" on {some} of the {all} servers that were seen to issue tickets."),
            _ => format!(" on {}.", list(moved.iter().copied())),
        };
        let mut sentence = sentence.text(on);
        for (server, issued) in behind.iter().take(NAMED) {
            let more = if *issued == 1 { "ticket" } else { "tickets" };
            sentence = sentence
                .text(format!(" {server} did not come along: it issued {issued} more {more} under "))
                .key(old_name)
                .text(".");
        }
        if behind.len() > NAMED {
            sentence = sentence.text(format!(" Nor did {} others.", behind.len() - NAMED));
        }
        let label = Sentence::default().key(old_name).text(" → ").key(new_name).0;
        let remark = sentence.remark(ROTATION, !behind.is_empty());
        remarks.push(Remark { window: Some((from, to, label)), ..remark });
    }
    remarks
}

/// For each server, the keys that it was seen to issue under and when, by the time it began.
fn sealing(groups: &[Group]) -> BTreeMap<&str, Vec<Period>> {
    let mut sealing: BTreeMap<&str, Vec<Period>> = BTreeMap::new();
    for (number, group) in groups.iter().enumerate().filter(|(_, group)| group.key_name.is_some()) {
        for (server, course) in &group.courses {
            if let Some(span) = course.issued.span {
                sealing.entry(server).or_default().push((number, span));
            }
        }
    }
    for periods in sealing.values_mut() {
        periods.sort_by_key(|(_, span)| *span);
    }
    sealing
}

/// Servers that went on issuing under the old key after all others had changed, and how many tickets.
fn behind<'g>(old: &'g Group, new: &Group, since: Time, width: i64, changed: &BTreeSet<&str>) -> Vec<(&'g str, u64)> {
    let is_candidate = |server: &str| {
        !changed.contains(server) && new.courses.get(server).is_none_or(|course| course.issued.is_empty())
    };
    let after = |strip: &Strip| -> u64 {
        let since = millis(since).div_euclid(width);
        strip.buckets().filter(|(bucket, _)| *bucket > since).map(|(_, count)| u64::from(count)).sum()
    };
    let issued = old.courses.iter().filter(|(server, _)| is_candidate(server));
    issued
        .map(|(server, course)| (server.as_str(), after(&course.issued)))
        .filter(|(_, count)| *count >= BEHIND)
        .collect()
}

/// What became of the tickets of a key that were refused.
fn refusals(group: &Group, all: &BTreeSet<&str>) -> Option<Remark> {
    let name = group.name()?;
    let refused = group.uses.refused;
    if refused == 0 {
        return None;
    }
    let refusing: Vec<(&str, &Course)> =
        group.courses.iter().filter(|(_, course)| course.refused.total > 0).map(|(s, c)| (s.as_str(), c)).collect();
    let some = |servers: &[&str]| some_of(servers, all);
    let names: Vec<&str> = refusing.iter().map(|(server, _)| *server).collect();
    let names = some(&names);
    if group.uses.issued == 0 && group.uses.accepted == 0 {
        return Some(foreign(group, name, &names));
    }
    let tickets = |count: u64| if count == 1 { "ticket" } else { "tickets" };
    let last_taken = refusing.iter().filter_map(|(_, course)| course.accepted.span).map(|(_, last)| last).max();
    let first_refused = refusing.iter().filter_map(|(_, course)| course.refused.span).map(|(first, _)| first).min();
    let sentence = Sentence::default();
    let takers: Vec<&str> = group
        .courses
        .iter()
        .filter(|(server, course)| course.accepted.total > 0 && !refusing.iter().any(|(other, _)| other == server))
        .map(|(server, _)| server.as_str())
        .collect();
    let never: Vec<&str> =
        refusing.iter().filter(|(_, course)| course.accepted.is_empty()).map(|(server, _)| *server).collect();
    if let (Some(last), Some(first), true) = (last_taken, first_refused, never.is_empty()) {
        if last < first {
            let takers = if takers.is_empty() { String::new() } else { some(&takers) };
            return Some(dropped(name, (last, first), refused, &names, &takers));
        }
    }
    let decided = refused + group.uses.accepted;
    let sentence = sentence.text(format!("{refused} of {decided} {} under ", tickets(decided))).key(name);
    let sentence = sentence.text(format!(" were refused, by {names}."));
    let sentence = match (never.is_empty(), takers.is_empty()) {
        (false, false) => {
            let (never, takers) = (some(&never), some(&takers));
            sentence.text(format!(" Never taken by {never}; always by {takers}."))
        }
        (false, true) => sentence.text(format!(" Never taken by {}.", some(&never))),
        _ => sentence,
    };
    Some(sentence.remark("Refusals", true))
}

/// A key that servers took, and from some time on did not take any more.
fn dropped(name: &[u8], (last, first): (Time, Time), refused: u64, servers: &str, takers: &str) -> Remark {
    let all = if refused == 1 { "the only one was".to_owned() } else { format!("all {refused} were") };
    let by = if takers.is_empty() { String::new() } else { format!(" by {servers}") };
    let sentence =
        Sentence::default().text("The last ticket under ").key(name).text(format!(" was taken{by} at ")).time(last);
    let sentence = sentence.text("; from ").time(first);
    let sentence = match takers {
        "" => sentence.text(format!(" on {all} refused, by {servers}.")),
        _ => sentence.text(format!(" on {all} refused there. Always taken by {takers}.")),
    };
    let label = if takers.is_empty() { " no longer taken" } else { " no longer taken by some" };
    let label = Sentence::default().key(name).text(label).0;
    Remark { window: Some((last, first, label)), ..sentence.remark("Refusals", true) }
}

/// A key that no server here has shown to have.
fn foreign(group: &Group, name: &[u8], servers: &str) -> Remark {
    let offered = group.uses.offered;
    let tickets = if offered == 1 { "1 ticket".to_owned() } else { format!("{offered} tickets") };
    let sentence = Sentence::default().text(format!("Clients offered {tickets} under ")).key(name);
    let sentence = sentence.text(format!(" to {servers}; no server here was seen to issue or take one."));
    let sentence = match &group.key {
        Some(key) => {
            let file = crate::escape::Text(key.file.as_bytes());
            sentence.text(format!(" The key is in {file}."))
        }
        None => sentence,
    };
    sentence.remark("A foreign key", true)
}

/// Servers that issue under several keys by turns.
fn alongside(groups: &[Group]) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for (server, periods) in sealing(groups) {
        let mut names: Vec<&[u8]> = Vec::new();
        for pair in periods.windows(2) {
            let [(one, (_, end)), (other, (start, _))] = pair else { continue };
            if start <= end {
                for number in [one, other] {
                    names.extend(groups.get(*number).and_then(Group::name).filter(|name| !names.contains(name)));
                }
            }
        }
        if names.len() > 1 {
            let mut sentence = Sentence::default().text(format!("{server} issued under "));
            for (number, name) in names.iter().take(NAMED).enumerate() {
                let between = if number == 0 { "" } else { ", " };
                sentence = sentence.text(between).key(name);
            }
            let more = names.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let sentence =
                sentence.text(format!("{more} in one period: several nodes without a common key, or several keys."));
            remarks.push(sentence.remark("Several keys", true));
        }
    }
    remarks
}

/// Servers that issued no ticket although they could have.
fn no_tickets(nodes: &BTreeMap<String, Node>) -> Option<Remark> {
    let silent: Vec<(&String, &Node)> = nodes
        .iter()
        .filter(|(_, node)| node.issued == 0 && node.issued_none > 0 && node.count(Outcome::ByTicket) == 0)
        .collect();
    let cached: u64 = silent.iter().map(|(_, node)| node.count(Outcome::FromCache)).sum();
    let full: u64 = silent.iter().map(|(_, node)| node.issued_none).sum();
    if silent.is_empty() {
        return None;
    }
    let names = list(silent.iter().map(|(server, _)| server.as_str()));
    let handshakes = if full == 1 { "handshake" } else { "handshakes" };
    let sentence = Sentence::default().text(format!("{names} issued none in {full} full {handshakes} before TLS 1.3"));
    let pronoun = if silent.len() == 1 { "it" } else { "they" };
    let sentence = match cached {
        0 => sentence.text("."),
        1 => sentence.text(format!("; {pronoun} resumed 1 connection from a cache.")),
        _ => sentence.text(format!("; {pronoun} resumed {cached} connections from a cache.")),
    };
    Some(sentence.remark("No tickets", false))
}

/// Servers whose new tickets cannot be seen.
fn hidden(groups: &[Group], nodes: &BTreeMap<String, Node>) -> Option<Remark> {
    let issues =
        |server: &String| groups.iter().any(|group| group.by_server.get(server).is_some_and(|uses| uses.issued > 0));
    let hidden: Vec<&str> = nodes
        .iter()
        .filter(|(server, node)| node.tls13 > 0 && node.issued_none == 0 && !issues(server))
        .map(|(server, _)| server.as_str())
        .collect();
    if hidden.is_empty() {
        return None;
    }
    let (speak, their) = if hidden.len() == 1 { ("speaks", "its") } else { ("speak", "their") };
    let text = format!(
        "{} {speak} TLS 1.3, which encrypts new tickets: {their} keys show only in what clients bring back.",
        list(hidden.into_iter())
    );
    Some(Sentence::default().text(text).remark("Hidden", false))
}

/// Some of all servers: by name, or the others by name if these are fewer.
fn some_of(servers: &[&str], all: &BTreeSet<&str>) -> String {
    let others: Vec<&str> = all.iter().copied().filter(|server| !servers.contains(server)).collect();
    match others.len() {
        _ if servers.len() <= 3 => list(servers.iter().copied()),
        0 => format!("all {} servers", all.len()),
        1..=3 => format!("all servers but {}", list(others.into_iter())),
        _ => list(servers.iter().copied()),
    }
}

/// Some servers by name, and how many more there are.
fn list<'s>(servers: impl Iterator<Item = &'s str>) -> String {
    let servers: Vec<&str> = servers.collect();
    let more = servers.len().saturating_sub(NAMED);
    let named: Vec<&str> = servers.into_iter().take(NAMED).collect();
    match more {
        0 => named.join(", "),
        _ => format!("{} and {more} more", named.join(", ")),
    }
}
