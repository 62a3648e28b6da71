//! Writes ticket keys, tickets sealed under them, and captures with such tickets: what `scripts/compare` measures with.
//!
//! The same arguments give the same bytes on every machine. Nothing written here ever protected anything.

#[path = "../../tests/seal/mod.rs"]
mod seal;

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Parser;
use seal::capture::{self, Connections};
use seal::tickets::{self, Tickets};
use tktdump::session::Session;

const KEY_SEED: u64 = 1;
const TICKET_SEED: u64 = 2;
const CAPTURE_SEED: u64 = 3;
/// Whose certificate servers show.
const SESSION: &[u8] = include_bytes!("../../testdata/nginx80_tls12_clientcert_rsa/plain.der");

/// Ticket keys, tickets and captures for measurements.
#[derive(Debug, Parser)]
enum Command {
    /// Write key files as nginx has them
    Keys {
        /// Bytes of a key: 48 (AES-128) or 80 (AES-256)
        #[arg(long, default_value = "80", value_parser = ["48", "80"])]
        size: String,
        /// How many
        #[arg(long, default_value_t = 1)]
        count: usize,
        /// Where they go; the folder is made
        folder: PathBuf,
    },
    /// Print tickets, one a line in hex, each sealed under one of the keys
    Tickets {
        /// How many
        #[arg(long, default_value_t = 200_000)]
        count: usize,
        /// With damaged ones among them
        #[arg(long)]
        damaged: bool,
        /// The folder with the keys
        folder: PathBuf,
    },
    /// Print a capture (pcap) of TLS 1.2 connections with tickets sealed under the keys
    Capture {
        /// How many connections; a thousand are about 14 MB
        #[arg(long, default_value_t = 14_000)]
        connections: usize,
        /// The folder with the keys
        folder: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    match Command::parse() {
        Command::Keys { size, count, folder } => {
            fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
            for (number, key) in tickets::keys(KEY_SEED, count, size.parse()?).iter().enumerate() {
                let path = folder.join(format!("{number:04}.key"));
                fs::write(&path, key).with_context(|| path.display().to_string())?;
            }
        }
        Command::Tickets { count, damaged, folder } => {
            let mut tickets = Tickets::new(TICKET_SEED, read_keys(&folder)?);
            for _ in 0..count {
                let ticket = if damaged { tickets.any() } else { tickets.sealed() };
                writeln!(out, "{}", hex::encode(ticket))?;
            }
        }
        Command::Capture { connections, folder } => {
            let session = Session::parse(SESSION)?;
            let certificate = session.peer_certificate.context("the session has no certificate")?;
            let mut writer =
                Connections::new(CAPTURE_SEED, Tickets::new(TICKET_SEED, read_keys(&folder)?), certificate);
            out.write_all(&capture::header())?;
            let mut packets = Vec::new();
            for _ in 0..connections {
                packets.clear();
                writer.write(&mut packets);
                out.write_all(&packets)?;
            }
        }
    }
    out.flush()?;
    Ok(())
}

fn read_keys(folder: &Path) -> anyhow::Result<Vec<Vec<u8>>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    paths.iter().map(|path| fs::read(path).with_context(|| path.display().to_string())).collect()
}
