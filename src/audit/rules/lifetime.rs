//! How long tickets live.

use super::super::facts::ticket::TicketFacts;
use super::super::period::Period;
use super::super::rule::{Check, Rule};
use super::super::severity::Severity;
use super::super::thresholds::Thresholds;

/// What TLS 1.3 allows at most, seconds.
const TLS13_LIMIT: i64 = 604_800;
/// What RFC 9846 (RFC 5246) suggests, seconds.
const TLS12_LIMIT: i64 = 86400;
/// Clocks of hosts differ by this much without anything being wrong, seconds.
const SKEW: i64 = 300;

pub(super) static LONG_LIFETIME: Rule = Rule {
    id: "long-lifetime",
    severity: Severity::Warning,
    about: "The ticket lives longer than --max-lifetime, or 24 hours (7 days with TLS 1.3): so long the key must be kept.",
    hint: "Set a shorter session timeout, such as ssl_session_timeout of nginx.",
    reference: "RFC 9846 (RFC 5246 appendix F.1.4); RFC 9846 (RFC 5077 section 5.6)",
    check: Check::Ticket(long_lifetime),
};

fn long_lifetime(ticket: &TicketFacts<'_>, thresholds: &Thresholds) -> Option<String> {
    let (lifetime, is_tls13) = lifetime(ticket)?;
    let limit = thresholds.max_lifetime.unwrap_or(if is_tls13 { TLS13_LIMIT } else { TLS12_LIMIT });
    (lifetime > limit).then(|| format!("the ticket lives for {}, more than {}", Period(lifetime), Period(limit)))
}

pub(super) static LIFETIME_BEYOND_TLS13: Rule = Rule {
    id: "lifetime-beyond-tls13",
    severity: Severity::Error,
    about: "The TLS 1.3 ticket lives longer than the 7 days that the protocol allows.",
    hint: "Set a session timeout of 7 days or less.",
    reference: "RFC 9846 (RFC 8446 section 4.6.1)",
    check: Check::Ticket(lifetime_beyond_tls13),
};

fn lifetime_beyond_tls13(ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
    let (lifetime, is_tls13) = lifetime(ticket)?;
    let over = is_tls13 && lifetime > TLS13_LIMIT;
    over.then(|| format!("the ticket lives for {}, TLS 1.3 allows 7 days", Period(lifetime)))
}

/// Seconds that the ticket lives by its server, and whether the protocol is TLS 1.3.
fn lifetime(ticket: &TicketFacts<'_>) -> Option<(i64, bool)> {
    let session = ticket.session()?;
    // a client's own timeout is not the server's
    let lifetime = match ticket.sealed() {
        Some(sealed) => sealed.timeout,
        None => session.ticket_lifetime_hint,
    };
    Some((lifetime?, session.protocol.has_psk()))
}

pub(super) static EXPIRED_TICKET: Rule = Rule {
    id: "expired-ticket",
    severity: Severity::Info,
    about: "The ticket has expired: a server that still takes it does not look at the time.",
    hint: "Judge an old ticket by --at, the time of its use.",
    reference: "RFC 9846 (RFC 5077 section 5.6)",
    check: Check::Ticket(expired_ticket),
};

fn expired_ticket(ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
    let end = ticket.sealed()?.expires()?;
    (end < ticket.now)
        .then(|| format!("the ticket expired {} before the time of judging", Period(ticket.now.saturating_sub(end))))
}

pub(super) static FUTURE_TICKET: Rule = Rule {
    id: "future-ticket",
    severity: Severity::Warning,
    about: "The ticket was issued in the future: clocks differ, and it lives longer than it should.",
    hint: "Synchronise the clocks of the nodes.",
    reference: "RFC 9846 (RFC 5077 section 5.6)",
    check: Check::Ticket(future_ticket),
};

fn future_ticket(ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
    let ahead = ticket.sealed()?.time?.saturating_sub(ticket.now);
    (ahead > SKEW).then(|| format!("the ticket was issued {} after the time of judging", Period(ahead)))
}

pub(super) static SESSION_PROLONGED: Rule = Rule {
    id: "session-prolonged",
    severity: Severity::Warning,
    about: "By renewing its ticket the client has gone on for longer than a ticket lives, without a full handshake.",
    hint: "Let the server keep the time of the first handshake in renewed tickets, and end sessions by it.",
    reference: "RFC 9846 (RFC 8446 section 4.6.1); RFC 9325 section 3.4",
    check: Check::Ticket(session_prolonged),
};

fn session_prolonged(ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
    let lived = ticket.record.capture.as_ref()?.lived?;
    let (lifetime, _) = lifetime(ticket)?;
    let over = lifetime > 0 && lived > lifetime;
    over.then(|| {
        format!("the last full handshake was {} before, and the ticket lives for {}", Period(lived), Period(lifetime))
    })
}

pub(super) static TICKET_TOO_LARGE: Rule = Rule {
    id: "ticket-too-large",
    severity: Severity::Info,
    about: "The ticket is longer than --max-ticket-bytes, 1024 unless set: a ClientHello with it may take more than one packet.",
    hint: "Look at the sizes of the session's parts: a client certificate is best kept out of tickets.",
    reference: "RFC 9846 (RFC 5077 section 5.8); RFC 9000 section 14",
    check: Check::Ticket(ticket_too_large),
};

