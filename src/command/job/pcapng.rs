//! `-f pcapng`: a capture again, its key log inside as Decryption Secrets Blocks ahead of the packets.
//!
//! The capture is read twice, once for the key log and once for the packets, so that neither is held in memory.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use anyhow::Context as _;
use tktdump::capture::container::pcapng_writer::{BlockWriter, ByteOrder, Packet as OwnPacket};
use tktdump::capture::container::{MAX_BLOCK_LENGTH, Packet};
use tktdump::input;
use tktdump::open::Opener;
use tktdump::report::json;

use super::JobArgs;
use super::{Job, Log, Output, Printer, Turnstile, Worker, end_key_log, load_keys, refuse_doubtful};
use crate::command::capture::{self, Blocks, End, Feed, PacketSink};
use crate::command::exit::Exit;
use crate::command::failure::Failure;
use crate::command::gzip::Decompressed;
use crate::command::notes::Notes;
use crate::command::progress::{Input, Progress};
use crate::command::redirect::redirect;
use crate::command::source::Given;
use crate::command::{gzip, source};

/// The first bytes of a section header, in either byte order.
const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const BIG_ENDIAN: [u8; 4] = [0x1a, 0x2b, 0x3c, 0x4d];
/// Bytes of the header of a classic pcap.
const PCAP_HEADER_LENGTH: usize = 24;

pub(in crate::command) fn run(args: &JobArgs, notes: &Notes) -> anyhow::Result<Exit> {
    let inputs = source::inputs(&args.inputs, &args.keys)?;
    let [path] = inputs.as_slice() else {
        let failure = Failure::new("-f pcapng takes one capture at a time");
        return Err(failure.with_hint("mergecap puts several together").into());
    };
    let shown = source::shown(path);
    let now = args.at.unwrap_or_else(crate::command::exit::now);
    let mut given = Given::default();
    let ring = load_keys(args, now, &mut given, notes)?;
    redirect(args.output.as_deref(), &[&inputs, &args.keys], true)?;
    let kept = json::Kept::new(&ring);
    let output = Output::new(args, &kept, now)?;
    source::refuse_output(path)?;
    let mut file = open(path, notes.progress()).with_context(|| shown.clone())?;
    let mut head = Vec::new();
    Decompressed::new(&mut file)
        .and_then(|input| input.take(4).read_to_end(&mut head))
        .with_context(|| shown.clone())
        .map_err(gzip::explain)?;
    if !input::begins_capture(&head) {
        let failure = Failure::new(format_args!("{shown}: no capture, which is what -f pcapng writes again"));
        return Err(failure.with_hint("-f keylog takes tickets in other forms, with --client-random").into());
    }
    let target = Target::begin(&mut file).with_context(|| shown.clone())?;
    let opener = Opener::new(&ring);
    let selection = args.selection.selection();
    let job = Job { opener, output, notes, given, selection, at: args.at, threads: args.threads };
    let printer = Turnstile::new(0, Printer::of_blocks(target.blocks));
    let mut worker = Worker::new(&job, &printer);
    worker.key_log = Some(Log::new(None, args.unproven));
    worker.begin(path)?;
    file.rewind()?;
    let (input, watch) = notes.progress().watch(file.try_clone()?);
    capture::read(Feed::new(Decompressed::new(input)?), &shown, &mut worker)?;
    drop(watch);
    refuse_doubtful(&ring)?;
    worker.flush()?;
    let lines = worker.key_log.as_ref().map_or(0, Log::lines);
    file.rewind()?;
    let (input, watch) = notes.progress().watch(file);
    target.finish(input).with_context(|| shown.clone())?;
    drop(watch);
    Ok(end_key_log(lines, !args.keys.is_empty(), notes))
}

/// A file that can be read twice.
fn open(path: &Path, progress: &Progress) -> io::Result<File> {
    if source::is_stdin(path) {
        return spool(io::stdin(), progress);
    }
    let file = File::open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { spool(file, progress) }
}

fn spool(input: impl Input, progress: &Progress) -> io::Result<File> {
    let (mut input, _watch) = progress.watch(input);
    let mut file = tempfile::tempfile()?;
    io::copy(&mut input, &mut file)?;
    file.rewind()?;
    Ok(file)
}

