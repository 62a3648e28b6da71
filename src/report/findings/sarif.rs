//! SARIF 2.1.0 (OASIS), the form in which code-scanning views take findings.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};
use serde_sarif::sarif::{
    ArtifactLocation, Location, LogicalLocation, Message, MultiformatMessageString, PhysicalLocation, PropertyBag,
    Region, ReportingConfiguration, ReportingDescriptor, Result as SarifResult, ResultLevel, Run, Sarif, Tool,
    ToolComponent,
};

use crate::audit::rules::RULES;
use crate::audit::{Finding, Item, Policy, Rule, Severity};
use crate::escape::Text;

/// How many results one run may have: code-scanning views refuse a file with more.
pub const MAX_RESULTS: usize = 25_000;

/// How many bytes of text the findings of one document may have: it is held in memory until its end.
pub const MAX_TEXT: usize = 16 << 20;

/// Where the schema is.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Where the rules are explained, in the source of the crate.
const HELP: &str =
    concat!("https://docs.rs/crate/", env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"), "/source/docs/rules.md");

/// The whole document, of the first [`MAX_RESULTS`] findings.
#[must_use]
pub fn document(findings: &[Finding], policy: &Policy) -> String {
    let driver = ToolComponent::builder()
        .name("tktdump")
        .information_uri(env!("CARGO_PKG_HOMEPAGE").to_owned())
        .version(env!("CARGO_PKG_VERSION").to_owned())
        .semantic_version(env!("CARGO_PKG_VERSION").to_owned())
        .rules(RULES.iter().map(|rule| descriptor(rule, policy)).collect::<Vec<_>>())
        .build();
    let results: Vec<SarifResult> = findings.iter().take(MAX_RESULTS).map(result).collect();
    let run = Run::builder().tool(Tool::builder().driver(driver).build()).results(results).build();
    let document = Sarif::builder().schema(SCHEMA.to_owned()).version(json!("2.1.0")).runs(vec![run]).build();
    // strings, numbers and lists: nothing that JSON cannot hold
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn descriptor(rule: &Rule, policy: &Policy) -> ReportingDescriptor {
    let severity = policy.severity(rule);
    let level = severity.map_or("none", |severity| match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    });
    // what a view that knows nothing of TLS sorts by: 7 and more is high, 4 and more medium
    let rank = severity.map_or("0.0", |severity| match severity {
        Severity::Error => "8.0",
        Severity::Warning => "5.0",
        Severity::Info => "2.0",
    });
    let properties = BTreeMap::from([
        ("security-severity".to_owned(), Value::from(rank)),
        ("tags".to_owned(), json!(["security", "tls", rule.check.subject()])),
    ]);
    let mut descriptor = ReportingDescriptor::builder().id(rule.id).build();
    descriptor.short_description = Some(text(rule.about));
    descriptor.full_description = Some(text(&format!("{} Reference: {}.", rule.about, rule.reference)));
    descriptor.help = Some(help(rule));
    descriptor.help_uri = Some(HELP.to_owned());
    let enabled = severity.is_some();
    descriptor.default_configuration =
        Some(ReportingConfiguration { level: Some(level.into()), enabled: Some(enabled), ..Default::default() });
    descriptor.properties = Some(PropertyBag { additional_properties: properties, ..Default::default() });
    descriptor
}

/// What to do about a finding, as text and for views that show Markdown.
fn help(rule: &Rule) -> MultiformatMessageString {
    let plain = format!("{} Reference: {}.", rule.hint, rule.reference);
    let escaped = |text: &str| text.replace('_', "\\_").replace('*', "\\*").replace('<', "&lt;");
    let (about, hint, reference) = (escaped(rule.about), escaped(rule.hint), escaped(rule.reference));
    let markdown = format!("{about}\n\n**What to do:** {hint}\n\n**Reference:** {reference}");
    MultiformatMessageString::builder().text(plain).markdown(markdown).build()
}

fn result(finding: &Finding) -> SarifResult {
    let subject = &finding.subject;
    let said = format!("{}: {}", subject, finding.message);
    let mut result = SarifResult::builder().message(Message { text: Some(said), ..Default::default() }).build();
    result.rule_id = Some(finding.rule.id.to_owned());
    result.rule_index =
        RULES.iter().position(|rule| rule.id == finding.rule.id).and_then(|index| i64::try_from(index).ok());
    result.level = Some(match finding.severity {
        Severity::Error => ResultLevel::Error,
        Severity::Warning => ResultLevel::Warning,
        Severity::Info => ResultLevel::Note,
    });
    let line = subject.line().and_then(|line| i64::try_from(line).ok()).unwrap_or(1);
    let place = PhysicalLocation {
        artifact_location: Some(ArtifactLocation { uri: Some(uri(&subject.file)), ..Default::default() }),
        region: Some(Region { start_line: Some(line), ..Default::default() }),
        ..Default::default()
    };
    let item = match subject.item {
        Item::Whole => None,
        Item::Key(index) => Some(format!("key {index}")),
        Item::Ticket { index, .. } => Some(format!("ticket {index}")),
    };
    let item = item.map(|name| vec![LogicalLocation { name: Some(name), ..Default::default() }]);
    let location = Location { physical_location: Some(place), logical_locations: item, ..Default::default() };
    result.locations = Some(vec![location]);
    // what stays from run to run, so that a view knows the finding again: the key, wherever its file is
    let identity = match subject.fingerprint {
        Some(fingerprint) => format!("{} {fingerprint}", finding.rule.id),
        None => format!("{} {subject}", finding.rule.id),
    };
    result.partial_fingerprints = Some(BTreeMap::from([("tktdumpSubject/v2".to_owned(), identity)]));
    result
}

fn text(text: &str) -> MultiformatMessageString {
    MultiformatMessageString::builder().text(text).build()
}

/// A path as a URI reference (RFC 3986): relative ones stay so, which lets a view find the file in its checkout.
fn uri(path: &str) -> String {
    let path = Text(path.as_bytes()).to_string();
    let mut uri = String::with_capacity(path.len() + 8);
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.strip_prefix("./").unwrap_or(&path).bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // writing to a String does not fail
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::super::testing::findings;
    use super::*;

    #[test]
    fn a_result_names_rule_place_and_level() {
        let document: Value = serde_json::from_str(&document(&findings(), &Policy::default())).unwrap();
        let run = &document["runs"][0];
        let first = &run["results"][0];
        assert_eq!(first["ruleId"], "guessable-key");
        let index = usize::try_from(first["ruleIndex"].as_u64().unwrap()).unwrap();
        let driver = &run["tool"]["driver"];
        assert!(driver["informationUri"].as_str().unwrap().starts_with("https://"));
        let rule = &driver["rules"][index];
        assert_eq!(rule["id"], "guessable-key");
        assert!(rule["helpUri"].as_str().unwrap().ends_with("docs/rules.md"));
        assert!(rule["help"]["text"].is_string() && rule["help"]["markdown"].is_string());
        assert_eq!(first["level"], "error");
        let place = &first["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "keys/a%2C%20b%3A%20100%25%5Cu%7Ba%7D.key");
        assert_eq!(run["results"][2]["locations"][0]["physicalLocation"]["region"]["startLine"], 4);
        assert_eq!(run["results"][1]["level"], "note");
    }

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("./keys/a.key"), "keys/a.key");
        assert_eq!(uri("/etc/nginx/ticket key"), "file:///etc/nginx/ticket%20key");
    }
}
