//! Our text of a session against that of `openssl sess_id -text`, for sessions of every version.
// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};

use tktdump::report::{Page, openssl};
use tktdump::session::{Dialect, Session};

fn sessions() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir("testdata/sessions")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "der"))
        .collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

#[test]
fn text_is_that_of_openssl() {
    let mut compared = 0;
    for path in sessions() {
        let Ok(expected) = std::fs::read(path.with_extension("openssl.txt")) else { continue };
        let der = std::fs::read(&path).unwrap();
        let mut text = Page::new();
        openssl::render(&Session::parse(&der).unwrap(), 0, false, &mut text);
        assert_eq!(String::from_utf8_lossy(&text), String::from_utf8_lossy(&expected), "{}", path.display());
        compared += 1;
    }
    assert!(compared > 25, "{compared} compared");
}

#[test]
fn a_missing_start_is_the_present_as_with_openssl() {
    let der = std::fs::read("testdata/sessions/openssl30_missing_time.der").unwrap();
    let mut text = Page::new();
    openssl::render(&Session::parse(&der).unwrap(), 1_700_000_000, false, &mut text);
    assert!(String::from_utf8_lossy(&text).contains("    Start Time: 1700000000\n"));
}

#[test]
fn dialects_and_producers_are_recognised() {
    for path in sessions() {
        let name = name(&path);
        let der = std::fs::read(&path).unwrap();
        let Ok(session) = Session::parse(&der) else {
            assert_eq!(name, "boringssl_not_resumable");
            continue;
        };
        // without a telling member, BoringSSL's encoding is OpenSSL's
        let dialect = if name.starts_with("boringssl") && name != "boringssl_tls12_bare" {
            Dialect::BoringSsl
        } else {
            Dialect::OpenSsl
        };
        assert_eq!(session.dialect, dialect, "{name}");
        let unknown = usize::from(name.starts_with("unknown_tag"));
        assert_eq!(session.unknown_fields.len(), unknown, "{name}: {:?}", session.unknown_fields);
        let producer = session.producer();
        let plausible = match name.split('_').next().unwrap() {
            "openssl098" => producer.starts_with("OpenSSL 0.9.8-"),
            "openssl100" => producer.starts_with("OpenSSL 1.0.0-"),
            "openssl101" => producer.starts_with("OpenSSL 1.0.1-"),
            "openssl102" => producer.contains("-1.0.2") || producer.contains("1.1.1"),
            "openssl110" => producer.starts_with("OpenSSL 1.1.0-") || producer.starts_with("OpenSSL 1.0.1-1.1.1"),
            "openssl111" => producer == "OpenSSL 1.1.1",
            "openssl30" | "unknown" => producer == "OpenSSL 3.0 or later",
            "openssl32" => producer == "OpenSSL 3.2 or later",
            "libressl" => producer.ends_with("or LibreSSL"),
            "boringssl" => dialect == Dialect::OpenSsl || producer.starts_with("BoringSSL"),
            _ => panic!("{name}"),
        };
        assert!(plausible, "{name}: {producer}");
    }
}

#[test]
fn fields_mean_the_same_in_both_dialects() {
    let der = std::fs::read("testdata/sessions/boringssl_tls13_all_members.der").unwrap();
    let session = Session::parse(&der).unwrap();
    assert!(session.ticket_age_add.is_some() && session.alpn.is_some() && session.max_early_data.is_some());
    let own = session.boringssl.as_ref().unwrap();
    assert!(own.quic_early_data_context.is_some() && own.certificate_chain.is_some());
    let der = std::fs::read("testdata/sessions/boringssl_tls13_two_byte_tags.der").unwrap();
    let session = Session::parse(&der).unwrap();
    assert!(
        session.boringssl.as_ref().unwrap().resumable_across_names.is_some() && session.peer_raw_public_key.is_some()
    );
    let der = std::fs::read("testdata/sessions/openssl102_krb5_key_arg.der").unwrap();
    let session = Session::parse(&der).unwrap();
    assert!(session.krb5_principal.is_some() && session.key_arg.is_some());
}
