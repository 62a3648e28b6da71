//! Reading a key file: by one server's rule, or by its content.

mod cause;
mod claim;
mod dump;
mod error;
mod foreign;
mod names;
mod reading;
pub(super) mod text;
mod utf16;

use zeroize::Zeroizing;

use self::cause::{cause, explained};
use self::claim::{borrow_layouts, claim, count};
pub use self::error::{Cause, KeyFileError};
pub use self::reading::{KeyFile, MAX_FILE_LENGTH, Reading};
use self::text::{TextKey, encodes_more, is_prose, slips, without_newline};
pub(super) use self::utf16::decode as utf16;
use super::format::{KeyBytes, KeyFormat};
use super::formats::{FORMATS, MAX_BARE_LENGTH, is_raw_key};
use super::layout::Layout;
use super::scheme::Scheme;

/// The keys of a text file, of any size that some server takes: see [`text::decode_lines`].
pub(super) fn decode_lines(file: &[u8]) -> Option<Vec<TextKey>> {
    text::decode_lines(file, is_raw_key)
}

/// Reads a file as one server does.
pub fn read_as(format: &'static dyn KeyFormat, file: &[u8]) -> Result<KeyFile, KeyFileError> {
    let keys = format.read(file).map_err(|error| explained(error, file))?;
    let count = count(&keys);
    let reading = |key| Reading { key, formats: vec![format], loadable: true, keys: count };
    let mut readings: Vec<Reading> = keys.into_iter().map(reading).collect();
    match decode_lines(file) {
        // raw bytes that are digits in truth show a key as much as its bytes do
        Some(rows) => names::doubt_rows(&mut readings, &rows, file),
        None if !format.is_text() => names::doubt(&mut readings, file),
        None => {}
    }
    let others = others_of(format, format.other_keys(file));
    Ok(KeyFile { readings, others, named: Some(Zeroizing::new(file.to_vec())), ..KeyFile::default() })
}

/// What a file holds, if it is a key file: its bytes, those before a line end behind them, and what its text encodes.
/// Two files that have one of these in common hold the same keys.
/// Those of more than `longest` bytes are left out.
#[must_use]
pub fn contents(file: &[u8], longest: usize) -> Vec<Zeroizing<Vec<u8>>> {
    let bytes = [Some(file), without_newline(file)].into_iter().flatten().filter(|bytes| bytes.len() <= longest);
    bytes.map(|bytes| Zeroizing::new(bytes.to_vec())).chain(decoded(file, longest)).collect()
}

/// What the text of a key file encodes; `None` if it is something else, or encodes more than `longest` bytes.
pub(crate) fn decoded(file: &[u8], longest: usize) -> Option<Zeroizing<Vec<u8>>> {
    // the beginning of a long list is not decoded for nothing
    if encodes_more(file, longest) {
        return None;
    }
    let rows = decode_lines(file)?;
    let rows: Vec<&[u8]> = rows.iter().map(|(row, _)| row.as_slice()).collect();
    Some(Zeroizing::new(rows.concat()))
}

/// Reads a file by its content: every format that takes it, every split and every order that its size allows.
pub fn read_auto(file: &[u8]) -> Result<KeyFile, KeyFileError> {
    let mut found = read_by_content(file)?;
    for reading in &mut found.readings {
        if reading.key.scheme == Scheme::OPENSSL {
            // nobody said whose the key is
            reading.key.scheme = Scheme::ANY_CBC;
        }
    }
    let names = |format: &&&dyn KeyFormat| !format.is_bare() && format.claims(file);
    found.others =
        FORMATS.iter().filter(names).flat_map(|format| others_of(*format, format.other_keys(file))).collect();
    found.bare = may_be_bare(file).then(|| Zeroizing::new(file.to_vec()));
    Ok(found)
}

/// Reads a file that no server takes as the key of a library that takes bytes of any length, or of another length. Whether
/// it is one, only a ticket can tell: until then the error stands, and the file remembers it.
pub fn keep(file: &[u8], error: KeyFileError) -> Result<KeyFile, KeyFileError> {
    // what is wrong within a file of some server's is wrong
    let is_size = matches!(error, KeyFileError::Size { format: None, .. });
    if !is_size || bare_keys(file).is_empty() {
        return Err(error);
    }
    Ok(KeyFile { bare: Some(Zeroizing::new(file.to_vec())), doubt: Some(error), ..KeyFile::default() })
}

