//! What an input seems to be in which nothing was found, and what to give instead.

use memchr::memmem;

use super::without_mark;

/// Of fewer bytes nobody can say which are frequent.
const SHORTEST_JUDGED: usize = 128;
/// How many times as many pairs of bytes may be alike as of random bytes.
const MOST_ALIKE: u128 = 4;
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
static TEXTS: [Kind; 55] = [
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
        &["    TLS session ticket:"],
        "an s_client transcript whose ticket is not printed whole",
        "give all rows of the dump below \"TLS session ticket:\", or the file of -sess_out",
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
    kind(
        &["connect:errno="],
        "an s_client transcript of a connection that failed",
        "connect to a port that speaks TLS",
    ),
    kind(&["CONNECTED(", "New, "], "an s_client transcript in which no ticket was printed", NO_TICKET),
    kind(
        &["CONNECTED("],
        "an s_client transcript that ends before the handshake does",
        "give all of it, or the file of -sess_out",
    ),
    kind(
        &["ACCEPT\n", "<<< "],
        "an s_server transcript in which no ticket was printed",
        "no ticket was issued or offered: the client has to ask for one",
    ),
    kind(
        &["== Info:", "=> Send SSL data"],
        "the output of curl --trace in which no ticket passes",
        "curl asks for no TLS 1.2 ticket unless it keeps sessions: use openssl s_client, or TLS 1.3",
    ),
    kind(
        &["|<", "ASSERT: "],
        "debug output of GnuTLS, which does not print tickets",
        "give the capture of the connection, or use openssl s_client",
    ),
    kind(
        &["HSK[0x", "EXT[0x"],
        "debug output of GnuTLS, which does not print tickets",
        "give the capture of the connection, or use openssl s_client",
    ),
    kind(
        &["javax.net.ssl|"],
        "debug output of Java without a ticket",
        "-Djavax.net.debug=ssl:handshake:verbose prints NewSessionTicket messages",
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
        &["-----BEGIN CERTIFICATE REQUEST"],
        "a certificate request, which holds no ticket",
        "give what s_client printed, or the file of -sess_out",
    ),
    kind(
        &["Certificate:\n", "Signature Algorithm:"],
        "the text of a certificate, which holds no ticket",
        "give what s_client printed, or the file of -sess_out",
    ),
    kind(&["ssh-ed25519 AAAA"], "a public key of SSH", "it has nothing to do with TLS"),
    kind(&["ssh-rsa AAAA"], "a public key of SSH", "it has nothing to do with TLS"),
    kind(&["ecdsa-sha2-nistp"], "a public key of SSH", "it has nothing to do with TLS"),
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
    kind(
        &["New TCP connection #"],
        "the output of ssldump without the bytes of its messages",
        "add -x, or give the capture itself",
    ),
    kind(
        &["Flags [", ", length "],
        "the output of tcpdump without the bytes of its packets",
        "give the capture itself, as -w writes it, or add -X",
    ),
    kind(&["<psml"], "a list of packets (PSML), without their bytes", "give the capture itself, or -T pdml"),
    kind(&["<pdml"], "packets in PDML, without a ticket in them", "give the capture itself"),
    kind(
        &["Client Hello", "Server Hello"],
        "a list of packets, without their bytes",
        "give the capture itself, or what tshark -T fields -e tls.handshake.session_ticket prints",
    ),
    kind(
        &["Supported Server Cipher"],
        "the output of sslscan, which prints no tickets",
        "use openssl s_client, or tktdump probe",
    ),
    kind(
        &["testssl.sh"],
        "the output of testssl.sh, which prints no tickets",
        "use openssl s_client, or tktdump probe",
    ),
    kind(
        &["Nmap scan report"],
        "the output of nmap, which prints no tickets",
        "use openssl s_client, or tktdump probe",
    ),
    kind(
        &["server {", "listen "],
        "a configuration of nginx",
        "--key FILE takes it, for the ticket keys that it names; give tickets as inputs",
    ),
    kind(
        &["<VirtualHost "],
        "a configuration of Apache httpd",
        "--key FILE takes it, for the ticket keys that it names; give tickets as inputs",
    ),
    kind(
        &["frontend ", "bind "],
        "a configuration of HAProxy",
        "--key FILE takes it, for the ticket keys that it names; give tickets as inputs",
    ),
    kind(
        &["\"GET /", " HTTP/1.", "\" 200 "],
        "the access log of a web server, which shows no tickets",
        "give a capture of the connections",
    ),
    kind(
        &["HTTP/1.1 ", "Date: "],
        "an HTTP answer, as s_client -quiet prints it",
        "leave out -quiet, or add -sess_out FILE and give that file",
    ),
    kind(&["<!DOCTYPE html"], "a web page", "save the ticket itself, as hex or base64"),
    kind(&["<!doctype html"], "a web page", "save the ticket itself, as hex or base64"),
    kind(&["<html"], "a web page", "save the ticket itself, as hex or base64"),
    kind(&["diff --git "], "a patch", "give the ticket itself, as hex or base64"),
    kind(&["#!/"], "a script", "give what it prints"),
    kind(&["#include <"], "source code", "give the ticket itself, as hex or base64"),
    kind(&["package ", "func "], "source code", "give the ticket itself, as hex or base64"),
    kind(&["import ", "def "], "source code", "give the ticket itself, as hex or base64"),
    kind(&["import ", "print("], "source code", "give the ticket itself, as hex or base64"),
    kind(&["public class "], "source code", "give the ticket itself, as hex or base64"),
    kind(&["use std::", "fn "], "source code", "give the ticket itself, as hex or base64"),
    kind(&["require(", "const "], "source code", "give the ticket itself, as hex or base64"),
    kind(&["[package]\n", "name = "], "a list of packages", "give the ticket itself, as hex or base64"),
    kind(&["apiVersion:", "kind:"], "a manifest of Kubernetes", "--key FILE takes it, for the ticket keys in it"),
];

