//! JSON of any program: every string and every list of numbers in it is looked at, under the names that lead to it.
//!
//! Nothing is built of it: tshark repeats names inside one object, and a map would lose all but one of them.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use zeroize::Zeroizing;

use super::find::label::{judge, names_ticket};
use super::reader::{LONGEST_RUN, Run, SHORTEST_RUN, Says, lines};
use super::{encoding, readers};

/// Members whose strings are joined, at most.
const MOST_NAMES: usize = 256;
/// Characters of base64 of the shortest run.
const SHORTEST_STRING: usize = SHORTEST_RUN * 4 / 3;

/// What JavaScript calls the members of bytes.
const OF_BUFFERS: [&str; 2] = ["type", "data"];

/// What JSON holds.
#[derive(Default)]
pub(super) struct Contents {
    /// Everything in it that is bytes, in order.
    pub(super) runs: Vec<Run>,
    /// Whether there are names in it, and not only values.
    pub(super) has_names: bool,
}

/// Reads a text that is one value, or one value a line; `None` if it is not JSON.
pub(super) fn read(text: &[u8]) -> Option<Contents> {
    if !matches!(text.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return None;
    }
    let mut contents = Contents::default();
    if value(text, &mut contents) {
        return Some(contents);
    }
    let mut contents = Contents::default();
    for line in lines(text).filter(|line| !line.text.trim_ascii().is_empty()) {
        let before = contents.runs.len();
        if !value(line.text, &mut contents) {
            return None;
        }
        contents.runs.iter_mut().skip(before).for_each(|run| run.line = line.number as u64);
    }
    Some(contents)
}

/// The strings of a list, or of one member of all lines, as the lines of one text, in order: that is how programs that
/// write JSON keep what others print. `None` if no name has several.
pub(super) fn join(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if !matches!(text.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return None;
    }
    let mut strings = Strings::default();
    let mut parser = serde_json::Deserializer::from_slice(text);
    let is_one = Gather { strings: &mut strings, name: "" }.deserialize(&mut parser).is_ok() && parser.end().is_ok();
    if !is_one {
        strings = Strings::default();
        for line in lines(text).filter(|line| !line.text.trim_ascii().is_empty()) {
            let mut parser = serde_json::Deserializer::from_slice(line.text);
            Gather { strings: &mut strings, name: "" }.deserialize(&mut parser).ok()?;
        }
    }
    let several = strings.texts.iter().filter(|(_, count, _)| *count > 1);
    let mut joined = Zeroizing::new(Vec::new());
    for (name, _, text) in several {
        // the name is what stands above them
        joined.extend_from_slice(name.as_bytes());
        joined.extend_from_slice(b":\n");
        joined.extend_from_slice(text);
        joined.push(b'\n');
    }
    (!joined.is_empty()).then_some(joined)
}

/// Strings by the name of the member that they stand in.
#[derive(Default)]
struct Strings {
    texts: Vec<(String, usize, Zeroizing<Vec<u8>>)>,
}

impl Strings {
    fn add(&mut self, name: &str, string: &str) {
        let at = self.texts.iter().position(|(other, ..)| other == name).unwrap_or(self.texts.len());
        if at == self.texts.len() {
            if at == MOST_NAMES {
                return;
            }
            self.texts.push((name.to_owned(), 0, Zeroizing::default()));
        }
        if let Some((_, count, text)) = self.texts.get_mut(at) {
            *count += 1;
            text.extend_from_slice(string.as_bytes());
            if !string.ends_with('\n') {
                text.push(b'\n');
            }
        }
    }
}

/// The part of a [`Visitor`] of strings that passes over everything that has no parts.
macro_rules! passes_over_scalars {
    () => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("JSON")
        }

        fn visit_bool<E>(self, _: bool) -> Result<(), E> {
            Ok(())
        }

        fn visit_i64<E>(self, _: i64) -> Result<(), E> {
            Ok(())
        }

        fn visit_u64<E>(self, _: u64) -> Result<(), E> {
            Ok(())
        }

        fn visit_f64<E>(self, _: f64) -> Result<(), E> {
            Ok(())
        }

        fn visit_unit<E>(self) -> Result<(), E> {
            Ok(())
        }
    };
}

/// The way through a value whose strings are gathered.
struct Gather<'g> {
    strings: &'g mut Strings,
    name: &'g str,
}

impl<'de> DeserializeSeed<'de> for Gather<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Gather<'_> {
    type Value = ();

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<std::borrow::Cow<'_, str>>()? {
            members.next_value_seed(Gather { strings: &mut *self.strings, name: &name })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        while values.next_element_seed(Gather { strings: &mut *self.strings, name: self.name })?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.strings.add(self.name, text);
        Ok(())
    }

    passes_over_scalars!();
}

/// Reads one value that is all of `text`, and says whether it could.
fn value(text: &[u8], contents: &mut Contents) -> bool {
    let mut parser = serde_json::Deserializer::from_slice(text);
    let walk = Walk { contents, says: Says::Nothing, name: "" };
    walk.deserialize(&mut parser).is_ok() && parser.end().is_ok()
}

/// The way through a value.
struct Walk<'w> {
    contents: &'w mut Contents,
    /// What the names that lead here say.
    says: Says,
    /// The last of them.
    name: &'w str,
}

