//! The bytes of a capture, chunk by chunk; read ahead by a thread of its own, so that reading and decompressing go on
//! while packets are looked at.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

/// How much is read at a time: so much that waking the other thread costs little.
const CHUNK_LENGTH: usize = 1 << 20;
/// Room in front of a chunk for what the one before it left: more than any ordinary packet.
const HEADROOM: usize = 1 << 16;
/// Chunks that are read ahead.
const AHEAD: usize = 2;

/// A buffer and the part of it that holds what was read; the room before it is free.
struct Chunk {
    bytes: Vec<u8>,
    end: usize,
}

impl Chunk {
    /// Puts what one read gives into `bytes`; `None` at the end.
    fn read(mut bytes: Vec<u8>, input: &mut impl Read) -> io::Result<Option<Self>> {
        if bytes.is_empty() {
            // pages of it are used as they are read into
            bytes = vec![0; HEADROOM + CHUNK_LENGTH];
        }
        bytes.resize(HEADROOM + CHUNK_LENGTH, 0);
        let place = bytes.get_mut(HEADROOM..).unwrap_or_default();
        let read = loop {
            match input.read(place) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        Ok((read > 0).then_some(Self { bytes, end: HEADROOM + read }))
    }
}

/// Where chunks come from.
enum Source<'r> {
    /// Read when they are needed, into a buffer that is done with.
    Direct(Box<dyn Read + 'r>, Vec<u8>),
    /// Read ahead; buffers go back when they are done with.
    Ahead { filled: Receiver<io::Result<Chunk>>, empty: Sender<Vec<u8>> },
}

/// What has been read of a capture and not yet been used.
pub(in crate::command) struct Feed<'r> {
    source: Source<'r>,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    complete: bool,
}

impl<'r> Feed<'r> {
    /// Reads `input` when its bytes are needed.
    pub(in crate::command) fn direct(input: impl Read + 'r) -> Self {
        Self::new(Source::Direct(Box::new(input), Vec::new()))
    }

    /// Reads `input` ahead. The thread ends with the input, or with the feed; nobody waits for it, as it may wait for
    /// a pipe.
    pub(in crate::command) fn ahead(input: impl Read + Send + 'static) -> io::Result<Self> {
        let (full, filled) = sync_channel(AHEAD);
        let (empty, emptied) = channel();
        thread::Builder::new().name("read".to_owned()).spawn(move || read_ahead(input, &full, &emptied))?;
        Ok(Self::new(Source::Ahead { filled, empty }))
    }

    fn new(source: Source<'r>) -> Self {
        Self { source, bytes: Vec::new(), start: 0, end: 0, complete: false }
    }

    /// What is there.
    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether no more will come.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Passes over bytes that are there.
    pub(super) fn advance(&mut self, length: usize) {
        self.start = self.end.min(self.start + length);
    }

    /// Reads until as many bytes are there, or no more come.
    pub(super) fn fill(&mut self, needed: usize) -> io::Result<()> {
        while self.end - self.start < needed && !self.complete {
            match self.next()? {
                Some(chunk) => self.append(chunk),
                None => self.complete = true,
            }
        }
        Ok(())
    }

    /// Passes over bytes, also those that are still to come; `false` where there are not as many.
    pub(super) fn skip(&mut self, mut length: u64) -> io::Result<bool> {
        loop {
            let there = self.rest().len();
            let step = usize::try_from(length).map_or(there, |length| length.min(there));
            self.advance(step);
            length -= step as u64;
            if length == 0 || self.complete {
                return Ok(length == 0);
            }
            self.fill(1)?;
        }
    }

    fn next(&mut self) -> io::Result<Option<Chunk>> {
        match &mut self.source {
            Source::Direct(input, spare) => Chunk::read(std::mem::take(spare), input),
            // the thread hangs up at the end
            Source::Ahead { filled, .. } => filled.recv().ok().transpose(),
        }
    }

    /// Puts a chunk behind what is left of the one before it.
    fn append(&mut self, chunk: Chunk) {
        let Chunk { mut bytes, end } = chunk;
        let rest = self.rest();
        let start = HEADROOM.checked_sub(rest.len());
        if let Some((start, place)) = start.and_then(|start| Some((start, bytes.get_mut(start..HEADROOM)?))) {
            place.copy_from_slice(rest);
            self.start = start;
        } else {
            // a packet longer than the room
            let mut joined = vec![0; HEADROOM];
            joined.extend_from_slice(rest);
            joined.extend_from_slice(bytes.get(HEADROOM..end).unwrap_or_default());
            (self.start, self.end) = (HEADROOM, joined.len());
            self.bytes = joined;
            self.give_back(bytes);
            return;
        }
        self.end = end;
        let old = std::mem::replace(&mut self.bytes, bytes);
        self.give_back(old);
    }

    fn give_back(&mut self, bytes: Vec<u8>) {
        match &mut self.source {
            Source::Direct(_, spare) => *spare = bytes,
            // a thread that has ended needs none
            Source::Ahead { empty, .. } => drop(empty.send(bytes)),
        }
    }
}

/// Sends chunks until the input ends, fails, or nobody wants them.
fn read_ahead(mut input: impl Read, full: &SyncSender<io::Result<Chunk>>, emptied: &Receiver<Vec<u8>>) {
    loop {
        let chunk = Chunk::read(emptied.try_recv().unwrap_or_default(), &mut input).transpose();
        let Some(chunk) = chunk else { return };
        let failed = chunk.is_err();
        if full.send(chunk).is_err() || failed {
            return;
        }
    }
}
