//! The walk over a session's fields, from which every output is made.

use super::field::{self, Field, Value, Visitor};
use super::{Session, SessionSecret, VerifyFlags, context};
use crate::tls::registry;

/// Bytes of the longest session ID context (`SSL_MAX_SID_CTX_LENGTH` in OpenSSL's `include/openssl/ssl.h`).
const LONGEST_CONTEXT: usize = 32;

/// What is to be said of a time that is none.
const UPTIME_NOTE: &str = "counted from the start of the server's machine: not a date";

/// A session as it is to be shown.
#[derive(Debug, Clone, Copy)]
pub struct View<'s> {
    /// The session.
    pub session: &'s Session<'s>,
    /// The clock to judge its end by, seconds since 1970.
    pub now: i64,
    /// Whether secrets are held back.
    pub redact: bool,
}

/// Hands values on, and hides secrets on the way, so that no output can forget to.
struct Gate<'v, V> {
    visitor: &'v mut V,
    redact: bool,
}

// inlined, so that a visitor sees constants
#[allow(clippy::inline_always)]
impl<V: Visitor> Gate<'_, V> {
    #[inline(always)]
    fn put(&mut self, field: &'static Field, value: Value<'_>) {
        match value {
            Value::Unknown(fields) if self.redact => {
                let tags: Vec<u32> = fields.iter().map(|field| field.tag).collect();
                self.visitor.field(field, Value::RedactedTags(&tags));
            }
            _ => self.visitor.field(field, if self.redact && field.secret { Value::Redacted } else { value }),
        }
    }

    #[inline(always)]
    fn text(&mut self, field: &'static Field, value: Option<&[u8]>) {
        self.put_some(field, value.map(Value::Text));
    }

    #[inline(always)]
    fn bytes(&mut self, field: &'static Field, value: Option<&[u8]>) {
        self.put_some(field, value.map(Value::Bytes));
    }

    #[inline(always)]
    fn number(&mut self, field: &'static Field, value: Option<i64>) {
        self.put_some(field, value.map(Value::Number));
    }

    #[inline(always)]
    fn seconds(&mut self, field: &'static Field, value: Option<i64>) {
        self.put_some(field, value.map(Value::Seconds));
    }

    #[inline(always)]
    fn flag(&mut self, field: &'static Field, value: Option<bool>) {
        self.put_some(field, value.map(Value::Flag));
    }

    #[inline(always)]
    fn word(&mut self, field: &'static Field, value: Option<&'static str>) {
        self.put_some(field, value.map(Value::Word));
    }

    #[inline(always)]
    fn put_some(&mut self, field: &'static Field, value: Option<Value<'_>>) {
        if let Some(value) = value {
            self.put(field, value);
        }
    }
}

/// Fields that many sessions have alike, and that are no secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What kind of session it is.
    Kind,
    /// How its connections work.
    Modes,
    /// What the server made of the client, and what it allows.
    Judgement,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 3] = [Self::Kind, Self::Modes, Self::Judgement];
}

/// What the parts of a session are made of: equal for equal parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark<'s> {
    /// As far as it is numbers.
    pub(crate) numbers: [u64; 8],
    /// And as far as it is bytes.
    pub(crate) context: &'s [u8],
}

