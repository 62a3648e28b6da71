//! The `SSL_SESSION` that OpenSSL and its relatives share: one SEQUENCE, five members without tags, then members with
//! context tags. Up to tag 12 the dialects agree; from 13 on each has its own module.

use der_parser::der::{Class, Tag};

use super::{Cipher, Dialect, Protocol, Secret, Session, SessionError, UnknownField, boringssl, openssl};
use crate::der::{DerError, DerErrorKind, Element, Reader, integer};

/// The first tag whose meaning depends on the dialect.
const FIRST_OWN_TAG: u32 = 13;

pub(super) fn parse(plaintext: &[u8]) -> Result<Session<'_>, SessionError> {
    let mut outer = Reader::new(plaintext);
    let mut members = outer.enter(Tag::Sequence, "a SEQUENCE").map_err(SessionError::Der)?;
    outer.finish().map_err(SessionError::Der)?;
    let fixed = fixed_members(&mut members).map_err(SessionError::Der)?;
    // a session is large: it is made once, and filled where it is
    let mut session = Session::new(Dialect::OpenSsl, plaintext, fixed.protocol, fixed.secret);
    session.cipher = fixed.cipher;
    session.session_id = fixed.session_id;
    match tagged_members(&mut session, members) {
        Ok(()) => Ok(session),
        Err(error) => Err(SessionError::Der(error)),
    }
}

/// The members without tags.
struct FixedMembers<'a> {
    protocol: Protocol,
    cipher: Cipher<'a>,
    session_id: &'a [u8],
    secret: Secret<'a>,
}

fn fixed_members<'a>(members: &mut Reader<'a>) -> Result<FixedMembers<'a>, DerError> {
    let unexpected = |offset, expected| DerError { kind: DerErrorKind::Unexpected { expected }, offset };
    let offset = members.offset();
    let version = members.expect(Tag::Integer, "the structure version, an INTEGER")?;
    if integer(version) != Some(1) {
        return Err(unexpected(offset, "structure version 1"));
    }
    let offset = members.offset();
    let protocol = integer(members.expect(Tag::Integer, "the protocol version, an INTEGER")?);
    let protocol = protocol
        .and_then(|number| u16::try_from(number).ok())
        .map(Protocol)
        .ok_or_else(|| unexpected(offset, "a protocol version of 16 bits"))?;
    let offset = members.offset();
    let cipher = members.expect(Tag::OctetString, "the cipher suite, an OCTET STRING")?;
    if !matches!(cipher.len(), 2 | 3) {
        return Err(unexpected(offset, "a cipher suite of 2 or 3 bytes"));
    }
    let session_id = members.expect(Tag::OctetString, "the session ID, an OCTET STRING")?;
    let secret = members.expect(Tag::OctetString, "the master key, an OCTET STRING")?;
    let secret = if protocol.has_psk() { Secret::ResumptionPsk(secret) } else { Secret::MasterSecret(secret) };
    Ok(FixedMembers { protocol, cipher: Cipher(cipher), session_id, secret })
}

fn tagged_members<'a>(session: &mut Session<'a>, mut members: Reader<'a>) -> Result<(), DerError> {
    let mut decided = false;
    while !members.is_empty() {
        let here = members.clone();
        let (tag, inner) = if let Some((tag, inner)) = members.short_explicit() {
            (tag, Some(inner))
        } else {
            let element = members.read()?;
            if element.is(Tag::OctetString) && session.tags == 0 && session.krb5_principal.is_none() {
                session.krb5_principal = Some(element.content);
                continue;
            }
            if element.class != Class::ContextSpecific {
                session.unknown_fields.push(UnknownField { tag: element.tag, der: element.der });
                continue;
            }
            (element.tag, element.only())
        };
        if !decided && tag >= FIRST_OWN_TAG {
            session.dialect = recognise(here.clone());
            decided = true;
        }
        let understood = match (inner, session.dialect) {
            (None, _) => bare_member(session, here.clone()),
            (Some(inner), _) if tag < FIRST_OWN_TAG => common_member(session, tag, &inner),
            (Some(inner), Dialect::OpenSsl) => openssl::member(session, tag, &inner),
            (Some(inner), Dialect::BoringSsl) => boringssl::member(session, tag, &inner),
            _ => false,
        };
        session.tags |= 1_u64.checked_shl(tag).unwrap_or(0);
        if !understood {
            unknown_member(session, here);
        }
    }
    session.extended_master_secret = match session.extended_master_secret {
        _ if session.protocol.has_psk() => None,
        Some(stated) => Some(stated),
        None => Some(session.flags.unwrap_or(0) & openssl::FLAG_EXTENDED_MASTER_SECRET != 0),
    };
    Ok(())
}

