//! What `keyfind` has found: `found` records and a closing `summary`, and a text for people. No secret is in either.

use std::fmt::Write as _;
use std::time::Duration;

use super::json::{line, record_type};
use super::{Page, text::Styles};
use crate::capture::container::Time;
use crate::escape::Text;
use crate::search::{Finding, Proof};

/// A finding, with what the caller knows of it.
#[derive(Clone, Copy)]
pub struct Shown<'s> {
    /// The finding.
    pub finding: &'s Finding,
    /// The image that it is in.
    pub image: &'s str,
    /// The file that the key was written to.
    pub written: Option<&'s str>,
    /// The command to type next; empty if there is none.
    pub next: &'s str,
}

/// A whole search.
#[derive(Debug, Clone, Copy)]
pub struct Summary {
    /// Bytes of the images.
    pub bytes: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// Keys that were proved.
    pub found: usize,
    /// Keys that were not.
    pub missing: usize,
}

/// Appends one `found` record.
pub fn json(shown: &Shown<'_>, out: &mut Page) {
    let finding = shown.finding;
    line(out, |object| {
        object.begin(record_type!("found"));
        if let Some(name) = finding.key_name {
            object.hex("key_name", &name.0);
        }
        object.word("family", finding.family);
        object.word("layout", &finding.layout);
        object.word("cipher", finding.cipher);
        if let Some(mac) = finding.mac {
            object.word("mac", mac);
        }
        object.text("image", shown.image.as_bytes());
        object.numbers("offsets", &finding.offsets);
        if let Some(address) = finding.address {
            object.number("address", address);
        }
        object.number("copies", finding.copies);
        object.word("proof", finding.proof.as_str());
        object.number("tickets", finding.tickets.len());
        if let Some(fingerprint) = finding.fingerprint() {
            object.hex("fingerprint", fingerprint.as_bytes());
        }
        if let Some(written) = shown.written {
            object.text("written", written.as_bytes());
        }
    });
}

/// Appends the `summary` record.
pub fn json_summary(summary: &Summary, out: &mut Page) {
    let seconds = i64::try_from(summary.elapsed.as_secs()).unwrap_or(i64::MAX);
    line(out, |object| {
        object.begin(record_type!("summary"));
        object.number("bytes", summary.bytes);
        object.time("seconds", Time { seconds, nanoseconds: summary.elapsed.subsec_millis() * 1_000_000 });
        object.number("found", summary.found);
        object.number("missing", summary.missing);
    });
}

/// The summary in one sentence.
#[must_use]
pub fn text_summary(summary: &Summary) -> String {
    let Summary { bytes, elapsed, found, missing } = summary;
    format!("searched {bytes} bytes in {:.1} s: {found} keys found, {missing} missing", elapsed.as_secs_f64())
}

/// Appends the text of one finding.
pub fn text(shown: &Shown<'_>, styles: Styles, out: &mut Page) {
    let mut text = String::new();
    // writing to a String does not fail
    let _ = print(shown, styles, &mut text);
    out.extend_from_slice(text.as_bytes());
}

/// Offsets that are shown one by one.
const SHOWN: usize = 4;

fn print(shown: &Shown<'_>, styles: Styles, out: &mut String) -> std::fmt::Result {
    let finding = shown.finding;
    let Styles { heading, label: faint, .. } = styles;
    match finding.key_name {
        Some(name) => writeln!(out, "{heading}key {name}{heading:#}")?,
        None => writeln!(out, "{heading}key without a name{heading:#}")?,
    }
    let mut line = |label: &str, value: &str| writeln!(out, "  {faint}{label:14}{faint:#}{value}");
    line("family", finding.family)?;
    line("layout", &finding.layout)?;
    match finding.mac {
        Some(mac) => line("algorithms", &format!("{}, {mac}", finding.cipher))?,
        None => line("algorithms", finding.cipher)?,
    }
    line("proof", &proof(finding))?;
    line("image", &Text(shown.image.as_bytes()).to_string())?;
    line("where", &place(finding))?;
    line("copies", &finding.copies.to_string())?;
    if let Some(fingerprint) = finding.fingerprint() {
        line("fingerprint", &fingerprint.to_string())?;
    }
    if let Some(written) = shown.written {
        line("written", &Text(written.as_bytes()).to_string())?;
    }
    if !shown.next.is_empty() {
        line("next", &Text(shown.next.as_bytes()).to_string())?;
    }
    Ok(())
}

fn proof(finding: &Finding) -> String {
    let tickets = match finding.tickets.len() {
        1 => "of the ticket".to_owned(),
        count => format!("of {count} tickets"),
    };
    match finding.proof {
        Proof::Mac => format!("the MAC {tickets} verifies"),
        Proof::Aead => format!("the AEAD tag {tickets} verifies"),
        Proof::AesOnly => "none: it decrypts the ticket, but no MAC key was found".to_owned(),
    }
}

fn place(finding: &Finding) -> String {
    let offsets: Vec<String> = finding.offsets.iter().take(SHOWN).map(|offset| format!("{offset:#x}")).collect();
    let mut place = format!("byte {}", offsets.join(", "));
    if finding.copies > offsets.len() as u64 {
        place.push_str(", …");
    }
    match finding.address {
        // of a process, the bytes are its addresses
        Some(address) if finding.offsets.first() != Some(&address) => format!("{place} (address {address:#x})"),
        _ => place,
    }
}
