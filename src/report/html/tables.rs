//! The tables: why, keys, findings, sessions.

use super::bars;
use super::legend::{Legend, counted, fill};
use super::markup::Html;
use crate::escape::Text;
use crate::survey::Group;
use crate::survey::picture::{NotedRule, SessionKind, Sessions, Why};
use crate::time::utc;

/// Rows of each table.
const MAX_ROWS: usize = 60;
/// Servers and places that are named in a cell.
const NAMED: usize = 4;

/// Begins a table that scrolls by itself if it is too wide.
pub(super) fn begin(class: &'static str, html: &mut Html) {
    html.raw("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table, scrolls sideways\"><table");
    if !class.is_empty() {
        html.raw(" class=\"").raw(class).raw("\"");
    }
    html.raw(">");
}

/// A row that says how many are left out.
pub(super) fn more(count: usize, columns: usize, html: &mut Html) {
    if count > 0 {
        html.raw("<tr><td class=\"sub\" colspan=\"")
            .text(columns)
            .raw("\">and ")
            .text(count)
            .raw(" more rows, left out</td></tr>");
    }
}

/// Why connections went as they did.
pub(super) fn why(legend: &Legend<'_>, html: &mut Html) {
    let overview = legend.overview;
    if overview.whys.is_empty() {
        return;
    }
    html.raw("<section id=\"why\" aria-labelledby=\"h-why\"><h2 id=\"h-why\">Why</h2>");
    begin("", html);
    html.raw("<caption>What became of ").text(counted(overview.connections(), "connection", "connections"));
    html.raw("</caption><thead><tr><th scope=\"col\">outcome</th><th scope=\"col\" class=\"n\">connections</th><th scope=\"col\">why</th><th scope=\"col\">servers</th></tr></thead><tbody>");
    for why in overview.whys.iter().take(MAX_ROWS) {
        row(legend, why, html);
    }
    more(overview.whys.len().saturating_sub(MAX_ROWS), 4, html);
    html.raw("</tbody></table></div></section>");
}

fn row(legend: &Legend<'_>, why: &Why, html: &mut Html) {
    html.raw("<tr><th scope=\"row\" class=\"nw\"><svg class=\"sw\" viewBox=\"0 0 12 12\" aria-hidden=\"true\"><rect width=\"12\" height=\"12\" class=\"");
    html.raw(bars::class(why.outcome))
        .raw("\"/></svg>")
        .raw(why.outcome.label())
        .raw("</th><td class=\"n\">")
        .text(why.count)
        .raw("</td><td>");
    match &why.sentence {
        Some(sentence) => legend.linked(sentence, html),
        None => drop(html.text(why.reason.as_str().replace('_', " ")).raw(", in other words")),
    }
    html.raw(" <span class=\"sub\">(<code>").text(why.reason.as_str()).raw("</code>)</span>");
    if !why.examples.is_empty() {
        html.raw("<details><summary>").raw(if why.examples.len() as u64 == why.count {
            "which"
        } else {
            "the first of them"
        });
        html.raw("</summary><ul class=\"list\">");
        for example in &why.examples {
            html.raw("<li>");
            if let Some(time) = example.time {
                html.text(legend.clock.time(time)).raw(" ");
            }
            html.raw("from ").text(&example.client).raw(", connection ").text(example.stream).raw("</li>");
        }
        html.raw("</ul></details>");
    }
    html.raw("</td><td>");
    let mut servers: Vec<(&String, &u64)> = why.by_server.iter().collect();
    servers.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (number, (server, count)) in servers.iter().take(NAMED).enumerate() {
        html.raw(if number == 0 { "" } else { "<br>" })
            .raw("<span class=\"nw\">")
            .text(server)
            .raw(" ×")
            .text(count)
            .raw("</span>");
    }
    others(servers.len(), html);
    html.raw("</td></tr>");
}

fn others(count: usize, html: &mut Html) {
    if count > NAMED {
        html.raw("<br><span class=\"sub\">and ").text(count - NAMED).raw(" more</span>");
    }
}

