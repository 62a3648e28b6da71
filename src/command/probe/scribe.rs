//! What connections showed: each is explained as one of a capture, and recorded.

use std::io::{self, Write as _};

use sha2::{Digest as _, Sha256};
use tktdump::audit::facts::keys::KeySet;
use tktdump::audit::facts::ticket::{PskModes, TicketFacts, guessed};
use tktdump::audit::{Auditor, Finding, Policy};
use tktdump::capture::connection::{HandshakeKind, Message};
use tktdump::capture::{Capture, Connection};
use tktdump::open::Opener;
use tktdump::probe::plan::Version;
use tktdump::probe::seen::{Fresh, Seen};
use tktdump::probe::verdicts::REPLACED;
use tktdump::record::{Record, Source, examine_connection};
use tktdump::report::{Page, json};
use tktdump::resumption::History;
use zeroize::Zeroizing;

use super::connect::Outcome;
use super::write::Writer;

/// The source of records.
const SOURCE: &str = "probe";

/// What goes on from round to round: connections and packets are numbered as in the capture of `--write`.
#[derive(Default)]
pub(super) struct Numbers {
    capture: Capture,
    packets: u64,
    index: u64,
    history: History,
    pub(super) connections: u64,
    pub(super) tickets: u64,
}

/// Explains connections one after the other.
pub(super) struct Scribe<'s> {
    pub(super) numbers: Numbers,
    keys: &'s [KeySet],
    auditors: Vec<Auditor<'s>>,
    source: Source,
    now: i64,
    /// Whether records are printed as they come.
    prints: bool,
    pub(super) page: Page,
    plaintext: Zeroizing<Vec<u8>>,
}

impl<'s> Scribe<'s> {
    pub(super) fn new(keys: &'s [KeySet], policy: &'s Policy, now: i64, prints: bool, numbers: Numbers) -> Self {
        Self {
            numbers,
            keys,
            auditors: keys.iter().map(|_| Auditor::new(policy, now)).collect(),
            source: Source::from(SOURCE),
            now,
            prints,
            page: Page::new(),
            plaintext: Zeroizing::default(),
        }
    }

    /// Takes a connection to a node with those keys. The findings are about the tickets that it issued.
    pub(super) fn take(
        &mut self,
        outcome: Outcome,
        keys: usize,
        offered: Option<Version>,
        writer: Option<&mut Writer>,
    ) -> anyhow::Result<(Seen, Option<Connection>, Vec<Finding>)> {
        self.numbers.connections += 1;
        if let Some(writer) = writer {
            writer.connection(&outcome.packets, &outcome.secrets)?;
        }
        let mut connection = self.follow(&outcome);
        let (fresh, findings) =
            connection.as_ref().map(|connection| self.examine(connection, keys)).unwrap_or_default();
        let seen = Seen {
            handshake: connection.as_ref().map_or(HandshakeKind::Incomplete, Connection::handshake),
            offered: connection.as_ref().is_some_and(|connection| offered.is_some_and(|it| offers(connection, it))),
            fresh,
            has_session_id: connection.as_mut().is_some_and(|connection| names_session(connection)),
            certificate: outcome.certificate.as_ref().map(|der| Sha256::digest(der).into()),
            asks_certificate: outcome.asks_certificate,
            early_data: outcome.early_data,
            failure: outcome.failure,
        };
        Ok((seen, connection, findings))
    }

    /// The connection as the library sees it in a capture, with the tickets that its own secrets opened.
    fn follow(&mut self, outcome: &Outcome) -> Option<Connection> {
        let mut found = None;
        let mut sink = |connection| found = Some(connection);
        for recorded in &outcome.packets {
            self.numbers.capture.packet(&recorded.packet(), &mut sink);
        }
        self.numbers.capture.finish(&mut sink);
        let before = self.numbers.packets;
        self.numbers.packets += u64::try_from(outcome.packets.len()).unwrap_or_default();
        let mut connection = found?;
        let message = |(bytes, packet, time): &(Vec<u8>, usize, _)| Message {
            bytes: bytes.clone(),
            packet: before + u64::try_from(*packet).unwrap_or_default(),
            time: *time,
        };
        connection.opened_tickets = outcome.tickets.iter().map(message).collect();
        Some(connection)
    }

    /// Opens the tickets of a connection, records them and it, and judges the fresh ones.
    fn examine(&mut self, connection: &Connection, keys: usize) -> (Vec<Fresh>, Vec<Finding>) {
        let Some(key_set) = self.keys.get(keys) else { return <_>::default() };
        let opener = Opener::new(key_set.ring());
        let kept = json::Kept::new(key_set.ring());
        let renderer = json::Renderer { kept: &kept, now: self.now, redact: true };
        let (mut fresh, mut findings) = (Vec::new(), Vec::new());
        let Numbers { index, tickets, history, .. } = &mut self.numbers;
        let first = *index;
        let (prints, page) = (self.prints, &mut self.page);
        let mut auditor = self.auditors.get_mut(keys);
        let mut each = |record: &Record<'_>| {
            (*index, *tickets) = (*index + 1, *tickets + 1);
            if prints {
                renderer.ticket(record, page);
            }
            let Some(issued) = Fresh::of(record, connection) else { return };
            fresh.push(issued);
            let Some(sighting) = &record.capture else { return };
            let facts = TicketFacts {
                record,
                keys: key_set,
                guessed: guessed(record),
                psk_modes: PskModes::of(connection, sighting),
                now: sighting.time.seconds,
            };
            if let Some(auditor) = &mut auditor {
                findings.extend(auditor.ticket(&facts));
            }
        };
        let record =
            examine_connection(connection, &self.source, first, &opener, history, None, &mut self.plaintext, &mut each);
        if prints {
            renderer.connection(&record, page);
        }
        findings.retain(|finding| !REPLACED.contains(&finding.rule.id));
        (fresh, findings)
    }

    /// What only the end shows, for each set of keys.
    pub(super) fn finish(&mut self) -> Vec<Finding> {
        let mut found: Vec<Finding> = self.auditors.iter_mut().flat_map(Auditor::finish).collect();
        found.retain(|finding| !REPLACED.contains(&finding.rule.id));
        found
    }

    /// Prints what there is.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(&self.page)?;
        self.page.clear();
        stdout.flush()
    }
}

/// Whether the client brought a session, by ticket or by ID.
fn offers(connection: &Connection, version: Version) -> bool {
    let by_id = || connection.client_hello().is_some_and(|hello| !hello.session_id.is_empty());
    connection.ticket_offered() || (version == Version::Tls12 && by_id())
}

/// Whether the server named a session ID of its own cache (TLS 1.2).
fn names_session(connection: &Connection) -> bool {
    connection.server_hello().is_some_and(|hello| !hello.protocol.has_psk() && !hello.session_id.is_empty())
}
