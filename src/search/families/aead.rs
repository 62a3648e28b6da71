//! The families that seal with an AEAD: one secret, which the tag of a ticket proves. What a family does with it is said by
//! its [scheme](BARE_SCHEMES); here stands how its secret lies in memory. JSSE is here too, whose keys no file carries.

use aes::{Aes128Enc, Aes192Enc, Aes256Enc};
use cbc::cipher::{BlockCipherEncrypt, KeyInit};
use zeroize::Zeroizing;

use crate::key;
use crate::key::format::KeyBytes;
use crate::key::formats::BARE_SCHEMES;
use crate::key::layout::{Layout, Order};
use crate::key::scheme::{Algorithm, AssociatedData, Derivation, KeySource, Protection, Scheme, Sealing};
use crate::search::lock::{BareKey, Block, Clues, Cost, FoundKey, Lock, WholeLock, Worth};
use crate::ticket::{Arrangement, Frame, Shape, TAG_LENGTH, Ticket};

/// Bytes that s2n-tls puts under the tag beside the ticket (`S2N_TICKET_AAD_IMPLICIT_LEN`), which lie behind the key.
const S2N_DATA: usize = 12;
/// Bytes of Erlang/OTP's nonce of all tickets, which lies before the key if both come from a seed.
const OTP_NONCE: usize = 16;

/// JSSE (`SessionTicketExtension.java` in `sun.security.ssl`): up to JDK 21 the tag covers the number of the key; in JDK 25
/// a byte more tells whether the session is compressed, and the tag covers neither.
const JSSE: [Scheme; 2] = [
    jsse(&[Arrangement::Aead(JSSE_FRAME)], AssociatedData::Name),
    jsse(&[Arrangement::Aead(Frame { unused: 1, ..JSSE_FRAME })], AssociatedData::Nothing),
];
const JSSE_FRAME: Frame = Frame { name: 4, nonce: 16, ..Frame::BARE };

const fn jsse(arrangements: &'static [Arrangement], data: AssociatedData) -> Scheme {
    let sealing = Sealing { algorithm: Algorithm::AesGcmLongNonce, data, key: KeySource::Itself, shortest: 60 };
    Scheme { protection: Protection::Aead(sealing), arrangements, derivation: Derivation::None }
}

pub(super) fn locks(ticket: &[u8], _: &Clues) -> Vec<Lock> {
    let shape = Shape::of(ticket);
    let known = BARE_SCHEMES.iter().filter(|(format, scheme)| may_be(format, scheme, shape, ticket));
    let known = known.flat_map(|(format, scheme)| {
        let lengths = key_lengths(format, scheme).iter();
        lengths.map(move |&length| lock(scheme, layout(format, length), ticket))
    });
    let jsse = JSSE.iter().filter(|_| shape.may_be_unmarked()).map(|scheme| jsse_lock(scheme, ticket));
    known.chain(jsse).map(Lock::Whole).collect()
}

/// Whether a family can have sealed a ticket.
fn may_be(format: &str, scheme: &Scheme, shape: Shape, ticket: &[u8]) -> bool {
    let splits = |arrangement: &Arrangement| Ticket::split_as(ticket, *arrangement, TAG_LENGTH).is_ok();
    let is_marked = |arrangement: &Arrangement| arrangement.is_marked() && splits(arrangement);
    match format {
        // the length may be that of another family by chance
        "rustls" => true,
        "s2n" => matches!(shape, Shape::S2n | Shape::S2nUntil1_4 | Shape::GoOrS2n),
        "otp" => shape.may_be_unmarked(),
        _ => scheme.arrangements.iter().any(is_marked),
    }
}

/// Bytes of the key, by the family's choice of ciphers.
fn key_lengths(format: &str, scheme: &Scheme) -> &'static [usize] {
    let Protection::Aead(sealing) = scheme.protection else { return &[] };
    match (sealing.algorithm, format) {
        (Algorithm::AesGcm | Algorithm::AesCcm, "mbedtls") => &[32, 16, 24],
        (Algorithm::AesGcm, "wolfssl") => &[32, 16],
        _ => &[32],
    }
}

/// How key and what belongs to it follow each other.
fn layout(format: &str, key: usize) -> Layout {
    let (order, hmac) = match format {
        "s2n" => (Order::KeyData, S2N_DATA),
        "otp" => (Order::NonceKey, OTP_NONCE),
        // files of the others need no name
        "wolfssl" => (Order::NameKey, 0),
        _ => (Order::Key, 0),
    };
    Layout { order, aes: key, hmac }
}

fn lock(scheme: &'static Scheme, layout: Layout, ticket: &[u8]) -> WholeLock {
    let length = layout.aes + layout.hmac;
    let name = ticket.get(..layout.size() - length).unwrap_or_default().to_vec();
    let with_name = move |secret: &[u8]| {
        let bytes = Zeroizing::new([name.as_slice(), secret].concat());
        KeyBytes::new(0, &bytes, layout).with_scheme(*scheme)
    };
    let ticket = ticket.to_vec();
    let filter = Filter::new(scheme, &ticket);
    let worth = worth(scheme, &ticket);
    let opens = move |secret: &[u8]| {
        let at = if layout.order == Order::NonceKey { layout.hmac } else { layout.aes };
        let Some((one, other)) = secret.split_at_checked(at) else { return false };
        let (key, second) = if layout.order == Order::NonceKey { (other, one) } else { (one, other) };
        filter.as_ref().is_none_or(|filter| filter.lets_pass(key)) && key::seals(scheme, key, second, &ticket)
    };
    let make = move |secret: &[u8]| FoundKey::Known(with_name(secret));
    let cost = if worth.is_some() { Cost::Least } else { Cost::Low };
    WholeLock { length, step: 1, cost, worth, opens: Box::new(opens), make: Box::new(make) }
}

