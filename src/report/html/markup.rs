//! The one way onto the page. Markup is constant, and all else is escaped: there is no way to write a text as it is.

use std::fmt::{self, Display, Write as _};

use crate::escape::is_unsafe;

/// A page in the making.
#[derive(Default)]
pub(super) struct Html(String);

impl Html {
    /// Appends markup, which is constant.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Appends a text or a number, also as the value of an attribute in double quotes.
    pub(super) fn text(&mut self, text: impl Display) -> &mut Self {
        // writing to a String does not fail
        let _ = write!(Escaped(&mut self.0), "{text}");
        self
    }

    /// Appends a coordinate with one decimal, if it needs it.
    pub(super) fn at(&mut self, coordinate: f64) -> &mut Self {
        let text = format!("{coordinate:.1}");
        self.0.push_str(text.strip_suffix(".0").unwrap_or(&text));
        self
    }

    /// Appends what another one holds.
    pub(super) fn append(&mut self, other: &Self) -> &mut Self {
        self.0.push_str(&other.0);
        self
    }

    /// Whether there is nothing on it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The page.
    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// Writes text so that it stays text.
struct Escaped<'h>(&'h mut String);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                _ if is_unsafe(character) => write!(self.0, "{}", character.escape_unicode())?,
                _ => self.0.push(character),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        let mut html = Html::default();
        html.raw("<p>").text("<script>alert(\"1\")</script>&amp; 'x'\u{202e}\n").raw("</p>");
        assert_eq!(
            html.into_text(),
            "<p>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;amp; &#39;x&#39;\\u{202e}\\u{a}</p>"
        );
    }

    #[test]
    fn coordinates_are_short() {
        let mut html = Html::default();
        html.at(12.0).raw(" ").at(12.34).raw(" ").at(-0.5);
        assert_eq!(html.into_text(), "12 12.3 -0.5");
    }
}
