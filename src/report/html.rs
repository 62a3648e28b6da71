//! Pictures of an overview as one HTML file: no script, no network, light and dark, for paper too. It never holds a
//! secret.
//!
//! All text comes onto the page through one writer, which escapes it; the page forbids itself scripts and requests by a
//! content security policy, in case that anything gets by.

mod axis;
mod bars;
mod lanes;
mod legend;
mod markup;
mod matrix;
mod tables;

use self::legend::{Legend, counted};
use self::markup::Html;
use super::Page;
use super::clock::{day, percent};
use crate::escape::Text;
use crate::survey::Outcome;
use crate::survey::picture::{Overview, PictureLeftOut};

/// The style of the page.
const STYLE: &str = include_str!("html/report.css");
/// Inputs and key files that are named at the top.
const NAMED: usize = 6;

/// What a page says about itself.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The inputs, as they were named.
    pub inputs: &'a [String],
    /// The key files, as they were named.
    pub keys: &'a [String],
}

/// Appends the page.
pub fn page(overview: &Overview, about: About<'_>, out: &mut Page) {
    let legend = Legend::new(overview);
    let sections = sections(&legend);
    let mut html = Html::default();
    head(about, &mut html);
    header(&legend, about, &mut html);
    html.raw("<nav aria-label=\"Sections\">");
    for (target, title, _) in &sections {
        html.raw("<a href=\"").raw(target).raw("\">").raw(title).raw("</a>");
    }
    html.raw("</nav>\n<main>\n");
    for (.., section) in &sections {
        html.append(section).raw("\n");
    }
    html.raw("</main>\n<footer><p>Made by <code>tktdump survey -f html</code>. This file holds no script, no secret and no link to another file. Times are UTC.</p></footer>\n</body></html>\n");
    out.extend_from_slice(html.into_text().as_bytes());
}

