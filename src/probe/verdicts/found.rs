//! Findings about a node or a pool, and how they name it.

use std::sync::Arc;

use super::super::seen::NodeFacts;
use crate::audit::{Finding, Policy, Rule, Subject};

/// The findings about one thing.
pub(super) struct Findings<'p> {
    pub(super) policy: &'p Policy,
    pub(super) subject: Subject,
    pub(super) found: Vec<Finding>,
}

impl<'p> Findings<'p> {
    pub(super) fn new(policy: &'p Policy, subject: Subject) -> Self {
        Self { policy, subject, found: Vec::new() }
    }

    pub(super) fn add(&mut self, rule: &'static Rule, message: String) {
        if let Some(severity) = self.policy.severity(rule) {
            self.found.push(Finding { rule, severity, subject: self.subject.clone(), message });
        }
    }
}

/// A node as findings name it.
#[must_use]
pub fn subject(node: &NodeFacts) -> Subject {
    let name = node.key_names().first().copied();
    Subject {
        key_name: name,
        seen: node.seen.clone(),
        ..Subject::file(Arc::from(format!("{} at {}", node.host, shown(node))))
    }
}

/// The address of a node; with its port if that is not the host's.
#[must_use]
pub fn shown(node: &NodeFacts) -> String {
    let port = format!(":{}", node.address.port());
    if node.host.ends_with(&port) { node.address.ip().to_string() } else { node.address.to_string() }
}
