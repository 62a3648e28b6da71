//! The arguments of `tktdump audit`.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{FalseyValueParser, PossibleValue, TypedValueParser};
use clap::{Arg, Args, Command, ValueEnum};
use tktdump::audit::rules::RULES;
use tktdump::audit::{Rule, Severity, parse_period};

use crate::command::args::shared::{Color, FormArg, KeyFormatArg, SelectionArgs, time};

#[derive(Debug, Args)]
pub(in crate::command) struct AuditArgs {
    /// Tickets in any form, captures; standard input if - is given, or neither an input nor --key
    #[arg(value_name = "INPUT")]
    pub(super) inputs: Vec<PathBuf>,
    /// Ticket key file, or a directory of them; repeat it in the order the server lists them
    #[arg(short, long = "key", value_name = "FILE", env = "TKTDUMP_KEY", hide_env_values = true)]
    pub(super) keys: Vec<PathBuf>,
    /// Ticket keys of one of several hosts, in a directory: what seals is judged for each host by itself; repeatable
    #[arg(long = "host", value_name = "NAME=DIR", value_parser = host)]
    pub(super) hosts: Vec<Host>,
    #[command(flatten)]
    pub(super) key_format: KeyFormatArg,
    /// Input format
    #[arg(long, value_enum, value_name = "FORM", default_value_t = FormArg::Auto)]
    pub(super) from: FormArg,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = AuditFormat::Text)]
    pub(super) format: AuditFormat,
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
    /// Print every rule and its severity, and end
    #[arg(long)]
    pub(super) list_rules: bool,
    /// Redact all secrets; findings contain none, with or without it
    #[arg(long, env = "TKTDUMP_REDACT", hide_env_values = true, value_parser = FalseyValueParser::new())]
    pub(super) redact: bool,
    /// Judge ages and expiry by this time (RFC 3339, or seconds since 1970) instead of now
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(super) at: Option<i64>,
    #[command(flatten)]
    pub(super) selection: SelectionArgs,
    /// Write to a file instead of standard output; a key file is never written over
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Print a summary at the end
    #[arg(long)]
    pub(super) stats: bool,
    /// Colours in text output
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub(super) color: Color,
}

impl AuditArgs {
    /// Whether keys were given.
    pub(super) fn has_keys(&self) -> bool {
        !self.keys.is_empty() || !self.hosts.is_empty()
    }
}

/// A host and where its keys are.
#[derive(Debug, Clone)]
pub(in crate::command) struct Host {
    pub(super) name: String,
    pub(super) keys: PathBuf,
}

fn host(text: &str) -> Result<Host, String> {
    let (name, keys) = text
        .split_once('=')
        .filter(|(name, keys)| !name.is_empty() && !keys.is_empty())
        .ok_or("not of the form NAME=DIR, such as web1=/srv/keys/web1")?;
    Ok(Host { name: name.to_owned(), keys: keys.into() })
}

/// How strict the audit is.
#[derive(Debug, Args)]
pub(in crate::command) struct PolicyArgs {
    /// Exit with status 1 if any finding is at or above that severity [default: error]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub(super) fail_on: Option<SeverityArg>,
    /// Severity of a rule: info, warning, error, or off; repeatable
    #[arg(long = "rule", value_name = "ID=SEVERITY", value_parser = RuleParser, hide_possible_values = true)]
    pub(super) rules: Vec<(String, String)>,
    /// Policy file (TOML): fail-on, min-key-bits, max-key-age, max-lifetime, max-refused-percent, expect-active, [rules]
    #[arg(long = "policy", value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Leave out findings that are known: what an earlier audit printed with -f json
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    /// Bits that an AES key must have [default: 128]
    #[arg(long, value_name = "BITS")]
    pub(super) min_key_bits: Option<usize>,
    /// How long a key may seal, such as 7d or 36h [default: 7d]
    #[arg(long, value_name = "TIME", value_parser = parse_period)]
    pub(super) max_key_age: Option<i64>,
    /// How long a ticket may live [default: 24h, with TLS 1.3 7d]
    #[arg(long, value_name = "TIME", value_parser = parse_period)]
    pub(super) max_lifetime: Option<i64>,
    /// Bytes that a ticket may have [default: 1024]
    #[arg(long, value_name = "BYTES")]
    pub(super) max_ticket_bytes: Option<usize>,
    /// Every ticket must be opened by the key that seals by the order of the keys given
    #[arg(long)]
    pub(super) expect_active: bool,
}

/// Outputs of an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::command) enum AuditFormat {
    /// Human-readable
    Text,
    /// One object a line
    Json,
    /// SARIF 2.1.0, for code-scanning views
    #[cfg(feature = "sarif")]
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

/// Severities as option values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::command) enum SeverityArg {
    /// Any finding
    Info,
    /// Warnings and errors
    Warning,
    /// Errors
    Error,
}

impl SeverityArg {
    pub(super) fn severity(self) -> Severity {
        match self {
            Self::Info => Severity::Info,
            Self::Warning => Severity::Warning,
            Self::Error => Severity::Error,
        }
    }
}

/// Takes `ID=SEVERITY`, and offers every rule with everything it can be worth to the completions of a shell.
#[derive(Clone)]
struct RuleParser;

impl TypedValueParser for RuleParser {
    type Value = (String, String);

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<Self::Value, clap::Error> {
        rule_worth.parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let worths = Severity::ALL.map(Severity::as_str).into_iter().chain(std::iter::once("off"));
        let of_rule =
            move |rule: &&Rule| worths.clone().map(|worth| format!("{}={worth}", rule.id)).collect::<Vec<_>>();
        Some(Box::new(RULES.iter().flat_map(of_rule).map(PossibleValue::new)))
    }
}

fn rule_worth(text: &str) -> Result<(String, String), String> {
    let (id, worth) = text.split_once('=').ok_or("not of the form ID=SEVERITY, such as early-data=off")?;
    Ok((id.to_owned(), worth.to_owned()))
}
