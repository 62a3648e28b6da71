//! The first picture: for each server the keys that it issues under, and what became of what clients brought.

use std::collections::BTreeMap;

use super::axis::{Axis, LEFT, RIGHT, counted};
use super::legend::{Legend, fill, ink, on};
use super::markup::Html;
use crate::survey::{Course, Group, Piece, Strip, millis};

/// Rows above which each server has one strip instead of a row a key.
const MAX_ROWS: usize = 24;
/// Servers that are drawn.
pub(super) const MAX_SERVERS: usize = 40;
/// Height of a row of one key.
const ROW: f64 = 20.0;
/// Height of a server in which all keys share one strip.
const STRIP: f64 = 40.0;
/// Where the lanes begin, below the axis and its brackets.
const TOP: f64 = 50.0;

/// A server and its keys.
struct Lane<'o> {
    server: &'o str,
    keys: Vec<(&'o Group, &'o Course)>,
}

impl Lane<'_> {
    fn issues(&self) -> bool {
        self.keys.iter().any(|(_, course)| !course.issued.is_empty())
    }

    fn offered(&self) -> impl Iterator<Item = &(&Group, &Course)> {
        self.keys.iter().filter(|(_, course)| is_offered(course))
    }

    fn rows(&self) -> usize {
        usize::from(self.issues()) + self.offered().count()
    }

    fn sum(&self, of: impl Fn(&Course) -> u64) -> u64 {
        self.keys.iter().map(|(_, course)| of(course)).sum()
    }
}

fn is_offered(course: &Course) -> bool {
    course.accepted.total + course.refused.total + course.undecided.total > 0
}

/// The servers that have something to draw: if there are too many, those that refuse most and do most.
fn lanes<'o>(legend: &Legend<'o>) -> (Vec<Lane<'o>>, usize) {
    let overview = legend.overview;
    let mut lanes: Vec<Lane<'o>> = Vec::new();
    for server in overview.servers() {
        let keys: Vec<(&Group, &Course)> = overview
            .groups
            .iter()
            .filter_map(|group| Some((group, group.courses.get(server)?)))
            .filter(|(_, course)| course.strips().iter().any(|strip| !strip.is_empty()))
            .collect();
        if !keys.is_empty() {
            lanes.push(Lane { server, keys });
        }
    }
    let left_out = lanes.len().saturating_sub(MAX_SERVERS);
    if left_out > 0 {
        let weight = |lane: &Lane<'_>| {
            let refused = lane.sum(|course| course.refused.total);
            (refused, lane.sum(|course| course.issued.total + course.accepted.total))
        };
        let mut order: Vec<usize> = (0..lanes.len()).collect();
        order.sort_by_key(|number| std::cmp::Reverse(lanes.get(*number).map(weight)));
        order.truncate(MAX_SERVERS);
        let mut number = 0;
        lanes.retain(|_| {
            number += 1;
            order.contains(&(number - 1))
        });
    }
    (lanes, left_out)
}

