//! What an input seems to be in which nothing was found, and what to give instead.

use memchr::memmem;

use super::without_mark;

/// Of fewer bytes nobody can say which are frequent.
const SHORTEST_JUDGED: usize = 128;
/// How much of an input is looked at.
const LOOK_LENGTH: usize = 1 << 20;

/// What to give, if nothing better is known.
pub const WHAT_TO_GIVE: &str =
    "give tickets as raw bytes, hex, base64, PEM or DER sessions, an s_client transcript or a capture";

/// What an input seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guess {
    /// What it seems to be, with its article.
    pub what: &'static str,
    /// What to give instead, in the imperative.
    pub instead: &'static str,
}

/// What people have, and how it shows: all marks of a line of the table must be there.
struct Kind {
    marks: &'static [&'static str],
    guess: Guess,
}

const fn kind(marks: &'static [&'static str], what: &'static str, instead: &'static str) -> Kind {
    Kind { marks, guess: Guess { what, instead } }
}

const NO_TICKET: &str =
    "without -no_ticket, s_client asks for one; with TLS 1.3 keep the connection open until the server has sent it";

/// More special ones first.
static TEXTS: [Kind; 22] = [
    kind(
        &["PRIVATE KEY-----"],
        "a private key",
        "it opens no tickets: give what a server has issued, and the ticket key with --key",
    ),
    kind(
        &["CONNECTION ESTABLISHED"],
        "the output of s_client -brief, which prints no ticket",
        "leave out -brief, or add -sess_out FILE and give that file",
    ),
    kind(
        &["Session-ID: \n", "SSL-Session:"],
        "an s_client transcript whose session has neither a ticket nor a session ID",
        NO_TICKET,
    ),
    kind(
        &["Session-ID: ", "SSL-Session:"],
        "an s_client transcript whose session has a session ID and no ticket",
        "the server keeps the session in its own cache; without -no_ticket, s_client asks for a ticket",
    ),
    kind(&["CONNECTED(", "New, "], "an s_client transcript in which no ticket was printed", NO_TICKET),
    kind(
        &["CONNECTED("],
        "an s_client transcript that ends before the handshake does",
        "give all of it, or the file of -sess_out",
    ),
    kind(
        &["TLS handshake, Newsession Ticket"],
        "the output of curl -v, which names messages and does not show them",
        "use curl --trace FILE, which does",
    ),
    kind(
        &["TLS handshake, Client hello"],
        "the output of curl -v, which names messages and does not show them",
        "use curl --trace FILE, which does",
    ),
    kind(
        &["CLIENT_RANDOM "],
        "a TLS key log, which holds secrets and no tickets",
        "give the capture of the connections that it belongs to",
    ),
    kind(
        &["CLIENT_HANDSHAKE_TRAFFIC_SECRET "],
        "a TLS key log, which holds secrets and no tickets",
        "give the capture of the connections that it belongs to",
    ),
    kind(
        &["-----BEGIN CERTIFICATE"],
        "a certificate, which holds no ticket",
        "give what s_client printed, or the file of -sess_out",
    ),
    kind(
        &["-----BEGIN "],
        "PEM of something else than a session",
        "give the file of s_client -sess_out, whose block is SSL SESSION PARAMETERS",
    ),
    kind(
        &["Handshake Protocol: New Session Ticket"],
        "a packet list without the bytes of its tickets",
        "copy the field Session Ticket as a hex stream, or give the capture",
    ),
    kind(&["Transport Layer Security"], "what tshark -V prints, without a ticket in it", "give the capture itself"),
    kind(
        &["Transmission Control Protocol"],
        "what tshark -V prints, without a ticket in it",
        "give the capture itself",
    ),
    kind(
        &["ssl session ticket "],
        "a debug log of nginx, which shows key names and no tickets",
        "tktdump survey reads key names",
    ),
    kind(&["<!DOCTYPE html"], "a web page", "save the ticket itself, as hex or base64"),
    kind(&["<!doctype html"], "a web page", "save the ticket itself, as hex or base64"),
    kind(&["<html"], "a web page", "save the ticket itself, as hex or base64"),
    kind(&["diff --git "], "a patch", "give the ticket itself, as hex or base64"),
    kind(&["#!/"], "a script", "give what it prints"),
    kind(&["#include <"], "source code", "give the ticket itself, as hex or base64"),
];

