//! Hex dumps, a row a line: offset, bytes, and the bytes as text.

use super::Unreadable;

/// What goes before the dump of a ticket.
pub(super) const HEADING: &[u8] = b"TLS session ticket:";
/// Bytes in a row.
const ROW_LENGTH: usize = 16;

/// Puts the rows of a dump together.
#[derive(Debug, Default)]
pub(super) struct Dump {
    /// Line of the first row, from 1.
    pub(super) first_line: u64,
    bytes: Vec<u8>,
    broken: Option<Unreadable>,
}

impl Dump {
    pub(super) fn begin(line: u64) -> Self {
        Self { first_line: line, ..Self::default() }
    }

    /// Takes the next row.
    pub(super) fn push(&mut self, row: &Row, line: usize) {
        if row.offset != self.bytes.len() && self.broken.is_none() {
            self.broken = Some(Unreadable::Dump { line, offset: self.bytes.len() });
        }
        self.bytes.extend_from_slice(&row.bytes);
    }

    /// The bytes, or where rows are missing.
    pub(super) fn finish(self) -> Result<Vec<u8>, Unreadable> {
        match self.broken {
            Some(error) => Err(error),
            None => Ok(self.bytes),
        }
    }
}

/// One row.
pub(super) struct Row {
    pub(super) offset: usize,
    bytes: Vec<u8>,
}

impl Row {
    /// Reads a line; `None` where it is no row.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let line = line.trim_ascii();
        let at = line.iter().position(|byte| !byte.is_ascii_hexdigit()).filter(|at| (4..=8).contains(at))?;
        let (offset, rest) = line.split_at_checked(at)?;
        let offset = usize::from_str_radix(std::str::from_utf8(offset).ok()?, 16).ok()?;
        let style = STYLES.iter().find(|style| rest.starts_with(style.after_offset))?;
        let bytes = style.bytes(rest.get(style.after_offset.len()..)?);
        Some(Self { offset, bytes })
    }
}

/// How a program lays out a row.
struct Style {
    /// What stands between offset and bytes.
    after_offset: &'static [u8],
    /// What may stand between two bytes.
    between: &'static [&'static [u8]],
}

/// More specific ones first.
const STYLES: [Style; 3] = [
    // OpenSSL, `BIO_dump_indent` in `crypto/bio/bio_dump.c`:
    // 0010 - 3c e2 fc 3f e1 c1 3b cb-80 96 80 d3 f2 f1 08 79   <..?..;........y
    Style { after_offset: b" - ", between: &[b" ", b"-"] },
    // xxd: 00000010: 3ce2 fc3f e1c1 3bcb 8096 80d3 f2f1 0879  <..?..;........y
    Style { after_offset: b": ", between: &[b" ", b""] },
    // hexdump -C: 00000010  3c e2 fc 3f e1 c1 3b cb  80 96 80 d3 f2 f1 08 79  |<..?..;........y|
    Style { after_offset: b"  ", between: &[b"  ", b" "] },
];

impl Style {
    /// The bytes of a row, up to where its text column begins.
    fn bytes(&self, mut cells: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(ROW_LENGTH);
        while bytes.len() < ROW_LENGTH {
            let Some((cell, rest)) = cells.split_first_chunk::<2>() else { break };
            let Ok([byte]) = hex::decode_to_array::<_, 1>(cell) else { break };
            bytes.push(byte);
            let Some(rest) = self.between.iter().find_map(|between| rest.strip_prefix(*between)) else { break };
            cells = rest;
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_end_where_the_text_column_begins() {
        let full =
            Row::parse(b"    0010 - 3c e2 fc 3f e1 c1 3b cb-80 96 80 d3 f2 f1 08 79   <..?..;........y").unwrap();
        assert_eq!((full.offset, full.bytes.len(), full.bytes[15]), (16, 16, 0x79));
        let short = Row::parse(b"00a0 - de ad be ef                                       ab cd").unwrap();
        assert_eq!(short.bytes, [0xde, 0xad, 0xbe, 0xef]);
        let xxd = Row::parse(b"00000010: 3ce2 fc3f e1c1 3bcb 8096 80d3 f2f1 0879  <..?..;........y").unwrap();
        assert_eq!((xxd.offset, xxd.bytes), (full.offset, full.bytes.clone()));
        assert_eq!(
            Row::parse(b"00000020: abcd 12                                  ab 3").unwrap().bytes,
            [0xab, 0xcd, 0x12]
        );
        let hexdump =
            Row::parse(b"00000010  3c e2 fc 3f e1 c1 3b cb  80 96 80 d3 f2 f1 08 79  |<..?..;........y|").unwrap();
        assert_eq!((hexdump.offset, hexdump.bytes), (full.offset, full.bytes));
        assert_eq!(
            Row::parse(b"00000020  ab cd                                             |ab|").unwrap().bytes,
            [0xab, 0xcd]
        );
        assert!(Row::parse(b"    Start Time: 1795420015").is_none());
        assert!(Row::parse(b"abc - not a row").is_none());
        assert!(Row::parse(b"000000c0").is_none());
        assert!(Row::parse(b"0000 1111 2222").is_none());
    }

    #[test]
    fn a_missing_row_is_noticed() {
        let mut dump = Dump::begin(1);
        dump.push(&Row { offset: 0, bytes: vec![0; 16] }, 1);
        dump.push(&Row { offset: 32, bytes: vec![0; 16] }, 2);
        assert_eq!(dump.finish(), Err(Unreadable::Dump { line: 2, offset: 16 }));
    }
}
