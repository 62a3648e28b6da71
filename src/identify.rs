//! What a file seems to be that is not what was asked for: the answer goes into an error, and nothing else depends on it.

use std::fmt;

use memchr::memmem;

use crate::armor;

/// A kind of file that people give by mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The private key of a certificate, PEM or DER.
    PrivateKey,
    /// A certificate, PEM or DER.
    Certificate,
    /// A request for a certificate.
    CertificateRequest,
    /// Diffie-Hellman parameters, public keys and other PEM.
    OtherPem,
    /// A TLS session, PEM or DER, as `openssl s_client -sess_out` writes it.
    Session,
    /// What `openssl s_client` printed.
    Transcript,
    /// A packet capture, pcap or pcapng.
    Capture,
    /// An NSS key log.
    KeyLog,
    /// Records of this program.
    Records,
    /// Compressed or archived files, by the program that unpacks them.
    Packed(&'static str),
    /// A program or a library.
    Program,
    /// An image.
    Image,
    /// A document of a word processor or for print.
    Document,
    /// A data base.
    DataBase,
    /// Words.
    Prose,
}

impl Kind {
    /// What to do with such a file instead of giving it as a ticket key.
    #[must_use]
    pub fn hint_for_key(self) -> &'static str {
        match self {
            Self::PrivateKey => {
                "the private key of a certificate opens no ticket: the ticket key is a file of its own (nginx: ssl_session_ticket_key), or the server made one in memory"
            }
            Self::Session | Self::Transcript | Self::Capture | Self::Records => {
                "it is an input and not a key: tktdump --key KEYFILE INPUT"
            }
            Self::KeyLog => "a key log is not a ticket key: --keylog FILE takes it beside a capture",
            Self::Packed(_) => "unpack it, and give the ticket key file that is in it",
            Self::Certificate | Self::CertificateRequest | Self::OtherPem => {
                "a ticket key is a file of its own, such as the 80 random bytes of nginx's ssl_session_ticket_key"
            }
            Self::Program | Self::Image | Self::Document | Self::DataBase | Self::Prose => {
                "a ticket key file has a few dozen bytes, or some lines of hex or base64"
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PrivateKey => "the private key of a certificate",
            Self::Certificate => "a certificate",
            Self::CertificateRequest => "a certificate request",
            Self::OtherPem => "a PEM file of another kind",
            Self::Session => "a TLS session",
            Self::Transcript => "output of openssl s_client",
            Self::Capture => "a packet capture",
            Self::KeyLog => "a key log of TLS secrets",
            Self::Records => "records of tktdump -f json",
            Self::Packed(program) => return write!(f, "a file packed with {program}"),
            Self::Program => "a program",
            Self::Image => "an image",
            Self::Document => "a document",
            Self::DataBase => "a data base",
            Self::Prose => "text",
        })
    }
}

/// First bytes that tell a kind by themselves.
const MAGICS: &[(&[u8], Kind)] = &[
    (&[0xd4, 0xc3, 0xb2, 0xa1], Kind::Capture),
    (&[0xa1, 0xb2, 0xc3, 0xd4], Kind::Capture),
    (&[0x4d, 0x3c, 0xb2, 0xa1], Kind::Capture),
    (&[0xa1, 0xb2, 0x3c, 0x4d], Kind::Capture),
    (&[0x0a, 0x0d, 0x0d, 0x0a], Kind::Capture),
    (&[0x1f, 0x8b, 8], Kind::Packed("gzip")),
    (&[0x28, 0xb5, 0x2f, 0xfd], Kind::Packed("zstd")),
    (b"\xfd7zXZ\0", Kind::Packed("xz")),
    (b"BZh", Kind::Packed("bzip2")),
    (b"PK\x03\x04", Kind::Packed("zip")),
    (b"7z\xbc\xaf\x27\x1c", Kind::Packed("7z")),
    (&[0x04, 0x22, 0x4d, 0x18], Kind::Packed("lz4")),
    (&[0x1f, 0x9d], Kind::Packed("compress")),
    (b"!<arch>\n", Kind::Packed("ar")),
    (b"\x7fELF", Kind::Program),
    (b"#!", Kind::Program),
    (&[0xcf, 0xfa, 0xed, 0xfe], Kind::Program),
    (b"\x89PNG\r\n", Kind::Image),
    (&[0xff, 0xd8, 0xff, 0xe0], Kind::Image),
    (&[0xff, 0xd8, 0xff, 0xe1], Kind::Image),
    (b"GIF8", Kind::Image),
    (b"%PDF-", Kind::Document),
    (b"{\\rtf", Kind::Document),
    (b"SQLite format 3\0", Kind::DataBase),
];

/// Beginnings of lines of a key log (RFC 9850).
const KEY_LOG: [&[u8]; 6] = [
    b"CLIENT_RANDOM ",
    b"CLIENT_HANDSHAKE_TRAFFIC_SECRET ",
    b"SERVER_HANDSHAKE_TRAFFIC_SECRET ",
    b"CLIENT_TRAFFIC_SECRET_0 ",
    b"SERVER_TRAFFIC_SECRET_0 ",
    b"EXPORTER_SECRET ",
];

/// The kind of a file; `None` for what nothing is known of, random bytes among it. Random bytes of a key are not taken
/// for anything: what is told by fewer than four bytes is a file of more than any key.
#[must_use]
pub fn kind_of(file: &[u8]) -> Option<Kind> {
    /// More than one key, so that chance does not make a kind of it.
    const LONGER_THAN_A_KEY: usize = 100;
    let magic = MAGICS.iter().find(|(magic, _)| file.starts_with(magic));
    let magic = magic.filter(|(magic, _)| magic.len() > 3 || file.len() > LONGER_THAN_A_KEY).map(|(_, kind)| *kind);
    let is_tar = file.get(257..262) == Some(b"ustar");
    magic.or(is_tar.then_some(Kind::Packed("tar"))).or_else(|| of_der(file)).or_else(|| of_text(file))
}

