//! What the parts of a page have in common: names and colours of keys, times, servers.

use super::markup::Html;
use crate::report::clock::{Clock, Names};
use crate::survey::picture::Overview;
use crate::survey::{Group, Piece, millis};

/// Colours that keys take by turns; light and dark ones alternate, so that successive keys differ in grey.
const COLOURS: usize = 6;

/// Names, colours and times of a page.
pub(super) struct Legend<'o> {
    pub(super) overview: &'o Overview,
    pub(super) names: Names,
    pub(super) clock: Clock,
    /// First and last time, milliseconds since 1970; the last is later.
    pub(super) first: i64,
    pub(super) last: i64,
}

/// A constant for each colour, so that no class is ever made of text.
macro_rules! classes {
    ($name:ident, $prefix:literal, $doc:literal) => {
        #[doc = $doc]
        pub(super) fn $name(colour: Option<usize>) -> &'static str {
            match colour.map(|colour| colour % COLOURS) {
                Some(0) => concat!($prefix, "0"),
                Some(1) => concat!($prefix, "1"),
                Some(2) => concat!($prefix, "2"),
                Some(3) => concat!($prefix, "3"),
                Some(4) => concat!($prefix, "4"),
                Some(_) => concat!($prefix, "5"),
                None => concat!($prefix, "x"),
            }
        }
    };
}

classes!(fill, "k", "The class that fills and strokes with the colour of a key.");
classes!(ink, "tk", "The class of text in the colour of a key.");
classes!(on, "ik", "The class of text on the colour of a key.");

impl<'o> Legend<'o> {
    pub(super) fn new(overview: &'o Overview) -> Self {
        let (first, last) = overview.span.map_or((0, 0), |(first, last)| (millis(first), millis(last)));
        let clock = Clock::new(first, last);
        Self { overview, names: Names::new(&overview.groups), clock, first, last: last.max(first + 1) }
    }

    /// Whether there is time to draw along.
    pub(super) fn has_time(&self) -> bool {
        self.overview.span.is_some_and(|(first, last)| first < last)
    }

    /// The colour of a group.
    pub(super) fn colour(&self, group: &Group) -> Option<usize> {
        self.names.number(&hex::encode(group.name()?))
    }

    /// What a group is called, in a few characters.
    pub(super) fn short(&self, group: &Group) -> String {
        match group.name().map(hex::encode) {
            Some(name) => self.names.short(&name).to_owned(),
            None => nameless(group).to_owned(),
        }
    }

    /// A link to a key by its name, in its colour.
    pub(super) fn key(&self, name: &[u8], html: &mut Html) {
        let name = hex::encode(name);
        let number = self.names.number(&name);
        html.raw("<a class=\"key ").raw(ink(number)).raw("\" href=\"#key-").text(&name).raw("\">");
        html.text(self.names.short(&name)).raw("</a>");
    }

    /// A group by its name, or what is there instead.
    pub(super) fn group(&self, group: &Group, html: &mut Html) {
        match group.name() {
            Some(name) => self.key(name, html),
            None => drop(html.text(nameless(group))),
        }
    }

    /// The pieces of a sentence.
    pub(super) fn sentence(&self, pieces: &[Piece], html: &mut Html) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => drop(html.text(text)),
                Piece::Key(name) => self.key(name, html),
                Piece::Time(time) => drop(html.text(self.clock.time(*time))),
            }
        }
    }

    /// A sentence in which the names of known keys become links.
    pub(super) fn linked(&self, sentence: &str, html: &mut Html) {
        let mut rest = sentence;
        while let Some((before, name, after)) = self.next_name(rest) {
            html.text(before);
            self.key(&name, html);
            rest = after;
        }
        html.text(rest);
    }

    /// The first name of a known key in a text, with what is before and after it.
    fn next_name<'t>(&self, text: &'t str) -> Option<(&'t str, Vec<u8>, &'t str)> {
        const LENGTH: usize = 2 * crate::ticket::NAME_LENGTH;
        let mut start = 0;
        for run in text.split(|character: char| !character.is_ascii_hexdigit()) {
            if run.len() == LENGTH && self.names.number(run).is_some() {
                let after = text.get(start + LENGTH..)?;
                return Some((text.get(..start)?, hex::decode(run).ok()?, after));
            }
            start += run.len() + text.get(start + run.len()..)?.chars().next().map_or(0, char::len_utf8);
        }
        None
    }
}

/// What tickets without a key name are called.
pub(super) fn nameless(group: &Group) -> &'static str {
    if group.lengths.iter().eq([&32]) { "cache handles" } else { "without a name" }
}

/// A number with its noun.
pub(super) fn counted(count: u64, one: &'static str, many: &'static str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}
