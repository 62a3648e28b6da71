//! Finding tickets: lines in the forms that are read, and captures.

use divan::Bencher;
use divan::counter::BytesCount;
use tktdump::capture::Capture;
use tktdump::capture::container::{Reader, Step};
use tktdump::input::{Form, line};
use tktdump::session::Session;

use super::samples::data;
use super::seal::capture::{Connections, header};
use super::seal::tickets::{Tickets, keys};

const LINES: [&str; 4] = ["hex", "hex_with_colons", "base64", "record"];

#[divan::bench(args = LINES)]
fn line(bencher: Bencher<'_, '_>, form: &str) {
    let ticket = data("nginx48_tls12/ticket.bin");
    let digits = hex::encode(&ticket);
    let text = match form {
        "hex" => digits,
        "hex_with_colons" => ticket.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":"),
        "base64" => data_encoding::BASE64.encode(&ticket),
        _ => format!(r#"{{"type":"ticket","source":"-","index":0,"ticket":{{"length":208,"raw":"{digits}"}}}}"#),
    };
    let form = if form == "record" { Form::Records } else { Form::Lines };
    let list = tktdump::input::List::from(form);
    let mut scratch = Vec::new();
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| {
        let mut found = 0;
        line::each(&list, divan::black_box(text.as_bytes()), &mut scratch, &mut |_| found += 1);
        assert_eq!(found, 1);
    });
}

/// Connections with a handshake, a ticket and some 11 KB of data each.
#[divan::bench(args = [100])]
fn capture(bencher: Bencher<'_, '_>, connections: usize) {
    let session = data("nginx80_tls12_clientcert_rsa/plain.der");
    let certificate = Session::parse(&session).ok().and_then(|session| session.peer_certificate).unwrap_or_default();
    let mut writer = Connections::new(1, Tickets::new(2, keys(3, 1, 80)), certificate);
    let mut file = header();
    (0..connections).for_each(|_| writer.write(&mut file));
    bencher.counter(BytesCount::of_slice(&file)).bench(|| {
        assert_eq!(scan(divan::black_box(&file)), connections);
    });
}

/// How many connections are in a capture.
fn scan(file: &[u8]) -> usize {
    let (mut reader, mut capture, mut rest) = (Reader::new(), Capture::default(), file);
    let mut found = 0;
    loop {
        match reader.step(rest) {
            Ok(Step::Packet { packet, used }) => {
                capture.packet(&packet, &mut |_| found += 1);
                rest = rest.get(used..).unwrap_or_default();
            }
            Ok(Step::Skip(length)) => {
                rest = usize::try_from(length).ok().and_then(|length| rest.get(length..)).unwrap_or_default();
            }
            Ok(Step::Secrets { used, .. }) => rest = rest.get(used..).unwrap_or_default(),
            Ok(Step::Need(_)) | Err(_) => break,
        }
    }
    capture.finish(&mut |_| found += 1);
    found
}
