//! The second picture: the share of tickets that were taken, and what became of all connections, over time.

use std::collections::BTreeMap;

use super::axis::{Axis, LEFT, RIGHT, counted};
use super::legend::Legend;
use super::markup::Html;
use crate::report::clock::percent;
use crate::survey::Outcome;

/// Bars across the picture, at most.
const MAX_BARS: i64 = 40;
/// Heights of the picture: the share from here…
const SHARE_TOP: f64 = 30.0;
/// …to here, …
const SHARE_BOTTOM: f64 = 86.0;
/// …and the bars from here, at their highest, …
const BARS_TOP: f64 = 122.0;
/// …to here.
const BARS_BOTTOM: f64 = 222.0;

/// From the bottom of a bar to its top.
const STACK: [Outcome; 7] = [
    Outcome::ByTicket,
    Outcome::FromCache,
    Outcome::ExternalPsk,
    Outcome::Refused,
    Outcome::CacheMiss,
    Outcome::NoTicket,
    Outcome::Incomplete,
];

/// The class that fills the part of a bar.
pub(super) fn class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::ByTicket => "s-ticket",
        Outcome::FromCache => "s-cache",
        Outcome::ExternalPsk => "s-external",
        Outcome::Refused => "s-refused",
        Outcome::CacheMiss => "s-missed",
        Outcome::NoTicket => "s-fresh",
        Outcome::Incomplete => "s-broken",
    }
}

/// Connections of one stretch of time.
#[derive(Default)]
struct Bar(BTreeMap<Outcome, u64>);

impl Bar {
    fn count(&self, outcome: Outcome) -> u64 {
        self.0.get(&outcome).copied().unwrap_or(0)
    }

    fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Tickets that were taken, of all of which it is known.
    fn taken(&self) -> (u64, u64) {
        let taken = self.count(Outcome::ByTicket);
        (taken, taken + self.count(Outcome::Refused))
    }
}

/// Appends the picture, and the same as a table; nothing if there are no connections to draw.
pub(super) fn draw(legend: &Legend<'_>, html: &mut Html) {
    let overview = legend.overview;
    if overview.connections() == 0 || !legend.has_time() {
        return;
    }
    let axis = Axis::new(legend);
    let step = axis.step(MAX_BARS, overview.width);
    let bars = bars(legend, step);
    html.raw("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Picture, scrolls sideways\"><svg viewBox=\"0 0 1120 250\" role=\"img\" aria-labelledby=\"sh-t sh-d\"><title id=\"sh-t\">Tickets taken, and connections</title><desc id=\"sh-d\">Every ");
    html.text(length(step)).raw(": the share of tickets brought by clients that was taken, and what became of all connections. The table below has the numbers.</desc>");
    axis.draw(legend, 244.0, SHARE_TOP, BARS_BOTTOM, html);
    share(legend, axis, step, &bars, html);
    stacks(axis, step, &bars, html);
    html.raw("<text class=\"srv\" x=\"0\" y=\"")
        .at(SHARE_TOP + 8.0)
        .raw("\">Taken, of those</text><text class=\"srv\" x=\"0\" y=\"");
    html.at(SHARE_TOP + 24.0)
        .raw("\">that brought a ticket</text><text class=\"srv\" x=\"0\" y=\"")
        .at(BARS_TOP + 10.0);
    html.raw("\">Connections</text><text class=\"sub\" x=\"0\" y=\"")
        .at(BARS_TOP + 26.0)
        .raw("\">every ")
        .text(length(step))
        .raw("</text>");
    key(legend, html);
    html.raw("</svg></div>");
    table(legend, step, &bars, html);
}

fn bars(legend: &Legend<'_>, step: i64) -> BTreeMap<i64, Bar> {
    let mut bars: BTreeMap<i64, Bar> = BTreeMap::new();
    let width = legend.overview.width;
    for node in legend.overview.nodes.values() {
        for (outcome, strip) in &node.outcomes {
            for (bucket, count) in strip.buckets() {
                let bar = bars.entry(bucket.saturating_mul(width).div_euclid(step)).or_default();
                *bar.0.entry(*outcome).or_default() += u64::from(count);
            }
        }
    }
    bars
}

