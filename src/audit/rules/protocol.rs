//! What the connection was: version, suite, compression, resumption modes.

use super::super::facts::ticket::TicketFacts;
use super::super::rule::{Check, Rule};
use super::super::severity::Severity;
use super::super::thresholds::Thresholds;
use crate::session::Protocol;
use crate::tls::registry;

pub(super) static OLD_PROTOCOL: Rule = Rule {
    id: "old-protocol",
    severity: Severity::Error,
    about: "The session is of a protocol version before TLS 1.2, which must not be used any more.",
    hint: "Allow TLS 1.2 and 1.3 only.",
    reference: "RFC 8996",
    check: Check::Ticket(old_protocol),
};

fn old_protocol(ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
    let protocol = ticket.session()?.protocol;
    is_old(protocol).then(|| format!("the session is of {}", protocol.name()))
}

fn is_old(protocol: Protocol) -> bool {
    // DTLS counts down: DTLS 1.2 is 0xfefd. Some sessions do not say
    protocol.is_known() && matches!(protocol.0, 0..=0x0302 | 0xfefe..=0xffff)
}

pub(super) static WEAK_CIPHER_SUITE: Rule = Rule {
    id: "weak-cipher-suite",
    severity: Severity::Error,
    about: "The cipher suite is broken: no encryption, no authentication, export, RC4, RC2, DES, 3DES or IDEA.",
    hint: "Allow AEAD suites with ephemeral keys only, such as the defaults of current TLS libraries.",
    reference: "RFC 9325 section 4.1; RFC 7465",
    check: Check::Ticket(weak_cipher_suite),
};

/// What the registry calls the parts of a suite that is broken.
const WEAK: [&str; 12] =
    ["NULL", "anon", "EXPORT", "EXPORT1024", "RC4", "RC2", "DES", "DES40", "3DES", "IDEA", "28147", "FORTEZZA"];

fn weak_cipher_suite(ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
    let cipher = ticket.session()?.cipher;
    let name = cipher.suite().map(|suite| suite.iana);
    // a suite of 3 bytes is one of SSL 2.0
    let weak = cipher.0.len() == 3 || name.is_some_and(|name| name.split('_').any(|part| WEAK.contains(&part)));
    let name = cipher.openssl_name().or(name).unwrap_or("unknown");
    weak.then(|| format!("the cipher suite is {name}"))
}

pub(super) static COMPRESSION: Rule = Rule {
    id: "compression",
    severity: Severity::Error,
    about: "TLS compression was on: the length of what is sent tells what is in it (CRIME).",
    hint: "Switch TLS compression off: SSLCompression off, SSL_OP_NO_COMPRESSION.",
    reference: "CVE-2012-4929; RFC 9325 section 3.3",
    check: Check::Ticket(compression),
};

fn compression(ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
    let method = ticket.session()?.compression.filter(|&method| method != 0)?;
    let name = registry::compression_name(method).map_or_else(|| format!("method {method}"), str::to_owned);
    Some(format!("the connection was compressed with {name}"))
}

pub(super) static NO_EXTENDED_MASTER_SECRET: Rule = Rule {
    id: "no-extended-master-secret",
    severity: Severity::Warning,
    about: "The master secret is not an extended one: a session can be spliced into another one (triple handshake).",
    hint: "Use a TLS library and clients that have the extended master secret (RFC 9846, RFC 7627), and do not switch it off.",
    reference: "RFC 9846 (RFC 7627 section 5.3)",
    check: Check::Ticket(no_extended_master_secret),
};

fn no_extended_master_secret(ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
    let session = ticket.session()?;
    // SSL 2.0 and 3.0 have no extensions
    let can_have = !matches!(session.protocol.0, 0..=0x0300);
    let without = can_have && session.extended_master_secret == Some(false);
    without.then(|| format!("the session is of {} without the extended master secret", session.protocol.name()))
}

pub(super) static EARLY_DATA: Rule = Rule {
    id: "early-data",
    severity: Severity::Warning,
    about: "The ticket allows early data, and nothing stops a replay of it: a ticket can be used any number of times.",
    hint: "Accept early data only for requests that may safely be repeated, or keep single-use sessions in a cache.",
    reference: "RFC 9846 (RFC 8446 section 8); RFC 8470",
    check: Check::Ticket(early_data),
};

