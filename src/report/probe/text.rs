//! What a probe showed, for people.

use std::fmt::Write as _;

use super::{PoolView, View, letter};
use crate::audit::{Finding, Severity};
use crate::escape::Text;
use crate::probe::matrix::{Pair, Seal};
use crate::probe::plan::Version;
use crate::probe::seen::{Fresh, Kind, NodeFacts, SealedBy, VersionFacts};
use crate::probe::verdicts;
use crate::report::Page;
use crate::report::text::Styles;

/// The widest matrix that a terminal shows.
const MAX_MATRIX: usize = 16;
/// Different reasons that are listed.
const MAX_REASONS: usize = 6;
/// Width of a label.
const LABEL: usize = 9;

/// Renders rounds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Renderer {
    /// The colours.
    pub styles: Styles,
    /// Whether keys were given, so that one that is not among them is worth a word.
    pub has_keys: bool,
}

impl Renderer {
    /// Appends a round.
    pub fn view(&self, view: &View<'_>, out: &mut Page) {
        let mut text = String::new();
        for (number, pool) in view.pools.iter().enumerate() {
            let members: Vec<usize> =
                view.nodes.iter().enumerate().filter(|(_, node)| node.pool == number).map(|(at, _)| at).collect();
            if members.len() > 1 {
                blank(&mut text);
                self.pool(view, pool, &members, &mut text);
            }
            for &at in &members {
                let Some(node) = view.nodes.get(at) else { continue };
                let has_more = view.findings.iter().any(|(of, _)| *of == Some(at)) || node.failure().is_some();
                if members.len() == 1 || has_more || node.altered.iter().len() > 0 {
                    blank(&mut text);
                    self.node(view, at, node, &mut text);
                }
            }
        }
        if !view.crossings.is_empty() {
            blank(&mut text);
            self.crossings(view, &mut text);
        }
        for (_, finding) in view.findings.iter().filter(|(node, finding)| node.is_none() && !is_shown(view, finding)) {
            self.finding(finding, &mut text);
        }
        out.extend_from_slice(text.as_bytes());
    }

    fn line(&self, label: &str, value: &str, text: &mut String) {
        let faint = self.styles.label;
        // writing to a String does not fail
        let _ = writeln!(text, "  {faint}{label:LABEL$}{faint:#} {value}");
    }

    fn node(&self, view: &View<'_>, at: usize, node: &NodeFacts, text: &mut String) {
        let heading = self.styles.heading;
        let host = Text(node.host.as_bytes());
        let _ = writeln!(text, "{heading}{host} at {}{heading:#}", verdicts::shown(node));
        for facts in &node.versions {
            self.version(facts, text);
        }
        for (seal, key) in seals(node) {
            self.key(&seal, key, text);
        }
        if let Some(problem) = &node.certificate_problem {
            self.line("cert", &format!("not verified: {}", Text(problem.as_bytes())), text);
        }
        self.altered(node, text);
        for (_, finding) in view.findings.iter().filter(|(of, _)| *of == Some(at)) {
            self.finding(finding, text);
        }
    }

    fn version(&self, facts: &VersionFacts, text: &mut String) {
        let version = facts.version.as_str();
        if !facts.is_spoken() {
            if let Some(failure) = &facts.failure {
                let bad = self.styles.bad;
                self.line(version, &format!("{bad}not probed{bad:#}: {failure}"), text);
            }
            return;
        }
        let (resumed, offered) = (facts.resumed, facts.offered);
        let style = match () {
            () if offered == 0 => self.styles.label,
            () if resumed == offered => self.styles.good,
            () if resumed == 0 => self.styles.bad,
            () => self.styles.warning,
        };
        let how = if offered == 0 { "nothing to resume".to_owned() } else { format!("resumed {resumed} of {offered}") };
        let how = format!("{style}{how:14}{style:#}");
        let mut value = format!("{how}  {}", issued(facts));
        if let Some(failure) = &facts.failure {
            let _ = write!(value, "; one connection failed: {failure}");
        }
        self.line(version, &value, text);
    }

    fn key(&self, seal: &Seal, key: Option<&SealedBy>, text: &mut String) {
        let bad = self.styles.bad;
        let file = match key {
            Some(key) => format!("  {}, key {}, {}", Text(key.file.as_bytes()), key.index, key.role.as_str()),
            None if self.has_keys => format!("  {bad}none of the keys given{bad:#}"),
            None => String::new(),
        };
        self.line("key", &format!("{}{file}", seal.shown()), text);
    }

