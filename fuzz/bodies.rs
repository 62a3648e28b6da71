//! What the fuzz targets do with their input; the tests replay the corpora through the same functions.

use std::sync::OnceLock;

use tktdump::capture::container::{Reader, Step};
use tktdump::capture::{Capture, Connection};
use tktdump::input::{self, Form, Item};
use tktdump::key::file::{read_as, read_auto};
use tktdump::key::formats::FORMATS;
use tktdump::key::ring::KeyRing;
use tktdump::open::{Opener, Outcome};
use tktdump::record::{ConnectionRecord, Place, Record, Source};
use tktdump::report::{Page, json, openssl, text};
use tktdump::resumption::{self, secrets::secrets};
use tktdump::session::{Room, Session};

/// Reads a key file in every way, and sets its keys up.
pub fn key_file(data: &[u8]) {
    for format in FORMATS {
        let _ = read_as(*format, data);
    }
    if let Ok(file) = read_auto(data) {
        let ring = KeyRing::new(vec![("fuzz.key".into(), file)]);
        assert!(!ring.is_empty());
    }
}

/// Finds tickets in any input, opens and renders them.
pub fn ticket_input(data: &[u8]) {
    static RINGS: OnceLock<(KeyRing, KeyRing)> = OnceLock::new();
    let (ring, built_in) = RINGS.get_or_init(|| {
        let file = read_auto(include_bytes!("../testdata/nginx48_tls12/ticket.key")).unwrap_or_default();
        (KeyRing::new(vec![("ticket.key".into(), file)]), KeyRing::built_in())
    });
    for form in [Some(Form::Lines), Some(Form::Records), Some(Form::Text), Some(Form::Der), None] {
        let form = form.unwrap_or_else(|| input::recognise(data, true));
        input::each_in_whole(form, data, &mut |line, item| {
            let place = Place { source: &"-".into(), index: 0, line, packet: None };
            let opener = Opener { ring, built_in, no_verify: true };
            let (mut buffer, mut room) = (Vec::new(), Room::default());
            let (bytes, verdict) = match item {
                Item::Ticket(bytes) | Item::Recorded { ticket: bytes, .. } => {
                    (bytes, Ok(opener.open(bytes, &mut buffer, &mut room)))
                }
                Item::Session(der) => match room.parse(der) {
                    Ok(session) => (&[][..], Ok(Outcome::PlainSession { session })),
                    Err(_) => return,
                },
                Item::Unreadable(error) => (&[][..], Err(error)),
            };
            let record = Record { place, bytes, verdict, client_session: None, capture: None };
            let mut out = Page::new();
            json::Renderer { ring, now: 0, redact: false }.ticket(&record, &mut out);
            text::Renderer { ring, now: 0, redact: false, styles: text::Styles::default() }.ticket(&record, &mut out);
        });
    }
}

/// Reads a capture, opens its tickets, and judges and renders its connections.
pub fn capture(data: &[u8]) {
    static RINGS: OnceLock<(KeyRing, KeyRing)> = OnceLock::new();
    let (ring, built_in) = RINGS.get_or_init(|| {
        let file = read_auto(include_bytes!("../testdata/nginx48_tls12/ticket.key")).unwrap_or_default();
        (KeyRing::new(vec![("ticket.key".into(), file)]), KeyRing::built_in())
    });
    let opener = Opener { ring, built_in, no_verify: false };
    let mut connection = |connection: Connection| {
        let mut findings = Vec::new();
        let (source, mut out) = (Source::from("-"), Page::new());
        let (mut buffer, json) = (Vec::new(), json::Renderer { ring, now: 0, redact: false });
        let text = text::Renderer { ring, now: 0, redact: false, styles: text::Styles::default() };
        for mut sighting in connection.sightings() {
            let mut room = Room::default();
            let outcome = opener.open(sighting.ticket, &mut buffer, &mut room);
            findings.push(resumption::examine(&connection, &mut sighting, &outcome));
            if let Outcome::Decrypted { session, .. } = &outcome {
                let _ = secrets(&connection, &sighting, session);
            }
            let place = Place { source: &source, index: 0, line: None, packet: Some(sighting.packet) };
            let (bytes, verdict, capture) = (sighting.ticket, Ok(outcome), Some(sighting));
            let record = Record { place, bytes, verdict, client_session: None, capture };
            json.ticket(&record, &mut out);
            text.ticket(&record, &mut out);
        }
        let record = ConnectionRecord::new(&source, &connection, &findings, 0);
        json.connection(&record, &mut out);
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
            Step::Need(_) => break,
        };
        rest = rest.get(used..).unwrap_or_default();
    }
    capture.finish(&mut connection);
}

/// Parses a session and renders it as OpenSSL does.
pub fn session(data: &[u8]) {
    if let Ok(session) = Session::parse(data) {
        let mut out = Page::new();
        openssl::render(&session, 0, false, &mut out);
        let _ = (session.producer(), session.expired(0));
    }
}
