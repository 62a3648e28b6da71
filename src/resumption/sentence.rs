//! The sentence for what happened to a resumption.

use std::fmt::{self, Display, Formatter};

use super::cause::{
    Age, Begun, Brought, Cause, Chosen, End, From, Got, Known, Missing, Offered, Refusal, Renewed, Sealer, Stage,
};
use super::key_id::{KeyId, SealedUnder};
use crate::capture::connection::{Alert, Malformed, Side};
use crate::escape::Text;

/// A full handshake that was so long ago is worth a word, in seconds.
const LONG: i64 = 3600;

impl Display for Cause {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoClientHello(missing, chosen) => {
                write!(f, "{missing}: what the client brought is not known")?;
                chosen.iter().try_for_each(|number| write!(f, "; the server chose PSK identity {number}"))
            }
            Self::Malformed(malformed, alert) => malformed_hello(malformed, alert.as_ref(), f),
            Self::Alert(alert, begun) => {
                write!(f, "the handshake failed: the {} sent the alert {}{begun}", alert.from.as_str(), Named(alert))
            }
            Self::NotTls(other) => write!(f, "the server did not answer with TLS, but with {other}"),
            Self::Ended(stage, end, begun) => ended(*stage, end, *begun, f),
            Self::NotInCapture(missing, begun) => write!(f, "{missing}{begun}"),
            Self::NoAnswer => f.write_str("the capture shows no answer to the ClientHello"),
            Self::Unasked => {
                f.write_str("an abbreviated handshake, and the client had brought neither a ticket nor this session ID")
            }
            Self::SessionId => f.write_str(
                "the server took up the session of the ID that the client brought, from its own cache; no ticket was \
                 involved",
            ),
            Self::Ticket { late, renewed, lived } => {
                f.write_str("the server accepted the ticket")?;
                expired(*late, f)?;
                renewed.iter().try_for_each(|renewed| renewed.fmt(f))?;
                lived_on(*lived, f)
            }
            Self::Psk { number, chosen, late, is_psk_only, lived } => {
                chosen_psk(*number, *chosen, f)?;
                expired(*late, f)?;
                if *is_psk_only {
                    f.write_str(
                        "; without a Diffie-Hellman exchange (psk_ke), so that the PSK alone decrypts the connection",
                    )?;
                }
                lived_on(*lived, f)
            }
            Self::NotOffered { brought, got, is_stale } => {
                brought.fmt(f)?;
                f.write_str(match got {
                    Some(Got::Ticket) => "; it was given one",
                    Some(Got::NoneAnnounced) => "; it was given none although the server announced one",
                    Some(Got::None) => "; the server issued none",
                    None => "",
                })?;
                reload(*is_stale, f)
            }
            Self::Refused { what, why, is_stale } => {
                write!(f, "the server did not accept the {what}: {why}")?;
                reload(*is_stale, f)
            }
        }
    }
}

fn malformed_hello(malformed: &Malformed, alert: Option<&Alert>, f: &mut Formatter<'_>) -> fmt::Result {
    let hello = if malformed.from == Side::Client { "ClientHello" } else { "ServerHello" };
    write!(f, "the {hello} cannot be read: {}", malformed.error)?;
    match alert {
        Some(alert) => write!(f, "; the {} answered with the alert {}", alert.from.as_str(), Named(alert)),
        None => Ok(()),
    }
}

/// The name and number of an alert.
struct Named<'a>(&'a Alert);

impl Display for Named<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0.name(), self.0.description)
    }
}

fn ended(stage: Stage, end: &End, begun: Begun, f: &mut Formatter<'_>) -> fmt::Result {
    let End { by, packet, is_reset, closed_before, warning } = end;
    let answered = warning.is_some_and(|alert| alert.from == Side::Server);
    f.write_str(match stage {
        Stage::ClientHello if answered => "the ClientHello was answered with an alert alone",
        Stage::ClientHello => "the ClientHello has no answer",
        Stage::Retry => "the server asked for another ClientHello",
        Stage::Answered => "the handshake was not finished",
    })?;
    f.write_str(": ")?;
    if let Some(alert) = warning {
        write!(f, "the {} sent the warning {}, and ", alert.from.as_str(), Named(alert))?;
    }
    let did = if *is_reset { "reset" } else { "closed" };
    match closed_before {
        Some((closed, side)) if side == by => {
            write!(f, "the {} closed the connection (packet {closed}) and reset it (packet {packet})", by.as_str())?;
        }
        Some((closed, side)) => write!(
            f,
            "the {} closed the connection (packet {closed}), and the {} reset it (packet {packet})",
            side.as_str(),
            by.as_str()
        )?,
        None => write!(f, "the {} {did} the connection (packet {packet})", by.as_str())?,
    }
    begun.fmt(f)
}

