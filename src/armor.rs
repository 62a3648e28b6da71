//! PEM blocks (RFC 7468) inside any text, each on its own, so that a damaged one does not hide the others.

use memchr::{memchr_iter, memmem};

const BEGIN: &[u8] = b"-----BEGIN ";
const DASHES: &[u8] = b"-----";

/// A block as it stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'a> {
    /// What stands between `-----BEGIN ` and `-----`.
    pub label: &'a str,
    /// Line of the `BEGIN`, from 1.
    pub line: usize,
    /// From `-----BEGIN` to the end of `-----END …-----`, or of the text where that is missing.
    text: &'a [u8],
}

/// The encapsulated text is not base64, or its end is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DamagedBlock {
    /// Line of the `BEGIN`, from 1.
    pub line: usize,
}

impl std::fmt::Display for DamagedBlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the PEM block that begins at line {} is damaged or cut short", self.line)
    }
}

impl std::error::Error for DamagedBlock {}

impl Block<'_> {
    /// The bytes inside.
    pub fn decode(&self) -> Result<Vec<u8>, DamagedBlock> {
        pem::parse(self.text).map(pem::Pem::into_contents).map_err(|_| DamagedBlock { line: self.line })
    }
}

/// The blocks of `text`, in order.
#[must_use]
pub fn blocks(text: &[u8]) -> Vec<Block<'_>> {
    let mut starts = memmem::find_iter(text, BEGIN).peekable();
    let mut found = Vec::new();
    while let Some(start) = starts.next() {
        let limit = starts.peek().copied().unwrap_or(text.len());
        let (Some(block), Some(before)) = (text.get(start..limit), text.get(..start)) else { continue };
        let Some((label, rest)) = split_at_marker(block.get(BEGIN.len()..).unwrap_or_default(), DASHES) else {
            continue;
        };
        let Ok(label) = std::str::from_utf8(label) else { continue };
        let end = memmem::find(rest, DASHES).and_then(|end| {
            let closing = end + DASHES.len();
            memmem::find(rest.get(closing..)?, DASHES).map(|last| closing + last + DASHES.len())
        });
        let body = end.and_then(|end| rest.get(..end)).unwrap_or(rest);
        let length = block.len() - rest.len() + body.len();
        let text = block.get(..length).unwrap_or(block);
        found.push(Block { label, line: memchr_iter(b'\n', before).count() + 1, text });
    }
    found
}

fn split_at_marker<'a>(text: &'a [u8], marker: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memmem::find(text, marker)?;
    Some((text.get(..at)?, text.get(at + marker.len()..)?))
}

/// One block with 64 columns of base64, as OpenSSL writes them.
#[must_use]
pub fn encode(label: &str, bytes: &[u8]) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new(label, bytes), config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_block_hides_no_other() {
        let good = encode("A KEY", b"hello");
        let text = format!("prose\n-----BEGIN A KEY-----\n*\n-----END A KEY-----\nmore\n{good}-----BEGIN B-----\nAAAA");
        let found = blocks(text.as_bytes());
        let seen: Vec<_> = found.iter().map(|block| (block.label, block.line, block.decode())).collect();
        assert_eq!(
            seen,
            [
                ("A KEY", 2, Err(DamagedBlock { line: 2 })),
                ("A KEY", 6, Ok(b"hello".to_vec())),
                ("B", 9, Err(DamagedBlock { line: 9 })),
            ]
        );
    }
}