    fn altered(&self, node: &NodeFacts, text: &mut String) {
        let mut lines: Vec<(Version, String, Vec<String>)> = Vec::new();
        for altered in &node.altered {
            let (answer, part) = (altered.answer.to_string(), altered.part.to_string());
            match lines.iter_mut().find(|(version, known, _)| *version == altered.version && *known == answer) {
                Some((_, _, parts)) => parts.push(part),
                None => lines.push((altered.version, answer, vec![part])),
            }
        }
        for (version, answer, parts) in lines {
            self.line("altered", &format!("{version}: {}: {answer}", parts.join(", ")), text);
        }
    }

    fn finding(&self, finding: &Finding, text: &mut String) {
        let faint = self.styles.label;
        let colour = match finding.severity {
            Severity::Error => self.styles.bad,
            Severity::Warning => self.styles.warning,
            Severity::Info => self.styles.label,
        };
        let Finding { rule, severity, message, .. } = finding;
        let _ = writeln!(text, "  {colour}{severity:LABEL$}{colour:#} {message}");
        let _ = writeln!(text, "  {:LABEL$} {faint}{}  {}{faint:#}", "", rule.id, rule.hint);
    }

    fn pool(&self, view: &View<'_>, pool: &PoolView<'_>, members: &[usize], text: &mut String) {
        let Some(first) = members.first().and_then(|&at| view.nodes.get(at)) else { return };
        let heading = self.styles.heading;
        let host = Text(first.host.as_bytes());
        let up = members.iter().filter(|&&at| view.nodes.get(at).is_some_and(NodeFacts::is_up)).count();
        let count = members.len();
        let what = match (pool.groups.len(), up) {
            (_, 0) => format!("{count} nodes, none of which could be probed"),
            (0, _) => format!("{count} nodes"),
            (1, _) => format!("{up} nodes that resume each other's sessions"),
            (groups, _) => format!("{up} nodes in {groups} groups that do not resume each other's sessions"),
        };
        let down = if up > 0 && up < count { format!("; {} could not be probed", count - up) } else { String::new() };
        let _ = writeln!(text, "{heading}{host}: {what}{down}{heading:#}");
        for (number, group) in pool.groups.iter().enumerate() {
            self.group(view.nodes, number, group, text);
        }
        if pool.groups.is_empty() {
            for &at in members {
                let Some(node) = view.nodes.get(at) else { continue };
                for (seal, key) in seals(node) {
                    self.key(&seal, key, text);
                }
            }
        }
        self.matrix(view.nodes, pool, members, text);
        let (resumed, all) = verdicts::shared(pool.pairs);
        if resumed < all {
            let _ = writeln!(text, "\n  a client that changes node resumes in {resumed} of {all} cases tried");
        }
        let about = |finding: &Finding| finding.subject.file.starts_with(first.host.as_str());
        for (_, finding) in view.findings.iter().filter(|(of, finding)| of.is_none() && about(finding)) {
            self.finding(finding, text);
        }
    }

    fn group(&self, nodes: &[NodeFacts], number: usize, group: &[usize], text: &mut String) {
        let bad = self.styles.bad;
        let (name, key) = verdicts::group_key(nodes, group);
        let name = name.map_or_else(|| "no key name".to_owned(), |name| name.to_string());
        let file = match key {
            Some(key) => format!("  {}, key {}, {}", Text(key.file.as_bytes()), key.index, key.role.as_str()),
            None if self.has_keys => format!("  {bad}none of the keys given{bad:#}"),
            None => String::new(),
        };
        let addresses: Vec<String> = group.iter().filter_map(|&at| nodes.get(at)).map(verdicts::shown).collect();
        let _ = writeln!(text, "  {}  {name}{file}    {}", letter(number), addresses.join("  "));
    }

    fn matrix(&self, nodes: &[NodeFacts], pool: &PoolView<'_>, members: &[usize], text: &mut String) {
        let alive: Vec<usize> =
            members.iter().copied().filter(|&at| nodes.get(at).is_some_and(NodeFacts::is_up)).collect();
        if pool.pairs.is_empty() || alive.len() > MAX_MATRIX {
            return;
        }
        let names: Vec<String> = alive.iter().filter_map(|&at| nodes.get(at)).map(verdicts::shown).collect();
        let width = names.iter().map(String::len).max().unwrap_or_default().max("ticket of".len());
        let short = short_names(&names);
        let columns = short.iter().map(|name| format!("  {name:>3}")).collect::<Vec<_>>().concat();
        let faint = self.styles.label;
        let _ = writeln!(text, "\n  {faint}{:width$}  offered to{columns}{faint:#}", "ticket of");
        let legend = ["R resumed  - refused  ? not tried", &agreement(pool.pairs)];
        for (row, (&from, name)) in alive.iter().zip(&names).enumerate() {
            let cells: Vec<String> = alive
                .iter()
                .map(|&to| {
                    let pairs: Vec<&Pair> =
                        pool.pairs.iter().filter(|pair| (pair.from, pair.to) == (from, to)).collect();
                    let cell = if from == to { own(nodes, from) } else { cell(&pairs) };
                    let style = match cell {
                        "R" => self.styles.good,
                        "-" => self.styles.bad,
                        _ => self.styles.warning,
                    };
                    format!("  {style}{cell:>3}{style:#}")
                })
                .collect();
            let legend = legend.get(row).copied().unwrap_or_default();
            let end = if legend.is_empty() { String::new() } else { format!("      {faint}{legend}{faint:#}") };
            let _ = writeln!(text, "  {name:width$}  {:10}{}{end}", "", cells.concat());
        }
    }