/// The keys.
pub(super) fn keys(legend: &Legend<'_>, html: &mut Html) {
    let groups = &legend.overview.groups;
    if groups.is_empty() {
        return;
    }
    let has_files = groups.iter().any(|group| group.key.is_some());
    html.raw("<section id=\"keys\" aria-labelledby=\"h-keys\"><h2 id=\"h-keys\">Keys</h2>");
    begin("", html);
    html.raw("<caption>Keys, in the order in which they were seen; a click selects a whole name</caption><thead><tr><th scope=\"col\">key name</th>");
    if has_files {
        html.raw("<th scope=\"col\">key file</th>");
    }
    html.raw("<th scope=\"col\" class=\"n\">tickets</th><th scope=\"col\" class=\"n\">issued</th><th scope=\"col\" class=\"n\">taken</th><th scope=\"col\" class=\"n\">refused</th><th scope=\"col\">seen</th><th scope=\"col\">servers that have it</th><th scope=\"col\">host names</th></tr></thead><tbody>");
    for group in groups.iter().take(MAX_ROWS) {
        key(legend, group, has_files, html);
    }
    more(groups.len().saturating_sub(MAX_ROWS), if has_files { 9 } else { 8 }, html);
    html.raw("</tbody></table></div></section>");
}

fn key(legend: &Legend<'_>, group: &Group, has_files: bool, html: &mut Html) {
    match group.name().map(hex::encode) {
        Some(name) => {
            let short = legend.names.short(&name);
            let rest = name.get(short.len()..).unwrap_or_default();
            html.raw("<tr id=\"key-").text(&name).raw("\"><th scope=\"row\"><span class=\"nw\"><svg class=\"sw\" viewBox=\"0 0 12 12\" aria-hidden=\"true\"><rect width=\"12\" height=\"12\" rx=\"2\" class=\"bar ");
            html.raw(fill(legend.colour(group)))
                .raw("\"/></svg><code class=\"full\"><b>")
                .text(short)
                .raw("</b>")
                .text(rest)
                .raw("</code></span>");
            if group.name_length < crate::ticket::NAME_LENGTH {
                html.raw("<br><span class=\"sub\">the first bytes; the others are a salt</span>");
            }
        }
        None => drop(html.raw("<tr><th scope=\"row\">").raw(super::legend::nameless(group))),
    }
    html.raw("<br><span class=\"sub\">").text(shape(group)).raw("</span></th>");
    if has_files {
        html.raw("<td>");
        match &group.key {
            Some(key) => {
                html.text(Text(key.file.as_bytes()))
                    .raw(", key ")
                    .text(key.index)
                    .raw("<br><span class=\"sub\">")
                    .text(key.role.as_str());
                html.raw(if key.verified { "" } else { ", by its name: no MAC verifies" }).raw("</span>");
            }
            None if group.key_name.is_some() => drop(html.raw("<b class=\"bad\">none of those given</b>")),
            None => drop(html.raw("–")),
        }
        html.raw("</td>");
    }
    for count in [group.tickets, group.uses.issued, group.uses.accepted] {
        html.raw("<td class=\"n\">").text(count).raw("</td>");
    }
    html.raw(if group.uses.refused > 0 { "<td class=\"n bad\">× " } else { "<td class=\"n\">" })
        .text(group.uses.refused)
        .raw("</td><td>");
    match (group.first_seen, group.last_seen) {
        (Some(first), Some(last)) => drop(html.text(legend.clock.span((first, last)))),
        _ => drop(html.raw("–")),
    }
    html.raw("</td><td>");
    let servers: Vec<&str> = group.servers().collect();
    for (number, server) in servers.iter().take(NAMED).enumerate() {
        html.raw(if number == 0 { "" } else { "<br>" }).text(server);
    }
    if servers.is_empty() {
        html.raw("–");
    }
    others(servers.len(), html);
    html.raw("</td><td>");
    for (number, name) in group.snis.iter().take(NAMED).enumerate() {
        html.raw(if number == 0 { "" } else { "<br>" }).text(Text(name));
    }
    if group.snis.is_empty() {
        html.raw("–");
    }
    others(group.snis.len(), html);
    html.raw("</td></tr>");
}

/// Whose tickets they look like, and how long they are.
fn shape(group: &Group) -> String {
    let lengths = match (group.lengths.first(), group.lengths.last()) {
        (Some(least), Some(most)) if least == most => format!(", {least} bytes"),
        (Some(least), Some(most)) => format!(", {least} to {most} bytes"),
        _ => String::new(),
    };
    format!("shape {}{lengths}", group.shape.as_str())
}

