//! What stands in front of bytes, and whether it says that they are a ticket.

use super::super::reader::{Says, is_same_prefix};

/// How much text in front of bytes is looked at.
const REACH: usize = 1024;
/// Lines in front of them.
const MOST_LINES: usize = 12;
/// Names on one line.
const MOST_NAMES: usize = 8;
/// Words of prose that are taken for a name.
const MOST_WORDS: usize = 6;
/// What ends a name.
const JOINTS: &[char] =
    &[':', '=', '"', '\'', '`', ',', ';', '{', '}', '[', ']', '(', ')', '<', '>', '|', '*', '/', '\\', '#', '&', '\n'];

/// Words that make something else of whatever they stand with: `ticket_key`, `ticket nonce`, `session id`.
const OTHER: [&str; 58] = [
    "age",
    "auth",
    "binder",
    "binders",
    "cert",
    "certificate",
    "certs",
    "checksum",
    "cipher",
    "cookie",
    "count",
    "crc",
    "digest",
    "ech",
    "email",
    "entropy",
    "exponent",
    "fingerprint",
    "hash",
    "hello",
    "hint",
    "hmac",
    "id",
    "iv",
    "jwt",
    "kerberos",
    "key",
    "keys",
    "length",
    "len",
    "lifetime",
    "mac",
    "master",
    "md5",
    "modulus",
    "msglen",
    "name",
    "nonce",
    "number",
    "obfuscated",
    "password",
    "premaster",
    "pub",
    "public",
    "random",
    "rsa",
    "salt",
    "secret",
    "seed",
    "sha",
    "sha1",
    "sha256",
    "sha384",
    "sha512",
    "share",
    "signature",
    "size",
    "token",
];
/// Words for bytes of any kind, which leave it to what stands further in front.
const ANY: [&str; 36] = [
    "array",
    "b",
    "b64",
    "base64",
    "bin",
    "binary",
    "blob",
    "body",
    "buf",
    "buffer",
    "byte",
    "bytearray",
    "bytes",
    "char",
    "const",
    "content",
    "contents",
    "data",
    "dump",
    "encoded",
    "hex",
    "identity",
    "new",
    "pkt",
    "payload",
    "raw",
    "show",
    "static",
    "string",
    "u",
    "u8",
    "uint8",
    "unsigned",
    "val",
    "value",
    "x",
];

/// What a name says: the words of it, in any spelling of programs.
pub(in super::super) fn judge(name: &str) -> Says {
    let words = words(name);
    let has = |word: &str| words.iter().any(|other| other == word);
    if words.iter().any(|word| OTHER.contains(&word.as_str())) {
        return Says::Other;
    }
    let is_ticket =
        words.iter().any(|word| word.ends_with("ticket") || word.ends_with("tickets") || word == "tlsext_tick");
    let is_identity = (has("psk") || has("psks") || has("preshared")) && (has("identity") || has("identities"));
    if is_ticket || is_identity {
        return Says::Ticket;
    }
    let is_any = |word: &String| {
        let stem = word.trim_end_matches(|digit: char| digit.is_ascii_digit());
        stem.is_empty() || ANY.contains(&word.as_str()) || ANY.contains(&stem)
    };
    if words.iter().all(is_any) { Says::Nothing } else { Says::Other }
}

/// Whether a name says that it names something else than a ticket.
pub(in super::super) fn names_other(name: &str) -> bool {
    words(name).iter().any(|word| OTHER.contains(&word.as_str()))
}

/// The words of a name, small: `sessionTicket`, `SESSION_TICKET` and `session ticket` have the same.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for character in name.chars() {
        if character.is_alphanumeric() {
            let is_hump = character.is_uppercase() && before.is_lowercase();
            if !before.is_alphanumeric() || is_hump {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(character.to_lowercase());
            }
        }
        before = character;
    }
    words
}

/// Whether what stands in front of `start` in `text`, in which NUL stands for what was read, names a ticket. `is_prefixed` if what
/// stands in front of it on its line stands in front of other lines too.
pub(in super::super) fn names_ticket(text: &[u8], start: usize, is_prefixed: bool) -> bool {
    let reach = text.get(start.saturating_sub(REACH)..start).unwrap_or_default();
    let reach = String::from_utf8_lossy(reach);
    let (above, line) = reach.rsplit_once('\n').unwrap_or(("", &*reach));
    if let Some(says) = field_name(line) {
        return says == Says::Ticket;
    }
    // openssl asn1parse: the member of an SSL_SESSION with the ticket (`ssl/ssl_asn1.c`)
    if line.contains("[HEX DUMP]") {
        return above.rsplit('\n').next().is_some_and(|member| member.contains("cont [ 10 ]"));
    }
    // what was read before on the line has a name of its own
    let (is_first, left) = line.rsplit_once('\0').map_or((true, line), |(_, left)| (false, left));
    let left = without_opening(left);
    let (says, end) = judge_left(left);
    // what stands in front of all lines is no name
    let above_it = above.rsplit('\n').next().unwrap_or_default();
    let name = left.get(..end).unwrap_or_default();
    let is_prefix = says == Says::Other && (is_prefixed || has_prefix(above_it, name));
    let prefix = if is_prefix { common(above_it, left, name.len()) } else { "" };
    match says {
        Says::Ticket => true,
        Says::Other if !is_prefix => false,
        _ => is_first && above_names_ticket(above, prefix, indentation(left.get(prefix.len()..).unwrap_or_default())),
    }
}

