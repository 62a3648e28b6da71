//! Kinds of conversations that captures of the field contain, each made of our own bytes.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod wire;

use tktdump::capture::Connection;
use tktdump::capture::connection::Side as End;
use wire::Side::{Client, Server};
use wire::{ACK, FIN, Hello, RST, SYN, Talk, connections, extension, found, handshake, message, prefixed, record};

/// The only connection in some packets.
fn only(packets: &[Vec<u8>]) -> Connection {
    let mut all = connections(packets);
    assert_eq!(all.len(), 1, "{:?}", found(&all));
    all.remove(0)
}

fn kind(packets: &[Vec<u8>]) -> &'static str {
    only(packets).handshake().as_str()
}

fn why(connection: &Connection) -> String {
    tktdump::resumption::conclude(connection, &[], &tktdump::resumption::History::default(), 0).why
}

#[test]
fn an_alert_may_be_the_whole_answer() {
    let mut talk = Talk::open(40_000);
    talk.send(Client, &Hello::tls12(1).record()).send(Server, &wire::alert(2, 40)).close();
    let connection = only(&talk.packets);
    let alert = connection.alert.unwrap();
    assert_eq!((alert.from, alert.level_name(), alert.name()), (End::Server, "fatal", "handshake_failure"));
    assert_eq!((alert.packet, connection.handshake().as_str()), (6, "incomplete"));
    assert!(why(&connection).contains("the server sent the alert handshake_failure (40)"));
    // in two segments
    let mut talk = Talk::open(40_000);
    talk.send(Client, &Hello::tls12(1).record());
    talk.send(Server, &wire::alert(2, 70)[..4]).send(Server, &wire::alert(2, 70)[4..]);
    assert_eq!(only(&talk.packets).alert.unwrap().name(), "protocol_version");
}

#[test]
fn a_warning_may_come_before_the_server_hello() {
    for alone in [true, false] {
        let mut talk = Talk::open(40_000);
        talk.send(Client, &Hello::tls12(1).record());
        let flight = [wire::hello12(&[]), wire::certificate_flight()].concat();
        if alone {
            talk.send(Server, &wire::alert(1, 112)).send(Server, &flight);
        } else {
            talk.send(Server, &[wire::alert(1, 112), flight].concat());
        }
        talk.send(Client, &wire::key_exchange_flight());
        talk.send(Server, &[wire::new_ticket(&wire::ticket(7, 1)), wire::CHANGE_CIPHER_SPEC.to_vec()].concat());
        let connection = only(&talk.packets);
        assert_eq!(connection.handshake().as_str(), "full");
        assert_eq!(connection.alert.unwrap().name(), "unrecognized_name");
        assert!(!connection.server_lost && connection.sightings().len() == 1);
    }
}

#[test]
fn a_fatal_alert_counts_more_than_a_warning_before_it() {
    let mut talk = Talk::open(40_000);
    talk.send(Client, &Hello::tls12(1).record());
    talk.send(Server, &[wire::alert(1, 112), wire::hello12(&[]), wire::certificate_flight()].concat());
    talk.send(Client, &wire::alert(2, 48)).close();
    let connection = only(&talk.packets);
    let alert = connection.alert.unwrap();
    assert_eq!((alert.from, alert.name(), connection.handshake().as_str()), (End::Client, "unknown_ca", "incomplete"));
}

#[test]
fn a_stray_acknowledgement_sets_no_number() {
    for stray in [0xdead_beef, 1, 4000, 5001 + (1 << 24) + 9] {
        let mut talk = Talk::new(40_000);
        talk.packet(Client, SYN, &[]).stray(Server, ACK, &[], stray, 77_777).stray(Client, RST, &[], 77_777, 0);
        talk.stray(Client, SYN, &[], 1000, 0).packet(Server, SYN | ACK, &[]).packet(Client, ACK, &[]);
        talk.full12(&Hello::tls12(1), &wire::ticket(7, 1));
        assert_eq!(found(&connections(&talk.packets)), [(0, "full", vec![wire::ticket(7, 1)])], "{stray}");
    }
    // the SYN-ACK was not captured
    let mut talk = Talk::new(40_000);
    talk.packet(Client, SYN, &[]).stray(Server, ACK, &[], 0xdead_beef, 77_777).packet(Client, ACK, &[]);
    talk.full12(&Hello::tls12(1), &wire::ticket(7, 1));
    assert_eq!(kind(&talk.packets), "full");
}

