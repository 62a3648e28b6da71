//! What a server configuration is that names ticket key files.

/// Something that a configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A ticket key file.
    Key(String),
    /// More configuration; the path may have `*` and `?` in it.
    Include(String),
    /// The folder that later relative paths start from.
    Root(String),
    /// Another virtual server begins, with keys of its own.
    Server,
}

/// How a server names its ticket key files.
pub(super) struct Config {
    /// Option name of the format of those files.
    pub(super) format: &'static str,
    /// The references of a text, in order.
    pub(super) read: fn(&str) -> Vec<Reference>,
}

/// The words of a line, quotes taken off; `#` begins a comment, a backslash keeps the next character.
pub(super) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\\', _) => word.get_or_insert_default().extend(characters.next()),
            (_, Some(open)) if character == open => quote = None,
            ('"' | '\'', None) => {
                word.get_or_insert_default();
                quote = Some(character);
            }
            ('#', None) if word.is_none() => break,
            (blank, None) if blank.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}
