//! Why a connection resumed or did not, in one stable word each.

/// The reason behind what happened to a resumption: what the sentence after it says in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// It resumed.
    Resumed,
    /// The client brought no ticket that the version chosen can use.
    NoTicketOffered,
    /// The server answered without tickets: they are turned off.
    NoTicketsIssued,
    /// The server seals under another key, and has shown nothing of this one since.
    OtherKey,
    /// One address has several nodes that do not share a key.
    SeveralKeys,
    /// The ticket is of the key that is to seal, and the server still seals under an older one.
    NotReloaded,
    /// The server has the key and another session ID context: another certificate, or another list of client CAs.
    OtherContext,
    /// The ticket is of another host name.
    OtherName,
    /// The session and the ClientHello differ in the extended master secret.
    OtherEms,
    /// The session has an application protocol that the client does not offer.
    OtherAlpn,
    /// The session's cipher suite is not one that was offered or chosen.
    OtherCipher,
    /// The session is of another version than the server chose.
    OtherProtocol,
    /// The ticket's lifetime was over.
    Expired,
    /// A key has the ticket's name, and its MAC does not verify.
    BadMac,
    /// The client's binder does not come from the PSK in the ticket.
    BadBinder,
    /// What is sealed in the ticket is not a session.
    BadSession,
    /// What was offered is a handle of the server's cache, which does not have the session.
    CacheMiss,
    /// None of the keys given opens the ticket, and nothing shows which ones the server has.
    UnknownKey,
    /// No key was given, and nothing shows which ones the server has.
    NoKey,
    /// The identity is an external PSK, which has nothing to do with resumption.
    ExternalPsk,
    /// The offer is inside an encrypted ClientHello.
    Ech,
    /// The ticket has no form that is known.
    Unrecognised,
    /// An alert ended the handshake: a fatal one, or all that the server answered.
    Alert,
    /// A side reset the connection before the handshake was over.
    Reset,
    /// A side closed the connection.
    Closed,
    /// A hello cannot be read.
    MalformedHello,
    /// The answer was not TLS.
    NotTls,
    /// The server was there and did not answer.
    NoAnswer,
    /// The capture does not show it.
    NotInCapture,
    /// All is there, and the cause remains open.
    Unknown,
}

impl Reason {
    /// Every reason. Tests, the schema and records that are read back go by this list.
    pub const ALL: [Self; 30] = [
        Self::Resumed,
        Self::NoTicketOffered,
        Self::NoTicketsIssued,
        Self::OtherKey,
        Self::SeveralKeys,
        Self::NotReloaded,
        Self::OtherContext,
        Self::OtherName,
        Self::OtherEms,
        Self::OtherAlpn,
        Self::OtherCipher,
        Self::OtherProtocol,
        Self::Expired,
        Self::BadMac,
        Self::BadBinder,
        Self::BadSession,
        Self::CacheMiss,
        Self::UnknownKey,
        Self::NoKey,
        Self::ExternalPsk,
        Self::Ech,
        Self::Unrecognised,
        Self::Alert,
        Self::Reset,
        Self::Closed,
        Self::MalformedHello,
        Self::NotTls,
        Self::NoAnswer,
        Self::NotInCapture,
        Self::Unknown,
    ];

    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resumed => "resumed",
            Self::NoTicketOffered => "no_ticket_offered",
            Self::NoTicketsIssued => "no_tickets_issued",
            Self::OtherKey => "other_key",
            Self::SeveralKeys => "several_keys",
            Self::NotReloaded => "not_reloaded",
            Self::OtherContext => "other_context",
            Self::OtherName => "other_name",
            Self::OtherEms => "other_ems",
            Self::OtherAlpn => "other_alpn",
            Self::OtherCipher => "other_cipher",
            Self::OtherProtocol => "other_protocol",
            Self::Expired => "expired",
            Self::BadMac => "bad_mac",
            Self::BadBinder => "bad_binder",
            Self::BadSession => "bad_session",
            Self::CacheMiss => "cache_miss",
            Self::UnknownKey => "unknown_key",
            Self::NoKey => "no_key",
            Self::ExternalPsk => "external_psk",
            Self::Ech => "ech",
            Self::Unrecognised => "unrecognised",
            Self::Alert => "alert",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::MalformedHello => "malformed_hello",
            Self::NotTls => "not_tls",
            Self::NoAnswer => "no_answer",
            Self::NotInCapture => "not_in_capture",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it is the key that the server lacked.
    #[must_use]
    pub fn is_the_key(self) -> bool {
        matches!(self, Self::OtherKey | Self::SeveralKeys | Self::NotReloaded)
    }
}

/// What was concluded of a connection: the reason, and the sentence for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    /// The reason.
    pub reason: Reason,
    /// What happened to the resumption, and the likely cause, in one sentence.
    pub why: String,
}
