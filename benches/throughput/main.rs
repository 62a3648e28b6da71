//! How fast the parts of the library are: `cargo bench`, or a part of it with a word of its name.

mod input;
mod open;
mod render;
mod samples;
#[path = "../../tests/seal/mod.rs"]
mod seal;
mod session;

fn main() {
    // enough of them at a time for the clock to tell
    divan::Divan::default().sample_size(64).config_with_args().main();
}
