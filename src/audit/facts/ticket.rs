//! What rules see of a ticket.

use crate::audit::facts::keys::KeySet;
use crate::audit::subject::{Seen, Subject};
use crate::capture::Connection;
use crate::capture::sighting::{Carrier, Sighting};
use crate::key::ring::KeyRing;
use crate::key::weak::Weakness;
use crate::open::{Opener, Outcome};
use crate::record::{Record, Status};
use crate::session::Session;
use crate::tls::hello::ClientHello;

/// A ticket that was tried with the keys, and what is known around it.
#[derive(Debug, Clone, Copy)]
pub struct TicketFacts<'a> {
    /// The ticket and what became of it.
    pub record: &'a Record<'a>,
    /// The keys it was tried with.
    pub keys: &'a KeySet,
    /// The weakness of the MAC key under which it verifies, if that is one that anybody can guess.
    pub guessed: Option<Weakness>,
    /// Key exchange modes around it, if a capture shows them.
    pub psk_modes: PskModes,
    /// The clock to judge by, seconds since 1970: the packet's time in a capture.
    pub now: i64,
}

/// The key exchange modes of TLS 1.3 resumption (RFC 9846, RFC 8446 section 4.2.9), as far as they are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PskModes {
    /// Whether the client offered one without a key exchange.
    pub plain_offered: bool,
    /// Whether the server took it.
    pub plain_used: bool,
}

/// Tries the keys that anybody can guess on a ticket that no other key has opened. What comes back is the weakness of
/// the MAC key that verifies it.
#[must_use]
pub fn guessed(record: &Record<'_>) -> Option<Weakness> {
    if record.opened_with_built_in_key() {
        return record.key().and_then(|(key, _)| key.mac_weakness());
    }
    if !matches!(record.status(), Status::UnknownKey | Status::BadMac) {
        return None;
    }
    let no_keys = KeyRing::default();
    let opener = Opener::new(&no_keys);
    match opener.open(&opener.check(record.bytes), &mut Vec::new()) {
        Outcome::Decrypted { key, .. } | Outcome::BadSession { key, .. } | Outcome::BadPadding { key, .. } => {
            key.mac_weakness()
        }
        _ => None,
    }
}

impl PskModes {
    /// The modes of the `ClientHello` that a PSK identity is in, and of the server's answer.
    #[must_use]
    pub fn of(connection: &Connection, sighting: &Sighting<'_>) -> Self {
        /// `psk_ke` of RFC 9846 (RFC 8446 section 4.2.9).
        const PSK_KE: u8 = 0;
        if sighting.carrier != Carrier::Psk {
            return Self::default();
        }
        let message = sighting.hello.and_then(|index| connection.client_hellos.get(index));
        let hello = message.and_then(|message| ClientHello::parse(&message.bytes));
        let without_share = connection.server_hello().is_some_and(|server| !server.key_share);
        Self {
            plain_offered: hello.is_some_and(|hello| hello.psk_modes.contains(&PSK_KE)),
            plain_used: sighting.selected == Some(true) && without_share,
        }
    }
}

impl<'a> TicketFacts<'a> {
    /// The session that was sealed in the ticket.
    #[must_use]
    pub fn sealed(&self) -> Option<&'a Session<'a>> {
        match &self.record.verdict {
            Ok(Outcome::Decrypted { session, .. }) => Some(session),
            _ => None,
        }
    }

    /// What is known of the session: the sealed one, or else what the client keeps, or one that was never sealed.
    #[must_use]
    pub fn session(&self) -> Option<&'a Session<'a>> {
        match &self.record.verdict {
            Ok(Outcome::PlainSession { session }) => Some(session),
            _ => self.sealed().or(self.record.client_session.as_ref()),
        }
    }

    /// The ticket as a finding names it.
    #[must_use]
    pub fn subject(&self) -> Subject {
        Subject {
            seen: self.record.capture.as_ref().map(Seen::of),
            ..Subject::ticket(self.record.place, self.record.ticket().and_then(|ticket| ticket.key_name()))
        }
    }
}
