//! The message that carries a ticket, `NewSessionTicket`, and the ticket in it.

/// Handshake type of `NewSessionTicket` (RFC 9846, RFC 8446 section 4).
pub(super) const NEW_SESSION_TICKET: u8 = 4;
/// Record type of handshake messages (RFC 9846, RFC 8446 section 5.1).
pub(super) const HANDSHAKE_RECORD: u8 = 22;

/// The ticket of a `NewSessionTicket` message that is exactly all of `message`, with or without its record header:
/// RFC 9846 (RFC 5077 section 3.3, or RFC 8446 section 4.6.1).
#[must_use]
pub fn unwrap_message(message: &[u8]) -> Option<&[u8]> {
    let message = match message {
        [HANDSHAKE_RECORD, 3, 0..=4, high, low, body @ ..]
            if body.len() == usize::from(u16::from_be_bytes([*high, *low])) =>
        {
            body
        }
        _ => message,
    };
    let [NEW_SESSION_TICKET, a, b, c, body @ ..] = message else { return None };
    if body.len() != usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).ok()? {
        return None;
    }
    ticket_of_body(body)
}

/// The ticket in the body of a `NewSessionTicket` message, of TLS 1.2 or 1.3.
pub(super) fn ticket_of_body(body: &[u8]) -> Option<&[u8]> {
    let (_lifetime, rest) = body.split_at_checked(4)?;
    let ticket_only = vector16(rest).filter(|(_, after)| after.is_empty()).map(|(ticket, _)| ticket);
    ticket_only.or_else(|| {
        let (_age_add, rest) = rest.split_at_checked(4)?;
        let (&nonce, rest) = rest.split_first()?;
        let (_nonce, rest) = rest.split_at_checked(usize::from(nonce))?;
        let (ticket, rest) = vector16(rest)?;
        let (_extensions, after) = vector16(rest)?;
        after.is_empty().then_some(ticket)
    })
}

/// A vector with a length of two bytes, and what follows.
pub(super) fn vector16(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}
