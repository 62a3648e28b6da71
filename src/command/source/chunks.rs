//! Inputs of lines, in pieces of whole lines.

use std::io::{self, Read};
use std::mem;

use memchr::{memchr, memrchr};
use tktdump::input;
use tktdump::input::line::MAX_LENGTH;

/// How much is read at a time.
pub(in crate::command) const CHUNK_LENGTH: usize = 1 << 17;

/// How much is read at first of what may be a single ticket.
const SHORT_LENGTH: usize = 1 << 13;

/// Bytes as they are read, in memory that is used again and zeroed only once.
#[derive(Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    filled: usize,
}

impl Buffer {
    /// Holds what was read, with room for `length` bytes in all.
    pub(super) fn of(head: &[u8], length: usize) -> Self {
        let mut bytes = vec![0; length.max(head.len())];
        bytes.iter_mut().zip(head).for_each(|(to, from)| *to = *from);
        Self { bytes, filled: head.len() }
    }

    /// What was read.
    pub(super) fn filled(&self) -> &[u8] {
        self.bytes.get(..self.filled).unwrap_or_default()
    }

    /// The filled bytes, without room for more.
    pub(super) fn into_filled(mut self) -> Vec<u8> {
        self.bytes.truncate(self.filled);
        self.bytes
    }

    /// Appends what one read gives, `most` bytes at most; 0 at the end.
    pub(super) fn fill(&mut self, input: &mut impl Read, most: usize) -> io::Result<usize> {
        let end = self.filled + most;
        if self.bytes.is_empty() {
            // pages of it are used as they are read into
            self.bytes = vec![0; end];
        } else if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        let read = loop {
            match input.read(self.bytes.get_mut(self.filled..end).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        self.filled += read;
        Ok(read)
    }

    /// Holds `bytes` and nothing else. Memory that an uncommonly long line took is given back.
    fn replace(&mut self, bytes: &[u8]) {
        if self.bytes.len() > 2 * CHUNK_LENGTH {
            self.bytes = Vec::new();
        }
        if self.bytes.is_empty() {
            self.bytes = vec![0; bytes.len().max(CHUNK_LENGTH)];
        } else if self.bytes.len() < bytes.len() {
            self.bytes.resize(bytes.len(), 0);
        }
        if let Some(place) = self.bytes.get_mut(..bytes.len()) {
            place.copy_from_slice(bytes);
        }
        self.filled = bytes.len();
    }
}

/// Whole lines.
#[derive(Default)]
pub(in crate::command) struct Chunk {
    buffer: Buffer,
    start: usize,
    end: usize,
    /// How many chunks of the input were before it.
    pub(in crate::command) number: u64,
}

impl Chunk {
    /// Every line, without its end.
    pub(in crate::command) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.buffer.filled().get(self.start..self.end).unwrap_or_default();
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let (line, after) = rest.split_at(memchr(b'\n', rest).unwrap_or(rest.len()));
            rest = after.split_first().map_or(&[], |(_, after)| after);
            Some(line)
        })
    }
}

/// Cuts an input into chunks. Each ends when a read gave no more, so that nothing waits for what comes later.
pub(in crate::command) struct Chunks {
    input: Box<dyn Read + Send>,
    /// What was read and not yet handed over; but for the start of the input, the start of a line.
    rest: Vec<u8>,
    /// How many chunks there were.
    count: u64,
    length: u64,
    /// Whether the rest of a line is passed over that was handed over as too long.
    skipping: bool,
    ended: bool,
}

impl Chunks {
    /// `head` is what was read of `input` before.
    pub(super) fn new(head: Vec<u8>, input: Box<dyn Read + Send>) -> Self {
        let length = head.len() as u64;
        Self { input, rest: head, count: 0, length, skipping: false, ended: false }
    }

    /// How many chunks there were so far.
    pub(in crate::command) fn count(&self) -> u64 {
        self.count
    }

    /// How many bytes were read so far.
    pub(in crate::command) fn length(&self) -> u64 {
        self.length
    }

    /// Reads no more.
    pub(in crate::command) fn end(&mut self) {
        self.ended = true;
    }

