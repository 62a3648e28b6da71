//! The search for keys in memory images, as a library: images of real servers, cut to the pages that hold their keys, and
//! keys that are planted anywhere.
// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::fs;
use std::path::{Path, PathBuf};

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeEncrypt, KeyIvInit, StreamCipher};
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sha2::{Digest, Sha256, Sha512};
use tktdump::search::{Clues, Finding, FoundKey, Image, Proof, Search, Secrets};

/// 2026-11-28T06:00:00Z, when the images were taken.
const TAKEN: i64 = 1_795_845_600;

fn search(image: &[u8], tickets: &[&[u8]], clues: &Clues) -> Vec<Finding> {
    search_in(Image::raw(image.len() as u64), image, tickets, clues)
}

fn search_in(runs: Image, image: &[u8], tickets: &[&[u8]], clues: &Clues) -> Vec<Finding> {
    let mut search = Search::new(tickets, clues, vec![runs]);
    while let Some(step) = search.next_step() {
        let mut hits = step.hits();
        for cut in (0..).map_while(|number| step.cut(number)) {
            let (start, end) = (usize::try_from(cut.read.start).unwrap(), usize::try_from(cut.read.end).unwrap());
            search.look(&step, &cut, &image[start..end], &mut hits);
        }
        search.take(hits);
    }
    search.findings()
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/keyfind");
    let mut cases: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    cases
}

/// Layout and places in the images of some servers.
const PLACES: [(&str, &str, &str, &[u64]); 8] = [
    ("nginx_default_tls12", "openssl", "hmac32 aes32", &[0xaad0]),
    ("envoy_default_tls12", "boringssl", "name16 hmac16 aes16", &[0x3808]),
    ("node22_default_tls13", "openssl", "name16 aes16 hmac16", &[0x3538]),
    ("h2o_default_tls12", "openssl", "name16 .. aes32 hmac64", &[0xbb0]),
    ("go119_default_tls12", "go", "name16 aes16 hmac16", &[0x7050, 0x70f0, 0x71e0]),
    ("go127_default_tls13", "go", "aes16 hmac16", &[0x2080, 0x2200, 0xc540]),
    ("gnutls_live_tls12", "gnutls", "name16 .. master64", &[0x3510, 0xa0b0]),
    ("rustls_ring_tls13", "rustls", "key32 .. name16", &[0xec8]),
];

#[test]
fn every_image_gives_its_key() {
    let clues = Clues { times: vec![TAKEN], thorough: false };
    let mut found_keys = 0;
    for case in cases() {
        let read = |name: &str| fs::read(case.join(name));
        let name = case.file_name().unwrap().to_str().unwrap();
        let found = search(&read("image.bin").unwrap(), &[&read("ticket.bin").unwrap()], &clues);
        match (read("expected.key"), read("aes256.key")) {
            (Ok(expected), _) => {
                assert_eq!(found.len(), 1, "{name}");
                assert_ne!(found[0].proof, Proof::AesOnly, "{name}");
                let file = found[0].key_file(None).unwrap();
                assert!(file.as_slice() == expected, "{name}: another key");
                found_keys += 1;
            }
            (_, Ok(aes)) => {
                assert_eq!((found.len(), found[0].proof), (1, Proof::AesOnly), "{name}");
                assert!(found[0].key_file(None).unwrap().as_slice() == aes, "{name}: another key");
            }
            _ => assert!(found.is_empty(), "{name}"),
        }
        if let Some((_, family, layout, offsets)) = PLACES.iter().find(|(case, ..)| *case == name) {
            let found = &found[0];
            assert_eq!((found.family, found.layout.as_str(), found.offsets.as_slice()), (*family, *layout, *offsets));
            assert_eq!((found.copies, found.address), (offsets.len() as u64, None), "{name}");
        }
    }
    assert!(found_keys >= PLACES.len());
}

const PLAIN: &[u8] = include_bytes!("../testdata/nginx80_tls13_0rtt/plain.der");
/// A session of Go up to 1.20.
const PLAIN_GO: &[u8] = include_bytes!("../testdata/go_tls13/plain.der");

