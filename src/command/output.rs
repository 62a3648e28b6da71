//! The outputs of the main job behind one face.

use std::io::{self, IsTerminal};

use tktdump::input::RecordedConnection;
use tktdump::open::{Checked, Outcome};
use tktdump::record::{ConnectionRecord, Place, Record, Shown, Source, Status};
use tktdump::report::comments::{self, Comment};
use tktdump::report::text::Styles;
use tktdump::report::{Page, brief, json, openssl, text};
use tktdump::session::Dialect;
use tktdump::{armor, session};
use zeroize::Zeroizing;

use super::args::shared::Color;
use super::failure::Failure;
use super::job::{CommentsArg, Format, JobArgs};

/// A renderer with its settings.
#[derive(Clone, Copy)]
pub(super) enum Output<'k> {
    Text(text::Renderer<'k>),
    Brief(brief::Renderer),
    Json(json::Renderer<'k>),
    OpenSsl {
        now: i64,
        redact: bool,
    },
    Der,
    Pem,
    /// Written by others, a line at a time.
    KeyLog,
    /// Written by others: a key log, and comments on packets that end by this clock.
    Comments {
        which: CommentsArg,
        now: i64,
    },
}

impl<'k> Output<'k> {
    pub(super) fn new(args: &JobArgs, kept: &'k json::Kept<'k>, now: i64) -> anyhow::Result<Self> {
        let (redact, ring) = (args.redact, kept.ring());
        let output = match args.format {
            Format::Text => Self::Text(text::Renderer { ring, now, redact, styles: styles(args.color) }),
            Format::Brief => Self::Brief(brief::Renderer { now, styles: styles(args.color) }),
            Format::Json => Self::Json(json::Renderer { kept, now, redact }),
            Format::Openssl => Self::OpenSsl { now, redact },
            Format::Der => Self::Der,
            Format::Pem => Self::Pem,
            Format::Keylog => Self::KeyLog,
            Format::Pcapng => Self::Comments { which: args.comments, now },
        };
        if redact && matches!(output, Self::Der | Self::Pem | Self::KeyLog) {
            let failure = Failure::new("this output is nothing without its secrets, and --redact holds them back");
            return Err(failure.with_hint("-f text, -f json and -f pcapng can be redacted").into());
        }
        let binary = match args.format {
            Format::Der => Some(("DER", "redirect it, or use -f pem")),
            Format::Pcapng => Some(("a capture", "redirect it, or use -f keylog")),
            _ => None,
        };
        if let Some((what, hint)) = binary.filter(|_| io::stdout().is_terminal()) {
            let failure = Failure::new(format_args!("{what} is binary and is not written to a terminal"));
            return Err(failure.with_hint(hint).into());
        }
        Ok(output)
    }

    /// This output with another clock to judge ends by, seconds since 1970.
    pub(super) fn with_clock(self, clock: i64) -> Self {
        match self {
            Self::Text(renderer) => Self::Text(text::Renderer { now: clock, ..renderer }),
            Self::Brief(renderer) => Self::Brief(brief::Renderer { now: clock, ..renderer }),
            Self::Json(renderer) => Self::Json(json::Renderer { now: clock, ..renderer }),
            Self::OpenSsl { redact, .. } => Self::OpenSsl { now: clock, redact },
            Self::Comments { which, .. } => Self::Comments { which, now: clock },
            other => other,
        }
    }

    /// The renderer of text, if it is that.
    pub(super) fn text(&self) -> Option<text::Renderer<'k>> {
        match self {
            Self::Text(renderer) => Some(*renderer),
            _ => None,
        }
    }

    /// Whether a connection comes before its tickets: for people it does.
    pub(super) fn begins_with_connections(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Brief(_))
    }

    /// Whether it is a key log, and what else is written by others.
    pub(super) fn is_key_log(&self) -> bool {
        matches!(self, Self::KeyLog | Self::Comments { .. })
    }

    /// Adds what a ticket of a capture leaves on its packet.
    pub(super) fn comment_ticket(&self, record: &Record<'_>, kept: &mut comments::Kept) {
        if let Self::Comments { which, now } = *self {
            comments::ticket(record, now).iter().filter(|comment| which.takes(comment)).for_each(|it| kept.add(it));
        }
    }

    /// Adds what a connection leaves on the packet that decided it.
    pub(super) fn comment_connection(&self, record: &ConnectionRecord<'_>, kept: &mut comments::Kept) {
        if let Self::Comments { which, .. } = *self {
            comments::connection(record).iter().filter(|comment| which.takes(comment)).for_each(|it| kept.add(it));
        }
    }

    /// Appends the record of a connection.
    pub(super) fn connection(&self, record: &ConnectionRecord<'_>, out: &mut Page) {
        match self {
            Self::Text(renderer) => renderer.connection(record, out),
            Self::Brief(renderer) => renderer.connection(record, out),
            Self::Json(renderer) => renderer.connection(record, out),
            Self::OpenSsl { .. } | Self::Der | Self::Pem | Self::KeyLog | Self::Comments { .. } => {}
        }
    }

    /// Appends the record of a connection that stood in the input as one.
    pub(super) fn recorded(&self, source: &Source, line: Option<u64>, connection: &RecordedConnection, out: &mut Page) {
        match self {
            Self::Text(renderer) => renderer.recorded(source, line, connection, out),
            Self::Brief(renderer) => renderer.recorded(connection, out),
            Self::Json(renderer) => renderer.recorded(source, connection, out),
            Self::OpenSsl { .. } | Self::Der | Self::Pem | Self::KeyLog | Self::Comments { .. } => {}
        }
    }

    /// Whether records of unopened tickets are in this output too.
    pub(super) fn has_every_record(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Brief(_) | Self::Json(_))
    }

    /// Appends one record.
    pub(super) fn render(&self, record: &Record<'_>, out: &mut Page) {
        match self {
            Self::Text(renderer) => renderer.ticket(record, out),
            Self::Brief(renderer) => renderer.ticket(record, out),
            Self::Json(renderer) => renderer.ticket(record, out),
            Self::OpenSsl { now, redact } => {
                if let Some(shown) = ssl_session(record) {
                    if shown.is_unverified() {
                        out.extend_from_slice(UNVERIFIED);
                    }
                    openssl::render(shown.session(), *now, *redact, out);
                }
            }
            Self::KeyLog | Self::Comments { .. } => {}
            Self::Der => out.extend_from_slice(plaintext(record).unwrap_or_default()),
            Self::Pem => {
                if let Some(shown) = ssl_session(record) {
                    if shown.is_unverified() {
                        out.extend_from_slice(UNVERIFIED);
                    }
                    let block = Zeroizing::new(armor::encode(session::PEM_LABEL, shown.session().encoded));
                    out.extend_from_slice(block.as_bytes());
                }
            }
        }
    }

    /// Appends the record of a ticket that a key verified, if that takes no more than what an earlier one left. Whether it
    /// did.
    pub(super) fn render_again<'a>(
        &self,
        place: &Place<'a>,
        checked: &Checked<'a>,
        buffer: &mut Vec<u8>,
        out: &mut Page,
    ) -> bool {
        match self {
            Self::Json(renderer) => renderer.again(place, checked, buffer, out),
            _ => false,
        }
    }

    /// The dialect of a session that was opened and that this output cannot be made of.
    pub(super) fn refuses(&self, record: &Record<'_>) -> Option<Dialect> {
        let wants_ssl_session = matches!(self, Self::OpenSsl { .. } | Self::Pem);
        let dialect = record.session().map(|shown| shown.session().dialect);
        dialect.filter(|dialect| wants_ssl_session && !dialect.is_ssl_session())
    }

    /// Whether a record of that status leaves nothing in this output.
    pub(super) fn leaves_out(&self, record: &Record<'_>) -> bool {
        match self {
            Self::Text(_) | Self::Brief(_) | Self::Json(_) | Self::KeyLog | Self::Comments { .. } => false,
            Self::OpenSsl { .. } | Self::Pem => ssl_session(record).is_none(),
            Self::Der => record.session().is_none() && record.status() != Status::BadSession,
        }
    }
}

