//! From a plaintext to a session: which dialect it is in, and what that makes of it.

use super::dialects;
use super::error::SessionError;
use super::model::Session;

/// Whether the DER of an `SSL_SESSION` begins here: a SEQUENCE, then the structure version 1, then another INTEGER.
/// Random bytes look so once in 2^48 times.
#[inline]
pub(crate) fn begins_as_asn1(bytes: &[u8]) -> bool {
    let Some((0x30, rest)) = bytes.split_first() else { return false };
    let ([0..=0x7f, body @ ..] | [0x81, _, body @ ..] | [0x82, _, _, body @ ..]) = rest else { return false };
    body.starts_with(&[2, 1, 1, 2])
}

impl<'a> Session<'a> {
    /// Parses a plaintext. All of it must be one session.
    pub fn parse(plaintext: &'a [u8]) -> Result<Self, SessionError> {
        let mut session = Self::blank(plaintext);
        session.read()?;
        Ok(session)
    }

    /// Reads the encoding into a blank session.
    pub(crate) fn read(&mut self) -> Result<(), SessionError> {
        let plaintext = self.encoded;
        if plaintext == b"NOT RESUMABLE" {
            return Err(SessionError::NotResumable);
        }
        // every ASN.1 session begins so, and hardly one of another dialect
        if plaintext.first() == Some(&0x30) {
            return dialects::asn1::read(self, plaintext)
                .map_err(SessionError::Der)
                .or_else(|error| self.read_other(error));
        }
        *self = dialects::parse(plaintext)?;
        Ok(())
    }

    /// Reads what begins like ASN.1 and is not: a structure whose first byte is part of a number.
    #[cold]
    fn read_other(&mut self, error: SessionError) -> Result<(), SessionError> {
        *self = dialects::parse(self.encoded).map_err(|_| error)?;
        Ok(())
    }
}