/// The first bytes of files that are something else than a ticket.
static FILES: [(&[u8], usize, &str); 44] = [
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
    (b"wOFF", 0, "a font"),
    (b"OTTO", 0, "a font"),
    (b"\0\x01\0\0\0", 0, "a font"),
    (b"\xde\x12\x04\x95\0\0", 0, "a catalogue of messages (gettext)"),
    (b"\x95\x04\x12\xde\0\0", 0, "a catalogue of messages (gettext)"),
    (b"TZif", 0, "the rules of a time zone"),
    (b"\r\n\0\0\0\0", 2, "a compiled program of Python"),
    (b"\r\n\x01\0\0\0", 2, "a compiled program of Python"),
    (b"\r\n\x03\0\0\0", 2, "a compiled program of Python"),
    (b"\x03\xf3\r\n", 0, "a compiled program of Python"),
    (b"\xfe\xed\xfe\xed", 0, "a Java key store"),
    (b"LiME", 0, "a memory image"),
];

/// The numbers of algorithms in DER: ecPublicKey (RFC 5480 section 2.1.1) and rsaEncryption (RFC 8017 appendix A.1).
const EC_KEY: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01";
const RSA_KEY: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";

/// What the bytes of a file that is not text seem to be.
fn file(input: &[u8]) -> Option<&'static str> {
    let has = |(magic, at, _): &&(&[u8], usize, &str)| input.get(*at..).is_some_and(|rest| rest.starts_with(magic));
    // two letters are few: a ticket of random bytes may begin with them too
    let is_sure = |(magic, ..): &&(&[u8], usize, &str)| magic.len() > 3 || input.len() > 1024;
    FILES
        .iter()
        .filter(is_sure)
        .find(has)
        .map(|(.., what)| *what)
        .or_else(|| certificate(input))
        .or_else(|| public_key(input))
}

/// A public key: in DER by the number of its algorithm, which stands near the start, or of `OpenPGP`.
fn public_key(input: &[u8]) -> Option<&'static str> {
    let head = input.get(..64).unwrap_or(input);
    let has = |number: &[u8]| memmem::find(head, number).is_some();
    match *input {
        [0x30, ..] if has(EC_KEY) || has(RSA_KEY) => Some("a key in DER"),
        // a packet with a length of two bytes, version 4, four bytes of a time, and an algorithm
        [0x99, 0..=0x10, _, 4, _, _, _, _, 1..=3 | 16..=28, ..] => Some("a public key (OpenPGP)"),
        _ => None,
    }
}

/// DER that is exactly all of the input: a SEQUENCE that begins with another one, or with the version of a key.
fn certificate(input: &[u8]) -> Option<&'static str> {
    match *input {
        [0x30, 0x82, high, low, ref inside @ ..] if usize::from(u16::from_be_bytes([high, low])) == inside.len() => {
            match inside {
                [0x30, ..] => Some("a certificate"),
                [2, 1, 0, ..] => Some("a private key"),
                [2, 0x81 | 0x82, ..] => Some("a public key"),
                [2, 1, 3, 0x30, ..] => Some("a key store (PKCS #12)"),
                [6, ..] => Some("signed or encrypted data (PKCS #7)"),
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

/// Whether some bytes are much more frequent than others. Of a ticket nearly all is encrypted, and no byte of it is more
/// frequent than another. How often two bytes of the input are the same is compared with random bytes: a real ticket has
/// up to 2.6 times as many such pairs, compiled programs and catalogues have 5 times as many and more.
fn has_pattern(input: &[u8]) -> bool {
    let mut counts = [0_usize; 256];
    for byte in input {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let wide = |number: usize| u128::try_from(number).unwrap_or(u128::MAX);
    let pairs = |count: usize| wide(count) * wide(count.saturating_sub(1));
    let alike: u128 = counts.into_iter().map(pairs).sum();
    input.len() >= SHORTEST_JUDGED && alike * 256 > pairs(input.len()) * MOST_ALIKE
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
        _ if is_table(text) => "a table in which no column can be a ticket",
        _ if super::is_text(text) || super::encoding::is_utf8(text) => {
            "text in which nothing is marked as a ticket, and no key at hand proves one"
        }
        _ => "a file of bytes that are not a ticket",
    };
    Guess { what, instead: WHAT_TO_GIVE }
}

/// Whether the first lines have as many columns, between commas or tabs.
fn is_table(text: &[u8]) -> bool {
    let lines = || text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).take(4);
    [b',', b'\t'].into_iter().any(|sign| {
        let columns = |line: &[u8]| memchr::memchr_iter(sign, line).count();
        let count = lines().next().map_or(0, columns);
        count > 0 && lines().count() > 1 && lines().all(|line| columns(line) == count)
    })
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
