//! Inputs: opened, recognised, and read in pieces of bounded size.

mod chunks;
mod given;
mod identity;
mod names;

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tktdump::escape::Text;
use tktdump::identify::{self, Kind};
use tktdump::input::{self, Form, Guess, HEAD_LENGTH, List, Proves};

use self::chunks::Buffer;
pub(super) use self::chunks::{Chunk, Chunks};
pub(super) use self::given::Given;
pub(super) use self::identity::Identity;
pub(super) use self::names::{display, is_stdin, shown};
use super::capture::{self, Ahead, Feed};
use super::failure::Failure;
use super::gzip::{self, Decompressed};
use super::help;
use super::notes::Notes;
use super::progress::Input;
use super::sink::Sink;

/// The largest input that is read whole; inputs of lines have no limit.
const WHOLE_LIMIT: usize = 64 << 20;
/// The largest compressed input that is read whole, unpacked; it may be a thousand times as long as the file that holds them.
const DECOMPRESSED_LIMIT: usize = 8 << 20;

/// The largest capture that is read by the thread that follows it: to start another one would take longer.
const SMALL_CAPTURE: u64 = 1 << 19;
/// Bytes that tell a capture from anything else.
const MAGIC_LENGTH: usize = 4;
/// How much of an input it takes to say that it is of another form than the one that was named.
const KIND_LENGTH: usize = 64;

/// The inputs that were named, standard input if none was, and no more than one reader of it.
pub(super) fn inputs(named: &[PathBuf], keys: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let inputs = if named.is_empty() { vec![PathBuf::from("-")] } else { named.to_vec() };
    if inputs.iter().chain(keys).filter(|path| is_stdin(path)).count() > 1 {
        let failure = Failure::new("standard input can be read only once");
        return Err(failure.with_hint("name a file for all inputs and key files but one").into());
    }
    Ok(inputs)
}

/// Reads an input to its end; `form` is `None` if the content decides.
pub(super) fn read(
    path: &Path,
    form: Option<Form>,
    proves: Option<&dyn Proves>,
    sink: &mut impl Sink,
) -> anyhow::Result<()> {
    if is_stdin(path) {
        refuse_output(path)?;
        return read_from(io::stdin(), form, path, None, proves, sink);
    }
    let file = File::open(path).map_err(|error| unopened(path, &error))?;
    let metadata = file.metadata().ok();
    if metadata.as_ref().is_some_and(Metadata::is_dir) {
        let failure = Failure::new(format_args!("{}: is a directory", shown(path)));
        return Err(failure.with_hint("name the files in it, such as DIR/*").into());
    }
    refuse_output_as(metadata.as_ref().and_then(Identity::of), path)?;
    let is_given = |metadata| sink.given().is_some_and(|given| given.is_file(metadata));
    if metadata.as_ref().is_some_and(is_given) {
        return Err(key_file(path));
    }
    let length = metadata.filter(Metadata::is_file).map(|metadata| metadata.len());
    read_from(file, form, path, length, proves, sink)
}

/// The content of a capture that is small and holds no secrets; `None` of whatever else is named, or if anything speaks
/// against reading it.
pub(super) fn small_capture(path: &Path, form: Option<Form>, given: &Given) -> Option<Vec<u8>> {
    if is_stdin(path) || !matches!(form, None | Some(Form::Capture)) {
        return None;
    }
    // a pipe must not be opened twice
    let metadata = std::fs::metadata(path).ok().filter(|it| it.is_file() && it.len() <= SMALL_CAPTURE)?;
    if refuse_output_as(Identity::of(&metadata), path).is_err() || given.is_file(&metadata) {
        return None;
    }
    let mut file = File::open(path).ok()?;
    let mut magic = [0; MAGIC_LENGTH];
    file.read_exact(&mut magic).ok()?;
    if !input::begins_capture(&magic) {
        return None;
    }
    // with room for a byte more than there should be, which tells whether it grows
    let most = usize::try_from(metadata.len()).ok()?.max(MAGIC_LENGTH) + 1;
    let mut content = Buffer::of(&magic, most);
    while content.fill(&mut file, most - content.filled().len()).ok()? > 0 {}
    let content = Some(content.into_filled()).filter(|content| content.len() < most)?;
    (!capture::has_secrets(&content)).then_some(content)
}

