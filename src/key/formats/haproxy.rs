//! `HAProxy`: `tls-ticket-keys`, one base64 key a line, three lines or more, all of 48 or all of 80 bytes
//! (`tlskeys_ref` and `bind_parse_tls_ticket_keys` in `src/ssl_sock.c` and `src/cfgparse-ssl.c`). The penultimate line
//! seals, so that the last one can be distributed before it is used; of a longer file only the last three open.

use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::key::Role;
use crate::key::carried::{CBC_SHA256, Carried};
use crate::key::file::KeyFileError;
use crate::key::file::text::{UNCOMMENT, decode_lines, join_lines, wrapped_lines};
use crate::key::format::{KeyBytes, KeyFormat, Position};
use crate::key::layout::Layout;
use crate::key::scheme::Hash;
use crate::key::unwritable::Unwritable;

/// Keys a server holds (`TLS_TICKETS_NO`).
const KEPT: usize = 3;

/// The layouts of its keys.
const LAYOUTS: &[Layout] = &[Layout::NAME_AES_HMAC_48, Layout::NAME_AES_HMAC_80];

fn is_key(bytes: &[u8]) -> bool {
    LAYOUTS.iter().any(|layout| layout.size() == bytes.len())
}

pub(super) struct Haproxy;

impl KeyFormat for Haproxy {
    fn name(&self) -> &'static str {
        "haproxy"
    }

    fn about(&self) -> &'static str {
        "HAProxy: tls-ticket-keys"
    }

    fn takes(&self) -> &'static str {
        "3 or more lines of base64, each 48 bytes or each 80"
    }

    fn layouts(&self) -> &'static [Layout] {
        LAYOUTS
    }

    fn is_text(&self) -> bool {
        true
    }

    fn read(&self, file: &[u8]) -> Result<Vec<KeyBytes>, KeyFileError> {
        let text = file.strip_suffix(b"\n").unwrap_or(file);
        let mut keys: Vec<KeyBytes> = Vec::new();
        if let Some(mendable) = self.slip(file) {
            return Err(mendable);
        }
        for (line, number) in text.split(|&byte| byte == b'\n').zip(1..) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let bytes = BASE64.decode(line).map(Zeroizing::new).map_err(|error| KeyFileError::Line {
                line: number,
                problem: format!("no base64 at column {}", error.position + 1),
                format: self.name(),
                takes: self.takes(),
            })?;
            let wrong_size =
                |problem| KeyFileError::Line { line: number, problem, format: self.name(), takes: self.takes() };
            let layout = self
                .layouts()
                .iter()
                .find(|layout| layout.size() == bytes.len())
                .ok_or_else(|| wrong_size(format!("the key has {} bytes", bytes.len())))?;
            if let Some(first) = keys.first().filter(|first| first.layout != *layout) {
                let first = first.bytes.len();
                return Err(wrong_size(format!("the key has {} bytes, those before it {first}", bytes.len())));
            }
            keys.push(KeyBytes::new(keys.len(), &bytes, *layout));
        }
        if keys.len() < KEPT {
            return Err(KeyFileError::TooFewKeys {
                found: keys.len(),
                wants: KEPT,
                format: self.name(),
                takes: self.takes(),
            });
        }
        Ok(keys)
    }

    /// The first key comes to the penultimate line; a single one stands there three times, as the server wants three.
    fn write(&self, keys: &[KeyBytes]) -> Result<Zeroizing<Vec<u8>>, Unwritable> {
        let lines = match keys {
            [] => return Err(Unwritable::Nothing),
            [only] => [only, only, only],
            [seals, opens] => [opens, seals, opens],
            [seals, first, last] => [first, seals, last],
            _ => return Err(Unwritable::TooMany { found: keys.len(), limit: KEPT }),
        };
        let mut file = Zeroizing::new(Vec::with_capacity(512));
        let mut size = None;
        for key in lines {
            let sizes = || Unwritable::Sizes { layout: key.layout.to_string(), takes: self.takes() };
            let carried = Carried::new(key, &[Hash::Sha256], CBC_SHA256)?;
            if carried.name.is_empty() {
                return Err(Unwritable::NoName);
            }
            let bytes = self.layouts().iter().find_map(|layout| carried.arrange(*layout)).ok_or_else(sizes)?;
            if *size.get_or_insert(bytes.len()) != bytes.len() {
                return Err(sizes());
            }
            let line = Zeroizing::new(BASE64.encode(&bytes));
            file.extend_from_slice(line.as_bytes());
            file.push(b'\n');
        }
        Ok(file)
    }

    fn role(&self, place: Position) -> Role {
        let from_end = place.keys - place.key;
        match from_end {
            2 => Role::Active,
            1..=KEPT => Role::Inactive,
            _ => Role::Ignored,
        }
    }
}

