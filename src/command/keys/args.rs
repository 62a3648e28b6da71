//! The arguments of `tktdump keys`.

use std::path::PathBuf;

use clap::Args;

use crate::command::args::shared::{ConvertArg, KeyFormatArg, ListFormat};

#[derive(Debug, Args)]
pub(in crate::command) struct KeysArgs {
    /// Key files, or directories of them; - is standard input
    #[arg(value_name = "KEYFILE", required = true)]
    pub(in crate::command) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::command) key_format: KeyFormatArg,
    /// Compare the keys of two hosts, A and B, each a directory, a key file or a configuration; exit status 1 if they
    /// differ, be it in their order
    #[arg(long)]
    pub(in crate::command) compare: bool,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = ListFormat::Text)]
    pub(in crate::command) format: ListFormat,
    #[command(flatten)]
    pub(in crate::command) convert: ConvertArg,
    /// For --convert: the file to write, mode 0600, never over another one; - is a pipe
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::command) output: Option<PathBuf>,
}
