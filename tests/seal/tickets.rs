//! Many tickets from one seed: realistic ones, damaged ones, and lines as programs and people write them.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use hmac::Hmac;
use sha2::Sha256;

use super::random::Random;
use super::session::{self, OpenSsl};

/// When all of it happens, seconds since 1970: the last ticket was issued just before.
pub const NOW: u32 = 1_795_420_800;

const DOMAINS: [&str; 4] =
    ["example.com", "shop.example.org", "api.internal.example.net", "a-longer-name.cdn.example.com"];

/// Key files of a size that [`Tickets`] knows.
pub fn keys(seed: u64, count: usize, size: usize) -> Vec<Vec<u8>> {
    let mut random = Random::new(seed);
    (0..count).map(|_| random.bytes(size)).collect()
}

/// Seals tickets, each under one of a number of keys.
#[derive(Debug, Clone)]
pub struct Tickets {
    random: Random,
    /// By their size: 48 or 80 bytes as nginx has them, 32 bytes of Go.
    keys: Vec<Vec<u8>>,
    session_id_context: [u8; 20],
    /// Sessions that are sealed now and then instead of fresh ones.
    others: Vec<Vec<u8>>,
}

impl Tickets {
    pub fn new(seed: u64, keys: Vec<Vec<u8>>) -> Self {
        let mut random = Random::new(seed);
        Self { session_id_context: random.array(), random, keys, others: Vec::new() }
    }

    /// With sessions of other kinds among those that are sealed.
    pub fn with_others(self, others: Vec<Vec<u8>>) -> Self {
        Self { others, ..self }
    }

    /// A ticket that opens.
    pub fn sealed(&mut self) -> Vec<u8> {
        let plaintext = self.plaintext();
        self.seal(&plaintext)
    }

    /// A ticket that opens, of TLS 1.2.
    pub fn sealed_tls12(&mut self) -> Vec<u8> {
        let plaintext = self.fresh(false);
        self.seal(&plaintext)
    }

    fn seal(&mut self, plaintext: &[u8]) -> Vec<u8> {
        let iv = self.random.array();
        let key = self.random.choose(&self.keys).clone();
        seal(&key, &iv, plaintext)
    }

    /// A ticket; of a hundred, five have a wrong MAC, five a name that is no key's, and some are broken otherwise.
    pub fn any(&mut self) -> Vec<u8> {
        let mut ticket = self.sealed();
        match self.random.below(100) {
            0..5 => {
                let bit = self.random.below(8 * 32);
                let mac = ticket.len() - 32;
                ticket[mac + bit / 8] ^= 1 << (bit % 8);
            }
            5..10 => self.random.fill(&mut ticket[..16]),
            10 => ticket.truncate(self.random.below(ticket.len())),
            11 => self.wrong_inside(&mut ticket, true),
            12 => self.wrong_inside(&mut ticket, false),
            _ => {}
        }
        ticket
    }

    /// A line of an input: as [`any`](Self::any) in hex, and now and then in another dress, or something else.
    pub fn line(&mut self) -> Vec<u8> {
        let ticket = self.any();
        let digits = hex::encode(&ticket);
        let separated = |by: &str| ticket.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(by);
        match self.random.below(64) {
            0 => String::new(),
            1 => separated(":"),
            2 => separated(" "),
            3 => digits.to_uppercase(),
            4 => format!("0x{digits}"),
            5 => format!("\"{digits}\""),
            6 => digits + "\r",
            7 => format!("17\t192.0.2.1\t{digits}"),
            8 => format!("{digits},{}", hex::encode(self.sealed())),
            9 => "<MISSING>".to_owned(),
            10 => BASE64.encode(&ticket),
            11 => BASE64URL_NOPAD.encode(&ticket),
            12 => digits.chars().skip(1).collect(),
            13 => digits.replacen('7', "?", 1),
            14 => hex::encode(self.random.array::<32>()),
            15 => hex::encode(self.plaintext()),
            _ => digits,
        }
        .into_bytes()
    }

    fn plaintext(&mut self) -> Vec<u8> {
        if !self.others.is_empty() && self.random.below(16) == 0 {
            return self.random.choose(&self.others).clone();
        }
        let is_tls13 = self.random.below(2) == 0;
        self.fresh(is_tls13)
    }

    /// A session of the last five minutes.
    fn fresh(&mut self, is_tls13: bool) -> Vec<u8> {
        let random = &mut self.random;
        let host_name = format!("h{}.{}", random.below(1_000_000), random.choose(&DOMAINS));
        let session_id: [u8; 32] = random.array();
        OpenSsl {
            is_tls13,
            session_id: if is_tls13 { &session_id } else { &[] },
            secret: &random.array(),
            time: NOW - u32::try_from(random.below(300)).unwrap(),
            session_id_context: &self.session_id_context,
            host_name: &host_name,
            ticket_age_add: u32::from_le_bytes(random.array()),
        }
        .encode()
    }

    /// Puts noise where the session was, under a MAC that is right; padding or not.
    fn wrong_inside(&mut self, ticket: &mut Vec<u8>, padded: bool) {
        let Some(key) = self.keys.iter().find(|key| ticket.starts_with(&key[..16])).cloned() else { return };
        let (iv, noise) = (self.random.array(), self.random.bytes(96));
        let (name, aes, mac) = parts(&key);
        let ciphertext = if padded { super::cbc(aes, &iv, &noise) } else { super::cbc_zeros(aes, &iv, &noise) };
        *ticket = [name, &iv, &ciphertext].concat();
        ticket.extend(super::hmac::<Hmac<Sha256>>(mac, ticket));
    }
}

/// Name, AES key and HMAC key in the orders of nginx.
fn parts(key: &[u8]) -> (&[u8], &[u8], &[u8]) {
    if key.len() == 48 { (&key[..16], &key[16..32], &key[32..]) } else { (&key[..16], &key[48..], &key[16..48]) }
}

/// Seals under a key of any size that is known.
pub fn seal(key: &[u8], iv: &[u8; 16], plaintext: &[u8]) -> Vec<u8> {
    if key.len() == 32 {
        return super::go(key, iv, plaintext, iv[0] % 2 == 0);
    }
    let (name, aes, mac) = parts(key);
    super::openssl(name, aes, |message| super::hmac::<Hmac<Sha256>>(mac, message), iv, plaintext)
}

/// A session of each dialect that no server of the corpus has, for [`Tickets::with_others`].
pub fn rare_sessions() -> Vec<Vec<u8>> {
    let secret = Random::new(1).array();
    vec![session::rfc5077(&secret), session::rustls(&secret), session::go(&secret, false), session::go(&secret, true)]
}
