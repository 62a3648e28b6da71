//! Why the job could not be done, with a remedy where there is one.

use std::fmt;

/// An error that ends the run, or an input, with exit status 2.
#[derive(Debug)]
pub(super) struct Failure {
    error: String,
    hint: Option<String>,
}

impl Failure {
    pub(super) fn new(error: impl fmt::Display) -> Self {
        Self { error: error.to_string(), hint: None }
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
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
