//! Keys that were found, on their way into files or a pipe.

use std::path::{Path, PathBuf};

use tktdump::key::format::KeyFormat;
use tktdump::search::{Finding, Proof};
use zeroize::Zeroizing;

use crate::command::args::shared::ListFormat;
use crate::command::failure::Failure;
use crate::command::{secret_file, source};

/// Where keys go.
pub(super) enum Target {
    Nowhere,
    Pipe,
    File(PathBuf),
    Folder(PathBuf),
}

/// What became of a key.
pub(super) enum Delivery {
    /// Nobody asked for it.
    Nothing,
    Piped,
    File(PathBuf),
}

impl Delivery {
    /// The file.
    pub(super) fn path(&self) -> Option<String> {
        match self {
            Self::File(path) => Some(source::display(path).to_string()),
            Self::Nothing | Self::Piped => None,
        }
    }
}

impl Target {
    /// Looks at the place before the search, which may take long.
    pub(super) fn new(path: Option<&Path>, format: ListFormat) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(Self::Nowhere) };
        if source::is_stdin(path) {
            secret_file::check(path)?;
            if format == ListFormat::Json {
                let failure = Failure::new("-o - and -f json both need standard output");
                return Err(failure.with_hint("-o FILE writes the key to a file").into());
            }
            return Ok(Self::Pipe);
        }
        let is_folder = path.as_os_str().as_encoded_bytes().ends_with(b"/") || path.is_dir();
        if is_folder {
            return Ok(Self::Folder(path.to_owned()));
        }
        secret_file::check(path)?;
        Ok(Self::File(path.to_owned()))
    }

    /// Writes what was found; with one answer for each finding.
    pub(super) fn deliver(
        &self,
        findings: &[Finding],
        format: Option<&dyn KeyFormat>,
        aes_only: bool,
    ) -> anyhow::Result<Vec<Delivery>> {
        let wanted = |finding: &&Finding| aes_only || finding.proof != Proof::AesOnly;
        let count = findings.iter().filter(wanted).count();
        if count > 1 && matches!(self, Self::Pipe | Self::File(_)) {
            let failure = Failure::new(format_args!("{count} keys were found, and the output is one file"));
            return Err(failure.with_hint("-o DIR/ writes one file for each key name").into());
        }
        let one = |finding: &Finding| {
            if matches!(self, Self::Nowhere) || !wanted(&finding) {
                return Ok(Delivery::Nothing);
            }
            let file = finding.key_file(format).map_err(|error| cannot_write(finding, format, &error))?;
            self.write(finding, &file)
        };
        findings.iter().map(one).collect()
    }

    fn write(&self, finding: &Finding, file: &Zeroizing<Vec<u8>>) -> anyhow::Result<Delivery> {
        let path = match self {
            Self::Nowhere => return Ok(Delivery::Nothing),
            Self::Pipe => {
                secret_file::write(Path::new("-"), file)?;
                return Ok(Delivery::Piped);
            }
            Self::File(path) => path.clone(),
            Self::Folder(folder) => {
                secret_file::make_folder(folder)?;
                folder.join(file_name(finding))
            }
        };
        secret_file::write(&path, file)?;
        Ok(Delivery::File(path))
    }
}

fn cannot_write(finding: &Finding, format: Option<&dyn KeyFormat>, error: &tktdump::key::Unwritable) -> Failure {
    let name = finding.key_name.map_or_else(|| "without a name".to_owned(), |name| name.to_string());
    let server = format.map_or_else(String::new, |format| format!(" as a file of {}", format.name()));
    Failure::new(format_args!("key {name} was found and proved, but cannot be written{server}: {error}")).with_hint(
        "without --convert the key is written in the first form that carries it; --convert h2o carries most sizes",
    )
}

/// The name of a key's file in a folder: its key name, or what tells nameless ones apart.
fn file_name(finding: &Finding) -> String {
    match (finding.key_name, finding.fingerprint()) {
        (Some(name), _) => format!("{name}.key"),
        (None, Some(fingerprint)) => format!("nameless-{fingerprint}.key"),
        (None, None) => format!("nameless-{}.key", finding.tickets.first().copied().unwrap_or_default()),
    }
}