/// What two lines have in common at their start beyond the first `least` bytes, which differ in numbers only.
fn common<'l>(one: &str, other: &'l str, least: usize) -> &'l str {
    let more = one.bytes().zip(other.bytes()).skip(least).take_while(|(one, other)| one == other).count();
    other.get(..least + more).unwrap_or_default()
}

/// The name of a field of tshark's PDML, or of an XML element with a name.
fn field_name(line: &str) -> Option<Says> {
    let element = line.trim_start().strip_prefix('<')?;
    let name = element.split_once(" name=\"")?.1.split_once('"')?.0;
    Some(judge(name))
}

/// What stands in front of bytes without the sign that bytes begin: `0x`, `\x`, `b"`.
fn without_opening(left: &str) -> &str {
    let marks = ["0x", "0X", "\\x", "x'", "X'", "h'"];
    let left = marks.iter().find_map(|mark| left.strip_suffix(mark)).unwrap_or(left);
    let bare = left.strip_suffix(['"', '\'']).and_then(|string| string.strip_suffix(['b', 'B', 'r', 'u', 'L']));
    bare.filter(|bare| !bare.ends_with(char::is_alphanumeric)).unwrap_or(left)
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn has_prefix(line: &str, prefix: &str) -> bool {
    let prefix = prefix.trim_end();
    line.as_bytes().get(..prefix.len()).is_some_and(|other| is_same_prefix(other, prefix.as_bytes()))
}

/// What the names on one line say, from the last to the first, and where the name ends that says it.
fn judge_left(line: &str) -> (Says, usize) {
    let mut rest = line;
    for _ in 0..MOST_NAMES {
        let (before, name) = last_name(rest);
        match name.map_or(Says::Nothing, judge_text) {
            Says::Nothing if before.is_empty() => break,
            Says::Nothing => {}
            says => return (says, before.len() + name.map_or(0, str::len)),
        }
        // what stands beside it is no name of it, what stands around it is
        let before = before.trim_end_matches([' ', '\t', '"', '\'']);
        rest = match before.strip_suffix(']').and_then(|before| before.rfind('[')) {
            Some(open) => before.get(..open).unwrap_or_default(),
            None if before.ends_with([',', ';', '}', ')']) => around(before),
            None => before,
        };
    }
    (Says::Nothing, 0)
}

/// What stands in front of the bracket that is still open.
fn around(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices().rev() {
        match character {
            '}' | ']' | ')' => depth += 1,
            '{' | '[' | '(' => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return text.get(..at).unwrap_or_default(),
            },
            _ => {}
        }
    }
    ""
}

/// Whether the lines above, without their `prefix`, name a ticket: headings, openings and comments, and those that
/// are indented less.
fn above_names_ticket(above: &str, prefix: &str, mut indent: usize) -> bool {
    let mut is_adjacent = true;
    for (line, number) in above.rsplit('\n').zip(0..MOST_LINES) {
        let line = if has_prefix(line, prefix) { line.get(prefix.len()..).unwrap_or_default() } else { line };
        let trimmed = line.trim();
        if trimmed.is_empty() {
            // a blank line ends what belongs together
            if number > 0 {
                return false;
            }
            continue;
        }
        let is_opening = trimmed.ends_with([':', '=', '{', '[', '(', '>', '|', '\\', '"'])
            || trimmed.ends_with(" bytes)")
            || trimmed.ends_with(">-")
            || trimmed.ends_with("|-");
        let is_comment = ["/*", "//", "#", "--"].iter().any(|mark| trimmed.starts_with(mark));
        let is_above = indentation(line) < indent;
        if !(is_above || is_adjacent && (is_opening || is_comment)) {
            is_adjacent = false;
            continue;
        }
        if line.contains('\0') {
            return false;
        }
        match judge_left(&without_notes(trimmed)).0 {
            Says::Ticket => return true,
            Says::Other => return false,
            Says::Nothing => indent = indent.min(indentation(line)),
        }
        is_adjacent = true;
    }
    false
}

