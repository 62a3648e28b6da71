//! The command line: the main job, the subcommands, and what may come before them.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use tktdump::escape::Text;

use super::args::shared::Verbosity;
#[cfg(feature = "audit")]
use super::audit::AuditArgs;
use super::job::JobArgs;
#[cfg(feature = "keyfind")]
use super::keyfind::KeyfindArgs;
use super::keys::KeysArgs;
#[cfg(feature = "probe")]
use super::probe::ProbeArgs;
use super::survey::SurveyArgs;

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
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // errors repeat arguments, which may be file names that somebody else chose
    parse_from(arguments.clone()).map_err(|error| {
        let escaped = arguments.iter().map(|argument| Text(argument.as_encoded_bytes()).to_string().into());
        if error.use_stderr() { parse_from(escaped).err().unwrap_or(error) } else { error }
    })
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
    #[cfg(feature = "audit")]
    Audit(Box<AuditArgs>),
    /// Show what key files hold, without their secrets
    Keys(KeysArgs),
    #[cfg(feature = "probe")]
    /// Connect to servers: do they resume, under which key, and do nodes share it
    Probe(Box<ProbeArgs>),
    /// Group tickets by key name, without any key
    Survey(SurveyArgs),
    /// Find the key that opens a ticket in a memory image, a core dump or a running process
    #[cfg(feature = "keyfind")]
    Keyfind(Box<KeyfindArgs>),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff)
    Man,
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
}