/// Whether some bytes can be the key of a library that knows no key file.
fn may_be_bare(file: &[u8]) -> bool {
    !file.is_empty() && file.len() <= MAX_BARE_LENGTH && is_bare_key(file)
}

/// What every library that knows no key file makes of some bytes, if they can be a key at all.
#[must_use]
pub fn bare_keys(file: &[u8]) -> Vec<Reading> {
    if !may_be_bare(file) {
        return Vec::new();
    }
    let formats = FORMATS.iter().copied().filter(|format| format.is_bare());
    formats.flat_map(|format| others_of(format, format.read(file).unwrap_or_default())).collect()
}

fn others_of(format: &'static dyn KeyFormat, keys: Vec<KeyBytes>) -> Vec<Reading> {
    let count = count(&keys);
    keys.into_iter().map(|key| Reading { key, formats: vec![format], loadable: true, keys: count }).collect()
}

/// Whether bytes may be a key: one line of text, or random bytes; no program, no archive.
fn is_bare_key(file: &[u8]) -> bool {
    let is_text = file.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e));
    let is_line = !file.trim_ascii_end().contains(&b'\n');
    if is_text { is_line && !file.starts_with(b"#!") } else { foreign::what(file).is_none() }
}

fn read_by_content(file: &[u8]) -> Result<KeyFile, KeyFileError> {
    if let Some(what) = foreign::what(file) {
        return Err(KeyFileError::Foreign { what });
    }
    if let Some((plain, what)) = undressed(file) {
        let mut found = read_by_content(&plain)?;
        found.warnings.insert(0, format!("the file is {what}; servers do not accept it like this"));
        return Ok(found);
    }
    let mut found = KeyFile::default();
    claim(&mut found.readings, file, true);
    if found.readings.is_empty() {
        if let Some(format) = FORMATS.iter().find(|format| format.recognises(file)) {
            format.read(file).map_err(|error| explained(error, file))?;
        }
    }
    if let Some(lines) = decode_lines(file) {
        if let [(only, encoding)] = lines.as_slice() {
            claim(&mut found.readings, only, false);
            names::doubt(&mut found.readings, only);
            found.warnings.push(format!(
                "the file is {encoding} text; servers expect raw bytes: decode it with xxd -r -p or base64 -d"
            ));
        } else if found.readings.is_empty() {
            found
                .warnings
                .push("the file is text; servers expect raw bytes: decode it with xxd -r -p or base64 -d".to_owned());
            found.warnings.extend(slips(file, is_raw_key));
        }
        if lines.len() > 1 && lines.iter().all(|(key, _)| Layout::BARE.iter().all(|layout| layout.size() != key.len()))
        {
            let keys: Vec<&[u8]> = lines.iter().map(|(key, _)| key.as_slice()).collect();
            claim(&mut found.readings, &Zeroizing::new(keys.concat()), false);
            // a line is a key, however else the bytes could be cut
            found.readings.retain(|reading| reading.keys == lines.len());
        }
        borrow_layouts(&mut found.readings, lines.iter().map(|(key, _)| key.as_slice()));
        if lines.len() > 1 {
            names::doubt_rows(&mut found.readings, &lines, file);
        }
    }
    // text is never meant as raw bytes: random ones are all printable once in 10^20 files
    if found.readings.is_empty() && !is_prose(file) {
        claim(&mut found.readings, file, false);
        for size in [Layout::NAME_AES_HMAC_48.size(), Layout::NAME_HMAC_AES_80.size()] {
            if file.len() % size == 0 {
                borrow_layouts(&mut found.readings, file.chunks_exact(size));
            }
        }
        names::doubt(&mut found.readings, file);
    }
    if !found.readings.is_empty() {
        return Ok(found);
    }
    // one line end more, not a file of them
    let is_last = |shorter: &&[u8]| !shorter.ends_with(b"\n") && decode_lines(shorter).is_none();
    let shorter = without_newline(file).filter(is_last);
    if let Some(Ok(mut found)) = shorter.map(read_by_content) {
        found.warnings.push(format!(
            "the file has {} bytes and ends in a newline, which is left out; servers refuse such a file or cut it off",
            file.len()
        ));
        return Ok(found);
    }
    Err(KeyFileError::Size { found: file.len(), format: None, takes: every_size(), cause: cause(file) })
}