impl Display for Missing {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Side(Side::Server) => "the capture has only the client's packets",
            Self::Side(Side::Client) => "the capture has only the server's packets",
            Self::PartOfClientHello => "the capture does not have the whole ClientHello",
            Self::ClientHello => "the ClientHello is missing from the capture",
            Self::Beginning => "the capture begins after the ClientHello",
            Self::Bytes(bytes) => {
                return write!(f, "{bytes} bytes of the server's answer were acknowledged and are not in the capture");
            }
            Self::Answer => "packets with the server's answer are missing from the capture",
            Self::AfterRetry => {
                "the server asked for another ClientHello, and the capture does not show what came of it"
            }
            Self::AfterVerify => {
                "the server asked for the ClientHello again, with a cookie, and the capture does not show what came of it"
            }
            Self::EndBeforeAnswer => "the capture ends before an answer to the ClientHello",
            Self::Packets => "packets of the handshake are missing from the capture",
            Self::EndOfCapture => "the capture ends before the handshake does",
            Self::End => "the capture does not show the end of the handshake",
        })
    }
}

impl Display for Begun {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => Ok(()),
            Self::Full => f.write_str("; the server had begun a full handshake, and so had not taken the ticket"),
            Self::Resumption => f.write_str("; the server had begun to resume"),
            Self::Psk(number) => write!(f, "; the server had chosen PSK identity {number}"),
        }
    }
}

fn expired(late: Option<i64>, f: &mut Formatter<'_>) -> fmt::Result {
    match late {
        Some(late) => write!(f, ", although it had expired {} before", span(late)),
        None => Ok(()),
    }
}

impl Display for Renewed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(" and issued another one in its place")?;
        if let Some((old, new)) = &self.keys {
            write!(f, ", under {new} instead of {old}: it has both keys, and seals under the new one")?;
        }
        reload(self.is_stale, f)
    }
}

/// For how long the client has gone on without a full handshake, if that is longer than a moment.
fn lived_on(lived: Option<i64>, f: &mut Formatter<'_>) -> fmt::Result {
    match lived.filter(|lived| *lived >= LONG) {
        Some(lived) => write!(f, "; its last full handshake was {} before", span(lived)),
        None => Ok(()),
    }
}

fn chosen_psk(number: u16, chosen: Chosen, f: &mut Formatter<'_>) -> fmt::Result {
    match chosen {
        Chosen::NotOffered => {
            write!(f, "the server chose PSK identity {number}, and the client's hello has none of that number")
        }
        Chosen::Handle => write!(f, "the server chose PSK identity {number}, a session ID of its own cache"),
        Chosen::External => {
            write!(f, "the server chose PSK identity {number}, an external PSK: nothing was resumed")
        }
        Chosen::Encrypted => write!(
            f,
            "the server chose PSK identity {number}; it stands beside what may be an encrypted ClientHello, and no key \
             that was given opens it: if the server took that hello, it is one of those in there, which the capture does not show"
        ),
        Chosen::Opened(Some(true)) => {
            write!(f, "the server accepted the ticket, PSK identity {number}, and its PSK gives the client's binder")
        }
        Chosen::Opened(Some(false)) => {
            write!(f, "the server accepted PSK identity {number}, but the PSK in the ticket does not give the binder")
        }
        Chosen::Opened(None) | Chosen::Closed => write!(f, "the server accepted PSK identity {number}"),
    }
}

impl Display for Brought {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OldTicket => {
                "the client brought a ticket of TLS 1.2 or before, and the server chose TLS 1.3, which cannot use it"
            }
            Self::NewPsk(name) => {
                return write!(f, "the client brought a TLS 1.3 PSK, and the server chose {name}, which cannot use it");
            }
            Self::SessionId => "the client brought a session ID that the server did not take up, but no ticket",
            Self::DroppedPsk => {
                "the client brought a PSK in its first ClientHello, and none in the one after the HelloRetryRequest"
            }
            Self::Encrypted => {
                "the client brought no ticket that can be seen: another ClientHello may be encrypted inside"
            }
            Self::Nothing => "the client brought no ticket",
            Self::Request => "the client brought no ticket and asked for one",
            Self::NoRequest => "the client neither brought a ticket nor asked for one",
        })
    }
}

