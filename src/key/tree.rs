//! YAML and JSON documents as trees of scalars, each with its line.
//!
//! The parsers are others' work and leave copies of what they read in memory; only what is kept is wiped.

use std::collections::HashMap;
use std::fmt;

use saphyr_parser::{Event, Parser, Tag};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

/// How deep collections may be nested.
const MAX_DEPTH: usize = 64;

/// A value of a document.
pub(super) enum Node {
    /// Members in order; a name can come twice.
    Map(Vec<(String, Node)>),
    /// Items in order.
    List(Vec<Node>),
    /// A string, a number, a word.
    Scalar(Scalar),
}

/// A value that is not a collection.
#[derive(Clone)]
pub(super) struct Scalar {
    /// The text; wiped on drop.
    pub(super) text: Zeroizing<String>,
    /// The line, from 1, of the name it stands under, or its own; JSON does not tell.
    pub(super) line: Option<usize>,
    /// Whether YAML's tag `!!binary` says that the text is base64.
    pub(super) is_binary: bool,
}

impl Node {
    /// The first member of that name.
    pub(super) fn member(&self, name: &str) -> Option<&Node> {
        let Self::Map(members) = self else { return None };
        members.iter().find(|(other, _)| other == name).map(|(_, node)| node)
    }

    /// What stands at the end of a path of names.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, name| node.member(name))
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        self.scalar().map(|scalar| scalar.text.as_str())
    }

    /// The scalar, if it is one.
    pub(super) fn scalar(&self) -> Option<&Scalar> {
        match self {
            Self::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The items of a list; none of anything else.
    pub(super) fn items(&self) -> &[Node] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// The members of a mapping; none of anything else.
    pub(super) fn members(&self) -> &[(String, Node)] {
        match self {
            Self::Map(members) => members,
            _ => &[],
        }
    }

    /// Every member at any depth, its name before its content.
    pub(super) fn each_member<'n>(&'n self, take: &mut dyn FnMut(&'n str, &'n Node)) {
        for (name, node) in self.members() {
            take(name, node);
            node.each_member(take);
        }
        self.items().iter().for_each(|node| node.each_member(take));
    }

    /// Every item of every list at any depth.
    pub(super) fn each_item<'n>(&'n self, take: &mut dyn FnMut(&'n Node)) {
        self.items().iter().for_each(&mut *take);
        self.items().iter().for_each(|node| node.each_item(take));
        self.members().iter().for_each(|(_, node)| node.each_item(take));
    }

    /// Every scalar with the names on the way to it.
    pub(super) fn each_scalar<'n>(&'n self, path: &mut Vec<&'n str>, take: &mut dyn FnMut(&[&'n str], &'n Scalar)) {
        match self {
            Self::Scalar(scalar) => take(path, scalar),
            Self::List(items) => items.iter().for_each(|node| node.each_scalar(path, take)),
            Self::Map(members) => {
                for (name, node) in members {
                    path.push(name);
                    node.each_scalar(path, take);
                    path.pop();
                }
            }
        }
    }
}

/// The collections that a text holds as JSON or else as YAML; empty if it is neither as a whole.
pub(super) fn documents(text: &str) -> Vec<Node> {
    let body = text.trim_start_matches('\u{feff}').trim_start();
    let as_json = body.starts_with(['{', '[']).then(|| json(body)).flatten();
    let documents = as_json.or_else(|| yaml(text)).unwrap_or_default();
    documents.into_iter().filter(|node| !matches!(node, Node::Scalar(_))).collect()
}

fn json(text: &str) -> Option<Vec<Node>> {
    serde_json::Deserializer::from_str(text).into_iter().collect::<Result<_, _>>().ok()
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Values)
    }
}

struct Values;

fn scalar(text: impl Into<String>) -> Node {
    Node::Scalar(Scalar { text: Zeroizing::new(text.into()), line: None, is_binary: false })
}

