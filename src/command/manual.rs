//! `tktdump man`: manual pages, one for the main job and one for each command.

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::help::{self, Topic};

/// A page, as roff; `name` is the command, `None` the main job.
pub(super) fn page(mut command: Command, name: Option<&str>) -> std::io::Result<Vec<u8>> {
    // gives the commands their long names
    command.build();
    let is_main = name.is_none();
    let page = match name.and_then(|name| command.find_subcommand(name)) {
        // the last part of a page says which version it is of
        Some(found) => found.clone().version(env!("CARGO_PKG_VERSION")),
        None => command.clone(),
    };
    let man = Man::new(page).source(concat!("tktdump ", env!("CARGO_PKG_VERSION"))).manual("User Commands");
    let mut out = Vec::new();
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    if is_main {
        man.render_subcommands_section(&mut out)?;
    }
    let mut rest = Roff::new();
    if let Some(topic) = help::topic(name.unwrap_or_default()) {
        say(topic, &mut rest);
    }
    see_also(name, &mut rest);
    rest.to_writer(&mut out)?;
    Ok(out)
}

fn say(topic: &Topic, page: &mut Roff) {
    page.control("SH", ["EXIT STATUS"]);
    for (status, meaning) in topic.statuses.iter().enumerate() {
        page.control("TP", []).text([bold(status.to_string())]).text([roman(*meaning)]);
    }
    page.control("SH", ["ENVIRONMENT"]);
    for (variable, meaning) in topic.environment {
        page.control("TP", []).text([bold(*variable)]).text([roman(*meaning)]);
    }
    page.control("SH", ["EXAMPLES"]);
    for (about, line) in topic.examples {
        page.control("PP", []).text([roman(format!("{about}:"))]);
        page.control("PP", []).control("RS", ["4"]).control("nf", []).text([roman(*line)]);
        page.control("fi", []).control("RE", []);
    }
}

fn see_also(name: Option<&str>, page: &mut Roff) {
    page.control("SH", ["SEE ALSO"]);
    let mut others: Vec<String> = Vec::new();
    if name.is_some() {
        others.push("tktdump(1)".to_owned());
    }
    others
        .extend(help::COMMANDS.iter().filter(|other| name != Some(**other)).map(|other| format!("tktdump-{other}(1)")));
    others.extend(["openssl-s_client(1)".to_owned(), "tshark(1)".to_owned()]);
    page.text([roman(others.join(", "))]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_says_what_it_is_and_has_examples() {
        for name in std::iter::once(None).chain(help::COMMANDS.iter().copied().map(Some)) {
            let text = String::from_utf8(page(super::super::cli::command(), name).unwrap()).unwrap();
            let title = name.map_or_else(|| "tktdump".to_owned(), |name| format!("tktdump-{name}"));
            assert!(text.contains(&format!(".TH {title} 1 ")), "{text}");
            let parts: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
            let has = |part: &str| parts.iter().any(|found| found.trim_matches('"') == part);
            assert!(["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS"].into_iter().all(has), "{name:?}: {parts:?}");
            let is_told = ["EXIT STATUS", "ENVIRONMENT", "EXAMPLES"].into_iter().all(has);
            assert_eq!(is_told, help::topic(name.unwrap_or_default()).is_some(), "{name:?}: {parts:?}");
        }
    }
}
