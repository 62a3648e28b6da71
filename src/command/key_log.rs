//! `-f keylog`: lines as they become certain, and what keeps others from being so.

use std::collections::HashSet;

use tktdump::capture::Connection;
use tktdump::capture::sighting::Sighting;
use tktdump::key::Origin;
use tktdump::keylog::{self, KeyLog, Label, Line, Written};
use tktdump::report::Page;
use tktdump::resumption::secrets::{Withheld, secrets};
use tktdump::secret::Secret as Key;
use tktdump::session::{Session, SessionSecret};
use tktdump::tls::MASTER_SECRET_LENGTH;

use super::notes::Held;

/// A key log being written.
pub(super) struct Log {
    lines_seen: KeyLog,
    client_random: Option<[u8; 32]>,
    /// Whether to write what nothing proves too.
    unproven: bool,
    said: HashSet<Withheld>,
    said_bare: bool,
    said_full: bool,
    lines: u64,
    /// Lines that were found again: written before, or there already.
    again: u64,
}

impl Log {
    /// `client_random` is for tickets that have none of their own.
    pub(super) fn new(client_random: Option<[u8; 32]>, unproven: bool) -> Self {
        Self {
            lines_seen: KeyLog::new(),
            client_random,
            unproven,
            said: HashSet::new(),
            said_bare: false,
            said_full: false,
            lines: 0,
            again: 0,
        }
    }

    /// Takes note of a line that the output has already.
    pub(super) fn know(&mut self, line: &Line) {
        self.lines_seen.know(line);
    }

    /// Lines written so far.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// Whether there is any line, be it one that was there already.
    pub(super) fn has_lines(&self) -> bool {
        self.lines + self.again > 0
    }

    /// What a ticket of a capture gives.
    pub(super) fn add_connection(
        &mut self,
        connection: &Connection,
        sighting: &Sighting<'_>,
        session: &Session<'_>,
        key: &Origin,
        out: &mut Page,
        notes: &mut Held<'_>,
    ) {
        let found = secrets(connection, sighting, session);
        let withheld = found.withheld.filter(|_| !self.unproven || found.unproven.is_empty());
        if let Some(withheld) = withheld.filter(|withheld| self.said.insert(*withheld)) {
            notes.warning(format_args!("{}: {}", connection.number(), withheld.reason()));
        }
        let comment = keylog::of_ticket(&key.file, key.index, sighting.packet, connection.stream);
        self.write(&found.lines, &comment, out, notes);
        if self.unproven {
            self.write(&found.unproven, &format!("unproven: no Finished was captured: {comment}"), out, notes);
        }
    }

    /// What a ticket gives that was not seen in a connection.
    pub(super) fn add_bare_ticket(
        &mut self,
        session: &Session<'_>,
        key: &Origin,
        out: &mut Page,
        notes: &mut Held<'_>,
    ) {
        let reason = match (session.secret, self.client_random) {
            (SessionSecret::MasterSecret(master), _) if master.len() != MASTER_SECRET_LENGTH => {
                Withheld::MasterSecretLength.reason()
            }
            (SessionSecret::MasterSecret(master), Some(client_random)) => {
                let line = Line { label: Label::ClientRandom, client_random, secret: Key::from(master) };
                let comment = format!("{}, key {}: a ticket, with the client random given", key.file, key.index);
                return self.write(&[line], &comment, out, notes);
            }
            (SessionSecret::MasterSecret(_), None) => {
                "a bare ticket has no client random: --client-random HEX gives it, or the capture it came from"
            }
            _ => "a bare TLS 1.3 ticket gives no line: what its PSK decrypts depends on the ClientHello around it",
        };
        if !std::mem::replace(&mut self.said_bare, true) {
            notes.warning(reason);
        }
    }

    fn write(&mut self, lines: &[Line], comment: &str, out: &mut Page, notes: &mut Held<'_>) {
        let mut fresh = Vec::new();
        for line in lines {
            // writing to a Vec does not fail
            match self.lines_seen.line(line, &mut fresh) {
                Ok(Written::New) => self.lines += 1,
                Ok(Written::Conflict) => notes.warning(format_args!(
                    "two tickets give different secrets for the client random {}; only the first was written",
                    hex::encode(line.client_random)
                )),
                Ok(Written::Full) => {
                    if !std::mem::replace(&mut self.said_full, true) {
                        notes.warning(format_args!(
                            "the key log has {} lines, and takes no more: read the captures in several runs",
                            self.lines
                        ));
                    }
                }
                Ok(Written::Duplicate) => self.again += 1,
                Err(_) => {}
            }
        }
        if !fresh.is_empty() {
            let _ = self.lines_seen.comment(comment, out);
            out.extend_from_slice(&fresh);
        }
        zeroize::Zeroize::zeroize(&mut fresh);
    }
}
