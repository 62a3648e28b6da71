//! nginx: `ssl_session_ticket_key` and `include`, statements that end in a semicolon.

use crate::key::config::{Config, Reference, words};

pub(super) const CONFIG: Config = Config { format: "nginx", read };

fn read(text: &str) -> Vec<Reference> {
    // comments end with their line, statements do not
    let bare: Vec<String> = text.lines().map(without_comment).collect();
    let statements = bare.join(" ");
    let mut found = Vec::new();
    for block in statements.split(['{', '}']) {
        // what stands behind the last semicolon is no statement, but the head of the next block
        let (statements, head) = block.rsplit_once(';').unwrap_or(("", block));
        for statement in statements.split(';') {
            match words(statement).as_slice() {
                [name, path] if name == "ssl_session_ticket_key" => found.push(Reference::Key(path.clone())),
                [name, path] if name == "include" => found.push(Reference::Include(path.clone())),
                _ => {}
            }
        }
        if head.trim() == "server" {
            found.push(Reference::Server);
        }
    }
    found
}

/// A `#` at the start of a word begins a comment.
fn without_comment(line: &str) -> String {
    let begins = |(at, _): &(usize, &str)| {
        line.get(..*at).is_none_or(|before| before.is_empty() || before.ends_with([' ', '\t', ';', '{', '}']))
    };
    let end = line.match_indices('#').find(begins).map_or(line.len(), |(at, _)| at);
    line.get(..end).unwrap_or(line).to_owned()
}
