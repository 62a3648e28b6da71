//! Client certificates in tickets: who is let in, and for how long.

use super::super::facts::ticket::TicketFacts;
use super::super::period::Period;
use super::super::rule::{Check, Rule};
use super::super::severity::Severity;
use super::super::thresholds::Thresholds;
use crate::escape::Text;
use crate::session::certificate::{Certificate, Names};
use crate::session::{Session, VerifyFlags};
use crate::time::utc;

pub(super) static EMPTY_CONTEXT_WITH_CERTIFICATE: Rule = Rule {
    id: "empty-context-with-certificate",
    severity: Severity::Error,
    about: "The session of an authenticated client is bound to no server: any with the same key lets the client in.",
    hint: "Set a session ID context for each service: SSL_CTX_set_session_id_context.",
    reference: "CVE-2025-23419; SSL_CTX_set_session_id_context(3)",
    check: Check::Ticket(empty_context),
};

fn empty_context(ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
    let session = ticket.sealed()?;
    // other dialects have no context that could be empty
    let empty = is_authenticated(session) && session.session_id_context.is_some_and(<[u8]>::is_empty);
    empty.then(|| "the session ID context is empty, and a client authenticated itself".to_owned())
}

fn is_authenticated(session: &Session<'_>) -> bool {
    session.peer_certificate.is_some() || session.peer_raw_public_key.is_some()
}

pub(super) static CLIENT_CERTIFICATE_IN_TICKET: Rule = Rule {
    id: "client-certificate-in-ticket",
    severity: Severity::Info,
    about: "The client's certificate is in the ticket: whoever has the ticket key sees who the client is.",
    hint: "Keep sessions of authenticated clients in a cache, or protect the ticket key accordingly.",
    reference: "RFC 9846 (RFC 5077 section 5.8)",
    check: Check::Ticket(certificate_in_ticket),
};

fn certificate_in_ticket(ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
    let session = ticket.sealed()?;
    match certificate(session) {
        Some(names) => Some(format!("the ticket holds the certificate of {}", Text(names.subject.as_bytes()))),
        None => is_authenticated(session).then(|| "the ticket holds what the client authenticated with".to_owned()),
    }
}

pub(super) static CLIENT_CERTIFICATE_EXPIRED: Rule = Rule {
    id: "client-certificate-expired",
    severity: Severity::Warning,
    about: "The client's certificate has expired, and the session goes on: resumption does not verify it again.",
    hint: "Check the certificate's dates on resumption, or end sessions with the certificate.",
    reference: "RFC 9846 (RFC 8446 section 4.6.1); RFC 5280 section 4.1.2.5",
    check: Check::Ticket(certificate_expired),
};

fn certificate_expired(ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
    let session = ticket.sealed()?;
    let end = certificate(session)?.not_after;
    let issued_after = session.time.is_some_and(|time| time > end);
    let goes_on = session.expired(ticket.now) != Some(true);
    let expired = issued_after || (end < ticket.now && goes_on);
    expired.then(|| format!("the client's certificate ended on {}, the session did not", day(end)))
}

pub(super) static SESSION_OUTLIVES_CERTIFICATE: Rule = Rule {
    id: "session-outlives-certificate",
    severity: Severity::Warning,
    about: "The session lasts longer than the client's certificate: resumption does not verify it again.",
    hint: "Give sessions of authenticated clients a short lifetime.",
    reference: "RFC 9846 (RFC 8446 section 4.6.1); RFC 5280 section 4.1.2.5",
    check: Check::Ticket(session_outlives),
};

fn session_outlives(ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
    let session = ticket.sealed()?;
    let end = certificate(session)?.not_after;
    let later = session.expires()?.saturating_sub(end);
    let was_valid = session.time? <= end;
    (later > 0 && was_valid)
        .then(|| format!("the session lasts {} longer than the certificate, which ends on {}", Period(later), day(end)))
}

pub(super) static CLIENT_NOT_VERIFIED: Rule = Rule {
    id: "client-not-verified",
    severity: Severity::Warning,
    about: "The client's certificate was not verified, and its session can be resumed anyway.",
    hint: "Require verified certificates, or look at the result on every resumption.",
    reference: "SSL_get_verify_result(3)",
    check: Check::Ticket(client_not_verified),
};

fn client_not_verified(ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
    let session = ticket.sealed()?;
    let result = session.verify_result.filter(|&result| result != 0)?;
    // Mbed TLS says there that it did not ask for a certificate
    let was_asked = session.verify_flags != VerifyFlags::MbedTls || session.peer_certificate.is_some();
    let text = session.verify_text().unwrap_or("several reasons");
    was_asked.then(|| format!("the result of verification is {result}: {text}"))
}

fn certificate(session: &Session<'_>) -> Option<Names> {
    Certificate::parse(session.peer_certificate?).names
}

fn day(seconds: i64) -> String {
    utc(seconds).unwrap_or_else(|| seconds.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{self, TestSession};
    use crate::session::Session;
    use crate::session::certificate::Certificate;

    const PLAIN: &[u8] = include_bytes!("../../../testdata/nginx80_tls12_clientcert_rsa/plain.der");
    const UNTRUSTED: &[u8] = include_bytes!("../../../testdata/nginx80_tls12_clientcert_untrusted/plain.der");

    fn with_certificate() -> (TestSession, i64) {
        let der = Session::parse(PLAIN).unwrap().peer_certificate.unwrap();
        let end = Certificate::parse(der).names.unwrap().not_after;
        (TestSession { certificate: Some(der.to_vec()), protocol: 0x0303, ..TestSession::default() }, end)
    }

    fn found_at(session: &TestSession, now: i64) -> Vec<&'static str> {
        testing::ticket_rules_at(session, now)
    }

    #[test]
    fn an_authenticated_client_needs_a_context() {
        let (session, end) = with_certificate();
        let session = TestSession { time: end - 90_000, ..session };
        let found = found_at(&session, session.time);
        assert!(found.contains(&"client-certificate-in-ticket"));
        assert!(!found.contains(&"empty-context-with-certificate"));
        let session = TestSession { context: Vec::new(), ..session };
        assert!(found_at(&session, session.time).contains(&"empty-context-with-certificate"));
        let nobody = TestSession { context: Vec::new(), ..TestSession::default() };
        let found = testing::ticket_rules(&nobody);
        assert!(!found.contains(&"empty-context-with-certificate") && !found.contains(&"client-certificate-in-ticket"));
    }

    #[test]
    fn sessions_that_go_on_after_the_certificate_are_found() {
        let (session, end) = with_certificate();
        let (expired, outlives) = ("client-certificate-expired", "session-outlives-certificate");
        let at = |time, timeout, now| {
            let session = TestSession { time, timeout, ..session.clone() };
            let found = found_at(&session, now);
            (found.contains(&expired), found.contains(&outlives))
        };
        assert_eq!(at(end - 600, 300, end - 600), (false, false));
        assert_eq!(at(end - 600, 3600, end - 600), (false, true));
        assert_eq!(at(end - 600, 3600, end + 600), (true, true));
        assert_eq!(at(end + 600, 300, end + 600), (true, false));
        assert_eq!(at(end - 90_000, 300, end + 600), (false, false), "both have ended");
    }

    #[test]
    fn a_failed_verification_is_found() {
        for (plain, expected) in [(UNTRUSTED, true), (PLAIN, false)] {
            let now = Session::parse(plain).unwrap().time.unwrap();
            let found = testing::plaintext_rules(plain, now);
            assert_eq!(found.contains(&"client-not-verified"), expected, "{found:?}");
        }
    }
}