impl Display for Offered {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ticket => "ticket",
            Self::Identity => "PSK identity",
            Self::ExternalPsk => "external PSK",
            Self::SessionId => "session ID",
        })
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired(late, age) => {
                write!(f, "it had expired {} before", span(*late))?;
                of_age(*age, f)
            }
            Self::OtherProtocol { old, new } => write!(f, "its session is of {old}, and the server chose {new}"),
            Self::NotReloaded { old, new } => write!(
                f,
                "it is sealed under {old}, the first of the keys given, and this server issues tickets under {new}: if the \
                 keys are given in this server's order, it had not been reloaded then; else the keys were rotated, or \
                 another node or server sealed it"
            ),
            Self::SeveralKeys(key) => write!(
                f,
                "it {key}; several keys are used by turns at this address: several nodes, or processes with keys of their \
                 own, seem to answer there"
            ),
            Self::Wavers(key) => write!(
                f,
                "it {key}; one and the same ticket was accepted, refused and accepted at this address, it had not expired, \
                 and nothing else seen forbids it: several nodes seem to answer there that do not share a key"
            ),
            Self::OtherKey { old, new, by, from } => other_key(old, new, *by, *from, f),
            Self::OtherName(name, known) => {
                write!(f, "it was sealed for the host name {name}, and the client asked for another one")?;
                key_not_shown(*known, f)
            }
            Self::OtherAlpn(protocol, known) => {
                let protocol = Text(protocol);
                write!(f, "its session is of the application protocol {protocol}, which the client does not offer")?;
                key_not_shown(*known, f)
            }
            Self::Open { known, retried, age } => {
                open(*known, f)?;
                if *retried {
                    f.write_str("; the server also asked for another key share")?;
                }
                of_age(*age, f)
            }
            Self::NotOpened { key, any_key, known } => not_opened(key.as_ref(), *any_key, *known, f),
            fixed => f.write_str(fixed.words()),
        }
    }
}

/// Two keys, and what that may mean. Of first bytes that may be no key names, it is said on that condition.
fn other_key(old: &SealedUnder, new: &SealedUnder, by: Sealer, from: From, f: &mut Formatter<'_>) -> fmt::Result {
    // a ticket of the key that is known begins with its name, so that one that does not is of another
    let is_known = old.is_known || new.is_known;
    write!(f, "it {old}, and ")?;
    match (&new.key, new.is_known, by) {
        (KeyId::Name(bytes), false, _) => {
            let (before, after) = if old.is_known { (", which ", ", is not") } else { (" ", "") };
            write!(f, "{}{before}begins with {bytes}{after}", by.ticket())?;
        }
        (key, _, Sealer::Here) => write!(f, "the server issues tickets under {key}")?,
        (key, _, Sealer::Server) => write!(f, "this server seals under {key}")?,
        (key, _, Sealer::Address) => write!(f, "another port of this address seals under {key}")?,
    }
    f.write_str(if is_known { ": " } else { ": if those are the names of keys, as OpenSSL's family sends them, " })?;
    match from {
        // what another port does says little of this one
        From::Here if by == Sealer::Address => {
            f.write_str("it had the old key before; perhaps it has dropped it, or another node answers now")
        }
        From::Here => f.write_str("it had the old key before, and has dropped it, or another node answers now"),
        From::Other(server, number) => {
            write!(f, "{server} issued it ({number}), and this server does not seem to have its key")
        }
        From::Unknown => f.write_str("the keys were rotated, or another node or server sealed it"),
    }
}

impl Sealer {
    /// A ticket of the server.
    fn ticket(self) -> &'static str {
        match self {
            Self::Here => "the server's new ticket",
            Self::Server => "a ticket that this server issued",
            Self::Address => "a ticket of another port of this address",
        }
    }
}

/// A ticket that no key opens.
fn not_opened(key: Option<&SealedUnder>, any_key: bool, known: Known, f: &mut Formatter<'_>) -> fmt::Result {
    match (key, any_key) {
        (Some(key), true) if key.is_known => write!(f, "it {key}, which is none of the keys given")?,
        (Some(key), true) => write!(f, "it {key}, and none of the keys given opens it")?,
        (Some(key), false) => write!(f, "it {key}")?,
        (None, true) => f.write_str("none of the keys given opens it, and nothing in it names its key")?,
        (None, false) => f.write_str("nothing in it names its key")?,
    }
    match known {
        Known::TakenBefore { number, .. } => write!(f, "; the server accepted it in {number}")?,
        Known::HasKey => f.write_str("; the server seals under that key itself, so a missing key is not the cause")?,
        Known::HadKey => f.write_str("; the server had that key before")?,
        Known::Nothing => {}
    }
    f.write_str(if any_key { "" } else { "; --key FILE tells more" })
}

