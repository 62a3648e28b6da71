//! A capture read ahead: one thread reads, decompresses and takes packets apart, another follows what is in them.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use tktdump::capture::Capture;
use tktdump::capture::container::Packet;
use tktdump::capture::datagram::{Datagram, Decoder};

use super::super::source::Sink;
use super::{End, Feed, PacketSink, each_packet};

/// Batches on their way.
const AHEAD: usize = 1;

/// What was made of a chunk.
#[derive(Default)]
struct Batch {
    /// The chunk.
    bytes: Vec<u8>,
    datagrams: Vec<(Datagram, Payload)>,
    /// Payloads that were put together from several packets.
    joined: Vec<u8>,
}

/// Where a payload is.
#[derive(Clone, Copy)]
enum Payload {
    Chunk { start: usize, end: usize },
    Joined { start: usize, end: usize },
}

impl Batch {
    fn payload(&self, payload: Payload) -> &[u8] {
        let payload = match payload {
            Payload::Chunk { start, end } => self.bytes.get(start..end),
            Payload::Joined { start, end } => self.joined.get(start..end),
        };
        payload.unwrap_or_default()
    }
}

/// What comes after the last batch.
struct Last {
    end: anyhow::Result<End>,
    unusable: u64,
    decoder: Decoder,
}

/// What goes from one thread to the other.
enum Message {
    Batch(Batch),
    Last(Box<Last>),
}

/// A capture that is being read ahead.
pub(in crate::command) struct Ahead {
    full: Receiver<Message>,
    empty: Sender<Batch>,
}

impl Ahead {
    /// Begins to read. The thread ends with the input, or when nobody wants its batches; nobody waits for it, as it may
    /// wait for a pipe.
    pub(in crate::command) fn new(input: impl Read + Send + 'static) -> io::Result<Self> {
        let (full, filled) = sync_channel(AHEAD);
        let (empty, emptied) = channel();
        thread::Builder::new().name("read".to_owned()).spawn(move || {
            let (batch, decoder) = (Batch::default(), Decoder::default());
            let mut decode = Decode { batch, decoder, unusable: 0, unwanted: false, full, emptied };
            let mut feed = Feed::new(input);
            let end = each_packet(&mut feed, &mut decode);
            decode.retire(feed.into_bytes());
            let Decode { decoder, unusable, full, .. } = decode;
            // nobody may want it
            let _ = full.send(Message::Last(Box::new(Last { end, unusable, decoder })));
        })?;
        Ok(Self { full: filled, empty })
    }

    /// Follows the connections of all that comes; gives the number of blocks that could not be used.
    pub(super) fn follow(
        self,
        capture: &mut Capture,
        sink: &mut impl Sink,
    ) -> anyhow::Result<(anyhow::Result<End>, u64)> {
        loop {
            match self.full.recv()? {
                Message::Batch(batch) => {
                    for (datagram, payload) in &batch.datagrams {
                        let payload = batch.payload(*payload);
                        capture.datagram(datagram, payload, &mut |connection| sink.connection(&connection));
                    }
                    // a thread that has ended needs none
                    let _ = self.empty.send(batch);
                    sink.pause()?;
                }
                Message::Last(last) => {
                    capture.adopt(last.decoder);
                    return Ok((last.end, last.unusable));
                }
            }
        }
    }
}

/// Takes packets apart and sends what is in them.
struct Decode {
    batch: Batch,
    decoder: Decoder,
    unusable: u64,
    /// Whether nobody takes batches any more.
    unwanted: bool,
    full: SyncSender<Message>,
    emptied: Receiver<Batch>,
}

impl PacketSink for Decode {
    fn packet(&mut self, packet: &Packet<'_>, position: usize) -> anyhow::Result<()> {
        anyhow::ensure!(!self.unwanted, "nobody follows what is read");
        let Some((datagram, payload)) = self.decoder.decode(packet) else { return Ok(()) };
        // an address is a number: nothing is read through it
        let offset = payload.as_ptr().addr().wrapping_sub(packet.data.as_ptr().addr());
        let payload = if offset.saturating_add(payload.len()) <= packet.data.len() {
            let start = position + offset;
            Payload::Chunk { start, end: start + payload.len() }
        } else {
            let start = self.batch.joined.len();
            self.batch.joined.extend_from_slice(payload);
            Payload::Joined { start, end: self.batch.joined.len() }
        };
        self.batch.datagrams.push((datagram, payload));
        Ok(())
    }

    fn retire(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        self.batch.bytes = bytes;
        if self.batch.datagrams.is_empty() {
            return std::mem::take(&mut self.batch.bytes);
        }
        let mut batch = self.emptied.try_recv().unwrap_or_default();
        batch.datagrams.clear();
        batch.joined.clear();
        let spare = std::mem::take(&mut batch.bytes);
        self.unwanted |= self.full.send(Message::Batch(std::mem::replace(&mut self.batch, batch))).is_err();
        spare
    }

    fn pause(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    fn unusable(&mut self, blocks: u64) {
        self.unusable = blocks;
    }
}
