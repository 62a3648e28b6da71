//! Captures, read in pieces of bounded size.

mod ahead;
mod feed;
mod packets;
mod sequence;

pub(super) use self::ahead::Ahead;
pub(super) use self::feed::Feed;
use self::packets::Followed;
pub(super) use self::packets::{Blocks, End, PacketSink, each_packet};
pub(super) use self::sequence::Sequence;
use tktdump::capture::container::{Packet, Reader, Step};
use tktdump::capture::{Capture, Remarks};

use super::failure::Failure;
use super::sink::Sink;

/// Follows connections and hands them on.
struct Follow<'s, S> {
    capture: Capture,
    sink: &'s mut S,
    blocks: Blocks,
    /// Connections that were handed on.
    found: u64,
}

impl<S: Sink> PacketSink for Follow<'_, S> {
    fn packet(&mut self, packet: &Packet<'_>, _: usize) -> anyhow::Result<()> {
        self.capture.packet(packet, &mut |connection| {
            self.found += 1;
            self.sink.connection(&connection);
        });
        Ok(())
    }

    fn unusable(&mut self, count: u64) {
        (0..count).for_each(|_| self.capture.pass_over());
    }

    fn secrets(&mut self, key_log: &[u8]) {
        self.capture.secrets().add_all(key_log);
    }

    fn pause(&mut self) -> anyhow::Result<()> {
        self.sink.pause()
    }

    fn end(&mut self, blocks: Blocks) {
        self.blocks = blocks;
    }
}

/// Whether there are secrets in a capture, as far as it can be read.
pub(super) fn has_secrets(mut capture: &[u8]) -> bool {
    let mut reader = Reader::new();
    loop {
        let used = match reader.step(capture) {
            Ok(Step::Secrets { .. }) => return true,
            Ok(Step::Packet { used, .. }) => used,
            Ok(Step::Skip(length)) => usize::try_from(length).unwrap_or(usize::MAX),
            Ok(Step::Need(_)) | Err(_) => return false,
        };
        let Some(rest) = capture.get(used..) else { return false };
        capture = rest;
    }
}

/// Reads a capture to its end, in this thread.
pub(super) fn read(mut feed: Feed<'_>, shown: &str, sink: &mut impl Sink) -> anyhow::Result<()> {
    sink.capture();
    let capture = Capture::with_secrets(std::mem::take(sink.sequence().secrets()));
    let mut follow = Follow { capture, sink, blocks: Blocks::default(), found: 0 };
    let end = each_packet(&mut feed, &mut follow);
    let Follow { capture, sink, blocks, found } = follow;
    finish(capture, Followed { end, blocks, found }, shown, sink)
}

/// Reads a capture to its end, by two threads.
pub(super) fn read_ahead(ahead: Ahead, shown: &str, sink: &mut impl Sink) -> anyhow::Result<()> {
    sink.capture();
    let mut capture = Capture::with_secrets(std::mem::take(sink.sequence().secrets()));
    let followed = ahead.follow(&mut capture, sink)?;
    finish(capture, followed, shown, sink)
}

/// What to do about packets that are cut short.
const REMEDY: &str = "tcpdump -s 0 captures all of each packet";

/// What is wrong with a capture is said once all that could be read has been handed over.
fn finish(mut capture: Capture, followed: Followed, shown: &str, sink: &mut impl Sink) -> anyhow::Result<()> {
    let Followed { end, blocks, mut found } = followed;
    capture.finish(&mut |connection| {
        found += 1;
        sink.connection(&connection);
    });
    // said once: with it goes that no handshake can be seen
    let is_said = found == 0 && matches!(end, Ok(End::Whole | End::Cut(_)));
    let cut = if is_said { 0 } else { capture.remarks().cut };
    remark(&Remarks { cut, ..capture.remarks() }, shown, sink);
    *sink.sequence().secrets() = std::mem::take(capture.secrets());
    if let Some(joint) = sink.follows(&capture.remarks(), shown) {
        sink.warn(&joint);
    }
    let Blocks { unusable, dropped } = blocks;
    sink.totals(&capture.remarks(), dropped);
    let (packets, cut) = (capture.remarks().packets, capture.remarks().cut);
    if found == 0 && packets > 0 && matches!(end, Ok(End::Whole | End::Cut(_))) {
        sink.warn(&match cut {
            0 => format!(
                "{shown}: {packets} packets, no TLS handshake in them: a capture must begin before the connection does, and \
                 include the server's port"
            ),
            _ => format!(
                "{shown}: {packets} packets, and no TLS handshake can be seen in them: {cut} were cut short when they were \
                 captured (snapshot length); {REMEDY}"
            ),
        });
    }
    if unusable > 0 {
        sink.warn(&format!(
            "{shown}: {unusable} blocks contradict themselves, or name no interface, and were passed over"
        ));
    }
    sink.pause()?;
    match end? {
        End::Whole => {}
        End::Cut(0) => sink.warn(&format!("{shown}: the file ends before a block does")),
        End::Cut(inside) => sink.warn(&format!("{shown}: the file ends inside a packet, after {inside} bytes of it")),
        End::Unreadable(message) => {
            let failure = Failure::new(format_args!("{shown}: after packet {packets}: {message}"));
            return Err(failure.with_hint("what was before it has been read; the file is damaged").into());
        }
    }
    Ok(())
}

fn remark(remarks: &Remarks, shown: &str, sink: &mut impl Sink) {
    if let Some((count, first)) = remarks.unknown_link {
        sink.warn(&format!(
            "{shown}: {count} packets of link type {first} or others that are not known were passed over"
        ));
    }
    if let Some((count, first)) = remarks.unknown_ethertype {
        sink.warn(&format!(
            "{shown}: {count} packets of EtherType 0x{first:04x} or others that are not known were passed over"
        ));
    }
    if let Some((count, first)) = remarks.unknown_tunnel {
        sink.warn(&format!(
            "{shown}: {count} packets of IP protocol {first} or other tunnels that cannot be read were passed over"
        ));
    }
    if remarks.too_deep > 0 {
        let count = remarks.too_deep;
        sink.warn(&format!("{shown}: {count} packets in more tunnels than are followed were passed over"));
    }
    if let Some((count, first)) = remarks.unknown_quic {
        sink.warn(&format!(
            "{shown}: {count} QUIC connections of version 0x{first:08x} or others whose keys are not public were passed over"
        ));
    }
    if remarks.cut > 0 {
        let count = remarks.cut;
        sink.warn(&format!(
            "{shown}: {count} packets were captured only in part (snapshot length): tickets may be missing; {REMEDY}"
        ));
    }
    if remarks.fragments_lost > 0 {
        let count = remarks.fragments_lost;
        sink.warn(&format!("{shown}: of {count} IP packets in fragments not all fragments were there"));
    }
    if remarks.unopened > 0 {
        let count = remarks.unopened;
        sink.warn(&format!(
            "{shown}: the secrets of {count} connections in the key log open nothing of them: they are of other connections"
        ));
    }
    if remarks.followed_in_part > 0 {
        let count = remarks.followed_in_part;
        sink.warn(&format!(
            "{shown}: of {count} connections the key log opens the beginning only, packets being missing or too many records \
             following: later tickets may be missing"
        ));
    }
    if remarks.given_up > 0 {
        let count = remarks.given_up;
        sink.warn(&format!("{shown}: {count} open handshakes were given up to stay within memory, and have no record"));
    }
}
