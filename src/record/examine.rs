//! The one loop that makes records: an item or a connection in, what became of its tickets out.

use super::{ConnectionRecord, Place, Record, Source};
use crate::capture::Connection;
use crate::capture::sighting::Carrier;
use crate::input::{Item, Unreadable};
use crate::open::{Checked, Opener, Outcome};
use crate::resumption::{self, Attempt, History, Mark, Verdict};
use crate::session::Session;

/// Opens what an item holds. `buffer` takes the plaintext: one buffer serves a batch.
///
/// ```
/// use tktdump::input::{Form, Item, each_in_whole};
/// use tktdump::key::ring::KeyRing;
/// use tktdump::open::Opener;
/// use tktdump::record::{Place, Source, Status, examine};
///
/// let (ring, source) = (KeyRing::default(), Source::from("list.txt"));
/// let (mut buffer, mut statuses) = (Vec::new(), Vec::new());
/// each_in_whole(Form::Lines, &b"00".repeat(96), None, &mut |line, item: Item<'_>| {
///     let place = Place { source: &source, index: 0, line, packet: None };
///     statuses.push(examine(place, &item, &Opener::new(&ring), &mut buffer).status());
/// });
/// assert_eq!(statuses, [Status::NoKey]);
/// ```
pub fn examine<'a>(place: Place<'a>, item: &Item<'a>, opener: &Opener<'a>, buffer: &'a mut Vec<u8>) -> Record<'a> {
    let mut record = Record::new(place);
    examine_into(&mut record, item, None, opener, buffer);
    record
}

/// Opens what an item holds in the place of its new record, which is too large to be moved around; of a ticket, with what
/// an opener has found when it checked it.
#[inline]
pub fn examine_into<'a>(
    record: &mut Record<'a>,
    item: &Item<'a>,
    checked: Option<&Checked<'a>>,
    opener: &Opener<'a>,
    buffer: &'a mut Vec<u8>,
) {
    match item {
        Item::Ticket(bytes) => open(record, bytes, checked, opener, buffer),
        Item::Recorded { ticket, seen } => {
            open(record, ticket, checked, opener, buffer);
            record.capture = seen.sighting(ticket);
        }
        // callers take it before: it has no ticket
        Item::Connection(_) => record.verdict = Err(Unreadable::Record { missing: "it is of a connection" }),
        Item::Listed { ticket, beside } => {
            record.beside = Some(beside);
            open(record, ticket, checked, opener, buffer);
        }
        Item::Unreadable(error) => record.verdict = Err(error.clone()),
        Item::Session(der) => examine_session(record, der, opener, buffer),
    }
}

/// Opens a ticket.
#[inline]
fn open<'a>(
    record: &mut Record<'a>,
    bytes: &'a [u8],
    checked: Option<&Checked<'a>>,
    opener: &Opener<'a>,
    buffer: &'a mut Vec<u8>,
) {
    record.bytes = bytes;
    if let Ok(outcome) = &mut record.verdict {
        match checked {
            Some(checked) => opener.open_into(checked, buffer, outcome),
            None => opener.open_into(&opener.check(bytes), buffer, outcome),
        }
    }
}

/// Opens the ticket in a session, if one is in it.
#[inline(never)]
fn examine_session<'a>(record: &mut Record<'a>, der: &'a [u8], opener: &Opener<'a>, buffer: &'a mut Vec<u8>) {
    match Session::parse(der) {
        Err(error) => record.verdict = Err(Unreadable::Session(error)),
        Ok(session) => match session.ticket {
            None => record.verdict = Ok(Outcome::PlainSession { session }),
            Some(ticket) => {
                open(record, ticket, None, opener, buffer);
                record.client_session = Some(session);
            }
        },
    }
}

/// Opens the tickets of a connection, hands the record of each to `each`, and draws the conclusions, also from what
/// `history` has of the connections before in the same capture; it learns of this one. `index` is the
/// number of its first ticket in the input; `at` is the clock that ends are judged by, in seconds since 1970, if it is
/// not the packet's.
#[expect(clippy::too_many_arguments, reason = "each is of another kind, and all are needed")]
pub fn examine_connection<'a>(
    connection: &'a Connection,
    source: &'a Source,
    index: u64,
    opener: &Opener<'_>,
    history: &mut History,
    at: Option<i64>,
    buffer: &mut Vec<u8>,
    each: &mut dyn FnMut(&Record<'_>),
) -> ConnectionRecord<'a> {
    let hellos = connection.decisive_hellos();
    let is_resumed = hellos.handshake.is_resumed();
    let sightings = connection.sightings();
    let mut attempts = Vec::with_capacity(sightings.len());
    for (mut sighting, index) in sightings.into_iter().zip(index..) {
        let mark = Mark::of(sighting.ticket);
        sighting.issued_by = match sighting.carrier {
            Carrier::NewSessionTicket => None,
            _ => history.issued_by(mark).map(|issue| (issue.number, issue.packet)),
        };
        let is_opened = |it: &Attempt| {
            matches!(it.verdict, Verdict::Opened(_)) && (it.selected || it.carrier == Carrier::SessionTicket)
        };
        sighting.key_is_there =
            is_resumed && sighting.carrier == Carrier::NewSessionTicket && attempts.iter().any(is_opened);
        let place = Place { source, index, line: None, packet: Some(sighting.packet) };
        let mut record = Record::new(place);
        open(&mut record, sighting.ticket, None, opener, buffer);
        if let Ok(outcome) = &record.verdict {
            let attempt = resumption::examine(connection, &mut sighting, mark, outcome);
            sighting.names_key = history.knows_name(connection.server, &attempt);
            if attempt.selected || (attempt.carrier == Carrier::SessionTicket && is_resumed) {
                let root = history.root(&attempt);
                sighting.lived = root.map(|root| at.unwrap_or(sighting.time.seconds).saturating_sub(root));
            }
            attempts.push(attempt);
        }
        record.capture = Some(sighting);
        each(&record);
    }
    let now = at.unwrap_or(connection.time.seconds);
    let conclusion = resumption::conclude_from(connection, &hellos, &attempts, history, now);
    let record = ConnectionRecord::new(source, connection, hellos, attempts, conclusion);
    history.learn(connection, &record.attempts, record.reason, record.handshake);
    record
}
