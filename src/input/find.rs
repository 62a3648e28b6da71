//! What of the bytes in a text is a ticket: by structure, by a label or by proof, and by nothing else.

pub(super) mod label;
pub(super) mod structure;

mod proof;
mod residue;

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use self::structure::Found;
use super::reader::{Content, Run, Says};
use super::{Item, Proves, Unreadable, blob, guess, is_bare_key};
use crate::session::Session;
use crate::ticket;

/// Fewer bytes are no tickets that anything else could repeat.
const SHORTEST_REMEMBERED: usize = 32;
/// Bytes that stand alone in a text are a ticket if there are as many: fewer than any server's ticket has.
const SHORTEST_ALONE: usize = 65;

/// Tickets that were handed over, as hashes: a text may hold very many.
#[derive(Default)]
pub(super) struct Seen {
    hashes: HashSet<[u64; 2]>,
    keys: [RandomState; 2],
}

impl Seen {
    /// Whether the ticket is new. What is too short for one is not remembered.
    pub(super) fn insert(&mut self, ticket: &[u8]) -> bool {
        ticket.len() < SHORTEST_REMEMBERED || self.hashes.insert(self.keys.each_ref().map(|key| key.hash_one(ticket)))
    }
}

/// What becomes of a run.
enum Verdict<'r> {
    /// It is handed over as a whole.
    Whole(&'r [u8]),
    /// Parts of it are.
    Parts(&'r [u8], Vec<Found>),
    /// It names a ticket that cannot be read.
    Damaged(&'r Unreadable),
    /// A session in PEM.
    Session(&'r [u8]),
    /// It is known to be something else.
    Foreign,
    /// Nothing says what it is.
    Unknown,
}

/// Hands over every ticket and session that `runs` of a text hold, in order; in `text` NUL stands for what the readers
/// have read. A ticket that stands there in several ways is one. `is_alone` if nothing but bytes is there. Returns how many
/// runs may be anything.
pub(super) fn each(
    text: &[u8],
    runs: &[Run],
    is_alone: bool,
    proves: Option<&dyn Proves>,
    sink: &mut dyn FnMut(Option<u64>, Item<'_>),
) -> u64 {
    let mut verdicts: Vec<Verdict<'_>> = runs.iter().map(|run| judge(text, run, proves)).collect();
    if is_alone {
        take_what_stands_alone(runs, &mut verdicts);
    }
    // what is shown in part may be shown whole elsewhere
    if verdicts.iter().any(|verdict| matches!(verdict, Verdict::Whole(_) | Verdict::Parts(..) | Verdict::Session(_))) {
        for verdict in &mut verdicts {
            if matches!(verdict, Verdict::Damaged(Unreadable::Abridged)) {
                *verdict = Verdict::Unknown;
            }
        }
    }
    let mut seen = Seen::default();
    for verdict in &verdicts {
        if let Verdict::Session(der) = verdict {
            if let Ok(Session { ticket: Some(ticket), .. }) = Session::parse(der) {
                seen.insert(ticket);
            }
        }
    }
    let mut passed_over = 0;
    for (verdict, run) in verdicts.iter().zip(runs) {
        let line = Some(run.line).filter(|line| *line > 0);
        match verdict {
            Verdict::Session(der) => match Session::parse(der) {
                Ok(_) => sink(line, Item::Session(der)),
                Err(error) => sink(line, Item::Unreadable(Unreadable::Session(error))),
            },
            Verdict::Whole(bytes) => blob::each(bytes, &mut |item| hand_over(line, item, &mut seen, sink)),
            Verdict::Parts(bytes, parts) => {
                for part in parts {
                    let item = match part {
                        Found::Ticket(range) => Item::Ticket(bytes.get(range.clone()).unwrap_or_default()),
                        Found::Session(range) => Item::Session(bytes.get(range.clone()).unwrap_or_default()),
                    };
                    hand_over(line, item, &mut seen, sink);
                }
            }
            Verdict::Damaged(error) => sink(line, Item::Unreadable((*error).clone())),
            Verdict::Foreign => {}
            Verdict::Unknown => passed_over += 1,
        }
    }
    passed_over
}

/// Hands over what was not handed over before.
fn hand_over(line: Option<u64>, item: Item<'_>, seen: &mut Seen, sink: &mut dyn FnMut(Option<u64>, Item<'_>)) {
    let ticket = match &item {
        Item::Ticket(ticket) => Some(*ticket),
        Item::Session(der) => Session::parse(der).ok().and_then(|session| session.ticket),
        _ => None,
    };
    if ticket.is_none_or(|ticket| seen.insert(ticket)) {
        sink(line, item);
    }
}

fn judge<'r>(text: &[u8], run: &'r Run, proves: Option<&dyn Proves>) -> Verdict<'r> {
    let (bytes, other) = match &run.content {
        Content::Session(der) => return Verdict::Session(der),
        Content::Foreign => return Verdict::Foreign,
        Content::Damaged(error @ Unreadable::Pem(_)) => return Verdict::Damaged(error),
        Content::Damaged(error) if names_ticket(text, run) => return Verdict::Damaged(error),
        Content::Damaged(_) => return Verdict::Unknown,
        Content::Bytes { bytes, other } => (bytes.as_slice(), other.as_ref().map(|other| other.as_slice())),
    };
    let readings = || [Some(bytes), other].into_iter().flatten();
    for reading in readings() {
        let found = structure::find(reading);
        if !found.is_empty() {
            return Verdict::Parts(reading, found);
        }
    }
    if let Some(proves) = proves {
        for reading in readings() {
            if proves.proves(reading) {
                return Verdict::Whole(reading);
            }
        }
        for reading in readings() {
            let found = proof::find(reading, proves);
            if !found.is_empty() {
                return Verdict::Parts(reading, found);
            }
        }
    }
    if readings().any(structure::is_known) {
        return Verdict::Foreign;
    }
    if names_ticket(text, run) { Verdict::Whole(bytes) } else { Verdict::Unknown }
}

/// Hands over what a file that is no text holds: sessions and messages in the middle of it, tickets that a key proves,
/// or one ticket as it is.
pub(super) fn each_in_file(input: &[u8], proves: Option<&dyn Proves>, sink: &mut dyn FnMut(Option<u64>, Item<'_>)) {
    let is_proven = |bytes: &[u8]| proves.is_some_and(|proves| proves.proves(bytes));
    let mut found = if is_proven(input) { Vec::new() } else { structure::find(input) };
    if let Some(proves) = proves.filter(|_| found.is_empty() && !is_proven(input)) {
        found = proof::find(input, proves);
    }
    let mut seen = Seen::default();
    for part in &found {
        let item = match part {
            Found::Ticket(range) => Item::Ticket(input.get(range.clone()).unwrap_or_default()),
            Found::Session(range) => Item::Session(input.get(range.clone()).unwrap_or_default()),
        };
        hand_over(None, item, &mut seen, sink);
    }
    if found.is_empty() && input.len() <= ticket::MAX_LENGTH && !guess::is_other_file(input) {
        blob::each(input, &mut |item| sink(None, item));
    }
}

/// Whether a name stands in front of a run that says that it is a ticket.
fn names_ticket(text: &[u8], run: &Run) -> bool {
    match run.named {
        Some(says) => says == Says::Ticket,
        None => label::names_ticket(text, run.span.start, run.is_prefixed),
    }
}

/// Whether a text, in which NUL stands for what the readers have read, holds nothing else.
pub(super) fn is_nothing_else(text: &[u8], runs: &[Run]) -> bool {
    // what comments several of them says what they are
    residue::is_nothing(text) && (runs.len() == 1 || !residue::has_comments(text))
}

/// A text that is nothing but bytes is a ticket, whatever is known of them; several are if each is long enough.
fn take_what_stands_alone<'r>(runs: &'r [Run], verdicts: &mut [Verdict<'r>]) {
    let is_other = |verdict: &Verdict<'_>| !matches!(verdict, Verdict::Unknown | Verdict::Session(_));
    if verdicts.iter().any(is_other) || !verdicts.iter().any(|verdict| matches!(verdict, Verdict::Unknown)) {
        return;
    }
    let is_alone = |run: &Run| match &run.content {
        Content::Bytes { bytes, .. } => {
            let is_long = runs.len() == 1 || bytes.len() >= SHORTEST_ALONE;
            is_long && !is_bare_key(bytes) && !guess::is_other_file(bytes)
        }
        Content::Damaged(_) => runs.len() == 1,
        Content::Session(_) => true,
        Content::Foreign => false,
    };
    if !runs.iter().all(is_alone) {
        return;
    }
    for (verdict, run) in verdicts.iter_mut().zip(runs) {
        match (&verdict, &run.content) {
            (Verdict::Unknown, Content::Bytes { bytes, .. }) => *verdict = Verdict::Whole(bytes),
            (Verdict::Unknown, Content::Damaged(error)) => *verdict = Verdict::Damaged(error),
            _ => {}
        }
    }
}
