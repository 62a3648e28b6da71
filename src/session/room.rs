//! Where a session is made.

use super::{Session, SessionError};

/// Room for a session. One is large: here it is made where it stays, and what has to do with it refers to it.
#[derive(Debug, Clone, Default)]
pub struct Room<'a>(Option<Session<'a>>);

impl<'a> Room<'a> {
    /// Parses a plaintext, as [`Session::parse`] does, into this room.
    #[inline]
    pub fn parse(&mut self, plaintext: &'a [u8]) -> Result<&Session<'a>, SessionError> {
        let session = self.0.insert(Session::blank(plaintext));
        session.read()?;
        Ok(session)
    }

    /// Takes a session in.
    pub fn insert(&mut self, session: Session<'a>) -> &Session<'a> {
        self.0.insert(session)
    }
}