/// What an audit found.
pub(super) fn findings(legend: &Legend<'_>, html: &mut Html) {
    let findings = &legend.overview.findings;
    if findings.is_empty() {
        return;
    }
    html.raw("<section id=\"find\" aria-labelledby=\"h-find\"><h2 id=\"h-find\">Findings</h2>");
    begin("", html);
    html.raw("<caption>What the audit says, one row a rule</caption><thead><tr><th scope=\"col\">severity</th><th scope=\"col\">rule</th><th scope=\"col\" class=\"n\">times</th><th scope=\"col\">finding</th><th scope=\"col\">reference</th></tr></thead><tbody>");
    for rule in findings.iter().take(MAX_ROWS) {
        finding(legend, rule, html);
    }
    more(findings.len().saturating_sub(MAX_ROWS), 5, html);
    html.raw("</tbody></table></div></section>");
}

fn finding(legend: &Legend<'_>, rule: &NotedRule, html: &mut Html) {
    let noted = &rule.first;
    html.raw("<tr><td>");
    match &*noted.severity {
        "error" => html.raw("<span class=\"sev e\"><svg viewBox=\"0 0 12 12\" aria-hidden=\"true\"><path d=\"M2 2l8 8m0-8l-8 8\"/></svg>error</span>"),
        "warning" => html.raw("<span class=\"sev w\"><svg viewBox=\"0 0 12 12\" aria-hidden=\"true\"><path d=\"M6 1l5 10H1z\"/></svg>warning</span>"),
        _ => html.raw("<span class=\"sev i\"><svg viewBox=\"0 0 12 12\" aria-hidden=\"true\"><circle cx=\"6\" cy=\"6\" r=\"4.4\"/></svg>info</span>"),
    };
    html.raw("</td><th scope=\"row\"><code>")
        .text(&noted.rule)
        .raw("</code></th><td class=\"n\">")
        .text(rule.count)
        .raw("</td><td>");
    html.raw(if rule.is_one_message { "" } else { "<span class=\"sub\">for example: </span>" });
    legend.linked(&noted.message, html);
    html.raw("<br><span class=\"sub\">").text(&noted.hint).raw("</span>");
    html.raw("<details><summary>where</summary><ul class=\"list\">");
    for place in &rule.places {
        html.raw("<li>").text(place).raw("</li>");
    }
    let rest = rule.count.saturating_sub(rule.places.len() as u64);
    if rest > 0 {
        html.raw("<li>and ").text(rest).raw(" more</li>");
    }
    html.raw("</ul></details></td><td class=\"sub\">").text(&noted.reference).raw("</td></tr>");
}

/// What was inside the tickets that opened.
pub(super) fn sessions(legend: &Legend<'_>, html: &mut Html) {
    let sessions = &legend.overview.sessions;
    if sessions.is_empty() {
        return;
    }
    let tickets: u64 = sessions.iter().map(|(_, sessions)| sessions.tickets).sum();
    html.raw("<section id=\"sess\" aria-labelledby=\"h-sess\"><h2 id=\"h-sess\">Sessions</h2>");
    begin("", html);
    html.raw("<caption>What is inside ").text(counted(tickets, "ticket that opened", "tickets that opened"));
    html.raw(", each time one was seen; no secret is shown</caption><thead><tr><th scope=\"col\">key</th><th scope=\"col\">protocol, cipher suite</th><th scope=\"col\">made by</th><th scope=\"col\">client certificate</th><th scope=\"col\" class=\"n\">tickets</th><th scope=\"col\">last for</th><th scope=\"col\">from first start to last end</th></tr></thead><tbody>");
    for (kind, counts) in sessions.iter().take(MAX_ROWS) {
        session(kind, counts, html);
    }
    more(sessions.len().saturating_sub(MAX_ROWS), 7, html);
    html.raw("</tbody></table></div></section>");
}

fn session(kind: &SessionKind, sessions: &Sessions, html: &mut Html) {
    html.raw("<tr><th scope=\"row\">")
        .text(&kind.key)
        .raw("</th><td>")
        .text(&kind.protocol)
        .raw("<br><span class=\"sub\">")
        .text(&kind.cipher);
    html.raw("</span></td><td>").text(&kind.producer).raw("</td><td>").raw(if kind.has_certificate {
        "yes"
    } else {
        "–"
    });
    html.raw("</td><td class=\"n\">").text(sessions.tickets).raw("</td><td>");
    match sessions.timeout {
        Some((least, most)) if least == most => drop(html.text(least).raw(" s")),
        Some((least, most)) => drop(html.text(least).raw(" to ").text(most).raw(" s")),
        None => drop(html.raw("–")),
    }
    html.raw("</td><td>");
    match sessions.life.map(|(first, last)| (utc(first), utc(last))) {
        Some((Some(first), Some(last))) => drop(html.text(first).raw(" –<br>").text(last)),
        _ => drop(html.raw("–")),
    }
    html.raw("</td></tr>");
}
