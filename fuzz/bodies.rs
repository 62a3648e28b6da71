//! What the fuzz targets do with their input; the tests replay the corpora through the same functions.

use std::sync::OnceLock;

use tktdump::capture::container::pcapng_editor::Editor;
use tktdump::capture::container::{Reader, Step};
use tktdump::capture::{Capture, Connection};
use tktdump::identify::kind_of;
use tktdump::input::{self, Form};
use tktdump::key::config::{Value, What};
use tktdump::key::configs;
use tktdump::key::file::{keep, read_as, read_auto};
use tktdump::key::formats::FORMATS;
use tktdump::key::ring::KeyRing;
use tktdump::keylog::{KeyLog, Line, Secrets};
use tktdump::open::{Opener, Outcome};
use tktdump::record::{Place, Record, Source, examine, examine_connection};
use tktdump::report::{Page, json, keyfind, openssl, text};
use tktdump::resumption::History;
use tktdump::resumption::secrets::secrets;
use tktdump::search::{Clues, Image, Proof, Search};
use tktdump::session::Session;

/// Reads a key file in every way, and sets its keys up.
pub fn key_file(data: &[u8]) {
    for format in FORMATS {
        let _ = read_as(*format, data);
    }
    if let Ok(file) = read_auto(data).or_else(|error| keep(data, error)) {
        let ring = KeyRing::new(vec![("fuzz.key".into(), file)]);
        assert!(!ring.is_empty());
    }
}

/// The keys that tickets are tried with.
fn ring() -> &'static KeyRing {
    static RING: OnceLock<KeyRing> = OnceLock::new();
    RING.get_or_init(|| {
        let file = read_auto(include_bytes!("../testdata/nginx48_tls12/ticket.key")).unwrap_or_default();
        KeyRing::new(vec![("ticket.key".into(), file)])
    })
}

/// Renders a record in every format.
fn render(record: &Record<'_>) {
    let (ring, mut out) = (ring(), Page::new());
    json::Renderer { kept: &json::Kept::new(ring), now: 0, redact: false }.ticket(record, &mut out);
    text::Renderer { ring, now: 0, redact: false, styles: text::Styles::default() }.ticket(record, &mut out);
}

/// Reads a configuration or a document with keys, and sets up the keys in it.
pub fn configuration(data: &[u8]) {
    let _ = kind_of(data).map(|kind| kind.to_string());
    let Some(references) = configs::read(data) else { return };
    let values: Vec<Value> = references
        .list
        .iter()
        .filter_map(|reference| match &reference.what {
            What::Value(value) => Some(value.clone()),
            _ => None,
        })
        .collect();
    for format in FORMATS.iter().map(|format| Some(*format)).chain([None]) {
        if let Ok(files) = configs::files_of(&values, format, references.format()) {
            let ring = KeyRing::new(files.into_iter().map(|(name, file)| (name.into(), file)).collect());
            assert!(ring.is_empty() == values.is_empty());
        }
    }
    let _ = references.included(data);
}

/// Finds tickets in any input, opens and renders them.
pub fn ticket_input(data: &[u8]) {
    let opener = Opener::new(ring()).no_verify(true);
    for form in [Some(Form::Lines), Some(Form::Records), Some(Form::Text), Some(Form::Der), None] {
        let form = form.unwrap_or_else(|| input::recognise(data, true));
        input::each_in_whole(form, data, None, &mut |line, item| {
            let place = Place { source: &"-".into(), index: 0, line, packet: None };
            render(&examine(place, &item, &opener, &mut Vec::new()));
        });
    }
}

/// Finds tickets in a text, with a key at hand that proves them.
pub fn text(data: &[u8]) {
    static RING: OnceLock<KeyRing> = OnceLock::new();
    let ring = RING.get_or_init(|| {
        let file = read_auto(include_bytes!("../testdata/nginx48_tls12/ticket.key")).unwrap_or_default();
        KeyRing::new(vec![("ticket.key".into(), file)])
    });
    for form in [Form::Text, Form::Utf16, Form::Binary, input::recognise(data, true)] {
        let mut found = 0_usize;
        input::each_in_whole(form, data, Some(ring), &mut |_, _| found += 1);
        assert!(found <= data.len() + 1);
    }
    let _ = input::guess(data);
}

