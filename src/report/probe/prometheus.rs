//! Metrics in the text exposition format of Prometheus, version 0.0.4.

use std::fmt::Write as _;

use super::View;
use crate::audit::Severity;
use crate::probe::seen::{Kind, NodeFacts, VersionFacts};
use crate::report::Page;

/// One metric: its name, what it says, and its samples.
struct Metric {
    name: &'static str,
    help: &'static str,
    samples: Vec<(String, u64)>,
}

/// Appends the metrics of a round; `now` is when it was made, in seconds since 1970.
pub fn view(view: &View<'_>, now: i64, out: &mut Page) {
    let mut text = String::new();
    for metric in metrics(view, now) {
        let Metric { name, help, samples } = metric;
        if samples.is_empty() {
            continue;
        }
        // writing to a String does not fail
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in samples {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    }
    out.extend_from_slice(text.as_bytes());
}

fn metrics(view: &View<'_>, now: i64) -> Vec<Metric> {
    let of_nodes = |name, help, value: &dyn Fn(&NodeFacts) -> Option<u64>| {
        let sample = |node| Some((labels(&[&identity(node)]), value(node)?));
        Metric { name, help, samples: view.nodes.iter().filter_map(sample).collect() }
    };
    let of_versions = |name, help, value: &dyn Fn(&VersionFacts) -> Option<u64>| {
        let spoken = view.nodes.iter().flat_map(|node| node.spoken().map(move |facts| (node, facts)));
        let sample = |(node, facts): (&NodeFacts, &VersionFacts)| {
            let version = [("version", facts.version.as_str().to_owned())];
            Some((labels(&[&identity(node), &version]), value(facts)?))
        };
        Metric { name, help, samples: spoken.filter_map(sample).collect() }
    };
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    vec![
        Metric {
            name: "tktdump_probe_timestamp_seconds",
            help: "When the probe was made.",
            samples: vec![(String::new(), now.try_into().unwrap_or_default())],
        },
        of_nodes("tktdump_probe_node_up", "Whether a TLS handshake with the node came to its end.", &|node| {
            Some(u64::from(node.is_up()))
        }),
        of_versions("tktdump_probe_offers", "Offers to the node of its own sessions.", &|facts| {
            Some(facts.offered.into())
        }),
        of_versions("tktdump_probe_resumed", "Offers that the node resumed.", &|facts| Some(facts.resumed.into())),
        of_versions("tktdump_probe_tickets", "Tickets of one full handshake.", &|facts| Some(count(facts.issued().0))),
        of_versions("tktdump_probe_stateless", "Whether sessions are in tickets, not in a cache.", &|facts| {
            Some(u64::from(facts.kind() == Kind::Stateless))
        }),
        of_versions("tktdump_probe_ticket_lifetime_seconds", "How long tickets live.", &|facts| {
            facts.lifetime().map(u64::from)
        }),
        of_versions("tktdump_probe_early_data_bytes", "0-RTT data that the node takes.", &|facts| {
            facts.max_early_data().map(u64::from)
        }),
        keys(view),
        of_pools(view, "tktdump_probe_nodes", "Nodes of the host.", |nodes, _, _| count(nodes)),
        of_pools(view, "tktdump_probe_groups", "Groups of nodes that resume each other's sessions.", |_, groups, _| {
            count(groups)
        }),
        of_pools(view, "tktdump_probe_pairs", "Pairs of nodes that were tried.", |_, _, (_, all)| count(all)),
        of_pools(view, "tktdump_probe_pairs_resumed", "Pairs of nodes that resumed.", |_, _, (resumed, _)| {
            count(resumed)
        }),
        findings(view),
    ]
}

fn keys(view: &View<'_>) -> Metric {
    let samples = view.nodes.iter().flat_map(|node| {
        node.key_names().into_iter().map(|name| {
            let key = node.key().filter(|key| key.name == Some(name));
            let file = key.map(|key| key.file.to_string()).unwrap_or_default();
            let role = key.map(|key| key.role.as_str().to_owned()).unwrap_or_default();
            let own = [("key_name", name.to_string()), ("file", file), ("role", role)];
            (labels(&[&identity(node), &own]), 1)
        })
    });
    Metric {
        name: "tktdump_probe_key_info",
        help: "The keys that encrypt the node's tickets, and their files.",
        samples: samples.collect(),
    }
}

fn of_pools(
    view: &View<'_>,
    name: &'static str,
    help: &'static str,
    value: impl Fn(usize, usize, (usize, usize)) -> u64,
) -> Metric {
    let sample = |(at, pool): (usize, &super::PoolView<'_>)| {
        let nodes: Vec<&NodeFacts> = view.nodes.iter().filter(|node| node.pool == at).collect();
        let host = [("host", nodes.first()?.host.clone())];
        // a node alone is a group
        let groups =
            if pool.groups.is_empty() { usize::from(nodes.iter().any(|node| node.is_up())) } else { pool.groups.len() };
        Some((labels(&[&host]), value(nodes.len(), groups, crate::probe::verdicts::shared(pool.pairs))))
    };
    Metric { name, help, samples: view.pools.iter().enumerate().filter_map(sample).collect() }
}

fn findings(view: &View<'_>) -> Metric {
    let mut samples: Vec<(String, u64)> = Severity::ALL
        .into_iter()
        .map(|severity| {
            let of_it = view.findings.iter().filter(|(_, finding)| finding.severity == severity).count();
            (
                labels(&[&[("rule", "any".to_owned()), ("severity", severity.to_string())]]),
                of_it.try_into().unwrap_or(u64::MAX),
            )
        })
        .collect();
    for (_, finding) in view.findings {
        let own = labels(&[&[("rule", finding.rule.id.to_owned()), ("severity", finding.severity.to_string())]]);
        match samples.iter_mut().find(|(known, _)| *known == own) {
            Some((_, count)) => *count += 1,
            None => samples.push((own, 1)),
        }
    }
    Metric { name: "tktdump_probe_findings", help: "Findings by rule; rule any counts them all.", samples }
}

fn identity(node: &NodeFacts) -> [(&'static str, String); 2] {
    [("host", node.host.clone()), ("address", node.address.to_string())]
}

/// Labels in braces.
fn labels(of: &[&[(&'static str, String)]]) -> String {
    let all: Vec<String> =
        of.iter().copied().flatten().map(|(key, value)| format!("{key}=\"{}\"", escape(value))).collect();
    format!("{{{}}}", all.join(","))
}

/// A label's value: backslash, quote and line feed are escaped, and so is what a terminal acts on.
fn escape(value: &str) -> String {
    crate::escape::Text(value.as_bytes()).to_string().replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_values_cannot_end_a_line() {
        assert_eq!(
            labels(&[&[("a", "x\"y\\z\n".to_owned()), ("b", String::new())]]),
            "{a=\"x\\\"y\\\\z\\\\u{a}\",b=\"\"}"
        );
    }
}
