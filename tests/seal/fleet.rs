//! A capture of several servers that go from one ticket key to the next, each a little later than the one before.
//!
//! The last server of three and more never does. Some time after the change the others drop the old key. A few clients
//! bring tickets of a key that none of the servers has, and one asks for a host name that is no name.

use super::capture::{
    ACK, Arrangement, CHANGE_CIPHER_SPEC, FIN, HANDSHAKE, SYN, Side, extension, header, message, prefixed, record,
};
use super::random::Random;
use super::session::OpenSsl;
use super::tickets::{NOW, keys, seal};

/// A host name that would do something in a page that does not escape it.
pub const HOSTILE: &str = "\"><script>alert(1)</script>&amp;.example";

/// How large a fleet is, and for how long it is watched.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub servers: u32,
    pub connections: u32,
    /// All of it, seconds.
    pub seconds: u32,
}

/// The old key, the new one, and one of another fleet: files of 48 and 80 bytes, as nginx has them.
pub fn key_files() -> [Vec<u8>; 3] {
    let [old, foreign] = <[Vec<u8>; 2]>::try_from(keys(11, 2, 48)).unwrap();
    [old, keys(12, 1, 80).remove(0), foreign]
}

/// The packets of all connections, one after the other.
pub fn capture(plan: Plan) -> Vec<u8> {
    let [old, new, foreign] = key_files();
    let mut random = Random::new(13);
    let mut out = header();
    let mut issued: Vec<(usize, Vec<u8>)> = Vec::new();
    let step = u64::from(plan.seconds) * 1_000_000 / u64::from(plan.connections);
    for number in 0..plan.connections {
        let share = number * 100 / plan.connections;
        let server = u32::try_from(random.below(usize::try_from(plan.servers).unwrap())).unwrap();
        let is_behind = plan.servers > 2 && server + 1 == plan.servers;
        let seals = usize::from(!is_behind && share >= 40 + 5 * server / plan.servers);
        let has_old = is_behind || share < 75;
        let is_hostile = number == plan.connections / 2;
        let offered: Option<(usize, Vec<u8>)> = match random.below(100) {
            _ if is_hostile => None,
            0..3 => Some((2, ticket(&foreign, &mut random, "shop.fleet.example", NOW))),
            3..60 if !issued.is_empty() => {
                // mostly one of the last
                let back = random.below(issued.len().min(40));
                Some(issued[issued.len() - 1 - back].clone())
            }
            _ => None,
        };
        let taken = offered.as_ref().is_some_and(|(key, _)| match key {
            0 => has_old,
            1 => !is_behind && share >= 40,
            _ => false,
        });
        let host = if is_hostile {
            HOSTILE
        } else {
            *random.choose(&["www.fleet.example", "shop.fleet.example", "api.fleet.example"])
        };
        let microseconds = u64::from(NOW) * 1_000_000 + u64::from(number) * step;
        let time = u32::try_from(microseconds / 1_000_000).unwrap();
        let key = if seals == 0 { &old } else { &new };
        // a ticket of the old key is renewed once there is a new one
        let renews = offered.as_ref().is_some_and(|(key, _)| *key != seals);
        let given = (!taken || renews).then(|| ticket(key, &mut random, host, time));
        let mut wire = Arrangement {
            client: (0x0a09_0000 + number % 250, 20_000 + u16::try_from(number * 7 % 40_000).unwrap()),
            server: (0x0a14_0100 + 11 + server, 443),
            next: [u32::from_le_bytes(random.array()), u32::from_le_bytes(random.array())],
            microseconds,
            out: &mut out,
        };
        connection(
            &mut wire,
            &mut random,
            host,
            offered.as_ref().map(|(_, ticket)| ticket.as_slice()),
            taken,
            given.as_deref(),
        );
        issued.extend(given.map(|ticket| (seals, ticket)));
    }
    out
}

fn ticket(key: &[u8], random: &mut Random, host_name: &str, time: u32) -> Vec<u8> {
    let session = OpenSsl {
        is_tls13: false,
        session_id: &[],
        secret: &random.array(),
        time,
        session_id_context: &[7; 20],
        host_name,
        ticket_age_add: 0,
    };
    seal(key, &random.array(), &session.encode())
}

fn connection(
    wire: &mut Arrangement<'_>,
    random: &mut Random,
    host: &str,
    offered: Option<&[u8]>,
    taken: bool,
    given: Option<&[u8]>,
) {
    wire.packet(Side::Client, SYN, &[]);
    wire.packet(Side::Server, SYN | ACK, &[]);
    wire.packet(Side::Client, ACK, &[]);
    wire.send(Side::Client, &client_hello(random, host, offered));
    let mut server_hello = [&[3, 3][..], &random.array::<32>(), &[0, 0xc0, 0x30, 0]].concat();
    let ticket = given.map(|_| extension(35, &[])).unwrap_or_default();
    server_hello.extend(prefixed(2, &[extension(23, &[]), ticket].concat()));
    let finished = |random: &mut Random| [&CHANGE_CIPHER_SPEC[..], &record(HANDSHAKE, &random.bytes(40))].concat();
    let new_ticket = |ticket: &[u8]| message(4, &[&300_u32.to_be_bytes()[..], &prefixed(2, ticket)].concat());
    let given = given.map(new_ticket).unwrap_or_default();
    if taken {
        wire.send(Side::Server, &[message(2, &server_hello), given, finished(random)].concat());
        wire.send(Side::Client, &finished(random));
    } else {
        let certificate = prefixed(3, &prefixed(3, &random.bytes(60)));
        let exchange = [&[3, 0, 29, 32][..], &random.array::<32>(), &[4, 1, 0, 64], &random.bytes(64)].concat();
        let flight = [message(2, &server_hello), message(11, &certificate), message(12, &exchange), message(14, &[])];
        wire.send(Side::Server, &flight.concat());
        let key_exchange = message(16, &prefixed(1, &random.array::<32>()));
        wire.send(Side::Client, &[key_exchange, finished(random)].concat());
        wire.send(Side::Server, &[given, finished(random)].concat());
    }
    wire.packet(Side::Client, FIN | ACK, &[]);
    wire.packet(Side::Server, FIN | ACK, &[]);
    wire.packet(Side::Client, ACK, &[]);
}

fn client_hello(random: &mut Random, host: &str, ticket: Option<&[u8]>) -> Vec<u8> {
    let server_name = prefixed(2, &[&[0][..], &prefixed(2, host.as_bytes())].concat());
    let extensions = [
        extension(0, &server_name),
        extension(10, &[0, 2, 0, 29]),
        extension(13, &[0, 2, 4, 1]),
        extension(23, &[]),
        extension(35, ticket.unwrap_or_default()),
    ]
    .concat();
    let session_id = if ticket.is_some() { random.bytes(32) } else { Vec::new() };
    let body = [
        &[3, 3][..],
        &random.array::<32>(),
        &prefixed(1, &session_id),
        &prefixed(2, &[0xc0, 0x30]),
        &prefixed(1, &[0]),
        &prefixed(2, &extensions),
    ];
    message(1, &body.concat())
}
