//! Keys written as text, where servers keep raw bytes.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD};
use zeroize::Zeroizing;

/// A key and the encoding it was written in.
pub(in crate::key) type TextKey = (Zeroizing<Vec<u8>>, &'static str);

/// Whether bytes have the length of a key, or of several.
type IsKey = fn(&[u8]) -> bool;

/// What some editors put before text.
const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// The keys of a text file with one hex or base64 key a line, or a single key wrapped over its lines; `None` if it
/// is something else, or decodes to what `is_key` does not take. Comments and a byte order mark are passed over.
pub(in crate::key) fn decode_lines(file: &[u8], is_key: IsKey) -> Option<Vec<TextKey>> {
    let rows: Vec<&[u8]> = lines(file).collect();
    if let Some(lines) = wrapped_lines(file, is_key) {
        return rows.chunks_exact(lines).map(|rows| text_key(&join(rows), is_key)).collect();
    }
    let wrapped = || text_key(&join(&rows), is_key).map(|key| vec![key]);
    // keys of one file are of one length: a shorter last row is the rest of a key
    let rest = matches!(rows.as_slice(), [first, .., last] if last.len() < first.len());
    if let Some(key) = wrapped().filter(|_| rest) {
        return Some(key);
    }
    let keys: Option<Vec<_>> = rows.iter().map(|row| text_key(row, is_key)).collect();
    keys.filter(|keys| !keys.is_empty()).or_else(wrapped)
}

/// How many lines each key has in a file of several keys in base64, if it is more than one: whole lines, and then a
/// shorter one.
pub(in crate::key) fn wrapped_lines(file: &[u8], is_key: IsKey) -> Option<usize> {
    let rows: Vec<&[u8]> = lines(file).collect();
    let first = rows.first()?.len();
    let is_wrapped = |rows: &[&[u8]]| {
        let Some((last, others)) = rows.split_last() else { return false };
        last.len() < first && others.iter().all(|row| row.len() == first) && base64_key(&join(rows), is_key).is_some()
    };
    (2..=4).find(|&n| rows.len() > n && rows.len() % n == 0 && rows.chunks_exact(n).all(is_wrapped))
}

/// What `HAProxy` would refuse in a file of several keys, and what mends it.
pub(super) fn slips(file: &[u8], is_key: IsKey) -> Vec<String> {
    let comment = file.split(|&byte| byte == b'\n').position(|line| line.trim_ascii_start().starts_with(b"#"));
    let comment = comment.map(|line| format!("line {} is a comment, which HAProxy refuses: {UNCOMMENT}", line + 1));
    let wrapped = wrapped_lines(file, is_key)
        .map(|n| format!("each key is wrapped over {n} lines, which HAProxy refuses: {}", join_lines(n)));
    comment.into_iter().chain(wrapped).collect()
}

/// The command that puts keys that are wrapped on a line each.
pub(in crate::key) fn join_lines(lines: usize) -> String {
    let columns = ["-"].repeat(lines).join(" ");
    format!(
        "paste -d '\\0' {columns} < FILE > NEW puts each key on one line; openssl rand -base64 wraps at 64 characters"
    )
}

/// The command that takes comments out of a file.
pub(in crate::key) const UNCOMMENT: &str = "grep -v '^ *#' FILE > NEW takes the comments out";

fn join(rows: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(rows.concat())
}

fn base64_key(text: &[u8], is_key: IsKey) -> Option<TextKey> {
    text_key(text, is_key).filter(|(_, encoding)| *encoding == "base64")
}

fn lines(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let text = file.strip_prefix(BYTE_ORDER_MARK).unwrap_or(file);
    let lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"))
}

/// Whether a text encodes more than `longest` bytes, if it is hex or base64 at all: a character of either is half a byte at
/// the least.
pub(super) fn encodes_more(file: &[u8], longest: usize) -> bool {
    let digits = lines(file).flatten().filter(|&&byte| !is_separator(byte));
    digits.take(2 * longest + 2).count() > 2 * longest + 1
}

/// What may stand between the bytes of a key in hex.
fn is_separator(byte: u8) -> bool {
    matches!(byte, b':' | b' ' | b'\t')
}

/// Where text that is nearly all hex digits has something else: line and column from 1.
pub(super) fn damaged_hex(file: &[u8]) -> Option<(usize, usize)> {
    let strange = |byte: &u8| !byte.is_ascii_hexdigit() && !matches!(byte, b':' | b' ' | b'\t' | b'\r' | b'\n');
    let count = file.iter().filter(|byte| strange(byte)).count();
    if count == 0 || count * 10 > file.len() {
        return None;
    }
    let at = file.iter().position(strange)?;
    let before = file.get(..at)?;
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let column = before.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
    Some((line, column))
}

fn text_key(line: &[u8], is_key: IsKey) -> Option<TextKey> {
    let is_key = |bytes: &Zeroizing<Vec<u8>>| is_key(bytes);
    let digits: Zeroizing<Vec<u8>> = Zeroizing::new(line.iter().copied().filter(|&byte| !is_separator(byte)).collect());
    if let Some(key) = hex::decode(digits.as_slice()).ok().map(Zeroizing::new).filter(is_key) {
        return Some((key, "hex"));
    }
    let decode = |encoding: &data_encoding::Encoding| encoding.decode(line).ok().map(Zeroizing::new).filter(is_key);
    let key = [BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD].iter().find_map(decode)?;
    Some((key, "base64"))
}

/// The longest single key of raw bytes; text of more is not a key.
const LONGEST_RAW_KEY: usize = 92;

/// Printable text that is more than one raw key could be, or nothing but blanks.
pub(super) fn is_prose(file: &[u8]) -> bool {
    let body = file.trim_ascii_end();
    let is_long = body.len() > LONGEST_RAW_KEY || (body.is_empty() && file.len() > LONGEST_RAW_KEY);
    (body.contains(&b'\n') || is_long) && body.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e))
}

/// A file without the line end behind it.
pub(super) fn without_newline(file: &[u8]) -> Option<&[u8]> {
    let shorter = file.strip_suffix(b"\n")?;
    Some(shorter.strip_suffix(b"\r").unwrap_or(shorter))
}
