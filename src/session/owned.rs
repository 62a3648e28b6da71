//! A session that is kept after the buffer it was read from is gone.

use std::fmt;

use zeroize::Zeroizing;

use super::{Session, SessionError};

/// A session with its encoding; wiped on drop.
///
/// ```
/// use tktdump::session::Session;
///
/// # let plaintext = include_bytes!("../../testdata/nginx48_tls12/plain.der").to_vec();
/// let owned = Session::parse(&plaintext)?.to_owned();
/// drop(plaintext);
/// assert_eq!(owned.session()?.protocol.name(), "TLSv1.2");
/// # Ok::<(), tktdump::session::SessionError>(())
/// ```
#[derive(Clone)]
pub struct OwnedSession {
    encoded: Zeroizing<Vec<u8>>,
}

impl OwnedSession {
    /// Takes over a plaintext that is one session.
    ///
    /// # Errors
    /// What [`Session::parse`] says of it.
    pub fn new(encoded: Vec<u8>) -> Result<Self, SessionError> {
        let encoded = Zeroizing::new(encoded);
        Session::parse(&encoded)?;
        Ok(Self { encoded })
    }

    /// The session. It is parsed again, which takes a fraction of a microsecond.
    ///
    /// # Errors
    /// None in practice: the bytes were parsed before.
    pub fn session(&self) -> Result<Session<'_>, SessionError> {
        Session::parse(&self.encoded)
    }

    /// The encoding, which holds the session's secret.
    #[must_use]
    pub fn encoded(&self) -> &[u8] {
        &self.encoded
    }
}

impl Session<'_> {
    /// A copy that does not borrow from the plaintext.
    #[must_use]
    pub fn to_owned(&self) -> OwnedSession {
        OwnedSession { encoded: Zeroizing::new(self.encoded.to_vec()) }
    }
}

impl fmt::Debug for OwnedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.session() {
            Ok(session) => session.fmt(f),
            Err(error) => write!(f, "OwnedSession({error})"),
        }
    }
}

/// As hex digits of the encoding: as secret as the session.
#[cfg(feature = "serde")]
impl serde::Serialize for OwnedSession {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(hex::encode(&self.encoded)))
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for OwnedSession {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let digits = Zeroizing::new(String::deserialize(deserializer)?);
        // the error of the decoder would show a digit of the secret
        let encoded = hex::decode(digits.as_bytes()).map_err(|_| D::Error::custom("not a session in hex"))?;
        Self::new(encoded).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &[u8] = include_bytes!("../../testdata/nginx48_tls12/plain.der");

    #[test]
    fn a_session_outlives_its_buffer_and_shows_no_secret() {
        let buffer = PLAIN.to_vec();
        let owned = Session::parse(&buffer).unwrap().to_owned();
        drop(buffer);
        let session = owned.session().unwrap();
        assert_eq!((session.encoded, session.protocol.name()), (PLAIN, "TLSv1.2"));
        let shown = format!("{owned:?}");
        assert!(shown.contains("TLSv1.2") && !shown.contains(&hex::encode(session.secret.bytes())), "{shown}");
        assert!(OwnedSession::new(b"nothing".to_vec()).is_err());
    }

    #[cfg(feature = "serde")]
    #[test]
    fn serde_gives_it_back_and_refuses_what_is_no_session() {
        let owned = OwnedSession::new(PLAIN.to_vec()).unwrap();
        let text = serde_json::to_string(&owned).unwrap();
        assert_eq!(serde_json::from_str::<OwnedSession>(&text).unwrap().encoded(), PLAIN);
        let error = serde_json::from_str::<OwnedSession>("\"30zz\"").unwrap_err().to_string();
        assert!(!error.contains('z'), "{error}");
        assert!(serde_json::from_str::<OwnedSession>("\"3000\"").is_err());
    }
}
