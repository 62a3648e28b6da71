//! What is left of a text once all bytes in it are read.

/// Words that a program needs to declare bytes, or that a tool puts around a dump.
const DECLARATIONS: [&str; 47] = [
    "array",
    "as",
    "b64decode",
    "base64",
    "buffer",
    "byte",
    "bytearray",
    "bytes",
    "char",
    "const",
    "data",
    "decode",
    "def",
    "final",
    "from",
    "fromhex",
    "hex",
    "include",
    "int",
    "len",
    "length",
    "let",
    "list",
    "mut",
    "new",
    "of",
    "private",
    "public",
    "pub",
    "sizeof",
    "size_t",
    "slice",
    "static",
    "string",
    "u8",
    "uint8",
    "uint8_t",
    "uint8array",
    "unsigned",
    "unhexlify",
    "val",
    "value",
    "var",
    "vec",
    "void",
    "x",
    "z",
];
/// Words that are not of a declaration, at most: the name that is declared.
const MOST_WORDS: usize = 2;

/// Columns of a dump that are numbered, at the least.
const FEWEST_COLUMNS: usize = 8;

/// Parts of names that say that the bytes are no ticket.
const SECRETS: [&str; 8] = ["key", "secret", "master", "private", "password", "seed", "cert", "sig"];

/// Whether a text, in which NUL stands for what was read, holds nothing else but declarations and comments.
pub(super) fn is_nothing(text: &[u8]) -> bool {
    let mut names: Vec<&[u8]> = Vec::new();
    // bytes behind the sign of a comment make prose of what stands beside them
    let quoted = text.split(|byte| *byte == b'\n').any(|line| line.contains(&0) && is_comment(line));
    for line in text.split(|byte| *byte == b'\n') {
        if is_comment(line) && !quoted || is_ruler(line) {
            continue;
        }
        let line = without_comment(line);
        let words = line.split(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'));
        for word in words.filter(|word| !word.is_empty()) {
            if word.iter().all(u8::is_ascii_digit) || is_declaration(word) {
                continue;
            }
            let small = word.to_ascii_lowercase();
            if SECRETS.iter().any(|part| memchr::memmem::find(&small, part.as_bytes()).is_some()) {
                return false;
            }
            // `ticket` and `ticket_len` are one name
            let stem = |name: &[u8]| name.starts_with(word) || word.starts_with(name);
            if !names.iter().any(|name| stem(name)) {
                names.push(word);
            }
            if names.len() > MOST_WORDS {
                return false;
            }
        }
    }
    true
}

/// Whether there are words beside what was read: a letter alone is a sign.
pub(super) fn has_words(text: &[u8]) -> bool {
    text.windows(2).any(|pair| pair.iter().all(u8::is_ascii_alphabetic))
}

/// Whether some lines are comments.
pub(super) fn has_comments(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n').any(is_comment)
}

fn is_comment(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    [&b"/*"[..], b"//", b"#"].iter().any(|mark| line.starts_with(mark))
}

/// Whether a line numbers the columns of a dump: `0 1 2 3`, `00 01 02 03`.
fn is_ruler(line: &[u8]) -> bool {
    let words = line.split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.filter(|word| word.len() <= 2 && word.iter().all(u8::is_ascii_hexdigit)).count() >= FEWEST_COLUMNS
}

/// A line without the comment at its end, in which C shows bytes as text.
fn without_comment(line: &[u8]) -> &[u8] {
    memchr::memmem::find(line, b"/*").and_then(|at| line.get(..at)).unwrap_or(line)
}

fn is_declaration(word: &[u8]) -> bool {
    DECLARATIONS.iter().any(|other| other.as_bytes().eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_nothing() {
        for text in [
            "\0\0\n",
            "unsigned char t_19443_bin[] = {\n\0\n};\nunsigned int t_19443_bin_len = 208;\n",
            "/* Session Ticket (208 bytes) */\nstatic const unsigned char pkt9[208] = {\n\0\n};",
            "let ticket = Buffer.from(\"\0\", \"hex\");",
            "<Buffer \0>",
        ] {
            assert!(is_nothing(text.as_bytes()), "{text}");
        }
        assert!(!is_nothing(b"here is what the server sent us: \0"));
        assert!(!is_nothing(b"e.g. sha512 \0  some/file.tar.gz"));
    }
}
