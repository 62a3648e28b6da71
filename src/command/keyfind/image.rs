//! Memory images as they are read: in place if they can be, else from a copy that nobody else can open.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use tktdump::search::{Container, HEAD_LENGTH, Image};
use zeroize::Zeroizing;

use super::tickets;
use crate::command::failure::Failure;
use crate::command::gzip::Decompressed;
use crate::command::notes::Notes;
use crate::command::source;

/// Bytes of an image that is kept in memory when it cannot be read in place; longer ones go to a file without a name.
const KEPT: usize = 32 << 20;
/// Bytes that are read at a time.
const STEP: usize = 1 << 20;

/// Where the bytes of an image are.
enum Bytes {
    File(File),
    Kept(Zeroizing<Vec<u8>>),
    /// The memory of a process, of which parts may be gone by now.
    Process(File),
}

/// An image that is open.
pub(super) struct Memory {
    name: Arc<str>,
    bytes: Bytes,
    image: Image,
    modified: Option<i64>,
}

impl Memory {
    /// Opens an image.
    pub(super) fn open(path: &Path, notes: &Notes) -> anyhow::Result<Self> {
        let shown = source::shown(path);
        let bytes = Bytes::open(path, notes).with_context(|| shown.clone()).map_err(with_remedy)?;
        let length = bytes.length().with_context(|| shown.clone())?;
        if length == 0 {
            return Err(Failure::new(format_args!("{shown}: the image is empty")).into());
        }
        let mut read = |offset, buffer: &mut [u8]| bytes.read(offset, buffer).unwrap_or_default();
        let (image, missing) = Image::of(length, &mut read).map_err(|error| {
            Failure::new(format_args!("{shown}: {error}"))
                .with_hint("take the image again, or cut off its headers: raw memory has none")
        })?;
        if missing > 0 {
            notes.warning(format_args!(
                "{shown}: the image is cut off: {missing} bytes that its headers name are not there"
            ));
        }
        Ok(Self { name: source::display(path), bytes, image, modified: tickets::modified(path) })
    }

    /// The memory of a process, of which those runs are there.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "processes can be read on Linux"))]
    pub(super) fn process(name: &str, memory: File, image: Image) -> Self {
        Self { name: name.into(), bytes: Bytes::Process(memory), image, modified: None }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn image(&self) -> &Image {
        &self.image
    }

    /// When the image was taken, as far as its file tells.
    pub(super) fn modified(&self) -> Option<i64> {
        self.modified
    }

    /// Reads bytes of the image into all of a buffer, or as far as there are any.
    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> anyhow::Result<usize> {
        self.bytes.read(offset, buffer).with_context(|| source::shown(Path::new(&*self.name)))
    }
}

impl Bytes {
    fn open(path: &Path, notes: &Notes) -> anyhow::Result<Self> {
        let mut file = if source::is_stdin(path) { stdin()? } else { File::open(path)? };
        let kind = file.metadata()?.file_type();
        if kind.is_dir() {
            return Err(Failure::new("is a directory").with_hint("name the images in it").into());
        }
        let mut head = Vec::new();
        (&file).take(HEAD_LENGTH as u64).read_to_end(&mut head)?;
        // a device can be read anywhere as well; a pipe cannot, and neither can a file that is not at its start
        let in_place = file.stream_position().is_ok_and(|at| at == head.len() as u64);
        match Container::of(&head) {
            Container::Packed { name, remedy } => {
                let failure = Failure::new(format_args!("the image is {name}, which must be unpacked first"));
                Err(failure.with_hint(remedy).into())
            }
            Container::Gzip | Container::Zstd => {
                spool(&mut Decompressed::new(io::Cursor::new(head).chain(file))?, notes)
            }
            _ if in_place => Ok(Self::File(file)),
            _ => spool(&mut io::Cursor::new(head).chain(file), notes),
        }
    }

    fn length(&self) -> io::Result<u64> {
        match self {
            // a device has no length but an end
            Self::File(file) => (&*file).seek(SeekFrom::End(0)),
            Self::Kept(bytes) => Ok(bytes.len() as u64),
            Self::Process(_) => Ok(u64::MAX),
        }
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => read_all(file, offset, buffer),
            Self::Process(file) => Ok(read_what_is_there(file, offset, buffer)),
            Self::Kept(bytes) => {
                let from = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or_default();
                let count = from.len().min(buffer.len());
                buffer.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
                Ok(count)
            }
        }
    }
}

fn stdin() -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd as _;
        Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
    }
    #[cfg(windows)]
    {
        use std::os::windows::io::AsHandle as _;
        Ok(File::from(io::stdin().as_handle().try_clone_to_owned()?))
    }
}

#[cfg(unix)]
fn read_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

fn read_all(file: &File, mut offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match read_at(file, offset, rest) {
            Ok(0) => break,
            Ok(count) => {
                filled += count;
                offset += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Bytes of a page, the least that can be gone.
const PAGE: u64 = 4096;

/// Reads the memory of a process; pages that are gone by now are zeros.
fn read_what_is_there(file: &File, offset: u64, buffer: &mut [u8]) -> usize {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        let at = offset.saturating_add(filled as u64);
        match read_at(file, at, rest) {
            Ok(count) if count > 0 => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => {
                let gone = usize::try_from(PAGE - at % PAGE).unwrap_or(rest.len()).min(rest.len());
                rest.iter_mut().take(gone).for_each(|byte| *byte = 0);
                filled += gone;
            }
        }
    }
    filled
}

/// Reads an input to its end, so that it can be read again: into memory, or into a file that has no name.
fn spool(input: &mut dyn Read, notes: &Notes) -> anyhow::Result<Bytes> {
    // room from the start: a buffer that grows leaves copies behind
    let mut kept = Zeroizing::new(Vec::with_capacity(KEPT + 1));
    input.take(KEPT as u64 + 1).read_to_end(&mut kept)?;
    if kept.len() <= KEPT {
        return Ok(Bytes::Kept(kept));
    }
    let mut file = tempfile::tempfile().context("a temporary file for the image")?;
    file.write_all(&kept)?;
    drop(kept);
    let mut buffer = Zeroizing::new(vec![0; STEP]);
    let (counter, _watch) = notes.progress().follow(None);
    loop {
        let count = input.read(&mut buffer)?;
        if count == 0 {
            return Ok(Bytes::File(file));
        }
        file.write_all(buffer.get(..count).unwrap_or_default())?;
        counter.add(count as u64);
    }
}

/// Adds what to do if an image cannot be opened.
fn with_remedy(error: anyhow::Error) -> anyhow::Error {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    let hint = match kind {
        Some(io::ErrorKind::PermissionDenied) => "cores and images belong to root: run it with sudo, or as their owner",
        Some(io::ErrorKind::Unsupported) => "zstd -dc --long=31 FILE > IMAGE unpacks it",
        Some(io::ErrorKind::StorageFull) => "TMPDIR names a folder with more room for the unpacked image",
        Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof) => {
            "gzip -t FILE or zstd -t FILE checks the file"
        }
        _ => return error,
    };
    Failure::new(format_args!("{error:#}")).with_hint(hint).into()
}
