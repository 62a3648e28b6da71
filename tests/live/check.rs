//! The claims about a ticket: what tktdump says of it against what the client and openssl say.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

use crate::{
    client::{Session, Tls},
    failure::{Context as _, Failure},
    process::{output, program, succeed},
};

/// What is to come out for a ticket.
#[derive(Clone, Copy)]
pub(crate) struct Expected<'a> {
    /// The key files, in the server's order.
    pub(crate) keys: &'a [PathBuf],
    /// The key that sealed the ticket: n-th file, and n-th key of that file.
    pub(crate) sealed_by: (usize, usize),
    /// What the server does with that key now.
    pub(crate) role: &'a str,
    /// The server's format: among those that `auto` names, and as `--key-format`.
    pub(crate) format: &'a str,
    pub(crate) layout: &'a str,
    /// Whether `openssl sess_id` reads what is inside.
    pub(crate) openssl_reads_it: bool,
}

/// The ticket opens, from the client's file and from a pipe of hex, to the secret that the client has.
pub(crate) fn opens(session: &Session, expected: &Expected<'_>) -> Result<(), Failure> {
    let auto = ["-f", "json", "--key-format", "auto"];
    let done = tktdump(&auto, expected.keys, Some(&session.file), b"")?;
    agrees(&done, session, expected).context("from the client's file")?;

    let named = ["-f", "json", "--key-format", expected.format];
    let done = tktdump(&named, expected.keys, Some(&session.file), b"")?;
    agrees(&done, session, expected).context(format_args!("with --key-format {}", expected.format))?;

    // printf '%s' HEX | tktdump --key KEY
    let done = tktdump(&["-f", "json"], expected.keys, None, session.ticket.as_bytes())?;
    agrees(&done, session, expected).context("from a pipe of hex")?;
    let done = tktdump(&[], expected.keys, None, session.ticket.as_bytes())?;
    if !done.status.success() || done.stdout.is_empty() {
        return Err(explain("text from a pipe of hex", &done));
    }
    Ok(())
}

/// A ticket opens with a key file to the secret that the client has, whatever the file's format.
pub(crate) fn opens_to_the_secret(session: &Session, key: &Path) -> Result<(), Failure> {
    let done = tktdump(&["-f", "json"], &[key.to_owned()], Some(&session.file), b"")?;
    let printed = String::from_utf8_lossy(&done.stdout);
    let opened = printed.contains("\"status\":\"decrypted\"") && printed.contains(&session.secret);
    if opened && done.status.success() { Ok(()) } else { Err(explain("the found key does not open the ticket", &done)) }
}

/// For plaintexts that openssl can read: `-f openssl` is what openssl prints for what `-f der` gives.
pub(crate) fn prints_as_openssl(session: &Session, expected: &Expected<'_>) -> Result<(), Failure> {
    let der = tktdump(&["-f", "der"], expected.keys, Some(&session.file), b"")?;
    if !der.status.success() {
        return Err(explain("-f der", &der));
    }
    let file = session.file.with_extension("plain.der");
    fs::write(&file, &der.stdout)?;
    let openssl =
        succeed(program("openssl")?.args(["sess_id", "-inform", "DER", "-text", "-noout", "-in"]).arg(&file), b"")?;
    let ours = tktdump(&["-f", "openssl"], expected.keys, Some(&session.file), b"")?;
    if ours.status.success() && ours.stdout == openssl.stdout {
        return Ok(());
    }
    let theirs = String::from_utf8_lossy(&openssl.stdout);
    Err(Failure::new(format!("{}\nwhere openssl prints:\n{theirs}", explain("-f openssl", &ours))))
}

fn agrees(done: &Output, session: &Session, expected: &Expected<'_>) -> Result<(), Failure> {
    let printed = String::from_utf8_lossy(&done.stdout);
    let records: Vec<Value> =
        printed.lines().map(serde_json::from_str).collect::<Result<_, _>>().map_err(|_| explain("not JSON", done))?;
    let mut tickets = records.iter().filter(|record| record.get("type").is_some_and(|kind| kind == "ticket"));
    let (Some(ticket), None) = (tickets.next(), tickets.next()) else {
        return Err(explain("not exactly one ticket", done));
    };

    let secret = match session.tls {
        Tls::V12 => "/session/master_key",
        Tls::V13 => "/session/resumption_psk",
    };
    let (file, index) = expected.sealed_by;
    let file = expected.keys.get(file).map(|file| file.to_string_lossy());
    let claims = [
        ("/status", Value::from("decrypted")),
        ("/key/file", Value::from(file)),
        ("/key/index", Value::from(index)),
        ("/key/role", Value::from(expected.role)),
        ("/key/layout", Value::from(expected.layout)),
        ("/key/mac_verified", Value::from(true)),
        ("/session/protocol", Value::from(session.tls.name())),
        (secret, Value::from(session.secret.as_str())),
    ];
    for (place, wanted) in claims {
        let found = ticket.pointer(place).unwrap_or(&Value::Null);
        if *found != wanted {
            return Err(explain(&format!("{place} is {found}, not {wanted}"), done));
        }
    }
    let formats = ticket.pointer("/key/format").and_then(Value::as_str).unwrap_or_default();
    if formats.split('/').all(|format| format != expected.format) {
        return Err(explain(&format!("the formats {formats} lack {}", expected.format), done));
    }
    if done.status.success() { Ok(()) } else { Err(explain("the ticket was opened, but", done)) }
}

fn tktdump(options: &[&str], keys: &[PathBuf], input: Option<&Path>, stdin: &[u8]) -> Result<Output, Failure> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tktdump"));
    command.env_remove("TKTDUMP_REDACT").args(options);
    for key in keys {
        command.arg("--key").arg(key);
    }
    output(command.args(input), stdin)
}

pub(crate) fn explain(what: &str, done: &Output) -> Failure {
    let printed = String::from_utf8_lossy(&done.stdout);
    let said = String::from_utf8_lossy(&done.stderr);
    Failure::new(format!("{what} ({}); tktdump printed:\n{printed}{said}", done.status))
}
