//! The command: arguments in, exit status out.

mod args;
#[cfg(feature = "audit")]
mod audit;
mod capture;
mod cli;
mod exit;
mod failure;
mod gzip;
mod job;
mod key_files;
mod key_log;
mod keys;
mod notes;
mod output;
#[cfg(feature = "probe")]
mod probe;
mod progress;
mod redirect;
mod server_config;
mod source;
mod survey;
mod turnstile;
mod zstd;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::CommandFactory;

use self::cli::{Cli, Command};
use self::exit::{Exit, fail};
use self::notes::Notes;

/// Runs the command.
pub(crate) fn main() -> ExitCode {
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let notes = Notes::new(&cli.verbosity);
    let exit = run(cli, &notes).unwrap_or_else(|error| fail(&error, &notes));
    ExitCode::from(exit as u8)
}

fn run(cli: Cli, notes: &Notes) -> anyhow::Result<Exit> {
    match cli.command {
        None if cli.job.format == job::Format::Pcapng => job::pcapng::run(&cli.job, notes),
        None => job::run(&cli.job, notes),
        #[cfg(feature = "audit")]
        Some(Command::Audit(args)) => audit::run(&args, notes),
        Some(Command::Keys(args)) => keys::run(&args, notes),
        #[cfg(feature = "probe")]
        Some(Command::Probe(args)) => probe::run(&args, notes),
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
