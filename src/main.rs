//! The `tktdump` command. What it can do is in the library; here are its arguments, files, clock and terminal.

mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::main()
}
