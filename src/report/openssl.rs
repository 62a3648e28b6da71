//! The text of `openssl sess_id -text -noout`, byte for byte (`SSL_SESSION_print` in `ssl/ssl_txt.c`, OpenSSL 3.x).

use std::fmt::Write as _;

use super::draft::Draft;
use super::{Page, REDACTED};
use crate::escape::Text;
use crate::session::{Protocol, Session};
use crate::tls::registry;

/// Lifetime that OpenSSL assumes if a session states none (`d2i_SSL_SESSION` in `ssl/ssl_asn1.c`).
const DEFAULT_TIMEOUT: i64 = 3;
/// Bytes in a row of a dump.
const ROW_LENGTH: usize = 16;

/// Appends the text of a session. `now` stands in for a start time that is missing, as OpenSSL does it.
pub fn render(session: &Session<'_>, now: i64, redact: bool, out: &mut Page) {
    let mut text = Draft::new();
    // writing to a String does not fail
    let _ = print(session, now, redact, &mut text);
    out.extend_from_slice(text.as_bytes());
}

fn print(session: &Session<'_>, now: i64, redact: bool, out: &mut String) -> std::fmt::Result {
    put(&["SSL-Session:\n    Protocol  : ", protocol_name(session.protocol), "\n"], out);
    match session.cipher.openssl_name() {
        Some(name) => put(&["    Cipher    : ", name, "\n"], out),
        None => writeln!(out, "    Cipher    : {:X}", hex::display(session.cipher.0))?,
    }
    writeln!(out, "    Session-ID: {:X}", hex::display(session.session_id))?;
    let context = session.session_id_context.unwrap_or_default();
    writeln!(out, "    Session-ID-ctx: {:X}", hex::display(context))?;
    // DTLS 1.3 came after it: to OpenSSL 3.0 that is any other version
    let is_tls13 = session.protocol == Protocol::TLS_1_3;
    let label = if is_tls13 { "Resumption PSK" } else { "Master-Key" };
    if redact {
        writeln!(out, "    {label}: {REDACTED}")?;
    } else {
        writeln!(out, "    {label}: {:X}", hex::display(session.secret.bytes()))?;
    }
    let names = [
        ("PSK identity", session.psk_identity),
        ("PSK identity hint", session.psk_identity_hint),
        ("SRP username", session.srp_username),
    ];
    for (label, name) in names {
        match name {
            None => put(&["    ", label, ": None\n"], out),
            Some(name) => writeln!(out, "    {label}: {}", Text(until_nul(name)))?,
        }
    }
    if let Some(hint) = session.ticket_lifetime_hint.filter(|&hint| hint != 0) {
        writeln!(out, "    TLS session ticket lifetime hint: {hint} (seconds)")?;
    }
    if let Some(ticket) = session.ticket {
        writeln!(out, "    TLS session ticket:")?;
        dump(ticket, out)?;
        writeln!(out)?;
    }
    if let Some(method) = session.compression.filter(|&method| method != 0) {
        // a build with zlib would add its name; distributions have left it out since CRIME
        writeln!(out, "    Compression: {method}")?;
    }
    let time = session.time.filter(|&time| time != 0).unwrap_or(now);
    writeln!(out, "    Start Time: {time}")?;
    let timeout = session.timeout.filter(|&timeout| timeout != 0).unwrap_or(DEFAULT_TIMEOUT);
    writeln!(out, "    Timeout   : {timeout} (sec)")?;
    let result = session.verify_result.unwrap_or(0);
    writeln!(out, "    Verify return code: {result} ({})", registry::verify_result(result))?;
    // BoringSSL keeps no flags: its own member says it
    let extended = session.extended_master_secret.unwrap_or(session.flags.unwrap_or(0) & 1 == 1);
    put(&["    Extended master secret: ", if extended { "yes" } else { "no" }, "\n"], out);
    if is_tls13 {
        writeln!(out, "    Max Early Data: {}", session.max_early_data.unwrap_or(0))?;
    }
    Ok(())
}

/// Appends pieces of text.
fn put(pieces: &[&str], out: &mut String) {
    for piece in pieces {
        out.push_str(piece);
    }
}

/// `ssl_protocol_to_string` in `ssl/ssl_lib.c`.
fn protocol_name(protocol: Protocol) -> &'static str {
    if protocol == Protocol::DTLS_1_3 { "unknown" } else { protocol.name() }
}

/// OpenSSL keeps names as C strings.
fn until_nul(text: &[u8]) -> &[u8] {
    text.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// `BIO_dump_indent` of `crypto/bio/bio_dump.c`, indented by 4.
fn dump(bytes: &[u8], out: &mut String) -> std::fmt::Result {
    for (row, number) in bytes.chunks(ROW_LENGTH).zip(0..) {
        write!(out, "    {:04x} - ", number * ROW_LENGTH)?;
        for at in 0..ROW_LENGTH {
            match row.get(at) {
                Some(byte) => write!(out, "{byte:02x}{}", if at == 7 { '-' } else { ' ' })?,
                None => out.write_str("   ")?,
            }
        }
        out.write_str("  ")?;
        out.extend(row.iter().map(|&byte| if matches!(byte, 0x20..=0x7e) { char::from(byte) } else { '.' }));
        out.write_str("\n")?;
    }
    Ok(())
}