fn ticket_too_large(ticket: &TicketFacts<'_>, thresholds: &Thresholds) -> Option<String> {
    let length = ticket.record.bytes.len();
    (length > thresholds.max_ticket_bytes).then(|| {
        let limit = thresholds.max_ticket_bytes;
        format!("the ticket has {length} bytes, more than {limit}")
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{self, NOW, TestSession};
    use crate::audit::{Policy, Thresholds};

    fn found(session: &TestSession) -> Vec<&'static str> {
        testing::ticket_rules(session)
    }

    #[test]
    fn lifetimes_are_judged_by_protocol_and_policy() {
        let tls12 = TestSession { protocol: 0x0303, timeout: 90_000, ..TestSession::default() };
        assert!(found(&tls12).contains(&"long-lifetime"));
        let tls13 = TestSession { timeout: 90_000, ..TestSession::default() };
        assert!(!found(&tls13).contains(&"long-lifetime"));
        let strict = Policy {
            thresholds: Thresholds { max_lifetime: Some(3600), ..Thresholds::default() },
            ..Policy::default()
        };
        assert!(testing::ticket_rules_by(&strict, &tls13).contains(&"long-lifetime"));
        assert!(!found(&tls13).contains(&"lifetime-beyond-tls13"));
        let beyond = TestSession { timeout: 604_801, ..TestSession::default() };
        assert!(found(&beyond).contains(&"lifetime-beyond-tls13"));
        assert!(!found(&TestSession::default()).contains(&"long-lifetime"));
    }

    #[test]
    fn lifetimes_may_be_as_long_as_the_limit() {
        let lives = |protocol, timeout| TestSession { protocol, timeout, ..TestSession::default() };
        for (protocol, limit) in [(0x0303, 86_400), (0x0304, 604_800)] {
            let long = [-1, 0, 1].map(|more| found(&lives(protocol, limit + more)).contains(&"long-lifetime"));
            assert_eq!(long, [false, false, true], "{protocol:04x}");
        }
        let strict = Policy {
            thresholds: Thresholds { max_lifetime: Some(3600), ..Thresholds::default() },
            ..Policy::default()
        };
        let long = [3599, 3600, 3601]
            .map(|timeout| testing::ticket_rules_by(&strict, &lives(0x0303, timeout)).contains(&"long-lifetime"));
        assert_eq!(long, [false, false, true]);
        let beyond =
            [604_800, 604_801].map(|timeout| found(&lives(0x0304, timeout)).contains(&"lifetime-beyond-tls13"));
        assert_eq!(beyond, [false, true]);
        assert!(!found(&lives(0x0303, 604_801)).contains(&"lifetime-beyond-tls13"));
    }

    /// What counts is the server's lifetime, not how long the client keeps the session.
    #[test]
    fn the_lifetime_is_the_server_s_and_not_the_client_s() {
        let ticket = testing::seal(testing::OTHER_KEY, &TestSession::default().der());
        let client =
            |timeout, hint| TestSession { ticket: Some(ticket.clone()), timeout, hint, ..TestSession::default() };
        assert!(!testing::client_session_rules(&client(700_000, 300)).contains(&"long-lifetime"));
        assert!(testing::client_session_rules(&client(300, 700_000)).contains(&"long-lifetime"));
        // the ticket itself says more than the hint beside it
        let sealed = TestSession { timeout: 700_000, ..TestSession::default() };
        let ticket = testing::seal(testing::GOOD_KEY, &sealed.der());
        let client = TestSession { ticket: Some(ticket), hint: 300, ..TestSession::default() };
        assert!(testing::client_session_rules(&client).contains(&"long-lifetime"));
    }

    #[test]
    fn the_server_s_hint_counts_where_the_ticket_is_closed() {
        let ticket = testing::seal(testing::OTHER_KEY, &TestSession::default().der());
        let client = |hint| TestSession { ticket: Some(ticket.clone()), hint, ..TestSession::default() };
        assert!(testing::client_session_rules(&client(700_000)).contains(&"lifetime-beyond-tls13"));
        assert!(!testing::client_session_rules(&client(300)).contains(&"lifetime-beyond-tls13"));
    }

    #[test]
    fn times_are_judged_by_the_clock() {
        let old = TestSession { time: NOW - 10_000, timeout: 300, ..TestSession::default() };
        assert!(found(&old).contains(&"expired-ticket"));
        let ahead = TestSession { time: NOW + 400, ..TestSession::default() };
        assert!(found(&ahead).contains(&"future-ticket"));
        // no clock is so wrong that it could not be judged
        for (time, now, rule) in [(i64::MIN + 5, i64::MAX, "expired-ticket"), (i64::MAX, i64::MIN, "future-ticket")] {
            let session = TestSession { time, timeout: 1, ..TestSession::default() };
            assert!(testing::ticket_rules_at(&session, now).contains(&rule), "{rule}");
        }
        let skewed = TestSession { time: NOW + 100, ..TestSession::default() };
        assert!(!found(&skewed).contains(&"future-ticket") && !found(&skewed).contains(&"expired-ticket"));
    }
}