impl View<'_> {
    /// Hands every field that is there to `visitor`, in order.
    pub fn visit<V: Visitor>(&self, visitor: &mut V) {
        visitor.part(self, Part::Kind);
        self.secrets(&mut self.gate(visitor));
        visitor.part(self, Part::Modes);
        let mut gate = self.gate(visitor);
        gate.bytes(field::KEY_ARG, self.session.key_arg);
        gate.flag(field::IS_QUIC, self.session.boringssl.as_ref().and_then(|own| own.is_quic));
        self.times(&mut gate);
        self.client(&mut gate);
        visitor.part(self, Part::Judgement);
        let mut gate = self.gate(visitor);
        self.server(&mut gate);
        if !self.session.unknown_fields.is_empty() {
            gate.put(field::UNKNOWN_FIELDS, Value::Unknown(&self.session.unknown_fields));
        }
    }

    /// Hands the fields of a part to `visitor`, in order.
    pub fn visit_part<V: Visitor>(&self, part: Part, visitor: &mut V) {
        let gate = &mut self.gate(visitor);
        match part {
            Part::Kind => self.kind(gate),
            Part::Modes => self.modes(gate),
            Part::Judgement => self.judgement(gate),
        }
    }

    fn gate<'v, V: Visitor>(&self, visitor: &'v mut V) -> Gate<'v, V> {
        Gate { visitor, redact: self.redact }
    }

    /// What kind of session it is.
    fn kind<V: Visitor>(&self, gate: &mut Gate<'_, V>) {
        let Session { protocol, cipher, kex_group, .. } = self.session;
        gate.put(field::DIALECT, Value::Word(self.session.dialect.as_str()));
        gate.put(field::PRODUCER, Value::Word(self.session.producer()));
        // some sessions do not say
        if protocol.0 != 0 {
            gate.put(field::PROTOCOL, Value::Word(protocol.name()));
            gate.put(field::PROTOCOL_ID, Value::Number(protocol.0.into()));
        }
        let suite = cipher.suite();
        gate.word(field::CIPHER, cipher.openssl_name());
        gate.word(field::CIPHER_IANA, suite.map(|suite| suite.iana));
        gate.bytes(field::CIPHER_ID, Some(cipher.0).filter(|id| !id.is_empty()));
        gate.number(field::KEX_GROUP, *kex_group);
        let group = kex_group.and_then(|group| u16::try_from(group).ok());
        gate.word(field::KEX_GROUP_NAME, group.and_then(registry::group_name));
    }

    fn secrets<V: Visitor>(&self, gate: &mut Gate<'_, V>) {
        // an SSL_SESSION always has the member, if only an empty one
        let is_there = self.session.dialect.is_ssl_session() || !self.session.session_id.is_empty();
        gate.bytes(field::SESSION_ID, is_there.then_some(self.session.session_id));
        match self.session.secret {
            SessionSecret::MasterSecret(bytes) => gate.put(field::MASTER_KEY, Value::Bytes(bytes)),
            SessionSecret::ResumptionPsk(bytes) => gate.put(field::RESUMPTION_PSK, Value::Bytes(bytes)),
            SessionSecret::ResumptionMasterSecret(bytes) => {
                gate.put(field::RESUMPTION_MASTER_SECRET, Value::Bytes(bytes));
            }
        }
        gate.bytes(field::TICKET_NONCE, self.session.ticket_nonce);
        gate.bytes(field::RESUMPTION_PSK, self.session.derived_psk.as_ref().map(crate::secret::Secret::as_bytes));
        gate.bytes(field::CLIENT_RANDOM, self.session.client_random);
        gate.bytes(field::SERVER_RANDOM, self.session.server_random);
    }

    fn modes<V: Visitor>(&self, gate: &mut Gate<'_, V>) {
        gate.flag(field::EXTENDED_MASTER_SECRET, self.session.extended_master_secret);
        gate.flag(field::ENCRYPT_THEN_MAC, self.session.encrypt_then_mac);
        gate.number(field::FLAGS, self.session.flags);
        gate.number(field::COMPRESSION, self.session.compression.map(i64::from));
        gate.word(field::COMPRESSION_NAME, self.session.compression.and_then(registry::compression_name));
        gate.number(field::MAX_FRAGMENT_LENGTH_MODE, self.session.max_fragment_length_mode);
        if let Some(own) = &self.session.library {
            gate.number(field::RECORD_SIZE_LIMIT, own.record_size_limit);
            gate.number(field::TICKET_FLAGS, own.ticket_flags);
        }
    }

    fn times<V: Visitor>(&self, gate: &mut Gate<'_, V>) {
        let session = self.session;
        gate.put_some(field::TIME, session.time.map(Value::Epoch));
        gate.put_some(field::TIME_UTC, session.time.map(Value::Utc));
        if let Some(own) = &session.library {
            gate.number(field::TIME_MS, own.time_ms);
            gate.number(field::TIME_NS, own.time_ns);
            gate.number(field::UPTIME_MS, own.uptime_ms);
            gate.word(field::UPTIME_NOTE, own.uptime_ms.map(|_| UPTIME_NOTE));
            gate.put_some(field::KEYING_MATERIAL_EXPIRES, own.keying_material_expires.map(Value::Epoch));
            gate.put_some(field::KEYING_MATERIAL_EXPIRES_UTC, own.keying_material_expires.map(Value::Utc));
        }
        gate.seconds(field::TIMEOUT, session.timeout);
        gate.put_some(field::EXPIRES, session.expires().map(Value::Epoch));
        gate.put_some(field::EXPIRES_UTC, session.expires().map(Value::Utc));
        gate.flag(field::EXPIRED, session.expired(self.now));
        gate.seconds(field::AUTH_TIMEOUT, session.boringssl.as_ref().and_then(|own| own.auth_timeout));
        gate.seconds(field::TICKET_LIFETIME_HINT, session.ticket_lifetime_hint);
        gate.number(field::TICKET_AGE_ADD, session.ticket_age_add.map(i64::from));
    }

    fn client<V: Visitor>(&self, gate: &mut Gate<'_, V>) {
        let session = self.session;
        let own = session.boringssl.as_deref();
        gate.text(field::HOSTNAME, session.hostname);
        let library = session.library.as_deref();
        gate.bytes(field::HOSTNAME_SHA256, library.and_then(|own| own.hostname_sha256));
        gate.text(field::ALPN, session.alpn);
        gate.bytes(field::ALPN_SHA256, library.and_then(|own| own.alpn_sha256));
        gate.text(field::PSK_IDENTITY, session.psk_identity);
        gate.text(field::PSK_IDENTITY_HINT, session.psk_identity_hint);
        gate.text(field::SRP_USERNAME, session.srp_username);
        gate.text(field::KRB5_PRINCIPAL, session.krb5_principal);
        gate.put_some(field::PEER_CERTIFICATE, session.peer_certificate.map(Value::Certificate));
        gate.bytes(field::PEER_SHA256, own.and_then(|own| own.peer_sha256));
        gate.bytes(field::PEER_DIGEST, library.and_then(|own| own.peer_digest));
        gate.bytes(field::CERTIFICATE_CHAIN, own.and_then(|own| own.certificate_chain));
        let others = session.intermediate_certificates.as_slice();
        gate.put_some(field::INTERMEDIATE_CERTIFICATES, Some(Value::List(others)).filter(|_| !others.is_empty()));
        gate.number(field::PEER_CERTIFICATE_TYPE, own.and_then(|own| own.peer_certificate_type));
        gate.bytes(field::PEER_RAW_PUBLIC_KEY, session.peer_raw_public_key);
        gate.number(field::PEER_SIGNATURE_ALGORITHM, own.and_then(|own| own.peer_signature_algorithm));
    }

    /// What the server made of the session, which is the same for most clients.
    fn judgement<V: Visitor>(&self, gate: &mut Gate<'_, V>) {
        let session = self.session;
        let own = session.boringssl.as_deref();
        gate.number(field::VERIFY_RESULT, session.verify_result);
        let text = session.verify_result.and_then(|result| match session.verify_flags {
            VerifyFlags::OpenSsl => Some(registry::verify_result(result)),
            VerifyFlags::MbedTls => registry::mbedtls_verify_result(result),
        });
        gate.word(field::VERIFY_RESULT_TEXT, text);
        gate.bytes(field::SIGNED_CERTIFICATE_TIMESTAMPS, own.and_then(|own| own.signed_certificate_timestamps));
        gate.bytes(field::OCSP_RESPONSE, own.and_then(|own| own.ocsp_response));
        gate.bytes(field::ORIGINAL_HANDSHAKE_HASH, own.and_then(|own| own.original_handshake_hash));
        gate.bytes(field::PEER_APPLICATION_SETTINGS, own.and_then(|own| own.peer_application_settings));
        gate.bytes(field::SESSION_ID_CONTEXT, session.session_id_context);
        // a client's session has its own context, which says nothing about the server
        let servers = session.session_id_context.filter(|_| session.ticket.is_none());
        gate.word(field::SESSION_ID_CONTEXT_NOTE, servers.and_then(context::explain));
        gate.number(field::MAX_EARLY_DATA, session.max_early_data);
        gate.flag(field::EARLY_DATA, session.early_data);
    }

    fn server<V: Visitor>(&self, gate: &mut Gate<'_, V>) {
        let session = self.session;
        let own = session.boringssl.as_deref();
        let library = session.library.as_deref();
        gate.bytes(field::EARLY_DATA_CONTEXT, library.and_then(|own| own.early_data_context));
        gate.bytes(field::TICKET_APPDATA, session.ticket_appdata);
        gate.flag(field::IS_SERVER, own.and_then(|own| own.is_server).or(library.and_then(|own| own.is_server)));
        gate.flag(field::RESUMABLE_ACROSS_NAMES, own.and_then(|own| own.resumable_across_names));
        gate.bytes(field::QUIC_EARLY_DATA_CONTEXT, own.and_then(|own| own.quic_early_data_context));
        gate.bytes(field::LOCAL_APPLICATION_SETTINGS, own.and_then(|own| own.local_application_settings));
    }
}

impl Session<'_> {
    /// What its parts are made of, where that is little: in an `SSL_SESSION` without what `BoringSSL` adds.
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
        let value = |number: Option<i64>| number.unwrap_or(0).cast_unsigned();
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
            let before = known.entry((mark.numbers, mark.context.to_vec())).or_insert_with(|| plain.clone());
            assert_eq!(*before, plain, "{}", hex::encode(&der));
            again += usize::from(*before == plain);
        }
        assert!(again > known.len() + 10_000, "{again} sessions of {} kinds", known.len());
    }
}