fn jsse_lock(scheme: &'static Scheme, ticket: &[u8]) -> WholeLock {
    let ticket = ticket.to_vec();
    let opens = move |secret: &[u8]| key::seals(scheme, secret, &[], &ticket);
    let make = |secret: &[u8]| {
        FoundKey::Bare(BareKey {
            has_name: false,
            family: "jsse",
            layout: "key32",
            cipher: "AES-256-GCM",
            bytes: Zeroizing::new(secret.to_vec()),
        })
    };
    WholeLock { length: 32, step: 1, cost: Cost::Low, worth: None, opens: Box::new(opens), make: Box::new(make) }
}

/// What the bytes of a key are that is more than that of the cipher, by their number.
pub(in crate::search) fn parts_of(length: usize) -> Option<&'static str> {
    match length {
        44 => Some("key32 data12"),
        48 => Some("nonce16 key32"),
        _ => None,
    }
}

/// Whose tickets a scheme seals, such as `mbedtls`; `None` for the families that prove with a MAC.
pub(in crate::search) fn family_of(scheme: &Scheme) -> Option<&'static str> {
    BARE_SCHEMES.iter().find(|(_, known)| known == scheme).map(|(format, _)| *format)
}

/// What one AES block tells: the first bytes of the session, which begins with numbers of few values. Most candidates end
/// here, at a tenth of what the tag costs.
struct Filter {
    counter: Block,
    sealed: Block,
}

impl Filter {
    /// `None` if one block does not decide: another cipher, a key or a nonce that is derived, a family that sends no length.
    fn new(scheme: &Scheme, ticket: &[u8]) -> Option<Self> {
        let Protection::Aead(sealing) = scheme.protection else { return None };
        let &[arrangement] = scheme.arrangements else { return None };
        let split = Ticket::split_as(ticket, arrangement, TAG_LENGTH).ok()?;
        let nonce: &[u8; 12] = split.iv().try_into().ok()?;
        let (before, after): (&[u8], &[u8]) = match sealing.algorithm {
            // SP 800-38D section 7.1: the block after that of the tag
            Algorithm::AesGcm => (&[], &[0, 0, 0, 2]),
            // RFC 3610 section 2.3: the length field has 3 bytes
            Algorithm::AesCcm => (&[2], &[0, 0, 1]),
            _ => return None,
        };
        let counter = [before, nonce, after].concat().try_into().ok()?;
        Some(Self { counter, sealed: *split.ciphertext().first_chunk()? })
    }

    fn lets_pass(&self, key: &[u8]) -> bool {
        let made = encrypt::<Aes256Enc>(key, self.counter)
            .or_else(|| encrypt::<Aes128Enc>(key, self.counter))
            .or_else(|| encrypt::<Aes192Enc>(key, self.counter));
        made.is_some_and(|mut block| {
            block.iter_mut().zip(self.sealed).for_each(|(byte, sealed)| *byte ^= sealed);
            block.first_chunk().copied().is_some_and(may_begin)
        })
    }
}

/// What the first bytes of a session tell of keys of `ChaCha20`; `None` for another cipher, and for a key or a nonce that
/// is derived.
fn worth(scheme: &Scheme, ticket: &[u8]) -> Option<Worth> {
    let Protection::Aead(sealing) = scheme.protection else { return None };
    let is_direct = sealing.algorithm == Algorithm::ChaCha20Poly1305 && sealing.key == KeySource::Itself;
    let &[arrangement] = scheme.arrangements else { return None };
    let split = Ticket::split_as(ticket, arrangement, TAG_LENGTH).ok().filter(|_| is_direct)?;
    let word = |at: usize| split.iv().get(at..)?.first_chunk().copied().map(u32::from_le_bytes);
    let nonce = [word(0)?, word(4)?, word(8)?];
    let sealed: Begin = *split.ciphertext().first_chunk()?;
    // RFC 8439 section 2.8: block 0 makes the key of the tag
    Some(Box::new(move |keys| {
        keys.keystream(1, nonce).map(|mut begin| {
            begin.iter_mut().zip(sealed).for_each(|(byte, sealed)| *byte ^= sealed);
            may_begin(begin) || may_begin_rustls(begin)
        })
    }))
}

fn encrypt<C: BlockCipherEncrypt + KeyInit>(key: &[u8], block: Block) -> Option<Block> {
    let cipher = C::new_from_slice(key).ok()?;
    let mut block = cbc::cipher::Array::try_from(&block[..]).ok()?;
    cipher.encrypt_block(&mut block);
    block.as_slice().try_into().ok()
}

/// The first bytes of a session.
type Begin = [u8; 8];

/// Whether a session of Mbed TLS or of `wolfSSL` can begin like that: with the version of the library, up to 2.18 with a
/// time of 8 bytes in the machine's order; with the version of the protocol.
fn may_begin(begin: Begin) -> bool {
    matches!(begin, [2..=9, 0..=99, 0..=99, ..] | [_, _, _, _, 0, 0, 0, 0] | [3, 1..=4, ..])
}

/// Whether a session of rustls can: without or with a host name, and with the version first, as 0.24 writes it.
fn may_begin_rustls(begin: Begin) -> bool {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
    match begin {
        [0, 3, 3 | 4, ..] | [3, 3 | 4, 0, 0, 0, 0, ..] => true,
        [1, length, name @ ..] if length > 0 => name.iter().take(length.into()).all(is_name),
        _ => false,
    }
}
