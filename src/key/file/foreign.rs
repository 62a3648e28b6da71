//! Files that are something else than keys, by how they begin: programs, archives, captures, documents.

/// First bytes, and what begins so. Of random keys one in four thousand million begins like that, or fewer.
const BEGINNINGS: &[(&[u8], &str)] = &[
    (b"\x7fELF", "a program"),
    (b"MZ\x90\0", "a program"),
    (b"\xfe\xed\xfa\xce", "a program"),
    (b"\xfe\xed\xfa\xcf", "a program"),
    (b"\xce\xfa\xed\xfe", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"#!/", "a script"),
    (b"PK\x03\x04", "an archive"),
    (b"!<arch>\n", "an archive"),
    (b"7z\xbc\xaf\x27\x1c", "an archive"),
    (b"\x1f\x8b\x08\0", "a compressed file"),
    (b"\x1f\x8b\x08\x08", "a compressed file"),
    (b"BZh91AY&SY", "a compressed file"),
    (b"\xfd7zXZ\0", "a compressed file"),
    (b"\x28\xb5\x2f\xfd", "a compressed file"),
    (b"\xa1\xb2\xc3\xd4", "a packet capture"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture"),
    (b"%PDF-", "a document"),
    (b"\x89PNG\r\n", "a picture"),
    (b"\xff\xd8\xff\xe0\0\x10JFIF", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format 3\0", "a database"),
];

/// Where the mark of a tar archive stands.
const TAR: usize = 257;

/// What a file is, if it cannot be a key.
pub(super) fn what(file: &[u8]) -> Option<&'static str> {
    if file.get(TAR..).is_some_and(|rest| rest.starts_with(b"ustar")) {
        return Some("an archive");
    }
    BEGINNINGS.iter().find(|(beginning, _)| file.starts_with(beginning)).map(|(_, what)| *what)
}

#[cfg(test)]
mod tests {
    use super::super::read_auto;

    #[test]
    fn what_is_no_key_is_refused_whatever_its_size() {
        for (beginning, what) in [(&b"\x7fELF"[..], "program"), (b"PK\x03\x04", "archive"), (b"#!/bin/sh\n", "script")]
        {
            for length in [48, 80, 138_208] {
                let mut file = beginning.to_vec();
                file.resize(length, 0xa7);
                let error = read_auto(&file).err().unwrap().to_string();
                assert!(error.contains(what), "{length}: {error}");
            }
        }
        let mut tar = vec![0; 10_240];
        tar[257..262].copy_from_slice(b"ustar");
        assert!(read_auto(&tar).is_err());
    }

    #[test]
    fn a_file_of_line_ends_is_no_key() {
        // each line end once began the search anew
        assert!(read_auto(&vec![b'\n'; 1 << 20]).is_err());
    }
}
