//! The command: arguments in, exit status out.

mod args;
#[cfg(feature = "audit")]
mod audit;
mod capture;
mod cli;
mod exit;
mod failure;
mod gzip;
mod help;
#[cfg(unix)]
mod interrupt;
mod job;
mod key_files;
mod key_log;
#[cfg(feature = "keyfind")]
mod keyfind;
mod keys;
mod logged;
mod manual;
mod notes;
mod output;
#[cfg(feature = "probe")]
mod probe;
mod progress;
mod redirect;
mod secret_file;
mod sink;
mod source;
mod stdout;
mod survey;
mod turnstile;
mod zstd;

use std::io::{self, Write};
use std::process::ExitCode;

use self::args::shared::Verbosity;
use self::cli::{Cli, Command};
use self::exit::{Exit, fail};
use self::notes::Notes;

/// Runs the command.
pub(crate) fn main() -> ExitCode {
    #[cfg(unix)]
    interrupt::end_with_whole_lines();
    let (verbosity, cli) = match cli::parse() {
        Ok(cli) => (cli.verbosity, Ok(cli)),
        Err(error) => (Verbosity::default(), Err(error)),
    };
    let notes = Notes::new(verbosity);
    let result = stdout::check().and_then(|()| match cli {
        Ok(cli) => run(cli, &notes),
        Err(error) => usage(&error, &notes),
    });
    // what is still held back may not find room either
    let result = result.and_then(|exit| Ok(io::stdout().flush().map(|()| exit)?));
    let ended = redirect::end(result.as_ref().ok().map(|exit| *exit == Exit::Done));
    let exit = result.and_then(|exit| ended.map(|()| exit)).unwrap_or_else(|error| fail(&error, &notes));
    ExitCode::from(exit as u8)
}

fn run(cli: Cli, notes: &Notes) -> anyhow::Result<Exit> {
    match cli.command {
        None if cli.job.format == job::Format::Pcapng => job::pcapng::run(&cli.job, notes),
        None => job::run(&cli.job, notes),
        #[cfg(feature = "audit")]
        Some(Command::Audit(args)) => audit::run(&args, notes),
        Some(Command::Keys(args)) => keys::run(&args, notes),
        #[cfg(feature = "keyfind")]
        Some(Command::Keyfind(args)) => keyfind::run(&args, notes),
        #[cfg(feature = "probe")]
        Some(Command::Probe(args)) => probe::prepare::run(&args, notes),
        Some(Command::Survey(args)) => survey::run(&args, notes),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut cli::command(), "tktdump", &mut script);
            io::stdout().write_all(&script)?;
            Ok(Exit::Done)
        }
        Some(Command::Man { command }) => {
            io::stdout().write_all(&manual::page(cli::command(), command.as_deref())?)?;
            Ok(Exit::Done)
        }
    }
}

/// Help and version go to standard output; errors have the same face as all others.
fn usage(error: &clap::Error, notes: &Notes) -> anyhow::Result<Exit> {
    let text = error.render().to_string();
    if !error.use_stderr() {
        io::stdout().write_all(text.as_bytes())?;
        return Ok(Exit::Done);
    }
    let _ = write!(io::stderr(), "tktdump: error: {}", text.strip_prefix("error: ").unwrap_or(&text));
    if let Some((word, meant)) = cli::mistyped() {
        notes.hint(format_args!("{word} is not a command: did you mean {meant}?"));
    }
    Ok(Exit::Failed)
}