/// Appends the picture; nothing if there is nothing to draw. Gives the number of servers that are not in it.
pub(super) fn draw(legend: &Legend<'_>, html: &mut Html) -> Option<usize> {
    let (lanes, left_out) = lanes(legend);
    if lanes.is_empty() || !legend.has_time() {
        return None;
    }
    let is_dense = lanes.iter().map(Lane::rows).sum::<usize>() > MAX_ROWS;
    let height = |lane: &Lane<'_>| if is_dense { STRIP } else { (rows(lane.rows()) * ROW + 22.0).max(54.0) };
    let bottom = TOP + lanes.iter().map(height).sum::<f64>();
    let axis = Axis::new(legend);
    html.raw("<p class=\"how\">");
    if is_dense {
        html.raw("Bars: the keys under which a server issued tickets. Up from the line: tickets that it took, in the colour of their key. Down from it, <span class=\"bad\">in red</span>: tickets that it refused.");
    } else {
        html.raw("A bar is a stretch in which a server issued tickets under one key. Below it, each stroke is tickets that clients brought and the server took; each <span class=\"bad\">×</span> is tickets that it refused.");
    }
    html.raw(" Shaded: when something changed.</p>");
    html.raw("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Picture, scrolls sideways\"><svg viewBox=\"0 0 1120 ");
    html.at(bottom + 6.0).raw("\" role=\"img\" aria-labelledby=\"tl-t tl-d\"><title id=\"tl-t\">Keys and tickets over time</title><desc id=\"tl-d\">For each server: the keys that it issues tickets under, and the tickets that clients brought, taken or refused, from ");
    html.text(legend.clock.millis(legend.first)).raw(" to ").text(legend.clock.millis(legend.last)).raw(".</desc>");
    axis.draw(legend, 42.0, TOP, bottom, html);
    windows(legend, axis, bottom, html);
    let most = lanes
        .iter()
        .flat_map(|lane| &lane.keys)
        .flat_map(|(_, course)| course.strips())
        .map(|strip| densest(strip, legend))
        .max();
    let lens = Lens { legend, axis, most: most.unwrap_or(1).max(1) };
    let mut top = TOP;
    for lane in &lanes {
        if is_dense {
            lens.strip(lane, top, html);
        } else {
            lens.rows(lane, top, html);
        }
        top += height(lane);
        html.raw("<path class=\"sep\" d=\"M0 ").at(top).raw("H1120\"/>");
    }
    html.raw("</svg></div>");
    Some(left_out)
}

fn rows(rows: usize) -> f64 {
    counted(rows as u64)
}

/// The most events in one place of a strip.
fn densest(strip: &Strip, legend: &Legend<'_>) -> u64 {
    places(strip, legend, Axis::new(legend), 2.0).values().copied().max().unwrap_or(0)
}

/// Events by where they are, in places of so many units each.
fn places(strip: &Strip, legend: &Legend<'_>, axis: Axis, unit: f64) -> BTreeMap<u32, u64> {
    let mut places = BTreeMap::new();
    let width = legend.overview.width;
    for (bucket, count) in strip.buckets() {
        let middle = bucket.saturating_mul(width).saturating_add(width / 2);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the picture")]
        let place = ((axis.at(middle) - LEFT) / unit) as u32;
        *places.entry(place).or_default() += u64::from(count);
    }
    places
}

/// The stretches in which something changed, with brackets above them; labels that would collide are left out.
fn windows(legend: &Legend<'_>, axis: Axis, bottom: f64, html: &mut Html) {
    let mut free = 0.0;
    let mut windows: Vec<_> = legend.overview.remarks.iter().filter_map(|remark| remark.window.as_ref()).collect();
    windows.sort_by_key(|(from, to, _)| (*from, *to));
    for (from, to, label) in windows {
        let (left, right) = (axis.at(millis(*from)), axis.at(millis(*to)));
        let width = (right - left).max(2.0);
        html.raw("<rect class=\"win\" x=\"").at(left).raw("\" y=\"").at(TOP).raw("\" width=\"").at(width);
        html.raw("\" height=\"")
            .at(bottom - TOP)
            .raw("\"/><path class=\"brk\" d=\"M")
            .at(left)
            .raw(" 23v6h")
            .at(width)
            .raw("v-6\"/>");
        let text = words(legend, label);
        // a character takes about seven units
        let half = counted(text.chars().count() as u64) * 3.7;
        let middle = (left + right).mul_add(0.5, 0.0).clamp(half, super::axis::WIDTH - half);
        if middle - half >= free {
            html.raw("<text class=\"ev m\" text-anchor=\"middle\" y=\"18\" x=\"")
                .at(middle)
                .raw("\">")
                .text(text)
                .raw("</text>");
            free = middle + half + 8.0;
        }
    }
}

/// The pieces of a label, without links.
pub(super) fn words(legend: &Legend<'_>, pieces: &[Piece]) -> String {
    let word = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Key(name) => legend.names.short(&hex::encode(name)).to_owned(),
        Piece::Time(time) => legend.clock.time(*time),
    };
    pieces.iter().map(word).collect()
}

