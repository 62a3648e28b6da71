//! The audit of what a picture shows.

use tktdump::audit::facts::capture::{Around, Offer};
use tktdump::audit::facts::keys::KeySet;
use tktdump::audit::facts::ticket::{PskModes, TicketFacts, guessed};
use tktdump::audit::{Auditor, Finding, Item, Policy};
use tktdump::capture::Connection;
use tktdump::capture::sighting::Sighting;
use tktdump::escape::Text;
use tktdump::record::Record;
use tktdump::survey::picture::{Noted, Picture};

/// Judges keys and tickets by the rules of an audit without a policy of its own.
pub(super) struct Judge<'p> {
    auditor: Auditor<'p>,
    keys: &'p KeySet,
    now: i64,
    found: Vec<Noted>,
}

impl<'p> Judge<'p> {
    pub(super) fn new(keys: &'p KeySet, policy: &'p Policy, now: i64) -> Self {
        let auditor = Auditor::new(policy, now);
        let found = auditor.keys(keys).iter().map(noted).collect();
        Self { auditor, keys, now, found }
    }

    /// Judges a ticket of a list.
    pub(super) fn listed(&mut self, record: &Record<'_>) {
        self.judge(record, PskModes::default(), self.now);
    }

    /// Judges a ticket of a connection.
    pub(super) fn seen(&mut self, record: &Record<'_>, connection: &Connection, sighting: &Sighting<'_>) {
        self.judge(record, PskModes::of(connection, sighting), sighting.time.seconds);
        if let Some(offer) = Around::of(connection).and_then(|around| Offer::of(&around, sighting, record)) {
            self.auditor.offer(&offer);
        }
    }

    fn judge(&mut self, record: &Record<'_>, psk_modes: PskModes, now: i64) {
        let ticket = TicketFacts { record, keys: self.keys, guessed: guessed(record), psk_modes, now };
        self.found.extend(self.auditor.ticket(&ticket).iter().map(noted));
    }

    /// Hands over what was found so far.
    pub(super) fn tell(&mut self, picture: &mut Picture) {
        self.found.drain(..).for_each(|noted| picture.finding(&noted));
    }

    /// Hands over what only the end shows.
    pub(super) fn finish(&mut self, picture: &mut Picture) {
        self.found.extend(self.auditor.finish().iter().map(noted));
        self.tell(picture);
    }
}

/// A finding in words.
fn noted(finding: &Finding) -> Noted {
    let file = Text(finding.subject.file.as_bytes());
    let place = match finding.subject.item {
        Item::Whole => file.to_string(),
        Item::Key(index) => format!("{file}: key {index}"),
        Item::Ticket { line: Some(line), .. } => format!("{file}: line {line}"),
        Item::Ticket { packet: Some(packet), .. } => format!("{file}: packet {packet}"),
        Item::Ticket { index, .. } => format!("{file}: ticket {index}"),
    };
    Noted {
        severity: finding.severity.as_str().to_owned(),
        rule: finding.rule.id.to_owned(),
        message: finding.message.clone(),
        hint: finding.rule.hint.to_owned(),
        reference: finding.rule.reference.to_owned(),
        place,
    }
}
