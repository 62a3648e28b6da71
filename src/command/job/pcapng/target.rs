//! The capture that is written: section header, interfaces, key log, then everything else, in this order.
//!
//! Wireshark's own tools refuse a file in which secrets stand ahead of the interfaces.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};

use tktdump::capture::container::pcapng_editor::{Editor, HEAD_LENGTH, Kind};
use tktdump::capture::container::pcapng_writer::{BlockWriter, ByteOrder, Packet as OwnPacket};
use tktdump::capture::container::{MAX_BLOCK_LENGTH, Packet};
use tktdump::keylog::Line;
use tktdump::report::comments::{Kept, PREFIX};
use zeroize::Zeroizing;

use crate::command::capture::{self, Blocks, End, Feed, PacketSink};
use crate::command::failure::Failure;
use crate::command::gzip::Decompressed;
use crate::command::key_log::Log;

/// The first bytes of a section header, in either byte order.
const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
/// Bytes of the header of a classic pcap.
const PCAP_HEADER_LENGTH: usize = 24;
/// The shortest section header.
const MIN_SECTION_LENGTH: usize = 28;
/// Where a section header says how long its section is.
const SECTION_LENGTH: std::ops::Range<usize> = 16..24;
/// Bytes of interfaces that are put ahead of the key log; those beyond stay behind it.
const MAX_INTERFACES: usize = 1 << 20;
/// The longest block with secrets that is looked at; Wireshark takes none that is longer.
const MAX_SECRETS: usize = 1 << 24;

/// The capture that is written.
pub(super) struct Target {
    blocks: BlockWriter,
    /// Whether the secrets in it are left out.
    redact: bool,
    from: From,
}

/// What it is made of.
enum From {
    /// Classic pcap: decimals of a second.
    Classic { decimals: u32 },
    /// Blocks: interfaces that begin before this many bytes are written already.
    Blocks { leading: u64 },
}

impl Target {
    /// Writes what stands ahead of the key log. `log` learns the lines that the capture has already.
    pub(super) fn begin(file: &mut File, redact: bool, log: &mut Log) -> anyhow::Result<Self> {
        file.rewind()?;
        let mut input = BufReader::new(Decompressed::new(file)?);
        let mut header = [0; PCAP_HEADER_LENGTH];
        input.read_exact(&mut header)?;
        let mut out = Vec::new();
        let target = if header.starts_with(&SECTION_HEADER) {
            Self::begin_blocks((&header[..]).chain(input), redact, log, &mut out)?
        } else {
            Self { redact, ..Self::begin_classic(&header, &mut out)? }
        };
        io::stdout().write_all(&out)?;
        Ok(target)
    }

    fn begin_classic(header: &[u8; PCAP_HEADER_LENGTH], out: &mut Vec<u8>) -> anyhow::Result<Self> {
        let field = |at: usize| header.get(at..).and_then(<[u8]>::first_chunk::<4>).copied().unwrap_or_default();
        let magic = field(0);
        let is_big = magic.first() == Some(&0xa1);
        let number = |bytes| if is_big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        let nanoseconds = magic.contains(&0x3c);
        let decimals = if nanoseconds { 9 } else { 6 };
        let blocks = BlockWriter::new(ByteOrder::Little);
        blocks.section_header(concat!("tktdump ", env!("CARGO_PKG_VERSION")), out)?;
        let snap_length = number(field(16));
        // the upper half is about frame check sequences
        let link_type = u16::try_from(number(field(20)) & 0xffff)?;
        blocks.interface(link_type, snap_length, if nanoseconds { 9 } else { 6 }, out)?;
        Ok(Self { blocks, redact: false, from: From::Classic { decimals } })
    }