#[cold]
fn unknown_member<'a>(session: &mut Session<'a>, mut members: Reader<'a>) {
    if let Ok(element) = members.read() {
        session.unknown_fields.push(UnknownField { tag: element.tag, der: element.der });
    }
}

/// Decides by the first member whose type differs between the dialects.
fn recognise(mut members: Reader<'_>) -> Dialect {
    loop {
        let (tag, inner) = match members.short_explicit() {
            Some((tag, inner)) => (tag, Some(inner)),
            None => match members.read() {
                Ok(element) => (element.tag, element.reader().read().ok()),
                Err(_) => return Dialect::OpenSsl,
            },
        };
        let is = |tag| inner.is_some_and(|inner| inner.is(tag));
        match tag {
            13..=15 if is(Tag::Integer) => return Dialect::OpenSsl,
            13..=15 if is(Tag::OctetString) => return Dialect::BoringSsl,
            17 if is(Tag::Boolean) => return Dialect::BoringSsl,
            17 if is(Tag::Integer) => return Dialect::OpenSsl,
            18 if is(Tag::Integer) => return Dialect::BoringSsl,
            19 if is(Tag::Sequence) => return Dialect::BoringSsl,
            19 => return Dialect::OpenSsl,
            18 | 20 if is(Tag::OctetString) => return Dialect::OpenSsl,
            20..=33 if inner.is_some() => return Dialect::BoringSsl,
            _ => {}
        }
    }
}

/// Fills `slot`; false where there is no value, or one already.
pub(super) fn set<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    if slot.is_some() || value.is_none() {
        return false;
    }
    *slot = value;
    true
}

/// A member that is no single element under an explicit tag. False: not understood.
#[cold]
fn bare_member<'a>(session: &mut Session<'a>, mut members: Reader<'a>) -> bool {
    let Ok(element) = members.read() else { return false };
    match element.tag {
        // the one implicit tag
        0 if !element.constructed => set(&mut session.key_arg, Some(element.content)),
        // certificates, as many as there are
        19 if session.dialect == Dialect::BoringSsl && element.constructed => {
            set(&mut session.boringssl.get_or_insert_default().certificate_chain, Some(element.content))
        }
        _ => false,
    }
}

/// Members 1 to 12. False: not understood.
#[inline]
fn common_member<'a>(session: &mut Session<'a>, tag: u32, inner: &Element<'a>) -> bool {
    match tag {
        1 => set(&mut session.time, inner.integer()),
        2 => set(&mut session.timeout, inner.integer()),
        3 => set(&mut session.peer_certificate, inner.is(Tag::Sequence).then_some(inner.der)),
        4 => set(&mut session.session_id_context, inner.octets()),
        5 => set(&mut session.verify_result, inner.integer()),
        6 => set(&mut session.hostname, inner.octets()),
        7 => set(&mut session.psk_identity_hint, inner.octets()),
        8 => set(&mut session.psk_identity, inner.octets()),
        9 => set(&mut session.ticket_lifetime_hint, inner.integer()),
        10 => set(&mut session.ticket, inner.octets()),
        11 => set(&mut session.compression, one_octet(inner)),
        12 => set(&mut session.srp_username, inner.octets()),
        _ => false,
    }
}

fn one_octet(element: &Element<'_>) -> Option<u8> {
    match element.octets()? {
        &[octet] => Some(octet),
        _ => None,
    }
}
