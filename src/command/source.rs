//! Inputs: opened, recognised, and read in pieces of bounded size.

mod chunks;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use tktdump::capture::Connection;
use tktdump::escape::Text;
use tktdump::input::{self, Form, HEAD_LENGTH, Item, line};

use self::chunks::Buffer;
pub(super) use self::chunks::{Chunk, Chunks};
use super::Failure;
use super::capture::{self, Feed};

/// The largest input that is read whole; inputs of lines have no limit.
const WHOLE_LIMIT: usize = 64 << 20;

/// Whether a path means standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A path as records name it: bytes that are not UTF-8 as `\xNN`.
pub(super) fn display(path: &Path) -> Arc<str> {
    let mut name = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        name.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // writing to a String does not fail
            let _ = write!(name, "\\x{byte:02x}");
        }
    }
    name.into()
}

/// A path as errors show it.
pub(super) fn shown(path: &Path) -> String {
    Text(display(path).as_bytes()).to_string()
}

/// The inputs that were named, standard input where none was, and no more than one reader of it.
pub(super) fn inputs(named: &[PathBuf], keys: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let inputs = if named.is_empty() { vec![PathBuf::from("-")] } else { named.to_vec() };
    if inputs.iter().chain(keys).filter(|path| is_stdin(path)).count() > 1 {
        let failure = Failure::new("standard input can be read only once");
        return Err(failure.with_hint("name a file for all inputs and key files but one").into());
    }
    Ok(inputs)
}

/// What happens with the items of an input.
pub(super) trait Sink {
    /// Takes an item.
    fn item(&mut self, line: Option<u64>, item: Item<'_>);
    /// Says that the input is a capture.
    fn capture(&mut self) {}
    /// Takes a connection of a capture.
    fn connection(&mut self, connection: &Connection);
    /// Takes what is unusual about an input.
    fn warn(&mut self, message: &str);
    /// Called when all input that is there has been handed over, so that results can be passed on.
    fn pause(&mut self) -> anyhow::Result<()>;
}

/// An input, recognised.
pub(super) enum Input {
    /// Lines, of the form that is named.
    Lines(Form, Chunks),
    /// A capture.
    Capture(Feed<'static>),
    /// What was read whole.
    Whole(Form, Vec<u8>),
}

/// Opens an input; `form` is `None` where the content decides.
pub(super) fn open(path: &Path, form: Option<Form>) -> anyhow::Result<Input> {
    if is_stdin(path) {
        return recognised(Box::new(io::stdin()), form, path);
    }
    let file = File::open(path).with_context(|| shown(path))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        let failure = Failure::new(format_args!("{}: is a directory", shown(path)));
        return Err(failure.with_hint("name the files in it, such as DIR/*").into());
    }
    recognised(Box::new(file), form, path)
}

fn recognised(mut input: Box<dyn Read + Send>, form: Option<Form>, path: &Path) -> anyhow::Result<Input> {
    let mut head = Buffer::default();
    let form = recognise(&mut input, form, &mut head).with_context(|| shown(path))?;
    let mut head = head.into_filled();
    if form == Form::Capture {
        return Ok(Input::Capture(Feed::ahead(io::Cursor::new(head).chain(input)).with_context(|| shown(path))?));
    }
    if form.is_lines() {
        return Ok(Input::Lines(form, Chunks::new(head, input)));
    }
    input.take((WHOLE_LIMIT + 1 - head.len()) as u64).read_to_end(&mut head).with_context(|| shown(path))?;
    if head.len() > WHOLE_LIMIT {
        let failure = Failure::new(format_args!("{}: more than {WHOLE_LIMIT} bytes in one piece", shown(path)));
        return Err(failure.with_hint("lines of hex or base64 can be of any number").into());
    }
    Ok(Input::Whole(form, head))
}

/// Reads as much as it takes to tell the form.
fn recognise(input: &mut impl Read, named: Option<Form>, head: &mut Buffer) -> io::Result<Form> {
    let lines = match named {
        None | Some(Form::Hex | Form::Base64) => named,
        Some(form) => return Ok(form),
    };
    let (mut complete, mut wanted) = (false, HEAD_LENGTH);
    while !complete && head.filled().len() < wanted {
        if input::begins_lines(lines, head.filled()) || (named.is_none() && input::begins_capture(head.filled())) {
            break;
        }
        complete = head.fill(input, wanted - head.filled().len())? == 0;
        if head.filled().len() == HEAD_LENGTH {
            wanted = input::wanted_length(lines, head.filled());
        }
    }
    let head = head.filled();
    Ok(named.map_or_else(|| input::recognise(head, complete), |form| input::recognise_as(form, head, complete)))
}

/// Reads an input to its end.
pub(super) fn read(path: &Path, form: Option<Form>, sink: &mut impl Sink) -> anyhow::Result<()> {
    open(path, form)?.read(path, sink)
}

impl Input {
    /// Hands over what is found, one after the other.
    pub(super) fn read(self, path: &Path, sink: &mut impl Sink) -> anyhow::Result<()> {
        match self {
            Self::Lines(form, chunks) => each_line(form, chunks, path, sink),
            Self::Capture(mut feed) => capture::read(&mut feed, &shown(path), sink),
            Self::Whole(form, bytes) => {
                input::each_in_whole(form, &bytes, &mut |line, item| sink.item(line, item));
                sink.pause()
            }
        }
    }
}

fn each_line(form: Form, mut chunks: Chunks, path: &Path, sink: &mut impl Sink) -> anyhow::Result<()> {
    let (mut chunk, mut scratch) = (Chunk::default(), Vec::new());
    let mut number = 0;
    while chunks.next(&mut chunk).with_context(|| shown(path))? {
        for text in chunk.lines() {
            number += 1;
            line::each(form, text, &mut scratch, &mut |item| sink.item(Some(number), item));
        }
        sink.pause()?;
    }
    Ok(())
}
