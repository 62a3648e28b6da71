//! `--write`: the connections as a capture, their secrets in it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use anyhow::Context as _;
use tktdump::capture::container::pcapng_writer::{BlockWriter, ByteOrder, Packet};
use tktdump::keylog::{KeyLog, Line};
use tktdump::probe::tape::{LINK_TYPE, Recorded};
use zeroize::Zeroizing;

use crate::command::failure::Failure;
use crate::command::source;

/// How pcapng begins, in any byte order.
const MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
/// Nanoseconds.
const RESOLUTION: u8 = 9;

/// A capture that is written.
pub(super) struct Writer {
    file: BufWriter<File>,
    blocks: BlockWriter,
    key_log: KeyLog,
}

impl Writer {
    /// Makes the file, for its owner alone. Another capture is written over, anything else is left alone.
    pub(super) fn new(path: &Path) -> anyhow::Result<Self> {
        let shown = source::shown(path);
        if let Ok(file) = File::open(path) {
            let mut start = Vec::new();
            file.take(4).read_to_end(&mut start).with_context(|| shown.clone())?;
            if !start.is_empty() && start != MAGIC {
                let failure = Failure::new(format_args!("{shown}: there is a file that is not a pcapng capture"));
                return Err(failure.with_hint("name another file, or remove this one").into());
            }
        }
        let file = create(path).with_context(|| shown.clone())?;
        let mut writer =
            Self { file: BufWriter::new(file), blocks: BlockWriter::new(ByteOrder::Little), key_log: KeyLog::new() };
        let mut out = Vec::new();
        writer.blocks.section_header(concat!("tktdump ", env!("CARGO_PKG_VERSION")), &mut out)?;
        writer.blocks.interface(LINK_TYPE, 0, RESOLUTION, &mut out)?;
        writer.file.write_all(&out).with_context(|| shown)?;
        Ok(writer)
    }

    /// Writes a connection, its secrets ahead of it.
    pub(super) fn connection(&mut self, packets: &[Recorded], secrets: &[Line]) -> anyhow::Result<()> {
        let mut log = Zeroizing::new(Vec::new());
        for line in secrets {
            let _ = self.key_log.line(line, &mut *log)?;
        }
        let mut out = Zeroizing::new(Vec::new());
        if !log.is_empty() {
            self.blocks.tls_key_log(&log, &mut out)?;
        }
        for packet in packets {
            let seconds = u64::try_from(packet.time.seconds).unwrap_or_default();
            let packet = Packet {
                interface: 0,
                timestamp: seconds * 1_000_000_000 + u64::from(packet.time.nanoseconds),
                original_length: u32::try_from(packet.bytes.len()).unwrap_or(u32::MAX),
                data: &packet.bytes,
            };
            self.blocks.packet(&packet, &mut out)?;
        }
        self.file.write_all(&out)?;
        Ok(())
    }

    /// Writes out what is held back.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(unix)]
fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    // a file that was there keeps its mode
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).open(path)
}
