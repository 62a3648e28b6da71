//! dnsdist: `ticketKeyFile` among the options of `addTLSLocal` and `addDOHLocal`, `loadTicketsKeys("FILE")` (Lua), and
//! `ticket_key_file` (YAML, since 2.0). Every frontend has a file of its own.

use crate::key::config::{Config, Format, Reference, Text, quoted};

const SETTINGS: [&str; 2] = ["ticketKeyFile", "loadTicketsKeys"];

pub(super) const CONFIG: Config = Config {
    server: "dnsdist",
    format: Some(Format::Named("dnsdist")),
    setting: Some("addTLSLocal(…, { ticketKeyFile = \"FILE\" })"),
    read,
    recognises,
};

fn recognises(text: &Text<'_>) -> bool {
    text.has_line_with(&["addTLSLocal(", "addDOHLocal(", "setLocal(", "addLocal(", "newServer("])
}

fn read(text: &Text<'_>) -> Vec<Reference> {
    let mut found = Vec::new();
    for (line, content) in text.lines() {
        let code = content.split_once("--").map_or(content, |(code, _)| code);
        for setting in SETTINGS {
            for (at, _) in code.match_indices(setting) {
                let behind = code.get(at + setting.len()..).unwrap_or_default();
                let value = behind.trim_start_matches(|character: char| {
                    character.is_whitespace()
                        || matches!(character, '=' | '(' | '"' | '\'' | ']') && !matches!(character, '"' | '\'')
                });
                if let Some((path, _)) = quoted(value) {
                    found.extend([Reference::server(line), Reference::key(line, path)]);
                }
            }
        }
    }
    for document in text.documents() {
        document.each_member(&mut |name, node| {
            if let Some(scalar) = node.scalar().filter(|_| name == "ticket_key_file") {
                let line = scalar.line.or_else(|| text.line_of(&scalar.text));
                found.extend([Reference::server(line), Reference::key(line, scalar.text.as_str())]);
            }
        });
    }
    found
}
