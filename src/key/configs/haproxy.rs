//! `HAProxy`: `tls-ticket-keys FILE` among the words of a `bind` line.

use crate::key::config::{Config, Reference, words};

const OPTION: &str = "tls-ticket-keys";

pub(super) const CONFIG: Config = Config { format: "haproxy", read };

fn read(text: &str) -> Vec<Reference> {
    let of_line = |line: &str| {
        let words = words(line);
        let begins = words.first().is_some_and(|word| word == "bind" || word == "ssl-default-bind-options");
        let path = words.iter().skip_while(|word| *word != OPTION).nth(1);
        path.filter(|_| begins).map(|path| Reference::Key(path.clone()))
    };
    text.lines().filter_map(of_line).collect()
}
