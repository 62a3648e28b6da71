//! The connections of a capture: their tickets, then the record of each.

use tktdump::capture::Connection;
use tktdump::open::Outcome;
use tktdump::record::{ConnectionRecord, Place, Record};
use tktdump::resumption;
use tktdump::session::Room;

use super::Worker;

impl Worker<'_> {
    /// Opens the tickets of a connection and renders them, then the connection.
    pub(super) fn examine_connection(&mut self, connection: &Connection) {
        let mut attempts = Vec::new();
        for mut sighting in connection.sightings() {
            let place = Place { source: &self.source, index: self.index, line: None, packet: Some(sighting.packet) };
            let mut room = Room::default();
            let outcome = self.job.opener.open(sighting.ticket, &mut self.plaintext, &mut room);
            attempts.push(resumption::examine(connection, &mut sighting, &outcome));
            if let (Some(log), Outcome::Decrypted { session, key, .. }) = (&mut self.key_log, &outcome) {
                log.add_connection(
                    connection,
                    &sighting,
                    session,
                    key.origin(),
                    &mut self.results.rendered,
                    &mut self.results.notes,
                );
            }
            let record = Record {
                place,
                bytes: sighting.ticket,
                verdict: Ok(outcome),
                client_session: None,
                capture: Some(sighting),
            };
            let clock = self.job.at.unwrap_or(sighting.time.seconds);
            self.job.output.with_clock(clock).render(&record, &mut self.results.rendered);
            self.results.add(&record, self.job);
            self.index += 1;
        }
        if !connection.has_hello() {
            return;
        }
        let clock = self.job.at.unwrap_or(connection.time.seconds);
        let record = ConnectionRecord::new(&self.source, connection, &attempts, clock);
        self.results.tally.add_connection(record.handshake);
        self.job.output.connection(&record, &mut self.results.rendered);
    }
}
