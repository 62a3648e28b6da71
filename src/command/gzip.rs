//! Inputs that were compressed with gzip (RFC 1952), read as what they hold.

use std::io::{self, BufReader, Chain, Cursor, ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;

use super::failure::Failure;

/// The two magic bytes, and "deflate", the only method there is.
const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
/// How much is read at a time.
const BUFFER_LENGTH: usize = 1 << 16;

/// An input with its first bytes, which had to be looked at, before it.
type Whole<R> = Chain<Cursor<Vec<u8>>, R>;

/// The bytes of an input as they were before gzip, if it was compressed at all.
pub(super) enum Decompressed<R> {
    Plain(Whole<R>),
    Gzip(Box<MultiGzDecoder<BufReader<Whole<R>>>>),
}

impl<R: Read> Decompressed<R> {
    /// Looks at the first bytes.
    pub(super) fn new(mut input: R) -> io::Result<Self> {
        let mut head = Vec::new();
        input.by_ref().take(MAGIC.len() as u64).read_to_end(&mut head)?;
        let is_gzip = head == MAGIC;
        let whole = Cursor::new(head).chain(input);
        if is_gzip {
            let buffered = BufReader::with_capacity(BUFFER_LENGTH, whole);
            return Ok(Self::Gzip(Box::new(MultiGzDecoder::new(buffered))));
        }
        Ok(Self::Plain(whole))
    }

    /// The input as it is, whatever it begins with.
    pub(super) fn as_it_is(input: R) -> Self {
        Self::Plain(Cursor::new(Vec::new()).chain(input))
    }

    /// Whether there is more in it than its length tells.
    pub(super) fn is_gzip(&self) -> bool {
        matches!(self, Self::Gzip(_))
    }
}

impl<R: Read> Read for Decompressed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(input) => input.read(buffer),
            Self::Gzip(input) => input.read(buffer).map_err(|error| {
                let kind = error.kind();
                if is_damage(kind) { io::Error::new(kind, format!("damaged gzip: {error}")) } else { error }
            }),
        }
    }
}

/// Adds the remedy where an input could not be read for what was compressed.
pub(super) fn explain(error: anyhow::Error) -> anyhow::Error {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    if kind.is_some_and(is_damage) {
        let failure = Failure::new(format_args!("{error:#}"));
        return failure.with_hint("what was before it has been read; gzip -t FILE checks a file").into();
    }
    error
}

/// Errors that no file or pipe has of itself.
fn is_damage(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn read(input: &[u8]) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        Decompressed::new(input)?.read_to_end(&mut all).map(|_| all)
    }

    #[test]
    fn what_was_compressed_comes_out_and_all_else_as_it_is() {
        let members = [gzip(b"one"), gzip(b" and two")].concat();
        assert_eq!(read(&members).unwrap(), b"one and two");
        for plain in [&b""[..], b"\x1f", b"\x1f\x8b", b"\x1f\x8b\x07abc", b"plain"] {
            assert_eq!(read(plain).unwrap(), plain);
        }
        let mut all = Vec::new();
        Decompressed::as_it_is(members.as_slice()).read_to_end(&mut all).unwrap();
        assert_eq!(all, members);
    }

    #[test]
    fn damage_is_told() {
        let whole = gzip(&[b'a'; 1000]);
        let mut changed = whole.clone();
        changed[12] ^= 0xff;
        for damaged in [&whole[..whole.len() - 9], &changed] {
            let error = anyhow::Error::from(read(damaged).unwrap_err()).context("tickets.gz");
            let explained = explain(error);
            assert!(explained.to_string().starts_with("tickets.gz: damaged gzip: "), "{explained}");
            assert!(explained.downcast_ref::<Failure>().unwrap().hint().is_some());
        }
    }
}
