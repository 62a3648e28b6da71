//! The `SSL_SESSION` that OpenSSL and its relatives share: one SEQUENCE, five members without tags, then members with
//! context tags. Up to tag 12 the dialects agree; from 13 on each has its own module.

use der_parser::der::{Class, Tag};

use super::{boringssl, openssl};
use crate::session::der::{DerError, DerErrorKind, Element, Explicit, Inner, Reader, integer};
use crate::session::shared::set;
use crate::session::{Cipher, Dialect, Protocol, Session, SessionSecret, UnknownField};

/// The first tag whose meaning depends on the dialect.
const FIRST_OWN_TAG: u32 = 13;

/// Reads a session into `session`, which has nothing in it.
pub(in crate::session) fn read<'a>(session: &mut Session<'a>, plaintext: &'a [u8]) -> Result<(), DerError> {
    let mut outer = Reader::new(plaintext);
    let mut members = outer.enter(Tag::Sequence, "a SEQUENCE")?;
    outer.finish()?;
    fixed_members(session, &mut members)?;
    tagged_members(session, members)
}

/// The members without tags.
fn fixed_members<'a>(session: &mut Session<'a>, members: &mut Reader<'a>) -> Result<(), DerError> {
    let unexpected = |offset, expected| DerError { kind: DerErrorKind::Unexpected { expected }, offset };
    let offset = members.offset();
    let version = members.expect(Tag::Integer, "the structure version, an INTEGER")?;
    if integer(version) != Some(1) {
        return Err(unexpected(offset, "structure version 1"));
    }
    let offset = members.offset();
    let protocol = integer(members.expect(Tag::Integer, "the protocol version, an INTEGER")?);
    session.protocol = protocol
        .and_then(|number| u16::try_from(number).ok())
        .map(Protocol)
        .ok_or_else(|| unexpected(offset, "a protocol version of 16 bits"))?;
    let offset = members.offset();
    let cipher = members.expect(Tag::OctetString, "the cipher suite, an OCTET STRING")?;
    if !matches!(cipher.len(), 2 | 3) {
        return Err(unexpected(offset, "a cipher suite of 2 or 3 bytes"));
    }
    session.cipher = Cipher(cipher);
    session.session_id = members.expect(Tag::OctetString, "the session ID, an OCTET STRING")?;
    let secret = members.expect(Tag::OctetString, "the master key, an OCTET STRING")?;
    session.secret = if session.protocol.has_psk() {
        SessionSecret::ResumptionPsk(secret)
    } else {
        SessionSecret::MasterSecret(secret)
    };
    Ok(())
}

fn tagged_members<'a>(session: &mut Session<'a>, mut members: Reader<'a>) -> Result<(), DerError> {
    let mut decided = false;
    loop {
        if let Some(explicit) = members.short_explicit() {
            explicit_member(session, &mut decided, explicit, &members);
        } else if members.is_empty() {
            break;
        } else {
            members = any_member(session, &mut decided, members.clone())?;
        }
    }
    session.extended_master_secret = match session.extended_master_secret {
        _ if session.protocol.has_psk() => None,
        Some(stated) => Some(stated),
        None => Some(session.flags.unwrap_or(0) & openssl::FLAG_EXTENDED_MASTER_SECRET != 0),
    };
    Ok(())
}

/// Takes the next member, whatever it is, and hands back those after it.
#[cold]
fn any_member<'a>(
    session: &mut Session<'a>,
    decided: &mut bool,
    mut members: Reader<'a>,
) -> Result<Reader<'a>, DerError> {
    let element = members.read()?;
    let Element { class, tag, der, content, .. } = element;
    if element.is(Tag::OctetString) && session.tags == 0 && session.krb5_principal.is_none() {
        session.krb5_principal = Some(content);
    } else if class != Class::ContextSpecific {
        session.unknown_fields.push(UnknownField { tag, der });
    } else if let Some(explicit) = element.explicit() {
        explicit_member(session, decided, explicit, &members);
    } else {
        note(session, tag);
        if tag >= FIRST_OWN_TAG && !*decided {
            *decided = true;
            session.dialect = dialect_of(&element).unwrap_or_else(|| recognise(members.clone()));
        }
        if !bare_member(session, &element) {
            unknown_member(session, tag, der);
        }
    }
    Ok(members)
}

