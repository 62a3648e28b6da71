//! What a server sends after the handshake of TLS 1.3, followed with its secret of a key log.
//!
//! Of a server's records only as many are opened as can hold tickets:
//!
//! - Until one opens, every record is tried as the first one after the server's Finished, up to 64 of them: what comes
//!   before is the handshake, under other keys.
//! - From there on the first 16 records are opened, whatever their length: servers issue their tickets there.
//! - Later ones are opened if they are no longer than 4,096 bytes, up to 1,024 of them: a ticket with a client certificate
//!   fits in that, and so does a `KeyUpdate`, which changes the keys; full records of application data do not. The others
//!   are counted, which is all that it takes to open the next one.
//!
//! A record that does not open, a gap, or more short records than that end it: what follows stays closed, and the
//! connection is counted.

use crate::secret::Secret;
use crate::tls::tls13::{Sent, ServerTraffic, Suite};

/// Records that are tried as the first one after the handshake.
const MAX_TRIES: u32 = 64;
/// Records that are opened whatever their length.
const FIRST_RECORDS: u32 = 16;
/// How long the content of later ones may be, and how many of them are opened.
const MAX_LATER_LENGTH: usize = 4096;
const MAX_LATER: u32 = 1024;
/// Records without a ticket after which none is waited for, before the connection is handed over.
const PATIENCE: u32 = 8;
/// Tickets after which a connection is handed over, be there more or not.
const MANY_TICKETS: u32 = 64;

/// How far the records of a server were followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Followed {
    /// No record came that could be opened.
    NotAtAll,
    /// Up to the last one.
    ToTheEnd,
    /// Records came, and none of them opens with the secret.
    Unopened,
    /// Up to a record after which nothing more could be opened.
    InPart,
}

/// Follows the server of one connection.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct After {
    secret: Option<Secret>,
    traffic: Option<ServerTraffic>,
    /// Records that were tried, or opened.
    records: u32,
    later: u32,
    opened: bool,
    tickets: u32,
    /// Records since the last ticket.
    since: u32,
    /// Whether the record that comes is to be opened.
    due: bool,
    stopped: bool,
    closed: bool,
    /// Bytes were missing.
    torn: bool,
}

impl After {
    /// With the secret that the server's keys come from.
    pub(super) fn new(secret: Secret) -> Box<Self> {
        Box::new(Self {
            secret: Some(secret),
            traffic: None,
            records: 0,
            later: 0,
            opened: false,
            tickets: 0,
            since: 0,
            due: false,
            stopped: false,
            closed: false,
            torn: false,
        })
    }

    /// The server has chosen TLS 1.3 and this suite.
    pub(super) fn begin(&mut self, cipher: u16) {
        let suite = Suite::from_id(cipher);
        // a secret of another length is of another suite
        let secret = self.secret.take().filter(|it| suite.is_some_and(|suite| it.as_bytes().len() == length(suite)));
        self.traffic = suite.zip(secret).map(|(suite, secret)| ServerTraffic::new(suite, secret));
        self.stopped = self.traffic.is_none();
    }

    /// Whether the next record of the server is to be opened, the length of whose content is known.
    pub(super) fn wants(&mut self, length: usize) -> bool {
        self.due = false;
        let Some(traffic) = self.traffic.as_mut().filter(|_| !self.stopped && !self.closed) else { return false };
        if !self.opened {
            self.due = self.records < MAX_TRIES;
            self.stopped = !self.due;
            return self.due;
        }
        let is_first = self.records < FIRST_RECORDS;
        if is_first || traffic.is_midway() || (length <= MAX_LATER_LENGTH && self.later < MAX_LATER) {
            self.later += u32::from(!is_first);
            self.due = true;
        } else if length <= MAX_LATER_LENGTH {
            self.stopped = true;
        } else {
            traffic.pass_over();
            self.since += 1;
        }
        self.due
    }

    /// Opens a record that [is wanted](Self::wants), its header included; gives the tickets in it.
    pub(super) fn record(&mut self, record: &[u8]) -> Vec<Vec<u8>> {
        let Some(traffic) = self.traffic.as_mut().filter(|_| std::mem::take(&mut self.due)) else { return Vec::new() };
        self.records += 1;
        let Some(sent) = traffic.record(record) else {
            // before the first one that opens there is the handshake
            self.stopped = self.opened;
            return Vec::new();
        };
        if !std::mem::replace(&mut self.opened, true) {
            self.records = 1;
        }
        self.since += 1;
        let mut tickets = Vec::new();
        for each in sent {
            match each {
                Sent::Ticket(message) => tickets.push(message),
                // nothing follows a close_notify, nor a fatal one
                Sent::Alert(..) => self.closed = true,
                _ => {}
            }
        }
        if !tickets.is_empty() {
            self.since = 0;
            self.tickets = self.tickets.saturating_add(u32::try_from(tickets.len()).unwrap_or(u32::MAX));
        }
        tickets
    }

    /// Bytes of the server are missing: the number of its next record is not known.
    pub(super) fn lost(&mut self) {
        if self.traffic.is_some() {
            (self.stopped, self.torn) = (true, true);
        }
    }

    /// Bytes of the record that is wanted are missing, and where the next one begins is known; `false` if none is.
    pub(super) fn tear(&mut self) -> bool {
        let is_due = std::mem::take(&mut self.due);
        if let Some(traffic) = self.traffic.as_mut().filter(|_| is_due) {
            self.torn = true;
            if self.opened {
                traffic.pass_over();
            }
        }
        is_due
    }

    /// Whether tickets are to be expected that should be handed over together with the connection.
    pub(super) fn is_waiting(&self) -> bool {
        let is_over = self.since >= if self.tickets > 0 { 1 } else { PATIENCE };
        self.goes_on() && !is_over && self.tickets < MANY_TICKETS
    }

    /// Whether there may be more tickets.
    pub(super) fn goes_on(&self) -> bool {
        self.traffic.is_some() && !self.stopped && !self.closed
    }

    /// How far it has come.
    pub(super) fn followed(&self) -> Followed {
        match () {
            () if self.torn || (self.opened && self.stopped) => Followed::InPart,
            () if self.opened => Followed::ToTheEnd,
            () if self.records > 0 => Followed::Unopened,
            () => Followed::NotAtAll,
        }
    }
}

fn length(suite: Suite) -> usize {
    suite.hash().len()
}
