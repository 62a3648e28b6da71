//! Replays the fuzz corpora through the functions that the fuzz targets call.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used)]

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
fn image() {
    replay("image", bodies::image);
}

#[test]
fn capture() {
    replay("capture", bodies::capture);
}
