//! The connections of a capture: their tickets, then the record of each.

use tktdump::capture::Connection;
use tktdump::input::RecordedConnection;
use tktdump::open::Outcome;
use tktdump::record::examine_connection;
use tktdump::resumption::{Mark, Reason};

use super::Worker;

/// Tickets of a capture that are remembered as shown.
const MAX_SHOWN: usize = 1 << 16;

impl Worker<'_> {
    /// Opens the tickets of a connection and renders them, then the connection.
    pub(super) fn examine_connection(&mut self, connection: &Connection) {
        self.client_certificates |= connection.flight.client_certificate;
        let Self { job, source, index, history, plaintext, results, key_log, shown, tickets, comments, .. } = self;
        let (first, mut any) = (*index, false);
        let text = job.output.text();
        tickets.clear();
        let record =
            examine_connection(connection, source, first, &job.opener, history, job.at, plaintext, &mut |record| {
                *index += 1;
                if !job.selection.takes(record) {
                    results.left_out += 1;
                    return;
                }
                any = true;
                if let (Some(log), Ok(Outcome::Decrypted { session, key, .. }), Some(sighting)) =
                    (key_log.as_mut(), &record.verdict, &record.capture)
                {
                    log.add_connection(
                        connection,
                        sighting,
                        session,
                        key.origin(),
                        &mut results.rendered,
                        &mut results.notes,
                    );
                }
                let seen = record.capture.map_or(connection.time.seconds, |sighting| sighting.time.seconds);
                let output = job.output.with_clock(job.at.unwrap_or(seen));
                output.comment_ticket(record, comments);
                let (Some(renderer), Some(sighting)) = (text, record.capture) else {
                    let waits = output.begins_with_connections();
                    output.render(record, if waits { &mut *tickets } else { &mut results.rendered });
                    results.add(record, job);
                    return;
                };
                let mark = Mark::of(record.bytes);
                if let Some(packet) = shown.get(&mark) {
                    renderer.ticket_again(record, *packet, tickets);
                } else {
                    if shown.len() < MAX_SHOWN {
                        shown.insert(mark, sighting.packet);
                    }
                    output.render(record, tickets);
                }
                results.add(record, job);
            });
        if connection.has_hello() && job.selection.takes_connection(&record, any) {
            results.tally.add_connection(record.handshake, record.reason == Reason::ExternalPsk);
            job.output.connection(&record, &mut results.rendered);
            job.output.comment_connection(&record, comments);
        }
        results.rendered.extend_from_slice(tickets);
        tickets.clear();
    }

    /// Takes a connection that a record of ours tells of: it stands behind its tickets.
    pub(super) fn recorded(&mut self, line: Option<u64>, connection: &RecordedConnection) {
        if !self.job.selection.takes_recorded(connection) {
            return;
        }
        self.results.tally.add_connection(connection.handshake, connection.reason == Reason::ExternalPsk.as_str());
        self.job.output.recorded(&self.source, line, connection, &mut self.results.rendered);
        self.ease();
    }
}