#[test]
fn an_earlier_answer_to_the_syn_sets_no_number() {
    let mut talk = Talk::new(40_000);
    talk.packet(Client, SYN, &[]).stray(Server, SYN | ACK, &[], 999_999_999, 1001).packet(Server, SYN | ACK, &[]);
    talk.packet(Client, ACK, &[]).full12(&Hello::tls12(1), &wire::ticket(7, 1));
    assert_eq!(found(&connections(&talk.packets)), [(0, "full", vec![wire::ticket(7, 1)])]);
}

#[test]
fn an_age_of_zero_makes_no_external_psk_of_a_ticket() {
    let external = |identity: &[u8], age| {
        let mut talk = Talk::open(40_000);
        talk.send(Client, &Hello::tls13(1).with_identity(identity, age).record());
        talk.send(Server, &wire::hello13([3, 4], Some(0))).send(Client, &record(23, &[9; 69]));
        only(&talk.packets).sightings()[0].is_external
    };
    assert!(external(b"a name", 7) && external(&[0x99; 20], 0) && external(&[b'a'; 80], 0));
    assert!(!external(&[0x99; 20], 7) && !external(&wire::ticket(7, 1), 0) && !external(&wire::ticket(7, 1), 7));
    // RFC 9258 section 5.1
    let imported = [prefixed(2, &[0x99; 40]), prefixed(2, &[0x11; 40]), vec![3, 4, 0, 1]].concat();
    assert!(external(&imported, 7) && !external(&imported[..83], 7));
}

#[test]
fn the_server_s_change_of_cipher_shows_that_the_client_s_was_there() {
    let mut talk = Talk::open(40_000);
    talk.full12(&Hello::tls12(1), &wire::ticket(7, 1)).close();
    assert_eq!(kind(&talk.packets[5..]), "full");
}

/// A hello in the format of SSL 2.0 (RFC 9846, RFC 5246 appendix E.2).
fn old_hello(version: [u8; 2], challenge: &[u8]) -> Vec<u8> {
    let suites = [0, 0, 0x2f, 0, 0, 0x0a, 1, 0, 0x80];
    let length = u8::try_from(challenge.len()).unwrap();
    let message = [&[1][..], &version, &[0, 9, 0, 0, 0, length], &suites, challenge].concat();
    let length = u16::try_from(message.len()).unwrap() | 0x8000;
    [&length.to_be_bytes()[..], &message].concat()
}

#[test]
fn a_hello_in_the_format_of_ssl_2_is_read() {
    let hello = old_hello([3, 1], &[0xc4; 16]);
    for cut in [hello.len(), 1, 2, 12, 20] {
        let mut talk = Talk::open(40_000);
        // the header of a first segment tells it from other protocols
        let cut = if cut < 11 { hello.len() } else { cut };
        talk.send(Client, &hello[..cut]);
        if cut < hello.len() {
            talk.send(Client, &hello[cut..]);
        }
        talk.send(Server, &[handshake(2, &wire::server_hello([3, 1], &[5; 32], [0, 0x2f], &[]))].concat());
        talk.send(Server, &wire::certificate_flight());
        talk.send(Client, &wire::key_exchange_flight());
        talk.send(Server, &[wire::CHANGE_CIPHER_SPEC.to_vec(), wire::finished()].concat());
        let connection = only(&talk.packets);
        assert_eq!(connection.handshake().as_str(), "full", "{cut}");
        assert_eq!(connection.client_hello().unwrap().random, [[0; 16], [0xc4; 16]].concat()[..]);
        assert!(why(&connection).contains("neither brought a ticket nor asked for one"), "{}", why(&connection));
    }
    // answered in SSL 2.0
    let mut talk = Talk::open(40_000);
    talk.send(Client, &old_hello([0, 2], &[0xc4; 16])).send(Server, &[0x80, 20, 4, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0]);
    assert!(why(&only(&talk.packets)).contains("a ServerHello of SSL 2.0"));
    // lengths that contradict each other are those of something else
    let mut other = old_hello([3, 1], &[0xc4; 16]);
    other[1] += 1;
    let mut talk = Talk::open(40_000);
    talk.send(Client, &other);
    assert!(connections(&talk.packets).is_empty());
}

