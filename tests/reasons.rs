//! Every reason word by a conversation of our own bytes.

// a test that cannot go on says so by panicking
// and a list of examples is as long as it is
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::too_many_lines)]

mod wire;

use std::collections::BTreeSet;

use tktdump::capture::Connection;
use tktdump::capture::sighting::Carrier;
use tktdump::key::{KeyName, Role};
use tktdump::resumption::{
    Attempt, Conclusion, History, KeyId, Mark, Opened, Reason, SealedUnder, Unrecognised, Verdict, conclude,
};
use tktdump::tls::protocol::Protocol;
use wire::Side::{Client, Server};
use wire::{ACK, FIN, Hello, RST, Talk, connections, handshake, record};

const NOW: i64 = 1_795_000_000;

fn only(talk: &Talk) -> Connection {
    let mut all = connections(&talk.packets);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// A ticket of TLS 1.2 under a name made of one byte that opened.
fn opened() -> Opened {
    Opened {
        role: Role::Unknown,
        protocol: Protocol(0x0303),
        cipher: Some(0xc030),
        time: Some(NOW - 60),
        expires: Some(NOW + 240),
        other_name: None,
        context: Some(Mark::of(b"context")),
        extended_master_secret: Some(true),
        alpn: None,
        secret: Some(Mark::of(b"secret")),
        binder: None,
        age_ms: None,
        early_data_accepted: false,
    }
}

fn opened13() -> Opened {
    Opened { protocol: Protocol::TLS_1_3, cipher: Some(0x1302), binder: Some(true), secret: None, ..opened() }
}

fn attempt(carrier: Carrier, name: u8, verdict: Verdict) -> Attempt {
    let is_offered = carrier != Carrier::NewSessionTicket;
    Attempt {
        carrier,
        hello: is_offered.then_some(0),
        identity: (carrier == Carrier::Psk).then_some(0),
        selected: false,
        sealed_under: Some(SealedUnder { key: KeyId::Name(KeyName::new([name; 16])), is_known: true }),
        packet: 4,
        mark: Mark::of(&[name, u8::from(is_offered)]),
        verdict,
    }
}

fn offered(name: u8, verdict: Verdict) -> Attempt {
    attempt(Carrier::SessionTicket, name, verdict)
}

fn identity(name: u8, verdict: Verdict) -> Attempt {
    attempt(Carrier::Psk, name, verdict)
}

fn issued(name: u8, verdict: Verdict) -> Attempt {
    attempt(Carrier::NewSessionTicket, name, verdict)
}

/// A full TLS 1.2 handshake of a client that brought a ticket; the server issues another one if it announces that.
fn full12(announces: bool) -> Connection {
    let mut talk = Talk::open(40_000);
    talk.send(Client, &Hello::tls12(1).with_ticket(&wire::ticket(7, 1)).record());
    let extensions = if announces { wire::extension(35, &[]) } else { Vec::new() };
    let hello = handshake(2, &wire::server_hello([3, 3], &[], wire::SUITE, &extensions));
    talk.send(Server, &[hello, wire::certificate_flight()].concat());
    talk.send(Client, &wire::key_exchange_flight());
    let ticket = if announces { wire::new_ticket(&wire::ticket(7, 2)) } else { Vec::new() };
    talk.send(Server, &[ticket, wire::CHANGE_CIPHER_SPEC.to_vec(), wire::finished()].concat());
    let connection = only(&talk);
    assert_eq!(connection.handshake().as_str(), "full");
    connection
}

/// A TLS 1.3 handshake of a client that offered an identity.
fn tls13(hello: &Hello, selected: Option<u16>, suite: [u8; 2]) -> Connection {
    let mut talk = Talk::open(40_000);
    talk.send(Client, &hello.record());
    let mut answer = wire::hello13([3, 4], selected);
    let at = answer.windows(2).position(|pair| pair == wire::SUITE_13).unwrap();
    answer[at..at + 2].copy_from_slice(&suite);
    talk.send(Server, &[answer, record(23, &[9; 90])].concat()).send(Client, &record(23, &[9; 69]));
    only(&talk)
}

fn hello13() -> Hello {
    Hello::tls13(1).with_identity(&wire::ticket(7, 1), 5)
}

fn resumed12() -> Connection {
    let mut talk = Talk::open(40_000);
    talk.send(Client, &Hello::tls12(1).with_ticket(&wire::ticket(7, 1)).record());
    talk.send(Server, &[wire::hello12(&[7; 32]), wire::CHANGE_CIPHER_SPEC.to_vec(), wire::finished()].concat());
    talk.send(Client, &[wire::CHANGE_CIPHER_SPEC.to_vec(), wire::finished()].concat());
    only(&talk)
}

fn judge(connection: &Connection, attempts: &[Attempt]) -> Conclusion {
    conclude(connection, attempts, &History::default(), NOW)
}

/// Judges connections in order; the last conclusion.
fn judge_all(all: &[(Connection, Vec<Attempt>)]) -> Conclusion {
    let (mut history, mut last) = (History::default(), None);
    for (connection, attempts) in all {
        let conclusion = conclude(connection, attempts, &history, NOW);
        history.learn(connection, attempts, conclusion.reason, connection.handshake());
        last = Some(conclusion);
    }
    last.unwrap()
}

/// A conversation that goes no further than the client's hello, and what follows it.
fn after_hello(change: impl FnOnce(&mut Talk)) -> Connection {
    let mut talk = Talk::open(40_000);
    talk.send(Client, &Hello::tls12(1).record());
    change(&mut talk);
    only(&talk)
}

fn open(opened: Opened) -> Verdict {
    Verdict::Opened(opened)
}

#[test]
fn every_reason_has_an_example() {
    let mut found = BTreeSet::new();
    let mut check = |reason: Reason, words: &str, conclusion: Conclusion| {
        assert_eq!(conclusion.reason, reason, "{}", conclusion.why);
        assert!(conclusion.why.contains(words), "{reason:?}: {}", conclusion.why);
        found.insert(reason);
    };
    let other_context = Some(Mark::of(b"another context"));
    let announced = full12(true);
    check(Reason::Resumed, "accepted the ticket", judge(&resumed12(), &[offered(7, open(opened()))]));
    let late = Opened { expires: Some(NOW - 5), ..opened() };
    check(Reason::Resumed, "although it had expired 5 seconds", judge(&resumed12(), &[offered(7, open(late.clone()))]));
    let mut talk = Talk::open(40_000);
    talk.full12(&Hello::tls12(1), &wire::ticket(7, 1));
    check(
        Reason::NoTicketOffered,
        "asked for one; it was given one",
        judge(&only(&talk), &[issued(7, Verdict::NoKey)]),
    );
    check(Reason::NoTicketsIssued, "seem to be turned off", judge(&full12(false), &[offered(7, open(opened()))]));
    check(Reason::Expired, "expired 5 seconds before", judge(&announced, &[offered(7, open(late))]));
    let rotated = [offered(7, open(opened())), issued(8, Verdict::UnknownKey)];
    check(Reason::OtherKey, "issues tickets under the key 0808", judge(&announced, &rotated));
    check(Reason::OtherKey, "rotated", judge(&announced, &[offered(7, Verdict::NoKey), issued(8, Verdict::NoKey)]));
    let newest = Opened { role: Role::Active, ..opened() };
    let older = Opened { role: Role::Inactive, ..opened() };
    let stale = [offered(8, open(newest)), issued(7, open(older))];
    check(Reason::NotReloaded, "this server issues tickets under the key 0707", judge(&announced, &stale));
    let another = Opened { context: other_context, ..opened() };
    let bound = [offered(7, open(opened())), issued(7, open(another.clone()))];
    check(Reason::OtherContext, "another session ID context", judge(&announced, &bound));
    let named = Opened { other_name: Some("a.example".to_owned()), ..opened() };
    let same = |ticket: Opened| [offered(7, open(ticket)), issued(7, open(opened()))];
    check(Reason::OtherName, "the host name a.example", judge(&announced, &same(named)));
    let spoken = Opened { alpn: Some(b"h2".to_vec()), ..opened() };
    let mut talk = Talk::open(40_000);
    let http1 = wire::prefixed(2, &wire::prefixed(1, b"http/1.1"));
    talk.full12(&Hello::tls12(1).with_ticket(&wire::ticket(7, 1)).with(16, &http1), &wire::ticket(7, 2));
    check(Reason::OtherAlpn, "the application protocol h2", judge(&only(&talk), &same(spoken)));
    let weak = Opened { cipher: Some(0xc013), ..opened() };
    check(Reason::OtherCipher, "no longer offers", judge(&announced, &same(weak)));
    let old = Opened { protocol: Protocol(0x0301), ..opened() };
    check(Reason::OtherProtocol, "of TLSv1, and the server chose TLSv1.2", judge(&announced, &same(old)));
    check(Reason::BadMac, "MAC does not verify", judge(&announced, &[offered(7, Verdict::BadMac)]));
    check(Reason::BadSession, "not a session", judge(&announced, &[offered(7, Verdict::Unusable)]));
    check(Reason::UnknownKey, "none of the keys given", judge(&announced, &[offered(7, Verdict::UnknownKey)]));
    check(Reason::NoKey, "--key FILE tells more", judge(&announced, &[offered(7, Verdict::NoKey)]));
    let same_key = [offered(7, Verdict::NoKey), issued(7, Verdict::NoKey)];
    check(
        Reason::NoKey,
        "the server seals under that key itself, so a missing key is not the cause",
        judge(&announced, &same_key),
    );
    let form = Verdict::Unrecognised(Unrecognised::Form);
    check(Reason::Unrecognised, "its form does not tell", judge(&announced, &[offered(7, form)]));
    check(Reason::Unknown, "the server has its key", judge(&announced, &same(opened())));
    let mut talk = Talk::open(40_000);
    let extended = [wire::extension(35, &[]), wire::extension(23, &[])].concat();
    talk.send(Client, &Hello::tls12(1).with_ticket(&wire::ticket(7, 1)).with(23, &[]).record());
    let hello = handshake(2, &wire::server_hello([3, 3], &[], wire::SUITE, &extended));
    talk.send(Server, &[hello, wire::certificate_flight()].concat()).send(Client, &wire::key_exchange_flight());
    talk.send(Server, &[wire::new_ticket(&wire::ticket(7, 2)), wire::CHANGE_CIPHER_SPEC.to_vec()].concat());
    let plain = Opened { extended_master_secret: Some(false), ..opened() };
    check(Reason::OtherEms, "no extended master secret", judge(&only(&talk), &same(plain)));

    let full13 = tls13(&hello13(), None, wire::SUITE_13);
    let forged = Opened { binder: Some(false), ..opened13() };
    check(Reason::BadBinder, "binder does not come", judge(&full13, &[identity(7, open(forged))]));
    check(Reason::CacheMiss, "cache", judge(&full13, &[identity(7, Verdict::StatefulId)]));
    let sha256 = tls13(&hello13(), None, [0x13, 0x01]);
    check(Reason::OtherCipher, "another hash", judge(&sha256, &[identity(7, open(opened13()))]));
    let external = |verdict: Unrecognised| vec![identity(7, Verdict::Unrecognised(verdict))];
    check(Reason::ExternalPsk, "nothing to do with", judge(&full13, &external(Unrecognised::External)));
    check(Reason::Ech, "is inside", judge(&full13, &external(Unrecognised::Encrypted)));
    // a ticket beside an external PSK is what can be resumed
    let ticket = Attempt { identity: Some(1), ..identity(8, Verdict::NoKey) };
    let both = [external(Unrecognised::External), vec![ticket]].concat();
    check(Reason::NoKey, "under the key 0808", judge(&full13, &both));
    let strange = tls13(&hello13(), Some(5), wire::SUITE_13);
    check(Reason::Unknown, "none of that number", judge(&strange, &[identity(7, open(opened13()))]));
    let mut talk = Talk::open(40_000);
    let retry = wire::server_hello([3, 3], &[], wire::SUITE_13, &wire::extension(43, &[3, 4]));
    let random = hex::decode("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c").unwrap();
    let retry = [&retry[..2], &random, &retry[34..]].concat();
    talk.send(Client, &hello13().record()).send(Server, &handshake(2, &retry));
    talk.send(Client, &Hello::tls13(1).record());
    talk.send(Server, &[wire::hello13([3, 4], None), record(23, &[9; 90])].concat())
        .send(Client, &record(23, &[9; 69]));
    check(Reason::NoTicketOffered, "in its first ClientHello", judge(&only(&talk), &[identity(7, Verdict::NoKey)]));
    let chosen = tls13(&hello13(), Some(0), wire::SUITE_13);
    let selected = |verdict| vec![Attempt { selected: true, ..identity(7, verdict) }];
    let psk = Verdict::Unrecognised(Unrecognised::External);
    check(Reason::ExternalPsk, "nothing was resumed", judge(&chosen, &selected(psk)));
    check(Reason::Resumed, "gives the client's binder", judge(&chosen, &selected(open(opened13()))));

    let alert = |talk: &mut Talk| drop(talk.send(Server, &wire::alert(2, 40)).clone());
    check(Reason::Alert, "the server sent the alert handshake_failure (40)", judge(&after_hello(alert), &[]));
    let reset = |talk: &mut Talk| drop(talk.packet(Server, RST | ACK, &[]).clone());
    check(Reason::Reset, "the server reset the connection (packet 6)", judge(&after_hello(reset), &[]));
    let close = |talk: &mut Talk| drop(talk.packet(Server, FIN | ACK, &[]).packet(Client, FIN | ACK, &[]).clone());
    check(Reason::Closed, "the server closed the connection", judge(&after_hello(close), &[]));
    let both = |talk: &mut Talk| drop(talk.packet(Server, FIN | ACK, &[]).packet(Client, RST | ACK, &[]).clone());
    let words = "the server closed the connection (packet 6), and the client reset it (packet 7)";
    check(Reason::Reset, words, judge(&after_hello(both), &[]));
    // a warning that is all of the answer
    let warned = |description: u8| {
        after_hello(|talk| drop(talk.send(Server, &wire::alert(1, description)).packet(Server, FIN | ACK, &[]).clone()))
    };
    check(Reason::Alert, "the server sent the warning handshake_failure (40)", judge(&warned(40), &[]));
    check(Reason::Closed, "the server sent the warning close_notify (0)", judge(&warned(0), &[]));
    let http = |talk: &mut Talk| drop(talk.send(Server, b"HTTP/1.1 400 Bad Request\r\n\r\n").clone());
    check(Reason::NotTls, "plain HTTP", judge(&after_hello(http), &[]));
    check(Reason::NotInCapture, "the capture ends before an answer", judge(&after_hello(|_| ()), &[]));
    let unseen = |talk: &mut Talk| drop(talk.send_unseen(Server, 500).clone());
    check(Reason::NotInCapture, "500 bytes of the server's answer", judge(&after_hello(unseen), &[]));
    // what ended it says nothing of an answer that was not captured
    let unseen = |talk: &mut Talk| drop(talk.send_unseen(Server, 500).packet(Client, RST | ACK, &[]).clone());
    check(Reason::NotInCapture, "500 bytes of the server's answer", judge(&after_hello(unseen), &[]));
    for side in [Client, Server] {
        let mut talk = Talk::open(40_000);
        talk.full12(&Hello::tls12(1), &wire::ticket(7, 1)).close();
        let of_one_side: Vec<_> = talk
            .packets
            .iter()
            .filter(|packet| (packet[20..22] == 40_000_u16.to_be_bytes()) == (side == Client))
            .collect();
        let of_one_side: Vec<Vec<u8>> = of_one_side.into_iter().cloned().collect();
        let words = if side == Client { "only the client's packets" } else { "only the server's packets" };
        check(Reason::NotInCapture, words, judge(&connections(&of_one_side)[0], &[]));
    }
    let mut talk = Talk::open(40_000);
    talk.packet(Client, ACK, &Hello::tls12(1).record());
    let missing = talk.packets.pop().unwrap();
    assert!(missing.len() > 100);
    talk.send(Server, &[wire::hello12(&[]), wire::certificate_flight()].concat());
    check(Reason::NotInCapture, "the ClientHello is missing from the capture", judge(&only(&talk), &[]));
    // how far a handshake had come that was not finished
    let mut talk = Talk::open(40_000);
    talk.send(Client, &Hello::tls12(1).with_ticket(&wire::ticket(7, 1)).record());
    talk.send(Server, &[wire::hello12(&[]), wire::certificate_flight()].concat()).packet(Client, RST, &[]);
    let words = "(packet 8); the server had begun a full handshake, and so had not taken the ticket";
    check(Reason::Reset, words, judge(&only(&talk), &[offered(7, Verdict::NoKey)]));
    let mut talk = Talk::open(40_000);
    talk.send(Client, &hello13().record()).send(Server, &wire::hello13([3, 4], Some(0))).packet(Client, RST, &[]);
    check(Reason::Reset, "the server had chosen PSK identity 0", judge(&only(&talk), &[identity(7, Verdict::NoKey)]));
    let garbled = |talk: &mut Talk| drop(talk.send(Server, &handshake(2, &[3, 3, 0, 0])).clone());
    check(Reason::MalformedHello, "the ServerHello cannot be read", judge(&after_hello(garbled), &[]));
    let datagrams = [wire::datagram(Client, 50_000, &dtls_hello(1)), wire::datagram(Client, 50_000, &dtls_hello(2))];
    check(Reason::NoAnswer, "no answer", judge(&connections(&datagrams)[0], &[]));
    let verify = [&[0xfe, 0xfd][..], &wire::prefixed(1, &[0xc0; 20])].concat();
    let verify = [&[3][..], &[0, 0, 23, 0, 0, 0, 0, 0, 0, 0, 23], &verify].concat();
    let verify = [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0][..], &wire::prefixed(2, &verify)].concat();
    let datagrams = [wire::datagram(Client, 50_000, &dtls_hello(1)), wire::datagram(Server, 50_000, &verify)];
    check(Reason::NotInCapture, "again, with a cookie", judge(&connections(&datagrams)[0], &[]));

    // by what came before
    let sealed = |name: u8| (full12(true), vec![offered(9, Verdict::UnknownKey), issued(name, Verdict::NoKey)]);
    let last = (tls13(&hello13(), None, wire::SUITE_13), vec![identity(7, open(opened13()))]);
    let mut by_turns: Vec<_> = [7, 8, 7].map(sealed).to_vec();
    by_turns.push((tls13(&hello13(), None, wire::SUITE_13), vec![identity(8, open(opened13()))]));
    check(Reason::SeveralKeys, "several nodes", judge_all(&by_turns));
    check(Reason::OtherKey, "this server seals under the key 0808", judge_all(&[sealed(7), sealed(8), last.clone()]));
    let contexts = (full12(true), vec![offered(7, open(opened())), issued(7, open(another))]);
    check(Reason::OtherContext, "another session ID context", judge_all(&[contexts, last]));

    let missing: Vec<_> = Reason::ALL.into_iter().filter(|reason| !found.contains(reason)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// A ClientHello of DTLS 1.2 with a random made of one byte.
fn dtls_hello(random: u8) -> Vec<u8> {
    let body = Hello { version: [0xfe, 0xfd], cookie: Some(Vec::new()), ..Hello::tls12(random) }.body();
    let length = wire::prefixed(3, &body);
    let message = [&[1][..], &length[..3], &[0, 0, 0, 0, 0], &length[..3], &body].concat();
    [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0][..], &wire::prefixed(2, &message)].concat()
}

#[test]
fn a_very_ticket_that_was_taken_before_is_said() {
    let mut taken = resumed12();
    taken.stream = 3;
    let attempts = vec![offered(7, open(opened()))];
    let mut history = History::default();
    history.learn(&taken, &attempts, Reason::Resumed, taken.handshake());
    let conclusion = conclude(&full12(true), &attempts, &history, NOW);
    assert!(conclusion.why.contains("accepted this very ticket in connection 3"), "{}", conclusion.why);
}

#[test]
fn how_long_a_client_goes_on_is_said() {
    let mut history = History::default();
    let first = full12(true);
    let begun = Opened { time: None, ..opened() };
    history.learn(&first, &[issued(7, open(begun.clone()))], Reason::NoTicketOffered, first.handshake());
    let conclusion = conclude(&resumed12(), &[offered(7, open(begun))], &history, first.time.seconds + 3 * 86400);
    assert!(conclusion.why.contains("its last full handshake was 3 days before"), "{}", conclusion.why);
}

/// The same with first bytes that may be no name, and with a ticket of its own.
fn doubtful(attempt: Attempt, ticket: u8) -> Attempt {
    let under = attempt.sealed_under.map(|under| SealedUnder { is_known: false, ..under });
    Attempt { sealed_under: under, mark: Mark::of(&[0, ticket]), ..attempt }
}

#[test]
fn first_bytes_are_called_a_key_name_only_if_they_are_one() {
    let announced = full12(true);
    let (old, new) = (doubtful(offered(7, Verdict::NoKey), 1), doubtful(issued(8, Verdict::NoKey), 2));
    let conclusion = judge(&announced, &[old.clone(), new.clone()]);
    assert_eq!(conclusion.reason, Reason::OtherKey);
    let words = [&"07".repeat(16), &"08".repeat(16)].map(|name| format!("begins with {name}"));
    assert!(words.iter().all(|words| conclusion.why.contains(words)), "{}", conclusion.why);
    assert!(conclusion.why.contains("if those are the names of keys"), "{}", conclusion.why);
    assert!(!conclusion.why.contains("under the key"), "{}", conclusion.why);
    // the name of one of them is enough to know that the other is not of that key
    let known = judge(&announced, &[offered(7, open(opened())), new.clone()]);
    let words =
        format!("the server's new ticket, which begins with {}, is not: the keys were rotated", "08".repeat(16));
    assert!(known.why.contains(&words), "{}", known.why);
    let alone = judge(&announced, std::slice::from_ref(&old));
    assert!(!alone.why.contains("under the key"), "{}", alone.why);
    // of a ticket that was taken, nothing is said of keys
    let renewed = judge(&resumed12(), &[old.clone(), new]);
    assert!(renewed.why.ends_with("another one in its place"), "{}", renewed.why);
    // two tickets that share them make a name of them
    let issues = |name: u8, ticket: u8| (full12(true), vec![doubtful(issued(name, Verdict::NoKey), ticket)]);
    let last = (full12(true), vec![old.clone(), doubtful(issued(8, Verdict::NoKey), 6)]);
    let shared = judge_all(&[issues(7, 1), issues(7, 3), issues(8, 4), issues(8, 5), last.clone()]);
    assert!(shared.why.contains(&format!("sealed under the key {}", "07".repeat(16))), "{}", shared.why);
    assert!(shared.why.contains("issues tickets under the key 0808"), "{}", shared.why);
    // a server none of whose tickets shares them with another one has no names
    let all: Vec<_> = (20..25).map(|name| issues(name, name)).chain([last]).collect();
    let nameless = judge_all(&all);
    assert_eq!((nameless.reason, nameless.why.contains("rotated")), (Reason::NoKey, false), "{}", nameless.why);
}

#[test]
fn one_ticket_accepted_and_refused_by_turns_means_several_nodes() {
    let selected = || vec![Attempt { selected: true, ..identity(7, open(opened13())) }];
    let taken = || (tls13(&hello13(), Some(0), wire::SUITE_13), selected());
    let refused = || (tls13(&hello13(), None, wire::SUITE_13), vec![identity(7, open(opened13()))]);
    let twice = judge_all(&[taken(), refused()]);
    assert_eq!(twice.reason, Reason::Unknown, "{}", twice.why);
    let turns = judge_all(&[taken(), refused(), taken(), refused()]);
    assert_eq!(turns.reason, Reason::SeveralKeys, "{}", turns.why);
    assert!(turns.why.contains("accepted, refused and accepted"), "{}", turns.why);
}

#[test]
fn names_that_share_their_first_bytes_are_of_one_key() {
    let salted = |attempt: Attempt, salt: u8| {
        let name = [[7; 4].as_slice(), &[salt; 12]].concat().try_into().unwrap();
        let under = SealedUnder { key: KeyId::Name(KeyName::new(name)), is_known: false };
        Attempt { sealed_under: Some(under), mark: Mark::of(&[salt]), ..attempt }
    };
    let all = [salted(offered(7, Verdict::NoKey), 1), salted(issued(7, Verdict::NoKey), 2)];
    let conclusion = judge(&full12(true), &all);
    assert_eq!(conclusion.reason, Reason::NoKey, "{}", conclusion.why);
    assert!(conclusion.why.contains("the server seals under that key itself"), "{}", conclusion.why);
}

#[test]
fn keys_without_names_are_told_apart_by_their_files() {
    let of = |attempt: Attempt, index: usize| {
        let key = KeyId::Unnamed { file: "go.key".into(), index };
        Attempt { sealed_under: Some(SealedUnder { key, is_known: true }), ..attempt }
    };
    let judged = |issues: usize| {
        judge(&full12(true), &[of(offered(7, open(opened())), 0), of(issued(8, open(opened())), issues)])
    };
    let same = judged(0);
    assert_eq!(same.reason, Reason::Unknown);
    assert!(
        same.why.contains("the server has its key") && !same.why.contains("does not have this key"),
        "{}",
        same.why
    );
    let other = judged(1);
    assert_eq!(other.reason, Reason::OtherKey);
    assert!(other.why.contains("sealed under key 0 of go.key") && other.why.contains("under key 1 of go.key"));
}

#[test]
fn a_reload_is_asked_for_as_of_then() {
    let older = Opened { role: Role::Inactive, ..opened() };
    let mut talk = Talk::open(40_000);
    talk.full12(&Hello::tls12(1), &wire::ticket(7, 1));
    let conclusion = judge(&only(&talk), &[issued(7, open(older))]);
    assert!(conclusion.why.contains("it still used the old key then: reload it, unless"), "{}", conclusion.why);
}

#[test]
fn a_reload_is_not_asked_for_if_the_server_went_over_to_the_key() {
    let older = || vec![issued(7, open(Opened { role: Role::Inactive, ..opened() }))];
    let fresh = || {
        let mut talk = Talk::open(40_000);
        talk.full12(&Hello::tls12(1), &wire::ticket(7, 1));
        only(&talk)
    };
    let says = |before: Vec<Attempt>| judge_all(&[(fresh(), before), (fresh(), older())]).why.contains("reload");
    assert!(says(older()));
    assert!(!says(vec![issued(8, open(Opened { role: Role::Active, ..opened() }))]));
    assert!(!says(vec![issued(9, Verdict::UnknownKey)]));
}

#[test]
fn a_ticket_that_was_taken_twice_is_not_one_that_is_taken_once() {
    let taken = || (resumed12(), vec![offered(7, open(opened()))]);
    let refused = || (full12(true), vec![offered(7, open(opened()))]);
    assert!(judge_all(&[taken(), refused()]).why.contains("takes a ticket only once"));
    assert!(!judge_all(&[taken(), taken(), refused()]).why.contains("only once"));
    // what another port did is not what this one did last
    let mut elsewhere = taken();
    elsewhere.0.server.set_port(9);
    let why = judge_all(&[taken(), elsewhere, refused()]).why;
    assert!(why.contains("accepted this very ticket") && why.contains("only once"), "{why}");
}

#[test]
fn who_issued_a_ticket_that_another_server_refuses_is_said() {
    let mut first = full12(true);
    first.server.set_port(9);
    let mut ticket = issued(7, Verdict::NoKey);
    ticket.mark = offered(7, Verdict::NoKey).mark;
    let last = (full12(true), vec![offered(7, Verdict::NoKey), issued(8, Verdict::NoKey)]);
    let why = judge_all(&[(first, vec![ticket]), last]).why;
    assert!(why.contains(":9 issued it (connection 0), and this server does not seem to have its key"), "{why}");
}

#[test]
fn a_key_that_a_server_had_before_is_not_one_that_it_has() {
    let first = (full12(true), vec![issued(7, open(opened()))]);
    let last = (tls13(&hello13(), None, wire::SUITE_13), vec![identity(7, open(opened13()))]);
    let conclusion = judge_all(&[first, last]);
    assert_eq!(conclusion.reason, Reason::Unknown);
    assert!(conclusion.why.contains("the server had its key before") && conclusion.why.contains("perhaps"));
}

/// A TLS 1.3 handshake whose server asks for another ClientHello; what it says about an encrypted one.
fn retried(says: &[u8]) -> Connection {
    let mut talk = Talk::open(40_000);
    let extensions = [wire::extension(43, &[3, 4]), says.to_vec()].concat();
    let retry = wire::server_hello([3, 3], &[], wire::SUITE_13, &extensions);
    let random = hex::decode("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c").unwrap();
    let retry = [&retry[..2], &random, &retry[34..]].concat();
    let hello = || hello13().with(0xfe0d, &[0; 200]);
    talk.send(Client, &hello().record()).send(Server, &handshake(2, &retry)).send(Client, &hello().record());
    talk.send(Server, &[wire::hello13([3, 4], Some(0)), record(23, &[9; 90])].concat());
    talk.send(Client, &record(23, &[9; 69]));
    only(&talk)
}

#[test]
fn a_server_that_did_not_take_the_encrypted_hello_chose_what_is_to_be_seen() {
    let encrypted = Verdict::Unrecognised(Unrecognised::Encrypted);
    let chosen = |hello| vec![Attempt { selected: true, hello: Some(hello), ..identity(7, encrypted.clone()) }];
    let plain = judge(&retried(&[]), &chosen(1));
    assert_eq!(plain.reason, Reason::Resumed);
    assert_eq!(plain.why, "the server accepted PSK identity 0");
    // eight bytes of a HelloRetryRequest may say that it took it
    let taken = judge(&retried(&wire::extension(0xfe0d, &[1; 8])), &chosen(1));
    assert_eq!(taken.reason, Reason::Resumed);
    assert!(taken.why.contains("which the capture does not show"), "{}", taken.why);
    let single = judge(&tls13(&hello13(), Some(0), wire::SUITE_13), &chosen(0));
    assert!(single.why.contains("which the capture does not show"), "{}", single.why);
}
