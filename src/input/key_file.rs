//! Key files that were given as inputs: arguments that changed places, or a pattern that matched too much. What could be
//! shown of a ticket is secret in a key, so that these are recognised before anything of them is shown.

use super::marks::{begins_session, is_bare_key};
use super::message::unwrap_message;
use super::reader::{Content, Run};
use super::{Form, decode, encoding, readers, without_mark, wrapped};
use crate::key::file;
use crate::key::formats::FORMATS;

/// Two keys of 48 bytes, or three of Go's: it leaves no room for a session either, but in the tickets of some AEADs.
const TWO_KEYS: usize = 96;
/// The most bytes that a bare key, two keys or a key file of lighttpd's have, with a line end.
const LONGEST: usize = TWO_KEYS + 2;
/// What is a session in a text, beside which a key is not a reason to refuse it.
const SESSION: &[u8] = b"SSL SESSION PARAMETERS";

/// Whether an input is a key file for certain, by its start and the form that was recognised; `named` says that
/// the form was not recognised but given.
#[must_use]
pub fn is_key_file(form: Form, named: bool, head: &[u8]) -> bool {
    if matches!(form, Form::Capture | Form::Der | Form::Records) || head.len() > file::MAX_FILE_LENGTH {
        return false;
    }
    let is_text_format = || {
        // rows of 64 columns may be a ticket that was wrapped, and digits may be session IDs
        let is_other = || {
            matches!(form, Form::Wrapped(_)) || head.iter().all(|b| b.is_ascii_hexdigit() || b.is_ascii_whitespace())
        };
        let mut formats = FORMATS.iter().filter(|format| format.is_text());
        formats.any(|format| {
            (format.recognises(head) || format.claims(head)) && (format.name() != "haproxy" || !is_other())
        }) && memchr::memmem::find(head, SESSION).is_none()
    };
    let is_size = |bytes: &[u8]| {
        let is_any = bytes.len() == TWO_KEYS || is_lighttpd(bytes);
        let is_other = || unwrap_message(bytes).is_some() || begins_session(bytes);
        is_bare_key(bytes) || (!named && is_any && !is_other())
    };
    let is_key = match form {
        Form::Raw | Form::Binary => is_size(head),
        Form::Wrapped(encoding) => {
            let as_ticket = || wrapped::decode(encoding, without_mark(head)).is_ok_and(|bytes| is_size(&bytes));
            file::decoded(head, LONGEST).is_some_and(|bytes| is_size(&bytes)) || as_ticket()
        }
        _ => {
            file::decoded(head, LONGEST).is_some_and(|bytes| is_size(&bytes))
                || all_rows_are_keys(form, head)
                || (form == Form::Text && is_dump(head))
        }
    };
    is_key || (!named && is_text_format())
}

/// Whether a text is nothing but a dump of a key.
fn is_dump(text: &[u8]) -> bool {
    let mut text = encoding::plain(without_mark(text));
    match readers::read(&mut text).as_slice() {
        [Run { content: Content::Bytes { bytes, .. }, .. }] => is_bare_key(bytes),
        _ => false,
    }
}

/// Whether every line but comments is a key.
fn all_rows_are_keys(form: Form, text: &[u8]) -> bool {
    let rows = without_mark(text).split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let mut rows = rows.filter(|row| !row.is_empty() && !row.starts_with(b"#")).peekable();
    let mut bytes = Vec::new();
    rows.peek().is_some() && rows.all(|row| decode::decode(form, row, 0, &mut bytes).is_ok() && is_bare_key(&bytes))
}

/// Whether the bytes are a key file of lighttpd's, which begins with a version of four zero bytes.
fn is_lighttpd(bytes: &[u8]) -> bool {
    FORMATS.iter().any(|format| format.name() == "lighttpd" && format.claims(bytes))
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::*;
    use crate::input::recognise;

    fn is_key(input: &[u8]) -> bool {
        is_key_file(recognise(input, true), false, input)
    }

    #[test]
    fn keys_in_every_dress_are_recognised() {
        for folder in ["nginx48_tls12", "nginx80_tls12", "haproxy80x5_tls13", "h2o_tls12_aes256", "lighttpd_tls12"] {
            let key = std::fs::read(format!("testdata/{folder}/ticket.key")).unwrap();
            assert!(is_key(&key), "{folder}");
        }
        let key: Vec<u8> = (0..80_u8).map(|i| i.wrapping_mul(91) ^ 0xa5).collect();
        let base64 = BASE64.encode(&key);
        for text in [
            hex::encode(&key),
            hex::encode_upper(&key) + "\n",
            base64.clone(),
            format!("{}\n{}\n", &base64[..76], &base64[76..]),
            crate::armor::encode("SESSION TICKET KEY", &key),
            format!("[https]\nticketKeySecret = {}\n", hex::encode(&key[..16])),
        ] {
            assert!(is_key(text.as_bytes()), "{text}");
        }
        assert!(is_key(&[&key[..], &key[..16]].concat()), "two keys of 48 bytes");
    }

    #[test]
    fn tickets_are_no_keys() {
        for folder in ["nginx48_tls12", "go_tls13", "gnutls_tls12", "sserver_tls13_stateful", "go127_tls13"] {
            let ticket = std::fs::read(format!("testdata/{folder}/ticket.bin")).unwrap();
            let (digits, base64) = (hex::encode(&ticket), BASE64.encode(&ticket));
            let rows: Vec<&str> = base64.as_bytes().chunks(64).map(|row| std::str::from_utf8(row).unwrap()).collect();
            for input in [&ticket[..], digits.as_bytes(), base64.as_bytes(), rows.join("\n").as_bytes()] {
                assert!(!is_key(input), "{folder}: {}", String::from_utf8_lossy(input));
            }
        }
        let wrapped: String = BASE64
            .encode(&[0xa5; 240])
            .as_bytes()
            .chunks(64)
            .fold(String::new(), |text, row| text + std::str::from_utf8(row).unwrap() + "\n");
        assert!(!is_key(wrapped.as_bytes()), "rows of 48 bytes may be one ticket");
        assert!(!is_key_file(Form::Raw, true, &[7; TWO_KEYS]), "somebody said that it is a ticket");
        // a NewSessionTicket that has the size of a key
        let message = [&[4, 0, 0, 76, 0, 0, 0, 1, 0, 70][..], &[7; 70]].concat();
        assert!(!is_key(&message));
    }
}