#[test]
fn dtls_before_its_first_rfc_is_read() {
    let record = |sequence: u8, kind: u8, number: u8, body: &[u8]| {
        let length = prefixed(3, body);
        let message = [&[kind][..], &length[..3], &[0, number, 0, 0, 0], &length[..3], body].concat();
        [&[22, 1, 0, 0, 0, 0, 0, 0, 0, 0, sequence][..], &prefixed(2, &message)].concat()
    };
    let hello = |cookie: &[u8]| Hello { version: [1, 0], cookie: Some(cookie.to_vec()), ..Hello::tls12(1) }.body();
    let answer = wire::server_hello([1, 0], &[5; 32], wire::SUITE, &[]);
    let packets = [
        wire::datagram(Client, 50_000, &record(0, 1, 0, &hello(&[]))),
        wire::datagram(Server, 50_000, &record(0, 3, 0, &[1, 0, 4, 9, 9, 9, 9])),
        wire::datagram(Client, 50_000, &record(1, 1, 1, &hello(&[9; 4]))),
        wire::datagram(Server, 50_000, &record(1, 2, 1, &answer)),
    ];
    let connection = only(&packets);
    assert_eq!((connection.client_hellos.len(), connection.transport.as_str()), (2, "udp"));
    assert_eq!(connection.server_hello().unwrap().protocol_name(), "DTLSv0.9");
}

#[test]
fn a_malformed_hello_is_told_with_what_is_wrong_and_where() {
    let mut body = Hello::tls12(1).body();
    let at = body.len() - 1;
    // the last extension, which is empty, says it has a byte
    body[at] = 1;
    let mut talk = Talk::open(40_000);
    talk.send(Client, &handshake(1, &body)).send(Server, &wire::alert(2, 50));
    let connection = only(&talk.packets);
    let malformed = connection.malformed.unwrap();
    assert_eq!((malformed.from, malformed.packet), (End::Client, 4));
    assert_eq!((malformed.error.part, malformed.error.offset), ("an extension", body.len()));
    let why = why(&connection);
    assert!(why.contains("the ClientHello cannot be read: an extension at byte"), "{why}");
    assert!(why.contains("the server answered with the alert decode_error (50)"), "{why}");
    // every way to cut a hello is said, and nothing is read beyond it
    let whole = message(1, &Hello::tls13(1).with_identity(&[7; 100], 5).body());
    for cut in 4..whole.len() {
        let hello = tktdump::tls::hello::ClientHello::read(&whole[..cut]);
        assert!(hello.as_ref().is_err_and(|error| error.offset <= cut) || cut < 6 || hello.is_ok(), "{cut}");
    }
    // a ServerHello
    let mut talk = Talk::open(40_000);
    talk.send(Client, &Hello::tls12(1).record()).send(Server, &handshake(2, &[3, 3, 0, 0]));
    let why = self::why(&only(&talk.packets));
    assert!(why.contains("the ServerHello cannot be read: the random at byte 6"), "{why}");
}

