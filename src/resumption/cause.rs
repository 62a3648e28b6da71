//! What can have happened to a resumption: a [`Reason`] each, with the evidence for it.

use std::net::SocketAddr;

use super::key_id::{KeyId, SealedUnder};
use super::reason::Reason;
use crate::capture::Number;
use crate::capture::connection::{Alert, Malformed, Side};
use crate::capture::evidence::Other;

/// What happened to a resumption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    /// There is no ClientHello; which PSK identity the server chose.
    NoClientHello(Missing, Option<u16>),
    /// A hello cannot be read; the other side answered with an alert.
    Malformed(Malformed, Option<Alert>),
    /// An alert ended the handshake.
    Alert(Alert, Begun),
    /// The answer is not TLS.
    NotTls(Other),
    /// A side reset or closed the connection.
    Ended(Stage, End, Begun),
    /// Packets that would show more are not in the capture.
    NotInCapture(Missing, Begun),
    /// The server was there and did not answer.
    NoAnswer,
    /// An abbreviated handshake of a client that had brought nothing.
    Unasked,
    /// The server took up a session from its own cache.
    SessionId,
    /// TLS ≤ 1.2: the server took the ticket.
    Ticket {
        /// By how many seconds it had expired.
        late: Option<i64>,
        /// The server issued another one.
        renewed: Option<Renewed>,
        /// Seconds since the last full handshake.
        lived: Option<i64>,
    },
    /// TLS 1.3: the server chose a PSK.
    Psk {
        /// Which identity it chose.
        number: u16,
        /// What that is.
        chosen: Chosen,
        /// By how many seconds it had expired.
        late: Option<i64>,
        /// Whether there was no Diffie-Hellman exchange.
        is_psk_only: bool,
        /// Seconds since the last full handshake.
        lived: Option<i64>,
    },
    /// The client brought no ticket that the version chosen can use.
    NotOffered {
        /// What it brought.
        brought: Brought,
        /// What it was given; `None` if TLS 1.3 hides it.
        got: Option<Got>,
        /// Whether the new ticket is of a key that only opens, by the order of those given.
        is_stale: bool,
    },
    /// The server did not take what the client brought.
    Refused {
        /// What that is.
        what: Offered,
        /// Why.
        why: Refusal,
        /// Whether the new ticket is of a key that only opens, by the order of those given.
        is_stale: bool,
    },
}

/// What is missing from a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// All packets of a side.
    Side(Side),
    /// Part of the ClientHello.
    PartOfClientHello,
    /// The ClientHello, although the connection begins in the capture.
    ClientHello,
    /// All before the ServerHello.
    Beginning,
    /// So many bytes of the server's answer, which the client acknowledged.
    Bytes(u64),
    /// Packets with the server's answer.
    Answer,
    /// What came of a HelloRetryRequest.
    AfterRetry,
    /// What came of a `HelloVerifyRequest` (DTLS).
    AfterVerify,
    /// What came after the ClientHello: the capture ends.
    EndBeforeAnswer,
    /// Packets of the handshake.
    Packets,
    /// The end of the handshake: the capture ends.
    EndOfCapture,
    /// The end of the handshake.
    End,
}

/// How far a handshake had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The server had said nothing to the ClientHello.
    ClientHello,
    /// It had asked for another one.
    Retry,
    /// It had answered.
    Answered,
}

/// Who ended a connection, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub(super) by: Side,
    pub(super) packet: u64,
    pub(super) is_reset: bool,
    /// Who had closed it before a reset, and in which packet.
    pub(super) closed_before: Option<(u64, Side)>,
    /// A warning that was sent before.
    pub(super) warning: Option<Alert>,
}

impl End {
    /// Whether an alert of the server's that says what is wrong was all of its answer.
    fn is_answer(&self) -> bool {
        self.warning.is_some_and(|alert| alert.from == Side::Server && alert.is_error())
    }
}

/// What the server had decided in a handshake that was not finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    /// Nothing that the capture shows.
    Unknown,
    /// The client had brought a ticket, and the server had begun a full handshake.
    Full,
    /// The server had begun to resume by a ticket or a session ID.
    Resumption,
    /// The server had chosen a PSK identity.
    Psk(u16),
}

/// A ticket issued in place of one that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Renewed {
    /// The keys of the old and the new one, if they differ.
    pub(super) keys: Option<(KeyId, KeyId)>,
    /// Whether the new one is of a key that only opens, by the order of those given.
    pub(super) is_stale: bool,
}

/// A PSK identity that the server chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chosen {
    /// The client offered none of that number.
    NotOffered,
    /// A session ID of the server's cache.
    Handle,
    /// An external PSK.
    External,
    /// It stands beside an encrypted ClientHello, and no key opens it.
    Encrypted,
    /// A ticket that opened; whether its PSK gives the client's binder.
    Opened(Option<bool>),
    /// A ticket that did not open.
    Closed,
}

/// What a client brought that did not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Brought {
    /// A ticket of TLS ≤ 1.2, and the server chose TLS 1.3.
    OldTicket,
    /// A PSK of TLS 1.3, and the server chose this version.
    NewPsk(&'static str),
    /// A session ID alone.
    SessionId,
    /// A PSK in its first ClientHello, and none after the HelloRetryRequest.
    DroppedPsk,
    /// Nothing that can be seen, and an encrypted ClientHello.
    Encrypted,
    /// Nothing (TLS 1.3).
    Nothing,
    /// Nothing; it asked for a ticket.
    Request,
    /// Nothing; it did not ask for one either.
    NoRequest,
}