/// What lies around a key.
#[derive(Debug, Clone, Copy)]
enum Background {
    Random,
    Zeros,
    Code,
}

fn background(kind: Background, length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    match kind {
        Background::Random => (0..length).map(|_| next()).collect(),
        Background::Zeros => vec![0; length],
        Background::Code => {
            let code = fs::read(std::env::current_exe().unwrap()).unwrap();
            let start = usize::try_from(seed).unwrap() % (code.len() - length);
            code[start..start + length].to_vec()
        }
    }
}

/// How the parts of a key lie in memory: which of them, and bytes between one and the next.
#[derive(Debug, Clone, Copy)]
enum Placed {
    NameHmacAes,
    NameAesHmac,
    /// The name elsewhere, as OpenSSL 3 has it.
    HmacAes,
    /// Bytes in between.
    AesFarHmac(usize),
}

/// A key, a ticket under it, and how it lies in memory.
#[derive(Clone)]
struct Planted {
    ticket: Vec<u8>,
    aes: Vec<u8>,
    mac: Vec<u8>,
    memory: Vec<u8>,
}

impl std::fmt::Debug for Planted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Planted(aes{}, hmac{}, {} bytes)", self.aes.len(), self.mac.len(), self.memory.len())
    }
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(message).finalize().into_bytes().to_vec()
}

fn openssl(random: &[u8], aes: usize, hmac: usize, placed: Placed) -> Planted {
    let (name, iv) = (&random[..16], &random[16..32]);
    let (aes, hmac) = (&random[32..32 + aes], &random[64..64 + hmac]);
    let ciphertext = match aes.len() {
        16 => cbc::Encryptor::<aes::Aes128>::new_from_slices(aes, iv).unwrap().encrypt_padded_vec::<Pkcs7>(PLAIN),
        _ => cbc::Encryptor::<aes::Aes256>::new_from_slices(aes, iv).unwrap().encrypt_padded_vec::<Pkcs7>(PLAIN),
    };
    let sealed = [name, iv, &ciphertext].concat();
    let ticket = [&sealed[..], &mac(hmac, &sealed)].concat();
    let memory = match placed {
        Placed::NameHmacAes => [name, hmac, aes].concat(),
        Placed::NameAesHmac => [name, aes, hmac].concat(),
        Placed::HmacAes => [hmac, aes].concat(),
        Placed::AesFarHmac(between) => [aes, &vec![0; between], hmac].concat(),
    };
    Planted { ticket, aes: aes.to_vec(), mac: hmac.to_vec(), memory }
}

fn go(random: &[u8], seed_too: bool) -> Planted {
    let seed = &random[..32];
    let derived = Sha512::digest(seed);
    let (aes, hmac, iv) = (&derived[16..32], &derived[32..48], &random[32..48]);
    let mut sealed = PLAIN_GO.to_vec();
    ctr::Ctr128BE::<aes::Aes128>::new_from_slices(aes, iv).unwrap().apply_keystream(&mut sealed);
    let sealed = [&derived[..16], iv, &sealed].concat();
    let ticket = [&sealed[..], &mac(hmac, &sealed)].concat();
    let seed_or_nothing = if seed_too { seed } else { &[] };
    let memory = [aes, hmac, &[0; 64], seed_or_nothing].concat();
    Planted { ticket, aes: aes.to_vec(), mac: hmac.to_vec(), memory }
}

fn planted() -> impl Strategy<Value = Planted> {
    let placed = prop_oneof![
        Just(Placed::NameHmacAes),
        Just(Placed::NameAesHmac),
        Just(Placed::HmacAes),
        (0..480_usize).prop_map(|words| Placed::AesFarHmac(8 * words)),
    ];
    let sizes = proptest::sample::select(vec![(16, 16), (32, 32), (16, 32), (32, 64)]);
    (any::<[u8; 32]>(), placed, sizes, 0..6_u8).prop_map(|(seed, placed, (aes, hmac), kind)| {
        // keys are random bytes, which the numbers of a failing case that is made smaller would not be
        let random: Vec<u8> = (0..4_u8).flat_map(|block| Sha256::digest([&seed[..], &[block]].concat())).collect();
        match kind {
            0 => go(&random, true),
            1 => go(&random, false),
            _ => openssl(&random, aes, hmac, placed),
        }
    })
}