/// Reads a capture, opens its tickets, and judges and renders its connections.
pub fn capture(data: &[u8]) {
    let (ring, source) = (ring(), Source::from("-"));
    let mut history = History::default();
    let mut connection = |connection: Connection| {
        let (opener, mut buffer, mut out) = (Opener::new(ring), Vec::new(), Page::new());
        let record =
            examine_connection(&connection, &source, 0, &opener, &mut history, Some(0), &mut buffer, &mut |record| {
                if let (Ok(Outcome::Decrypted { session, .. }), Some(sighting)) = (&record.verdict, &record.capture) {
                    let _ = secrets(&connection, sighting, session);
                }
                render(record);
            });
        json::Renderer { kept: &json::Kept::new(ring), now: 0, redact: false }.connection(&record, &mut out);
        let text = text::Renderer { ring, now: 0, redact: false, styles: text::Styles::default() };
        text.connection(&record, &mut out);
    };
    let (mut reader, mut capture, mut rest) = (Reader::new(), Capture::default(), data);
    while let Ok(step) = reader.step(rest) {
        let used = match step {
            Step::Packet { packet, used } => {
                capture.packet(&packet, &mut connection);
                used
            }
            Step::Skip(length) => usize::try_from(length).unwrap_or(usize::MAX),
            Step::Secrets { key_log, used } => {
                capture.secrets().add_all(key_log);
                used
            }
            Step::Need(_) => break,
        };
        rest = rest.get(used..).unwrap_or_default();
    }
    capture.finish(&mut connection);
}

/// Reads a key log, and writes what it understands of it: that is read back.
pub fn key_log(data: &[u8]) {
    let mut secrets = Secrets::default();
    secrets.add_all(data);
    let (mut log, mut out) = (KeyLog::new(), Vec::new());
    for (_, line) in Line::parse_all(data) {
        if let Ok(line) = line {
            let _ = log.line(&line, &mut out);
        }
    }
    assert!(Line::parse_all(&out).all(|(_, line)| line.is_ok()));
    let mut again = Secrets::default();
    again.add_all(&out);
    assert_eq!(again.len(), secrets.len());
}

/// Writes the blocks of a capture again with comments: a second time nothing changes, and without them nothing is left.
pub fn pcapng(data: &[u8]) {
    const PREFIX: &str = "tktdump: ";
    let (mut editor, mut rest) = (Editor::default(), data);
    while let Some((_, length)) = rest.first_chunk().and_then(|head| editor.next(head)) {
        let Some((block, after)) = rest.split_at_checked(length as usize) else { break };
        rest = after;
        let with = |block: &[u8], comments: &[&str]| {
            let mut out = Vec::new();
            let done = editor.comment(block, PREFIX, comments, &mut out);
            done.map(|()| out)
        };
        let Ok(once) = with(block, &["tktdump: a", "tktdump: resumed"]) else { continue };
        assert_eq!(with(&once, &["tktdump: a", "tktdump: resumed"]).as_ref(), Ok(&once));
        let Ok(bare) = with(&once, &[]) else { continue };
        assert_eq!(with(&bare, &[]), Ok(bare));
    }
}

/// Parses a session and renders it as OpenSSL does.
pub fn session(data: &[u8]) {
    if let Ok(session) = Session::parse(data) {
        let mut out = Page::new();
        openssl::render(&session, 0, false, &mut out);
        let _ = (session.producer(), session.expired(0));
    }
}

/// Tells the runs of a memory image and searches it for the keys of some tickets; what is found opens them.
pub fn image(data: &[u8]) {
    let mut read = |offset: u64, buffer: &mut [u8]| {
        let from = usize::try_from(offset).ok().and_then(|offset| data.get(offset..)).unwrap_or_default();
        buffer.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        from.len().min(buffer.len())
    };
    let Ok((image, _)) = Image::of(data.len() as u64, &mut read) else { return };
    let tickets: [&[u8]; 2] = [
        include_bytes!("../testdata/keyfind/node22_default_tls13/ticket.bin"),
        include_bytes!("../testdata/keyfind/go127_default_tls13/ticket.bin"),
    ];
    let mut search = Search::new(&tickets, &Clues::default(), vec![image]);
    while let Some(step) = search.next_step() {
        let mut hits = step.hits();
        for cut in (0..).map_while(|number| step.cut(number)) {
            let range = usize::try_from(cut.read.start).ok().zip(usize::try_from(cut.read.end).ok());
            let bytes = range.and_then(|(start, end)| data.get(start..end.min(data.len())));
            search.look(&step, &cut, bytes.unwrap_or_default(), &mut hits);
        }
        search.take(hits);
    }
    for finding in search.findings() {
        let mut out = Page::new();
        let shown = keyfind::Shown { finding: &finding, image: "-", written: None, next: "" };
        keyfind::json(&shown, &mut out);
        keyfind::text(&shown, text::Styles::default(), &mut out);
        let file = finding.key_file(None).ok().filter(|_| finding.proof == Proof::Mac);
        if let Some(Ok(keys)) = file.map(|file| read_auto(&file)) {
            let ring = KeyRing::new(vec![("found.key".into(), keys)]);
            let opener = Opener::new(&ring);
            let opens = |number: &usize| {
                let ticket = tickets.get(*number).copied().unwrap_or_default();
                opener.open(&opener.check(ticket), &mut Vec::new()).is_opened()
            };
            assert!(finding.tickets.iter().all(opens));
        }
    }
}
