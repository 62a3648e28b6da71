//! The command: arguments in, exit status out.

mod args;
mod audit;
mod capture;
mod failure;
mod gzip;
mod job;
mod key_files;
mod key_log;
mod keys;
mod notes;
mod output;
mod progress;
mod server_config;
mod source;
mod survey;
mod turnstile;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::CommandFactory;

use self::args::{Cli, Command};
use self::failure::Failure;
use self::notes::Notes;

/// How a run ended; the number is the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Exit {
    /// All was done.
    Done = 0,
    /// A ticket was not opened, or none was found.
    NotAll = 1,
    /// The job could not be done.
    Failed = 2,
}

/// Runs the command.
pub(crate) fn main() -> ExitCode {
    let cli = match args::parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let notes = Notes::new(&cli.verbosity);
    let exit = run(cli, &notes).unwrap_or_else(|error| fail(&error, &notes));
    ExitCode::from(exit as u8)
}

/// Says why the job could not be done.
fn fail(error: &anyhow::Error, notes: &Notes) -> Exit {
    if is_closed_pipe(error) {
        return Exit::Done;
    }
    notes.failure(error);
    Exit::Failed
}

/// Ends the run from another thread, without waiting for the main one.
fn leave(error: &anyhow::Error, notes: &Notes) -> ! {
    let exit = fail(error, notes);
    // the bar must not stay behind
    notes.progress().suspend(|| std::process::exit(exit as i32))
}

fn run(cli: Cli, notes: &Notes) -> anyhow::Result<Exit> {
    match cli.command {
        None if cli.job.format == args::Format::Pcapng => job::pcapng::run(&cli.job, notes),
        None => job::run(&cli.job, notes),
        Some(Command::Audit(args)) => audit::run(&args, notes),
        Some(Command::Keys(args)) => keys::run(&args, notes),
        Some(Command::Survey(args)) => survey::run(&args, notes),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "tktdump", &mut script);
            io::stdout().write_all(&script)?;
            Ok(Exit::Done)
        }
        Some(Command::Man) => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            io::stdout().write_all(&page)?;
            Ok(Exit::Done)
        }
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Help and version go to standard output; errors have the same face as all others.
fn usage(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    if !error.use_stderr() {
        // a closed pipe is no error
        let _ = io::stdout().write_all(text.as_bytes());
        return ExitCode::from(Exit::Done as u8);
    }
    let _ = write!(io::stderr(), "tktdump: error: {}", text.strip_prefix("error: ").unwrap_or(&text));
    ExitCode::from(Exit::Failed as u8)
}

/// Whether the reader of our output has gone: `| head` is no error.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