#[test]
fn a_message_has_the_number_of_the_segment_that_completes_it() {
    let ticket = wire::ticket(7, 1);
    let issued = |packets: &[Vec<u8>]| {
        let all = connections(packets);
        let sightings: Vec<_> = all.iter().flat_map(Connection::sightings).collect();
        sightings.iter().find(|it| it.ticket == ticket).map(|it| (it.packet, it.time.seconds - 1_794_999_999))
    };
    let last = |ticket: &[u8]| [wire::new_ticket(ticket), wire::CHANGE_CIPHER_SPEC.to_vec(), wire::finished()].concat();
    // a part of the certificate is missing for ever, and another connection goes on
    let mut talk = Talk::open(40_000);
    talk.send(Client, &Hello::tls12(1).record());
    let flight = [wire::hello12(&[]), wire::certificate_flight()].concat();
    talk.packet(Server, ACK, &flight[..200]).send_unseen(Server, 300).packet(Server, ACK, &flight[500..]);
    talk.send(Client, &wire::key_exchange_flight());
    let expected = u64::try_from(talk.packets.len()).unwrap() + 1;
    talk.send(Server, &last(&ticket));
    let mut other = Talk::open(40_001);
    other.full12(&Hello::tls12(2), &wire::ticket(8, 2));
    let all = [talk.packets.clone(), other.packets].concat();
    assert_eq!(issued(&all), Some((expected, i64::try_from(expected).unwrap())));
    assert_eq!(connections(&all)[1].evidence(End::Server).unseen, 300);

    // what fills a hole does not carry what came before it, but completes what spans it
    let mut talk = Talk::open(40_000);
    talk.send(Client, &Hello::tls12(1).record()).send(Server, &flight).send(Client, &wire::key_exchange_flight());
    let before = talk.packets.len();
    let (sequence, acknowledged) = (talk.next[1], talk.next[0]);
    let bytes = last(&ticket);
    let piece = |talk: &mut Talk, from: usize, to: usize| {
        let at = sequence + u32::try_from(from).unwrap();
        talk.stray(Server, ACK, &bytes[from..to], at, acknowledged);
    };
    let mut late = talk.clone();
    piece(&mut late, 100, bytes.len());
    piece(&mut late, 0, 100);
    assert_eq!(issued(&late.packets).unwrap().0, u64::try_from(before + 2).unwrap(), "the ticket spans the hole");
    // a warning is lost and sent again
    let mut late = talk.clone();
    let shifted = sequence + 7;
    late.stray(Server, ACK, &bytes, shifted, acknowledged);
    late.stray(Server, ACK, &wire::alert(1, 90), sequence, acknowledged);
    assert_eq!(issued(&late.packets).unwrap().0, u64::try_from(before + 1).unwrap(), "the ticket was there before");
}

#[test]
fn a_supported_version_means_tls_1_3_whatever_it_is() {
    for (version, name) in [
        ([0x03, 0x04], "TLSv1.3"),
        ([0x7f, 0x17], "TLSv1.3 (draft 23)"),
        ([0x7f, 0x1c], "TLSv1.3 (draft 28)"),
        ([0xfb, 0x1a], "TLSv1.3 (fizz draft 26)"),
        ([0x7e, 0x02], "TLSv1.3 (experiment)"),
        ([0x9a, 0x9a], "TLSv1.3 (unknown draft)"),
    ] {
        let mut talk = Talk::open(40_000);
        talk.send(Client, &Hello::tls13(1).with_identity(&wire::ticket(7, 1), 5).record());
        talk.send(Server, &[wire::hello13(version, Some(0)), record(23, &[9; 90])].concat());
        talk.send(Client, &[wire::CHANGE_CIPHER_SPEC.to_vec(), record(23, &[9; 69])].concat());
        let connection = only(&talk.packets);
        assert_eq!(connection.handshake().as_str(), "resumed_psk", "{name}");
        assert_eq!(connection.server_hello().unwrap().protocol_name(), name);
        assert!(!why(&connection).contains("no ticket"), "{}", why(&connection));
    }
}

#[test]
fn early_drafts_have_a_server_hello_of_their_own() {
    // up to 21: the version in its old place, neither a session ID nor compression; a key share of another number
    let share = extension(40, &[&[0, 29][..], &prefixed(2, &[9; 32])].concat());
    let extensions = [share, extension(41, &[0, 0])].concat();
    let body = [&[0x7f, 0x12][..], &[0x5e; 32], &wire::SUITE_13, &prefixed(2, &extensions)].concat();
    let mut talk = Talk::open(40_000);
    talk.send(Client, &Hello::tls13(1).with_identity(&wire::ticket(7, 1), 5).record());
    talk.send(Server, &[handshake(2, &body), record(23, &[9; 90])].concat());
    talk.send(Client, &record(23, &[9; 53]));
    let connection = only(&talk.packets);
    let hello = connection.server_hello().unwrap();
    assert_eq!((hello.protocol_name(), hello.cipher, hello.is_psk_only()), ("TLSv1.3 (draft 18)", 0x1302, false));
    assert_eq!(connection.handshake().as_str(), "resumed_psk");
}