/// Whether the server issued a ticket (TLS ≤ 1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Got {
    /// It did.
    Ticket,
    /// It did not, although it had announced one.
    NoneAnnounced,
    /// It did not.
    None,
}

/// What was offered and not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offered {
    Ticket,
    Identity,
    ExternalPsk,
    SessionId,
}

/// Why the server did not take what the client brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The cache does not have the session.
    NotCached,
    /// It is an external PSK.
    External,
    /// It stands beside an encrypted ClientHello.
    Encrypted,
    /// No family of tickets has its form.
    NoForm,
    /// Its MAC does not verify.
    BadMac,
    /// What is in it is not a session.
    NotASession,
    /// The server answered without tickets.
    NoTicketsIssued,
    /// It had expired so many seconds before.
    Expired(i64, Age),
    /// Its session is of another version.
    OtherProtocol { old: &'static str, new: &'static str },
    /// The binder is not of its PSK.
    BadBinder,
    /// The server chose a suite with another hash.
    OtherHash,
    /// The client no longer offers its suite.
    SuiteNotOffered,
    /// Its session has no extended master secret.
    OtherEms,
    /// The server has its key and another context.
    OtherContext,
    /// It is of the key that is to seal, and the server seals under an older one.
    NotReloaded { old: KeyId, new: KeyId },
    /// The address uses several keys by turns.
    SeveralKeys(SealedUnder),
    /// The address accepted, refused and accepted one ticket.
    Wavers(SealedUnder),
    /// The server seals under another key.
    OtherKey { old: SealedUnder, new: SealedUnder, by: Sealer, from: From },
    /// The server does not load its key.
    NotLoaded,
    /// It was sealed for another host name.
    OtherName(String, Known),
    /// Its application protocol is not offered.
    OtherAlpn(Vec<u8>, Known),
    /// It opened, and nothing that is to be seen was in the way.
    Open { known: Known, retried: bool, age: Age },
    /// No key was given, or none of those given opens it.
    NotOpened { key: Option<SealedUnder>, any_key: bool, known: Known },
}

/// What the capture shows of where a ticket is from whose key the server does not seal under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// Nothing.
    Unknown,
    /// The server had its key before.
    Here,
    /// Another server issued it, in that connection.
    Other(SocketAddr, Number),
}

/// Where it was seen under which key a server seals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sealer {
    /// In this connection.
    Here,
    /// In an earlier one to the same port.
    Server,
    /// At another port of the same address.
    Address,
}

/// What is known of a server and a ticket that it refused, whose key it does not lack as far as is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// It accepted this very ticket, last in that connection.
    TakenBefore {
        /// The connection.
        number: Number,
        /// Whether it did so more than once.
        is_again: bool,
    },
    /// It has the key: it seals under it in this very connection.
    HasKey,
    /// It had the key when it was last seen to seal or to accept.
    HadKey,
    /// Nothing.
    Nothing,
}

/// What the client reckons of the age of a ticket, and how old it is by the server's time, in seconds, if they differ.
pub(super) type Age = Option<(i64, i64)>;

impl Cause {
    /// The word for it.
    pub(super) fn reason(&self) -> Reason {
        match self {
            Self::NoClientHello(..) | Self::NotInCapture(..) => Reason::NotInCapture,
            Self::Malformed(..) => Reason::MalformedHello,
            Self::Alert(..) => Reason::Alert,
            Self::NotTls(_) => Reason::NotTls,
            // the server says what is wrong, although it calls that a warning
            Self::Ended(Stage::ClientHello, end, _) if end.is_answer() => Reason::Alert,
            Self::Ended(_, end, _) if end.is_reset => Reason::Reset,
            Self::Ended(..) => Reason::Closed,
            Self::NoAnswer => Reason::NoAnswer,
            Self::Psk { chosen: Chosen::External, .. } => Reason::ExternalPsk,
            Self::Psk { chosen: Chosen::NotOffered, .. } | Self::Unasked => Reason::Unknown,
            Self::SessionId | Self::Ticket { .. } | Self::Psk { .. } => Reason::Resumed,
            Self::NotOffered { brought: Brought::SessionId, .. } => Reason::CacheMiss,
            Self::NotOffered { .. } => Reason::NoTicketOffered,
            Self::Refused { why, .. } => why.reason(),
        }
    }
}

impl Refusal {
    fn reason(&self) -> Reason {
        match self {
            Self::NotCached => Reason::CacheMiss,
            Self::External => Reason::ExternalPsk,
            Self::Encrypted => Reason::Ech,
            Self::NoForm => Reason::Unrecognised,
            Self::BadMac => Reason::BadMac,
            Self::NotASession => Reason::BadSession,
            Self::NoTicketsIssued => Reason::NoTicketsIssued,
            Self::Expired(..) => Reason::Expired,
            Self::OtherProtocol { .. } => Reason::OtherProtocol,
            Self::BadBinder => Reason::BadBinder,
            Self::OtherHash | Self::SuiteNotOffered => Reason::OtherCipher,
            Self::OtherEms => Reason::OtherEms,
            Self::OtherContext => Reason::OtherContext,
            Self::NotReloaded { .. } => Reason::NotReloaded,
            Self::SeveralKeys(_) | Self::Wavers(_) => Reason::SeveralKeys,
            Self::OtherKey { .. } | Self::NotLoaded => Reason::OtherKey,
            Self::OtherName(..) => Reason::OtherName,
            Self::OtherAlpn(..) => Reason::OtherAlpn,
            Self::Open { .. } => Reason::Unknown,
            Self::NotOpened { any_key: true, .. } => Reason::UnknownKey,
            Self::NotOpened { any_key: false, .. } => Reason::NoKey,
        }
    }
}