fn share(legend: &Legend<'_>, axis: Axis, step: i64, bars: &BTreeMap<i64, Bar>, html: &mut Html) {
    for (percent, y) in [("100 %", SHARE_TOP), ("50 %", f64::midpoint(SHARE_TOP, SHARE_BOTTOM)), ("0 %", SHARE_BOTTOM)]
    {
        html.raw("<text class=\"ax\" text-anchor=\"end\" x=\"222\" y=\"")
            .at(y + 4.0)
            .raw("\">")
            .raw(percent)
            .raw("</text>");
        html.raw("<path class=\"base\" d=\"M").at(LEFT - 8.0).raw(" ").at(y).raw("H").at(RIGHT).raw("\"/>");
    }
    // points that follow each other are joined
    let mut runs: Vec<Vec<(i64, u64, u64)>> = Vec::new();
    for (number, bar) in bars {
        let (taken, all) = bar.taken();
        if all == 0 {
            continue;
        }
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|(last, ..)| last + 1 == *number) => run.push((*number, taken, all)),
            _ => runs.push(vec![(*number, taken, all)]),
        }
    }
    let at = |number: i64| {
        let start = number.saturating_mul(step);
        f64::midpoint(axis.at(start), axis.at(start.saturating_add(step)))
    };
    let height = |taken: u64, all: u64| SHARE_BOTTOM - (SHARE_BOTTOM - SHARE_TOP) * counted(taken) / counted(all);
    let most = bars.values().map(|bar| bar.taken().1).max().unwrap_or(1);
    let mut free = 0.0;
    let has_labels = runs.len() <= 6;
    for run in &runs {
        html.raw("<path class=\"ln\" d=\"");
        for (index, (number, taken, all)) in run.iter().enumerate() {
            html.raw(if index == 0 { "M" } else { "L" }).at(at(*number)).raw(" ").at(height(*taken, *all));
        }
        html.raw("\"/>");
        for (number, taken, all) in run {
            let radius = 2.5f64.mul_add((counted(*all) / counted(most)).sqrt(), 1.8);
            html.raw("<circle class=\"pt")
                .raw(if 2 * taken < *all { " low" } else { "" })
                .raw("\" cx=\"")
                .at(at(*number));
            html.raw("\" cy=\"").at(height(*taken, *all)).raw("\" r=\"").at(radius).raw("\"><title>");
            html.text(legend.clock.millis(number.saturating_mul(step)))
                .raw(": ")
                .text(taken)
                .raw(" of ")
                .text(all)
                .raw(" taken</title></circle>");
        }
        let (taken, all) = run.iter().fold((0, 0), |(taken, all), (_, more, of)| (taken + more, all + of));
        let text = format!("{taken} of {all} taken, {} %", percent(taken, all));
        let half = counted(text.chars().count() as u64) * 3.5;
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        let middle = f64::midpoint(at(first.0), at(last.0)).clamp(LEFT + half, RIGHT - half);
        if has_labels && middle - half >= free {
            html.raw("<text class=\"ev")
                .raw(if 2 * taken < all { " bad" } else { "" })
                .raw("\" text-anchor=\"middle\" y=\"18\" x=\"");
            html.at(middle).raw("\">").text(text).raw("</text>");
            free = middle + half + 8.0;
        }
    }
}

fn stacks(axis: Axis, step: i64, bars: &BTreeMap<i64, Bar>, html: &mut Html) {
    let most = bars.values().map(Bar::total).max().unwrap_or(1).max(1);
    for (number, bar) in bars {
        let start = number.saturating_mul(step);
        let (left, right) = (axis.at(start) + 0.5, axis.at(start.saturating_add(step)) - 0.5);
        let width = (right - left).max(1.5);
        let mut top = BARS_BOTTOM;
        for outcome in STACK {
            let count = bar.count(outcome);
            if count == 0 {
                continue;
            }
            let height = (BARS_BOTTOM - BARS_TOP) * counted(count) / counted(most);
            top -= height;
            html.raw("<rect class=\"").raw(class(outcome)).raw("\" x=\"").at(left).raw("\" y=\"").at(top);
            html.raw("\" width=\"").at(width).raw("\" height=\"").at(height).raw("\"/>");
        }
        // a digit takes about seven units, and some room
        if 8.0 * counted(bar.total().to_string().len() as u64) < width - 2.0 {
            html.raw("<text class=\"tiny\" text-anchor=\"middle\" x=\"")
                .at(left + width / 2.0)
                .raw("\" y=\"")
                .at(top - 4.0);
            html.raw("\">").text(bar.total()).raw("</text>");
        }
    }
    html.raw("<path class=\"sep\" d=\"M").at(LEFT - 8.0).raw(" ").at(BARS_BOTTOM).raw("H").at(RIGHT).raw("\"/>");
}

/// What each filling means, from the top of a bar to its bottom.
fn key(legend: &Legend<'_>, html: &mut Html) {
    let mut y = BARS_TOP + 2.0;
    for outcome in STACK.into_iter().rev() {
        let total = legend.overview.total(outcome);
        if total == 0 {
            continue;
        }
        html.raw("<rect class=\"").raw(class(outcome)).raw("\" x=\"914\" width=\"11\" height=\"11\" y=\"").at(y);
        html.raw("\"/><text class=\"cnt\" x=\"932\" y=\"")
            .at(y + 10.0)
            .raw("\">")
            .text(total)
            .raw(" ")
            .raw(outcome.label())
            .raw("</text>");
        y += 18.0;
    }
}

fn table(legend: &Legend<'_>, step: i64, bars: &BTreeMap<i64, Bar>, html: &mut Html) {
    let outcomes: Vec<Outcome> = STACK.into_iter().filter(|outcome| legend.overview.total(*outcome) > 0).collect();
    html.raw("<details class=\"alt\"><summary>The second picture as a table</summary><div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table, scrolls sideways\"><table><caption>Connections every ");
    html.text(length(step)).raw("</caption><thead><tr><th scope=\"col\">from</th>");
    for outcome in &outcomes {
        html.raw("<th scope=\"col\" class=\"n\">").raw(outcome.label()).raw("</th>");
    }
    html.raw("</tr></thead><tbody>");
    for (number, bar) in bars {
        html.raw("<tr><th scope=\"row\">").text(legend.clock.millis(number.saturating_mul(step))).raw("</th>");
        for outcome in &outcomes {
            html.raw("<td class=\"n\">").text(bar.count(*outcome)).raw("</td>");
        }
        html.raw("</tr>");
    }
    html.raw("</tbody></table></div></details>");
}

/// A length of time in words.
fn length(millis: i64) -> String {
    const UNITS: [(i64, &str); 5] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s"), (1, "ms")];
    let (unit, name) = UNITS.into_iter().find(|(unit, _)| millis % unit == 0).unwrap_or((1, "ms"));
    if millis < 1000 && millis % 100 == 0 {
        return format!("0.{} s", millis / 100);
    }
    format!("{} {name}", millis / unit)
}
