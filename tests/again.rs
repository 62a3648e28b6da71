//! Records that are made of what an earlier one left: byte for byte those that are made anew.
// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod seal;

use std::collections::HashMap;

use seal::random::Random;
use tktdump::input::Item;
use tktdump::key::file::read_auto;
use tktdump::key::ring::KeyRing;
use tktdump::open::Opener;
use tktdump::record::{Place, Source, examine};
use tktdump::report::{Page, json};

const NOW: i64 = 1_795_420_800;

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let [high, low] = length.to_be_bytes();
    match length {
        0..0x80 => [&[tag, low], content].concat(),
        0x80..0x100 => [&[tag, 0x81, low], content].concat(),
        _ => [&[tag, 0x82, high, low], content].concat(),
    }
}

fn pick<'a>(random: &mut Random, all: &[&'a [u8]]) -> &'a [u8] {
    all[random.below(all.len())]
}

fn random_bytes(random: &mut Random, lengths: &[usize]) -> Vec<u8> {
    let length = *random.choose(lengths);
    random.bytes(length)
}

/// A session whose own members are of many values, and whose others are of few; if it is a `wild` one, its own are also
/// of many lengths, a member may be missing, of the wrong type or there twice, and there may be one that hardly any has.
fn session(random: &mut Random, wild: bool) -> Vec<u8> {
    let mut chance = |of: usize| wild && random.below(of) == 0;
    let mut tags = vec![1, 2, 4, 6, 13, 14, 16, 19];
    tags.retain(|_| !chance(12));
    let (other, wrong) = (chance(4), chance(4));
    if other {
        tags.insert(random.below(tags.len()), random.below(22).try_into().unwrap());
    }
    let wrong = if wrong { *random.choose(&tags) } else { u8::MAX };
    let protocol = pick(random, &[&[3, 3], &[3, 4]]);
    let cipher = pick(random, &[&[0xc0, 0x2f], &[0x13, 1]]);
    let id = random_bytes(random, &[0, 32]);
    let secret = random_bytes(random, if wild { &[48, 32] } else { &[48] });
    let body = [element(2, &[1]), element(2, protocol), element(4, cipher), element(4, &id), element(4, &secret)];
    let members = tags.into_iter().map(|tag| {
        let inner = match tag {
            1 | 14 if wild && tag != wrong => element(2, &random_bytes(random, &[1, 4, 4, 5, 8, 9])),
            1 => element(2, &[&[0x6b, 0x03], &random.bytes(2)[..]].concat()),
            14 => element(2, &[&[0x6b], &random.bytes(3)[..]].concat()),
            6 if wild => element(4, &random_bytes(random, &[0, 5, 9])),
            6 => element(4, format!("host-{}", random.below(1000)).as_bytes()),
            2 if tag != wrong => element(2, pick(random, &[&[1], &[2]])),
            _ if matches!(tag, 2 | 5 | 9 | 13 | 15 | 17 | 19) != (tag == wrong) => element(2, &[1]),
            4 => element(4, pick(random, &[b"h2", b"h3"])),
            _ => element(4, b"h2"),
        };
        element(0xa0 | tag, &inner)
    });
    let members = members.collect::<Vec<_>>().concat();
    element(0x30, &[&body.concat()[..], &members].concat())
}

/// A byte of it is another one, or it ends elsewhere.
fn damage(plaintext: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(plaintext.len());
    match random.below(8) {
        0 => plaintext.truncate(at),
        1 => plaintext.push(0),
        _ => plaintext[at] ^= 1 << random.below(8),
    }
}

fn seal(key: &[u8], plaintext: &[u8], random: &mut Random) -> Vec<u8> {
    let mac = |message: &[u8]| seal::hmac::<hmac::Hmac<sha2::Sha256>>(&key[32..48], message);
    seal::openssl(&key[..16], &key[16..32], mac, &random.array(), plaintext)
}

#[test]
fn a_record_is_the_same_whether_an_earlier_one_was_like_it_or_not() {
    let mut random = Random::new(11);
    let key = random.bytes(48);
    let ring = KeyRing::new(vec![("ticket.key".into(), read_auto(&key).unwrap())]);
    let (opener, kept, source) =
        (Opener::new(&ring).no_verify(true), json::Kept::new(&ring), Source::from("a \"list\""));
    let (mut buffer, mut before) = (Vec::new(), session(&mut random, false));
    let mut again: HashMap<bool, u32> = HashMap::new();
    for index in 0..12_000 {
        let wild = random.below(20) == 0;
        let mut plaintext = if random.below(4) > 0 { session(&mut random, wild) } else { before.clone() };
        if random.below(12) == 0 {
            damage(&mut plaintext, &mut random);
        }
        let mut ticket = seal(&key, &plaintext, &mut random);
        if random.below(20) == 0 {
            // shown as unverified
            *ticket.last_mut().unwrap() ^= 1;
        }
        before = plaintext;
        // another ticket beside it, since two are checked in step
        let [checked, _] = opener.check_two([&ticket, &ticket]);
        let line = (index % 3 > 0).then_some(index + 1);
        let place = Place { source: &source, index, line, packet: None };
        let (now, redact) = (NOW + i64::try_from(random.below(600)).unwrap(), random.below(3) == 0);
        let renderer = json::Renderer { kept: &kept, now, redact };
        let (mut page, mut other) = (Page::new(), Page::new());
        let quick = renderer.again(&place, &checked, &mut buffer, &mut page);
        *again.entry(quick).or_default() += 1;
        if !quick {
            assert!(page.is_empty());
            let mut buffer = Vec::new();
            renderer.ticket(&examine(place, &Item::Ticket(&ticket), &opener, &mut buffer), &mut page);
        }
        let mut buffer = Vec::new();
        let record = examine(place, &Item::Ticket(&ticket), &opener, &mut buffer);
        json::Renderer { kept: &json::Kept::new(&ring), now, redact }.ticket(&record, &mut other);
        assert_eq!(String::from_utf8_lossy(&page), String::from_utf8_lossy(&other), "{}", hex::encode(&before));
    }
    assert!(again[&true] > 6000 && again[&false] > 1000, "{again:?}");
}
