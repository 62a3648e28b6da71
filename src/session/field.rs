//! The fields of a session as outputs name them: each is declared once, here.

/// A part of a session that outputs keep together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Group {
    /// Version, suite, secret: what the connection was.
    Connection,
    /// Start, end, ticket age.
    Times,
    /// What the client asked for and who it is.
    Client,
    /// What the server bound the session to and allows.
    Server,
    /// What is not understood.
    Other,
}

impl Group {
    /// A heading.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Connection => "Connection",
            Self::Times => "Times",
            Self::Client => "Client",
            Self::Server => "Server",
            Self::Other => "Not understood",
        }
    }
}

/// One field: its names and nature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The key in JSON.
    pub key: &'static str,
    /// The key with what stands around it in JSON, up to the opening quote of a string: `"key":"`.
    pub(crate) json: &'static str,
    /// The label for people; a field that only explains the one before it has the same.
    pub label: &'static str,
    /// Where it belongs.
    pub group: Group,
    /// Whether redaction hides it.
    pub secret: bool,
}

macro_rules! fields {
    ($group:ident: $($(#[$doc:meta])* $name:ident = $key:literal, $label:literal $(, $secret:ident)?;)*) => {
        $(
            $(#[$doc])*
            pub const $name: &Field = &Field {
                key: $key,
                json: concat!("\"", $key, "\":\""),
                label: $label,
                group: Group::$group,
                secret: fields!(@secret $($secret)?),
            };
        )*
    };
    (@secret secret) => { true };
    (@secret) => { false };
}

fields! { Connection:
    /// Whose encoding, such as `openssl` or `go`.
    DIALECT = "dialect", "dialect";
    /// What the fields imply about the library that wrote the session.
    PRODUCER = "producer", "dialect";
    /// Protocol version as OpenSSL spells it.
    PROTOCOL = "protocol", "protocol";
    /// Protocol version as on the wire.
    PROTOCOL_ID = "protocol_id", "protocol";
    /// Cipher suite, OpenSSL's name.
    CIPHER = "cipher", "cipher suite";
    /// Cipher suite, name of the IANA registry.
    CIPHER_IANA = "cipher_iana", "cipher suite";
    /// Cipher suite as on the wire, hex.
    CIPHER_ID = "cipher_id", "cipher suite";
    /// Key exchange group, a TLS group number.
    KEX_GROUP = "kex_group", "key exchange group";
    /// Key exchange group, name of the IANA registry.
    KEX_GROUP_NAME = "kex_group_name", "key exchange group";
    /// Session ID.
    SESSION_ID = "session_id", "session ID";
    /// Master secret of TLS ≤ 1.2.
    MASTER_KEY = "master_key", "master secret", secret;
    /// Resumption PSK of TLS 1.3.
    RESUMPTION_PSK = "resumption_psk", "resumption PSK", secret;
    /// Resumption master secret of TLS 1.3, in dialects that keep it instead of the PSK.
    RESUMPTION_MASTER_SECRET = "resumption_master_secret", "resumption master secret", secret;
    /// Nonce of the ticket, which makes a PSK of the resumption master secret.
    TICKET_NONCE = "ticket_nonce", "ticket nonce";
    /// Random of the `ClientHello`.
    CLIENT_RANDOM = "client_random", "client random";
    /// Random of the `ServerHello`.
    SERVER_RANDOM = "server_random", "server random";
    /// Whether the master secret is an extended one (RFC 9846, RFC 7627).
    EXTENDED_MASTER_SECRET = "extended_master_secret", "extended master secret";
    /// Whether records are encrypted before the MAC (RFC 7366).
    ENCRYPT_THEN_MAC = "encrypt_then_mac", "encrypt-then-MAC";
    /// Flag bits of OpenSSL.
    FLAGS = "flags", "flags";
    /// Compression method (RFC 3749).
    COMPRESSION = "compression", "compression";
    /// Name of the compression method.
    COMPRESSION_NAME = "compression_name", "compression";
    /// Maximum fragment length code (RFC 6066).
    MAX_FRAGMENT_LENGTH_MODE = "max_fragment_length_mode", "max fragment length mode";
    /// The longest record that the client takes (RFC 8449).
    RECORD_SIZE_LIMIT = "record_size_limit", "record size limit";
    /// How the ticket may be used, as bits of Mbed TLS.
    TICKET_FLAGS = "ticket_flags", "ticket flags";
    /// IV of an SSL 2.0 session.
    KEY_ARG = "key_arg", "key argument", secret;
    /// Whether the connection was QUIC.
    IS_QUIC = "is_quic", "QUIC";
}

fields! { Times:
    /// Start.
    TIME = "time", "session began";
    /// Start, RFC 3339.
    TIME_UTC = "time_utc", "session began";
    /// Start, milliseconds since 1970, in dialects that keep it so.
    TIME_MS = "time_ms", "session began (ms)";
    /// Start, nanoseconds since 1970, in dialects that keep it so.
    TIME_NS = "time_ns", "session began (ns)";
    /// When the ticket was made, in milliseconds since the start of the machine: not a date.
    UPTIME_MS = "uptime_ms", "began at uptime (ms)";
    /// That the uptime is not a date, in words.
    UPTIME_NOTE = "uptime_note", "began at uptime (ms)";
    /// Lifetime.
    TIMEOUT = "timeout", "timeout";
    /// End.
    EXPIRES = "expires", "expires";
    /// End, RFC 3339.
    EXPIRES_UTC = "expires_utc", "expires";
    /// Whether it has ended.
    EXPIRED = "expired", "expires";
    /// Seconds until the client must authenticate again.
    AUTH_TIMEOUT = "auth_timeout", "authentication timeout";
    /// Until when new tickets may carry the keys of the session on.
    KEYING_MATERIAL_EXPIRES = "keying_material_expires", "keying material ends";
    /// Until when new tickets may carry the keys on, as date and time (RFC 3339).
    KEYING_MATERIAL_EXPIRES_UTC = "keying_material_expires_utc", "keying material ends";
    /// Lifetime hint of the ticket.
    TICKET_LIFETIME_HINT = "ticket_lifetime_hint", "ticket lifetime hint";
    /// What the client adds to the ticket's age.
    TICKET_AGE_ADD = "ticket_age_add", "ticket age add";
}

fields! { Client:
    /// Server name that the client asked for.
    HOSTNAME = "hostname", "server name (SNI)";
    /// SHA-256 of the server name that the client asked for.
    HOSTNAME_SHA256 = "hostname_sha256", "server name SHA-256";
    /// Application protocol.
    ALPN = "alpn", "application protocol";
    /// SHA-256 of the application protocol.
    ALPN_SHA256 = "alpn_sha256", "ALPN SHA-256";
    /// PSK identity.
    PSK_IDENTITY = "psk_identity", "PSK identity";
    /// PSK identity hint.
    PSK_IDENTITY_HINT = "psk_identity_hint", "PSK identity hint";
    /// SRP user name.
    SRP_USERNAME = "srp_username", "SRP user name";
    /// Kerberos principal.
    KRB5_PRINCIPAL = "krb5_principal", "Kerberos principal";
    /// The peer's certificate: the client's in a server's session, the server's in a client's.
    PEER_CERTIFICATE = "peer_certificate", "peer certificate";
    /// SHA-256 of the peer's certificate.
    PEER_SHA256 = "peer_sha256", "peer certificate SHA-256";
    /// A digest of the peer's certificate.
    PEER_DIGEST = "peer_digest", "peer certificate digest";
    /// The certificates after the peer's own.
    CERTIFICATE_CHAIN = "certificate_chain", "certificate chain";
    /// The certificates after the peer's own, one by one.
    INTERMEDIATE_CERTIFICATES = "intermediate_certificates", "intermediate certificates";
    /// Certificate type of the peer.
    PEER_CERTIFICATE_TYPE = "peer_certificate_type", "peer certificate type";
    /// The peer's raw public key.
    PEER_RAW_PUBLIC_KEY = "peer_raw_public_key", "peer raw public key";
    /// Signature algorithm of the peer.
    PEER_SIGNATURE_ALGORITHM = "peer_signature_algorithm", "peer signature algorithm";
    /// Result of verifying the peer's certificate.
    VERIFY_RESULT = "verify_result", "verify result";
    /// Result of verifying the peer's certificate, in OpenSSL's words.
    VERIFY_RESULT_TEXT = "verify_result_text", "verify result";
    /// SCT list.
    SIGNED_CERTIFICATE_TIMESTAMPS = "signed_certificate_timestamps", "certificate timestamps";
    /// OCSP response.
    OCSP_RESPONSE = "ocsp_response", "OCSP response";
    /// Hash of the original handshake.
    ORIGINAL_HANDSHAKE_HASH = "original_handshake_hash", "original handshake hash";
    /// ALPS settings of the peer.
    PEER_APPLICATION_SETTINGS = "peer_application_settings", "peer application settings", secret;
}

fields! { Server:
    /// What the server binds its sessions to.
    SESSION_ID_CONTEXT = "session_id_context", "session ID context";
    /// Who sets such a context.
    SESSION_ID_CONTEXT_NOTE = "session_id_context_note", "session ID context";
    /// Bytes of early data that the server takes.
    MAX_EARLY_DATA = "max_early_data", "max early data";
    /// Whether early data may be sent.
    EARLY_DATA = "early_data", "early data";
    /// What the application binds early data to.
    EARLY_DATA_CONTEXT = "early_data_context", "early data context", secret;
    /// Bytes of the application.
    TICKET_APPDATA = "ticket_appdata", "application data", secret;
    /// Whether it is a server's session.
    IS_SERVER = "is_server", "server's session";
    /// Whether the ticket may be used under other names.
    RESUMABLE_ACROSS_NAMES = "resumable_across_names", "resumable across names";
    /// QUIC early data context.
    QUIC_EARLY_DATA_CONTEXT = "quic_early_data_context", "QUIC early data context", secret;
    /// ALPS settings of this side.
    LOCAL_APPLICATION_SETTINGS = "local_application_settings", "own application settings", secret;
}

fields! { Other:
    /// Fields that are not understood.
    UNKNOWN_FIELDS = "unknown_fields", "unknown fields", secret;
}
