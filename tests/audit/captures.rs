//! Captures of real connections.

use crate::run::{audit, case};

fn judge(name: &str, more: &[&str]) -> crate::run::Done {
    let capture = case(name).join("capture.pcap");
    let key = case(name).join("ticket.key");
    audit(&[&["-f", "json", "--stats", "-k", key.to_str().unwrap(), capture.to_str().unwrap()], more].concat())
}

#[test]
fn resumption_without_a_key_exchange_is_found() {
    let done = judge("nginx80_tls13_pskke", &[]);
    assert!(done.status == 1 && done.has("psk-ke-used") && done.has("psk-ke-offered"), "{}", done.stdout);
    let done = judge("nginx80_tls13_hrr", &[]);
    assert!(done.status == 0 && !done.has("psk-ke-used") && !done.has("psk-ke-offered"), "{}", done.stdout);
}

#[test]
fn tickets_are_judged_by_the_time_of_their_packets() {
    assert!(!judge("nginx80_tls13_pskke", &[]).has("expired-ticket"));
    assert!(judge("nginx80_tls13_pskke", &["--at", "2100-01-01T00:00:00Z"]).has("expired-ticket"));
}

#[test]
fn findings_name_the_packet() {
    let done = judge("nginx80_tls13_pskke", &[]);
    let used = done.findings().into_iter().find(|finding| finding["rule"] == "psk-ke-used").unwrap();
    assert!(used["subject"]["packet"].is_u64() && used["subject"]["index"].is_u64(), "{used}");
    assert!(done.stdout.contains("\"connections\":"), "{}", done.stdout);
}