#[test]
fn what_ends_a_handshake_early_is_seen() {
    let mut asked = Talk::open(40_000);
    asked.send(Client, &Hello::tls12(1).record());
    let mut answered = asked.clone();
    answered.send(Server, &[wire::hello12(&[]), wire::certificate_flight()].concat());
    for (side, end) in [(Client, End::Client), (Server, End::Server)] {
        for (flags, before) in [(RST, &answered), (RST | ACK, &asked), (RST, &asked), (FIN | ACK, &answered)] {
            let mut talk = before.clone();
            talk.packet(side, flags, &[]);
            let connection = only(&talk.packets);
            let (is_reset, packet) = (flags & RST != 0, u64::try_from(talk.packets.len()).unwrap());
            let evidence = connection.evidence(end);
            assert_eq!(evidence.reset, is_reset.then_some(packet), "{side:?} {flags}");
            assert_eq!(evidence.fin, (!is_reset).then_some(packet), "{side:?} {flags}");
            assert_eq!(connection.evidence(end.other()).reset, None);
            assert_eq!((connection.open_at_end, connection.handshake().as_str()), (!is_reset, "incomplete"));
        }
    }
    let connection = only(&answered.packets);
    assert!(connection.open_at_end);
    assert!(connection.evidence(End::Client).syn && connection.evidence(End::Server).syn);
}

#[test]
fn a_client_that_gives_up_after_the_server_hello_has_no_connection() {
    let tls13 = |identity: Option<u16>| {
        let mut talk = Talk::open(40_000);
        talk.send(Client, &Hello::tls13(1).with_identity(&wire::ticket(7, 1), 5).record());
        talk.send(Server, &[wire::hello13([3, 4], identity), record(23, &[9; 900])].concat());
        talk
    };
    let tls12 = || {
        let mut talk = Talk::open(40_000);
        talk.send(Client, &Hello::tls12(1).with_ticket(&wire::ticket(7, 1)).record());
        talk.send(Server, &[wire::hello12(&[7; 32]), wire::CHANGE_CIPHER_SPEC.to_vec(), wire::finished()].concat());
        talk
    };
    for (whole, done, end) in [
        (tls13(None), "full", record(23, &[9; 53])),
        (tls13(Some(0)), "resumed_psk", record(23, &[9; 53])),
        (tls12(), "resumed_ticket", [wire::CHANGE_CIPHER_SPEC.to_vec(), wire::finished()].concat()),
    ] {
        assert_eq!(kind(&whole.packets), done, "the capture ends: the server has decided");
        let ended = |change: fn(&mut Talk) -> &mut Talk| {
            let mut talk = whole.clone();
            change(&mut talk);
            kind(&talk.packets)
        };
        assert_eq!(ended(|talk| talk.packet(Client, RST, &[])), "incomplete", "{done}");
        assert_eq!(ended(|talk| talk.send(Client, &wire::alert(2, 48))), "incomplete", "{done}");
        assert_eq!(ended(|talk| talk.packet(Client, FIN | ACK, &[])), "incomplete", "{done}");
        if done != "resumed_ticket" {
            // an encrypted alert
            assert_eq!(
                ended(|talk| talk.send(Client, &record(23, &[9; 19])).packet(Client, FIN | ACK, &[])),
                "incomplete",
                "{done}"
            );
        }
        // what the client said was not captured
        assert_eq!(ended(|talk| talk.send_unseen(Client, 80).packet(Client, FIN | ACK, &[])), done);
        let mut talk = whole.clone();
        talk.send(Client, &end).packet(Client, RST, &[]);
        assert_eq!(kind(&talk.packets), done);
    }
}

#[test]
fn an_answer_that_is_not_tls_is_kept() {
    for (answer, words) in [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(), "plain HTTP"),
        (b"-ERR unknown command\r\n", "text (\"-ERR unknown co\")"),
        (&[0, 0, 0, 9, 1, 2, 3, 4, 5], "bytes that are not TLS"),
    ] {
        let mut talk = Talk::open(40_000);
        talk.send(Client, &Hello::tls12(1).record()).send(Server, answer).close();
        let connection = only(&talk.packets);
        assert!(connection.evidence(End::Server).other.unwrap().to_string().contains(words));
        assert!(why(&connection).contains(words), "{}", why(&connection));
    }
    // what a server says before the hello is no answer to it
    let mut talk = Talk::open(40_000);
    talk.send(Server, b"220 ready\r\n").send(Client, b"STARTTLS\r\n").send(Server, b"220 go ahead\r\n");
    talk.full12(&Hello::tls12(1), &wire::ticket(7, 1));
    let connection = only(&talk.packets);
    assert_eq!((connection.evidence(End::Server).other, connection.handshake().as_str()), (None, "full"));
}

