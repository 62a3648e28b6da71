//! What of the bytes in a text is a ticket: by structure, by a label or by proof, and by nothing else.

pub(super) mod label;
pub(super) mod structure;

mod proof;
mod residue;

use std::cmp::Reverse;
use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use zeroize::Zeroizing;

use self::structure::Found;
use super::reader::{Content, Run, Says};
use super::{Item, Proves, Unreadable, blob, guess, is_bare_key};
use crate::session::Session;
use crate::ticket;

/// Fewer bytes are not tickets that anything else could repeat.
const SHORTEST_REMEMBERED: usize = 32;
/// Bytes that stand alone in a text are a ticket if there are as many: fewer than any server's ticket has.
const SHORTEST_ALONE: usize = 65;

/// Sizes of hashes (MD5, SHA-1, SHA-224, SHA-256, SHA-512): of whole tickets, only what is a session ID has one of them.
const HASHES: [usize; 5] = [16, 20, 28, 32, 64];
/// Sizes of ticket keys that hashes do not have.
const KEYS: [usize; 2] = [48, 80];
/// Lines beside a key that is printed, such as the command that did it.
const MOST_LINES_BESIDE: usize = 3;
/// Lines around one that a name says to be one.
const MOST_LINES_AROUND: usize = 40;

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
pub(super) enum Verdict<'r> {
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

/// A text as one way to read it has it.
pub(super) struct Reading {
    /// The text, in which NUL stands for what the readers have read.
    pub(super) text: Zeroizing<Vec<u8>>,
    /// All bytes in it, in order.
    pub(super) runs: Vec<Run>,
    /// Whether nothing but bytes is there.
    pub(super) is_alone: bool,
}

impl Reading {
    /// Leaves out on which lines runs are: those of the text itself are other ones. That nothing but bytes is there does
    /// not show either.
    pub(super) fn forget_lines(&mut self) {
        self.is_alone = false;
        self.runs.iter_mut().for_each(|run| run.line = 0);
    }
}

/// How much was found by a way to read a text; more is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Score {
    /// Tickets that a key proves.
    proved: usize,
    /// Whether there are tickets or sessions at all.
    has_any: bool,
    /// Runs that name a ticket and cannot be read.
    damaged: Reverse<usize>,
}

impl Score {
    /// Whether no other way has to be tried.
    pub(super) fn is_enough(self, has_keys: bool) -> bool {
        self.has_any && self.damaged.0 == 0 && (self.proved > 0 || !has_keys)
    }
}

/// How much verdicts find.
pub(super) fn score(verdicts: &[Verdict<'_>], proves: Option<&dyn Proves>) -> Score {
    let mut score = Score { proved: 0, has_any: false, damaged: Reverse(0) };
    let is_proven = |ticket: &[u8]| proves.is_some_and(|proves| proves.proves(ticket));
    let session = |der| Session::parse(der).ok().and_then(|session| session.ticket).is_some_and(is_proven);
    for verdict in verdicts {
        let count = match verdict {
            Verdict::Whole(bytes) => usize::from(is_proven(bytes)),
            Verdict::Session(der) => usize::from(session(der)),
            Verdict::Parts(bytes, parts) => {
                let is_proven = |part: &&Found| match part {
                    Found::Ticket(range) => bytes.get(range.clone()).is_some_and(is_proven),
                    Found::Session(range) => bytes.get(range.clone()).is_some_and(session),
                };
                parts.iter().filter(is_proven).count()
            }
            Verdict::Damaged(_) => {
                score.damaged.0 += 1;
                continue;
            }
            Verdict::Foreign | Verdict::Unknown => continue,
        };
        score.has_any = true;
        score.proved += count;
    }
    score
}

/// Judges everything that was read.
pub(super) fn judge_all<'r>(reading: &'r Reading, proves: Option<&dyn Proves>) -> Vec<Verdict<'r>> {
    let Reading { text, runs, is_alone } = reading;
    let mut verdicts: Vec<Verdict<'_>> = runs.iter().map(|run| judge(text, run, proves)).collect();
    if *is_alone {
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
    verdicts
}

/// Hands over every ticket and session, in order. A ticket that stands there in several ways is one. Returns how many
/// runs may be anything.
pub(super) fn hand_over_all(
    reading: &Reading,
    verdicts: &[Verdict<'_>],
    sink: &mut dyn FnMut(Option<u64>, Item<'_>),
) -> u64 {
    let runs = &reading.runs;
    let mut seen = Seen::default();
    for verdict in verdicts {
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
    // what a key proves is not a message that is there by chance
    if let Some(whole) = proves.and_then(|proves| readings().find(|reading| proves.proves(reading))) {
        return Verdict::Whole(whole);
    }
    for reading in readings() {
        let found = structure::find(reading);
        if !found.is_empty() {
            return Verdict::Parts(reading, found);
        }
    }
    if let Some(proves) = proves {
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

/// Hands over what a file that is not text holds: sessions and messages in the middle of it, tickets that a key proves,
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
    let may_be_ticket = || is_proven(input) || !guess::is_other_file(input);
    if found.is_empty() && input.len() <= ticket::MAX_LENGTH && may_be_ticket() {
        blob::each(input, &mut |item| sink(None, item));
    }
}

/// The bytes of a ticket key that stands in a text, or of several: nothing else of a key's size does, and either there is
/// hardly any other line, or the text speaks of tickets.
pub(super) fn key(text: &[u8], reading: &Reading) -> Option<Zeroizing<Vec<u8>>> {
    let mut keys = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut size = None;
    for run in &reading.runs {
        match &run.content {
            Content::Bytes { bytes, .. } if KEYS.contains(&bytes.len()) => {
                if *size.get_or_insert(bytes.len()) != bytes.len() {
                    return None;
                }
                keys.extend_from_slice(bytes);
            }
            _ => return None,
        }
    }
    let is_other = |line: &&[u8]| !line.trim_ascii().is_empty() && !line.contains(&0);
    let others = reading.text.split(|byte| *byte == b'\n').filter(is_other).count();
    let is_named = || memchr::memmem::find(&text.to_ascii_lowercase(), b"ticket").is_some();
    let is_json = reading.text.is_empty();
    let is_it = (others <= MOST_LINES_BESIDE && !is_json) || (others <= MOST_LINES_AROUND && is_named());
    (is_it && !keys.is_empty()).then_some(keys)
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
    let is_hash = |run: &Run| matches!(&run.content, Content::Bytes { bytes, .. } if HASHES.contains(&bytes.len()));
    // a word beside a hash says whose it is
    let is_hash_of_something = runs.iter().any(is_hash) && residue::has_words(text);
    residue::is_nothing(text) && (runs.len() == 1 || !residue::has_comments(text)) && !is_hash_of_something
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
