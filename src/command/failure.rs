//! Why the job could not be done, with a remedy if there is one.

use std::fmt;

/// An error that ends the run, or an input, with exit status 2.
#[derive(Debug)]
pub(super) struct Failure {
    error: String,
    hint: Option<String>,
    is_about_something_else: bool,
}

impl Failure {
    pub(super) fn new(error: impl fmt::Display) -> Self {
        Self { error: error.to_string(), hint: None, is_about_something_else: false }
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says that the file is not of the kind that was asked for, so that a directory may have it beside others.
    pub(super) fn about_something_else(mut self) -> Self {
        self.is_about_something_else = true;
        self
    }

    pub(super) fn is_about_something_else(&self) -> bool {
        self.is_about_something_else
    }

    pub(super) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}

impl std::error::Error for Failure {}
