//! An overview in a terminal: lanes of time, a server each, with what it issued, took and refused under each key.

use super::Page;
use super::clock::{Clock, Names, day, percent};
use super::text::{Styles, wrapped};
use crate::escape::Text;
use crate::survey::picture::{Overview, PictureLeftOut};
use crate::survey::{Group, Outcome, Piece, Strip, millis};

/// Servers that are drawn.
const MAX_SERVERS: usize = 64;
/// Columns of the counts on the right.
const COUNT: usize = 8;
/// Columns of the words for what became of tickets: the longest is `refused`.
const WORD: usize = 7;
/// Columns of a lane at the least.
const SHORTEST: usize = 12;

/// How lanes are drawn.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Columns that each line may take.
    pub width: usize,
    /// Whether only ASCII may be written.
    pub is_ascii: bool,
    /// Colours.
    pub styles: Styles,
}

impl Look {
    /// From nothing to much.
    fn levels(self) -> &'static [char] {
        if self.is_ascii {
            &['.', ':', '-', '=', '+', '*', '#', '%', '@']
        } else {
            &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
        }
    }

    fn bar(self) -> char {
        if self.is_ascii { '=' } else { '━' }
    }

    fn rule(self) -> char {
        if self.is_ascii { '-' } else { '─' }
    }

    fn cross(self) -> char {
        if self.is_ascii { 'x' } else { '×' }
    }

    fn open(self) -> char {
        if self.is_ascii { 'o' } else { '○' }
    }
}

/// Appends the lanes, and what is worth saying.
pub fn render(overview: &Overview, look: Look, out: &mut Page) {
    let (first, last) = overview.span.map_or((0, 0), |(first, last)| (millis(first), millis(last)));
    let names = Names::new(&overview.groups);
    let label = 2 + names.digits() + 1 + WORD + 2;
    let columns = look.width.saturating_sub(label + COUNT).max(SHORTEST);
    let clock = Clock::new(first, last);
    let mut lines = Lines { look, text: String::new() };
    let drawing = Drawing { overview, names, clock, first, last: last.max(first + 1), label, columns, look };
    if overview.span.is_some() {
        drawing.axis(&mut lines);
        drawing.servers(&mut lines);
    } else {
        lines.plain("No time is known of these tickets: there are no lanes to draw.");
        drawing.without_time(&mut lines);
    }
    drawing.remarks(&mut lines);
    out.extend_from_slice(lines.text.as_bytes());
}

/// Lines, each within the width.
struct Lines {
    look: Look,
    text: String,
}

impl Lines {
    /// Appends a line of pieces, each with its style; what is beyond the width is cut.
    fn line(&mut self, pieces: &[(anstyle::Style, &str)]) {
        use std::fmt::Write as _;
        let mut room = self.look.width;
        let last = pieces.iter().rposition(|(_, text)| !text.trim_end().is_empty());
        for (number, (style, text)) in pieces.iter().enumerate().take(last.map_or(0, |last| last + 1)) {
            let text = if Some(number) == last { text.trim_end() } else { text };
            let text: String = text.chars().take(room).map(|character| self.allowed(character)).collect();
            room -= text.chars().count();
            // writing to a String does not fail
            let _ = write!(self.text, "{style}{text}{style:#}");
        }
        self.text.push('\n');
    }

    fn allowed(&self, character: char) -> char {
        if self.look.is_ascii && !character.is_ascii() { '?' } else { character }
    }

    fn plain(&mut self, text: &str) {
        let text: String = text.chars().map(|character| self.allowed(character)).collect();
        self.text.push_str(&wrapped(&text, self.look.width));
        self.text.push('\n');
    }
}

/// All that lanes are drawn from.
struct Drawing<'o> {
    overview: &'o Overview,
    names: Names,
    clock: Clock,
    first: i64,
    last: i64,
    /// Columns left of the lanes.
    label: usize,
    /// Columns of the lanes.
    columns: usize,
    look: Look,
}

