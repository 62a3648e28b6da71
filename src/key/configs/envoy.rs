//! Envoy: `session_ticket_keys` of a `DownstreamTlsContext` or of a secret that a management server hands out (SDS), in
//! YAML or JSON. A key is a data source: `filename`, `inline_bytes` (base64), `inline_string` or `environment_variable`
//! (`api/envoy/config/core/v3/base.proto`). The first seals; JSON may have the names without underscores.

use zeroize::Zeroizing;

use crate::key::config::{Config, Format, Reference, Text, Value, What};
use crate::key::material::decode_base64;
use crate::key::tree::{Node, Scalar};

pub(super) const CONFIG: Config = Config {
    server: "Envoy",
    format: Some(Format::Named("envoy")),
    setting: Some("session_ticket_keys: { keys: [{ filename: FILE }] }"),
    read,
    recognises,
};

fn recognises(text: &Text<'_>) -> bool {
    let sections = ["static_resources", "staticResources", "dynamic_resources", "filter_chains", "common_tls_context"];
    let mut found = false;
    for document in text.documents() {
        document.each_member(&mut |name, _| found |= sections.contains(&name));
    }
    found
}

fn read(text: &Text<'_>) -> Vec<Reference> {
    let mut found = Vec::new();
    for document in text.documents() {
        document.each_member(&mut |name, node| match plain(name).as_str() {
            "sessionticketkeys" => {
                let keys = node.members().iter().find(|(name, _)| name == "keys");
                let keys = keys.map(|(_, keys)| keys.items()).unwrap_or_default();
                // each context has its own
                found.extend((!keys.is_empty()).then(|| Reference::server(None)));
                found.extend(keys.iter().filter_map(|key| source(key, text)));
            }
            "sessionticketkeyssdssecretconfig" => node.each_member(&mut |name, node| {
                let path = node.scalar().filter(|_| name == "path");
                found.extend(path.map(|path| Reference::include(line(path, text), path.text.as_str())));
            }),
            _ => {}
        });
    }
    found
}

/// A name as YAML and JSON write it: with underscores and without.
fn plain(name: &str) -> String {
    name.replace('_', "").to_ascii_lowercase()
}

fn line(scalar: &Scalar, text: &Text<'_>) -> Option<usize> {
    scalar.line.or_else(|| text.line_of(&scalar.text))
}

/// A data source.
fn source(key: &Node, text: &Text<'_>) -> Option<Reference> {
    key.members().iter().find_map(|(name, node)| {
        let scalar = node.scalar()?;
        let value = |content| What::Value(Value { name: format!("session_ticket_keys.{name}"), content, format: None });
        let as_it_is = || Zeroizing::new(scalar.text.as_bytes().to_vec());
        let what = match plain(name).as_str() {
            "filename" => What::Key(scalar.text.to_string()),
            "inlinebytes" => value(decode_base64(&scalar.text).unwrap_or_else(as_it_is)),
            "inlinestring" => value(as_it_is()),
            "environmentvariable" => What::Variable(scalar.text.to_string()),
            _ => return None,
        };
        Some(Reference::new(line(scalar, text), what))
    })
}