impl Refusal {
    /// The words of those that say no more than what they are; of the others, none.
    fn words(&self) -> &'static str {
        match self {
            Self::NotCached => {
                "the cache of the server that answered does not have the session, or the server does not take it up"
            }
            Self::External => "it has nothing to do with resumption, and the server did without it",
            Self::Encrypted => {
                "it stands beside what may be an encrypted ClientHello, and no key that was given opens it: the client's \
                 real offer, if there is one, is inside"
            }
            Self::NoForm => "its form does not tell which family of tickets it is of",
            Self::BadMac => "its MAC does not verify: it was altered, or the secrets changed under the same key name",
            Self::NotASession => "what is sealed in it is not a session",
            Self::NoTicketsIssued => {
                "it answered without tickets, which seem to be turned off there, or for this host name"
            }
            Self::BadBinder => "the client's binder does not come from the PSK in it",
            Self::OtherHash => "the server chose a cipher suite with another hash than that of its session",
            Self::SuiteNotOffered => "its session has a cipher suite that the client no longer offers",
            Self::OtherEms => {
                "its session has no extended master secret, which both sides use now (RFC 9846, before it RFC 7627 \
                 section 5.3)"
            }
            Self::OtherContext => {
                "this server uses its key with another session ID context than the one in it (in nginx: other certificates \
                 or client CA names)"
            }
            Self::NotLoaded => "the server does not load the key that sealed it",
            Self::Expired(..)
            | Self::OtherProtocol { .. }
            | Self::NotReloaded { .. }
            | Self::SeveralKeys(_)
            | Self::Wavers(_)
            | Self::OtherKey { .. }
            | Self::OtherName(..)
            | Self::OtherAlpn(..)
            | Self::Open { .. }
            | Self::NotOpened { .. } => "",
        }
    }
}

/// A cause that is there need not be the only one.
fn key_not_shown(known: Known, f: &mut Formatter<'_>) -> fmt::Result {
    f.write_str(if known == Known::Nothing { "; nothing shows that the server has its key" } else { "" })
}

fn open(known: Known, f: &mut Formatter<'_>) -> fmt::Result {
    match known {
        Known::TakenBefore { number, is_again } => {
            let once = if is_again { "" } else { "takes a ticket only once, " };
            write!(
                f,
                "the server accepted this very ticket in {number}: perhaps it {once}has dropped the key since, or another \
                 node answers now"
            )
        }
        Known::HasKey => f.write_str("the server has its key, and neither the ticket nor the capture shows the cause"),
        Known::HadKey => f.write_str(
            "the server had its key before, and neither the ticket nor the capture shows the cause: perhaps it has dropped \
             the key since, or wants another session ID context, or keeps tickets from being used twice",
        ),
        Known::Nothing => f.write_str(
            "it opens, and neither it nor the capture shows the cause: perhaps the server does not have this key, or \
             wants another session ID context, or keeps tickets from being used twice",
        ),
    }
}

/// What the key of a fresh ticket says about the server, by the order of the keys given.
fn reload(is_stale: bool, f: &mut Formatter<'_>) -> fmt::Result {
    f.write_str(if is_stale {
        "; the new ticket is sealed under a key that is not the first of those given: if that is the server's order, it \
         still used the old key then: reload it, unless that has been done since"
    } else {
        ""
    })
}

/// What the client's reckoning of the age adds, if it is at odds with the time sealed in the ticket.
fn of_age(age: Age, f: &mut Formatter<'_>) -> fmt::Result {
    match age {
        Some((client, server)) => {
            write!(f, "; the client reckons it is {} old, and it was sealed {} before", span(client), span(server))
        }
        None => Ok(()),
    }
}

/// A span of time in words.
fn span(seconds: i64) -> String {
    match seconds.unsigned_abs() {
        1 => "1 second".to_owned(),
        seconds @ 0..120 => format!("{seconds} seconds"),
        seconds @ 120..7200 => format!("{} minutes", seconds / 60),
        seconds @ 7200..172_800 => format!("{} hours", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}
