//! The looks of the text output: colours, and how wide it may be.

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
    /// Columns of the terminal, where lines are to be broken; `None` leaves them as they are.
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
