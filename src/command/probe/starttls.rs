//! The conversations before TLS (RFC 3207, RFC 3501 section 6.2.1, RFC 2595 section 4, RFC 4217).

use clap::ValueEnum;
use tktdump::probe::seen::Failure;

use super::wire::Wire;

/// Lines of a greeting or a list of extensions.
const MAX_LINES: usize = 100;

/// Protocols that begin in plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum StartTls {
    /// EHLO, STARTTLS (port 25, 587)
    Smtp,
    /// STARTTLS (port 143)
    Imap,
    /// STLS (port 110)
    Pop3,
    /// AUTH TLS (port 21)
    Ftp,
}

impl StartTls {
    /// The port that such servers have.
    pub(super) fn port(self) -> u16 {
        match self {
            Self::Smtp => 25,
            Self::Imap => 143,
            Self::Pop3 => 110,
            Self::Ftp => 21,
        }
    }

    /// Speaks up to where TLS begins.
    pub(super) fn speak(self, wire: &mut Wire) -> Result<(), Failure> {
        match self {
            Self::Smtp => {
                numbered(wire, "220")?;
                // an address literal (RFC 5321 section 4.1.3): this machine may have no name
                let literal = match wire.local() {
                    Some(address) if address.is_ipv6() => format!("[IPv6:{}]", address.ip()),
                    Some(address) => format!("[{}]", address.ip()),
                    None => "[127.0.0.1]".to_owned(),
                };
                wire.send(format!("EHLO {literal}\r\n").as_bytes())?;
                let extensions = numbered(wire, "250")?;
                let offers = |line: &String| line.get(4..).is_some_and(|it| it.eq_ignore_ascii_case("STARTTLS"));
                if !extensions.iter().any(offers) {
                    return Err(Failure::StartTls("the server does not offer STARTTLS".to_owned()));
                }
                wire.send(b"STARTTLS\r\n")?;
                numbered(wire, "220")?;
            }
            Self::Imap => {
                word(wire, "* OK")?;
                wire.send(b"a STARTTLS\r\n")?;
                word(wire, "a OK")?;
            }
            Self::Pop3 => {
                word(wire, "+OK")?;
                wire.send(b"STLS\r\n")?;
                word(wire, "+OK")?;
            }
            Self::Ftp => {
                numbered(wire, "220")?;
                wire.send(b"AUTH TLS\r\n")?;
                numbered(wire, "234")?;
            }
        }
        if wire.is_ahead() {
            // CVE-2011-0411 and its kin, the other way round
            return Err(Failure::StartTls("the server sent more in plain behind its consent".to_owned()));
        }
        Ok(())
    }
}

/// The lines of an answer, which is to have that number.
fn numbered(wire: &mut Wire, number: &str) -> Result<Vec<String>, Failure> {
    let mut lines = Vec::new();
    loop {
        let line = wire.line()?;
        // what follows a hyphen goes on to a line with the number and a blank (RFC 959 section 4.2)
        let is_inside = !lines.is_empty();
        let begins = line.starts_with(number);
        if !begins && !is_inside {
            return Err(Failure::StartTls(format!("the server answered {line:?}")));
        }
        let goes_on = line.get(3..4) == Some("-") || (is_inside && !begins);
        lines.push(line);
        if !goes_on {
            return Ok(lines);
        }
        if lines.len() > MAX_LINES {
            return Err(Failure::StartTls(format!("an answer of more than {MAX_LINES} lines")));
        }
    }
}

/// A line that begins so; others before it are passed over.
fn word(wire: &mut Wire, start: &str) -> Result<(), Failure> {
    for _ in 0..MAX_LINES {
        let line = wire.line()?;
        if line.get(..start.len()).is_some_and(|it| it.eq_ignore_ascii_case(start)) {
            return Ok(());
        }
        let is_untagged = start.starts_with("a ") && line.starts_with("* ");
        if !is_untagged {
            return Err(Failure::StartTls(format!("the server answered {line:?}")));
        }
    }
    Err(Failure::StartTls(format!("an answer of more than {MAX_LINES} lines")))
}