/// The first bytes of files that are something else than a ticket.
static FILES: [(&[u8], usize, &str); 34] = [
    (b"%PDF-", 0, "a PDF document"),
    (b"\x89PNG\r\n\x1a\n", 0, "an image (PNG)"),
    (b"\xff\xd8\xff", 0, "an image (JPEG)"),
    (b"GIF87a", 0, "an image (GIF)"),
    (b"GIF89a", 0, "an image (GIF)"),
    (b"II*\0", 0, "an image (TIFF)"),
    (b"MM\0*", 0, "an image (TIFF)"),
    (b"WEBP", 8, "an image (WebP)"),
    (b"ftyp", 4, "a video or an image"),
    (b"BM", 0, "an image (BMP)"),
    (b"\x7fELF", 0, "a program or a core dump"),
    (b"MZ", 0, "a program"),
    (b"\xcf\xfa\xed\xfe", 0, "a program"),
    (b"\xca\xfe\xba\xbe", 0, "a program"),
    (b"\0asm", 0, "a program (WebAssembly)"),
    (b"PK\x03\x04", 0, "an archive (ZIP), or an office document"),
    (b"7z\xbc\xaf\x27\x1c", 0, "an archive (7-Zip)"),
    (b"Rar!\x1a\x07", 0, "an archive (RAR)"),
    (b"ustar", 257, "an archive (tar)"),
    (b"\xfd7zXZ\0", 0, "a compressed file (xz)"),
    (b"BZh", 0, "a compressed file (bzip2)"),
    (b"\x28\xb5\x2f\xfd", 0, "a compressed file (Zstandard)"),
    (b"\x04\x22\x4d\x18", 0, "a compressed file (LZ4)"),
    (b"SQLite format 3\0", 0, "a database (SQLite)"),
    (b"\xed\xab\xee\xdb", 0, "a package (RPM)"),
    (b"!<arch>\n", 0, "an archive (ar)"),
    (b"OggS", 0, "a sound or a video"),
    (b"ID3", 0, "a sound"),
    (b"RIFF", 0, "a sound or a video"),
    (b"\x1a\x45\xdf\xa3", 0, "a video"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, "an office document"),
    (b"wOF2", 0, "a font"),
    (b"\xfe\xed\xfe\xed", 0, "a Java key store"),
    (b"LiME", 0, "a memory image"),
];

/// What the bytes of a file that is not text seem to be.
fn file(input: &[u8]) -> Option<&'static str> {
    let has = |(magic, at, _): &&(&[u8], usize, &str)| input.get(*at..).is_some_and(|rest| rest.starts_with(magic));
    // two letters are few: a ticket of random bytes may begin with them too
    let is_sure = |(magic, ..): &&(&[u8], usize, &str)| magic.len() > 3 || input.len() > 1024;
    FILES.iter().filter(is_sure).find(has).map(|(.., what)| *what).or_else(|| certificate(input))
}

/// DER that is exactly all of the input: a SEQUENCE that begins with another one, or with the version of a key.
fn certificate(input: &[u8]) -> Option<&'static str> {
    match *input {
        [0x30, 0x82, high, low, ref inside @ ..] if usize::from(u16::from_be_bytes([high, low])) == inside.len() => {
            match inside {
                [0x30, ..] => Some("a certificate"),
                [2, 1, 0, ..] => Some("a private key"),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether a file that is not text is certainly no ticket.
pub(super) fn is_other_file(input: &[u8]) -> bool {
    file(input).is_some() || has_pattern(input)
}

/// Whether one byte stands at more than a tenth of all places. Of a ticket nearly all is encrypted, and no byte of it is
/// more frequent than another.
fn has_pattern(input: &[u8]) -> bool {
    let mut counts = [0_usize; 256];
    for byte in input {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    input.len() >= SHORTEST_JUDGED && counts.iter().any(|count| count * 10 > input.len())
}

/// What an input seems to be in which no ticket was found.
#[must_use]
pub fn guess(input: &[u8]) -> Guess {
    let look = input.get(..LOOK_LENGTH).unwrap_or(input);
    if let Some(what) = file(look) {
        return Guess { what, instead: WHAT_TO_GIVE };
    }
    let plain = super::encoding::plain(look);
    let plain: Vec<u8> = match super::encoding::utf16(look) {
        Some(order) => super::encoding::utf8(look, order).to_vec(),
        None => plain.iter().filter(|byte| **byte != b'\r').copied().collect(),
    };
    // a blank stands where a line end had two characters
    let has = |mark: &&str| {
        memmem::find(&plain, mark.as_bytes()).is_some()
            || mark
                .strip_suffix('\n')
                .is_some_and(|mark| memmem::find(&plain, format!("{mark} \n").as_bytes()).is_some())
    };
    let known = TEXTS.iter().find(|kind| kind.marks.iter().all(has));
    known.map_or(unknown(look), |kind| kind.guess)
}

fn unknown(look: &[u8]) -> Guess {
    let text = without_mark(look).trim_ascii_start();
    let what = match text.first() {
        None => "empty",
        Some(b'{' | b'[') => "JSON in which no member is named as a ticket",
        Some(b'<') => "XML in which nothing is named as a ticket",
        _ if super::is_text(text) || super::encoding::is_utf8(text) => {
            "text in which nothing is marked as a ticket, and no key at hand proves one"
        }
        _ => "a file of bytes that are no ticket",
    };
    Guess { what, instead: WHAT_TO_GIVE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_have_is_named() {
        for (input, what) in [
            (
                &b"CONNECTED(00000003)\n---\nNew, TLSv1.2\nSSL-Session:\n    Session-ID: \n    Master-Key: 00\n"[..],
                "neither a ticket nor a session ID",
            ),
            (b"CONNECTED(00000003)\r\nSSL-Session:\r\n    Session-ID: \r\n", "neither a ticket nor a session ID"),
            (b"CONNECTED(00000003)\nSSL-Session:\n    Session-ID: AB01\n", "has a session ID and no ticket"),
            (b"CONNECTION ESTABLISHED\nProtocol version: TLSv1.3\n", "-brief"),
            (b"%PDF-1.7\n", "PDF"),
            (b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n", "a private key"),
            (b"Once upon a time", "text"),
            (b"{\"a\":1}", "JSON"),
            (b"", "empty"),
        ] {
            assert!(guess(input).what.contains(what), "{:?}", guess(input));
        }
    }
}
