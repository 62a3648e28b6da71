//! What separates the columns of a list.

/// What separates the columns of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Separator {
    /// Tabs and commas.
    #[default]
    Usual,
    /// One sign and nothing else: the first lines tell.
    Only(u8),
}