fn around() -> impl Strategy<Value = Background> {
    proptest::sample::select(vec![Background::Random, Background::Zeros, Background::Code])
}

/// Whether the one finding is the key.
fn is_found(found: &[Finding], planted: &Planted) -> bool {
    let [finding] = found else { return false };
    let Secrets::Key(FoundKey::Known(key)) = &finding.secrets else { return false };
    let has = |part: &[u8]| key.bytes.windows(part.len()).any(|window| window == part);
    finding.proof == Proof::Mac && has(&planted.aes) && has(&planted.mac)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn a_planted_key_is_found(planted in planted(), around in around(), word in 0..1000_usize, seed in any::<u32>()) {
        let mut image = background(around, 8_300, seed.into());
        let at = 4 * word;
        image[at..at + planted.memory.len()].copy_from_slice(&planted.memory);
        let found = search(&image, &[&planted.ticket], &Clues::default());
        prop_assert!(is_found(&found, &planted));
    }

    #[test]
    fn a_planted_key_is_found_at_any_byte_if_every_byte_is_tried(
        planted in planted(),
        around in around(),
        at in 0..1000_usize,
        seed in any::<u32>(),
    ) {
        let mut image = background(around, 5000, seed.into());
        image[at..at + planted.memory.len()].copy_from_slice(&planted.memory);
        let found = search(&image, &[&planted.ticket], &Clues { thorough: true, times: Vec::new() });
        prop_assert!(is_found(&found, &planted));
    }

    #[test]
    fn nothing_is_found_where_nothing_is(planted in planted(), around in around(), seed in any::<u32>()) {
        let mut image = background(around, 3_000, seed.into());
        // the ticket itself is not its key
        image[2400..2400 + planted.ticket.len()].copy_from_slice(&planted.ticket);
        prop_assert!(search(&image, &[&planted.ticket], &Clues::default()).is_empty());
        // half of the key proves nothing
        image[800..800 + planted.aes.len()].copy_from_slice(&planted.aes);
        let found = search(&image, &[&planted.ticket], &Clues::default());
        prop_assert!(found.iter().all(|finding| finding.proof == Proof::AesOnly));
        let mut altered = planted.ticket.clone();
        *altered.last_mut().unwrap() ^= 1;
        // what lies farther apart than that is cut off
        let shown = planted.memory.len().min(1500);
        image[800..800 + shown].copy_from_slice(&planted.memory[..shown]);
        let found = search(&image, &[&altered], &Clues::default());
        prop_assert!(found.iter().all(|finding| finding.proof == Proof::AesOnly), "the MAC of this ticket is wrong");
    }
}

#[test]
fn a_key_across_pieces_is_found_and_its_copies_are_counted() {
    let random: Vec<u8> = (0..4_u8).flat_map(|block| Sha256::digest([7, block])).collect();
    let planted = openssl(&random, 32, 32, Placed::HmacAes);
    // pieces meet at 1 MiB
    for at in [(1 << 20) - 64, (1 << 20) - 36, (1 << 20) - 4, 1 << 20] {
        let mut image = vec![0; (2 << 20) + 100];
        for at in [at, at + 4096, 64] {
            image[at..at + 64].copy_from_slice(&planted.memory);
        }
        let found = search(&image, &[&planted.ticket], &Clues::default());
        assert!(is_found(&found, &planted), "{at}");
        assert_eq!((found[0].copies, found[0].offsets[0], found[0].offsets[1]), (3, 64, at as u64));
    }
}

