//! `tktdump survey`: tickets grouped by key name, without any key.

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Args;
use tktdump::capture::Connection;
use tktdump::escape::Text;
use tktdump::input::Item;
use tktdump::report::{Page, survey as render};
use tktdump::session::Session;
use tktdump::survey::{Seen, Survey};

use super::args::shared::{Color, FormArg, ListFormat};
use super::capture::Sequence;
use super::exit::Exit;
use super::notes::Notes;
use super::output;
use super::progress::Progress;
use super::source::{self, Sink};

#[derive(Debug, Args)]
pub(super) struct SurveyArgs {
    /// Captures, or tickets in any form; standard input where none or - is given
    #[arg(value_name = "INPUT")]
    pub(super) inputs: Vec<PathBuf>,
    /// Form of the inputs
    #[arg(long, value_enum, value_name = "FORM", default_value_t = FormArg::Auto)]
    pub(super) from: FormArg,
    /// Output
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = ListFormat::Text)]
    pub(super) format: ListFormat,
    /// Colours in text
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub(super) color: Color,
}

pub(super) fn run(args: &SurveyArgs, notes: &Notes) -> anyhow::Result<Exit> {
    let mut collector = Collector {
        survey: Survey::default(),
        source: String::new(),
        tickets: 0,
        unreadable: 0,
        sequence: Sequence::default(),
        notes,
    };
    let mut exit = Exit::Done;
    for path in &source::inputs(&args.inputs, &[])? {
        collector.source = Text(source::display(path).as_bytes()).to_string();
        if let Err(error) = source::read(path, args.from.form(), &mut collector) {
            collector.notes.failure(&error);
            exit = Exit::Failed;
        }
    }
    let Collector { survey, tickets, unreadable, .. } = collector;
    if tickets == 0 && exit == Exit::Done {
        notes.error("no ticket was found");
        notes.hint("give captures, or tickets as lines of hex or as records of -f json");
    }
    let groups = survey.finish();
    let mut out = Page::new();
    for group in &groups {
        match args.format {
            ListFormat::Json => render::json(group, &mut out),
            ListFormat::Text => render::text(group, output::styles(args.color), &mut out),
        }
    }
    io::stdout().write_all(&out)?;
    Ok(exit.max(if tickets > 0 && unreadable == 0 { Exit::Done } else { Exit::NotAll }))
}

struct Collector<'n> {
    survey: Survey,
    source: String,
    tickets: u64,
    unreadable: u64,
    sequence: Sequence,
    notes: &'n Notes,
}

impl Collector<'_> {
    fn add(&mut self, seen: Seen<'_>) {
        self.tickets += 1;
        self.survey.add(seen);
    }
}

impl Sink for Collector<'_> {
    fn item(&mut self, line: Option<u64>, item: Item<'_>) {
        let bare = |ticket| Seen { ticket, time: None, server: None, sni: None };
        match item {
            Item::Ticket(ticket) => self.add(bare(ticket)),
            Item::Recorded { ticket, time, server, sni } => {
                self.add(Seen { ticket, time, server, sni: sni.map(str::as_bytes) });
            }
            // a session without a ticket was never sealed
            Item::Session(der) => {
                if let Some(ticket) = Session::parse(der).ok().and_then(|session| session.ticket) {
                    self.add(bare(ticket));
                }
            }
            Item::Unreadable(error) => {
                self.unreadable += 1;
                let line = line.map_or_else(String::new, |line| format!("line {line}: "));
                self.notes.error(format_args!("{}: {line}{error}", self.source));
                self.notes.hint(error.hint());
            }
        }
    }

    fn connection(&mut self, connection: &Connection) {
        for sighting in connection.sightings() {
            let server = sighting.server.to_string();
            self.add(Seen {
                ticket: sighting.ticket,
                time: Some(sighting.time),
                server: Some(&server),
                sni: sighting.sni,
            });
        }
    }

    fn sequence(&mut self) -> &mut Sequence {
        &mut self.sequence
    }

    fn progress(&self) -> &Progress {
        self.notes.progress()
    }

    fn warn(&mut self, message: &str) {
        self.notes.warning(message);
    }

    fn pause(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}