#[test]
fn what_follows_a_hole_in_an_answer_says_nothing_of_it() {
    let mut talk = Talk::open(40_000);
    talk.send(Client, &Hello::tls12(1).record()).send_unseen(Server, 700).send(Server, &[0x30; 400]);
    talk.packet(Client, ACK, &[]).close();
    let connection = only(&talk.packets);
    assert_eq!(connection.evidence(End::Server).other, None, "the midst of a certificate, of a server that speaks TLS");
    assert!(why(&connection).contains("700 bytes"), "{}", why(&connection));
}

#[test]
fn one_direction_is_seen_to_be_one() {
    let mut talk = Talk::open(40_000);
    talk.full12(&Hello::tls12(1), &wire::ticket(7, 1));
    let client: Vec<_> = talk.packets.iter().filter(|packet| packet[15] == 1).cloned().collect();
    let connection = only(&client);
    let (seen, unseen) = (connection.evidence(End::Client), connection.evidence(End::Server));
    assert_eq!((seen.seen, unseen.seen, unseen.bytes), (true, false, 0));
}

/// The datagrams of a QUIC connection with a name in a file of vectors.
fn vectors(file: &str, name: &str) -> Vec<Vec<u8>> {
    let text = std::fs::read_to_string(format!("testdata/quic/{file}")).unwrap();
    let named = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    named.map(|digits| hex::decode(digits).unwrap()).collect()
}

#[test]
fn one_socket_serves_many_quic_connections() {
    let datagram = |side, payload: &[u8]| wire::datagram(side, 50_000, payload);
    let one = [
        datagram(Client, &vectors("initial.txt", "v1_client_packet")[0]),
        datagram(Server, &vectors("initial.txt", "v1_server_packet")[0]),
    ];
    let other = [
        datagram(Client, &vectors("resumption.txt", "client")[0]),
        datagram(Server, &vectors("resumption.txt", "server")[0]),
    ];
    let kinds = |packets: &[&Vec<u8>]| {
        let all = connections(&packets.iter().map(|packet| (*packet).clone()).collect::<Vec<_>>());
        all.iter().map(|connection| (connection.stream, connection.handshake().as_str())).collect::<Vec<_>>()
    };
    let both = [(0, "full"), (0, "resumed_psk")];
    assert_eq!(kinds(&[&one[0], &one[1], &other[0], &other[1]]), both);
    assert_eq!(kinds(&[&one[0], &other[0], &one[1], &other[1]]), both, "beside each other");
    assert_eq!(kinds(&[&one[0], &other[0], &other[1], &one[1]]), [both[1], both[0]]);
    assert_eq!(kinds(&[&one[0], &one[0], &one[1], &one[1], &one[0]]), both[..1], "sent again");
    assert_eq!(kinds(&[&one[0], &other[0]]), [(0, "incomplete"); 2]);
}

#[test]
fn a_quic_server_opens_by_the_header_of_a_cut_client() {
    let client = wire::datagram(Client, 50_000, &vectors("resumption.txt", "client")[0]);
    let server = wire::datagram(Server, 50_000, &vectors("resumption.txt", "server")[0]);
    for kept in [60, 128, 300, client.len() - 1] {
        let all = wire::follow_cut(&[(&client, kept), (&server, server.len())]);
        assert_eq!(all.len(), 1, "{kept}");
        assert!(all[0].client_hellos.is_empty() && all[0].client_lost);
        assert_eq!((all[0].client.port(), all[0].server.port()), (50_000, 443));
        assert!(all[0].server_hello().unwrap().selected_identity.is_some());
    }
    assert!(wire::follow_cut(&[(&client, 300)]).is_empty(), "nothing proves that it is QUIC");
}

#[test]
fn quic_versions_without_public_keys_are_counted() {
    let datagram = |version: u32| {
        let payload = [&[0xc0][..], &version.to_be_bytes(), &[8; 1300]].concat();
        wire::datagram(Client, 50_000, &payload)
    };
    let (connections, remarks) = wire::follow(101, &[datagram(0x5130_3530), datagram(0x5130_3530)]);
    assert_eq!((connections.len(), remarks.unknown_quic), (0, Some((1, 0x5130_3530))));
    // made up so that servers negotiate, or not QUIC at all
    for version in [0x1a2a_3a4a, 0x1234_5678] {
        assert_eq!(wire::follow(101, &[datagram(version)]).1.unknown_quic, None);
    }
}