    /// Writes the section header and the interfaces that come before the first packet.
    fn begin_blocks(input: impl Read, redact: bool, log: &mut Log, out: &mut Vec<u8>) -> anyhow::Result<Self> {
        let mut stream = BlockStream::new(input);
        let (_, length) = stream.next()?.ok_or_else(|| Failure::new("a section header without a byte-order magic"))?;
        if !(MIN_SECTION_LENGTH..=MAX_BLOCK_LENGTH).contains(&length) {
            return Err(Failure::new(format_args!("a section header claims to be {length} bytes long")).into());
        }
        if !stream.take(length, out)? {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        forget_length(out);
        let blocks = BlockWriter::new(stream.editor.order());
        let mut secrets = Zeroizing::new(Vec::new());
        loop {
            let leading = stream.position;
            let next = stream.next()?;
            let goes_on = match next {
                Some((Kind::Interface, length)) if out.len() + length <= MAX_INTERFACES => stream.take(length, out)?,
                Some((Kind::Secrets, length)) if length <= MAX_SECRETS => {
                    secrets.clear();
                    let whole = stream.take(length, &mut secrets)?;
                    let known = Line::parse_all(key_log(&secrets)).filter_map(|(_, line)| line.ok());
                    known.for_each(|line| log.know(&line));
                    whole
                }
                Some((Kind::Secrets | Kind::Other, length)) => stream.copy(length, &mut io::sink())?,
                _ => false,
            };
            if !goes_on {
                return Ok(Self { blocks, redact, from: From::Blocks { leading } });
            }
        }
    }

    /// What writes blocks of the first section.
    pub(super) fn blocks(&self) -> BlockWriter {
        self.blocks
    }

    /// Writes the rest of the capture with comments; how many of them had no room.
    pub(super) fn finish(&self, input: impl Read, comments: &Kept) -> anyhow::Result<u64> {
        let input = Decompressed::new(input)?;
        let stdout = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
        match self.from {
            From::Classic { decimals } => {
                let (number, out, block) = (0, Vec::new(), Vec::new());
                let mut convert = Convert { blocks: self.blocks, decimals, number, comments, out, block, stdout };
                // what is wrong with the file was said when it was read for the key log
                let (End::Whole | End::Cut(_) | End::Unreadable(_)) =
                    capture::each_packet(&mut Feed::new(input), &mut convert)?;
                convert.stdout.flush()?;
                Ok(0)
            }
            From::Blocks { leading } => {
                self.copy(BlockStream::new(BufReader::with_capacity(1 << 16, input)), leading, comments, stdout)
            }
        }
    }

    /// Copies blocks, those of packets with their comments.
    fn copy<R: Read>(
        &self,
        mut stream: BlockStream<R>,
        leading: u64,
        comments: &Kept,
        mut stdout: impl Write,
    ) -> anyhow::Result<u64> {
        let (mut number, mut no_room) = (0, 0);
        let (mut block, mut out) = (Vec::new(), Vec::new());
        loop {
            let start = stream.position;
            let Some((kind, length)) = stream.next()? else { break };
            number += u64::from(matches!(kind, Kind::Packet | Kind::SimplePacket));
            let goes_on = match kind {
                // written already
                Kind::Section if start == 0 => stream.copy(length, &mut io::sink())?,
                Kind::Interface if start < leading => stream.copy(length, &mut io::sink())?,
                Kind::Secrets if self.redact => stream.copy(length, &mut io::sink())?,
                Kind::Section if (MIN_SECTION_LENGTH..=MAX_BLOCK_LENGTH).contains(&length) => {
                    block.clear();
                    let whole = stream.take(length, &mut block)?;
                    forget_length(&mut block);
                    stdout.write_all(&block)?;
                    whole
                }
                Kind::Packet | Kind::SimplePacket if length <= MAX_BLOCK_LENGTH => {
                    block.clear();
                    let whole = stream.take(length, &mut block)?;
                    out.clear();
                    // one that is cut off stays as it is
                    let added = if whole { comments.of(number) } else { Vec::new() };
                    let written = stream.editor.comment(&block, PREFIX, &added, &mut out);
                    no_room += if written.is_err() { added.len() as u64 } else { 0 };
                    stdout.write_all(if whole { &out } else { &block })?;
                    whole
                }
                _ => stream.copy(length, &mut stdout)?,
            };
            if !goes_on {
                break;
            }
        }
        // behind damage there may be anything, secrets too
        if !self.redact {
            stream.rest(&mut stdout)?;
        }
        stdout.flush()?;
        Ok(no_room)
    }
}

/// The length of a section: it gets longer, and need not be said.
fn forget_length(section: &mut [u8]) {
    if let Some(length) = section.get_mut(SECTION_LENGTH) {
        length.fill(0xff);
    }
}

/// The key log in a block with secrets; empty if they are of another kind.
fn key_log(block: &[u8]) -> &[u8] {
    let kind = block.get(8..12).unwrap_or_default();
    let is_key_log = kind == b"TLSK" || kind == b"KSLT";
    // what pads it to four bytes is no line
    block.get(16..block.len().saturating_sub(4)).filter(|_| is_key_log).unwrap_or_default()
}

/// Blocks, one after the other.
struct BlockStream<R> {
    input: R,
    editor: Editor,
    /// Bytes before the block.
    position: u64,
    /// The first bytes of the block, and how many of them are there and were not handed on.
    head: [u8; HEAD_LENGTH],
    there: usize,
}

impl<R: Read> BlockStream<R> {
    fn new(input: R) -> Self {
        Self { input, editor: Editor::default(), position: 0, head: [0; HEAD_LENGTH], there: 0 }
    }

