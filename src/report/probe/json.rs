//! `node` and `pair` records, and the closing `summary`, one compact JSON object a line.

use super::View;
use crate::probe::matrix::Pair;
use crate::probe::seen::{NodeFacts, VersionFacts};
use crate::report::Page;
use crate::report::findings::FindingTally;
use crate::report::json::write::Object;
use crate::report::json::{line, record_type};

/// Appends the records of all nodes and pairs.
pub fn view(view: &View<'_>, out: &mut Page) {
    for (at, node) in view.nodes.iter().enumerate() {
        let group = view.group(at);
        for facts in &node.versions {
            self::node(node, facts, group.as_deref(), out);
        }
    }
    let pairs = view.pools.iter().flat_map(|pool| pool.pairs);
    for pair in pairs.chain(view.crossings) {
        self::pair(view.nodes, pair, out);
    }
}

/// Appends the record of a node in one version.
pub fn node(node: &NodeFacts, facts: &VersionFacts, group: Option<&str>, out: &mut Page) {
    line(out, |object| {
        object.begin(record_type!("node"));
        object.text("host", node.host.as_bytes());
        object.address("address", node.address);
        if let Some(sni) = &node.sni {
            object.text("sni", sni.as_bytes());
        }
        object.word("protocol", facts.version.as_str());
        object.number("full", facts.full);
        object.number("offered", facts.offered);
        object.number("resumed", facts.resumed);
        if let Some(failure) = facts.failure.as_ref().filter(|_| !facts.is_spoken()) {
            object.text("error", failure.to_string().as_bytes());
            return;
        }
        if facts.is_spoken() {
            spoken(node, facts, group, object);
        }
    });
}

fn spoken(node: &NodeFacts, facts: &VersionFacts, group: Option<&str>, object: &mut Object<'_, '_>) {
    let (issued, renewed) = facts.issued();
    object.number("tickets_issued", issued);
    object.number("tickets_renewed", renewed);
    if let Some(lifetime) = facts.lifetime() {
        object.number("lifetime", lifetime);
    }
    if let Some(most) = facts.max_early_data() {
        object.number("max_early_data", most);
    }
    if let Some(accepted) = facts.early_data {
        object.word("early_data", if accepted { "accepted" } else { "rejected" });
    }
    object.word("kind", facts.kind().as_str());
    let names: Vec<String> = node.key_names().iter().map(ToString::to_string).collect();
    object.texts("key_names", &names);
    match node.key() {
        Some(key) => object.object("key", |object| {
            object.text("file", key.file.as_bytes());
            object.number("index", key.index);
            object.word("role", key.role.as_str());
            object.hex("fingerprint", key.fingerprint.as_bytes());
        }),
        None => object.null("key"),
    }
    if let Some(context) = facts.tickets().find_map(|ticket| ticket.context.as_deref()) {
        object.hex("session_id_context", context);
    }
    if let Some(group) = group {
        object.word("group", group);
    }
    if let [certificate, ..] = facts.certificates.as_slice() {
        object.hex("certificate_sha256", certificate);
    }
    if let Some(problem) = &node.certificate_problem {
        object.text("certificate_problem", problem.as_bytes());
    }
    object.flag("asks_certificate", facts.asks_certificate);
    let altered: Vec<_> = node.altered.iter().filter(|altered| altered.version == facts.version).collect();
    if !altered.is_empty() {
        object.array("altered", &altered, |altered, object| {
            object.word("part", altered.part.as_str());
            object.word("answer", altered.answer.as_str());
        });
    }
}

/// Appends the record of a pair.
pub fn pair(nodes: &[NodeFacts], pair: &Pair, out: &mut Page) {
    let (Some(from), Some(to)) = (nodes.get(pair.from), nodes.get(pair.to)) else { return };
    line(out, |object| {
        object.begin(record_type!("pair"));
        object.text("host", to.host.as_bytes());
        object.address("from", from.address);
        object.address("to", to.address);
        let [from_name, to_name] = &pair.names;
        for (key, name) in [("from_name", from_name), ("to_name", to_name)] {
            match name {
                Some(name) => object.text(key, name.as_bytes()),
                None => object.null(key),
            }
        }
        if let Some(presented) = pair.certificate {
            object.flag("client_certificate", presented);
        }
        object.word("protocol", pair.version.as_str());
        match pair.resumed {
            Some(resumed) => object.flag("resumed", resumed),
            None => object.null("resumed"),
        }
        object.word("reason", pair.reason.as_str());
        object.text("why", pair.why.as_bytes());
    });
}

/// What the closing record counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Connections that were made.
    pub connections: u64,
    /// Tickets that were seen in them.
    pub tickets: u64,
    /// Nodes.
    pub nodes: usize,
    /// Nodes that could not be probed.
    pub failed: usize,
    /// Offers to the node that issued the session, and how many were resumed.
    pub offered: u64,
    /// See [`offered`](Self::offered).
    pub resumed: u64,
}

/// Appends the closing `summary` record.
pub fn summary(counts: &Counts, findings: &FindingTally, out: &mut Page) {
    line(out, |object| {
        object.begin(record_type!("summary"));
        object.number("tickets", counts.tickets);
        object.number("connections", counts.connections);
        object.number("nodes", counts.nodes);
        object.number("nodes_failed", counts.failed);
        object.number("offered", counts.offered);
        object.number("resumed", counts.resumed);
        object.object("findings", |object| {
            for (severity, count) in findings.counts() {
                object.number(severity.as_str(), count);
            }
        });
    });
}
