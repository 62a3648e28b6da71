//! How strict an audit is: thresholds, and the severity of each rule.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use serde::Deserialize;

use super::period::parse_period;
use super::rule::Rule;
use super::rules;
use super::severity::Severity;
use super::thresholds::Thresholds;

/// What an audit goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The least severity that makes an audit fail.
    pub fail_on: Severity,
    /// What rules compare with.
    pub thresholds: Thresholds,
    /// Severities that are not the default; `None` is off.
    pub(super) severities: HashMap<&'static str, Option<Severity>>,
}

impl Default for Policy {
    fn default() -> Self {
        Self { fail_on: Severity::Error, thresholds: Thresholds::default(), severities: HashMap::new() }
    }
}

/// What is wrong with a policy, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError(String);

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PolicyError {}

/// A policy file: every setting may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    fail_on: Option<String>,
    min_key_bits: Option<usize>,
    max_key_age: Option<String>,
    max_lifetime: Option<String>,
    expect_active: Option<bool>,
    max_refused_percent: Option<u64>,
    max_ticket_bytes: Option<usize>,
    #[serde(default)]
    rules: BTreeMap<String, String>,
}

impl Policy {
    /// What a rule is worth; `None` where it is off.
    #[must_use]
    pub fn severity(&self, rule: &Rule) -> Option<Severity> {
        self.severities.get(rule.id).copied().unwrap_or(Some(rule.severity))
    }

    /// Sets what a rule is worth: `off`, or a severity.
    pub fn set(&mut self, id: &str, worth: &str) -> Result<(), PolicyError> {
        let rule = rules::by_id(id).ok_or_else(|| PolicyError(format!("there is no rule {id:?}")))?;
        let severity = match worth {
            "off" => None,
            _ => Some(worth.parse().map_err(|_| {
                PolicyError(format!("rule {id} cannot be {worth:?}: it is one of off, info, warning, error"))
            })?),
        };
        self.severities.insert(rule.id, severity);
        Ok(())
    }

    /// Takes over the settings of a policy file, TOML.
    pub fn read(&mut self, text: &str) -> Result<(), PolicyError> {
        let file: File = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text.bytes().take(span.start).filter(|&b| b == b'\n').count() + 1);
            PolicyError(format!("line {line}: {}", error.message().replace('\n', " ")))
        })?;
        let named = |key: &str, error: String| PolicyError(format!("{key}: {error}"));
        if let Some(severity) = &file.fail_on {
            self.fail_on = severity.parse().map_err(|error| named("fail-on", format!("{severity:?} is {error}")))?;
        }
        if let Some(age) = &file.max_key_age {
            self.thresholds.max_key_age = parse_period(age).map_err(|error| named("max-key-age", error))?;
        }
        if let Some(lifetime) = &file.max_lifetime {
            self.thresholds.max_lifetime = Some(parse_period(lifetime).map_err(|error| named("max-lifetime", error))?);
        }
        self.thresholds.min_key_bits = file.min_key_bits.unwrap_or(self.thresholds.min_key_bits);
        self.thresholds.expect_active = file.expect_active.unwrap_or(self.thresholds.expect_active);
        self.thresholds.max_refused_percent = file.max_refused_percent.unwrap_or(self.thresholds.max_refused_percent);
        self.thresholds.max_ticket_bytes = file.max_ticket_bytes.unwrap_or(self.thresholds.max_ticket_bytes);
        file.rules.iter().try_for_each(|(id, worth)| self.set(id, worth))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_sets_what_it_names() {
        let mut policy = Policy::default();
        policy
            .read(
                "fail-on = \"warning\"\nmax-key-age = \"3d\"\nmin-key-bits = 256\n[rules]\ncompression = \"off\"\n\
                 early-data = \"error\"\n",
            )
            .unwrap();
        assert_eq!(
            (policy.fail_on, policy.thresholds.max_key_age, policy.thresholds.min_key_bits),
            (Severity::Warning, 259_200, 256)
        );
        assert_eq!(policy.thresholds.max_lifetime, None);
        assert_eq!(policy.severity(rules::by_id("compression").unwrap()), None);
        assert_eq!(policy.severity(rules::by_id("early-data").unwrap()), Some(Severity::Error));
    }

    #[test]
    fn errors_say_where() {
        let error = |text: &str| Policy::default().read(text).unwrap_err().to_string();
        assert!(error("fail-on = \"warning\"\nfail = 1\n").starts_with("line 2: unknown field `fail`"));
        assert!(error("max-key-age = \"x\"").starts_with("max-key-age: neither a length of time"));
        assert!(error("[rules]\nno-such = \"off\"").contains("no rule \"no-such\""));
        assert!(error("[rules]\ncompression = \"bad\"").contains("one of off, info, warning, error"));
        assert!(error("fail-on = ").starts_with("line 1: "));
    }
}
