//! `HAProxy`: `tls-ticket-keys FILE` among the words of a `bind` line. Relative paths start from the folder that the
//! process was started in, or from what `default-path` says (`cfgparse-global.c`).

use crate::key::config::{Config, Format, Reference, Text, words};

const OPTION: &str = "tls-ticket-keys";

pub(super) const CONFIG: Config = Config {
    server: "HAProxy",
    format: Some(Format::Named("haproxy")),
    setting: Some("bind … ssl tls-ticket-keys FILE"),
    read,
    recognises,
};

fn recognises(text: &Text<'_>) -> bool {
    let sections = ["global", "defaults", "frontend ", "backend ", "listen "];
    let count = sections
        .iter()
        .filter(|section| text.whole.lines().any(|line| line.trim_end() == **section || line.starts_with(*section)))
        .count();
    count > 1 || (count == 1 && text.has_line_with(&["bind "]))
}

fn read(text: &Text<'_>) -> Vec<Reference> {
    let of_line = |(line, content): (usize, &str)| {
        let words = words(content);
        match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["default-path", "origin", path] => Some(Reference::root(line, *path)),
            ["bind" | "ssl-default-bind-options", ..] => {
                words.iter().skip_while(|word| *word != OPTION).nth(1).map(|path| Reference::key(line, path))
            }
            _ => None,
        }
    };
    text.lines().filter_map(of_line).collect()
}