/// The kind of a DER structure by its first elements.
fn of_der(file: &[u8]) -> Option<Kind> {
    let (content, length) = sequence(file)?;
    // the whole file is one structure
    if content.len() != length {
        return None;
    }
    let inside = sequence(content).map(|(inside, _)| inside);
    match content {
        // version 1, a version of TLS, a cipher of two bytes
        [2, 1, 1, 2, 2, 3 | 0xfe, _, 4, 2, ..] => Some(Kind::Session),
        // PKCS #1, PKCS #8, SEC 1
        [2, 1, 0, 2, ..] | [2, 1, 0 | 1, 0x30, ..] | [2, 1, 1, 4, ..] => Some(Kind::PrivateKey),
        _ => match inside? {
            [0xa0, 3, 2, 1, ..] => Some(Kind::Certificate),
            _ => None,
        },
    }
}

/// The content of a SEQUENCE as far as it goes, and how long it claims to be.
fn sequence(bytes: &[u8]) -> Option<(&[u8], usize)> {
    match bytes {
        [0x30, 0x82, high, low, content @ ..] => Some((content, usize::from(*high) << 8 | usize::from(*low))),
        [0x30, 0x81, length, content @ ..] | [0x30, length @ 0..=0x7f, content @ ..] => {
            Some((content, usize::from(*length)))
        }
        _ => None,
    }
}

fn of_text(file: &[u8]) -> Option<Kind> {
    let text = file.trim_ascii();
    if text.is_empty() || text.contains(&0) {
        return None;
    }
    if (file.starts_with(b"CONNECTED(") || has_line(file, b"SSL handshake has read"))
        && memmem::find(file, b"---").is_some()
    {
        return Some(Kind::Transcript);
    }
    if let Some(kind) = of_pem(file) {
        return Some(kind);
    }
    if KEY_LOG.iter().any(|label| has_line(file, label)) {
        return Some(Kind::KeyLog);
    }
    if text.starts_with(b"{\"type\":\"") {
        return Some(Kind::Records);
    }
    None
}

/// What PEM blocks hold; a private key is the worst to give away, so it is named first.
fn of_pem(file: &[u8]) -> Option<Kind> {
    let kind = |label: &str| match label {
        "SESSION TICKET KEY" => None,
        "SSL SESSION PARAMETERS" => Some(Kind::Session),
        label if label.ends_with("PRIVATE KEY") => Some(Kind::PrivateKey),
        label if label.ends_with("CERTIFICATE REQUEST") => Some(Kind::CertificateRequest),
        label if label.ends_with("CERTIFICATE") => Some(Kind::Certificate),
        _ => Some(Kind::OtherPem),
    };
    let mut found = None;
    for block in armor::Blocks::new(file) {
        match kind(block.label)? {
            Kind::PrivateKey => return Some(Kind::PrivateKey),
            kind => found = found.or(Some(kind)),
        }
    }
    found
}

fn has_line(file: &[u8], beginning: &[u8]) -> bool {
    file.starts_with(beginning)
        || memmem::find_iter(file, beginning).any(|at| at.checked_sub(1).and_then(|at| file.get(at)) == Some(&b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(path: &str) -> Vec<u8> {
        std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(path)).unwrap()
    }

    #[test]
    fn what_people_mix_up_is_told_apart() {
        let pem = |label: &str| armor::encode(label, &[7; 100]).into_bytes();
        for (file, kind) in [
            (pem("PRIVATE KEY"), Kind::PrivateKey),
            (pem("EC PRIVATE KEY"), Kind::PrivateKey),
            ([pem("CERTIFICATE"), pem("RSA PRIVATE KEY")].concat(), Kind::PrivateKey),
            (pem("CERTIFICATE"), Kind::Certificate),
            (pem("DH PARAMETERS"), Kind::OtherPem),
            (data("nginx48_tls12/session.pem"), Kind::Session),
            (data("nginx48_tls12/capture.pcap"), Kind::Capture),
            (data("nginx48_tls12/plain.der"), Kind::Session),
            (b"# log\nCLIENT_RANDOM 00 11\n".to_vec(), Kind::KeyLog),
            (b"{\"type\":\"ticket\",\"source\":\"-\"}\n".to_vec(), Kind::Records),
            (b"CONNECTED(00000003)\n---\nno peer certificate available\n".to_vec(), Kind::Transcript),
            (b"\x7fELF\x02\x01\x01".to_vec(), Kind::Program),
            (b"\xfd7zXZ\0\0\x04".to_vec(), Kind::Packed("xz")),
        ] {
            assert_eq!(kind_of(&file), Some(kind));
        }
    }

    #[test]
    fn key_files_are_of_no_kind() {
        for case in ["nginx48_tls12", "haproxy80x5_tls12", "h2o_tls12_aes256", "stunnel16_tls12", "lighttpd_tls12"] {
            assert_eq!(kind_of(&data(&format!("{case}/ticket.key"))), None, "{case}");
        }
        assert_eq!(kind_of(armor::encode("SESSION TICKET KEY", &[7; 48]).as_bytes()), None);
        assert_eq!(kind_of(b"BZh\x07\x08"), None);
        assert_eq!(kind_of(&[]), None);
    }
}
