//! PEM blocks (RFC 7468), also behind a prefix, in quotes, or with their line ends escaped.

use memchr::memmem;
use zeroize::Zeroizing;

use super::super::Unreadable;
use super::super::reader::{Content, Reader, Run};
use crate::armor::{Block, Blocks};
use crate::session::PEM_LABEL;

/// Characters around a line of base64 that belong to the text that the block stands in.
const AROUND: [u8; 10] = [b' ', b'\t', b'"', b'\'', b'\\', b',', b';', b')', b'|', b'`'];

pub(super) struct PemBlocks;

impl Reader for PemBlocks {
    fn read(&self, text: &[u8], runs: &mut Vec<Run>) {
        runs.extend(Blocks::new(text).map(|block| {
            let content = if block.label == PEM_LABEL { session(&block, text) } else { Content::Foreign };
            Run::of(range(&block, text), content)
        }));
    }
}

fn session(block: &Block<'_>, text: &[u8]) -> Content {
    let plain = block.decode().map(Zeroizing::new);
    match plain {
        Ok(der) => Content::Session(der),
        Err(error) => match dressed(text.get(range(block, text)).unwrap_or_default()) {
            Some(der) => Content::Session(der),
            None => Content::Damaged(Unreadable::Pem(error)),
        },
    }
}

/// From the first dash to the last, or as far as lines look like the inside of a block.
fn range(block: &Block<'_>, text: &[u8]) -> std::ops::Range<usize> {
    let range = block.range();
    if block.is_closed() {
        return range;
    }
    let lines = text.get(block.start..).unwrap_or_default().split_inclusive(|byte| *byte == b'\n');
    let inside = lines.skip(1).take_while(|line| line.len() < 256 && base64(line).is_some_and(|row| !row.is_empty()));
    let first = text.get(block.start..).unwrap_or_default().iter().position(|byte| *byte == b'\n');
    let length = first.map_or(0, |first| first + 1 + inside.map(<[u8]>::len).sum::<usize>());
    block.start..range.end.max(block.start + length)
}

/// Decodes a block whose lines have something around them.
fn dressed(block: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let begin = memmem::find(block, b"-----")
        .and_then(|at| memmem::find(block.get(at + 5..)?, b"-----").map(|length| at + 5 + length + 5))?;
    let inside = block.get(begin..)?;
    let inside = inside.get(..memmem::find(inside, b"-----END")?)?;
    // at full size from the start: what grows leaves copies of itself behind
    let mut text = Zeroizing::new(Vec::with_capacity(inside.len()));
    let mut lines = inside.split(|byte| *byte == b'\n').peekable();
    let mut is_first = true;
    while let Some(line) = lines.next() {
        // the prefix of the line with the end
        let is_prefix = lines.peek().is_none() && !is_first;
        is_first = false;
        for part in escaped_lines(line) {
            match base64(part) {
                Some(_) if is_prefix && part.len() == line.len() => {}
                Some(row) => text.extend(row.iter().filter(|byte| **byte != b'\\')),
                None if is_prefix => {}
                None => return None,
            }
        }
    }
    Some(Zeroizing::new(data_encoding::BASE64.decode(&text).ok()?))
}

/// The parts of a line in which line ends are written as `\n`.
fn escaped_lines(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest?;
        let end = memmem::find(line, b"\\n");
        let part = line.get(..end.unwrap_or(line.len()))?;
        rest = end.and_then(|end| line.get(end + 2..));
        Some(part.strip_suffix(b"\\r").unwrap_or(part))
    })
}

/// The base64 of a line, which is its last word; `None` if that is none.
fn base64(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii();
    // strings that are added up
    let line = line.strip_suffix(b"\" +").or(line.strip_suffix(b"' +")).unwrap_or(line);
    let end = line.iter().rposition(|byte| !AROUND.contains(byte)).map_or(0, |last| last + 1);
    let line = line.get(..end)?;
    let start = line.iter().rposition(|byte| AROUND.contains(byte) && *byte != b'\\').map_or(0, |last| last + 1);
    let word = line.get(start..)?;
    if !word.iter().any(u8::is_ascii_alphanumeric) {
        return Some(&[]);
    }
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\\');
    word.iter().all(is_base64).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = include_str!("../../../testdata/nginx48_tls12/session.pem");

    fn read(text: &str) -> Vec<Content> {
        let mut runs = Vec::new();
        PemBlocks.read(text.as_bytes(), &mut runs);
        runs.into_iter().map(|run| run.content).collect()
    }

    #[test]
    fn a_block_may_be_dressed() {
        let der = pem::parse(PEM).unwrap().into_contents();
        let quoted = PEM.lines().map(|line| format!("client_1  | {line}\n")).collect::<Vec<_>>().concat();
        let timed = PEM.lines().zip(10..).map(|(line, at)| format!("2026-11-28T04:10:{at}Z stdout F {line}\n"));
        let timed = timed.collect::<Vec<_>>().concat();
        let strings = PEM.lines().map(|line| format!("    \"{line}\\n\" +\n")).collect::<Vec<_>>().concat();
        for text in [PEM.to_owned(), quoted, timed, format!("pem: \"{}\"", PEM.replace('\n', "\\n")), strings] {
            let found = read(&text);
            assert!(matches!(&found[..], [Content::Session(found)] if **found == der), "{text}");
        }
        assert!(matches!(read("-----BEGIN X-----\nAAAA\n-----END X-----\n")[..], [Content::Foreign]));
        assert!(matches!(read(&PEM.replace('a', "*"))[..], [Content::Damaged(_)]));
    }
}
