//! Sessions that are resumed under a name that they were not made for.

use super::super::matrix::Pair;
use super::super::seen::{Fresh, NodeFacts, VersionFacts};
use super::found::{Findings, subject};
use crate::audit::rules::probe as rules;
use crate::audit::{Finding, Policy, Severity};
use crate::escape::Text;

/// One context: a node and the name it was asked for, and what its own sessions there are.
#[derive(Debug, Clone)]
pub struct Context {
    /// The node, as a place in the list of nodes.
    pub node: usize,
    /// The name; `None` for no SNI.
    pub name: Option<String>,
    /// Whether the client certificate was presented.
    pub with_certificate: bool,
    /// What was seen there, for each version.
    pub versions: Vec<VersionFacts>,
}

impl Context {
    /// Whether the server asked for a client certificate here.
    #[must_use]
    pub fn asks_certificate(&self) -> bool {
        self.versions.iter().any(|facts| facts.asks_certificate)
    }
}

/// Sessions that were resumed under another name than that of the context that issued them.
#[must_use]
pub fn across_names(nodes: &[NodeFacts], contexts: &[Context], pairs: &[Pair], policy: &Policy) -> Vec<Finding> {
    let mut takers: Vec<(usize, &Option<String>, Vec<&Pair>)> = Vec::new();
    for pair in pairs.iter().filter(|pair| pair.resumed == Some(true)) {
        let [from, to] = &pair.names;
        if from == to {
            continue;
        }
        match takers.iter_mut().find(|(node, name, _)| (*node, *name) == (pair.to, to)) {
            Some((_, _, pairs)) => pairs.push(pair),
            None => takers.push((pair.to, to, vec![pair])),
        }
    }
    let mut found: Vec<Finding> = Vec::new();
    for (node, to, pairs) in takers {
        let (Some(taker), Some(first)) = (nodes.get(node), pairs.first()) else { continue };
        let context = |node: usize, name: &Option<String>| {
            contexts.iter().find(move |context| context.node == node && context.name == *name)
        };
        let asks = context(node, to).is_some_and(Context::asks_certificate);
        let [from, _] = &first.names;
        let ticket = contexts
            .iter()
            .find(|context| {
                let presented = first.certificate.is_none_or(|presented| presented == context.with_certificate);
                context.node == first.from && context.name == *from && presented
            })
            .and_then(|context| context.versions.iter().find(|facts| facts.version == first.version))
            .and_then(|facts| facts.tickets().next());
        let inside = ticket.map(|ticket| inside(ticket, from.as_deref())).unwrap_or_default();
        let demand = if asks { ", which asks for a client certificate" } else { "" };
        let (mut issuers, mut versions) = (Vec::new(), Vec::new());
        for pair in &pairs {
            let [from, _] = &pair.names;
            let issuer = nodes.get(pair.from).map(|node| name(node, from.as_deref())).unwrap_or_default();
            if !issuers.contains(&issuer) {
                issuers.push(issuer);
            }
            if !versions.contains(&pair.version.as_str()) {
                versions.push(pair.version.as_str());
            }
        }
        let (versions, issuers, to) = (versions.join(" and "), issuers.join(", "), name(taker, to.as_deref()));
        let mut findings = Findings::new(policy, subject(taker));
        findings.add(
            &rules::RESUMES_ACROSS_NAMES,
            format!("{versions}: sessions of {issuers} were resumed under {to}{demand}{inside}"),
        );
        for finding in &mut findings.found {
            // a policy that says otherwise is followed
            if asks && finding.severity == rules::RESUMES_ACROSS_NAMES.severity {
                finding.severity = Severity::Error;
            }
        }
        found.append(&mut findings.found);
    }
    found
}

fn name(node: &NodeFacts, name: Option<&str>) -> String {
    let port = node.address.port();
    match name {
        Some(name) => format!("{}:{port}", Text(name.as_bytes())),
        None => format!("port {port} without a name"),
    }
}

/// What stands inside a ticket that was resumed elsewhere.
fn inside(ticket: &Fresh, asked: Option<&str>) -> String {
    let Some(context) = &ticket.context else {
        return ticket.key_name.map(|key| format!("; key {key}")).unwrap_or_default();
    };
    let hostname = match (&ticket.hostname, asked) {
        (Some(name), _) => format!("the name {name}"),
        (None, _) => "no name".to_owned(),
    };
    let certificate =
        if ticket.client_certificate == Some(true) { "a client certificate" } else { "no client certificate" };
    let context = if context.is_empty() {
        "an empty context".to_owned()
    } else {
        format!("the context {}", hex::encode(context))
    };
    format!("; inside the first one's ticket are {hostname}, {context} and {certificate}")
}
