//! The command line: the main job, the subcommands, and what may come before them.

use std::ffi::OsString;
use std::path::Path;

use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use tktdump::escape::Text;

use super::args::shared::Verbosity;
#[cfg(feature = "audit")]
use super::audit::AuditArgs;
use super::help;
use super::job::JobArgs;
#[cfg(feature = "keyfind")]
use super::keyfind::KeyfindArgs;
use super::keys::KeysArgs;
#[cfg(feature = "probe")]
use super::probe::ProbeArgs;
use super::survey::SurveyArgs;

/// Decrypts TLS session tickets with the server's ticket key and shows what is inside.
#[derive(Debug, Parser)]
#[command(name = "tktdump", version)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) job: JobArgs,
    #[command(flatten)]
    pub(super) verbosity: Verbosity,
}

/// The main job alone, which is nearly every run: what the other commands take need not be set up for it.
#[derive(Debug, Parser)]
struct JobCli {
    #[command(flatten)]
    job: JobArgs,
    #[command(flatten)]
    verbosity: Verbosity,
}

/// The whole command line, with all that help and manual pages say.
pub(super) fn command() -> clap::Command {
    with_environment(help::added(Cli::command()))
}

fn with_environment(command: clap::Command) -> clap::Command {
    // a variable that is set to nothing names no key
    if std::env::var_os("TKTDUMP_KEY").is_some_and(|value| value.is_empty()) { without_key(command) } else { command }
}

fn without_key(command: clap::Command) -> clap::Command {
    let unset = |argument: clap::Arg| if argument.get_id() == "keys" { argument.env(None::<&str>) } else { argument };
    command.mut_args(unset).mut_subcommands(|command| command.mut_args(unset))
}

/// The command that was meant, if the first word is one that was mistyped, and no file.
pub(super) fn mistyped() -> Option<(String, &'static str)> {
    let word = std::env::args_os().skip(1).find(|word| !word.as_encoded_bytes().starts_with(b"-"))?;
    let meant = help::meant(word.to_str()?).filter(|_| !Path::new(&word).exists())?;
    Some((word.into_string().ok()?, meant)).filter(|(word, meant)| word != meant)
}

/// Reads the arguments.
pub(super) fn parse() -> Result<Cli, clap::Error> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Some(cli) = parse_job(&arguments) {
        return Ok(cli);
    }
    // errors repeat arguments, which may be file names that somebody else chose
    parse_from(arguments.clone()).map_err(|error| {
        let escaped = arguments.iter().map(|argument| Text(argument.as_encoded_bytes()).to_string().into());
        if error.use_stderr() { parse_from(escaped).err().unwrap_or(error) } else { error }
    })
}

/// Reads the arguments of the main job; `None` if they may be another command's, or if there is something to say of them.
fn parse_job(arguments: &[OsString]) -> Option<Cli> {
    let is_command = |word: &OsString| word == "help" || help::COMMANDS.iter().any(|name| word == name);
    if arguments.iter().skip(1).any(is_command) {
        return None;
    }
    let matches = with_environment(JobCli::command()).try_get_matches_from(arguments).ok()?;
    let JobCli { job, verbosity } = JobCli::from_arg_matches(&matches).ok()?;
    Some(Cli { command: None, job, verbosity })
}

fn parse_from(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(arguments)?;
    // the main job's own arguments mean nothing to another command
    let stray = matches.ids().find(|id| {
        let is_global = matches!(id.as_str(), "quiet" | "verbose" | "progress" | "color")
            || id.as_str().starts_with(char::is_uppercase);
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
    /// Check keys and tickets against rules; exit status 1 if a finding reaches --fail-on
    #[cfg(feature = "audit")]
    Audit(Box<AuditArgs>),
    /// Show what key files hold, without their secrets
    Keys(KeysArgs),
    #[cfg(feature = "probe")]
    /// Connect to servers: do they resume, under which key, and do nodes share it
    ///
    /// Probe only servers that you run or may test. No application data is sent.
    Probe(Box<ProbeArgs>),
    /// Group tickets by key name, without any key
    Survey(SurveyArgs),
    /// Find the key that opens a ticket in a memory image, a core dump or a running process
    ///
    /// For your own servers, and for images that you may read. Another user's process needs root.
    #[cfg(feature = "keyfind")]
    Keyfind(Box<KeyfindArgs>),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print a manual page (roff), as man -l - shows it
    Man {
        /// The command [default: the page about all of it]
        #[arg(value_name = "COMMAND", value_parser = PossibleValuesParser::new(help::COMMANDS))]
        command: Option<String>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        command().debug_assert();
        let names: Vec<_> = Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
        assert_eq!(names, help::COMMANDS);
    }

    #[test]
    fn examples_are_valid_and_the_help_has_them() {
        for name in std::iter::once(&"").chain(help::COMMANDS) {
            let Some(topic) = help::topic(name) else { continue };
            for (_, line) in topic.examples {
                let parsed = parse_from(line.split(' ').map(OsString::from));
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
                let mut command = command();
                let page = if name.is_empty() { &mut command } else { command.find_subcommand_mut(name).unwrap() };
                assert!(page.render_help().to_string().contains(line), "{line}");
                assert!(page.render_long_help().to_string().contains(line), "{line}");
            }
        }
    }

    #[test]
    fn the_main_job_is_read_the_same_alone() {
        for line in
            ["-k a.key b", "-q -f json --redact x -", "--help", "-f", "-f xml a", "keys a.key", "a keys", "help", ""]
        {
            let words: Vec<OsString> = ["tktdump"].into_iter().chain(line.split_whitespace()).map(Into::into).collect();
            let whole = parse_from(words.clone()).ok().filter(|cli| cli.command.is_none());
            let alone = parse_job(&words);
            // what is left to the whole is read there
            assert!(alone.is_none() || format!("{alone:?}") == format!("{whole:?}"), "{line}");
            assert!(alone.is_some() || whole.is_none() || line.contains("keys"), "{line}");
        }
    }

    #[test]
    fn what_is_global_may_stand_before_a_command_and_nothing_else() {
        let parse = |line: &str| parse_from(line.split(' ').map(OsString::from));
        assert!(matches!(parse("tktdump -q keys a.key").unwrap().command, Some(Command::Keys(_))));
        assert!(matches!(parse("tktdump keys -q a.key").unwrap().command, Some(Command::Keys(_))));
        assert!(parse("tktdump -k a.key keys b.key").is_err());
        assert!(parse("tktdump -k a.key ./keys").unwrap().command.is_none());
        assert!(parse("tktdump --redact a.bin").unwrap().job.redact);
        for line in ["tktdump --color never survey a.bin", "tktdump keys --color never a.key", "tktdump -q -q a.bin"] {
            assert!(parse(line).is_ok(), "{line}");
        }
        let Some(Command::Survey(survey)) = parse("tktdump --color never survey a.bin").unwrap().command else {
            panic!("no survey");
        };
        assert_eq!(survey.color, super::super::args::shared::Color::Never);
    }
}