/// Why an input cannot be opened, and what was meant if it is no file at all.
fn unopened(path: &Path, error: &io::Error) -> anyhow::Error {
    let failure = Failure::new(format_args!("{}: {error}", shown(path)));
    let Some(name) = path.to_str().filter(|_| error.kind() == io::ErrorKind::NotFound) else { return failure.into() };
    let hint = if let Some(command) = help::meant(name) {
        format!("did you mean the command {command}? tktdump {command} --help shows its options")
    } else if let Some(host) = server(name) {
        let host = Text(host.as_bytes());
        if cfg!(feature = "probe") {
            format!("an input is a file; to connect to a server: tktdump probe {host}")
        } else {
            format!("an input is a file; (sleep 1) | openssl s_client -connect {host} -sess_out FILE gets a ticket")
        }
    } else {
        return failure.into();
    };
    failure.with_hint(hint).into()
}

/// The server, with its port, that somebody named in place of a file: `HOST:PORT` or a URL.
fn server(name: &str) -> Option<&str> {
    let address = if let Some((_, rest)) = name.split_once("://") {
        rest.split('/').next()?
    } else {
        let (host, port) = name.rsplit_once(':')?;
        port.parse::<u16>().ok().filter(|_| !host.is_empty())?;
        name
    };
    let of_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    Some(address).filter(|address| !address.is_empty() && address.bytes().all(of_host))
}

fn read_from(
    input: impl Input + Send + 'static,
    form: Option<Form>,
    path: &Path,
    length: Option<u64>,
    proves: Option<&dyn Proves>,
    sink: &mut impl Sink,
) -> anyhow::Result<()> {
    let (input, _watch) = sink.notes().progress().watch(input);
    let input = if form == Some(Form::Raw) {
        Decompressed::as_it_is(input)
    } else {
        Decompressed::new(input).with_context(|| shown(path)).map_err(gzip::explain)?
    };
    let length = length.filter(|_| !input.is_packed());
    read_decompressed(input, form, path, length, proves, sink).map_err(gzip::explain)
}

fn read_decompressed(
    mut input: Decompressed<impl Read + Send + 'static>,
    form: Option<Form>,
    path: &Path,
    length: Option<u64>,
    proves: Option<&dyn Proves>,
    sink: &mut impl Sink,
) -> anyhow::Result<()> {
    let mut head = Buffer::default();
    let named = form;
    let form = recognise(&mut input, named, &mut head).with_context(|| shown(path))?;
    if named.is_some() {
        refuse_other_form(form, &mut input, &mut head, path)?;
    }
    let mut head = head.into_filled();
    if form == Form::Capture {
        if length.is_some_and(|length| length <= SMALL_CAPTURE) {
            // it may grow, and what cannot be read is met again when the rest has been looked at
            let most = 2 * SMALL_CAPTURE;
            let read = input.by_ref().take(most.saturating_sub(head.len() as u64)).read_to_end(&mut head);
            let is_whole = read.is_ok() && (head.len() as u64) < most;
            return capture::read(Feed::after(head, is_whole, input), &shown(path), sink);
        }
        let ahead = Ahead::new(io::Cursor::new(head).chain(input)).with_context(|| shown(path))?;
        return capture::read_ahead(ahead, &shown(path), sink);
    }
    if form.is_lines() {
        refuse_key_file(form, named, &head, path, sink)?;
        if head.trim_ascii().is_empty() {
            sink.nothing(input::guess(&head));
        }
        let list = List::new(form, input::without_mark(&head));
        return sink.lines(list, Chunks::new(head, Box::new(input)), path);
    }
    let limit = if input.is_packed() { DECOMPRESSED_LIMIT } else { WHOLE_LIMIT };
    input.take((limit + 1).saturating_sub(head.len()) as u64).read_to_end(&mut head).with_context(|| shown(path))?;
    if head.len() > limit {
        let failure = Failure::new(format_args!("{}: more than {limit} bytes in one piece", shown(path)));
        return Err(failure.with_hint("lines of hex or base64 can be of any number").into());
    }
    refuse_key_file(form, named, &head, path, sink)?;
    let mut found = false;
    let passed_over = input::each_in_whole(form, &head, proves, &mut |line, item| {
        found = true;
        sink.item(line, item);
    });
    sink.passed_over(passed_over);
    if !found && matches!(form, Form::Text | Form::Binary | Form::Utf16) {
        sink.nothing(input::guess(&head));
    }
    sink.pause()
}