    /// What the next block is, and how long it is; `None` at the end, or if there is no block.
    fn next(&mut self) -> io::Result<Option<(Kind, usize)>> {
        self.there = 0;
        while let Some(place) = self.head.get_mut(self.there..).filter(|place| !place.is_empty()) {
            match self.input.read(place) {
                Ok(0) => return Ok(None),
                Ok(length) => self.there += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let block = self.editor.next(&self.head);
        Ok(block.map(|(kind, length)| (kind, length as usize)))
    }

    /// Appends a block; `false` if the input ends before it does.
    fn take(&mut self, length: usize, out: &mut Vec<u8>) -> io::Result<bool> {
        self.copy(length, out)
    }

    /// Writes a block; `false` if the input ends before it does.
    fn copy(&mut self, length: usize, out: &mut impl Write) -> io::Result<bool> {
        self.write_head(out)?;
        let left = (length - HEAD_LENGTH) as u64;
        let copied = io::copy(&mut self.input.by_ref().take(left), out)?;
        self.position += length as u64;
        Ok(copied == left)
    }

    /// Writes what is left, whatever it is.
    fn rest(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.write_head(out)?;
        io::copy(&mut self.input, out)?;
        Ok(())
    }

    fn write_head(&mut self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(self.head.get(..std::mem::take(&mut self.there)).unwrap_or_default())
    }
}

/// Packets of classic pcap as blocks of pcapng.
struct Convert<'c, W> {
    blocks: BlockWriter,
    decimals: u32,
    /// Packets so far.
    number: u64,
    comments: &'c Kept,
    block: Vec<u8>,
    out: Vec<u8>,
    stdout: W,
}

impl<W: Write> PacketSink for Convert<'_, W> {
    fn packet(&mut self, packet: &Packet<'_>, _: usize) -> anyhow::Result<()> {
        let seconds = u64::try_from(packet.time.seconds)?;
        let unit = 10_u64.pow(9 - self.decimals);
        let timestamp = seconds * 10_u64.pow(self.decimals) + u64::from(packet.time.nanoseconds) / unit;
        let original_length = u32::try_from(packet.original_length)?;
        self.number += 1;
        self.block.clear();
        let own = OwnPacket { interface: 0, timestamp, original_length, data: packet.data };
        self.blocks.packet(&own, &mut self.block)?;
        let comments = self.comments.of(self.number);
        if comments.is_empty() {
            return Ok(self.stdout.write_all(&self.block)?);
        }
        self.out.clear();
        // a block of our own has room, and is of the byte order that an editor begins with
        let _ = Editor::default().comment(&self.block, PREFIX, &comments, &mut self.out);
        Ok(self.stdout.write_all(&self.out)?)
    }

    fn pause(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    fn end(&mut self, _: Blocks) {}
}