impl Drawing<'_> {
    /// The day, and when the lanes begin and end.
    fn axis(&self, lines: &mut Lines) {
        let Styles { heading, label: faint, .. } = self.look.styles;
        let (start, end) = (self.clock.millis(self.first), self.clock.millis(self.last));
        let room = self.columns.saturating_sub(start.len() + end.len() + 2);
        let rule = self.look.rule();
        let axis = if room > 0 {
            format!("{start} {} {end}", std::iter::repeat_n(rule, room).collect::<String>())
        } else {
            start
        };
        let day = format!("{} UTC", day(self.first));
        lines.line(&[(heading, &format!("{day:width$}", width = self.label)), (faint, &axis)]);
    }

    fn servers(&self, lines: &mut Lines) {
        let servers = self.overview.servers();
        let drawn: Vec<&str> = if servers.len() <= MAX_SERVERS { servers.clone() } else { self.busiest(&servers) };
        let most = self.overview.groups.iter().flat_map(|group| group.courses.values());
        let most =
            most.map(|course| self.columns_of(&course.accepted).into_iter().max().unwrap_or(0)).max().unwrap_or(0);
        for server in &drawn {
            self.server(server, most, lines);
        }
        let left_out = servers.len() - drawn.len();
        if left_out > 0 {
            lines.plain("");
            lines.plain(&format!("{left_out} more servers are not drawn: these {MAX_SERVERS} refused and did most."));
        }
    }

    /// The servers that refuse most and do most.
    fn busiest<'s>(&self, servers: &[&'s str]) -> Vec<&'s str> {
        let weight = |server: &str| {
            let courses = || self.overview.groups.iter().filter_map(|group| group.courses.get(server));
            let refused: u64 = courses().map(|course| course.refused.total).sum();
            (refused, courses().map(|course| course.issued.total + course.accepted.total).sum::<u64>())
        };
        let mut order: Vec<&str> = servers.to_vec();
        order.sort_by_cached_key(|server| std::cmp::Reverse(weight(server)));
        order.truncate(MAX_SERVERS);
        servers.iter().copied().filter(|server| order.contains(server)).collect()
    }

    fn server(&self, server: &str, most: u64, lines: &mut Lines) {
        let Styles { heading, good, bad, label: faint, .. } = self.look.styles;
        let name = Text(server.as_bytes()).to_string();
        let about = self.about(server);
        if name.chars().count() + 2 + about.chars().count() <= self.look.width {
            lines.line(&[(heading, &name), (faint, "  "), (faint, &about)]);
        } else {
            lines.line(&[(heading, &name)]);
            lines.line(&[(faint, "  "), (faint, &about)]);
        }
        let look = self.look;
        for group in &self.overview.groups {
            let Some(course) = group.courses.get(server) else { continue };
            let mut title = self.title(group);
            let rows: [(&Strip, &str, anstyle::Style, String); 4] = [
                (&course.issued, "issued", anstyle::Style::new(), self.bar(&course.issued)),
                (&course.accepted, "taken", good, self.spark(&course.accepted, most)),
                (&course.refused, "refused", bad, self.dots(&course.refused, look.cross())),
                (&course.undecided, "open", faint, self.dots(&course.undecided, look.open())),
            ];
            for (strip, word, style, drawn) in rows {
                if strip.is_empty() {
                    continue;
                }
                let label = format!("  {title:digits$} {word:WORD$}  ", digits = self.names.digits());
                title = String::new();
                lines.line(&[(faint, &label), (style, &drawn), (style, &format!("{:>COUNT$}", strip.total))]);
            }
        }
    }

    /// How many connections a server had, and what it did with tickets.
    fn about(&self, server: &str) -> String {
        let Some(node) = self.overview.nodes.get(server) else { return String::new() };
        let connections = match node.connections() {
            1 => "1 connection".to_owned(),
            connections => format!("{connections} connections"),
        };
        let (taken, refused) = (node.count(Outcome::ByTicket), node.count(Outcome::Refused));
        let cached = node.count(Outcome::FromCache);
        let tickets = match taken + refused {
            0 => ", none brought a ticket".to_owned(),
            all => format!(", {taken} of {all} tickets taken, {} %", percent(taken, all)),
        };
        let cached = if cached > 0 { format!(", {cached} from a cache") } else { String::new() };
        format!("{connections}{tickets}{cached}")
    }

    fn title(&self, group: &Group) -> String {
        match group.name().map(hex::encode) {
            Some(name) => self.names.short(&name).to_owned(),
            None if group.lengths.iter().eq([&32]) => "cache".to_owned(),
            None => "no name".to_owned(),
        }
    }

    /// The column of a time.
    fn column(&self, millis: i64) -> usize {
        let span = i128::from(self.last) - i128::from(self.first);
        let at = (i128::from(millis) - i128::from(self.first)).clamp(0, span);
        let columns = i128::try_from(self.columns).unwrap_or(0);
        usize::try_from((at * columns / (span + 1)).min(columns - 1)).unwrap_or(0)
    }

    /// How many events there are in each column.
    fn columns_of(&self, strip: &Strip) -> Vec<u64> {
        let mut counts = vec![0; self.columns];
        let width = self.overview.width;
        for (bucket, count) in strip.buckets() {
            let middle = bucket.saturating_mul(width).saturating_add(width / 2);
            if let Some(place) = counts.get_mut(self.column(middle)) {
                *place += u64::from(count);
            }
        }
        counts
    }

    /// From the first event to the last, so that a rotation is where one bar ends and the next begins.
    fn bar(&self, strip: &Strip) -> String {
        let Some((first, last)) = strip.span else { return " ".repeat(self.columns) };
        let (start, end) = (self.column(millis(first)), self.column(millis(last)));
        let bar = |column: usize| if (start..=end).contains(&column) { self.look.bar() } else { ' ' };
        (0..self.columns).map(bar).collect()
    }

    /// As high as there are many.
    fn spark(&self, strip: &Strip, most: u64) -> String {
        let levels = self.look.levels();
        let steps = levels.len() as u64;
        let level = |count: u64| match count {
            0 => ' ',
            count => {
                let step = (count * steps).div_ceil(most.max(1)).clamp(1, steps) - 1;
                usize::try_from(step).ok().and_then(|step| levels.get(step)).copied().unwrap_or(' ')
            }
        };
        self.columns_of(strip).into_iter().map(level).collect()
    }

    fn dots(&self, strip: &Strip, dot: char) -> String {
        self.columns_of(strip).into_iter().map(|count| if count > 0 { dot } else { ' ' }).collect()
    }

    /// What was done under each key, if there is no time to draw along.
    fn without_time(&self, lines: &mut Lines) {
        for group in self.overview.groups.iter().take(MAX_SERVERS) {
            let tickets = if group.tickets == 1 { "1 ticket".to_owned() } else { format!("{} tickets", group.tickets) };
            lines.plain(&format!("  {:digits$} {tickets}", self.title(group), digits = self.names.digits()));
        }
    }

    fn remarks(&self, lines: &mut Lines) {
        for remark in &self.overview.remarks {
            let piece = |piece: &Piece| match piece {
                Piece::Text(text) => Text(text.as_bytes()).to_string(),
                Piece::Key(name) => self.names.short(&hex::encode(name)).to_owned(),
                Piece::Time(time) => self.clock.time(*time),
            };
            let sentence: String = remark.pieces.iter().map(piece).collect();
            lines.plain("");
            lines.plain(&format!("{}. {sentence}", remark.title));
        }
        let PictureLeftOut { survey, connections, .. } = self.overview.left_out;
        if connections > 0 {
            lines.plain("");
            lines.plain(&format!("Left out. {connections} connections of servers for which there was no room."));
        }
        if survey.names > 0 {
            lines.plain("");
            lines.plain(&format!("Left out. {} tickets of key names for which there was no room.", survey.names));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_within_the_width() {
        for (width, is_ascii) in [(50, true), (60, false), (200, true)] {
            let look = Look { width, is_ascii, styles: Styles::default() };
            let mut lines = Lines { look, text: String::new() };
            lines.line(&[(anstyle::Style::new(), &"é".repeat(300)), (anstyle::Style::new(), "b")]);
            lines.plain(&"word ".repeat(100));
            assert!(lines.text.lines().all(|line| line.chars().count() <= width));
            assert!(!is_ascii || lines.text.is_ascii());
        }
    }
}
