//! Tickets, keys and sessions made to order, and what the rules say of them.

use std::sync::Arc;

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::facts::keys::{FileFacts, KeySet, LoadedFile};
use super::facts::ticket::{PskModes, TicketFacts, guessed};
use super::{Auditor, Finding, Policy};
use crate::capture::container::{Reader, Step};
use crate::capture::{Capture, Connection};
use crate::key::{file, formats};
use crate::open::{Opener, Outcome};
use crate::record::{Place, Record, Source};
use crate::session::Session;

/// 80 random bytes, in the layout of nginx.
pub(crate) const GOOD_KEY: &[u8] = include_bytes!("../../testdata/nginx80_tls12/ticket.key");
/// 80 other ones.
pub(crate) const OTHER_KEY: &[u8] = include_bytes!("../../testdata/nginx80_tls13/ticket.key");
/// The time to judge by.
pub(crate) const NOW: i64 = 1_800_000_000;

/// A file as it should be.
pub(crate) const WELL_KEPT: FileFacts =
    FileFacts { mode: 0o600, owner: 0, caller: 0, link_target: None, modified: Some(NOW), persistent: Some(false) };

/// A session as OpenSSL 3 writes it.
#[derive(Clone)]
pub(crate) struct TestSession {
    pub(crate) protocol: u16,
    pub(crate) cipher: Vec<u8>,
    pub(crate) time: i64,
    pub(crate) timeout: i64,
    pub(crate) certificate: Option<Vec<u8>>,
    pub(crate) context: Vec<u8>,
    pub(crate) hostname: Vec<u8>,
    pub(crate) hint: i64,
    pub(crate) ticket: Option<Vec<u8>>,
    pub(crate) compression: Option<u8>,
    pub(crate) extended: bool,
    pub(crate) early_data: i64,
}

impl Default for TestSession {
    fn default() -> Self {
        Self {
            protocol: 0x0304,
            cipher: vec![0x13, 0x02],
            time: NOW,
            timeout: 300,
            certificate: None,
            context: vec![0x5c; 20],
            hostname: b"www.lab.test".to_vec(),
            hint: 0,
            ticket: None,
            compression: None,
            extended: true,
            early_data: 0,
        }
    }
}

impl TestSession {
    pub(crate) fn der(&self) -> Vec<u8> {
        let bytes = |content: &[u8]| element(0x04, content);
        let mut members = vec![
            integer(1),
            integer(self.protocol.into()),
            bytes(&self.cipher),
            bytes(&[]),
            bytes(&[0xc3; 48]),
            element(0xa1, &integer(self.time)),
            element(0xa2, &integer(self.timeout)),
        ];
        members.extend(self.certificate.as_ref().map(|der| element(0xa3, der)));
        members.push(element(0xa4, &bytes(&self.context)));
        members.push(element(0xa6, &bytes(&self.hostname)));
        if self.hint > 0 {
            members.push(element(0xa9, &integer(self.hint)));
        }
        members.extend(self.ticket.as_ref().map(|ticket| element(0xaa, &bytes(ticket))));
        members.extend(self.compression.map(|method| element(0xab, &bytes(&[method]))));
        if self.extended {
            members.push(element(0xad, &integer(1)));
        }
        if self.early_data > 0 {
            members.push(element(0xaf, &integer(self.early_data)));
        }
        members.push(element(0xb3, &integer(29)));
        element(0x30, &members.concat())
    }
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = match u16::try_from(content.len()).unwrap() {
        short @ 0..0x80 => vec![short.to_be_bytes()[1]],
        long => [&[0x82], &long.to_be_bytes()[..]].concat(),
    };
    [&[tag], &length[..], content].concat()
}

fn integer(value: i64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let skip = bytes.windows(2).take_while(|pair| pair[0] == 0 && pair[1] < 0x80).count();
    element(0x02, &bytes[skip..])
}

/// Seals with 80 bytes in the layout of nginx.
pub(crate) fn seal(key: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut iv = [0; 16];
    iv.copy_from_slice(&<sha2::Sha256 as sha2::Digest>::digest(plaintext)[..16]);
    seal_with_iv(key, plaintext, iv)
}

