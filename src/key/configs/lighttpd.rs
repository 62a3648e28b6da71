//! lighttpd: `ssl.stek-file = "FILE"` and `include "FILE"`, with variables and `+` between strings as its own
//! configurations have them. Includes start from the folder of the configuration.

use std::collections::HashMap;

use crate::key::config::{Config, Format, Reference, Text, quoted};

/// How many variables are kept, and how long their values can be.
const MAX_VARIABLES: usize = 1000;
const LONGEST: usize = 4096;

pub(super) const CONFIG: Config = Config {
    server: "lighttpd",
    format: Some(Format::Named("lighttpd")),
    setting: Some("ssl.stek-file = \"FILE\""),
    read,
    recognises,
};

fn recognises(text: &Text<'_>) -> bool {
    text.has_line_with(&["server.modules", "server.document-root", "ssl.engine", "ssl.pemfile", "$SERVER[\"socket\"]"])
}

fn read(text: &Text<'_>) -> Vec<Reference> {
    let mut variables = HashMap::new();
    let mut found = Vec::new();
    for (line, content) in text.lines() {
        // statements of a block can stand in one line with its braces
        for statement in content.split(['{', '}']).map(str::trim) {
            if statement.starts_with('#') {
                break;
            }
            if let Some(value) = statement.strip_prefix("include ").and_then(|value| string(value, &variables)) {
                found.push(Reference::include(line, value));
                continue;
            }
            let Some((name, value)) = statement.split_once('=') else { continue };
            let Some(value) = string(value.trim_start_matches('>'), &variables) else { continue };
            match name.trim_end_matches([':', '+', ' ', '\t']) {
                "ssl.stek-file" => found.push(Reference::key(line, value)),
                name if variables.len() < MAX_VARIABLES => {
                    variables.insert(name.strip_prefix("var.").unwrap_or(name).to_owned(), value);
                }
                _ => {}
            }
        }
    }
    found
}

/// The value of strings and variables with `+` between them.
fn string(expression: &str, variables: &HashMap<String, String>) -> Option<String> {
    let mut value = String::new();
    let mut rest = expression.trim();
    loop {
        let (text, behind) = if let Some(string) = quoted(rest) {
            string
        } else {
            let ends = |character: char| character.is_whitespace() || character == '+';
            let (name, behind) = rest.split_at_checked(rest.find(ends).unwrap_or(rest.len()))?;
            (variables.get(name.strip_prefix("var.").unwrap_or(name))?.as_str(), behind)
        };
        value.push_str(text);
        rest = behind.trim_start();
        match rest.strip_prefix('+') {
            Some(behind) if value.len() <= LONGEST => rest = behind.trim_start(),
            Some(_) => return None,
            None => return (value.len() <= LONGEST && (rest.is_empty() || rest.starts_with('#'))).then_some(value),
        }
    }
}