/// What all lanes are drawn with.
struct Lens<'l, 'o> {
    legend: &'l Legend<'o>,
    axis: Axis,
    /// The most events in one place.
    most: u64,
}

impl Lens<'_, '_> {
    /// A server with a row a key.
    fn rows(&self, lane: &Lane<'_>, top: f64, html: &mut Html) {
        let mut middle = top + 21.0;
        self.server(lane, middle, html);
        if lane.issues() {
            self.issued(lane, middle, html);
            middle += ROW + 3.0;
        }
        for (group, course) in lane.offered() {
            self.offered(lane.server, group, course, middle, html);
            middle += ROW;
        }
    }

    fn server(&self, lane: &Lane<'_>, middle: f64, html: &mut Html) {
        html.raw("<text class=\"srv\" x=\"0\" y=\"")
            .at(middle + 5.0)
            .raw("\">")
            .text(shortened(lane.server))
            .raw("</text>");
        if let Some(node) = self.legend.overview.nodes.get(lane.server) {
            html.raw("<text class=\"sub\" x=\"0\" y=\"").at(middle + 20.0).raw("\">");
            html.text(super::legend::counted(node.connections(), "connection", "connections")).raw("</text>");
        }
    }

    /// The bars of the keys that a server issues under.
    fn issued(&self, lane: &Lane<'_>, middle: f64, html: &mut Html) {
        label("lane", "issues under", middle, html);
        let mut end = LEFT;
        let total = lane.sum(|course| course.issued.total);
        let mut keys: Vec<_> = lane.keys.iter().filter(|(_, course)| !course.issued.is_empty()).collect();
        keys.sort_by_key(|(_, course)| course.issued.span);
        for (group, course) in keys {
            let Some((first, last)) = course.issued.span else { continue };
            let (left, right) = (self.axis.at(millis(first)) - 1.5, self.axis.at(millis(last)) + 1.5);
            if left > end && end > LEFT {
                html.raw("<path class=\"gap\" d=\"M").at(end).raw(" ").at(middle).raw("H").at(left).raw("\"/>");
            }
            let colour = self.legend.colour(group);
            let name = self.legend.short(group);
            html.raw("<g><title>").text(lane.server).raw(" issued ").text(super::legend::counted(
                course.issued.total,
                "ticket",
                "tickets",
            ));
            html.raw(" under ").text(group.name().map_or_else(|| name.clone(), hex::encode)).raw(", ");
            html.text(self.legend.clock.span((first, last)))
                .raw("</title><rect rx=\"3\" height=\"20\" class=\"bar ")
                .raw(fill(colour));
            html.raw("\" x=\"")
                .at(left)
                .raw("\" y=\"")
                .at(middle - 10.0)
                .raw("\" width=\"")
                .at(right - left)
                .raw("\"/>");
            self.marks(&course.issued, middle + 10.0, colour, html);
            // a name that does not fit in the bar is left to the rows below
            if right - left > 8.0 * counted(name.len() as u64) + 10.0 {
                html.raw("<text class=\"m ")
                    .raw(on(colour))
                    .raw("\" x=\"")
                    .at(left + 7.0)
                    .raw("\" y=\"")
                    .at(middle + 2.0)
                    .raw("\">")
                    .text(name)
                    .raw("</text>");
            }
            html.raw("</g>");
            end = end.max(right);
        }
        html.raw("<text class=\"cnt\" x=\"914\" y=\"").at(middle + 4.0).raw("\">").text(total).raw(" issued</text>");
    }

    /// Marks of single tickets at the foot of a bar.
    fn marks(&self, strip: &Strip, foot: f64, colour: Option<usize>, html: &mut Html) {
        html.raw("<path class=\"tin ").raw(on(colour)).raw("\" d=\"");
        for (place, count) in places(strip, self.legend, self.axis, 2.0) {
            let height = self.height(count, 3.0, 8.0);
            html.raw("M").at(LEFT + 2.0 * f64::from(place) + 1.0).raw(" ").at(foot).raw("v").at(-height);
        }
        html.raw("\"/>");
    }