#[test]
fn several_tickets_are_grouped_by_key_name() {
    let read = |case: &str, file: &str| fs::read(format!("testdata/keyfind/{case}/{file}")).unwrap();
    let image = [read("node22_default_tls13", "image.bin"), read("envoy_default_tls12", "image.bin")].concat();
    let [node, envoy, nginx] =
        ["node22_default_tls13", "envoy_default_tls12", "nginx_default_tls12"].map(|case| read(case, "ticket.bin"));
    let mut other = node.clone();
    other[40] ^= 1;
    let found = search(&image, &[&nginx, &node, &envoy, &other], &Clues::default());
    let tickets: Vec<_> = found.iter().map(|finding| finding.tickets.clone()).collect();
    // a ticket that was altered has the name of the key anyway
    assert_eq!(tickets, [vec![1, 3], vec![2]]);
}

#[test]
fn an_address_beside_the_name_leads_to_the_key() {
    // in a page so full of code that it would be looked at last, and off the grid
    let random: Vec<u8> = (0..4_u8).flat_map(|block| Sha256::digest([9, block])).collect();
    let planted = openssl(&random, 32, 32, Placed::HmacAes);
    let mut image = vec![0; 64 * 4096];
    image[4096..4112].copy_from_slice(&planted.ticket[..16]);
    image[4112..4120].copy_from_slice(&0x7f00_0003_2001_u64.to_le_bytes());
    image[0x32001..0x32041].copy_from_slice(&planted.memory);
    let runs = vec![tktdump::search::Run { offset: 0, length: image.len() as u64, address: Some(0x7f00_0000_0000) }];
    let found = search_in(Image::new(runs), &image, &[&planted.ticket], &Clues::default());
    assert!(is_found(&found, &planted));
    assert_eq!((found[0].offsets.as_slice(), found[0].address), (&[0x32001][..], Some(0x7f00_0003_2001)));
    // without addresses, an odd place is for a thorough search
    assert!(search(&image, &[&planted.ticket], &Clues::default()).is_empty());
}

/// Tickets of the families that seal with an AEAD: case, format of its key file, what lies in memory.
const AEAD_CASES: [(&str, &str, &str); 13] = [
    ("mbedtls228_tls12_gcm256", "mbedtls", "key32"),
    ("mbedtls34_tls12_cert", "mbedtls", "key32"),
    ("mbedtls36_tls13_gcm256", "mbedtls", "key32"),
    ("mbedtls228_tls12_ccm128", "mbedtls", "key16"),
    ("mbedtls36_tls12_ccm256", "mbedtls", "key32"),
    ("mbedtls36_tls13_chacha", "mbedtls", "key32"),
    ("s2n1418_tls12", "s2n", "key32 data12"),
    ("s2n177_tls12", "s2n", "key32 data12"),
    ("s2n177_tls13", "s2n", "key32 data12"),
    ("wolfssl594_tls12_def", "wolfssl", "key32"),
    ("wolfssl594_tls13_gcm", "wolfssl", "key32"),
    ("rustls02310_ring_tls12", "rustls", "key32"),
    ("otp25_tls13", "otp", "nonce16 key32"),
];

