//! Inputs that were compressed with gzip (RFC 1952) or zstd (RFC 8878), read as what they hold.

use std::io::{self, BufReader, Chain, Cursor, ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;

use super::failure::Failure;
use super::zstd::{self, Frames};

/// The two magic bytes, and "deflate", the only method there is.
const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
/// What else files are packed with, by their first bytes, and the command that unpacks them.
const OTHERS: [(&[u8], &str, &str); 5] = [
    (b"\xfd7zXZ\0", "xz", "xz -dc FILE | tktdump"),
    (b"BZh91AY&SY", "bzip2", "bzip2 -dc FILE | tktdump"),
    (&[0x04, 0x22, 0x4d, 0x18], "lz4", "lz4 -dc FILE | tktdump"),
    (b"PK\x03\x04", "zip", "unzip -p FILE | tktdump"),
    (b"7z\xbc\xaf\x27\x1c", "7z", "7z x -so FILE | tktdump"),
];
/// What is said of them, ahead of the name.
const PACKED: &str = "the input is packed with ";
/// The longest of the first bytes.
const HEAD_LENGTH: usize = 10;
/// How much is read at a time.
const BUFFER_LENGTH: usize = 1 << 16;

/// An input with its first bytes, which had to be looked at, before it.
type Whole<R> = Chain<Cursor<Vec<u8>>, R>;

/// The bytes of an input as they were before it was compressed, if it was at all.
pub(super) enum Decompressed<R: Read> {
    Plain(Whole<R>),
    Gzip(Box<MultiGzDecoder<BufReader<Whole<R>>>>),
    Zstd(Frames<BufReader<Whole<R>>>),
}

impl<R: Read> Decompressed<R> {
    /// Looks at the first bytes.
    pub(super) fn new(mut input: R) -> io::Result<Self> {
        let mut head = Vec::new();
        // a terminal or a slow pipe is asked for no more than it takes to tell
        for length in [MAGIC.len(), HEAD_LENGTH] {
            input.by_ref().take((length - head.len()) as u64).read_to_end(&mut head)?;
            if head.len() < length || !may_be_packed(&head) {
                break;
            }
        }
        if let Some((_, name, _)) = OTHERS.iter().find(|(magic, ..)| head.starts_with(magic)) {
            return Err(io::Error::new(ErrorKind::Unsupported, format!("{PACKED}{name}")));
        }
        let (is_gzip, is_zstd) = (head.starts_with(&MAGIC), head.starts_with(&zstd::MAGIC));
        let whole = Cursor::new(head).chain(input);
        let buffered = |whole| BufReader::with_capacity(BUFFER_LENGTH, whole);
        Ok(match () {
            () if is_gzip => Self::Gzip(Box::new(MultiGzDecoder::new(buffered(whole)))),
            () if is_zstd => Self::Zstd(Frames::new(buffered(whole))),
            () => Self::Plain(whole),
        })
    }

    /// The input as it is, whatever it begins with.
    pub(super) fn as_it_is(input: R) -> Self {
        Self::Plain(Cursor::new(Vec::new()).chain(input))
    }

    /// Whether there is more in it than its length tells.
    pub(super) fn is_packed(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }
}

/// Whether the first three bytes are those of something that is packed.
fn may_be_packed(head: &[u8]) -> bool {
    OTHERS.iter().map(|(magic, ..)| *magic).chain([&zstd::MAGIC[..]]).any(|magic| magic.starts_with(head))
}

impl<R: Read> Read for Decompressed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(input) => input.read(buffer),
            Self::Zstd(input) => input.read(buffer),
            Self::Gzip(input) => input.read(buffer).map_err(|error| {
                let kind = error.kind();
                if is_damage(kind) { io::Error::new(kind, format!("damaged gzip: {error}")) } else { error }
            }),
        }
    }
}

/// Adds the remedy if an input could not be read for what was compressed.
pub(super) fn explain(error: anyhow::Error) -> anyhow::Error {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    let message = format!("{error:#}");
    let command = || OTHERS.iter().find(|(_, name, _)| message.ends_with(&format!("{PACKED}{name}"))).map(|(.., c)| *c);
    let hint = match kind {
        Some(kind) if is_damage(kind) && message.contains("damaged zstd") => {
            "what was before it has been read; zstd -t FILE checks a file"
        }
        Some(kind) if is_damage(kind) => "what was before it has been read; gzip -t FILE checks a file",
        Some(ErrorKind::Unsupported) => command().unwrap_or("zstd -dc --long=31 FILE | tktdump unpacks it"),
        _ => return error,
    };
    Failure::new(message).with_hint(hint).into()
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
