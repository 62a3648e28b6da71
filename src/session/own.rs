//! What each session has of its own: the members that hardly any two have alike.

use super::model::{Session, SessionSecret};

/// The members that hardly any two sessions have alike. What is made of the others can be kept from one session to the
/// next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Own<'a> {
    /// Session ID; `None` if the dialect has none and none is there.
    pub session_id: Option<&'a [u8]>,
    /// Master secret or resumption PSK.
    pub secret: SessionSecret<'a>,
    /// Start, seconds since 1970.
    pub time: Option<i64>,
    /// Lifetime in seconds, which the end depends on.
    pub timeout: Option<i64>,
    /// What the client adds to the ticket's age.
    pub ticket_age_add: Option<u32>,
    /// Server name that the client asked for.
    pub hostname: Option<&'a [u8]>,
}

impl Own<'_> {
    /// When the session ends: start and lifetime, if both are known.
    #[must_use]
    #[inline]
    pub fn expires(&self) -> Option<i64> {
        self.time?.checked_add(self.timeout?)
    }

    /// Whether it has ended at `now`, by OpenSSL's rule (`sess_timedout` in `ssl/ssl_sess.c`): after the last second.
    #[must_use]
    #[inline]
    pub fn expired(&self, now: i64) -> Option<bool> {
        self.expires().map(|end| now > end)
    }
}

impl<'a> Session<'a> {
    /// What it has of its own.
    #[must_use]
    #[inline]
    pub fn own(&self) -> Own<'a> {
        // an SSL_SESSION always has the member, if only an empty one
        let has_id = self.dialect.is_ssl_session() || !self.session_id.is_empty();
        Own {
            session_id: has_id.then_some(self.session_id),
            secret: self.secret,
            time: self.time,
            timeout: self.timeout,
            ticket_age_add: self.ticket_age_add,
            hostname: self.hostname,
        }
    }

    /// When it ends: start and lifetime, if both are known.
    #[must_use]
    pub fn expires(&self) -> Option<i64> {
        self.own().expires()
    }

    /// Whether it has ended at `now`, by OpenSSL's rule (`sess_timedout` in `ssl/ssl_sess.c`): after the last second.
    #[must_use]
    pub fn expired(&self, now: i64) -> Option<bool> {
        self.own().expired(now)
    }
}
