//! The one loop that makes records: an item or a connection in, what became of its tickets out.

use super::{ConnectionRecord, Place, Record, Source};
use crate::capture::Connection;
use crate::capture::sighting::Carrier;
use crate::input::{Item, Unreadable};
use crate::open::{Checked, Opener, Outcome};
use crate::resumption::{self, History};
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
    match item {
        Item::Ticket(bytes) => examine_checked(place, bytes, &opener.check(bytes), opener, buffer),
        Item::Recorded { ticket, seen } => {
            let record = examine_checked(place, ticket, &opener.check(ticket), opener, buffer);
            Record { capture: seen.sighting(ticket), ..record }
        }
        // callers take it before: it has no ticket
        Item::Connection(_) => unreadable(place, Unreadable::Record { missing: "it is of a connection" }),
        Item::Listed { ticket, beside } => {
            let record = examine_checked(place, ticket, &opener.check(ticket), opener, buffer);
            Record { beside: Some(beside), ..record }
        }
        Item::Unreadable(error) => unreadable(place, error.clone()),
        Item::Session(der) => examine_session(place, der, opener, buffer),
    }
}

/// Opens a ticket that the opener has checked.
#[inline]
pub fn examine_checked<'a>(
    place: Place<'a>,
    bytes: &'a [u8],
    checked: &Checked<'a>,
    opener: &Opener<'a>,
    buffer: &'a mut Vec<u8>,
) -> Record<'a> {
    Record {
        place,
        bytes,
        verdict: Ok(opener.open(checked, buffer)),
        client_session: None,
        capture: None,
        beside: None,
    }
}

#[cold]
fn unreadable(place: Place<'_>, error: Unreadable) -> Record<'_> {
    Record { place, bytes: &[], verdict: Err(error), client_session: None, capture: None, beside: None }
}

/// Opens the ticket in a session, if one is in it.
#[inline(never)]
fn examine_session<'a>(place: Place<'a>, der: &'a [u8], opener: &Opener<'a>, buffer: &'a mut Vec<u8>) -> Record<'a> {
    let session = match Session::parse(der) {
        Ok(session) => session,
        Err(error) => return unreadable(place, Unreadable::Session(error)),
    };
    let Some(ticket) = session.ticket else {
        let verdict = Ok(Outcome::PlainSession { session });
        return Record { place, bytes: &[], verdict, client_session: None, capture: None, beside: None };
    };
    let record = examine_checked(place, ticket, &opener.check(ticket), opener, buffer);
    Record { client_session: Some(session), ..record }
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
    let mut attempts = Vec::new();
    let is_resumed = connection.handshake().is_resumed();
    for (mut sighting, index) in connection.sightings().into_iter().zip(index..) {
        let place = Place { source, index, line: None, packet: Some(sighting.packet) };
        sighting.issued_by = match sighting.carrier {
            Carrier::NewSessionTicket => None,
            _ => history.issued_by(sighting.ticket).map(|issue| (issue.stream, issue.packet)),
        };
        let outcome = opener.open(&opener.check(sighting.ticket), buffer);
        let attempt = resumption::examine(connection, &mut sighting, &outcome);
        let is_taken = attempt.selected || (attempt.carrier == Carrier::SessionTicket && is_resumed);
        let root = history.root(&attempt).filter(|_| is_taken);
        sighting.lived = root.map(|root| at.unwrap_or(sighting.time.seconds).saturating_sub(root));
        attempts.push(attempt);
        let bytes = sighting.ticket;
        each(&Record {
            place,
            bytes,
            verdict: Ok(outcome),
            client_session: None,
            capture: Some(sighting),
            beside: None,
        });
    }
    let conclusion = resumption::conclude(connection, &attempts, history, at.unwrap_or(connection.time.seconds));
    let record = ConnectionRecord::new(source, connection, attempts, conclusion);
    history.learn(connection, &record.attempts, record.reason, record.handshake);
    record
}