impl CommentsArg {
    fn takes(self, comment: &Comment) -> bool {
        match self {
            Self::All => true,
            Self::Problems => comment.is_problem,
            Self::None => false,
        }
    }
}

/// Goes before text whose MAC did not verify.
const UNVERIFIED: &[u8] = b"UNVERIFIED: the MAC of this ticket does not verify, anybody may have written it\n";

/// The session, if it is one that OpenSSL's tools know.
fn ssl_session<'r, 'a>(record: &'r Record<'a>) -> Option<Shown<'r, 'a>> {
    record.session().filter(|shown| shown.session().dialect.is_ssl_session())
}

/// The decrypted bytes, whatever they are.
fn plaintext<'r>(record: &'r Record<'_>) -> Option<&'r [u8]> {
    match &record.verdict {
        Ok(Outcome::BadSession { plaintext, .. }) => Some(plaintext),
        _ => record.session().map(|shown| shown.session().encoded),
    }
}

pub(super) fn styles(color: Color) -> Styles {
    let coloured = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
    };
    let styles = if coloured { Styles::coloured() } else { Styles::default() };
    Styles { width: terminal_width(), ..styles }
}

/// How wide the terminal is that results go to; `None` if it is none, or does not say.
pub(super) fn terminal_width() -> Option<usize> {
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    #[cfg(unix)]
    if let Ok(size) = rustix::termios::tcgetwinsize(&stdout) {
        if size.ws_col > 0 {
            return Some(size.ws_col.into());
        }
    }
    std::env::var("COLUMNS").ok()?.parse().ok()
}
