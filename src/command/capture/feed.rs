//! The bytes of a capture, chunk by chunk.

use std::io::{self, Read};

/// How much is read at a time: so much that waking another thread costs little.
const CHUNK_LENGTH: usize = 3 << 18;
/// A page of memory.
const PAGE: usize = 1 << 12;
/// Room in front of a chunk for what the one before it left: more than any ordinary packet.
const HEADROOM: usize = 1 << 16;

/// What has been read of a capture and not yet been used.
pub(in crate::command) struct Feed<'r> {
    input: Box<dyn Read + 'r>,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    complete: bool,
    /// A buffer that is done with.
    spare: Vec<u8>,
}

impl<'r> Feed<'r> {
    /// Reads `input` when its bytes are needed.
    pub(in crate::command) fn new(input: impl Read + 'r) -> Self {
        Self { input: Box::new(input), bytes: Vec::new(), start: 0, end: 0, complete: false, spare: Vec::new() }
    }

    /// Begins with bytes that were read before, which are all of it if it is `complete`.
    pub(in crate::command) fn after(bytes: Vec<u8>, complete: bool, input: impl Read + 'r) -> Self {
        let end = bytes.len();
        Self { bytes, end, complete, ..Self::new(input) }
    }

    /// What is there.
    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Where in the buffer that [`retire`](Self::fill) gets the rest begins.
    pub(super) fn position(&self) -> usize {
        self.start
    }

    /// Whether no more will come.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Passes over bytes that are there.
    pub(super) fn advance(&mut self, length: usize) {
        self.start = self.end.min(self.start + length);
    }

    /// Reads until as many bytes are there, or no more come. Every buffer goes to `retire` before more is waited for;
    /// what comes back is used later on.
    pub(super) fn fill(&mut self, needed: usize, retire: &mut dyn FnMut(Vec<u8>) -> Vec<u8>) -> io::Result<()> {
        while self.rest().len() < needed && !self.complete {
            self.turn(retire);
            self.complete = self.read()? == 0;
        }
        Ok(())
    }

    /// Passes over bytes, also those that are still to come; `false` if there are not as many.
    pub(super) fn skip(&mut self, mut length: u64, retire: &mut dyn FnMut(Vec<u8>) -> Vec<u8>) -> io::Result<bool> {
        loop {
            let there = self.rest().len();
            let step = usize::try_from(length).map_or(there, |length| length.min(there));
            self.advance(step);
            length -= step as u64;
            if length == 0 || self.complete {
                return Ok(length == 0);
            }
            self.fill(1, retire)?;
        }
    }

    /// Gives the buffer up; nothing can be read any more.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Puts what is left in front of a new chunk.
    fn turn(&mut self, retire: &mut dyn FnMut(Vec<u8>) -> Vec<u8>) {
        let rest = self.bytes.get(self.start..self.end).unwrap_or_default();
        // more than the room only if a packet is longer
        let most = HEADROOM.max(rest.len()) + PAGE;
        let mut bytes = std::mem::take(&mut self.spare);
        if bytes.is_empty() {
            // pages of it are used as they are read into
            bytes = vec![0; most + CHUNK_LENGTH];
        }
        // what is in a buffer is written over
        bytes.resize(most + CHUNK_LENGTH, 0);
        // from a page of the file to a page of memory: a copy between places that are a little apart in theirs may take
        // three times as long. An address is a number: nothing is read through it
        let room = most - (bytes.as_ptr().addr() + most) % PAGE;
        let start = room - rest.len();
        if let Some(place) = bytes.get_mut(start..room) {
            place.copy_from_slice(rest);
        }
        (self.start, self.end) = (start, room);
        self.spare = retire(std::mem::replace(&mut self.bytes, bytes));
    }

    fn read(&mut self) -> io::Result<usize> {
        let place = self.bytes.get_mut(self.end..self.end + CHUNK_LENGTH).unwrap_or_default();
        let read = loop {
            match self.input.read(place) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        self.end += read;
        Ok(read)
    }
}
