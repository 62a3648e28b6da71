//! The mark of a session: all that its parts are made of, in a few numbers that are compared at once.

use super::{Cipher, Dialect, Protocol, Session, SessionSecret};

/// Bytes of the longest session ID context (`SSL_MAX_SID_CTX_LENGTH` in OpenSSL's `include/openssl/ssl.h`).
const LONGEST_CONTEXT: usize = 32;

/// The members that are there or not, each a bit.
const KEX_GROUP: u64 = 1 << 9;
const FLAGS: u64 = 1 << 8;
const COMPRESSION: u64 = 1 << 7;
const MAX_FRAGMENT_LENGTH_MODE: u64 = 1 << 6;
const VERIFY_RESULT: u64 = 1 << 5;
const SESSION_ID_CONTEXT: u64 = 1 << 4;
const MAX_EARLY_DATA: u64 = 1 << 3;
const TICKET: u64 = 1 << 2;
const KRB5_PRINCIPAL: u64 = 1 << 1;
const KEY_ARG: u64 = 1;

/// What the parts of a session ([`Part`](super::Part)) are made of: [`Mark::session`] is a session with the same parts
/// and nothing else, so that texts written from it can depend on nothing that is not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark<'s> {
    /// As far as it is numbers.
    pub(crate) numbers: [u64; 8],
    /// And as far as it is bytes.
    pub(crate) context: &'s [u8],
}

impl Mark<'_> {
    fn there(&self) -> u64 {
        self.numbers[1] >> 16 & 0xffff
    }

    fn has(&self, member: u64) -> bool {
        self.there() & member != 0
    }

    /// The cipher suite, for [`session`](Self::session).
    pub(crate) fn cipher(&self) -> Vec<u8> {
        // a 1 goes ahead of its bytes
        let bytes = (self.numbers[1] >> 32).to_be_bytes();
        bytes.into_iter().skip_while(|byte| *byte == 0).skip(1).collect()
    }

    /// A session with the parts that this is the mark of, and nothing else; `cipher` is [`cipher`](Self::cipher).
    pub(crate) fn session<'b>(&'b self, cipher: &'b [u8]) -> Session<'b> {
        let [kind, flags, tags, values @ ..] = self.numbers;
        let is_openssl = kind & 0xff == Dialect::OpenSsl as u64;
        let dialect = if is_openssl { Dialect::OpenSsl } else { Dialect::BoringSsl };
        let protocol = Protocol((kind >> 8 & 0xffff) as u16);
        let flag = |place: u32| match flags >> (8 + 2 * place) & 3 {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        };
        let value = |member, number: u64| self.has(member).then_some(i64::from_ne_bytes(number.to_ne_bytes()));
        let empty = |member| self.has(member).then_some(&[][..]);
        let [number_of_flags, kex_group, max_fragment_length_mode, verify_result, max_early_data] = values;
        Session {
            cipher: Cipher(cipher),
            kex_group: value(KEX_GROUP, kex_group),
            flags: value(FLAGS, number_of_flags),
            compression: self.has(COMPRESSION).then_some(flags.to_le_bytes()[0]),
            max_fragment_length_mode: value(MAX_FRAGMENT_LENGTH_MODE, max_fragment_length_mode),
            verify_result: value(VERIFY_RESULT, verify_result),
            session_id_context: self.has(SESSION_ID_CONTEXT).then_some(self.context),
            max_early_data: value(MAX_EARLY_DATA, max_early_data),
            ticket: empty(TICKET),
            krb5_principal: empty(KRB5_PRINCIPAL),
            key_arg: empty(KEY_ARG),
            extended_master_secret: flag(2),
            encrypt_then_mac: flag(1),
            early_data: flag(0),
            tags,
            ..Session::new(dialect, &[], protocol, SessionSecret::MasterSecret(&[]))
        }
    }
}

