//! What inputs show of tickets, for every kind of survey.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use tktdump::capture::connection::HandshakeKind;
use tktdump::capture::sighting::{Carrier, Sighting};
use tktdump::input;
use tktdump::key::KeyInUse;
use tktdump::open::Outcome;
use tktdump::record::Selection;
use tktdump::survey::{KnownKey, Part, Survey, each_name};

use crate::command::source;

/// The largest text in which key names alone are looked for.
const MAX_TEXT: u64 = 64 << 20;

/// The key that a ticket was opened with, or that has its name.
pub(super) fn known_key(outcome: &Outcome<'_>) -> Option<KnownKey> {
    let of = |key: &KeyInUse<'_>, verified| {
        let origin = key.origin();
        Some(KnownKey { file: Arc::clone(&origin.file), index: origin.index, role: origin.role, verified })
    };
    match outcome {
        Outcome::Decrypted { key, .. } | Outcome::BadSession { key, .. } | Outcome::BadPadding { key, .. } => {
            of(key, true)
        }
        Outcome::BadMac(bad) => of(&bad.key, false),
        _ => None,
    }
}

/// How a ticket of a connection came to be there; `None` for what the client sent once more. The server chose TLS 1.3 or
/// not, if it chose anything.
pub(super) fn part(
    handshake: HandshakeKind,
    is_tls13: Option<bool>,
    hellos: usize,
    sighting: &Sighting<'_>,
) -> Option<Part> {
    let Some(hello) = sighting.hello else { return Some(Part::Issued) };
    if hello + 1 != hellos {
        return None;
    }
    let is_its_version = is_tls13 == Some(sighting.carrier == Carrier::Psk);
    Some(match handshake {
        _ if !is_its_version => Part::Offered,
        HandshakeKind::ResumedTicket => Part::Accepted,
        HandshakeKind::ResumedPsk if sighting.selected == Some(true) => Part::Accepted,
        HandshakeKind::Full => Part::Refused,
        _ => Part::Offered,
    })
}

/// All of a file that is a text, and not too long for that.
pub(super) fn text_of(path: &Path) -> Option<Vec<u8>> {
    let is_file = |file: &File| file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() <= MAX_TEXT);
    // what is no file, or cannot be read, is what reading it says
    let mut file = File::open(path).ok().filter(|_| !source::is_stdin(path)).filter(is_file)?;
    let (mut text, mut head) = (Vec::new(), [0; 512]);
    let length = file.read(&mut head).ok()?;
    text.extend_from_slice(head.get(..length).unwrap_or_default());
    (input::is_text(&text) && file.read_to_end(&mut text).is_ok()).then_some(text)
}

/// Adds the key names that a text shows alone: how many were taken, and how many were not selected.
pub(super) fn add_names(text: &[u8], selection: &Selection, survey: &mut Survey, source: &str) -> (u64, u64) {
    let mut taken = 0;
    let count = each_name(text, &mut |name, shown| {
        // a name alone is of no ticket that could be selected by more than its name
        if selection.takes_ticket(name.as_bytes()) && selection.takes_name(None) && selection.takes_stream(None) {
            taken += 1;
            survey.add_name(name, shown, source);
        }
    });
    (taken, count - taken)
}
