//! Captures: decompressed, and read in pieces of bounded size.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use tktdump::capture::container::{MAX_BLOCK_LENGTH, Packet, Reader, Step};
use tktdump::capture::{Capture, Remarks};

use super::Failure;
use super::source::Sink;

/// How much is read at a time.
const CHUNK_LENGTH: usize = 1 << 18;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A capture as its bytes come out of a file or of gzip.
pub(super) fn decompressed<'r>(input: impl Read + 'r) -> io::Result<Box<dyn Read + 'r>> {
    let mut input = BufReader::with_capacity(1 << 16, input);
    if input.fill_buf()?.starts_with(&GZIP_MAGIC) {
        return Ok(Box::new(MultiGzDecoder::new(input)));
    }
    Ok(Box::new(input))
}

/// What happens with the packets of a capture.
pub(super) trait PacketSink {
    /// Takes a packet.
    fn packet(&mut self, packet: &Packet<'_>) -> anyhow::Result<()>;
    /// Called when all input that is there has been handed over.
    fn pause(&mut self) -> anyhow::Result<()>;
    /// Called at the end with the number of blocks that could not be used.
    fn unusable(&mut self, blocks: u64);
}

/// Follows connections and hands them on.
struct Follow<'s, S> {
    capture: Capture,
    sink: &'s mut S,
    unusable: u64,
}

impl<S: Sink> PacketSink for Follow<'_, S> {
    fn packet(&mut self, packet: &Packet<'_>) -> anyhow::Result<()> {
        self.capture.packet(packet, &mut |connection| self.sink.connection(&connection));
        Ok(())
    }

    fn pause(&mut self) -> anyhow::Result<()> {
        self.sink.pause()
    }

    fn unusable(&mut self, blocks: u64) {
        self.unusable = blocks;
    }
}

/// Reads a capture to its end. What is wrong with it is said once all that could be read has been handed over.
pub(super) fn read(input: impl Read, shown: &str, sink: &mut impl Sink) -> anyhow::Result<()> {
    sink.capture();
    let mut follow = Follow { capture: Capture::default(), sink, unusable: 0 };
    let end = each_packet(&mut decompressed(input)?, &mut follow);
    let Follow { mut capture, sink, unusable } = follow;
    capture.finish(&mut |connection| sink.connection(&connection));
    remark(&capture.remarks(), shown, sink);
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
            let packets = capture.remarks().packets;
            let failure = Failure::new(format_args!("{shown}: after packet {packets}: {message}"));
            return Err(failure.with_hint("what was before it has been read; the file is damaged").into());
        }
    }
    Ok(())
}

/// How a capture ended.
pub(super) enum End {
    Whole,
    /// In the midst of a packet, of which as many bytes are there.
    Cut(usize),
    Unreadable(String),
}

/// What has been read of a file and not yet been used.
struct Window {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    complete: bool,
}

impl Window {
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Reads until as many bytes are there, or no more come.
    fn fill(&mut self, needed: usize, input: &mut impl Read) -> io::Result<()> {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.bytes.len() < needed {
            self.bytes.resize(needed.min(MAX_BLOCK_LENGTH), 0);
        }
        while self.end < needed && !self.complete {
            match input.read(self.bytes.get_mut(self.end..).unwrap_or_default()) {
                Ok(0) => self.complete = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Hands over every packet.
pub(super) fn each_packet(input: &mut impl Read, sink: &mut impl PacketSink) -> anyhow::Result<End> {
    let mut reader = Reader::new();
    let end = walk(&mut reader, input, sink);
    sink.unusable(reader.unusable_blocks());
    end
}

fn walk(reader: &mut Reader, input: &mut impl Read, sink: &mut impl PacketSink) -> anyhow::Result<End> {
    let mut window = Window { bytes: vec![0; CHUNK_LENGTH], start: 0, end: 0, complete: false };
    loop {
        match reader.step(window.rest()) {
            Ok(Step::Packet { packet, used }) => {
                sink.packet(&packet)?;
                window.start += used;
            }
            Ok(Step::Skip(length)) => {
                let there = window.rest().len() as u64;
                if length <= there {
                    window.start += usize::try_from(length)?;
                } else {
                    window.start = window.end;
                    let left = length - there;
                    match io::copy(&mut input.by_ref().take(left), &mut io::sink()) {
                        Ok(skipped) if skipped == left => {}
                        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                            return Ok(End::Unreadable(error.to_string()));
                        }
                        _ => return Ok(End::Cut(0)),
                    }
                }
            }
            Ok(Step::Need(_)) if window.complete => {
                let left = window.rest().len();
                return Ok(if left == 0 { End::Whole } else { End::Cut(left) });
            }
            Ok(Step::Need(length)) => {
                sink.pause()?;
                match window.fill(length, input) {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => window.complete = true,
                    Err(error) => return Ok(End::Unreadable(error.to_string())),
                }
            }
            Err(damaged) => return Ok(End::Unreadable(damaged.to_string())),
        }
    }
}

fn remark(remarks: &Remarks, shown: &str, sink: &mut impl Sink) {
    if let Some((count, first)) = remarks.unknown_link {
        sink.warn(&format!(
            "{shown}: {count} packets of link type {first} or others that are not known were passed over"
        ));
    }
    if remarks.cut > 0 {
        let count = remarks.cut;
        sink.warn(&format!(
            "{shown}: {count} packets were captured only in part (snapshot length): tickets may be missing"
        ));
    }
    if remarks.fragments_lost > 0 {
        let count = remarks.fragments_lost;
        sink.warn(&format!("{shown}: of {count} IP packets in fragments not all fragments were there"));
    }
    if remarks.given_up > 0 {
        let count = remarks.given_up;
        sink.warn(&format!("{shown}: {count} open handshakes were given up to stay within memory"));
    }
}
