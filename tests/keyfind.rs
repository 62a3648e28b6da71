//! The search for keys in memory images, as a library: images of real servers, cut to the pages that hold their keys.

use std::fs;
use std::path::{Path, PathBuf};

use tktdump::search::{Clues, Finding, FoundKey, Image, Proof, Search, Secrets};

/// 2026-11-28T06:00:00Z, when the images were taken.
const TAKEN: i64 = 1_795_845_600;

fn search(image: &[u8], tickets: &[&[u8]], clues: &Clues) -> Vec<Finding> {
    let mut search = Search::new(tickets, clues, vec![Image::raw(image.len() as u64)]);
    while let Some(step) = search.next_step() {
        let mut hits = step.hits();
        for cut in (0..).map_while(|number| step.cut(number)) {
            let (start, end) = (usize::try_from(cut.read.start).unwrap(), usize::try_from(cut.read.end).unwrap());
            search.look(&step, &cut, &image[start..end], &mut hits);
        }
        search.take(hits);
    }
    search.findings()
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/keyfind");
    let mut cases: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    cases
}

fn secret(finding: &Finding) -> Vec<u8> {
    match &finding.secrets {
        Secrets::Key(FoundKey::Known(key)) => key.seed.as_ref().unwrap_or(&key.bytes).to_vec(),
        Secrets::Key(FoundKey::Bare(key)) => key.bytes.to_vec(),
        Secrets::Aes(key) => key.to_vec(),
    }
}

#[test]
fn every_image_gives_its_key() {
    let clues = Clues { times: vec![TAKEN], thorough: false };
    for case in cases() {
        let read = |name: &str| fs::read(case.join(name));
        let name = case.file_name().unwrap().to_str().unwrap();
        let found = search(&read("image.bin").unwrap(), &[&read("ticket.bin").unwrap()], &clues);
        for finding in &found {
            println!(
                "{name}: {} {} {:x?} {:?} {} {:?} {}",
                finding.family,
                finding.layout,
                finding.offsets,
                finding.proof,
                finding.cipher,
                finding.mac,
                finding.copies
            );
        }
        match (read("expected.key"), read("aes256.key")) {
            (Ok(expected), _) => {
                assert_eq!(found.len(), 1, "{name}");
                assert_ne!(found[0].proof, Proof::AesOnly, "{name}");
                if name != "h2o_default_tls12" {
                    assert_eq!(hex::encode(secret(&found[0])), hex::encode(expected), "{name}");
                }
            }
            (_, Ok(aes)) => {
                assert_eq!((found.len(), found[0].proof), (1, Proof::AesOnly), "{name}");
                assert_eq!(secret(&found[0]), aes, "{name}");
            }
            _ => assert!(found.is_empty(), "{name}"),
        }
    }
}