/// Says that no ticket is in an input, what it seems to be, and what to give instead.
pub(super) fn tell_nothing(path: &Path, guess: Guess, notes: &Notes) {
    notes.error(format_args!("no ticket was found: {} seems to be {}", shown(path), guess.what));
    notes.hint(guess.instead);
}

/// Nothing is shown of an input that is a key file.
fn refuse_key_file(
    form: Form,
    named: Option<Form>,
    head: &[u8],
    path: &Path,
    sink: &(impl Sink + ?Sized),
) -> anyhow::Result<()> {
    let is_copy = sink.given().is_some_and(|given| given.is_copy(head));
    if is_copy || input::is_key_file(form, named.is_some(), head) { Err(key_file(path)) } else { Ok(()) }
}

/// An input that results are written to would never end.
pub(super) fn refuse_output(path: &Path) -> anyhow::Result<()> {
    let of_file = || std::fs::metadata(path).ok().as_ref().and_then(Identity::of);
    let input = if is_stdin(path) { Identity::of_stream(io::stdin()) } else { of_file() };
    refuse_output_as(input, path)
}

/// Likewise, of an input that is this file.
fn refuse_output_as(input: Option<Identity>, path: &Path) -> anyhow::Result<()> {
    if input.is_none() || input != Identity::of_stream(io::stdout()) {
        return Ok(());
    }
    let failure = Failure::new(format_args!("{}: the input is also the output", shown(path)));
    Err(failure.with_hint("write the results to another file").into())
}

/// Says what an input is that is certainly not of the form that was named.
fn refuse_other_form(form: Form, input: &mut impl Read, head: &mut Buffer, path: &Path) -> anyhow::Result<()> {
    if form == Form::Raw {
        return Ok(());
    }
    while head.filled().len() < KIND_LENGTH && head.fill(input, KIND_LENGTH).with_context(|| shown(path))? > 0 {}
    let head = head.filled();
    let kind = identify::kind_of(head);
    let is_text = head.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    let fits = match (form, kind) {
        (Form::Capture, _) => head.is_empty() || input::begins_capture(head),
        (Form::Der, Some(Kind::Session)) => !is_text,
        (Form::Der, Some(_))
        | (_, Some(Kind::Capture | Kind::Image | Kind::Program | Kind::Packed(_) | Kind::DataBase)) => false,
        (Form::Records, Some(kind)) => kind == Kind::Records,
        _ => true,
    };
    if fits {
        return Ok(());
    }
    let seems = kind.map_or_else(String::new, |kind| format!(": it seems to be {kind}"));
    let error = format!("{}: the input is not {}{seems}", shown(path), wanted(form));
    Err(Failure::new(error).with_hint("without --from, the content decides").into())
}

/// A form as people call it.
fn wanted(form: Form) -> &'static str {
    match form {
        Form::Capture => "a packet capture (pcap or pcapng)",
        Form::Der => "a session in DER",
        Form::Records => "records of tktdump -f json",
        Form::Text => "PEM, or text of openssl s_client",
        _ => "lines of text",
    }
}

/// Why a key file is not an input; nothing of it is shown.
fn key_file(path: &Path) -> anyhow::Error {
    Failure::new(format_args!("{}: is a ticket key file, not a ticket: --key FILE takes it", shown(path))).into()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_told_from_a_file() {
        assert_eq!(server("www.example.org:443"), Some("www.example.org:443"));
        assert_eq!(server("[2001:db8::1]:8443"), Some("[2001:db8::1]:8443"));
        assert_eq!(server("https://www.example.org/a:1"), Some("www.example.org"));
        for file in ["a.pem", "dir/a:1", "a:b", ":443", "a:70000", "a b:443", "https:///x"] {
            assert_eq!(server(file), None, "{file}");
        }
    }
}
