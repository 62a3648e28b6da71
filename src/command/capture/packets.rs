//! The packets of a capture, one after the other, as far as they can be read.

use std::io;

use tktdump::capture::container::{Damaged, Packet, Reader, Step};

use super::feed::Feed;

/// What was counted in the blocks of a capture.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::command) struct Blocks {
    /// Those that could not be used.
    pub(super) unusable: u64,
    /// Packets that were dropped while it was made.
    pub(super) dropped: u64,
}

/// What happens with the packets of a capture.
pub(in crate::command) trait PacketSink {
    /// Takes a packet, and where in the buffer its data begins.
    fn packet(&mut self, packet: &Packet<'_>, position: usize) -> anyhow::Result<()>;
    /// Takes note of packets that cannot be read.
    fn unusable(&mut self, _count: u64) {}
    /// Takes a key log that is in the capture itself.
    fn secrets(&mut self, _key_log: &[u8]) {}
    /// Takes a buffer whose packets have been handed over; gives one to be used.
    fn retire(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        bytes
    }
    /// Called when all input that is there has been handed over.
    fn pause(&mut self) -> anyhow::Result<()>;
    /// Called at the end with what was counted.
    fn end(&mut self, blocks: Blocks);
}

/// How a capture ended.
pub(in crate::command) enum End {
    Whole,
    /// In the midst of a packet, of which as many bytes are there.
    Cut(usize),
    Unreadable(String),
}

/// Hands over every packet.
pub(in crate::command) fn each_packet(feed: &mut Feed<'_>, sink: &mut impl PacketSink) -> anyhow::Result<End> {
    let mut reader = Reader::new();
    let end = walk(&mut reader, feed, sink);
    sink.end(Blocks { unusable: reader.unusable_blocks(), dropped: reader.dropped_packets() });
    end
}

fn walk(reader: &mut Reader, feed: &mut Feed<'_>, sink: &mut impl PacketSink) -> anyhow::Result<End> {
    let (mut cut, mut unusable) = (false, 0);
    loop {
        let (done, step) = packets(reader, feed.rest(), feed.position(), sink)?;
        match step {
            Ok(Step::Packet { .. }) => feed.advance(done),
            Ok(Step::Secrets { key_log, used }) => {
                sink.secrets(key_log);
                feed.advance(done + used);
            }
            Ok(Step::Skip(length)) => {
                feed.advance(done);
                let before = std::mem::replace(&mut unusable, reader.unusable_packets());
                sink.unusable(unusable - before);
                match feed.skip(length, &mut |bytes| sink.retire(bytes)) {
                    Ok(true) => {}
                    Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                        return Ok(End::Unreadable(error.to_string()));
                    }
                    _ => return Ok(End::Cut(0)),
                }
            }
            Ok(Step::Need(_)) if cut || feed.is_complete() => {
                let left = feed.rest().len() - done;
                return Ok(if left == 0 && !cut { End::Whole } else { End::Cut(left) });
            }
            Ok(Step::Need(length)) => {
                feed.advance(done);
                sink.pause()?;
                match feed.fill(length, &mut |bytes| sink.retire(bytes)) {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => cut = true,
                    Err(error) => return Ok(End::Unreadable(error.to_string())),
                }
            }
            Err(damaged) => return Ok(End::Unreadable(damaged.to_string())),
        }
    }
}

/// Hands over all packets that are whole in `bytes`, which are at a position of their buffer: how many bytes are done
/// with, and what comes after them.
#[inline]
fn packets<'b>(
    reader: &mut Reader,
    bytes: &'b [u8],
    position: usize,
    sink: &mut impl PacketSink,
) -> anyhow::Result<(usize, Result<Step<'b>, Damaged>)> {
    let mut rest = bytes;
    loop {
        let step = reader.step(rest);
        let Ok(Step::Packet { packet, used }) = step else { return Ok((bytes.len() - rest.len(), step)) };
        // an address is a number: nothing is read through it
        let offset = packet.data.as_ptr().addr() - bytes.as_ptr().addr();
        sink.packet(&packet, position + offset)?;
        rest = rest.get(used..).unwrap_or_default();
    }
}

/// How the reading of a capture ended.
pub(super) struct Followed {
    pub(super) end: anyhow::Result<End>,
    pub(super) blocks: Blocks,
    /// Connections that were handed on before the end.
    pub(super) found: u64,
}
