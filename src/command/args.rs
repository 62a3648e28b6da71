//! The arguments.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::{FalseyValueParser, PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use tktdump::input::Form;
use tktdump::key::format::KeyFormat;
use tktdump::key::formats::{self, FORMATS};

use super::audit::AuditArgs;

/// Opens TLS session tickets with the server's ticket key and explains what is inside.
#[derive(Debug, Parser)]
#[command(
    name = "tktdump",
    version,
    after_help = "Exit status: 0 all tickets were opened (or split, without a key); 1 a ticket was not opened, or none \
                  was found; 2 the job could not be done."
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) job: JobArgs,
    #[command(flatten)]
    pub(super) verbosity: Verbosity,
}

/// Reads the arguments.
pub(super) fn parse() -> Result<Cli, clap::Error> {
    parse_from(std::env::args_os())
}

fn parse_from(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    let matches = command.try_get_matches_from_mut(arguments)?;
    // the main job's own arguments mean nothing to another command
    let stray = matches.ids().find(|id| {
        let is_global = matches!(id.as_str(), "quiet" | "verbose" | "JobArgs" | "Verbosity" | "KeyFormatArg");
        !is_global && matches.value_source(id.as_str()) == Some(ValueSource::CommandLine)
    });
    if let (Some(name), Some(_)) = (matches.subcommand_name(), stray) {
        let message = format!("the arguments of {name} go behind it; an input of that name is ./{name}");
        return Err(command.error(ErrorKind::ArgumentConflict, message));
    }
    Cli::from_arg_matches(&matches)
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check keys and tickets against rules; exit status 1 where a finding reaches --fail-on
    Audit(Box<AuditArgs>),
    /// Show what key files hold, without their secrets
    Keys(KeysArgs),
    /// Group tickets by key name, without any key
    Survey(SurveyArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff)
    Man,
}

#[derive(Debug, Args)]
pub(super) struct JobArgs {
    /// Tickets in any form; standard input where none or - is given
    #[arg(value_name = "INPUT")]
    pub(super) inputs: Vec<PathBuf>,
    /// Ticket key file; repeat it in the server's own order. A directory means its files in name order
    #[arg(short, long = "key", value_name = "FILE")]
    pub(super) keys: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) key_format: KeyFormatArg,
    /// Form of the inputs
    #[arg(long, value_enum, value_name = "FORM", default_value_t = From::Auto)]
    pub(super) from: From,
    /// Output
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub(super) format: Format,
    /// Also decrypt where the key name matches and the MAC does not verify; marked as unverified
    #[arg(long)]
    pub(super) no_verify: bool,
    /// Hold back every secret
    #[arg(long, env = "TKTDUMP_REDACT", hide_env_values = true, value_parser = FalseyValueParser::new())]
    pub(super) redact: bool,
    /// For -f keylog: the client random of the connection that a bare ticket of TLS 1.2 or before belongs to
    #[arg(long, value_name = "HEX", value_parser = client_random)]
    pub(super) client_random: Option<[u8; 32]>,
    /// Judge expiry by this time (RFC 3339, or seconds since 1970) instead of now, or the packet's time in a capture
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) at: Option<i64>,
    /// Close with a summary
    #[arg(long)]
    pub(super) stats: bool,
    /// Workers for long inputs of lines, at the most; other inputs and key logs have one [default: one for each core]
    #[arg(short = 'j', long, value_name = "N", value_parser = threads)]
    pub(super) threads: Option<NonZeroUsize>,
    /// Colours in text
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub(super) color: Color,
}

#[derive(Debug, Args)]
pub(super) struct KeysArgs {
    /// Key files, or directories of them; - is standard input
    #[arg(value_name = "KEYFILE", required = true)]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) key_format: KeyFormatArg,
    /// Output
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = ListFormat::Text)]
    pub(super) format: ListFormat,
}

#[derive(Debug, Args)]
pub(super) struct SurveyArgs {
    /// Captures, or tickets in any form; standard input where none or - is given
    #[arg(value_name = "INPUT")]
    pub(super) inputs: Vec<PathBuf>,
    /// Form of the inputs
    #[arg(long, value_enum, value_name = "FORM", default_value_t = From::Auto)]
    pub(super) from: From,
    /// Output
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = ListFormat::Text)]
    pub(super) format: ListFormat,
    /// Colours in text
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub(super) color: Color,
}

#[derive(Debug, Args)]
pub(super) struct KeyFormatArg {
    /// Whose rules the key files follow; auto: the content and the MACs decide
    #[arg(long = "key-format", value_name = "NAME", default_value = AUTO, value_parser = key_formats())]
    name: String,
}

impl KeyFormatArg {
    /// The format; `None` for auto.
    pub(super) fn format(&self) -> Option<&'static dyn KeyFormat> {
        formats::by_name(&self.name)
    }
}

#[derive(Debug, Args)]
pub(super) struct Verbosity {
    /// Fewer notes on standard error, and no progress bar
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub(super) quiet: u8,
    /// More notes on standard error
    #[arg(short, long, action = ArgAction::Count, global = true, conflicts_with = "quiet")]
    pub(super) verbose: u8,
}

/// Forms of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum From {
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
    /// Our own records
    Json,
}

impl From {
    /// The form; `None` for auto.
    pub(super) fn form(self) -> Option<Form> {
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

/// Outputs of the main job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// One object a line
    Json,
    #[value(help = "As openssl sess_id -text prints it")]
    Openssl,
    /// The plaintext as it is
    Der,
    #[value(help = "The plaintext as PEM, for openssl sess_id")]
    Pem,
    /// A key log, with which Wireshark decrypts the traffic
    Keylog,
    /// The capture again, its key log inside, for Wireshark to open
    Pcapng,
}

/// Outputs of the commands that list something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    /// For people
    Text,
    /// One object a line
    Json,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
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
    let auto = PossibleValue::new(AUTO).help("the content decides");
    let named = FORMATS.iter().map(|format| PossibleValue::new(format.name()).help(format.about()));
    PossibleValuesParser::new(std::iter::once(auto).chain(named))
}

fn threads(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "a number from 1".to_owned())
}

fn client_random(text: &str) -> Result<[u8; 32], String> {
    let digits: String = text.chars().filter(|character| !matches!(character, ':' | ' ')).collect();
    let octets: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(|at| octet(digits.get(at..at + 2)?)).collect();
    octets
        .and_then(|octets| octets.try_into().ok())
        .ok_or_else(|| "a client random is 32 bytes, 64 digits of hex".to_owned())
}

fn octet(digits: &str) -> Option<u8> {
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

pub(super) fn time(text: &str) -> Result<i64, String> {
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
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_is_global_may_stand_before_a_command_and_nothing_else() {
        let parse = |line: &str| parse_from(line.split(' ').map(OsString::from));
        assert!(matches!(parse("tktdump -q keys a.key").unwrap().command, Some(Command::Keys(_))));
        assert!(matches!(parse("tktdump keys -q a.key").unwrap().command, Some(Command::Keys(_))));
        assert!(parse("tktdump -k a.key keys b.key").is_err());
        assert!(parse("tktdump -k a.key ./keys").unwrap().command.is_none());
        assert!(parse("tktdump --redact a.bin").unwrap().job.redact);
    }

    #[test]
    fn times_are_epoch_or_rfc_3339() {
        assert_eq!(time("1700000000"), Ok(1_700_000_000));
        assert_eq!(time("2023-11-14T23:13:20+01:00"), Ok(1_700_000_000));
        assert!(time("yesterday").is_err());
    }
}
