//! One server with one set of keys: its tickets over each protocol, judged and reported.

use std::{env, fs, path::Path};

use crate::{
    check::{self, Expected},
    client::{self, Session, Tls},
    failure::{Context as _, Failure},
    lab::Lab,
    process::{Server, program, succeed},
    report::{Case, Report},
};

/// The environment variable that names the folder to keep the tickets in.
const KEEP: &str = "TKTDUMP_LIVE_KEEP";

/// A server as the table names it, and what is to come out for its tickets.
pub(crate) struct Trial<'a> {
    pub(crate) server: &'a str,
    pub(crate) version: &'a str,
    /// The key files in a few words.
    pub(crate) key_format: &'a str,
    pub(crate) expected: Expected<'a>,
}

impl Trial<'_> {
    /// Takes a ticket over each of `protocols`. A server that did not start fails each of them.
    pub(crate) fn run(&self, report: &mut Report, lab: &Lab, protocols: &[Tls], server: Result<Server, Failure>) {
        let server = match server {
            Ok(server) => server,
            Err(failure) => {
                let failed = || Err(Failure::new(failure.to_string()));
                return protocols.iter().for_each(|&tls| self.report(report, tls, failed()));
            }
        };
        for &tls in protocols {
            let outcome = client::take(lab, server.address(), tls).and_then(|session| {
                if let Some(folder) = env::var_os(KEEP) {
                    self.keep(Path::new(&folder), &session)?;
                }
                self.judge(&session)
            });
            self.report(report, tls, outcome);
        }
    }

    /// Writes session, ticket and keys as a case of `testdata/`, but for its `plain.der`.
    fn keep(&self, folder: &Path, session: &Session) -> Result<(), Failure> {
        let words = [self.server, self.version, self.key_format, session.tls.name()].join(" ");
        let words: Vec<&str> =
            words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let folder = folder.join(words.join("_").to_lowercase());
        fs::create_dir_all(&folder)?;
        fs::copy(&session.file, folder.join("session.pem"))?;
        fs::write(folder.join("ticket.hex"), format!("{}\n", session.ticket))?;
        fs::write(folder.join("ticket.bin"), hex::decode(&session.ticket).context("the ticket")?)?;
        let mut openssl = program("openssl")?;
        let text = succeed(openssl.args(["sess_id", "-text", "-noout", "-in"]).arg(&session.file), b"")?;
        fs::write(folder.join("expected.txt"), text.stdout)?;
        for (number, key) in (1..).zip(self.expected.keys) {
            let name = if number == 1 { "ticket.key".to_owned() } else { format!("ticket.{number}.key") };
            fs::copy(key, folder.join(name))?;
        }
        Ok(())
    }

    pub(crate) fn judge(&self, session: &Session) -> Result<(), Failure> {
        check::opens(session, &self.expected)?;
        if self.expected.openssl_reads_it { check::prints_as_openssl(session, &self.expected) } else { Ok(()) }
    }

    pub(crate) fn report(&self, report: &mut Report, tls: Tls, outcome: Result<(), Failure>) {
        let Self { server, version, key_format, .. } = *self;
        report.add(&Case { server, version, key_format, tls: tls.name() }, outcome);
    }
}