/// Takes a member under an explicit tag, which `others` follow.
#[allow(clippy::inline_always, reason = "compiled once for short members and once for all others")]
#[inline(always)]
fn explicit_member<'a>(session: &mut Session<'a>, decided: &mut bool, explicit: Explicit<'a>, others: &Reader<'a>) {
    note(session, explicit.tag);
    let understood = if explicit.tag < FIRST_OWN_TAG {
        common_member(session, explicit)
    } else {
        if !*decided {
            *decided = true;
            session.dialect =
                dialect_with(explicit.tag, Some(explicit.inner)).unwrap_or_else(|| recognise(others.clone()));
        }
        match session.dialect {
            Dialect::OpenSsl => openssl::member(session, explicit),
            Dialect::BoringSsl => boringssl::member(session, explicit),
            _ => false,
        }
    };
    if !understood {
        unknown_member(session, explicit.tag, explicit.der);
    }
}

/// Notes that there was a member.
fn note(session: &mut Session<'_>, tag: u32) {
    session.tags |= 1_u64.checked_shl(tag).unwrap_or(0);
}

#[cold]
fn unknown_member<'a>(session: &mut Session<'a>, tag: u32, der: &'a [u8]) {
    session.unknown_fields.push(UnknownField { tag, der });
}

/// Decides by the first member whose type differs between the dialects.
#[cold]
fn recognise(mut members: Reader<'_>) -> Dialect {
    while let Ok(element) = members.read() {
        if let Some(dialect) = dialect_of(&element) {
            return dialect;
        }
    }
    Dialect::OpenSsl
}

/// The dialect that a member gives away by its type.
fn dialect_of(member: &Element<'_>) -> Option<Dialect> {
    dialect_with(member.tag, member.reader().read().ok().map(Inner::from))
}

/// The dialect that has a certain type under a tag.
#[inline]
fn dialect_with(tag: u32, inner: Option<Inner<'_>>) -> Option<Dialect> {
    let is = |tag| inner.is_some_and(|inner| inner.is(tag));
    match tag {
        13..=15 if is(Tag::Integer) => Some(Dialect::OpenSsl),
        13..=15 if is(Tag::OctetString) => Some(Dialect::BoringSsl),
        17 if is(Tag::Boolean) => Some(Dialect::BoringSsl),
        17 if is(Tag::Integer) => Some(Dialect::OpenSsl),
        18 if is(Tag::Integer) => Some(Dialect::BoringSsl),
        19 if is(Tag::Sequence) => Some(Dialect::BoringSsl),
        19 => Some(Dialect::OpenSsl),
        18 | 20 if is(Tag::OctetString) => Some(Dialect::OpenSsl),
        20..=33 if inner.is_some() => Some(Dialect::BoringSsl),
        _ => None,
    }
}

/// A member that is not a single element under an explicit tag. False: not understood.
fn bare_member<'a>(session: &mut Session<'a>, element: &Element<'a>) -> bool {
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
#[allow(
    clippy::inline_always,
    reason = "its one caller is in the loop over members: the compiler then sees all tags in one match"
)]
#[inline(always)]
fn common_member<'a>(session: &mut Session<'a>, explicit: Explicit<'a>) -> bool {
    let inner = explicit.inner;
    match explicit.tag {
        1 => set(&mut session.time, inner.integer()),
        2 => set(&mut session.timeout, inner.integer()),
        3 => set(&mut session.peer_certificate, explicit.sequence()),
        4 => set(&mut session.session_id_context, inner.bytes()),
        5 => set(&mut session.verify_result, inner.integer()),
        6 => set(&mut session.hostname, inner.bytes()),
        7 => set(&mut session.psk_identity_hint, inner.bytes()),
        8 => set(&mut session.psk_identity, inner.bytes()),
        9 => set(&mut session.ticket_lifetime_hint, inner.integer()),
        10 => set(&mut session.ticket, inner.bytes()),
        11 => set(&mut session.compression, one_byte(inner)),
        12 => set(&mut session.srp_username, inner.bytes()),
        _ => false,
    }
}