impl<'de> Visitor<'de> for Values {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(scalar(text))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(scalar(text))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(scalar(""))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(scalar(if value { "true" } else { "false" }))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(scalar(value.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut map = Vec::new();
        while let Some(member) = members.next_entry()? {
            map.push(member);
        }
        Ok(Node::Map(map))
    }
}

fn yaml(text: &str) -> Option<Vec<Node>> {
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.ok()?;
        match event {
            Event::Scalar(text, _, anchor, tag) => {
                let is_binary = tag.as_deref().is_some_and(is_binary);
                let text = Zeroizing::new(text.into_owned());
                let scalar = Scalar { text, line: Some(span.start.line()), is_binary };
                if anchor > 0 {
                    builder.anchors.insert(anchor, scalar.clone());
                }
                builder.add(Node::Scalar(scalar));
            }
            // what an anchor repeats is followed for scalars only, so that a short text cannot grow without end
            Event::Alias(anchor) => {
                let scalar = builder.anchors.get(&anchor).cloned();
                builder.add(scalar.map_or_else(|| Node::List(Vec::new()), Node::Scalar));
            }
            Event::MappingStart(..) => builder.begin(Node::Map(Vec::new()))?,
            Event::SequenceStart(..) => builder.begin(Node::List(Vec::new()))?,
            Event::MappingEnd | Event::SequenceEnd => builder.end(),
            _ => {}
        }
    }
    Some(builder.done)
}

fn is_binary(tag: &Tag) -> bool {
    tag.suffix == "binary" && (tag.is_yaml_core_schema() || tag.handle == "!!")
}

/// A collection that is not complete yet, and the name of the member at hand.
struct Open {
    node: Node,
    name: Option<(String, Option<usize>)>,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Scalar>,
    done: Vec<Node>,
}

impl Builder {
    fn begin(&mut self, node: Node) -> Option<()> {
        self.open.push(Open { node, name: None });
        (self.open.len() <= MAX_DEPTH).then_some(())
    }

    fn end(&mut self) {
        if let Some(Open { node, .. }) = self.open.pop() {
            self.add(node);
        }
    }

    fn add(&mut self, mut node: Node) {
        let Some(Open { node: parent, name }) = self.open.last_mut() else { return self.done.push(node) };
        match parent {
            Node::Map(members) => {
                let Some((name, line)) = name.take() else {
                    let line = node.scalar().and_then(|scalar| scalar.line);
                    *name = Some((node.text().unwrap_or_default().to_owned(), line));
                    return;
                };
                if let Node::Scalar(scalar) = &mut node {
                    scalar.line = line;
                }
                members.push((name, node));
            }
            Node::List(items) => items.push(node),
            Node::Scalar(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalars(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for document in &documents(text) {
            document.each_scalar(&mut Vec::new(), &mut |path, scalar| {
                let line = scalar.line.map_or_else(String::new, |line| format!("@{line}"));
                found.push(format!("{}={}{line}", path.join("."), scalar.text.as_str()));
            });
        }
        found
    }

    #[test]
    fn yaml_and_json_give_the_same_tree() {
        let yaml = "# c\na:\n  - b: 'x'\n  - {c: [1, \"y\"]}\n---\nd: |\n  l1\n  l2\n";
        assert_eq!(scalars(yaml), ["a.b=x@3", "a.c=1@4", "a.c=y@4", "d=l1\nl2\n@6"]);
        assert_eq!(scalars("{\"a\": [{\"b\": \"x\\/\\ud83d\\ude00\"}], \"a\": null}"), ["a.b=x/\u{1f600}", "a="]);
    }

    #[test]
    fn anchors_of_scalars_are_followed_and_others_are_not() {
        assert_eq!(scalars("a: &k v\nb: *k\nc: &m {d: e}\nf: *m\n"), ["a=v@1", "b=v@2", "c.d=e@3"]);
        let bomb = (0..20).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| {
            format!("{text}a{m}: &a{m} [*a{n}, *a{n}, *a{n}, *a{n}]\n", m = n + 1)
        });
        assert_eq!(scalars(&bomb).len(), 2);
    }

    #[test]
    fn prose_and_damage_are_no_documents() {
        for text in
            ["", "just prose", "a: [", "{\"a\": ", "\u{0}", "a: b: c", &"[".repeat(100_000), &"- ".repeat(100_000)]
        {
            assert!(documents(text).is_empty(), "{}", text.chars().take(20).collect::<String>());
        }
    }

    #[test]
    fn binary_is_marked() {
        let documents = documents("k: !!binary AAAA\nl: AAAA\n");
        let marks: Vec<bool> = documents[0]
            .members()
            .iter()
            .filter_map(|(_, node)| node.scalar())
            .map(|scalar| scalar.is_binary)
            .collect();
        assert_eq!(marks, [true, false]);
    }
}
