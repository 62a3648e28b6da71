//! The groups of a survey: `key_name` records, and a list for people.

use std::fmt::Write as _;

use super::json::{line, record_type};
use super::{Page, text::Styles};
use crate::capture::container::Time;
use crate::escape::Text;
use crate::survey::Group;
use crate::time::utc;

/// Appends one `key_name` record.
pub fn json(group: &Group, out: &mut Page) {
    line(out, |object| {
        object.begin(record_type!("key_name"));
        if let Some(name) = group.key_name {
            object.hex("key_name", name.as_bytes());
        }
        object.number("tickets", group.tickets);
        for (key, time) in [("first_seen", group.first_seen), ("last_seen", group.last_seen)] {
            if let Some(time) = time {
                object.time(key, time);
            }
        }
        let snis: Vec<String> = group.snis.iter().map(|sni| Text(sni).to_string()).collect();
        let servers: Vec<String> = group.servers.iter().cloned().collect();
        object.texts("servers", &servers);
        object.texts("snis", &snis);
        let lengths: Vec<usize> = group.lengths.iter().copied().collect();
        object.numbers("lengths", &lengths);
        object.word("shape", group.shape.as_str());
        if let Some(name) = group.replaces {
            object.hex("replaces", name.as_bytes());
        }
    });
}

/// Appends the text of one group.
pub fn text(group: &Group, styles: Styles, out: &mut Page) {
    let mut text = String::new();
    // writing to a String does not fail
    let _ = print(group, styles, &mut text);
    out.extend_from_slice(text.as_bytes());
}

fn print(group: &Group, styles: Styles, out: &mut String) -> std::fmt::Result {
    let Styles { heading, warning, label: faint, .. } = styles;
    match group.key_name {
        Some(name) => writeln!(out, "{heading}{name}{heading:#}")?,
        None => writeln!(out, "{heading}without a key name{heading:#}")?,
    }
    let mut line = |label: &str, value: &str| writeln!(out, "  {faint}{label:14}{faint:#}{value}");
    line("tickets", &group.tickets.to_string())?;
    line("shape", group.shape.as_str())?;
    line("lengths", &list(group.lengths.iter().map(usize::to_string)))?;
    if let (Some(first), Some(last)) = (group.first_seen, group.last_seen) {
        line("seen", &format!("{} to {}", shown(first), shown(last)))?;
    }
    if !group.servers.is_empty() {
        line("servers", &list(group.servers.iter().cloned()))?;
    }
    if !group.snis.is_empty() {
        line("server names", &list(group.snis.iter().map(|sni| Text(sni).to_string())))?;
    }
    if let (Some(name), Some(first)) = (group.replaces, group.first_seen) {
        let rotation = format!("{warning}replaces {name}, a rotation at about {}{warning:#}", shown(first));
        line("rotation", &rotation)?;
    }
    out.push('\n');
    Ok(())
}

fn shown(time: Time) -> String {
    utc(time.seconds).unwrap_or_else(|| time.seconds.to_string())
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}
