//! nginx and its forks: `ssl_session_ticket_key` and `include`, statements that end in a semicolon. Relative paths
//! start from the folder of the main configuration (`ngx_conf_full_name`).

use crate::key::config::{Config, Format, Reference, Text};

pub(super) const CONFIG: Config = Config {
    server: "nginx",
    format: Some(Format::Named("nginx")),
    setting: Some("ssl_session_ticket_key FILE;"),
    read,
    recognises,
};

fn recognises(text: &Text<'_>) -> bool {
    statements(text.whole).iter().any(|statement| match statement.words.as_slice() {
        [name] => statement.opens && matches!(name.as_str(), "http" | "server" | "events" | "stream"),
        [name, ..] => {
            !statement.opens && matches!(name.as_str(), "ssl_certificate" | "ssl_protocols" | "ssl_session_tickets")
        }
        [] => false,
    })
}

fn read(text: &Text<'_>) -> Vec<Reference> {
    let reference = |Statement { words, line, opens }: Statement| match words.as_slice() {
        [name, path] if name == "ssl_session_ticket_key" && !opens => Some(Reference::key(line, path)),
        [name, path] if name == "include" && !opens => Some(Reference::include(line, path)),
        [name] if name == "server" && opens => Some(Reference::server(line)),
        _ => None,
    };
    statements(text.whole).into_iter().filter_map(reference).collect()
}

/// The words ahead of a semicolon, or of the block that they open.
struct Statement {
    words: Vec<String>,
    line: usize,
    opens: bool,
}

fn statements(text: &str) -> Vec<Statement> {
    let mut found = Vec::new();
    let (mut words, mut word): (Vec<String>, Option<String>) = (Vec::new(), None);
    let (mut line, mut begins, mut quote) = (1, 1, None);
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if words.is_empty() && word.is_none() {
            begins = line;
        }
        line += usize::from(character == '\n');
        match (character, quote) {
            ('\\', _) => word.get_or_insert_default().extend(characters.next()),
            (_, Some(open)) if character == open => quote = None,
            ('"' | '\'', None) => {
                word.get_or_insert_default();
                quote = Some(character);
            }
            // a `#` at the start of a word begins a comment
            ('#', None) if word.is_none() => {
                if characters.by_ref().any(|character| character == '\n') {
                    line += 1;
                }
            }
            (';' | '{' | '}', None) => {
                words.extend(word.take());
                // what stands ahead of a closing brace was not ended
                if character != '}' {
                    found.push(Statement { words: std::mem::take(&mut words), line: begins, opens: character == '{' });
                }
                words.clear();
            }
            (blank, None) if blank.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    found
}
