//! A capture read ahead: one thread reads, decompresses and takes packets apart, another follows what is in them.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use tktdump::capture::Capture;
use tktdump::capture::container::Packet;
use tktdump::capture::datagram::{Datagram, Decoder, Route, Step};
use zeroize::Zeroizing;

use super::super::sink::Sink;
use super::feed::Feed;
use super::packets::{Blocks, End, Followed, PacketSink, each_packet};

/// Batches on their way.
const AHEAD: usize = 1;

/// What was made of a chunk.
#[derive(Default)]
struct Batch {
    /// The chunk.
    bytes: Vec<u8>,
    packets: Vec<(Step, Payload)>,
    /// Where packets came from and went to: one for all that follow each other on the same way.
    routes: Vec<Route>,
    /// Payloads that were put together from several packets.
    joined: Vec<u8>,
}

/// Where a payload is, and which route it took.
#[derive(Clone, Copy)]
struct Payload {
    start: u32,
    end: u32,
    route: u32,
    is_joined: bool,
}

impl Batch {
    /// Every packet, in order.
    fn packets(&self) -> impl Iterator<Item = (&Route, &Step, &[u8])> {
        self.packets.iter().filter_map(|(step, payload)| {
            let bytes = if payload.is_joined { &self.joined } else { &self.bytes };
            let route = self.routes.get(payload.route as usize)?;
            Some((route, step, bytes.get(payload.start as usize..payload.end as usize)?))
        })
    }

    #[expect(clippy::inline_always, reason = "what was just written would be waited for if it were copied")]
    #[inline(always)]
    fn put(&mut self, datagram: Datagram, start: usize, length: usize, is_joined: bool) -> anyhow::Result<()> {
        if self.routes.last() != Some(&datagram.route) {
            self.routes.push(datagram.route);
        }
        let (start, end, route) =
            (start.try_into()?, (start + length).try_into()?, (self.routes.len() - 1).try_into()?);
        self.packets.push((datagram.step, Payload { start, end, route, is_joined }));
        Ok(())
    }
}

/// What comes after the last batch.
struct Last {
    end: anyhow::Result<End>,
    blocks: Blocks,
    decoder: Decoder,
}

/// What goes from one thread to the other.
enum Message {
    Batch(Batch),
    /// A key log that is in the capture.
    Secrets(Zeroizing<Vec<u8>>),
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
            let mut decode = Decode { batch, decoder, blocks: Blocks::default(), unwanted: false, full, emptied };
            let mut feed = Feed::new(input);
            let end = each_packet(&mut feed, &mut decode);
            decode.retire(feed.into_bytes());
            let Decode { decoder, blocks, full, .. } = decode;
            // nobody may want it
            let _ = full.send(Message::Last(Box::new(Last { end, blocks, decoder })));
        })?;
        Ok(Self { full: filled, empty })
    }

    /// Follows the connections of all that comes.
    pub(super) fn follow(self, capture: &mut Capture, sink: &mut impl Sink) -> anyhow::Result<Followed> {
        let mut found = 0;
        loop {
            match self.full.recv()? {
                Message::Batch(batch) => {
                    for (route, step, payload) in batch.packets() {
                        capture.datagram(route, step, payload, &mut |connection| {
                            found += 1;
                            sink.connection(&connection);
                        });
                    }
                    // a thread that has ended needs none
                    let _ = self.empty.send(batch);
                    sink.pause()?;
                }
                Message::Secrets(key_log) => capture.secrets().add_all(&key_log),
                Message::Last(last) => {
                    capture.adopt(last.decoder);
                    return Ok(Followed { end: last.end, blocks: last.blocks, found });
                }
            }
        }
    }
}

/// Takes packets apart and sends what is in them.
struct Decode {
    batch: Batch,
    decoder: Decoder,
    blocks: Blocks,
    /// Whether nobody takes batches any more.
    unwanted: bool,
    full: SyncSender<Message>,
    emptied: Receiver<Batch>,
}

impl PacketSink for Decode {
    #[inline]
    fn packet(&mut self, packet: &Packet<'_>, position: usize) -> anyhow::Result<()> {
        anyhow::ensure!(!self.unwanted, "nobody follows what is read");
        let Some((datagram, payload)) = self.decoder.decode(packet) else { return Ok(()) };
        // an address is a number: nothing is read through it
        let offset = payload.as_ptr().addr().wrapping_sub(packet.data.as_ptr().addr());
        if offset.saturating_add(payload.len()) <= packet.data.len() {
            return self.batch.put(datagram, position + offset, payload.len(), false);
        }
        let start = self.batch.joined.len();
        self.batch.joined.extend_from_slice(payload);
        self.batch.put(datagram, start, payload.len(), true)
    }

    fn secrets(&mut self, key_log: &[u8]) {
        // ahead of the packets before it that are still in the batch: that does no harm
        let message = Message::Secrets(Zeroizing::new(key_log.to_vec()));
        self.unwanted |= self.full.send(message).is_err();
    }

    fn unusable(&mut self, count: u64) {
        (0..count).for_each(|_| self.decoder.pass_over());
    }

    fn retire(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        self.batch.bytes = bytes;
        if self.batch.packets.is_empty() {
            return std::mem::take(&mut self.batch.bytes);
        }
        let mut batch = self.emptied.try_recv().unwrap_or_default();
        batch.packets.clear();
        batch.routes.clear();
        batch.joined.clear();
        let spare = std::mem::take(&mut batch.bytes);
        self.unwanted |= self.full.send(Message::Batch(std::mem::replace(&mut self.batch, batch))).is_err();
        spare
    }

    fn pause(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    fn end(&mut self, blocks: Blocks) {
        self.blocks = blocks;
    }
}