    /// Puts the next lines into `chunk`; `false` at the end. After an error there is nothing more.
    pub(in crate::command) fn next(&mut self, chunk: &mut Chunk) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if self.count == 0 && chunk.buffer.bytes.is_empty() {
            // of an input that is read already, no more room is needed than it takes
            chunk.buffer = Buffer { filled: self.rest.len(), bytes: mem::take(&mut self.rest) };
        } else {
            chunk.buffer.replace(&self.rest);
        }
        chunk.start = 0;
        let mut searched = 0;
        while !self.find_end(chunk, &mut searched) {
            let most = if self.is_short(chunk) { SHORT_LENGTH } else { CHUNK_LENGTH };
            let most = most.saturating_sub(chunk.buffer.filled).max(most / 2);
            let read = chunk.buffer.fill(&mut self.input, most).inspect_err(|_| self.ended = true)?;
            self.length += read as u64;
            if read == 0 {
                self.ended = true;
                chunk.end = chunk.buffer.filled;
                if chunk.start == chunk.end {
                    return Ok(false);
                }
                break;
            }
        }
        let rest = chunk.buffer.filled().get(chunk.end..).unwrap_or_default();
        self.rest.clear();
        self.rest.extend_from_slice(rest);
        if self.count == 0 {
            let text = chunk.buffer.filled().get(chunk.start..chunk.end).unwrap_or_default();
            chunk.start += text.len() - input::without_mark(text).len();
        }
        chunk.number = self.count;
        self.count += 1;
        Ok(true)
    }

    /// Whether so little of the input was read before that this may be all of it.
    fn is_short(&self, chunk: &Chunk) -> bool {
        self.count == 0 && chunk.buffer.filled <= SHORT_LENGTH / 2
    }

    /// Finds the whole lines of what was read, if there are any. What is too long for a line is taken for a whole one,
    /// so that its end is not waited for.
    fn find_end(&mut self, chunk: &mut Chunk, searched: &mut usize) -> bool {
        if self.skipping {
            let Some(end) = memchr(b'\n', chunk.buffer.filled()) else {
                chunk.buffer.filled = 0;
                return false;
            };
            self.skipping = false;
            chunk.start = end + 1;
            *searched = chunk.start;
        }
        let filled = chunk.buffer.filled();
        let fresh = filled.get(*searched..).unwrap_or_default();
        if let Some(end) = memrchr(b'\n', fresh) {
            chunk.end = *searched + end + 1;
            return true;
        }
        *searched = filled.len();
        self.skipping = filled.len() - chunk.start > MAX_LENGTH;
        chunk.end = filled.len();
        self.skipping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives as many bytes at a time as it is told, in turn, and then an error if there is one.
    struct Trickle {
        bytes: Vec<u8>,
        lengths: Vec<usize>,
        reads: usize,
        error: Option<io::ErrorKind>,
    }

    impl Read for Trickle {
        fn read(&mut self, place: &mut [u8]) -> io::Result<usize> {
            self.reads += 1;
            if self.reads % 3 == 0 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            if self.bytes.is_empty() {
                return self.error.take().map_or(Ok(0), |kind| Err(kind.into()));
            }
            let most = self.lengths[self.reads % self.lengths.len()];
            let length = most.min(place.len()).min(self.bytes.len());
            place[..length].copy_from_slice(&self.bytes[..length]);
            self.bytes.drain(..length);
            Ok(length)
        }
    }

    fn chunks(head: &[u8], bytes: &[u8], lengths: &[usize]) -> Chunks {
        let trickle = Trickle { bytes: bytes.to_vec(), lengths: lengths.to_vec(), reads: 0, error: None };
        Chunks::new(head.to_vec(), Box::new(trickle))
    }

    /// The lines of every chunk.
    fn all(mut chunks: Chunks) -> Vec<Vec<Vec<u8>>> {
        let (mut chunk, mut found) = (Chunk::default(), Vec::new());
        while chunks.next(&mut chunk).unwrap() {
            assert_eq!(chunk.number, found.len() as u64);
            found.push(chunk.lines().map(<[u8]>::to_vec).collect());
        }
        assert_eq!(chunks.count(), found.len() as u64);
        assert!(!chunks.next(&mut chunk).unwrap(), "the end stays the end");
        found
    }

    #[test]
    fn lines_are_the_same_however_they_come() {
        let text = b"\xef\xbb\xbfone\r\n\n\r\ntwo,three\n\n\nlast".as_slice();
        let expected: Vec<&[u8]> = vec![b"one\r", b"", b"\r", b"two,three", b"", b"", b"last"];
        for end in ["", "\n", "\n\n"] {
            let mut text = [text, end.as_bytes()].concat();
            let mut expected = expected.clone();
            expected.extend(vec![&b""[..]; end.len().saturating_sub(1)]);
            for lengths in [&[1][..], &[2, 1], &[7, 1, 3], &[1 << 20]] {
                for head in 0..text.len() {
                    let found = all(chunks(&text[..head], &text[head..], lengths)).concat();
                    assert_eq!(found, expected, "{lengths:?}, {head} bytes before");
                }
            }
            // more than a chunk
            text.splice(3..3, b"0123456789\n".repeat(CHUNK_LENGTH / 4));
            let found = all(chunks(&text[..9], &text[9..], &[CHUNK_LENGTH, 1, 50_000])).concat();
            assert_eq!(found.len(), CHUNK_LENGTH / 4 + expected.len());
            assert_eq!(found[CHUNK_LENGTH / 4..], expected);
        }
    }

    #[test]
    fn a_chunk_ends_where_a_read_gives_no_more() {
        let found = all(chunks(b"a\nb\nc", b"d\nefg\nh", &[2]));
        let expected: [&[&[u8]]; 4] = [&[b"a", b"b"], &[b"cd"], &[b"efg"], &[b"h"]];
        assert_eq!(found, expected);
        let whole = all(chunks(b"", &b"line\n".repeat(CHUNK_LENGTH), &[usize::MAX]));
        assert!(whole.len() <= 6, "{} chunks", whole.len());
    }

    #[test]
    fn a_line_that_is_too_long_is_one_line_and_its_end_is_not_kept() {
        for length in [MAX_LENGTH - 1, MAX_LENGTH, MAX_LENGTH + 1, 3 * MAX_LENGTH, 3 * CHUNK_LENGTH] {
            for (before, after) in [("", "next\nlast"), ("first\n", ""), ("first\n", "\n\nnext\n")] {
                let long = vec![b'a'; length];
                let text = [before.as_bytes(), &long, b"\n", after.as_bytes()].concat();
                for lengths in [&[usize::MAX][..], &[CHUNK_LENGTH / 3, 1]] {
                    let found = all(chunks(&text[..5], &text[5..], lengths)).concat();
                    let of = |text: &str| text.lines().map(|line| line.as_bytes().to_vec()).collect::<Vec<_>>();
                    let at = of(before).len();
                    assert_eq!(found[..at], of(before));
                    assert_eq!(found[at].len() > MAX_LENGTH, length > MAX_LENGTH, "{length}");
                    assert!(found[at].len() <= length.min(MAX_LENGTH + CHUNK_LENGTH));
                    assert_eq!(found[at + 1..], of(after), "{length} {lengths:?}");
                }
            }
        }
    }

    #[test]
    fn what_was_read_before_an_error_is_handed_over() {
        let bytes = b"one\ntwo\nthree\nfour".to_vec();
        let trickle = Trickle { bytes, lengths: vec![9], reads: 0, error: Some(io::ErrorKind::Other) };
        let mut chunks = Chunks::new(Vec::new(), Box::new(trickle));
        let (mut chunk, mut found) = (Chunk::default(), Vec::new());
        let error = loop {
            match chunks.next(&mut chunk) {
                Ok(true) => found.extend(chunk.lines().map(<[u8]>::to_vec)),
                Ok(false) => panic!("the error is lost"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::Other);
        assert_eq!(found, [&b"one"[..], b"two", b"three"]);
        assert!(!chunks.next(&mut chunk).unwrap(), "nothing is read behind an error");
    }
}