/// The sections that have something in them: link, title, and all of it.
fn sections(legend: &Legend<'_>) -> Vec<(&'static str, &'static str, Html)> {
    type Draw = fn(&Legend<'_>, &mut Html);
    const SECTIONS: [(&str, &str, Draw); 7] = [
        ("#say", "In short", say),
        ("#time", "Timeline", time),
        ("#matrix", "Who takes what", matrix::draw),
        ("#why", "Why", tables::why),
        ("#keys", "Keys", tables::keys),
        ("#find", "Findings", tables::findings),
        ("#sess", "Sessions", tables::sessions),
    ];
    let draw = |(target, title, draw): (&'static str, &'static str, Draw)| {
        let mut html = Html::default();
        draw(legend, &mut html);
        (target, title, html)
    };
    SECTIONS.into_iter().map(draw).filter(|(.., section)| !section.is_empty()).collect()
}

fn head(about: About<'_>, html: &mut Html) {
    html.raw("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n<meta name=\"referrer\" content=\"no-referrer\"><meta name=\"color-scheme\" content=\"light dark\"><meta name=\"generator\" content=\"tktdump\"><title>Session tickets");
    if let Some(first) = about.inputs.first() {
        html.raw(": ").text(Text(file_name(first).as_bytes()));
    }
    html.raw("</title><style>\n").raw(STYLE).raw("</style></head><body>\n<svg width=\"0\" height=\"0\" class=\"defs\" aria-hidden=\"true\"><defs><pattern id=\"hr\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect width=\"5\" height=\"5\" class=\"h-bg\"/><rect width=\"2\" height=\"5\" class=\"h-fg\"/></pattern><pattern id=\"hc\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\"><rect width=\"4\" height=\"4\" class=\"h-bg\"/><rect width=\"4\" height=\"1.4\" class=\"c-fg\"/></pattern></defs></svg>\n");
}

fn header(legend: &Legend<'_>, about: About<'_>, html: &mut Html) {
    html.raw("<header><h1>Session tickets</h1><p class=\"meta\"><b>").text(names(about.inputs)).raw("</b>");
    if legend.overview.span.is_some() {
        let (first, last) = (day(legend.first), day(legend.last));
        let clock = legend.clock;
        html.raw(", ")
            .text(clock.millis(legend.first))
            .raw(" to ")
            .text(clock.millis(legend.last))
            .raw(" UTC, ")
            .text(&first);
        if first != last {
            html.raw(" to ").text(last);
        }
    }
    html.raw(".");
    if about.keys.is_empty() {
        html.raw(" No key was given: tickets are told apart by the key names that they begin with.");
    } else {
        html.raw(" Keys: ").text(names(about.keys)).raw(".");
    }
    html.raw(" No secret is in this file.</p></header>\n");
}

/// The names of some files.
fn names(paths: &[String]) -> String {
    let names: Vec<String> =
        paths.iter().take(NAMED).map(|path| Text(file_name(path).as_bytes()).to_string()).collect();
    let more = paths.len().saturating_sub(NAMED);
    match more {
        0 => names.join(", "),
        _ => format!("{} and {more} more", names.join(", ")),
    }
}

fn file_name(path: &str) -> &str {
    match path.rsplit('/').next() {
        Some("") | None => path,
        Some(name) => name,
    }
}

/// In short: some numbers, and what is worth saying.
fn say(legend: &Legend<'_>, html: &mut Html) {
    let overview = legend.overview;
    html.raw("<section id=\"say\" aria-labelledby=\"h-say\"><h2 id=\"h-say\">In short</h2><dl class=\"tiles\">");
    for (value, label, more, is_bad) in tiles(legend) {
        html.raw("<div><dt>").raw(label).raw("</dt><dd").raw(if is_bad { " class=\"bad\">" } else { ">" }).text(value);
        html.raw("</dd><dd class=\"sub\">").text(more).raw("</dd></div>");
    }
    html.raw("</dl>");
    let left_out = left_out(&overview.left_out);
    if !overview.remarks.is_empty() || !left_out.is_empty() {
        html.raw("<ul class=\"say\">");
        for remark in &overview.remarks {
            html.raw(if remark.is_bad { "<li class=\"hot\"><b>" } else { "<li><b>" }).raw(remark.title).raw(".</b> ");
            legend.sentence(&remark.pieces, html);
            html.raw("</li>");
        }
        for sentence in left_out {
            html.raw("<li><b>Left out.</b> ").text(sentence).raw("</li>");
        }
        html.raw("</ul>");
    }
    html.raw("</section>");
}

/// Number, what it counts, more about it, and whether it is bad.
type Tile = (String, &'static str, String, bool);

fn tiles(legend: &Legend<'_>) -> Vec<Tile> {
    let overview = legend.overview;
    let (taken, refused) = (overview.total(Outcome::ByTicket), overview.total(Outcome::Refused));
    let connections = overview.connections();
    let tickets: u64 = overview.groups.iter().map(|group| group.tickets).sum();
    let mut tiles: Vec<Tile> = Vec::new();
    if connections > 0 {
        let servers = counted(overview.servers().len() as u64, "server", "servers");
        tiles.push((
            connections.to_string(),
            if connections == 1 { "connection" } else { "connections" },
            servers,
            false,
        ));
    } else {
        let issued: u64 = overview.groups.iter().map(|group| group.uses.issued).sum();
        let more = if issued > 0 { format!("{issued} issued") } else { "in no capture".to_owned() };
        tiles.push((tickets.to_string(), if tickets == 1 { "ticket" } else { "tickets" }, more, false));
    }
    if taken + refused > 0 {
        let share = format!("{} %", percent(taken, taken + refused));
        let more = format!("{taken} of {} connections that brought one", taken + refused);
        tiles.push((share, "tickets taken", more, false));
        let cost = if refused == 0 { "none cost a full handshake" } else { "each cost a full handshake" };
        tiles.push((refused.to_string(), "tickets refused", cost.to_owned(), refused > 0));
    }
    let with_name = overview.groups.iter().filter(|group| group.key_name.is_some());
    let (mut names, mut foreign) = (0, 0);
    for group in with_name {
        names += 1;
        foreign += u64::from(group.uses.offered > 0 && group.uses.issued + group.uses.accepted == 0);
    }
    let more = match foreign {
        0 => counted(tickets, "ticket seen", "tickets seen"),
        _ => format!("{foreign} of them foreign"),
    };
    tiles.push((names.to_string(), if names == 1 { "key name" } else { "key names" }, more, false));
    tiles.extend(rotations(legend));
    tiles.extend(errors(overview));
    tiles
}

fn rotations(legend: &Legend<'_>) -> Option<Tile> {
    let rotations: Vec<_> =
        legend.overview.remarks.iter().filter(|remark| remark.title == crate::survey::ROTATION).collect();
    let (_, _, label) = rotations.last()?.window.as_ref()?;
    let label = lanes::words(legend, label);
    let more = if rotations.len() == 1 { label } else { format!("last {label}") };
    Some((rotations.len().to_string(), if rotations.len() == 1 { "rotation" } else { "rotations" }, more, false))
}

fn errors(overview: &Overview) -> Option<Tile> {
    let count = |severity: &str| -> u64 {
        overview.findings.iter().filter(|rule| rule.first.severity == severity).map(|rule| rule.count).sum()
    };
    if overview.findings.is_empty() {
        return None;
    }
    let (errors, warnings, notes) = (count("error"), count("warning"), count("info"));
    let more = format!("{}, {}", counted(warnings, "warning", "warnings"), counted(notes, "note", "notes"));
    Some((errors.to_string(), if errors == 1 { "error" } else { "errors" }, more, errors > 0))
}

fn left_out(left_out: &PictureLeftOut) -> Vec<String> {
    let survey = left_out.survey;
    let all = [
        (survey.names, "tickets are counted without their key name: there are too many names."),
        (survey.servers, "times a ticket is counted for its key and not for its server: there are too many servers."),
        (left_out.connections, "connections are counted without their server: there are too many servers."),
        (left_out.sessions, "opened tickets are not in the table of sessions: there are too many kinds."),
        (left_out.findings, "findings are not in the table: there are too many rules."),
    ];
    all.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
}

fn time(legend: &Legend<'_>, html: &mut Html) {
    let mut pictures = Html::default();
    let left_out = lanes::draw(legend, &mut pictures);
    bars::draw(legend, &mut pictures);
    if pictures.is_empty() {
        return;
    }
    html.raw("<section id=\"time\" aria-labelledby=\"h-time\"><h2 id=\"h-time\">Keys and tickets over time</h2>");
    html.append(&pictures);
    if let Some(count @ 1..) = left_out {
        html.raw("<p class=\"how\">").text(count).raw(" more servers are not in the first picture: it shows the ");
        html.text(lanes::MAX_SERVERS).raw(" that refused and did most.</p>");
    }
    html.raw("</section>");
}
