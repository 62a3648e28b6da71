//! What a list says beside its tickets.

use super::Form;
use super::separator::Separator;

/// What stood beside a ticket in a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beside {
    /// The label in front of it, or the first of the other columns.
    pub label: Option<String>,
    /// The other columns, in order.
    pub columns: Vec<Column>,
}

/// A column beside a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name, if there was a line of column names.
    pub name: Option<String>,
    /// What stood in it.
    pub text: String,
}

/// How the lines of a list are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// The form of the lines.
    pub(super) form: Form,
    /// What separates its columns.
    pub(super) separator: Separator,
    /// The line of column names, and the names.
    pub(super) heading: Option<(Vec<u8>, Vec<String>)>,
}

impl From<Form> for List {
    fn from(form: Form) -> Self {
        Self { form, separator: Separator::Usual, heading: None }
    }
}

impl List {
    /// The form of the lines.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    /// Whether `line` is the one that names the columns.
    pub(super) fn is_heading(&self, line: &[u8]) -> bool {
        // Zeek says in comments how it writes
        let is_comment = |heading: &[u8]| heading.starts_with(b"#") && line.starts_with(b"#");
        self.heading.as_ref().is_some_and(|(heading, _)| heading == line.trim_ascii() || is_comment(heading))
    }

    /// How many columns have names.
    pub(super) fn names(&self) -> Option<usize> {
        self.heading.as_ref().map(|(_, names)| names.len())
    }

    /// The name of a column, if not more stand in its line than have names.
    pub(super) fn name(&self, column: usize, count: usize) -> Option<&str> {
        let names = self.heading.as_ref().map(|(_, names)| names).filter(|names| names.len() >= count)?;
        names.get(column).map(String::as_str)
    }
}
