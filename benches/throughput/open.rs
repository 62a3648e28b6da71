//! Opening a ticket: split, find the key, verify, decrypt, parse.

use divan::Bencher;
use divan::counter::ItemsCount;
use tktdump::key::ring::KeyRing;
use tktdump::open::Opener;

use super::samples::{Sample, Sealed, families, other_families};

#[divan::bench(args = families().into_iter().chain(other_families()))]
fn one_key(bencher: Bencher<'_, '_>, sample: &Sample<Sealed>) {
    open(bencher, &sample.value.ticket, &sample.value.ring(1), true);
}

/// Tickets that do not name their key are tried with all.
#[divan::bench(args = families())]
fn thousand_keys(bencher: Bencher<'_, '_>, sample: &Sample<Sealed>) {
    open(bencher, &sample.value.ticket, &sample.value.ring(1000), true);
}

#[divan::bench(args = families())]
fn bad_mac(bencher: Bencher<'_, '_>, sample: &Sample<Sealed>) {
    let mut ticket = sample.value.ticket.clone();
    ticket.last_mut().into_iter().for_each(|last| *last ^= 1);
    open(bencher, &ticket, &sample.value.ring(1), false);
}

fn open(bencher: Bencher<'_, '_>, ticket: &[u8], ring: &KeyRing, expected: bool) {
    let opener = Opener::new(ring);
    let mut buffer = Vec::new();
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        let outcome = opener.open(&opener.check(divan::black_box(ticket)), &mut buffer);
        assert_eq!(outcome.is_opened(), expected);
    });
}
