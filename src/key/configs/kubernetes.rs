//! Kubernetes: a Secret or a `ConfigMap`, alone or in a list, as YAML or JSON. The values under `data` of a Secret and under
//! `binaryData` are base64 of what a mounted file has; those under `stringData` and under `data` of a `ConfigMap` are it,
//! and such a file may be the configuration of a server.

use zeroize::Zeroizing;

use super::{dnsdist, haproxy, httpd, lighttpd, nghttpx, nginx, unbound};
use crate::key::config::{Config, Reference, Text};
use crate::key::material::{Found, Name, chosen, decode_base64};
use crate::key::tree::Node;

/// The setting of ingress-nginx.
const INGRESS: &str = "ssl-session-ticket-key";

pub(super) const CONFIG: Config = Config { server: "Kubernetes", format: None, setting: None, read, recognises };

/// Configurations that a `ConfigMap` may hold in a string.
static MOUNTED: [&Config; 7] = [
    &nginx::CONFIG,
    &haproxy::CONFIG,
    &httpd::CONFIG,
    &unbound::CONFIG,
    &dnsdist::CONFIG,
    &lighttpd::CONFIG,
    &nghttpx::CONFIG,
];

fn recognises(text: &Text<'_>) -> bool {
    text.documents().iter().any(|document| objects(document).next().is_some())
}

/// The objects of a document: itself, or the items of a list.
fn objects(document: &Node) -> impl Iterator<Item = &Node> {
    let items = document.member("items").map(Node::items).unwrap_or_default();
    let is_object = |node: &&Node| {
        node.member("kind").and_then(Node::text).is_some_and(|kind| matches!(kind, "Secret" | "ConfigMap"))
    };
    std::iter::once(document).chain(items).filter(is_object)
}

fn read(text: &Text<'_>) -> Vec<Reference> {
    let mut found = Vec::new();
    for object in text.documents().iter().flat_map(objects) {
        let is_secret = object.member("kind").and_then(Node::text) == Some("Secret");
        let of_object = object.at(&["metadata", "name"]).and_then(Node::text).unwrap_or_default();
        let mut values = Vec::new();
        for (section, is_base64) in [("data", is_secret), ("binaryData", true), ("stringData", false)] {
            for (name, node) in object.member(section).map(Node::members).unwrap_or_default() {
                let Some(scalar) = node.scalar() else { continue };
                if !is_base64 && scalar.text.contains('\n') {
                    found.extend(mounted(&scalar.text));
                }
                let as_it_is = || Zeroizing::new(scalar.text.as_bytes().to_vec());
                // the controller of nginx for ingresses decodes it, and gives it to nginx
                let is_ingress = name == INGRESS;
                let content = if is_base64 || is_ingress {
                    decode_base64(&scalar.text).unwrap_or_else(as_it_is)
                } else {
                    as_it_is()
                };
                values.push(Found {
                    name: format!("{of_object}.{section}.{name}").trim_start_matches('.').to_owned(),
                    says: Name::of(name).max(Name::of(of_object)),
                    content,
                    format: is_ingress.then_some("nginx"),
                    line: scalar.line.or_else(|| text.line_of(&scalar.text)),
                });
            }
        }
        let values = chosen(values);
        found.extend((!values.is_empty()).then(|| Reference::server(None)));
        found.extend(values);
    }
    found
}

/// What a file names that is the configuration of a server. Its lines are not those of the document.
fn mounted(file: &str) -> Vec<Reference> {
    let text = Text::new(file);
    let all = MOUNTED.iter().map(|config| (config.read)(&text));
    let named = all.into_iter().find(|named| named.iter().any(Reference::is_key)).unwrap_or_default();
    named.into_iter().map(|reference| Reference { line: None, ..reference }).collect()
}