pub(crate) fn seal_with_iv(key: &[u8], plaintext: &[u8], iv: [u8; 16]) -> Vec<u8> {
    let cipher = cbc::Encryptor::<aes::Aes256>::new_from_slices(&key[48..80], &iv).unwrap();
    let mut ciphertext = vec![0; plaintext.len() + 16];
    let length = cipher.encrypt_padded_b2b::<Pkcs7>(plaintext, &mut ciphertext).unwrap().len();
    let mut ticket = [&key[..16], &iv, &ciphertext[..length]].concat();
    let mac = Hmac::<Sha256>::new_from_slice(&key[16..48]).unwrap().chain_update(&ticket).finalize();
    ticket.extend_from_slice(&mac.into_bytes());
    ticket
}

pub(crate) fn key_set(files: &[(&str, &[u8])]) -> KeySet {
    let files: Vec<_> = files.iter().map(|(path, content)| (*path, *content, None)).collect();
    key_set_on_disk(&files)
}

pub(crate) fn key_set_on_disk(files: &[(&str, &[u8], Option<FileFacts>)]) -> KeySet {
    KeySet::new(files.iter().map(|(path, content, disk)| load(path, content, disk.clone(), None)).collect(), NOW)
}

fn load(path: &str, content: &[u8], disk: Option<FileFacts>, format: Option<&str>) -> LoadedFile {
    let keys = match format {
        Some(name) => file::read_as(formats::by_name(name).unwrap(), content),
        None => file::read_auto(content),
    };
    LoadedFile {
        host: None,
        path: Arc::from(path),
        content: Zeroizing::new(content.to_vec()),
        keys: keys.unwrap_or_else(|error| panic!("{error}")),
        disk,
    }
}

pub(crate) fn ids(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.rule.id).collect()
}

pub(crate) fn key_rules(files: &[(&str, &[u8])]) -> Vec<&'static str> {
    key_rules_by(&Policy::default(), files)
}

pub(crate) fn key_rules_by(policy: &Policy, files: &[(&str, &[u8])]) -> Vec<&'static str> {
    ids(&Auditor::new(policy, NOW).keys(&key_set(files)))
}

pub(crate) fn key_rules_as(format: &str, files: &[(&str, &[u8])]) -> Vec<&'static str> {
    let files = files.iter().map(|(path, content)| load(path, content, None, Some(format))).collect();
    ids(&Auditor::new(&Policy::default(), NOW).keys(&KeySet::new(files, NOW)))
}

/// What is found about a good key in a file with that directory entry.
pub(crate) fn file_rules(disk: FileFacts) -> Vec<&'static str> {
    let keys = key_set_on_disk(&[("a.key", GOOD_KEY, Some(disk))]);
    ids(&Auditor::new(&Policy::default(), NOW).keys(&keys))
}

/// Opens tickets one after the other and judges them.
struct Judge<'j> {
    auditor: Auditor<'j>,
    keys: &'j KeySet,
    modes: PskModes,
    now: i64,
}

impl Judge<'_> {
    fn ticket(&mut self, ticket: &[u8], client: Option<Session<'_>>) -> Vec<Finding> {
        let opener = Opener::new(self.keys.ring());
        let mut buffer = Vec::new();
        let verdict = Ok(opener.open(&opener.check(ticket), &mut buffer));
        self.record(&Record { verdict, ..record(ticket, client) })
    }

    fn record(&mut self, record: &Record<'_>) -> Vec<Finding> {
        let facts =
            TicketFacts { record, keys: self.keys, guessed: guessed(record), psk_modes: self.modes, now: self.now };
        self.auditor.ticket(&facts)
    }
}

pub(crate) fn record<'a>(bytes: &'a [u8], client_session: Option<Session<'a>>) -> Record<'a> {
    static SOURCE: Source = Source::plain("t.bin");
    let place = Place { source: &SOURCE, index: 0, line: None, packet: None };
    Record { place, bytes, verdict: Ok(Outcome::NoKey), client_session, capture: None, beside: None }
}

