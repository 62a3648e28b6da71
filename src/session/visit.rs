//! The walk over a session's fields, from which every output is made.

use super::field::{self, Field};
use super::{Own, Session, SessionSecret, UnknownField, context};
use crate::tls::registry;

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

/// A value, typed as far as outputs differ in how they write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Our own or a registry's word.
    Word(&'static str),
    /// Text of somebody else: escaped wherever it goes.
    Text(&'a [u8]),
    /// Bytes, written as hex.
    Bytes(&'a [u8]),
    /// A number.
    Number(i64),
    /// A number of seconds.
    Seconds(i64),
    /// Yes or no.
    Flag(bool),
    /// Seconds since 1970.
    Epoch(i64),
    /// Seconds since 1970, to be shown as date and time (RFC 3339).
    Utc(i64),
    /// An X.509 certificate, DER.
    Certificate(&'a [u8]),
    /// Several pieces of bytes.
    List(&'a [&'a [u8]]),
    /// Fields that are not understood.
    Unknown(&'a [UnknownField<'a>]),
    /// The tags of such fields, if their content is held back.
    RedactedTags(&'a [u32]),
    /// A secret that is held back.
    Redacted,
}

/// Takes the fields of a session, in order.
pub trait Visitor {
    /// A field.
    fn field(&mut self, field: &'static Field, value: Value<'_>);

    /// Several fields: `view` hands them over, but a visitor may have kept what it made of them.
    fn part(&mut self, view: &View<'_>, part: Part)
    where
        Self: Sized,
    {
        view.visit_part(part, self);
    }

    /// What is the session's own: `view` hands the fields over, but a visitor may want to know where they stand.
    #[inline]
    fn own(&mut self, view: &OwnView<'_>, part: OwnPart)
    where
        Self: Sized,
    {
        view.visit_part(part, self);
    }
}

/// Hands values on, and hides secrets on the way, so that no output can forget to.
struct Gate<'v, V> {
    visitor: &'v mut V,
    redact: bool,
}

#[allow(clippy::inline_always, reason = "inlined, so that a visitor sees constants")]
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

/// Fields that hardly any two sessions have alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnPart {
    /// Session ID and secret.
    Secret,
    /// When it began.
    Start,
    /// When it ends.
    End,
    /// What the client adds to the ticket's age, and the server name that it asked for.
    Client,
}

/// What is a session's own, as it is to be shown.
#[derive(Debug, Clone, Copy)]
pub struct OwnView<'s> {
    /// What is the session's own.
    pub own: Own<'s>,
    /// The clock to judge its end by, seconds since 1970.
    pub now: i64,
    /// Whether secrets are held back.
    pub redact: bool,
}

impl OwnView<'_> {
    /// Hands the fields of a part to `visitor`, in order.
    #[allow(clippy::inline_always, reason = "inlined, so that a visitor sees constants")]
    #[inline(always)]
    pub fn visit_part<V: Visitor>(&self, part: OwnPart, visitor: &mut V) {
        let Self { own, now, redact } = *self;
        let gate = &mut Gate { visitor, redact };
        match part {
            OwnPart::Secret => {
                gate.bytes(field::SESSION_ID, own.session_id);
                let (field, secret) = match own.secret {
                    SessionSecret::MasterSecret(bytes) => (field::MASTER_KEY, bytes),
                    SessionSecret::ResumptionPsk(bytes) => (field::RESUMPTION_PSK, bytes),
                    SessionSecret::ResumptionMasterSecret(bytes) => (field::RESUMPTION_MASTER_SECRET, bytes),
                };
                gate.put(field, Value::Bytes(secret));
            }
            OwnPart::Start => {
                gate.put_some(field::TIME, own.time.map(Value::Epoch));
                gate.put_some(field::TIME_UTC, own.time.map(Value::Utc));
            }
            OwnPart::End => {
                gate.put_some(field::EXPIRES, own.expires().map(Value::Epoch));
                gate.put_some(field::EXPIRES_UTC, own.expires().map(Value::Utc));
                gate.flag(field::EXPIRED, own.expired(now));
            }
            OwnPart::Client => {
                gate.number(field::TICKET_AGE_ADD, own.ticket_age_add.map(i64::from));
                gate.text(field::HOSTNAME, own.hostname);
            }
        }
    }
}

impl View<'_> {
    /// Hands every field that is there to `visitor`, in order.
    // inlined, so that a visitor keeps what it writes on at hand
    #[allow(clippy::inline_always)]
    #[inline(always)]
    pub fn visit<V: Visitor>(&self, visitor: &mut V) {
        let own = OwnView { own: self.session.own(), now: self.now, redact: self.redact };
        visitor.part(self, Part::Kind);
        visitor.own(&own, OwnPart::Secret);
        self.secrets(&mut self.gate(visitor));
        visitor.part(self, Part::Modes);
        let mut gate = self.gate(visitor);
        gate.bytes(field::KEY_ARG, self.session.key_arg);
        gate.flag(field::IS_QUIC, self.session.boringssl.as_ref().and_then(|own| own.is_quic));
        visitor.own(&own, OwnPart::Start);
        self.times(&mut self.gate(visitor));
        visitor.own(&own, OwnPart::End);
        self.hints(&mut self.gate(visitor));
        visitor.own(&own, OwnPart::Client);
        self.client(&mut self.gate(visitor));
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
        if protocol.is_known() {
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

    /// What else is secret or random in it.
    fn secrets<V: Visitor>(&self, gate: &mut Gate<'_, V>) {
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
        if let Some(own) = &session.library {
            gate.number(field::TIME_MS, own.time_ms);
            gate.number(field::TIME_NS, own.time_ns);
            gate.number(field::UPTIME_MS, own.uptime_ms);
            gate.word(field::UPTIME_NOTE, own.uptime_ms.map(|_| UPTIME_NOTE));
            gate.put_some(field::KEYING_MATERIAL_EXPIRES, own.keying_material_expires.map(Value::Epoch));
            gate.put_some(field::KEYING_MATERIAL_EXPIRES_UTC, own.keying_material_expires.map(Value::Utc));
        }
        gate.seconds(field::TIMEOUT, session.timeout);
    }

    fn hints<V: Visitor>(&self, gate: &mut Gate<'_, V>) {
        let session = self.session;
        gate.seconds(field::AUTH_TIMEOUT, session.boringssl.as_ref().and_then(|own| own.auth_timeout));
        gate.seconds(field::TICKET_LIFETIME_HINT, session.ticket_lifetime_hint);
    }

    fn client<V: Visitor>(&self, gate: &mut Gate<'_, V>) {
        let session = self.session;
        let own = session.boringssl.as_deref();
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
        gate.word(field::VERIFY_RESULT_TEXT, session.verify_text());
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