    fn crossings(&self, view: &View<'_>, text: &mut String) {
        let heading = self.styles.heading;
        let resumed = view.crossings.iter().filter(|pair| pair.resumed == Some(true)).count();
        let all = view.crossings.len();
        let _ = writeln!(text, "{heading}Across names: {resumed} of {all} offers were resumed{heading:#}");
        let mut contexts: Vec<(usize, &Option<String>)> = Vec::new();
        for pair in view.crossings {
            let [from, to] = &pair.names;
            for context in [(pair.from, from), (pair.to, to)] {
                if !contexts.contains(&context) {
                    contexts.push(context);
                }
            }
        }
        let names: Vec<String> = contexts
            .iter()
            .map(|(at, name)| view.nodes.get(*at).map_or_else(String::new, |node| context(node, name.as_deref())))
            .collect();
        let width = names.iter().map(String::len).max().unwrap_or_default().max("session of".len()) + 4;
        let columns = (1..=names.len()).map(|number| format!("  {number:>3}")).collect::<Vec<_>>().concat();
        let faint = self.styles.label;
        let _ = writeln!(text, "\n  {faint}{:width$}  offered to{columns}{faint:#}", "session of");
        let legend = ["R resumed  - refused  ? not tried", &agreement(view.crossings)];
        for (row, (from, name)) in contexts.iter().zip(&names).enumerate() {
            let cells: Vec<String> = contexts
                .iter()
                .map(|to| {
                    let of_pair = |pair: &&Pair| {
                        let [from_name, to_name] = &pair.names;
                        ((pair.from, from_name), (pair.to, to_name)) == (*from, *to)
                    };
                    let pairs: Vec<&Pair> = view.crossings.iter().filter(of_pair).collect();
                    let cell = if from == to { "." } else { cell(&pairs) };
                    let style = match cell {
                        "-" => self.styles.good,
                        "." => self.styles.label,
                        _ => self.styles.warning,
                    };
                    format!("  {style}{cell:>3}{style:#}")
                })
                .collect();
            let legend = legend.get(row).copied().unwrap_or_default();
            let end = if legend.is_empty() { String::new() } else { format!("      {faint}{legend}{faint:#}") };
            let _ = writeln!(text, "  {:width$}  {:10}{}{end}", format!("{:>2}  {name}", row + 1), "", cells.concat());
        }
        text.push('\n');
        let mut reasons: Vec<(bool, &str)> = Vec::new();
        for pair in view.crossings {
            let Some(resumed) = pair.resumed else { continue };
            if !reasons.contains(&(resumed, &pair.why)) && reasons.len() < MAX_REASONS {
                reasons.push((resumed, &pair.why));
            }
        }
        for (resumed, why) in reasons {
            self.line(if resumed { "resumed" } else { "refused" }, why, text);
        }
        for (_, finding) in view.findings.iter().filter(|(_, finding)| finding.rule.id == "resumes-across-names") {
            self.finding(finding, text);
        }
    }
}

fn blank(text: &mut String) {
    if !text.is_empty() {
        text.push('\n');
    }
}

/// Whether a finding stands with its pool or with the crossings already.
fn is_shown(view: &View<'_>, finding: &Finding) -> bool {
    let with_pool = view.nodes.iter().any(|node| {
        let members = view.nodes.iter().filter(|other| other.pool == node.pool).count();
        members > 1 && finding.subject.file.starts_with(node.host.as_str())
    });
    with_pool || (finding.rule.id == "resumes-across-names" && !view.crossings.is_empty())
}

fn context(node: &NodeFacts, name: Option<&str>) -> String {
    let address = node.address;
    match name {
        Some(name) => format!("{}:{}", Text(name.as_bytes()), address.port()),
        None => format!("{address} without a name"),
    }
}

