//! The groups of a survey: `key_name` records, and a list for people.

use std::fmt::Write as _;

use super::Page;
use super::json::{Object, line, record_type};
use super::text::Styles;
use crate::capture::container::Time;
use crate::escape::Text;
use crate::survey::{Group, Uses};
use crate::time::utc;

/// Appends one `key_name` record.
pub fn json(group: &Group, out: &mut Page) {
    line(out, |object| {
        object.begin(record_type!("key_name"));
        if let Some(name) = group.name() {
            object.hex("key_name", name);
        }
        object.number("tickets", group.tickets);
        for (key, time) in [("first_seen", group.first_seen), ("last_seen", group.last_seen)] {
            if let Some(time) = time {
                object.time(key, time);
            }
        }
        let snis: Vec<String> = group.snis.iter().map(|sni| Text(sni).to_string()).collect();
        let servers: Vec<String> = group.servers().map(str::to_owned).collect();
        object.texts("servers", &servers);
        object.texts("snis", &snis);
        let lengths: Vec<usize> = group.lengths.iter().copied().collect();
        object.numbers("lengths", &lengths);
        object.word("shape", group.shape.as_str());
        let sources: Vec<String> = group.sources.iter().cloned().collect();
        object.texts("sources", &sources);
        counts(&group.uses, object);
        if let Some(name) = group.replaces {
            object.hex("replaces", name.as_bytes());
        }
        if !group.alongside.is_empty() {
            let names: Vec<&[u8]> = group.alongside.iter().map(crate::key::KeyName::as_bytes).collect();
            object.hex_list("alongside", &names);
        }
        if !group.by_server.is_empty() {
            let servers: Vec<(&String, &Uses)> = group.by_server.iter().collect();
            object.array("by_server", &servers, |(server, uses), object| {
                object.text("server", server.as_bytes());
                counts(uses, object);
                if let Some((first, last)) = uses.seen {
                    object.time("first_seen", first);
                    object.time("last_seen", last);
                }
            });
        }
        if let Some(key) = &group.key {
            object.object("key", |object| {
                object.text("file", key.file.as_bytes());
                object.number("index", key.index);
                object.word("role", key.role.as_str());
                object.flag("mac_verified", key.verified);
            });
        }
    });
}

fn counts(uses: &Uses, object: &mut Object<'_, '_>) {
    for (key, count) in counted(uses) {
        object.number(key, count);
    }
}

fn counted(uses: &Uses) -> [(&'static str, u64); 4] {
    [("issued", uses.issued), ("offered", uses.offered), ("accepted", uses.accepted), ("refused", uses.refused)]
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
    match group.name() {
        Some(name) if name.len() < 16 => {
            writeln!(out, "{heading}{}{heading:#}, behind which each name has a salt", hex::encode(name))?;
        }
        Some(name) => writeln!(out, "{heading}{}{heading:#}", hex::encode(name))?,
        None => writeln!(out, "{heading}without a key name{heading:#}")?,
    }
    let mut line = |label: &str, value: &str| writeln!(out, "  {faint}{label:14}{faint:#}{value}");
    let counts: Vec<String> =
        counted(&group.uses).iter().filter(|(_, n)| *n > 0).map(|(word, n)| format!("{n} {word}")).collect();
    let counts = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
    line("tickets", &format!("{}{counts}", group.tickets))?;
    line("shape", group.shape.as_str())?;
    if !group.lengths.is_empty() {
        line("lengths", &list(group.lengths.iter().map(usize::to_string)))?;
    }
    if let (Some(first), Some(last)) = (group.first_seen, group.last_seen) {
        line("seen", &format!("{} to {}", shown(first), shown(last)))?;
    }
    for (number, (server, uses)) in group.by_server.iter().enumerate() {
        let counts = counted(uses).into_iter().filter(|(_, n)| *n > 0).map(|(word, n)| format!("{n} {word}"));
        let counts = list(counts);
        let counts = if counts.is_empty() { counts } else { format!(": {counts}") };
        line(if number == 0 { "servers" } else { "" }, &format!("{server}{counts}"))?;
    }
    if !group.snis.is_empty() {
        line("server names", &list(group.snis.iter().map(|sni| Text(sni).to_string())))?;
    }
    if !group.sources.is_empty() {
        line("from", &list(group.sources.iter().map(|source| Text(source.as_bytes()).to_string())))?;
    }
    if let Some(key) = &group.key {
        let doubt = if key.verified { "" } else { ", by its name: the MAC does not verify" };
        let (file, index, role) = (Text(key.file.as_bytes()), key.index, key.role.as_str());
        line("key", &format!("{file}, key {index} ({role}){doubt}"))?;
    }
    if let (Some(name), Some(first)) = (group.replaces, group.first_seen) {
        let rotation = format!("{warning}replaces {name}, a rotation at about {}{warning:#}", shown(first));
        line("rotation", &rotation)?;
    }
    if !group.alongside.is_empty() {
        let names = list(group.alongside.iter().map(ToString::to_string));
        line("alongside", &format!("{warning}{names}: one server seals under both in the same period{warning:#}"))?;
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
