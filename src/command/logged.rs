//! `--keylog FILE`: secrets that somebody logged, by which the tickets of TLS 1.3 are read.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use tktdump::keylog::Secrets;
use zeroize::{Zeroize as _, Zeroizing};

use super::failure::Failure;
use super::gzip::Decompressed;
use super::notes::Notes;
use super::source;

/// The longest line that is read, in bytes: a label, 64 digits and 128 digits take less than half of it.
const MAX_LINE: u64 = 512;

#[derive(Debug, Args)]
pub(super) struct KeyLogArg {
    /// Key log (SSLKEYLOGFILE) of clients or servers: shows the tickets of TLS 1.3 in captures, which travel encrypted
    #[arg(long = "keylog", value_name = "FILE")]
    path: Option<PathBuf>,
}

impl KeyLogArg {
    /// The files that are read, these and the key log.
    pub(super) fn with(&self, files: &[PathBuf]) -> Vec<PathBuf> {
        files.iter().chain(&self.path).cloned().collect()
    }

    /// The secrets in the key log; none if none was named.
    pub(super) fn load(&self, notes: &Notes) -> anyhow::Result<Secrets> {
        let Some(path) = &self.path else { return Ok(Secrets::default()) };
        let shown = source::shown(path);
        if source::is_stdin(path) {
            return read(io::stdin(), &shown, notes).with_context(|| shown.clone());
        }
        let file = File::open(path).with_context(|| shown.clone())?;
        if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
            let failure = Failure::new(format_args!("{shown}: is a directory"));
            return Err(failure.with_hint("name the key log in it").into());
        }
        read(file, &shown, notes)
    }

    /// Says if the secrets were of no use for what was read.
    pub(super) fn tell(&self, secrets: &Secrets, notes: &Notes) {
        let Some(shown) = self.path.as_deref().map(|path: &Path| source::shown(path)) else { return };
        let (lines, connections) = (secrets.lines(), secrets.len());
        if secrets.left_out() > 0 {
            let count = secrets.left_out();
            notes
                .warning(format_args!("{shown}: the secrets of {count} connections were left out: there are too many"));
        }
        if connections == 0 {
            notes.warning(format_args!(
                "{shown}: none of its {lines} lines is a SERVER_TRAFFIC_SECRET_0, by which tickets of TLS 1.3 are read"
            ));
        } else if secrets.found() == 0 {
            notes.warning(format_args!(
                "{shown}: the key log matches nothing: no connection in what was read has the client random of one of \
                 its lines"
            ));
        }
    }
}

fn read(input: impl Read, shown: &str, notes: &Notes) -> anyhow::Result<Secrets> {
    let mut input = BufReader::new(Decompressed::new(input).with_context(|| shown.to_owned())?);
    let mut secrets = Secrets::default();
    let mut line = Zeroizing::new(Vec::new());
    let (mut number, mut malformed, mut first) = (0_u64, 0_u64, None);
    loop {
        line.zeroize();
        let length = input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line).with_context(|| shown.to_owned())?;
        if length == 0 {
            break;
        }
        number += 1;
        let is_whole = line.ends_with(b"\n") || (length as u64) < MAX_LINE;
        if !is_whole {
            pass_line(&mut input).with_context(|| shown.to_owned())?;
        }
        // a comment may be of any length
        let is_comment = line.trim_ascii_start().starts_with(b"#");
        if !is_comment && (!is_whole || secrets.add(&line).is_err()) {
            malformed += 1;
            first.get_or_insert(number);
        }
    }
    match first {
        Some(first) if secrets.lines() == 0 => {
            let failure = Failure::new(format_args!("{shown}: not a key log: line {first} is not a key log line"));
            Err(failure
                .with_hint("a line is a label, the client random and a secret in hex, as SSLKEYLOGFILE has them")
                .into())
        }
        Some(first) => {
            notes.warning(format_args!(
                "{shown}: line {first} is not a key log line, {malformed} in all: they were passed over"
            ));
            Ok(secrets)
        }
        None => Ok(secrets),
    }
}

/// Passes over what is left of a line.
fn pass_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let there = input.fill_buf()?;
        let end = there.iter().position(|&byte| byte == b'\n');
        let length = end.map_or(there.len(), |end| end + 1);
        let is_over = end.is_some() || there.is_empty();
        input.consume(length);
        if is_over {
            return Ok(());
        }
    }
}
