//! Server configurations and other documents that name ticket key files, or hold the keys themselves: the contract.
//!
//! The library reads the text and says what it names, in the server's order; opening files is up to the caller. The
//! table is in [`configs`](super::configs).

use std::cell::{Cell, OnceCell};
use std::fmt;

use zeroize::Zeroizing;

use super::format::KeyFormat;
use super::tree::{self, Node};

/// Something that a configuration names, and where it is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The line, from 1, if the text tells.
    pub line: Option<usize>,
    /// What is named.
    pub what: What,
}

/// What a configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// A ticket key file.
    Key(String),
    /// A key, or what a key file would hold, in the text itself.
    Value(Value),
    /// An environment variable of the server that holds what a key file would.
    Variable(String),
    /// More configuration; the path may have `*` and `?` in it.
    Include(String),
    /// The folder that later relative paths start from.
    Root(String),
    /// Another virtual server begins, with keys of its own.
    Server,
}

/// What stands in a configuration in place of a key file.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    /// What it stands under, such as `data.ticket.key`.
    pub name: String,
    /// What a key file would hold; wiped on drop.
    pub content: Zeroizing<Vec<u8>>,
    /// Option name of the format, if this value has another one than its configuration.
    pub format: Option<&'static str>,
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({}, {} bytes)", self.name, self.content.len())
    }
}

/// How a server names its ticket keys.
pub(super) struct Config {
    /// The server, for messages.
    pub(super) server: &'static str,
    /// How its key files are read; `None` if their content decides.
    pub(super) format: Option<Format>,
    /// The setting that names a key file, as one writes it; `None` for documents that are not a configuration.
    pub(super) setting: Option<&'static str>,
    /// The references of a text, in order.
    pub(super) read: fn(&Text<'_>) -> Vec<Reference>,
    /// Whether a text that names nothing is such a configuration anyway.
    pub(super) recognises: fn(&Text<'_>) -> bool,
}

/// How key files are read.
#[derive(Clone, Copy)]
pub(super) enum Format {
    /// As the format with that option name does.
    Named(&'static str),
    /// In a way that no option names.
    Own(&'static dyn KeyFormat),
}

/// A text, as lines and as a tree.
pub(super) struct Text<'t> {
    /// All of it.
    pub(super) whole: &'t str,
    documents: OnceCell<Vec<Node>>,
    searches: Cell<usize>,
}

/// How often a text is searched for a line: each search can go through all of it.
const MAX_SEARCHES: usize = 100;

impl<'t> Text<'t> {
    pub(super) fn new(whole: &'t str) -> Self {
        Self { whole, documents: OnceCell::new(), searches: Cell::new(0) }
    }

    /// The lines, numbered from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &'t str)> {
        (1..).zip(self.whole.lines())
    }

    /// The documents of YAML or JSON; none if the text is neither.
    pub(super) fn documents(&self) -> &[Node] {
        self.documents.get_or_init(|| tree::documents(self.whole))
    }

    /// The line in which something stands first, for the first that ask.
    pub(super) fn line_of(&self, wanted: &str) -> Option<usize> {
        if self.searches.replace(self.searches.get() + 1) >= MAX_SEARCHES {
            return None;
        }
        let at = self.whole.find(wanted).filter(|_| !wanted.is_empty())?;
        let before = self.whole.as_bytes().get(..at)?;
        Some(memchr::memchr_iter(b'\n', before).count() + 1)
    }

    /// Whether a line begins, blanks left out, with one of these.
    pub(super) fn has_line_with(&self, beginnings: &[&str]) -> bool {
        self.whole.lines().map(str::trim_start).any(|line| beginnings.iter().any(|begins| line.starts_with(begins)))
    }
}

impl Reference {
    pub(super) fn new(line: impl Into<Option<usize>>, what: What) -> Self {
        Self { line: line.into(), what }
    }

    pub(super) fn key(line: impl Into<Option<usize>>, path: impl Into<String>) -> Self {
        Self::new(line, What::Key(path.into()))
    }

    pub(super) fn include(line: impl Into<Option<usize>>, path: impl Into<String>) -> Self {
        Self::new(line, What::Include(path.into()))
    }

    pub(super) fn root(line: impl Into<Option<usize>>, path: impl Into<String>) -> Self {
        Self::new(line, What::Root(path.into()))
    }

    pub(super) fn server(line: impl Into<Option<usize>>) -> Self {
        Self::new(line, What::Server)
    }

    /// Whether it leads to a key itself.
    pub(super) fn is_key(&self) -> bool {
        matches!(self.what, What::Key(_) | What::Value(_) | What::Variable(_))
    }
}

/// The words of a line, quotes taken off; `#` begins a comment, a backslash keeps the next character.
pub(super) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\\', _) => word.get_or_insert_default().extend(characters.next()),
            (_, Some(open)) if character == open => quote = None,
            ('"' | '\'', None) => {
                word.get_or_insert_default();
                quote = Some(character);
            }
            ('#', None) if word.is_none() => break,
            (blank, None) if blank.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

/// What stands in the quotes that a text begins with, and the rest behind them.
pub(super) fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\'' | '`'))?;
    text.get(1..)?.split_once(quote)
}
