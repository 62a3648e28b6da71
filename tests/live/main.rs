//! Live tests: servers on loopback with fresh random ticket keys, tickets taken by `openssl s_client`,
//! opened by the built command and compared with what the client knows of the same session.
//!
//! One module a server. A new one has a `cases` function that starts the server, and a line in the list below.

mod check;
mod client;
mod failure;
mod nginx;
mod process;
mod recipe;
mod report;

use failure::Failure;
use report::Report;

macro_rules! servers {
    ($($server:ident),+ $(,)?) => {$(
        #[test]
        #[ignore = "needs nginx and openssl; run by .ci/run"]
        fn $server() -> Result<(), Failure> {
            let mut report = Report::default();
            $server::cases(&mut report)?;
            report.finish()
        }
    )+};
}

servers![nginx];