    fn height(&self, count: u64, least: f64, most: f64) -> f64 {
        if self.most <= 3 { most } else { (most - least).mul_add((counted(count) / counted(self.most)).sqrt(), least) }
    }

    /// The row of what clients brought under one key.
    fn offered(&self, server: &str, group: &Group, course: &Course, middle: f64, html: &mut Html) {
        let colour = self.legend.colour(group);
        let name = self.legend.short(group);
        label(if group.name().is_some() { ink(colour) } else { "lane" }, &name, middle, html);
        html.raw("<path class=\"base\" d=\"M").at(LEFT - 8.0).raw(" ").at(middle).raw("H").at(RIGHT).raw("\"/>");
        html.raw("<g><title>")
            .text(server)
            .raw(", ")
            .text(group.name().map_or_else(|| name.clone(), hex::encode))
            .raw(": ");
        html.text(decided(course)).raw("</title>");
        if !course.accepted.is_empty() {
            html.raw("<path class=\"tick ").raw(fill(colour)).raw("\" d=\"");
            for (place, count) in places(&course.accepted, self.legend, self.axis, 2.0) {
                let height = self.height(count, 5.0, 15.0);
                html.raw("M")
                    .at(LEFT + 2.0 * f64::from(place) + 1.0)
                    .raw(" ")
                    .at(middle - height / 2.0)
                    .raw("v")
                    .at(height);
            }
            html.raw("\"/>");
        }
        if !course.undecided.is_empty() {
            html.raw("<path class=\"und\" d=\"");
            for (place, _) in places(&course.undecided, self.legend, self.axis, 5.0) {
                html.raw("M")
                    .at(LEFT + 5.0 * f64::from(place))
                    .raw(" ")
                    .at(middle)
                    .raw("a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0");
            }
            html.raw("\"/>");
        }
        if !course.refused.is_empty() {
            html.raw("<path class=\"x\" d=\"");
            for (place, _) in places(&course.refused, self.legend, self.axis, 4.0) {
                html.raw("M")
                    .at(LEFT + 4.0f64.mul_add(f64::from(place), -1.5))
                    .raw(" ")
                    .at(middle - 3.5)
                    .raw("l7 7m0-7l-7 7");
            }
            html.raw("\"/>");
        }
        html.raw("</g>");
        counts(course, middle, html);
    }