/// A line without what stands in round brackets, such as a length.
fn without_notes(line: &str) -> String {
    let mut depth = 0_usize;
    line.chars()
        .filter(|character| {
            let inside = depth > 0;
            match character {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            !inside && depth == 0
        })
        .collect()
}

/// What a name that may be prose says.
fn judge_text(name: &str) -> Says {
    // of a sentence only its end speaks of what follows
    let words: Vec<&str> = name.split_whitespace().collect();
    let tail = words.get(words.len().saturating_sub(MOST_WORDS)..).unwrap_or_default();
    judge(&tail.join(" "))
}

/// The last name in a text, and what stands in front of it: a name ends at a colon, an equals sign, a bracket, a quote.
fn last_name(text: &str) -> (&str, Option<&str>) {
    let is_joint = |character: char| character.is_whitespace() || JOINTS.contains(&character);
    // `ticket[208]=`, `ticket (len=256): `, `Session Ticket (208 bytes) */`
    let trimmed = without_note(text.trim_end_matches(is_joint), text).trim_end_matches(is_joint);
    let start = trimmed.rfind(JOINTS).map_or(0, |at| at + 1);
    // two blanks set columns apart
    let gap = trimmed.get(start..).and_then(|name| name.rfind("  "));
    let start = gap.map_or(start, |gap| start + gap + 2);
    let name = trimmed.get(start..).unwrap_or_default().trim();
    let before = trimmed.get(..start).unwrap_or_default();
    let passed = text.get(trimmed.len()..).unwrap_or_default();
    // a bracket that closes in front of the bytes has nothing to do with them
    let before = if name.is_empty() && passed.contains(['}', ')']) { "" } else { before };
    (before, Some(name).filter(|name| !name.is_empty()))
}

/// A text without the note in brackets at its end, such as a length.
fn without_note<'t>(trimmed: &'t str, text: &'t str) -> &'t str {
    let rest = text.get(trimmed.len()..).unwrap_or_default();
    let open = match rest.trim_start().chars().next() {
        Some(')') => '(',
        Some(']') => '[',
        _ => return trimmed,
    };
    let at = trimmed.rfind(open).filter(|at| trimmed.len() - at <= 40);
    at.and_then(|at| trimmed.get(..at)).unwrap_or(trimmed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_by_their_words() {
        for name in [
            "ticket",
            "session_ticket",
            "sessionTicket",
            "NewSessionTicket",
            "TLS session ticket",
            "tls.handshake.session_ticket",
            "tls_tls_handshake_session_ticket",
            "tls.handshake.extensions.psk.identity.identity",
            "PSK identity",
            "session_ticket_raw",
        ] {
            assert_eq!(judge(name), Says::Ticket, "{name}");
        }
        for name in [
            "ticket_key",
            "ticketKeyName",
            "ticket_lifetime_hint",
            "tls.handshake.session_ticket_length",
            "ticket nonce",
            "Session-ID",
            "Master-Key",
            "PSK identity hint",
            "tls.handshake.extensions.psk.binders",
            "host",
        ] {
            assert_eq!(judge(name), Says::Other, "{name}");
        }
        for name in ["value", "data", "raw", "hex", "pkt9", "static const unsigned char pkt9"] {
            assert_eq!(judge(name), Says::Nothing, "{name}");
        }
    }

    #[test]
    fn what_stands_in_front_names_a_ticket() {
        for text in [
            "    TLS session ticket:\n    ",
            "ticket=",
            "ticket (len=256): ",
            "        ticket[208]=\n          ",
            "\"session_ticket\": {\"value\": \"",
            "\"tls.handshake.session_ticket\": [\n          \"",
            "/* Session Ticket (208 bytes) */\nstatic const unsigned char pkt9[208] = {\n",
            "Nov 28 lb1: new session ticket host=www.test ticket=",
            "received ticket ",
            "<TLSNewSessionTicket msglen=214 ticketlen=208 ticket=b",
            "  \"ticket\"               : {\n    ",
            "ticket: >-\n  ",
            "client_1  | SSL-Session:\nclient_1  |     TLS session ticket:\nclient_1  |     ",
            "let ticket: [u8; 208] = [",
            "ticket := []byte{",
            "    PSK Identity (length: 240)\n        Identity Length: 240\n        Identity: ",
            "{\"session_ticket\": {\"lifetime\": 300, \"value\": \"",
            "\"tls.handshake.session_ticket\": [\n   \"\0\0\",\n   \"",
            "name=\"tls.handshake.session_ticket\" showname=\"Session Ticket: ",
            "  123:d=1  hl=4 l= 212 cons: cont [ 10 ]        \n  127:d=2  hl=3 l= 208 prim: OCTET STRING      [HEX DUMP]:",
        ] {
            assert!(names_ticket(text.as_bytes(), text.len(), false), "{text}");
        }
        for text in [
            "new session ticket id=",
            "ticket issued, master=",
            "Session-ID: ",
            "ticket: \0 other ",
            "the sha256 of the ticket is ",
            "ticket_key: ",
            "{\"ticket\": 5, \"mac\": \"",
            "ticket lifetime: 300\n",
            "",
        ] {
            assert!(!names_ticket(text.as_bytes(), text.len(), false), "{text}");
        }
    }
}