/// What a version's handshakes gave out.
fn issued(facts: &VersionFacts) -> String {
    let fresh: Vec<&Fresh> = facts.fresh.first().map(|list| list.iter().collect()).unwrap_or_default();
    let Some(first) = fresh.first() else {
        return match facts.kind() {
            Kind::Stateful => "no ticket; by session ID, from the server's cache".to_owned(),
            _ if facts.has_session_id => "no ticket; a session ID that is not resumed".to_owned(),
            _ => "no ticket, no session ID".to_owned(),
        };
    };
    let lengths: Vec<usize> = fresh.iter().map(|ticket| ticket.length).collect();
    let (least, most) = (lengths.iter().min().copied().unwrap_or(0), lengths.iter().max().copied().unwrap_or(0));
    let bytes = if least == most { format!("{least}") } else { format!("{least} to {most}") };
    let what = if first.is_handle { "handle" } else { "ticket" };
    let mut text = match fresh.len() {
        1 => format!("{what} of {bytes} bytes"),
        count => format!("{count} {what}s of {bytes} bytes"),
    };
    match first.lifetime {
        0 => text += ", lifetime left to the client",
        seconds => {
            let _ = write!(text, ", {seconds} s");
        }
    }
    if first.is_handle {
        text += if facts.resumed > 0 { ", of the server's cache" } else { ", which are not resumed" };
    }
    if facts.version == Version::Tls13 {
        let (_, renewed) = facts.issued();
        if renewed > 0 {
            let _ = write!(text, "; {renewed} more on resumption");
        }
    }
    if let Some(most) = facts.max_early_data() {
        let _ = write!(text, "; early data up to {most} bytes");
    }
    match facts.early_data {
        Some(true) => text += ", accepted",
        Some(false) => text += "; early data refused",
        None => {}
    }
    text
}

/// What sealed the tickets of a node, without repetition.
fn seals(node: &NodeFacts) -> Vec<(Seal, Option<&SealedBy>)> {
    let names = node.key_names();
    let mut seals: Vec<(Seal, Option<&SealedBy>)> = Vec::new();
    for ticket in node.tickets() {
        let Some(seal) = Seal::of(ticket) else { continue };
        // what is another one in every ticket is not a name
        if ticket.key.is_none() && seal.name.is_some_and(|name| !names.contains(&name)) {
            continue;
        }
        if !seals.iter().any(|(known, _)| known.is(&seal) == Some(true)) {
            seals.push((seal, ticket.key.as_ref()));
        }
    }
    seals
}

/// What a node does with its own sessions.
fn own(nodes: &[NodeFacts], at: usize) -> &'static str {
    let Some(node) = nodes.get(at) else { return "?" };
    let (resumed, offered) =
        node.spoken().fold((0, 0), |(resumed, offered), facts| (resumed + facts.resumed, offered + facts.offered));
    match () {
        () if offered == 0 => "?",
        () if resumed == offered => "R",
        () if resumed == 0 => "-",
        () => "r",
    }
}

/// What became of the offers of one session in all versions.
fn cell(pairs: &[&Pair]) -> &'static str {
    let of = |version| {
        let mut tried = pairs.iter().filter(|pair| pair.version == version).filter_map(|pair| pair.resumed);
        let first = tried.next()?;
        // with and without a client certificate: what resumes in one way resumes
        Some(tried.fold(first, |any, resumed| any || resumed))
    };
    match (of(Version::Tls12), of(Version::Tls13)) {
        (None, None) => "?",
        (Some(true) | None, Some(true)) | (Some(true), None) => "R",
        (Some(false) | None, Some(false)) | (Some(false), None) => "-",
        (Some(true), Some(false)) => "1.2",
        (Some(false), Some(true)) => "1.3",
    }
}

/// Whether the versions say one thing.
fn agreement(pairs: &[Pair]) -> String {
    let both = pairs.iter().any(|pair| pair.version == Version::Tls12)
        && pairs.iter().any(|pair| pair.version == Version::Tls13);
    let differ = pairs.iter().any(|one| {
        let other = pairs.iter().find(|other| {
            (other.from, other.to, &other.names, other.certificate) == (one.from, one.to, &one.names, one.certificate)
                && other.version != one.version
        });
        other.is_some_and(|other| one.resumed.is_some() && other.resumed.is_some() && other.resumed != one.resumed)
    });
    match (both, differ) {
        (false, _) => pairs.first().map_or_else(String::new, |pair| format!("{} alone", pair.version)),
        (true, false) => "TLSv1.2 and TLSv1.3 agree".to_owned(),
        (true, true) => "1.2, 1.3: in that version alone".to_owned(),
    }
}

/// Names short enough for a column: what follows the part that all have in common, or numbers.
fn short_names(names: &[String]) -> Vec<String> {
    let tails: Vec<String> = names
        .iter()
        .map(|name| name.rsplit(['.', ':']).next().map_or_else(String::new, |tail| format!(".{tail}")))
        .collect();
    let mut sorted = tails.clone();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() == names.len() && tails.iter().all(|tail| tail.len() <= 4) {
        return tails;
    }
    (1..=names.len()).map(|number| number.to_string()).collect()
}
