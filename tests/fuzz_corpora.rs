//! Replays the fuzz corpora through the functions that the fuzz targets call.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../fuzz/bodies.rs"]
#[allow(unreachable_pub)]
mod bodies;

fn replay(target: &str, body: fn(&[u8])) {
    let folder = format!("{}/fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
    let mut replayed = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        body(&std::fs::read(entry.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed > 0, "{folder} is empty");
}

#[test]
fn key_file() {
    replay("key_file", bodies::key_file);
}

#[test]
fn configuration() {
    replay("configuration", bodies::configuration);
}

#[test]
fn ticket_input() {
    replay("ticket_input", bodies::ticket_input);
}

#[test]
fn text() {
    replay("text", bodies::text);
}

#[test]
fn session() {
    replay("session", bodies::session);
}

#[test]
fn key_log() {
    replay("key_log", bodies::key_log);
}

#[test]
fn pcapng() {
    replay("pcapng", bodies::pcapng);
}

#[test]
fn image() {
    replay("image", bodies::image);
}

#[test]
fn capture() {
    replay("capture", bodies::capture);
}

/// The document lists and counts the targets that are there; each is built, and replayed above.
#[test]
fn the_document_counts_the_targets() {
    const NUMBERS: [&str; 13] =
        ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve"];
    let fuzz = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let read = |name: &str| std::fs::read_to_string(fuzz.join(name)).unwrap();
    let files = std::fs::read_dir(fuzz.join("fuzz_targets")).unwrap();
    let mut targets: Vec<String> =
        files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    targets.sort();
    let (document, manifest) = (read("README.md"), read("Cargo.toml"));
    let mut listed: Vec<&str> =
        document.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(name, _)| name).collect();
    listed.sort_unstable();
    assert_eq!(listed, targets);
    assert!(document.contains(&format!("{} targets", NUMBERS[targets.len()])), "{} targets", targets.len());
    for target in &targets {
        assert!(manifest.contains(&format!("name = \"{target}\"")), "{target} is not built");
        assert!(include_str!("fuzz_corpora.rs").contains(&format!("replay(\"{target}\"")), "{target} is not replayed");
    }
}