/// The capture that is written.
struct Target {
    blocks: BlockWriter,
    /// Bytes of the input that are written already, or made anew.
    used: usize,
    /// Classic pcap: decimals of a second.
    decimals: Option<u32>,
}

impl Target {
    /// Writes what stands ahead of the key log.
    fn begin(file: &mut File) -> anyhow::Result<Self> {
        file.rewind()?;
        let mut input = Decompressed::new(file)?;
        let mut header = [0; PCAP_HEADER_LENGTH];
        input.read_exact(&mut header)?;
        let field = |at: usize| header.get(at..).and_then(<[u8]>::first_chunk::<4>).copied().unwrap_or_default();
        let magic = field(0);
        let mut out = Vec::new();
        let target = if magic == SECTION_HEADER {
            let (order, length) = if field(8) == BIG_ENDIAN {
                (ByteOrder::Big, u32::from_be_bytes(field(4)))
            } else {
                (ByteOrder::Little, u32::from_le_bytes(field(4)))
            };
            let used = length as usize;
            if !(28..=MAX_BLOCK_LENGTH).contains(&used) {
                return Err(Failure::new(format_args!("a section header claims to be {length} bytes long")).into());
            }
            out.extend_from_slice(&header);
            out.resize(used, 0);
            input.read_exact(out.get_mut(PCAP_HEADER_LENGTH..).unwrap_or_default())?;
            // the section's length: it gets longer, and need not be said
            if let Some(length) = out.get_mut(16..24) {
                length.fill(0xff);
            }
            Self { blocks: BlockWriter::new(order), used, decimals: None }
        } else {
            let is_big = magic.first() == Some(&0xa1);
            let number = |bytes| if is_big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
            let nanoseconds = magic.contains(&0x3c);
            let decimals = if nanoseconds { 9 } else { 6 };
            let blocks = BlockWriter::new(ByteOrder::Little);
            blocks.section_header(concat!("tktdump ", env!("CARGO_PKG_VERSION")), &mut out)?;
            let snap_length = number(field(16));
            // the upper half is about frame check sequences
            let link_type = u16::try_from(number(field(20)) & 0xffff)?;
            blocks.interface(link_type, snap_length, if nanoseconds { 9 } else { 6 }, &mut out)?;
            Self { blocks, used: 0, decimals: Some(decimals) }
        };
        io::stdout().write_all(&out)?;
        Ok(target)
    }

    /// Writes the rest of the capture.
    fn finish(&self, input: impl Read) -> anyhow::Result<()> {
        let mut input = Decompressed::new(input)?;
        let mut stdout = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
        if let Some(decimals) = self.decimals {
            let mut convert = Convert { blocks: self.blocks, decimals, out: Vec::new(), stdout };
            // what is wrong with the file was said when it was read for the key log
            let (End::Whole | End::Cut(_) | End::Unreadable(_)) =
                capture::each_packet(&mut Feed::new(input), &mut convert)?;
            return Ok(convert.stdout.flush()?);
        }
        io::copy(&mut input.by_ref().take(self.used as u64), &mut io::sink())?;
        io::copy(&mut input, &mut stdout)?;
        Ok(stdout.flush()?)
    }
}

/// Packets of classic pcap as blocks of pcapng.
struct Convert<W> {
    blocks: BlockWriter,
    decimals: u32,
    out: Vec<u8>,
    stdout: W,
}

impl<W: Write> PacketSink for Convert<W> {
    fn packet(&mut self, packet: &Packet<'_>, _: usize) -> anyhow::Result<()> {
        let seconds = u64::try_from(packet.time.seconds)?;
        let unit = 10_u64.pow(9 - self.decimals);
        let timestamp = seconds * 10_u64.pow(self.decimals) + u64::from(packet.time.nanoseconds) / unit;
        let original_length = u32::try_from(packet.original_length)?;
        self.out.clear();
        let own = OwnPacket { interface: 0, timestamp, original_length, data: packet.data };
        self.blocks.packet(&own, &mut self.out)?;
        Ok(self.stdout.write_all(&self.out)?)
    }

    fn pause(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    fn end(&mut self, _: Blocks) {}
}