impl Session<'_> {
    /// What its parts are made of, if that is little: in an `SSL_SESSION` without what `BoringSSL` adds.
    pub(crate) fn mark(&self) -> Option<Mark<'_>> {
        if !self.dialect.is_ssl_session() || self.boringssl.is_some() {
            return None;
        }
        let there = [
            self.kex_group.is_some(),
            self.flags.is_some(),
            self.compression.is_some(),
            self.max_fragment_length_mode.is_some(),
            self.verify_result.is_some(),
            self.session_id_context.is_some(),
            self.max_early_data.is_some(),
            self.ticket.is_some(),
            self.krb5_principal.is_some(),
            self.key_arg.is_some(),
        ];
        let there = there.into_iter().fold(0, |bits, there| bits << 1 | u64::from(there));
        let flags = [self.extended_master_secret, self.encrypt_then_mac, self.early_data];
        let flags = flags.into_iter().fold(0, |bits, flag| bits << 2 | flag.map_or(2, u64::from));
        let cipher = self.cipher.0.iter().fold(1, |number, &byte| number << 8 | u64::from(byte));
        let value = |number: Option<i64>| number.map_or(0, |number| u64::from_ne_bytes(number.to_ne_bytes()));
        let numbers = [
            u64::from(self.protocol.0) << 8 | self.dialect as u64,
            cipher << 32 | there << 16 | flags << 8 | u64::from(self.compression.unwrap_or(0)),
            // who may have written it shows in these
            self.tags,
            value(self.flags),
            value(self.kex_group),
            value(self.max_fragment_length_mode),
            value(self.verify_result),
            value(self.max_early_data),
        ];
        let context = self.session_id_context.unwrap_or_default();
        // what is longer than OpenSSL allows is nothing to keep
        (context.len() <= LONGEST_CONTEXT).then_some(Mark { numbers, context })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::fmt::Write as _;

    use super::*;
    use crate::session::field::Field;
    use crate::session::{Part, Value, View, Visitor};

    /// What a visitor sees, as text.
    #[derive(Default)]
    struct Seen(String);

    impl Visitor for Seen {
        fn field(&mut self, field: &'static Field, value: Value<'_>) {
            write!(self.0, "{}={value:?};", field.key).unwrap();
        }
    }

    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 >> 11).unwrap() % limit
        }

        fn of<T: Copy>(&mut self, all: &[T]) -> T {
            all[self.below(all.len())]
        }
    }

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    /// An `SSL_SESSION` of members that parts are made of, some of the wrong type.
    fn session(random: &mut Random) -> Vec<u8> {
        let protocol: &[u8] = random.of(&[&[3, 3][..], &[3, 4], &[2], &[0, 0xfe, 0xfd]]);
        let cipher: &[u8] = random.of(&[&[0xc0, 0x2f][..], &[0, 0], &[0, 0, 0], &[1, 0, 0x80]]);
        let fixed = [element(2, &[1]), element(2, protocol), element(4, cipher), element(4, &[]), element(4, &[7; 48])];
        let mut body = fixed.concat();
        for tag in [0x04, 0x80] {
            if random.below(6) == 0 {
                body.extend(element(tag, b"old"));
            }
        }
        let mut tags: Vec<u8> =
            random.of(&[&[4, 5][..], &[4, 5, 10], &[5, 11, 13], &[4, 13, 15, 17, 19], &[17, 18], &[24]]).to_vec();
        tags.push(random.of(&[0, 1, 5, 11, 13, 15, 17, 19, 20, 27]));
        tags.sort_unstable();
        for tag in tags {
            let is_number = matches!(tag, 1 | 5 | 13..=15 | 17 | 19) != (random.below(40) == 0);
            let inner = match tag {
                11 => element(4, random.of(&[&[][..], &[0], &[1], &[1, 2]])),
                _ if is_number => element(2, random.of(&[&[0][..], &[1], &[0xff], &[0, 0xff], &[18]])),
                _ => element(4, random.of(&[&[][..], b"\0", b"haproxy", &[0x80; 20], &[0x80; 40]])),
            };
            body.extend(element(0xa0 | tag, &inner));
        }
        [&[0x30, 0x81, u8::try_from(body.len()).unwrap()], &body[..]].concat()
    }

    #[test]
    fn sessions_with_equal_marks_have_equal_parts_and_no_secret_in_them() {
        let mut random = Random(0x1234_5678_9abc_def1);
        let mut known: HashMap<([u64; 8], Vec<u8>), String> = HashMap::new();
        let mut again = 0;
        for _ in 0..60_000 {
            let der = session(&mut random);
            let Ok(session) = Session::parse(&der) else { continue };
            let Some(mark) = session.mark() else { continue };
            let [plain, redacted] = [false, true].map(|redact| {
                let (view, mut seen) = (View { session: &session, now: 0, redact }, Seen::default());
                for part in Part::ALL {
                    view.visit_part(part, &mut seen);
                    seen.0.push('|');
                }
                seen.0
            });
            assert_eq!(plain, redacted);
            let cipher = mark.cipher();
            let (alike, mut seen) = (mark.session(&cipher), Seen::default());
            for part in Part::ALL {
                View { session: &alike, now: 0, redact: true }.visit_part(part, &mut seen);
                seen.0.push('|');
            }
            assert_eq!(seen.0, plain, "{}", hex::encode(&der));
            let before = known.entry((mark.numbers, mark.context.to_vec())).or_insert_with(|| plain.clone());
            assert_eq!(*before, plain, "{}", hex::encode(&der));
            again += usize::from(*before == plain);
        }
        assert!(again > known.len() + 10_000, "{again} sessions of {} kinds", known.len());
    }
}