#[test]
fn the_key_of_an_aead_is_found_and_its_file_opens_the_ticket() {
    for (case, format, layout) in AEAD_CASES {
        let read = |name: &str| fs::read(format!("testdata/{case}/{name}")).unwrap();
        let (ticket, format) = (read("ticket.bin"), tktdump::key::formats::by_name(format).unwrap());
        let keys = format.read(&read("ticket.key")).unwrap();
        let opens = |key: &tktdump::key::format::KeyBytes| {
            let parts = key.layout;
            let secret = &key.bytes[parts.size() - parts.aes - parts.hmac..];
            let (key_bytes, second) = match parts.order {
                tktdump::key::layout::Order::NonceKey => (&secret[parts.hmac..], &secret[..parts.hmac]),
                _ => secret.split_at(parts.aes),
            };
            tktdump::key::seals(&key.scheme, key_bytes, second, &ticket)
        };
        let key = keys.iter().find(|key| opens(key)).unwrap();
        let secret = &key.bytes[key.layout.size() - key.layout.aes - key.layout.hmac..];
        for around in [Background::Random, Background::Zeros, Background::Code] {
            // a ticket may have a length of OpenSSL's by chance: then pages like these are for a thorough search
            let clues = Clues {
                thorough: matches!(around, Background::Random) && case.starts_with("rustls02310"),
                times: Vec::new(),
            };
            let mut image = background(around, 10_000, 77);
            image[4096..4096 + ticket.len()].copy_from_slice(&ticket);
            assert!(search(&image, &[&ticket], &clues).is_empty(), "{case}");
            image[9128..9128 + secret.len()].copy_from_slice(secret);
            let found = search(&image, &[&ticket], &clues);
            assert_eq!(found.len(), 1, "{case} {around:?}");
            let finding = &found[0];
            assert_eq!((finding.proof, finding.family, finding.mac), (Proof::Aead, format.name(), None), "{case}");
            assert_eq!((finding.layout.as_str(), &finding.offsets[..]), (layout, &[9128][..]), "{case}");
            // the file that is written is one that the library's format takes, and it opens the ticket
            let written = format.read(&finding.key_file(None).unwrap()).unwrap();
            assert!(written.iter().any(opens), "{case}");
            assert!(finding.fingerprint().is_some());
        }
    }
}

#[test]
fn the_key_of_botan_is_found() {
    for case in ["botan219_12", "botan37_13"] {
        let read = |kind: &str| fs::read(format!("testdata/shapes/{case}.{kind}")).unwrap();
        let (ticket, key) = (read("bin"), read("key"));
        for around in [Background::Random, Background::Zeros, Background::Code] {
            let mut image = background(around, 9_000, 78);
            image[5000..5000 + ticket.len()].copy_from_slice(&ticket);
            assert!(search(&image, &[&ticket], &Clues::default()).is_empty(), "{case}");
            image[1004..1036].copy_from_slice(&key);
            let found = search(&image, &[&ticket], &Clues::default());
            assert_eq!((found.len(), found[0].family, found[0].layout.as_str()), (1, "botan", "key32"));
            assert_eq!((&found[0].offsets[..], found[0].proof), (&[1004][..], Proof::Aead));
            assert_eq!(found[0].key_name.unwrap().as_bytes(), &ticket[8..12]);
            assert!(found[0].key_file(None).unwrap().as_slice() == key);
        }
    }
}

#[test]
fn the_key_of_jsse_is_found() {
    // 32 bytes of key, and tickets as JDK 21 and JDK 25 seal them
    use aes_gcm::aead::consts::U16;
    use aes_gcm::aead::{Aead, KeyInit as _, Payload};
    type Aes256Gcm16 = aes_gcm::AesGcm<aes::Aes256, U16>;
    let random: Vec<u8> = (0..4_u8).flat_map(|block| Sha256::digest([11, block])).collect();
    let (key, number, iv) = (&random[..32], &random[32..36], &random[36..52]);
    for (header, aad) in [(&[][..], number), (&[0][..], &[][..])] {
        let nonce = aes_gcm::aead::Nonce::<Aes256Gcm16>::try_from(iv).unwrap();
        let session = [&[3, 4, 0x13, 1][..], &random[52..]].concat();
        let sealed = Aes256Gcm16::new_from_slice(key).unwrap();
        let sealed = sealed.encrypt(&nonce, Payload { msg: &session, aad }).unwrap();
        let ticket = [number, iv, header, &sealed].concat();
        let mut image = background(Background::Random, 16_000, 3);
        assert!(search(&image, &[&ticket], &Clues::default()).is_empty());
        image[1000..1032].copy_from_slice(key);
        let found = search(&image, &[&ticket], &Clues::default());
        assert_eq!((found.len(), found[0].family, found[0].layout.as_str()), (1, "jsse", "key32"));
        assert_eq!(found[0].key_file(None).unwrap().as_slice(), key);
    }
}
