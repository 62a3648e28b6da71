//! Key files: what is around the key, and who can read it.

use super::super::facts::keys::{FileFacts, KeyFileFacts};
use super::super::rule::{Check, Rule};
use super::super::severity::Severity;
use super::super::thresholds::Thresholds;
use crate::escape::Text;

pub(super) static KEY_FILE_SIZE: Rule = Rule {
    id: "key-file-size",
    severity: Severity::Warning,
    about: "The file holds more bytes than its keys take: servers refuse it, or cut the rest off in silence.",
    hint: "Write the file with openssl rand or head -c, not with an editor or echo.",
    reference: "ngx_ssl_session_ticket_keys in nginx, ssl_init_ticket_key in Apache httpd",
    check: Check::Content(key_file_size),
};

fn key_file_size(file: &KeyFileFacts) -> Option<String> {
    let length = file.content.len();
    // what has a header or is encoded has a length of its own
    let raw = file.keys.first().is_some_and(|key| file.content.starts_with(key.bytes()));
    if file.text_format || !raw || length <= file.covered {
        return None;
    }
    let rest = file.content.get(file.covered..).unwrap_or_default();
    if matches!(rest, b"\n" | b"\r\n") {
        return Some(format!("the file has {length} bytes: a key of {}, and a newline behind it", file.covered));
    }
    Some(format!("the file has {length} bytes, of which {} are read", file.covered))
}

pub(super) static ENCODED_KEY_FILE: Rule = Rule {
    id: "encoded-key-file",
    severity: Severity::Warning,
    about: "The file is hex or base64 text; servers that want raw bytes refuse it, or take the text for the key.",
    hint: "Decode it: xxd -r -p or base64 -d makes raw bytes of it.",
    reference: "ngx_ssl_session_ticket_keys in nginx, ssl_init_ticket_key in Apache httpd",
    check: Check::Content(encoded_key_file),
};

fn encoded_key_file(file: &KeyFileFacts) -> Option<String> {
    let encoded = !file.text_format && is_decoded(file);
    encoded.then(|| format!("the file is {} bytes of text that encode {} bytes", file.content.len(), file.covered))
}

/// Whether the file is text, and the bytes of its keys do not stand in it as they are.
fn is_decoded(file: &KeyFileFacts) -> bool {
    let is_text = file.content.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e));
    is_text && file.keys.first().is_some_and(|key| !file.content.starts_with(key.bytes()))
}

pub(super) static KEY_FILE_MODE: Rule = Rule {
    id: "key-file-mode",
    severity: Severity::Warning,
    about: "Users other than the owner can read or write the key file.",
    hint: "Run chmod 600 FILE; servers read it before they give up root.",
    reference: "RFC 9846 (RFC 5077 section 5.5)",
    check: Check::File(key_file_mode),
};

fn key_file_mode(file: &FileFacts, _: &Thresholds, _: i64) -> Option<String> {
    let who = match file.mode & 0o066 {
        0 => return None,
        open if open & 0o006 == 0 => "its group",
        _ => "everybody on the machine",
    };
    Some(format!("the file has mode {:04o}: it is open to {who}", file.mode & 0o7777))
}

pub(super) static KEY_FILE_OWNER: Rule = Rule {
    id: "key-file-owner",
    severity: Severity::Warning,
    about: "The key file belongs neither to root nor to who runs the audit.",
    hint: "Run chown root FILE; who owns it can read and replace it.",
    reference: "RFC 9846 (RFC 5077 section 5.5)",
    check: Check::File(key_file_owner),
};

fn key_file_owner(file: &FileFacts, _: &Thresholds, _: i64) -> Option<String> {
    let foreign = file.owner != 0 && file.owner != file.caller;
    foreign.then(|| format!("the file belongs to user {}", file.owner))
}

pub(super) static KEY_FILE_SYMLINK: Rule = Rule {
    id: "key-file-symlink",
    severity: Severity::Info,
    about: "The key file is a symbolic link: who may change the link chooses the key.",
    hint: "Name the file itself, unless a secret store is meant to change the link.",
    reference: "CWE-61",
    check: Check::File(key_file_symlink),
};

fn key_file_symlink(file: &FileFacts, _: &Thresholds, _: i64) -> Option<String> {
    file.link_target.as_ref().map(|target| format!("the file is a symbolic link to {}", Text(target.as_bytes())))
}

pub(super) static KEY_FILE_PERSISTENT: Rule = Rule {
    id: "key-file-persistent",
    severity: Severity::Info,
    about: "The key file is on a file system that keeps it: backups and disposed disks hold old keys.",
    hint: "Keep ticket keys in memory, on tmpfs, where a restart and a rotation leave no trace of them.",
    reference: "RFC 9325 section 3.4",
    check: Check::File(key_file_persistent),
};

fn key_file_persistent(file: &FileFacts, _: &Thresholds, _: i64) -> Option<String> {
    (file.persistent == Some(true)).then(|| "the file is on a file system that outlives a restart".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::super::facts::keys::FileFacts;
    use super::super::super::testing::{self, GOOD_KEY, WELL_KEPT};

    #[test]
    fn bytes_that_no_server_reads_are_found() {
        let newline = [GOOD_KEY, b"\n"].concat();
        assert!(testing::key_rules(&[("a.key", &newline)]).contains(&"key-file-size"));
        assert!(testing::key_rules_as("apache", &[("a.key", GOOD_KEY)]).contains(&"key-file-size"));
        for content in [GOOD_KEY, &[GOOD_KEY; 3].concat(), &[GOOD_KEY, &newline].concat()[..160]] {
            assert!(!testing::key_rules(&[("a.key", content)]).contains(&"key-file-size"));
        }
        assert!(!testing::key_rules_as("apache", &[("a.key", &GOOD_KEY[..48])]).contains(&"key-file-size"));
    }

    #[test]
    fn text_is_found_where_it_is_no_format() {
        let text = hex::encode(GOOD_KEY) + "\n";
        let found = testing::key_rules(&[("a.key", text.as_bytes())]);
        assert!(found.contains(&"encoded-key-file") && !found.contains(&"key-file-size"), "{found:?}");
        let haproxy = include_bytes!("../../../testdata/haproxy48_tls12/ticket.key");
        for content in [&haproxy[..], GOOD_KEY] {
            let found = testing::key_rules(&[("a.key", content)]);
            assert!(!found.contains(&"encoded-key-file") && !found.contains(&"key-file-size"), "{found:?}");
        }
    }

    #[test]
    fn a_directory_entry_that_is_too_open_is_found() {
        for (rule, facts) in [
            ("key-file-mode", FileFacts { mode: 0o640, ..WELL_KEPT }),
            ("key-file-mode", FileFacts { mode: 0o604, ..WELL_KEPT }),
            ("key-file-owner", FileFacts { owner: 1001, ..WELL_KEPT }),
            ("key-file-symlink", FileFacts { link_target: Some("..data/ticket.key".to_owned()), ..WELL_KEPT }),
            ("key-file-persistent", FileFacts { persistent: Some(true), ..WELL_KEPT }),
        ] {
            assert!(testing::file_rules(facts).contains(&rule), "{rule}");
            assert!(!testing::file_rules(WELL_KEPT).contains(&rule), "{rule}");
        }
    }
}
