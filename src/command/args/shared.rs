//! Arguments that several subcommands share.

use std::num::NonZeroUsize;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use tktdump::input::Form;
use tktdump::key::format::KeyFormat;
use tktdump::key::formats::{self, FORMATS};
use tktdump::record::{Selection, Status};

#[derive(Debug, Args)]
pub(in crate::command) struct KeyFormatArg {
    /// Key file format; auto detects it and confirms it by the MAC
    #[arg(long = "key-format", value_name = "NAME", default_value = AUTO, value_parser = key_formats())]
    name: String,
}

impl KeyFormatArg {
    /// The format; `None` for auto.
    pub(in crate::command) fn format(&self) -> Option<&'static dyn KeyFormat> {
        formats::by_name(&self.name)
    }
}

#[derive(Debug, Default, Args)]
pub(in crate::command) struct SelectionArgs {
    /// Only tickets of that status; several are separated by commas
    #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = statuses())]
    status: Vec<Status>,
    #[command(flatten)]
    seen: SeenArgs,
}

/// What tickets can be selected by that were not opened.
#[derive(Debug, Default, Args)]
pub(in crate::command) struct SeenArgs {
    /// Only tickets and connections of clients that asked for that host name
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    sni: Vec<String>,
    /// Only tickets and connections of that number, as in `stream`
    #[arg(long, value_name = "N", value_delimiter = ',')]
    stream: Vec<u64>,
    /// Only tickets that begin with that key name, or with its first digits
    #[arg(long, value_name = "HEX", value_delimiter = ',', value_parser = key_name)]
    key_name: Vec<KeyNameArg>,
}

/// A key name or the first bytes of it.
#[derive(Debug, Clone)]
struct KeyNameArg(Vec<u8>);

impl SelectionArgs {
    /// What is wanted.
    pub(in crate::command) fn selection(&self) -> Selection {
        Selection { statuses: self.status.clone(), ..self.seen.selection() }
    }
}

impl SeenArgs {
    /// What is wanted.
    pub(in crate::command) fn selection(&self) -> Selection {
        Selection {
            statuses: Vec::new(),
            names: self.sni.clone(),
            streams: self.stream.clone(),
            key_names: self.key_name.iter().map(|KeyNameArg(name)| name.clone()).collect(),
        }
    }
}

fn statuses() -> impl TypedValueParser<Value = Status> {
    let words = PossibleValuesParser::new(Status::ALL.map(Status::as_str));
    words.try_map(|word| Status::ALL.into_iter().find(|status| status.as_str() == word).ok_or("no such status"))
}

fn key_name(text: &str) -> Result<KeyNameArg, String> {
    let digits: String = text.chars().filter(|character| !matches!(character, ':' | ' ')).collect();
    let name = hex::decode(digits).ok().filter(|name| (1..=16).contains(&name.len()));
    name.map(KeyNameArg).ok_or_else(|| "a key name is 16 bytes, 32 digits of hex; fewer will do".to_owned())
}

#[derive(Debug, Args)]
pub(in crate::command) struct ConvertArg {
    /// Write the key as the file of this server
    #[arg(long = "convert", value_name = "FORMAT", value_parser = written_formats())]
    convert: Option<String>,
}

impl ConvertArg {
    /// The format to write, if one was named.
    pub(in crate::command) fn format(&self) -> Option<&'static dyn KeyFormat> {
        self.convert.as_deref().and_then(formats::by_name)
    }
}

#[derive(Debug, Clone, Copy, Default, Args)]
pub(in crate::command) struct Verbosity {
    /// Print errors only: no warnings, no hints, no progress bar
    #[arg(short, long, overrides_with = "quiet", global = true)]
    pub(in crate::command) quiet: bool,
    /// Print all errors instead of the first ten, and which key files were read
    #[arg(short, long, overrides_with = "verbose", global = true, conflicts_with = "quiet")]
    pub(in crate::command) verbose: bool,
    /// Draw the progress bar although the output goes to another program
    #[arg(long, overrides_with = "progress", global = true, conflicts_with = "quiet")]
    pub(in crate::command) progress: bool,
}

/// Forms of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::command) enum FormArg {
    /// The content decides
    Auto,
    /// One ticket as it is
    Raw,
    /// Lines of hex
    Hex,
    /// Lines of base64
    Base64,
    #[value(help = "PEM sessions, and transcripts of openssl s_client")]
    Pem,
    /// Sessions as DER
    Der,
    /// A packet capture, pcap or pcapng
    Pcap,
    /// Records of tktdump -f json
    Json,
}

impl FormArg {
    /// The form; `None` for auto.
    pub(in crate::command) fn form(self) -> Option<Form> {
        match self {
            Self::Auto => None,
            Self::Raw => Some(Form::Raw),
            Self::Hex => Some(Form::Hex),
            Self::Base64 => Some(Form::Base64),
            Self::Pem => Some(Form::Text),
            Self::Der => Some(Form::Der),
            Self::Pcap => Some(Form::Capture),
            Self::Json => Some(Form::Records),
        }
    }
}

/// Outputs of the commands that list something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::command) enum ListFormat {
    /// Human-readable
    Text,
    /// One object a line
    Json,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::command) enum Color {
    #[value(help = "On a terminal, unless NO_COLOR is set")]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The key format that is none: the content decides.
const AUTO: &str = "auto";

fn key_formats() -> impl TypedValueParser<Value = String> {
    let auto = PossibleValue::new(AUTO).help("the content and the MAC decide");
    PossibleValuesParser::new(std::iter::once(auto).chain(named_formats()))
}

fn written_formats() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(named_formats())
}

fn named_formats() -> impl Iterator<Item = PossibleValue> {
    FORMATS.iter().map(|format| PossibleValue::new(format.name()).help(format.about()))
}

pub(in crate::command) fn threads(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "a number from 1".to_owned())
}

pub(in crate::command) fn time(text: &str) -> Result<i64, String> {
    use ::time::{OffsetDateTime, format_description::well_known::Rfc3339};
    text.parse().or_else(|_| {
        OffsetDateTime::parse(text, &Rfc3339)
            .map(OffsetDateTime::unix_timestamp)
            .map_err(|_| "neither RFC 3339, such as 2026-11-23T12:00:00Z, nor seconds since 1970".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_epoch_or_rfc_3339() {
        assert_eq!(time("1700000000"), Ok(1_700_000_000));
        assert_eq!(time("2023-11-14T23:13:20+01:00"), Ok(1_700_000_000));
        assert!(time("yesterday").is_err());
    }
}
