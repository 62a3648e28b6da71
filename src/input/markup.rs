//! Text that was dressed to be shown or to stand in a string: HTML, and escaped line ends and quotes.

use memchr::{memchr, memmem};
use zeroize::Zeroizing;

/// Elements whose tags are left out: others may be what programs print, such as `<Buffer 49 …>`.
const ELEMENTS: [&str; 33] = [
    "a",
    "b",
    "blockquote",
    "body",
    "br",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "html",
    "i",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "samp",
    "small",
    "span",
    "strong",
    "table",
    "td",
    "th",
    "tr",
    "tt",
    "ul",
];
/// Elements that begin a line, if there is no line end in the text itself.
const BREAKS: [&str; 8] = ["br", "div", "dd", "dt", "li", "p", "pre", "tr"];
/// Lines that are strings, before they are taken for the lines of a text.
const FEWEST_STRINGS: usize = 3;
/// The longest tag.
const LONGEST_TAG: usize = 1024;
/// Character references (HTML 5 section 13.5) that stand for what dumps and programs print.
const REFERENCES: [(&[u8], u8); 6] =
    [(b"&lt;", b'<'), (b"&gt;", b'>'), (b"&amp;", b'&'), (b"&quot;", b'"'), (b"&apos;", b'\''), (b"&nbsp;", b' ')];

/// What a browser shows of HTML; `None` if there is no mark of it.
pub(super) fn shown(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    memchr(b'<', text).or(memchr(b'&', text))?;
    let mut shown = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut found = false;
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        if let Some((length, character)) = if first == b'&' { reference(rest) } else { None } {
            shown.push(character);
            rest = rest.get(length..).unwrap_or_default();
            found = true;
        } else if let Some((length, breaks)) = if first == b'<' { tag(rest) } else { None } {
            rest = rest.get(length..).unwrap_or_default();
            // a line end behind the tag is the same one
            if breaks && !shown.ends_with(b"\n") && !matches!(rest, [b'\n', ..] | [b'\r', b'\n', ..]) {
                shown.push(b'\n');
            }
            found = true;
        } else {
            shown.push(first);
            rest = after;
        }
    }
    found.then_some(shown)
}

fn reference(text: &[u8]) -> Option<(usize, u8)> {
    if let Some(number) = text.strip_prefix(b"&#") {
        let end = number.iter().take(6).position(|byte| *byte == b';')?;
        let digits = std::str::from_utf8(number.get(..end)?).ok()?;
        let value = match digits.strip_prefix(['x', 'X']) {
            Some(digits) => u8::from_str_radix(digits, 16),
            None => digits.parse(),
        };
        let character = value.ok().map(|value| if value == 0xa0 { b' ' } else { value });
        return character.filter(|value| matches!(value, b'\n' | 0x20..=0x7e)).map(|value| (end + 3, value));
    }
    REFERENCES.iter().find(|(name, _)| text.starts_with(name)).map(|(name, character)| (name.len(), *character))
}

/// How long a tag is, and whether a line begins with its element.
fn tag(text: &[u8]) -> Option<(usize, bool)> {
    let inside = text.get(1..LONGEST_TAG).or_else(|| text.get(1..))?;
    let name = inside.strip_prefix(b"/").unwrap_or(inside);
    let length = name.iter().take(16).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let (name, rest) = name.split_at_checked(length)?;
    let is = |element: &&str| element.as_bytes().eq_ignore_ascii_case(name);
    if !ELEMENTS.iter().any(is) || !matches!(rest.first(), Some(b' ' | b'>' | b'/' | b'\n')) {
        return None;
    }
    let end = memchr(b'>', inside)?;
    Some((end + 2, BREAKS.iter().any(is)))
}

/// A text in which `\n`, `\t`, `\"` and `\\` stand for what they mean; `None` if nothing is escaped so.
pub(super) fn unescaped(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let is_escaped = [&b"\\n"[..], b"\\r\\n", b"\\\"", b"\\\\x"].iter().any(|mark| memmem::find(text, mark).is_some());
    let strings = text.split(|byte| *byte == b'\n').filter(|line| string(line).is_some()).count();
    if !is_escaped && strings < FEWEST_STRINGS {
        return None;
    }
    let bare = if strings < FEWEST_STRINGS { None } else { Some(without_quotes(text)) };
    let text = bare.as_ref().map_or(text, |bare| bare.as_slice());
    let mut meant = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some(at) = memchr(b'\\', rest) {
        let (before, escape) = rest.split_at(at);
        meant.extend_from_slice(before);
        let (character, length) = match escape {
            [_, b'n', ..] => (b'\n', 2),
            [_, b'r', b'\\', b'n', ..] => (b'\n', 4),
            [_, b't', ..] => (b'\t', 2),
            [_, quoted @ (b'"' | b'\'' | b'\\' | b'/'), ..] => (*quoted, 2),
            _ => (b'\\', 1),
        };
        meant.push(character);
        rest = escape.get(length..).unwrap_or_default();
    }
    meant.extend_from_slice(rest);
    Some(meant)
}

/// The inside of a line that is one string, as in a list of them.
fn string(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii();
    let line = line.strip_suffix(b",").unwrap_or(line);
    let line = line.strip_prefix(b"- ").unwrap_or(line);
    let inside = |quote: &[u8]| line.strip_prefix(quote)?.strip_suffix(quote);
    inside(b"\"").or_else(|| inside(b"'"))
}

fn without_quotes(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut bare = Zeroizing::new(Vec::with_capacity(text.len() + 1));
    for line in text.split(|byte| *byte == b'\n') {
        bare.extend_from_slice(string(line).unwrap_or(line));
        bare.push(b'\n');
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_what_a_browser_shows() {
        let text = "<pre class=\"x\">0000 - 49 <b>09</b><br>\n<Buffer 49>&lt;&quot;&amp;&gt;<br/>end</pre>";
        assert_eq!(shown(text.as_bytes()).unwrap().as_slice(), b"\n0000 - 49 09\n<Buffer 49><\"&>\nend\n");
        assert!(shown(b"0000 - 49 <Buffer 49>").is_none());
    }

    #[test]
    fn escapes_are_what_they_mean() {
        assert_eq!(unescaped(b"a\\n\\\"b\\\\x49\\x").unwrap().as_slice(), b"a\n\"b\\x49\\x");
        assert!(unescaped(b"a\\x49").is_none());
    }
}