    /// A server whose keys share one strip: bars above, then taken upwards and refused downwards.
    fn strip(&self, lane: &Lane<'_>, top: f64, html: &mut Html) {
        let (bars, middle) = (top + 5.0, top + 27.0);
        html.raw("<text class=\"srv\" x=\"0\" y=\"")
            .at(top + 18.0)
            .raw("\">")
            .text(shortened(lane.server))
            .raw("</text>");
        let keys: Vec<String> = lane
            .keys
            .iter()
            .filter(|(_, course)| !course.issued.is_empty())
            .map(|(group, _)| self.legend.short(group))
            .collect();
        html.raw("<text class=\"sub\" x=\"0\" y=\"").at(top + 33.0).raw("\">").text(few(&keys)).raw("</text>");
        html.raw("<g><title>").text(lane.server).raw("</title>");
        for (group, course) in &lane.keys {
            let Some((first, last)) = course.issued.span else { continue };
            let (left, right) = (self.axis.at(millis(first)) - 1.0, self.axis.at(millis(last)) + 1.0);
            html.raw("<rect height=\"5\" class=\"bar ")
                .raw(fill(self.legend.colour(group)))
                .raw("\" x=\"")
                .at(left)
                .raw("\" y=\"")
                .at(bars);
            html.raw("\" width=\"").at(right - left).raw("\"/>");
        }
        html.raw("<path class=\"base\" d=\"M").at(LEFT).raw(" ").at(middle).raw("H").at(RIGHT).raw("\"/>");
        let mut heights: BTreeMap<u32, f64> = BTreeMap::new();
        for (group, course) in &lane.keys {
            if course.accepted.is_empty() {
                continue;
            }
            html.raw("<path class=\"tick ").raw(fill(self.legend.colour(group))).raw("\" d=\"");
            for (place, count) in places(&course.accepted, self.legend, self.axis, 2.0) {
                let height = self.height(count, 3.0, 12.0);
                let below = heights.entry(place).or_default();
                let room = (14.0 - *below).min(height);
                if room > 0.5 {
                    html.raw("M")
                        .at(LEFT + 2.0 * f64::from(place) + 1.0)
                        .raw(" ")
                        .at(middle - *below)
                        .raw("v")
                        .at(-room);
                    *below += room;
                }
            }
            html.raw("\"/>");
        }
        let mut refused = Strip::default();
        lane.keys.iter().for_each(|(_, course)| refused.absorb(&course.refused));
        if !refused.is_empty() {
            html.raw("<path class=\"dn\" d=\"");
            for (place, count) in places(&refused, self.legend, self.axis, 2.0) {
                html.raw("M")
                    .at(LEFT + 2.0 * f64::from(place))
                    .raw(" ")
                    .at(middle)
                    .raw("h2v")
                    .at(self.height(count, 3.0, 11.0))
                    .raw("h-2z");
            }
            html.raw("\"/>");
        }
        html.raw("</g>");
        let (issued, taken) = (lane.sum(|course| course.issued.total), lane.sum(|course| course.accepted.total));
        html.raw("<text class=\"cnt\" x=\"914\" y=\"").at(top + 18.0).raw("\">").text(issued).raw(" issued</text>");
        html.raw("<text class=\"cnt\" x=\"914\" y=\"").at(top + 33.0).raw("\">").text(taken).raw(" taken");
        if refused.total > 0 {
            html.raw(" <tspan class=\"bad\">× ").text(refused.total).raw(" refused</tspan>");
        }
        html.raw("</text>");
    }
}

/// A label left of a row.
fn label(class: &'static str, text: &str, middle: f64, html: &mut Html) {
    html.raw("<text text-anchor=\"end\" x=\"222\" class=\"")
        .raw(if class == "lane" { "" } else { "m " })
        .raw(class)
        .raw("\" y=\"")
        .at(middle + 4.0)
        .raw("\">")
        .text(text)
        .raw("</text>");
}

fn counts(course: &Course, middle: f64, html: &mut Html) {
    html.raw("<text class=\"cnt\" x=\"914\" y=\"").at(middle + 4.0).raw("\">");
    let known = course.accepted.total + course.refused.total;
    if known > 0 {
        html.text(course.accepted.total).raw(" taken");
    }
    if course.refused.total > 0 {
        html.raw(" <tspan class=\"bad\">× ").text(course.refused.total).raw(" refused</tspan>");
    }
    if course.undecided.total > 0 {
        html.raw(if known > 0 { " " } else { "" }).text(course.undecided.total).raw(" open");
    }
    html.raw("</text>");
}

fn decided(course: &Course) -> String {
    let mut words = vec![format!("{} taken", course.accepted.total), format!("{} refused", course.refused.total)];
    if course.undecided.total > 0 {
        words.push(format!("{} of which the outcome is not known", course.undecided.total));
    }
    words.join(", ")
}

/// An address that fits left of the lanes.
fn shortened(server: &str) -> String {
    const MOST: usize = 22;
    let length = server.chars().count();
    if length <= MOST {
        return server.to_owned();
    }
    std::iter::once('…').chain(server.chars().skip(length + 1 - MOST)).collect()
}

fn few(names: &[String]) -> String {
    match names {
        [] => "no ticket issued in plain".to_owned(),
        [one] => one.clone(),
        [one, other] => format!("{one}, {other}"),
        [.., last] => format!("{} keys, last {last}", names.len()),
    }
}
