//! Zstandard (RFC 8878): frames one after the other, read as what they hold.

use std::io::{self, Cursor, ErrorKind, Read};

use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

/// The first bytes of a frame.
pub(super) const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The last three of the first bytes of a frame that is to be skipped; the first is 0x50 to 0x5f.
const SKIPPED_MAGIC: [u8; 3] = [0x2a, 0x4d, 0x18];
/// The most that a frame may want kept of what went before: `zstd -20` wants as much, `--long` and `-22` more.
const MAX_WINDOW: u64 = 32 << 20;
/// Bytes of a frame header up to the window, or to the longest content size.
const HEADER_LENGTH: usize = 14;

/// What the rest of an input is read from: first bytes that had to be looked at, then the others.
type Source<R> = io::Chain<Cursor<Vec<u8>>, Box<R>>;

/// The content of all frames of an input.
pub(super) struct Frames<R: Read> {
    /// `None` between frames, and at the end.
    frame: Option<Box<StreamingDecoder<Source<R>, FrameDecoder>>>,
    rest: Option<Source<R>>,
}

impl<R: Read> Frames<R> {
    pub(super) fn new(input: R) -> Self {
        Self { frame: None, rest: Some(Cursor::new(Vec::new()).chain(Box::new(input))) }
    }

    /// Begins the next frame; `false` at the end of the input.
    fn next_frame(&mut self) -> io::Result<bool> {
        let Some(mut source) = self.rest.take() else { return Ok(false) };
        let head = loop {
            let mut head = Vec::with_capacity(HEADER_LENGTH);
            source.by_ref().take(HEADER_LENGTH as u64).read_to_end(&mut head)?;
            if head.is_empty() {
                return Ok(false);
            }
            if head.starts_with(&MAGIC) {
                break head;
            }
            match head.split_first_chunk::<4>().and_then(|(magic, rest)| Some((magic, rest.split_first_chunk()?))) {
                Some(([low, magic @ ..], (length, rest))) if low >> 4 == 5 && *magic == SKIPPED_MAGIC => {
                    let length = u64::from(u32::from_le_bytes(*length));
                    let ahead = rest.get(usize::try_from(length).unwrap_or(usize::MAX)..).map(<[u8]>::to_vec);
                    let left = length.saturating_sub(rest.len() as u64);
                    io::copy(&mut source.by_ref().take(left), &mut io::sink())?;
                    source = again(ahead.unwrap_or_default(), source)?;
                }
                _ => return Err(damaged("something else follows a frame")),
            }
        };
        let window = window(&head).unwrap_or_default();
        if window > MAX_WINDOW {
            let error = format!("zstd: a frame wants {window} bytes kept, more than {MAX_WINDOW}");
            return Err(io::Error::new(ErrorKind::Unsupported, error));
        }
        self.frame = Some(Box::new(StreamingDecoder::new(again(head, source)?).map_err(damaged)?));
        Ok(true)
    }
}

/// The input with bytes before it that were read already.
fn again<R: Read>(mut head: Vec<u8>, source: Source<R>) -> io::Result<Source<R>> {
    let (mut before, input) = source.into_inner();
    before.read_to_end(&mut head)?;
    Ok(Cursor::new(head).chain(input))
}

/// How much a frame wants kept, by its header (RFC 8878 section 3.1.1.1).
fn window(head: &[u8]) -> Option<u64> {
    let descriptor = *head.get(MAGIC.len())?;
    let rest = head.get(MAGIC.len() + 1..)?;
    let is_single_segment = descriptor & 0x20 != 0;
    if !is_single_segment {
        let (exponent, mantissa) = (rest.first()? >> 3, u64::from(rest.first()? & 7));
        let base = 1_u64 << (10 + exponent);
        return Some(base + base / 8 * mantissa);
    }
    let dictionary = [0, 1, 2, 4].get(usize::from(descriptor & 3)).copied()?;
    let size = rest.get(dictionary..)?;
    let take = |length: usize| {
        let bytes = size.get(..length)?;
        Some(bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    };
    match descriptor >> 6 {
        0 => take(1),
        1 => take(2).map(|size| size + 256),
        2 => take(4),
        _ => take(8),
    }
}

fn damaged(error: impl std::fmt::Display) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("damaged zstd: {error}"))
}

impl<R: Read> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(frame) = &mut self.frame {
                let count = frame.read(buffer).map_err(damaged)?;
                if count > 0 || buffer.is_empty() {
                    return Ok(count);
                }
                self.rest = self.frame.take().map(|frame| frame.into_inner());
            }
            if !self.next_frame()? {
                return Ok(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of one block that is not compressed.
    fn frame(content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap();
        let mut frame = [&MAGIC[..], &[0xa0], &length.to_le_bytes()].concat();
        frame.extend_from_slice(&(length << 3 | 1).to_le_bytes()[..3]);
        frame.extend_from_slice(content);
        frame
    }

    fn skipped(content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap();
        [&[0x5a][..], &SKIPPED_MAGIC, &length.to_le_bytes(), content].concat()
    }

    fn read(input: &[u8]) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        Frames::new(input).read_to_end(&mut all).map(|_| all)
    }

    #[test]
    fn frames_follow_each_other() {
        let input = [
            frame(b"one"),
            skipped(b"left out, and longer than a header"),
            frame(&[7; 300]),
            skipped(b""),
            frame(b"two"),
        ];
        assert_eq!(read(&input.concat()).unwrap(), [&b"one"[..], &[7; 300], b"two"].concat());
        assert_eq!(read(&[]).unwrap(), b"");
    }

    #[test]
    fn damage_and_wide_windows_are_errors() {
        let whole = frame(&[7; 300]);
        for cut in 1..whole.len() {
            assert!(read(&whole[..cut]).is_err(), "{cut}");
        }
        assert!(read(&[whole.as_slice(), b"more than frames"].concat()).is_err());
        // a window of 64 MiB
        let error = read(&[&MAGIC[..], &[0, 16 << 3], &[0; 20]].concat()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
}
