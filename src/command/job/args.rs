//! The arguments of the main job.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};

use crate::command::args::shared::{Color, FormArg, KeyFormatArg, SelectionArgs, threads, time};
use crate::command::logged::KeyLogArg;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(in crate::command) struct JobArgs {
    /// Tickets in any form, captures; standard input if none or - is given
    #[arg(value_name = "INPUT")]
    pub(in crate::command) inputs: Vec<PathBuf>,
    /// Ticket key file, or a directory of them; repeat it in the order the server lists them
    #[arg(short, long = "key", value_name = "FILE", env = "TKTDUMP_KEY", hide_env_values = true)]
    pub(in crate::command) keys: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::command) key_format: KeyFormatArg,
    #[command(flatten)]
    pub(in crate::command) key_log: KeyLogArg,
    /// Input format
    #[arg(long, value_enum, value_name = "FORM", default_value_t = FormArg::Auto)]
    pub(in crate::command) from: FormArg,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub(in crate::command) format: Format,
    /// Also decrypt if the key name matches and the MAC does not verify; marked as unverified
    #[arg(long)]
    pub(in crate::command) no_verify: bool,
    /// Redact all secrets
    #[arg(long, env = "TKTDUMP_REDACT", hide_env_values = true, value_parser = FalseyValueParser::new())]
    pub(in crate::command) redact: bool,
    /// For -f keylog: the client random of the connection that a bare ticket of TLS 1.2 or before belongs to
    #[arg(long, value_name = "HEX", value_parser = client_random)]
    pub(in crate::command) client_random: Option<[u8; 32]>,
    /// For -f keylog: also write lines of whole TLS 1.2 handshakes whose Finished was not captured, marked as unproven
    #[arg(long)]
    pub(in crate::command) unproven: bool,
    /// For -f pcapng: which packets get comments with what became of their tickets and connections
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = CommentsArg::All)]
    pub(in crate::command) comments: CommentsArg,
    /// Judge expiry by this time (RFC 3339, or seconds since 1970) instead of now, or the packet's time in a capture
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(in crate::command) at: Option<i64>,
    #[command(flatten)]
    pub(in crate::command) selection: SelectionArgs,
    /// Write to a file instead of standard output; a key file is never written over
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::command) output: Option<PathBuf>,
    /// Print a summary at the end
    #[arg(long)]
    pub(in crate::command) stats: bool,
    /// Threads for lines and small captures [default: one for each core]
    #[arg(short = 'j', long, value_name = "N", value_parser = threads)]
    pub(in crate::command) threads: Option<NonZeroUsize>,
    /// Colours in text output
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto, global = true)]
    pub(in crate::command) color: Color,
}

/// Outputs of the main job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::command) enum Format {
    /// Human-readable
    Text,
    /// One line a ticket and a connection
    Brief,
    /// One object a line
    Json,
    #[value(help = "As openssl sess_id -text prints it")]
    Openssl,
    /// Raw decrypted session
    Der,
    #[value(help = "Decrypted session as PEM, for openssl sess_id")]
    Pem,
    /// Key log, with which Wireshark decrypts the traffic
    Keylog,
    /// Copy of the capture with its key log and comments embedded, for Wireshark
    Pcapng,
}

/// Which comments are written on packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::command) enum CommentsArg {
    /// What became of every ticket and every connection
    All,
    /// Only what did not go well
    Problems,
    /// No comments; those of an earlier run are taken out
    None,
}

fn client_random(text: &str) -> Result<[u8; 32], String> {
    let digits: String = text.chars().filter(|character| !matches!(character, ':' | ' ')).collect();
    let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(|at| byte(digits.get(at..at + 2)?)).collect();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| "a client random is 32 bytes, 64 digits of hex".to_owned())
}

fn byte(digits: &str) -> Option<u8> {
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}
