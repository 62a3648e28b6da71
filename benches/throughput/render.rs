//! Rendering a record in each output.

use divan::Bencher;
use divan::counter::ItemsCount;
use tktdump::keylog::{KeyLog, Label, Line};
use tktdump::open::Opener;
use tktdump::record::{Place, Record};
use tktdump::report::text::Styles;
use tktdump::report::{Page, json, openssl, text};
use tktdump::secret::Secret;

use super::samples::{Sample, Sealed, families, other_families};
use super::seal::random::Random;
use super::seal::tickets::NOW;

/// TLS 1.2, TLS 1.3, and with a client certificate.
fn samples() -> Vec<Sample<Sealed>> {
    families().into_iter().take(2).chain(other_families().into_iter().take(1)).collect()
}

/// Renders the record of a sample over and over.
fn record(bencher: Bencher<'_, '_>, sample: &Sample<Sealed>, render: impl Fn(&json::Kept<'_>, &Record<'_>, &mut Page)) {
    let (ring, bytes) = (sample.value.ring(1), sample.value.ticket.as_slice());
    let mut plaintext = Vec::new();
    let opener = Opener::new(&ring);
    let place = Place { source: &"tickets.hex".into(), index: 0, line: Some(1), packet: None };
    let verdict = Ok(opener.open(&opener.check(bytes), &mut plaintext));
    let record = Record { place, bytes, verdict, client_session: None, capture: None, beside: None };
    let (kept, mut out) = (json::Kept::new(&ring), Page::new());
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        out.clear();
        render(&kept, divan::black_box(&record), &mut out);
        assert!(!out.is_empty());
    });
}

#[divan::bench(args = samples())]
fn as_text(bencher: Bencher<'_, '_>, sample: &Sample<Sealed>) {
    record(bencher, sample, |kept, record, out| {
        text::Renderer { ring: kept.ring(), now: i64::from(NOW), redact: false, styles: Styles::default() }
            .ticket(record, out);
    });
}

#[divan::bench(args = samples())]
fn as_json(bencher: Bencher<'_, '_>, sample: &Sample<Sealed>) {
    record(bencher, sample, |kept, record, out| {
        json::Renderer { kept, now: i64::from(NOW), redact: false }.ticket(record, out);
    });
}

#[divan::bench(args = samples())]
fn as_openssl(bencher: Bencher<'_, '_>, sample: &Sample<Sealed>) {
    record(bencher, sample, |_, record, out| {
        if let Some(shown) = record.session() {
            openssl::render(shown.session(), i64::from(NOW), false, out);
        }
    });
}

/// Another connection each time: a line that was written before is not written again.
#[divan::bench]
fn as_key_log(bencher: Bencher<'_, '_>) {
    let (mut random, mut log, mut out) = (Random::new(7), KeyLog::new(), Vec::new());
    let line = || {
        let secret = Secret::new(random.bytes(48));
        Line { label: Label::ClientRandom, client_random: random.array(), secret }
    };
    bencher.counter(ItemsCount::new(1_usize)).with_inputs(line).bench_local_refs(|line| {
        out.clear();
        log.line(line, &mut out)
    });
}
