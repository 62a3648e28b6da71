//! The configurations and documents that are read: one module each, all registered in `CONFIGS`.
//!
//! A new one is one new file beside the others and one line in `CONFIGS`: it says what a text names, in the server's
//! order, and whether a text that names nothing is its configuration anyway.

mod assignments;
mod dnsdist;
mod envoy;
mod haproxy;
mod haproxy_runtime;
mod httpd;
mod kubernetes;
mod lighttpd;
mod nghttpx;
mod nginx;
mod scalars;
mod trafficserver;
mod unbound;

use super::config::{Config, Format, Reference, Text, Value, What};
use super::file::{self, KeyFile, KeyFileError};
use super::format::KeyFormat;
use super::formats::{FORMATS, by_name};

/// Every configuration, those first that cannot be taken for another one.
static CONFIGS: &[Config] = &[
    haproxy_runtime::CONFIG,
    envoy::CONFIG,
    trafficserver::CONFIG,
    nginx::CONFIG,
    haproxy::CONFIG,
    httpd::CONFIG,
    unbound::CONFIG,
    dnsdist::CONFIG,
    lighttpd::CONFIG,
    nghttpx::CONFIG,
    kubernetes::CONFIG,
    scalars::CONFIG,
    assignments::CONFIG,
];

/// What a configuration names.
pub struct References {
    config: &'static Config,
    /// What is named, in order.
    pub list: Vec<Reference>,
}

impl References {
    /// The server, for messages.
    #[must_use]
    pub fn server(&self) -> &'static str {
        self.config.server
    }

    /// The setting that names a key file, as one writes it; `None` for documents that are not a configuration.
    #[must_use]
    pub fn setting(&self) -> Option<&'static str> {
        self.config.setting
    }

    /// The format of the key files; `None` if their content decides.
    #[must_use]
    pub fn format(&self) -> Option<&'static dyn KeyFormat> {
        match self.config.format? {
            Format::Named(name) => by_name(name),
            Format::Own(format) => Some(format),
        }
    }

    /// What another file names that this configuration includes.
    #[must_use]
    pub fn included(&self, file: &[u8]) -> Vec<Reference> {
        (self.config.read)(&Text::new(&String::from_utf8_lossy(file)))
    }

    /// Whether a key is in the text itself.
    #[must_use]
    pub fn has_value(&self) -> bool {
        self.list.iter().any(|reference| matches!(reference.what, What::Value(_)))
    }

    /// Whether a key is among what is named.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.list.iter().any(Reference::is_key)
    }
}

/// Reads a file that names key files, holds keys as values, or includes others that may, and configurations that do
/// none of it; `None` for anything else, key files among it.
#[must_use]
pub fn read(file: &[u8]) -> Option<References> {
    let decoded = file::utf16(file);
    let text = match &decoded {
        Some(text) => text.as_str(),
        None => std::str::from_utf8(file).ok()?,
    };
    if text.contains('\0') || is_key_file(text.as_bytes()) {
        return None;
    }
    let text = Text::new(text.strip_prefix('\u{feff}').unwrap_or(text));
    let named = || CONFIGS.iter().map(|config| References { config, list: (config.read)(&text) });
    let mut all: Vec<References> = Vec::with_capacity(CONFIGS.len());
    for found in named() {
        if found.has_key() {
            return Some(found);
        }
        all.push(found);
    }
    let includes = |found: &References| found.list.iter().any(|reference| matches!(reference.what, What::Include(_)));
    let at = all.iter().position(includes).or_else(|| all.iter().position(|found| (found.config.recognises)(&text)));
    at.map(|at| all.swap_remove(at))
}

/// Whether a text is a key file by the rule of a server that keeps its keys as text.
fn is_key_file(text: &[u8]) -> bool {
    FORMATS.iter().any(|format| format.is_text() && (format.recognises(text) || format.claims(text)))
        || file::decode_lines(text).is_some()
}

/// The key files that values stand for: values of one key each are the keys of one file, in order.
///
/// `named` is the format that the user named, `own` the one of the configuration: a value that is not as the server
/// wants it is then read by its content. The error says which value it is about.
pub fn files_of(
    values: &[Value],
    named: Option<&'static dyn KeyFormat>,
    own: Option<&'static dyn KeyFormat>,
) -> Result<Vec<(String, KeyFile)>, (usize, KeyFileError)> {
    let mut files = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let own = value.format.and_then(by_name).or(own);
        let read = match (named, own) {
            (Some(format), _) => file::read_as(format, &value.content),
            (None, Some(format)) => file::read_as(format, &value.content).or_else(|refused| {
                let mut read = file::read_auto(&value.content).map_err(|_| refused)?;
                read.warnings.insert(0, format!("{} does not accept it like this", format.name()));
                Ok(read)
            }),
            (None, None) => file::read_auto(&value.content),
        };
        let mut file = read.map_err(|error| (index, error))?;
        for warning in &mut file.warnings {
            *warning = format!("{}: {warning}", value.name);
        }
        files.push((value.name.clone(), file));
    }
    let is_single = |(_, file): &(String, KeyFile)| file.readings.iter().all(|reading| reading.keys == 1);
    if files.len() > 1 && files.iter().all(is_single) {
        return Ok(vec![merged(files)]);
    }
    Ok(files)
}

/// Files of one key each as one file.
fn merged(files: Vec<(String, KeyFile)>) -> (String, KeyFile) {
    let keys = files.len();
    let mut whole = KeyFile::default();
    let mut first = String::new();
    for (index, (name, file)) in files.into_iter().enumerate() {
        if index == 0 {
            first = name;
        }
        whole.warnings.extend(file.warnings);
        whole.readings.extend(file.readings.into_iter().map(|mut reading| {
            reading.key.index = index;
            reading.keys = keys;
            reading
        }));
    }
    (first, whole)
}

#[cfg(test)]
mod tests;
