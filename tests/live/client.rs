//! `openssl s_client`: takes a session with its ticket, and knows its secret.

use std::{fs, io::Write as _, net::SocketAddr, path::PathBuf, process::Stdio, thread, time::Duration};

use crate::{
    failure::{Context as _, Failure},
    lab::Lab,
    process::{PATIENCE, program, succeed, wait_for},
};

/// Protocol versions that are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tls {
    V12,
    V13,
}

/// Both, for the servers that have both.
pub(crate) const BOTH: [Tls; 2] = [Tls::V12, Tls::V13];

impl Tls {
    /// The name as OpenSSL spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::V12 => "TLSv1.2",
            Self::V13 => "TLSv1.3",
        }
    }

    fn option(self) -> &'static str {
        match self {
            Self::V12 => "-tls1_2",
            Self::V13 => "-tls1_3",
        }
    }
}

/// A session as the client has it.
pub(crate) struct Session {
    /// What the client wrote: a session in PEM, or a transcript of `s_client`.
    pub(crate) file: PathBuf,
    pub(crate) tls: Tls,
    /// Master secret or resumption PSK, in lower-case hex.
    pub(crate) secret: String,
    /// The ticket, in lower-case hex.
    pub(crate) ticket: String,
}

/// Connects and takes a session.
pub(crate) fn take(lab: &Lab, address: SocketAddr, tls: Tls) -> Result<Session, Failure> {
    connect(lab, address, tls, None)
}

/// Resumes `earlier` and takes the session that replaces it.
pub(crate) fn resume(lab: &Lab, address: SocketAddr, earlier: &Session) -> Result<Session, Failure> {
    connect(lab, address, earlier.tls, Some(earlier))
}

fn connect(lab: &Lab, address: SocketAddr, tls: Tls, earlier: Option<&Session>) -> Result<Session, Failure> {
    let pem = lab.next_session().with_extension("pem");
    let transcript = pem.with_extension("txt");
    let said = fs::File::create(&transcript)?;
    let mut command = program("openssl")?;
    command.args(["s_client", "-servername", "www.lab.test", tls.option()]);
    command.arg("-connect").arg(address.to_string()).arg("-sess_out").arg(&pem);
    if let Some(earlier) = earlier {
        command.arg("-sess_in").arg(&earlier.file);
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(said.try_clone()?)
        .stderr(said)
        .spawn()
        .context("cannot start openssl s_client")?;
    // BoringSSL sends TLS 1.3 tickets with the server's first data: this much makes an echo answer, and no
    // other server
    if let Some(stdin) = &mut child.stdin {
        stdin.write_all(b"\n")?;
    }

    // A TLS 1.3 ticket comes after the handshake: stay connected until it is there. A TLS 1.2 ticket that
    // was renewed on resumption is printed, but not written to a file.
    let printed_only = earlier.is_some() && tls == Tls::V12;
    let awaited = if printed_only { &transcript } else { &pem };
    let marker = if printed_only { "Extended master secret:" } else { "END SSL SESSION" };
    let came = wait_for(PATIENCE, || {
        fs::read(awaited).is_ok_and(|text| String::from_utf8_lossy(&text).contains(marker))
            || !matches!(child.try_wait(), Ok(None))
    });
    // for the second ticket of a TLS 1.3 server, which replaces the first in the file; either of them does
    thread::sleep(Duration::from_millis(200));
    drop(child.stdin.take());
    if !came {
        child.kill()?;
    }
    child.wait()?;

    let said = String::from_utf8_lossy(&fs::read(&transcript)?).into_owned();
    if earlier.is_some() && !said.contains("Reused, ") {
        return Err(Failure::new(format!("the session was not resumed:\n{said}")));
    }
    if printed_only {
        let (_, session) = said.split_once("SSL-Session:").unwrap_or_default();
        return read(transcript, tls, session);
    }
    let text = succeed(program("openssl")?.args(["sess_id", "-text", "-noout", "-in"]).arg(&pem), b"")
        .context(format_args!("s_client wrote no session; it said:\n{said}"))?;
    read(pem, tls, &String::from_utf8_lossy(&text.stdout))
}

/// Reads OpenSSL's text of a session.
fn read(file: PathBuf, tls: Tls, text: &str) -> Result<Session, Failure> {
    let label = if tls == Tls::V12 { "Master-Key: " } else { "Resumption PSK: " };
    let secret = text.lines().find_map(|line| line.trim_start().strip_prefix(label));
    // rows such as `    0010 - 6a 4e ...-5d 55 ...   jN..`
    let rows = text.lines().filter(|line| line.get(8..11) == Some(" - "));
    let digits = |row: &str| row.chars().skip(11).take(47).filter(char::is_ascii_hexdigit).collect::<String>();
    let ticket: String = rows.map(digits).collect();
    match secret {
        Some(secret) if !secret.is_empty() && !ticket.is_empty() => {
            Ok(Session { file, tls, secret: secret.to_ascii_lowercase(), ticket })
        }
        _ => Err(Failure::new(format!("no secret or no ticket in the client's session:\n{text}"))),
    }
}