pub(crate) fn ticket_findings(policy: &Policy, keys: &KeySet, ticket: &[u8]) -> Vec<Finding> {
    let auditor = Auditor::new(policy, NOW);
    Judge { auditor, keys, modes: PskModes::default(), now: NOW }.ticket(ticket, None)
}

pub(crate) fn ticket_rules_with(key: &[u8], ticket: &[u8]) -> Vec<&'static str> {
    ids(&ticket_findings(&Policy::default(), &key_set(&[("a.key", key)]), ticket))
}

pub(crate) fn ticket_rules_without_key(ticket: &[u8]) -> Vec<&'static str> {
    ids(&ticket_findings(&Policy::default(), &KeySet::default(), ticket))
}

/// Seals with the good key, opens, and judges at [`NOW`].
pub(crate) fn ticket_rules(session: &TestSession) -> Vec<&'static str> {
    ticket_rules_by(&Policy::default(), session)
}

pub(crate) fn ticket_rules_by(policy: &Policy, session: &TestSession) -> Vec<&'static str> {
    ids(&ticket_findings(policy, &key_set(&[("a.key", GOOD_KEY)]), &seal(GOOD_KEY, &session.der())))
}

pub(crate) fn ticket_rules_at(session: &TestSession, now: i64) -> Vec<&'static str> {
    plaintext_rules(&session.der(), now)
}

pub(crate) fn plaintext_rules(plaintext: &[u8], now: i64) -> Vec<&'static str> {
    let (policy, keys) = (Policy::default(), key_set(&[("a.key", GOOD_KEY)]));
    let auditor = Auditor::new(&policy, now);
    ids(&Judge { auditor, keys: &keys, modes: PskModes::default(), now }.ticket(&seal(GOOD_KEY, plaintext), None))
}

pub(crate) fn mode_rules(modes: PskModes) -> Vec<&'static str> {
    let (policy, keys) = (Policy::default(), key_set(&[("a.key", GOOD_KEY)]));
    let auditor = Auditor::new(&policy, NOW);
    ids(&Judge { auditor, keys: &keys, modes, now: NOW }.ticket(&seal(GOOD_KEY, &TestSession::default().der()), None))
}

/// Judges the ticket in a client's session, which the good key does not open.
pub(crate) fn client_session_rules(session: &TestSession) -> Vec<&'static str> {
    let (policy, keys) = (Policy::default(), key_set(&[("a.key", GOOD_KEY)]));
    let auditor = Auditor::new(&policy, NOW);
    let der = session.der();
    let client = Session::parse(&der).unwrap();
    let ticket = client.ticket.unwrap();
    ids(&Judge { auditor, keys: &keys, modes: PskModes::default(), now: NOW }.ticket(ticket, Some(client)))
}

/// Judges tickets of both keys one after the other, and the end.
pub(crate) fn batch_rules(tickets: &[Vec<u8>]) -> Vec<&'static str> {
    ids(&batch_findings(tickets))
}

/// As above, with everything that is found.
pub(crate) fn batch_findings(tickets: &[Vec<u8>]) -> Vec<Finding> {
    let policy = Policy::default();
    let keys = key_set(&[("a.key", GOOD_KEY), ("b.key", OTHER_KEY)]);
    let auditor = Auditor::new(&policy, NOW);
    let mut judge = Judge { auditor, keys: &keys, modes: PskModes::default(), now: NOW };
    let mut found: Vec<Finding> = tickets.iter().flat_map(|ticket| judge.ticket(ticket, None)).collect();
    found.extend(judge.auditor.finish());
    found
}

/// The connections of a capture file.
pub(crate) fn connections(file: &[u8]) -> Vec<Connection> {
    let (mut reader, mut capture, mut rest) = (Reader::new(), Capture::default(), file);
    let mut found = Vec::new();
    loop {
        match reader.step(rest).unwrap() {
            Step::Packet { packet, used } => {
                capture.packet(&packet, &mut |connection| found.push(connection.clone()));
                rest = &rest[used..];
            }
            Step::Skip(length) => rest = &rest[usize::try_from(length).unwrap()..],
            Step::Secrets { used, .. } => rest = &rest[used..],
            Step::Need(_) => break,
        }
    }
    capture.finish(&mut |connection| found.push(connection.clone()));
    found
}
