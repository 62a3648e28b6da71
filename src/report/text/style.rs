//! The looks of the text output: colours, and how wide it may be.

use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};

/// Width of the column of labels.
pub(super) const LABEL_WIDTH: usize = 26;

/// A style for each kind of text; all empty if colours are not wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Styles {
    /// Headings.
    pub heading: Style,
    /// Labels and hints.
    pub label: Style,
    /// What went well.
    pub good: Style,
    /// What did not.
    pub bad: Style,
    /// What is unusual.
    pub warning: Style,
    /// Secrets.
    pub secret: Style,
    /// Columns of the terminal, at which lines are broken; `None` leaves them as they are.
    pub width: Option<usize>,
}

impl Styles {
    /// Colours that every terminal has.
    #[must_use]
    pub fn coloured() -> Self {
        Self {
            heading: Style::new().bold(),
            label: Style::new().dimmed(),
            good: AnsiColor::Green.on_default().bold(),
            bad: AnsiColor::Red.on_default().bold(),
            warning: AnsiColor::Yellow.on_default(),
            secret: AnsiColor::Magenta.on_default(),
            width: None,
        }
    }
}

/// A style as it is written; what has none takes no time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint(pub(super) Style);

impl Paint {
    /// Whether nothing is written for it.
    pub(super) fn is_nothing(self) -> bool {
        self.0 == Style::new()
    }

    /// Writes a text in the style.
    pub(super) fn put(self, text: &str, out: &mut String) {
        if self.is_nothing() {
            return out.push_str(text);
        }
        // writing to a String does not fail
        let _ = write!(out, "{self}{text}{self:#}");
    }
}

impl fmt::Display for Paint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_nothing() { Ok(()) } else { self.0.fmt(f) }
    }
}

/// The styles, as they are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paints {
    pub(super) heading: Paint,
    pub(super) label: Paint,
    pub(super) good: Paint,
    pub(super) bad: Paint,
}

impl Styles {
    pub(super) fn paints(&self) -> Paints {
        let Self { heading, label, good, bad, .. } = *self;
        let [heading, label, good, bad] = [heading, label, good, bad].map(Paint);
        Paints { heading, label, good, bad }
    }

    /// Begins a line with its label, as wide as the column.
    pub(super) fn begin_line(&self, label: &str, out: &mut String) {
        /// As many blanks as there can be.
        const BLANKS: &str = "                          ";
        const { assert!(BLANKS.len() == LABEL_WIDTH) };
        let faint = Paint(self.label);
        // nearly all are our own
        let width = if label.is_ascii() { label.len() } else { label.chars().count() };
        let blanks = BLANKS.get(width..).unwrap_or_default();
        out.push_str("    ");
        if faint.is_nothing() {
            out.push_str(label);
            return out.push_str(blanks);
        }
        // writing to a String does not fail
        let _ = write!(out, "{faint}{label}{blanks}{faint:#}");
    }
}
