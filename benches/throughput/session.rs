//! Parsing a plaintext.

use divan::Bencher;
use divan::counter::ItemsCount;
use tktdump::session::Session;

use super::samples::{Sample, sessions};

#[divan::bench(args = sessions())]
fn parse(bencher: Bencher<'_, '_>, sample: &Sample<Vec<u8>>) {
    bencher.counter(ItemsCount::new(1_usize)).bench(|| {
        assert!(Session::parse(divan::black_box(&sample.value)).is_ok());
    });
}
