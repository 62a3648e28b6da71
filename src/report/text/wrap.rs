//! Lines that are longer than a terminal is wide, broken with a hanging indent.

use super::style::LABEL_WIDTH;

/// Where the values of fields begin.
const VALUES: usize = 4 + LABEL_WIDTH;
/// Terminals that are narrower than this are left to wrap by themselves.
const MIN_WIDTH: usize = 50;

/// Breaks the lines of a text that are wider than `width` columns: at spaces, or within words that are wider.
pub(super) fn wrap(text: &str, width: usize, out: &mut String) {
    for line in text.split_inclusive('\n') {
        let content = line.strip_suffix('\n').unwrap_or(line);
        if width < MIN_WIDTH || columns(content) <= width {
            out.push_str(line);
            continue;
        }
        wrap_line(content, width, out);
        out.push_str(line.get(content.len()..).unwrap_or_default());
    }
}

fn wrap_line(line: &str, width: usize, out: &mut String) {
    let indent = hanging_indent(line);
    let (mut column, mut rest) = (0, line);
    while let Some(end) = break_at(rest, width - column) {
        let (head, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
        out.push_str(head.trim_end());
        rest = tail.trim_start();
        if rest.is_empty() {
            return;
        }
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent));
        column = indent;
    }
    out.push_str(rest);
}

/// Where the lines that follow begin: under the value of a field, behind an arrow, or two columns further in.
fn hanging_indent(line: &str) -> usize {
    let plain = without_escapes(line);
    let leading = plain.len() - plain.trim_start().len();
    let is_field = leading == 4 && plain.as_bytes().get(VALUES - 1) == Some(&b' ');
    match plain.trim_start() {
        rest if rest.starts_with("-->") || rest.starts_with("<--") => leading + 4,
        _ if leading >= VALUES || is_field => VALUES,
        _ => leading + 2,
    }
}

/// Where to break what does not fit into so many columns, in bytes; `None` if it fits.
fn break_at(text: &str, width: usize) -> Option<usize> {
    let (mut column, mut space, mut full) = (0, None, None);
    let is_start = |at: usize| text.get(..at).is_some_and(|before| before.trim().is_empty());
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        if escaped || character == '\x1b' {
            escaped = character != 'm';
            continue;
        }
        if character == ' ' && !is_start(at) {
            space = Some(at);
        }
        if column == width {
            full = Some(at);
            break;
        }
        column += 1;
    }
    // a word that takes most of the line is broken in its midst
    full.map(|full| space.filter(|space| space * 2 >= full).unwrap_or(full))
}

/// How many columns a line takes.
fn columns(line: &str) -> usize {
    without_escapes(line).chars().count()
}

/// A line without the sequences that colour it.
fn without_escapes(line: &str) -> String {
    let mut escaped = false;
    line.chars()
        .filter(|&character| {
            if escaped || character == '\x1b' {
                escaped = character != 'm';
                return false;
            }
            true
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, width: usize) -> String {
        let mut out = String::new();
        wrap(text, width, &mut out);
        out
    }

    #[test]
    fn long_lines_hang() {
        let why = "  the server did not accept the ticket: it is sealed under another key than the server's own\n";
        let expected =
            "  the server did not accept the ticket: it is sealed under\n    another key than the server's own\n";
        assert_eq!(wrapped(why, 60), expected);
        let field = format!("    {:26}{}\n", "master secret", "ab".repeat(48));
        for line in wrapped(&field, 80).lines().skip(1) {
            assert!(line.starts_with(&" ".repeat(30)) && line.len() <= 80, "{line:?}");
        }
        assert_eq!(wrapped(&field, 80).replace(['\n', ' '], ""), field.replace(['\n', ' '], ""));
        let coloured = format!("  \x1b[31m{}\x1b[0m\n", "word ".repeat(30).trim_end());
        assert!(wrapped(&coloured, 60).lines().all(|line| columns(line) <= 60));
        assert_eq!(wrapped("short\n\nlines", 60), "short\n\nlines");
    }
}
