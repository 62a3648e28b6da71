//! How strict an audit is: thresholds, and the severity of each rule.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

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
pub struct PolicyError {
    error: String,
    unknown_rule: Option<String>,
}

impl PolicyError {
    fn new(error: String) -> Self {
        Self { error, unknown_rule: None }
    }

    /// The name that no rule has, if that is what is wrong.
    #[must_use]
    pub fn unknown_rule(&self) -> Option<&str> {
        self.unknown_rule.as_deref()
    }

    /// The error with the line, from 1, of its place in a policy file.
    fn at(self, text: &str, span: Option<Range<usize>>) -> Self {
        let line = span.map_or(1, |span| text.bytes().take(span.start).filter(|&byte| byte == b'\n').count() + 1);
        Self { error: format!("line {line}: {}", self.error), ..self }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}

impl std::error::Error for PolicyError {}

/// A policy file: every setting may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    fail_on: Option<Spanned<String>>,
    min_key_bits: Option<usize>,
    max_key_age: Option<Spanned<String>>,
    max_lifetime: Option<Spanned<String>>,
    expect_active: Option<bool>,
    max_refused_percent: Option<u64>,
    max_ticket_bytes: Option<usize>,
    #[serde(default)]
    rules: BTreeMap<String, Spanned<String>>,
}

impl Policy {
    /// What a rule is worth; `None` if it is off.
    #[must_use]
    pub fn severity(&self, rule: &Rule) -> Option<Severity> {
        self.severities.get(rule.id).copied().unwrap_or(Some(rule.severity))
    }

    /// Sets what a rule is worth: `off`, or a severity.
    pub fn set(&mut self, id: &str, worth: &str) -> Result<(), PolicyError> {
        let rule = rules::by_id(id).ok_or_else(|| PolicyError {
            error: format!("there is no rule {id:?}"),
            unknown_rule: Some(id.to_owned()),
        })?;
        let severity = match worth {
            "off" => None,
            _ => Some(worth.parse().map_err(|_| {
                PolicyError::new(format!("rule {id} cannot be {worth:?}: it is one of off, info, warning, error"))
            })?),
        };
        self.severities.insert(rule.id, severity);
        Ok(())
    }

    /// Takes over the settings of a policy file, TOML. An error names its line.
    pub fn read(&mut self, text: &str) -> Result<(), PolicyError> {
        let file: File = toml::from_str(text)
            .map_err(|error| PolicyError::new(error.message().replace('\n', " ")).at(text, error.span()))?;
        let named = |key: &str, value: &Spanned<String>, error: String| {
            PolicyError::new(format!("{key}: {error}")).at(text, Some(value.span()))
        };
        if let Some(value) = &file.fail_on {
            let severity = value.get_ref();
            let wrong = |error| named("fail-on", value, format!("{severity:?} is {error}"));
            self.fail_on = severity.parse().map_err(wrong)?;
        }
        if let Some(age) = &file.max_key_age {
            let wrong = |error| named("max-key-age", age, error);
            self.thresholds.max_key_age = parse_period(age.get_ref()).map_err(wrong)?;
        }
        if let Some(lifetime) = &file.max_lifetime {
            let wrong = |error| named("max-lifetime", lifetime, error);
            self.thresholds.max_lifetime = Some(parse_period(lifetime.get_ref()).map_err(wrong)?);
        }
        self.thresholds.min_key_bits = file.min_key_bits.unwrap_or(self.thresholds.min_key_bits);
        self.thresholds.expect_active = file.expect_active.unwrap_or(self.thresholds.expect_active);
        self.thresholds.max_refused_percent = file.max_refused_percent.unwrap_or(self.thresholds.max_refused_percent);
        self.thresholds.max_ticket_bytes = file.max_ticket_bytes.unwrap_or(self.thresholds.max_ticket_bytes);
        file.rules.iter().try_for_each(|(id, worth)| {
            self.set(id, worth.get_ref()).map_err(|error| error.at(text, Some(worth.span())))
        })
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
        assert!(error("\nfail-on = \"warn\"").starts_with("line 2: fail-on: \"warn\" is "));
        assert!(error("max-key-age = \"x\"").starts_with("line 1: max-key-age: neither a length of time"));
        assert!(error("[rules]\nno-such = \"off\"").starts_with("line 2: there is no rule \"no-such\""));
        assert!(error("[rules]\n\ncompression = \"bad\"").starts_with("line 3: rule compression cannot be \"bad\""));
        assert!(error("fail-on = ").starts_with("line 1: "));
    }
}