impl Walk<'_> {
    /// What the name of a member says here.
    fn judge(&self, name: &str) -> Says {
        match judge(name) {
            Says::Nothing => match judge(&format!("{} {name}", self.name)) {
                Says::Ticket => Says::Ticket,
                _ => self.says,
            },
            says => says,
        }
    }

    fn bytes(self, bytes: Vec<u8>) {
        if bytes.len() >= SHORTEST_RUN {
            self.contents.runs.push(Run { named: Some(self.says), ..Run::new(0..0, bytes) });
        }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        // an array of bytes is an object of numbers to JavaScript
        let mut numbers = Some(Vec::new());
        while let Some(name) = members.next_key::<std::borrow::Cow<'_, str>>()? {
            let is_index = numbers.as_ref().is_some_and(|numbers: &Vec<u8>| *name == *numbers.len().to_string());
            self.contents.has_names |= !is_index && !OF_BUFFERS.contains(&&*name);
            let says = if is_index { self.says } else { self.judge(&name) };
            let name = if is_index { self.name } else { &name };
            let number = members.next_value_seed(Element(Walk { contents: &mut *self.contents, says, name }))?;
            numbers = with(numbers, number.filter(|_| is_index));
        }
        self.bytes(numbers.unwrap_or_default());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        let mut numbers = Some(Vec::new());
        while let Some(number) = values.next_element_seed(Element(Walk {
            contents: &mut *self.contents,
            says: self.says,
            name: self.name,
        }))? {
            numbers = with(numbers, number);
        }
        self.bytes(numbers.unwrap_or_default());
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if text.len() < SHORTEST_STRING {
            return Ok(());
        }
        // bytes may be the characters of a string
        let is_binary = self.says == Says::Ticket
            && text.chars().all(|character| u32::from(character) <= 0xff)
            && text.chars().any(char::is_control);
        if is_binary && !text.contains("-----BEGIN") {
            self.bytes(text.chars().filter_map(|character| u8::try_from(u32::from(character)).ok()).collect());
            return Ok(());
        }
        let mut plain = encoding::plain(text.as_bytes());
        for mut run in readers::read(&mut plain) {
            let is_first = plain
                .get(..run.span.start)
                .is_some_and(|before| before.iter().all(|byte| !byte.is_ascii_alphanumeric()));
            run.named = Some(if is_first || !names_ticket(&plain, run.span.start, false) {
                if is_first { self.says } else { Says::Nothing }
            } else {
                Says::Ticket
            });
            self.contents.runs.push(run);
        }
        Ok(())
    }

    passes_over_scalars!();
}

/// Bytes with one more, if it is one.
fn with(bytes: Option<Vec<u8>>, byte: Option<u8>) -> Option<Vec<u8>> {
    let mut bytes = bytes.filter(|bytes| bytes.len() < LONGEST_RUN)?;
    bytes.push(byte?);
    Some(bytes)
}

/// A value of a list: the byte that it is, if it is a number of that size.
struct Element<'w>(Walk<'w>);

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = Option<u8>;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Option<u8>, D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element<'_> {
    type Value = Option<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Option<u8>, A::Error> {
        self.0.visit_map(members).map(|()| None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, values: A) -> Result<Option<u8>, A::Error> {
        self.0.visit_seq(values).map(|()| None)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Option<u8>, E> {
        self.0.visit_str(text).map(|()| None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Option<u8>, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Option<u8>, E> {
        // Java has no unsigned bytes
        Ok(i8::try_from(number).ok().map(|byte| byte.to_be_bytes()[0]))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Option<u8>, E> {
        Ok(u8::try_from(number).ok())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Option<u8>, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Option<u8>, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::super::reader::Content;
    use super::*;

    fn named(text: &str) -> Vec<(Says, usize)> {
        let runs = read(text.as_bytes()).unwrap().runs;
        let length = |run: &Run| match &run.content {
            Content::Bytes { bytes, .. } => bytes.len(),
            _ => 0,
        };
        runs.iter().map(|run| (run.named.unwrap(), length(run))).collect()
    }

    #[test]
    fn names_lead_to_values() {
        let hex = "49095bfd".repeat(10);
        for (text, says) in [
            (format!(r#"{{"ticket":"{hex}"}}"#), Says::Ticket),
            (format!(r#"{{"session_ticket":{{"lifetime":300,"value":"{hex}"}}}}"#), Says::Ticket),
            (format!(r#"{{"psk":[{{"identity":"{hex}"}}]}}"#), Says::Ticket),
            (format!(r#"{{"ticket":{{"mac":"{hex}"}}}}"#), Says::Other),
            (format!(r#"{{"tls.handshake.random":"{hex}","tls.handshake.random":7}}"#), Says::Other),
            (format!(r#"["{hex}"]"#), Says::Nothing),
            (format!(r#"{{"message":"got ticket={hex} there"}}"#), Says::Ticket),
        ] {
            assert_eq!(named(&text), [(says, 40)], "{text}");
        }
        let repeated = format!(r#"{{"ticket":"{hex}","ticket":"{hex}"}}"#);
        assert_eq!(named(&repeated), [(Says::Ticket, 40); 2]);
        let numbers = format!("{{\"ticket\":{{\"type\":\"Buffer\",\"data\":{:?}}}}}", [73; 40]);
        assert_eq!(named(&numbers), [(Says::Ticket, 40)]);
        let negative = format!("{:?}", [-3; 40]);
        assert_eq!(named(&negative), [(Says::Nothing, 40)]);
    }

    #[test]
    fn lines_are_counted() {
        let text = format!("{{\"a\":1}}\n\n{{\"ticket\":\"{}\"}}\n", "ab".repeat(40));
        assert_eq!(read(text.as_bytes()).unwrap().runs[0].line, 3);
        assert!(read(b"{\"a\":1} and more").is_none());
        assert!(read(b"[73 9 91]").is_none());
        assert!(read(b"words").is_none());
    }
}