impl Haproxy {
    /// What other programs allow in a list, and `HAProxy` takes for a broken key.
    fn slip(&self, file: &[u8]) -> Option<KeyFileError> {
        let slip = |line, problem, remedy| KeyFileError::Mendable { line, problem, format: self.name(), remedy };
        let comment = file.split(|&byte| byte == b'\n').position(|line| line.trim_ascii_start().starts_with(b"#"));
        if let Some(line) = comment.filter(|_| decode_lines(file, is_key).is_some()) {
            let problem = "HAProxy has no comments in this file, and takes it for a key".to_owned();
            return Some(slip(line + 1, problem, UNCOMMENT.to_owned()));
        }
        let lines = wrapped_lines(file, is_key)?;
        let problem = format!("each key is wrapped over {lines} lines, and HAProxy wants it on one");
        Some(slip(comment.map_or(1, |line| line + 2), problem, join_lines(lines)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(sizes: &[usize]) -> Vec<u8> {
        sizes.iter().map(|&size| BASE64.encode(&vec![7; size]) + "\n").collect::<String>().into_bytes()
    }

    #[test]
    fn the_penultimate_line_seals_and_three_open() {
        let keys = Haproxy.read(&lines(&[80; 5])).unwrap().len();
        let role = |key| Haproxy.role(Position { file: 0, files: 1, key, keys, newest: None });
        let roles: Vec<Role> = (0..keys).map(role).collect();
        assert_eq!(roles, [Role::Ignored, Role::Ignored, Role::Inactive, Role::Active, Role::Inactive]);
    }

    #[test]
    fn refuses_what_haproxy_refuses() {
        let error = |file: &[u8]| Haproxy.read(file).err().unwrap().to_string();
        assert!(error(&lines(&[48, 48])).contains("2 keys"));
        assert!(error(&lines(&[48, 48, 80])).contains("line 3"));
        assert!(error(b"AAAA\nAAAA\nAAAA\n").contains("3 bytes"));
        assert!(error(b"AAAA\n!\n").contains("line 1"));
    }

    #[test]
    fn comments_and_wrapped_keys_are_refused_with_the_command_that_mends_them() {
        let refused = |file: &[u8]| {
            let error = Haproxy.read(file).err().unwrap();
            format!("{error}; {}", error.hint())
        };
        let commented = refused(&[b"# managed\n", lines(&[80; 3]).as_slice()].concat());
        assert!(commented.contains("line 1 is not a valid haproxy") && commented.contains("grep -v"), "{commented}");
        let wrapped: String = (1..4)
            .map(|n| BASE64.encode(&[n; 80]))
            .flat_map(|key| [key[..64].to_owned(), key[64..].to_owned()])
            .map(|line| line + "\n")
            .collect();
        let wrapped = refused(wrapped.as_bytes());
        assert!(wrapped.contains("wrapped over 2 lines") && wrapped.contains("paste -d '\\0' - - < FILE"), "{wrapped}");
    }
}