fn one_byte(inner: Inner<'_>) -> Option<u8> {
    match inner.bytes()? {
        &[byte] => Some(byte),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    /// A session of TLS 1.2, with a structure version and further members.
    fn encoded(version: &[u8], protocol: &[u8], cipher: &[u8], members: &[Vec<u8>]) -> Vec<u8> {
        let fixed = [tlv(2, version), tlv(2, protocol), tlv(4, cipher), tlv(4, &[]), tlv(4, &[7; 48])];
        tlv(0x30, &[fixed.concat(), members.concat()].concat())
    }

    fn with_members(members: &[Vec<u8>]) -> Vec<u8> {
        encoded(&[1], &[3, 3], &[0xc0, 0x30], members)
    }

    #[test]
    fn only_structure_version_1_is_read() {
        let error = |version: &[u8]| Session::parse(&encoded(version, &[3, 3], &[0xc0, 0x30], &[])).err();
        assert_eq!(error(&[1]), None);
        for version in [&[0][..], &[2], &[0xff], &[1, 1]] {
            let error = error(version).unwrap().to_string();
            assert!(error.contains("structure version 1"), "{version:?}: {error}");
        }
    }

    #[test]
    fn protocol_versions_have_16_bits_and_suites_two_or_three_bytes() {
        let is_read = |protocol: &[u8], cipher: &[u8]| Session::parse(&encoded(&[1], protocol, cipher, &[])).is_ok();
        assert!(is_read(&[0, 0xff, 0xff], &[0xc0, 0x30]) && is_read(&[2], &[1, 0, 0x80]));
        assert!(!is_read(&[1, 0, 0], &[0xc0, 0x30]) && !is_read(&[0xff], &[0xc0, 0x30]));
        assert!(!is_read(&[3, 3], &[0x30]) && !is_read(&[3, 3], &[0, 0, 0xc0, 0x30]));
    }

    #[test]
    fn the_extended_master_secret_is_one_bit_of_the_flags() {
        let extended = |flags: u8| {
            let encoded = with_members(&[tlv(0xad, &tlv(2, &[flags]))]);
            let session = Session::parse(&encoded).unwrap();
            assert_eq!(session.flags, Some(flags.into()));
            session.extended_master_secret
        };
        assert_eq!(
            [0, 1, 2, 3, 4, 0x7e, 0x7f].map(extended).map(Option::unwrap),
            [false, true, false, true, false, false, true]
        );
        assert_eq!(Session::parse(&with_members(&[])).unwrap().extended_master_secret, Some(false));
        let tls13 = encoded(&[1], &[3, 4], &[0x13, 2], &[tlv(0xad, &tlv(2, &[1]))]);
        assert_eq!(Session::parse(&tls13).unwrap().extended_master_secret, None);
    }

    #[test]
    fn what_is_added_to_the_age_has_32_bits() {
        let age_add = |number: &[u8]| {
            let encoded = with_members(&[tlv(0xae, &tlv(2, number))]);
            let session = Session::parse(&encoded).unwrap();
            (session.ticket_age_add, session.unknown_fields.len())
        };
        assert_eq!(age_add(&[0, 0xff, 0xff, 0xff, 0xff]), (Some(u32::MAX), 0));
        assert_eq!(age_add(&[0]), (Some(0), 0));
        assert_eq!(age_add(&[1, 0, 0, 0, 0]), (None, 1));
        assert_eq!(age_add(&[0xff]), (None, 1));
        // BoringSSL: four bytes, and what tells it from OpenSSL before them
        let boringssl = |bytes: &[u8]| {
            let encoded = with_members(&[tlv(0xb1, &tlv(1, &[0xff])), tlv(0xb5, &tlv(4, bytes))]);
            let session = Session::parse(&encoded).unwrap();
            assert_eq!(session.dialect, Dialect::BoringSsl);
            (session.ticket_age_add, session.unknown_fields.len())
        };
        assert_eq!(boringssl(&[1, 2, 3, 4]), (Some(0x0102_0304), 0));
        assert_eq!((boringssl(&[2, 3, 4]), boringssl(&[0, 1, 2, 3, 4])), ((None, 1), (None, 1)));
    }
}