/// What a file holds that was printed as a dump or is in UTF-16, and what it is.
fn undressed(file: &[u8]) -> Option<(Zeroizing<Vec<u8>>, &'static str)> {
    if let Some(text) = utf16(file) {
        return Some((Zeroizing::new(text.as_bytes().to_vec()), "text in UTF-16"));
    }
    std::str::from_utf8(file).ok().and_then(dump::read)
}

/// The sizes of files that some server takes, and the formats of which the size says nothing.
fn every_size() -> String {
    const LONGEST: usize = 100;
    let bytes = [0; LONGEST];
    let sizes: Vec<String> =
        (1..=LONGEST).filter(|&size| bytes.get(..size).is_some_and(is_raw_key)).map(|size| size.to_string()).collect();
    let texts: Vec<&str> = FORMATS.iter().filter(|format| format.is_text()).map(|format| format.name()).collect();
    format!("{} raw bytes, or several such keys; or what {} take", sizes.join(", "), texts.join(", "))
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;

    use super::*;

    fn names(file: &KeyFile) -> Vec<String> {
        let describe = |reading: &Reading| {
            let formats: Vec<&str> = reading.formats.iter().map(|format| format.name()).collect();
            let Reading { key, loadable, .. } = reading;
            format!("{} {} {}{}", key.index, key.layout, formats.join("/"), if *loadable { "" } else { " (layout)" })
        };
        file.readings.iter().map(describe).collect()
    }

    fn random(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i * 37 + 131).to_le_bytes()[0]).collect()
    }

    #[test]
    fn bare_48_and_80_bytes_have_two_orders_each() {
        assert_eq!(
            names(&read_auto(&random(48)).unwrap()),
            ["0 name16 aes16 hmac16 nginx", "0 name16 hmac16 aes16 apache/ats/node/openssl"]
        );
        assert_eq!(
            names(&read_auto(&random(80)).unwrap()),
            ["0 name16 hmac32 aes32 nginx/envoy/openssl", "0 name16 aes32 hmac32 unbound/dnsdist"]
        );
    }

    #[test]
    fn several_keys_keep_every_split() {
        assert_eq!(
            names(&read_auto(&random(96)).unwrap()),
            [
                "0 name16 hmac16 aes16 ats",
                "1 name16 hmac16 aes16 ats",
                "0 name16 aes16 hmac16 go",
                "1 name16 aes16 hmac16 go",
                "2 name16 aes16 hmac16 go",
                "0 name16 aes16 hmac16 nginx/haproxy (layout)",
                "1 name16 aes16 hmac16 nginx/haproxy (layout)",
            ]
        );
        let both = read_auto(&random(240)).unwrap();
        assert_eq!(both.readings.len(), 5 * 2 + 3 * 2, "5 keys of 48 and 3 of 80, each in both orders");
    }

    #[test]
    fn sizes_that_several_servers_have_stay_open() {
        let formats = |length| names(&read_auto(&random(length)).unwrap()).join(", ");
        assert_eq!(formats(32), "0 name16 aes16 hmac16 go");
        assert_eq!(formats(64), "0 name16 aes16 hmac16 go, 1 name16 aes16 hmac16 go, 0 name16 aes32 hmac16 gnutls");
        assert!(formats(160).contains("dnsdist") && formats(160).contains("4 name16 aes16 hmac16 go"));
        let text: String = (0..3).map(|_| hex::encode(random(32)) + "\n").collect();
        // 64 hex digits are 48 bytes of base64 too
        let formats: Vec<&str> =
            read_auto(text.as_bytes()).unwrap().readings.iter().map(|reading| reading.formats[0].name()).collect();
        assert_eq!(formats, ["haproxy", "haproxy", "haproxy", "go", "go", "go"]);
        assert!(read_auto(&b"no key\n".repeat(32)).is_err(), "prose of 224 bytes");
    }

    #[test]
    fn text_is_decoded_with_a_warning() {
        let key = random(80);
        for text in [hex::encode(&key), hex::encode_upper(&key) + "\r\n", BASE64.encode(&key) + "\n"] {
            let file = read_auto(text.as_bytes()).unwrap();
            assert_eq!(file.readings[0].key.bytes.as_slice(), key);
            assert_eq!(file.warnings.len(), 1, "{text}");
            assert!(file.readings[0].loadable);
        }
    }

    #[test]
    fn pem_leaves_both_orders() {
        let file = read_auto(crate::armor::encode("SESSION TICKET KEY", &random(48)).as_bytes()).unwrap();
        assert_eq!(names(&file), ["0 name16 aes16 hmac16 pem", "0 name16 hmac16 aes16 pem"]);
    }

    #[test]
    fn a_trailing_newline_is_left_out_with_a_warning() {
        for length in [48, 80] {
            let mut file = random(length);
            file.push(b'\n');
            let read = read_auto(&file).unwrap();
            assert_eq!((read.readings[0].key.bytes.len(), read.warnings.len()), (length, 1));
        }
    }

    #[test]
    fn a_key_may_be_wrapped_and_commented() {
        let key = random(80);
        let (hex, base64) = (hex::encode(&key), BASE64.encode(&key));
        let texts = [
            format!("{}\n{}\n", &base64[..76], &base64[76..]),
            format!("{}\r\n{}\r\n", &base64[..64], &base64[64..]),
            format!("{}\n{}\n{}\n", &hex[..60], &hex[60..120], &hex[120..]),
            format!("# rotated today\n{hex}\n"),
            format!("\u{feff}{base64}\n"),
        ];
        for text in texts {
            let file = read_auto(text.as_bytes()).unwrap();
            assert_eq!((file.readings[0].key.bytes.as_slice(), file.warnings.len()), (key.as_slice(), 1), "{text}");
        }
    }

    #[test]
    fn names_that_may_be_secrets_are_doubtful() {
        let doubtful = |length| {
            let file = read_auto(&random(length)).unwrap();
            file.readings.iter().filter(|reading| reading.key.name_is_doubtful).count()
        };
        assert_eq!([48, 80, 144].map(doubtful), [0, 0, 0], "one way to cut them");
        assert_eq!(doubtful(96), 4, "two keys of 48, or three of Go's");
        assert_eq!(doubtful(240), 4 * 2 + 2 * 2, "five keys of 48 or three of 80: only the first name is sure");
    }

    #[test]
    fn text_of_another_kind_is_no_raw_key() {
        let typo = hex::encode(random(80)).replacen('1', "x", 1);
        let Err(KeyFileError::Size { cause, .. }) = read_auto(typo.as_bytes()) else { panic!("{typo}") };
        assert!(matches!(cause, Some(Cause::DamagedHex { line: 1, .. })), "{cause:?}");
        let prose = "just some prose ".repeat(6);
        assert!(read_auto(prose.as_bytes()).is_err(), "96 bytes");
        let keys = format!("{}\n{}\n", hex::encode(random(80)), hex::encode(random(80)));
        assert_eq!(read_auto(keys.as_bytes()).unwrap().warnings.len(), 1);
    }

    #[test]
    fn errors_name_size_and_cause() {
        let nginx = super::super::formats::by_name("nginx").unwrap();
        let cause_of = |file: &[u8]| match read_as(nginx, file).err().unwrap() {
            KeyFileError::Size { cause, found, .. } => (found, cause),
            other => panic!("{other}"),
        };
        let hex = hex::encode(random(48));
        assert_eq!(cause_of(&random(47)), (47, None));
        assert_eq!(cause_of(&[&random(48)[..], b"\n"].concat()), (49, Some(Cause::TrailingNewline)));
        assert_eq!(cause_of(hex.as_bytes()), (96, Some(Cause::HexText)));
        assert_eq!(cause_of(BASE64.encode(&random(48)).as_bytes()), (64, Some(Cause::Base64Text)));
        assert_eq!(cause_of(&[]), (0, Some(Cause::Empty)));
        assert!(read_auto(&random(50)).err().unwrap().to_string().contains("32, 48, 64, 80, 92, 96 raw bytes"));
    }
}