fn early_data(ticket: &TicketFacts<'_>, _: &Thresholds) -> Option<String> {
    // a handle of a server's cache can be used once
    ticket.record.ticket()?;
    let most = ticket.session()?.max_early_data.filter(|&most| most > 0)?;
    Some(format!("the ticket allows {most} bytes of early data, which can be replayed"))
}

pub(super) static PSK_KE_OFFERED: Rule = Rule {
    id: "psk-ke-offered",
    severity: Severity::Info,
    about: "The client offered to resume without a key exchange: whoever has the ticket key could read all of it.",
    hint: "Let clients offer psk_dhe_ke alone.",
    reference: "RFC 9846 (RFC 8446 sections 2.2 and 4.2.9)",
    check: Check::Ticket(|ticket, _| {
        let offered = ticket.psk_modes.plain_offered;
        offered.then(|| "the client offered psk_ke, resumption without a key exchange".to_owned())
    }),
};

pub(super) static PSK_KE_USED: Rule = Rule {
    id: "psk-ke-used",
    severity: Severity::Error,
    about: "The server resumed without a key exchange: the ticket key decrypts the whole connection.",
    hint: "Do not allow psk_ke: with OpenSSL, leave SSL_OP_ALLOW_NO_DHE_KEX off.",
    reference: "RFC 9846 (RFC 8446 sections 2.2 and 4.2.9)",
    check: Check::Ticket(|ticket, _| {
        let used = ticket.psk_modes.plain_used;
        used.then(|| "the server resumed with psk_ke, without a key exchange".to_owned())
    }),
};

#[cfg(test)]
mod tests {
    use super::super::super::facts::ticket::PskModes;
    use super::super::super::testing::{self, TestSession};

    fn found(session: &TestSession) -> Vec<&'static str> {
        testing::ticket_rules(session)
    }

    #[test]
    fn old_versions_are_found() {
        for protocol in [0x0002, 0x0300, 0x0301, 0x0302, 0xfeff] {
            assert!(
                found(&TestSession { protocol, ..TestSession::default() }).contains(&"old-protocol"),
                "{protocol:x}"
            );
        }
        for protocol in [0x0303, 0x0304, 0xfefd, 0xfefc] {
            assert!(
                !found(&TestSession { protocol, ..TestSession::default() }).contains(&"old-protocol"),
                "{protocol:x}"
            );
        }
    }

    #[test]
    fn broken_suites_are_found() {
        let with = |cipher: &[u8]| {
            found(&TestSession { cipher: cipher.to_vec(), ..TestSession::default() }).contains(&"weak-cipher-suite")
        };
        for weak in [0x0001_u16, 0x0003, 0x0004, 0x0009, 0x000a, 0x0034, 0xc011] {
            assert!(with(&weak.to_be_bytes()), "{weak:04x}");
        }
        assert!(with(&[1, 0, 0x80]), "SSL 2.0");
        for sound in [0x1301_u16, 0x1303, 0xc02f, 0xcca8, 0x002f, 0xffff] {
            assert!(!with(&sound.to_be_bytes()), "{sound:04x}");
        }
    }

    #[test]
    fn compression_is_found() {
        assert!(found(&TestSession { compression: Some(1), ..TestSession::default() }).contains(&"compression"));
        assert!(!found(&TestSession { compression: Some(0), ..TestSession::default() }).contains(&"compression"));
    }

    #[test]
    fn a_plain_master_secret_is_found_in_tls_1_2_only() {
        let rule = "no-extended-master-secret";
        let without = |protocol| TestSession { protocol, extended: false, ..TestSession::default() };
        assert!(found(&without(0x0303)).contains(&rule));
        assert!(!found(&without(0x0304)).contains(&rule));
        let with = TestSession { protocol: 0x0303, extended: true, ..TestSession::default() };
        assert!(!found(&with).contains(&rule));
    }

    #[test]
    fn early_data_is_found() {
        assert!(found(&TestSession { early_data: 16384, ..TestSession::default() }).contains(&"early-data"));
        assert!(!found(&TestSession::default()).contains(&"early-data"));
    }

    #[test]
    fn psk_modes_are_judged_where_a_capture_shows_them() {
        let with = |plain_offered, plain_used| testing::mode_rules(PskModes { plain_offered, plain_used });
        assert!(with(true, true).contains(&"psk-ke-used") && with(true, false).contains(&"psk-ke-offered"));
        assert!(!with(true, false).contains(&"psk-ke-used") && !with(false, false).contains(&"psk-ke-offered"));
    }
}
