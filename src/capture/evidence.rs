//! What a capture shows of the two sides of a connection besides handshake messages, in few bytes.

use std::fmt;

use crate::escape::Text;

/// What a capture shows of one side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Whether any packet of it is there.
    pub seen: bool,
    /// Whether its SYN or SYN-ACK is there (TCP).
    pub syn: bool,
    /// Number of the packet with its FIN (TCP).
    pub fin: Option<u64>,
    /// Number of the packet with its RST (TCP).
    pub reset: Option<u64>,
    /// How many bytes of it were captured, up to the end of the handshake (TCP).
    pub bytes: u64,
    /// How many of its bytes the other side acknowledged that were not captured (TCP).
    pub unseen: u64,
    /// What it sent in place of TLS.
    pub other: Option<Other>,
}

/// Bytes of it that are kept: enough to tell protocols apart.
const KEPT: usize = 15;

/// The start of something that is not TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Other {
    /// Number, from 1, of the packet that it is in.
    pub packet: u64,
    start: [u8; KEPT],
    length: u8,
}

impl Other {
    pub(super) fn new(packet: u64, bytes: &[u8]) -> Self {
        let mut start = [0; KEPT];
        start.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Self { packet, start, length: u8::try_from(bytes.len().min(KEPT)).unwrap_or(0) }
    }

    /// Its first bytes.
    #[must_use]
    pub fn start(&self) -> &[u8] {
        self.start.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl fmt::Display for Other {
    /// In words, such as `plain HTTP ("HTTP/1.1 400 Ba")`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = self.start();
        if start.starts_with(b"HTTP/") {
            return write!(f, "plain HTTP (\"{}\")", first_line(start));
        }
        // SSL 2.0 (draft-hickman-netscape-ssl-00): a length with the top bit set, type 4
        if matches!(start, [0x80..=0xff, _, 4, ..]) {
            return f.write_str("a ServerHello of SSL 2.0");
        }
        let is_text = first_line(start).0.iter().all(|byte| matches!(byte, b' '..=b'~'));
        if is_text && !first_line(start).0.is_empty() {
            return write!(f, "text (\"{}\")", first_line(start));
        }
        f.write_str("bytes that are not TLS (")?;
        start.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// What stands before the end of a line.
fn first_line(start: &[u8]) -> Text<'_> {
    let end = start.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(start.len());
    Text(start.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_tls_is_said_in_words() {
        let shown = |bytes: &[u8]| Other::new(1, bytes).to_string();
        assert_eq!(shown(b"HTTP/1.1 400 Bad Request\r\n"), "plain HTTP (\"HTTP/1.1 400 Ba\")");
        assert_eq!(shown(b"SSH-2.0\r\nxxxxxxxx"), "text (\"SSH-2.0\")");
        assert_eq!(shown(&[0x80, 9, 4, 0, 1, 0, 2]), "a ServerHello of SSL 2.0");
        assert_eq!(shown(&[0, 1, 2]), "bytes that are not TLS (000102)");
        assert_eq!(shown(b"\r\n"), "bytes that are not TLS (0d0a)");
    }
}
