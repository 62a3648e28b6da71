//! Rules that a running server is probed by; [`probe::verdicts`](crate::probe::verdicts) judges them.

use super::super::rule::{Check, Rule};
use super::super::severity::Severity;

pub(crate) static STALE_KEY_SEALS: Rule = Rule {
    id: "stale-key-seals",
    severity: Severity::Error,
    about: "The server encrypts new tickets under a key of the files that is not the one that should by their order.",
    hint: "The files were changed and the server was not reloaded: reload it, nginx with nginx -s reload.",
    reference: "RFC 9846 (RFC 5077 section 5.5)",
    check: Check::Probe,
};

pub(crate) static SEVERAL_KEYS_ON_ADDRESS: Rule = Rule {
    id: "several-keys-on-address",
    severity: Severity::Error,
    about: "One address encrypts tickets under several keys: behind it are nodes, or processes, that do not share a key.",
    hint: "Give every node and process behind the address the same key files, or make the balancer keep a client at its node.",
    reference: "RFC 9846 (RFC 5077 section 5.5)",
    check: Check::Probe,
};

pub(crate) static KEY_NOT_SHARED: Rule = Rule {
    id: "key-not-shared",
    severity: Severity::Error,
    about: "Nodes of a pool encrypt tickets under different keys and do not resume each other's sessions.",
    hint: "Give every node the same key files in the same order, and reload it.",
    reference: "RFC 9846 (RFC 5077 section 5.5)",
    check: Check::Probe,
};

pub(crate) static CONTEXT_NOT_SHARED: Rule = Rule {
    id: "context-not-shared",
    severity: Severity::Error,
    about: "Nodes of a pool have the same ticket key and do not resume each other's sessions.",
    hint: "Give every node the same certificate and client CA list: servers make the session ID context of them.",
    reference: "ngx_ssl_session_id_context in nginx; SSL_CTX_set_session_id_context in OpenSSL",
    check: Check::Probe,
};

pub(crate) static ALTERED_TICKET_ACCEPTED: Rule = Rule {
    id: "altered-ticket-accepted",
    severity: Severity::Error,
    about: "The server resumed from a ticket of which one bit had been flipped: it does not authenticate its tickets.",
    hint: "Update the server, and report it to its makers: anybody can alter or forge sessions.",
    reference: "RFC 9846 (RFC 5077 section 4); CVE-2020-13777 is of that kind",
    check: Check::Probe,
};

pub(crate) static NOT_RESUMED: Rule = Rule {
    id: "not-resumed",
    severity: Severity::Warning,
    about: "The server does not resume the sessions that it has just given out, or not all of them.",
    hint: "Check whether all processes and nodes behind the address share the key, and whether it is set in the server block that answers.",
    reference: "RFC 9846 (RFC 8446 section 2.2, RFC 5077 section 3)",
    check: Check::Probe,
};

pub(crate) static NO_TICKETS: Rule = Rule {
    id: "no-tickets",
    severity: Severity::Warning,
    about: "The server issues no tickets: its sessions are in a cache of its own, or nowhere.",
    hint: "Switch tickets on, nginx with ssl_session_tickets on; turn this rule off if that is meant.",
    reference: "RFC 9846 (RFC 5077 section 3, RFC 8446 section 4.6.1)",
    check: Check::Probe,
};

pub(crate) static STATEFUL_ACROSS_NODES: Rule = Rule {
    id: "stateful-across-nodes",
    severity: Severity::Warning,
    about: "Nodes of a pool keep sessions in caches of their own: a client that changes node never resumes.",
    hint: "Use tickets under a shared key, or a shared cache, or make the balancer keep a client at its node.",
    reference: "RFC 9846 (RFC 5077 section 1)",
    check: Check::Probe,
};

pub(crate) static LIFETIME_DIFFERS: Rule = Rule {
    id: "lifetime-differs",
    severity: Severity::Warning,
    about: "Nodes of a pool, or one address at different times, give tickets of different lifetimes.",
    hint: "Compare the configurations of the nodes: ssl_session_timeout in nginx, tune.ssl.lifetime in HAProxy.",
    reference: "RFC 9846 (RFC 8446 section 4.6.1, RFC 5077 section 3.3)",
    check: Check::Probe,
};

pub(crate) static RESUMES_ACROSS_NAMES: Rule = Rule {
    id: "resumes-across-names",
    severity: Severity::Warning,
    about: "A session got under one name is resumed under another one; an error if that one asks for a client certificate.",
    hint: "Update the server, and give virtual hosts with client certificates a ticket key and a cache of their own.",
    reference: "CVE-2025-23419, CVE-2025-23048, CVE-2025-68121; RFC 9846 (RFC 8446 section 4.6.1)",
    check: Check::Probe,
};

pub(crate) static EARLY_DATA_ALLOWED: Rule = Rule {
    id: "early-data-allowed",
    severity: Severity::Info,
    about: "The server takes 0-RTT data, which whoever recorded it can send again.",
    hint: "See that the application refuses early data where a repetition does harm, such as with 425 Too Early.",
    reference: "RFC 9846 (RFC 8446 section 8); RFC 8470",
    check: Check::Probe,
};
