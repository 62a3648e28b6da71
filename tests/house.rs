//! Who imports whom in `src`: no file imports from a room that `docs/house.md` lists after its own, and none in a circle.
//!
//! An import is a path in a `use` or in code. What a file hands on (`pub use`) and does not use itself is no import of
//! its own: whoever takes it from there imports the file that defines it. Tests may import what they like, and so may
//! `lib.rs` and `main.rs`.

// a test that cannot go on says so by panicking
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The way to a module, from the root of the crate.
type Way = Vec<String>;
/// For each file, the files that it imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// A module that is not for tests.
#[derive(Default)]
struct Module {
    file: String,
    /// The names that it imports or hands on, and the ways to them.
    names: BTreeMap<String, Way>,
    /// The modules of which it imports everything.
    globs: Vec<Way>,
    /// The names that it defines.
    defines: BTreeSet<String>,
    /// The paths in it that count as imports.
    paths: Vec<Way>,
    /// The names that it hands on: imports only if it uses them.
    handed_on: BTreeSet<String>,
    /// Every word of its code outside of `use`.
    words: BTreeSet<String>,
}

/// All modules of a crate.
#[derive(Default)]
struct Crate {
    modules: BTreeMap<Way, Module>,
    /// Modules that are for tests.
    tests: BTreeSet<Way>,
}

impl Crate {
    /// Reads files: each name, such as `key/ring.rs`, with what is in it.
    fn read(files: &BTreeMap<String, String>) -> Self {
        let mut all = Self::default();
        for (name, text) in files {
            let way = way_of(name);
            let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
            all.module(&way, name);
            all.walk(&way, name, &tokens.into_iter().collect::<Vec<_>>(), true);
        }
        let tests = std::mem::take(&mut all.tests);
        all.modules.retain(|way, _| !tests.iter().any(|test| way.starts_with(test)));
        all
    }

    fn module(&mut self, way: &Way, file: &str) -> &mut Module {
        let module = self.modules.entry(way.clone()).or_default();
        file.clone_into(&mut module.file);
        module
    }

    /// Notes what some code of a module imports, defines and says.
    fn walk(&mut self, way: &Way, file: &str, tokens: &[TokenTree], top: bool) {
        let mut at = 0;
        while at < tokens.len() {
            let rest = &tokens[at..];
            if is_for_tests(rest) {
                let length = item_length(&rest[2..]) + 2;
                if let Some(name) = words_after(&rest[2..length], "mod").first() {
                    self.tests.insert(child(way, name));
                }
                at += length;
                continue;
            }
            match &rest[0] {
                TokenTree::Ident(word) if word == "use" && !is_punct(rest.get(1), '<') => {
                    let end = rest.iter().position(|token| is_punct(Some(token), ';')).unwrap_or(rest.len());
                    let is_public = tokens[..at].iter().rev().find_map(visibility).unwrap_or(false);
                    self.import(way, file, &rest[1..end], is_public);
                    at += end;
                }
                // `pub(in crate::command)` is no import
                TokenTree::Ident(word) if word == "pub" && is_group(rest.get(1), Delimiter::Parenthesis) => at += 2,
                // the name of a module is not a use of what has that name
                TokenTree::Ident(word) if word == "mod" && is_punct(rest.get(2), ';') => at += 3,
                TokenTree::Ident(word) if word == "mod" && is_group(rest.get(2), Delimiter::Brace) => {
                    let inner = child(way, &rest[1].to_string());
                    self.module(&inner, file);
                    self.walk(&inner, file, &inside(&rest[2]), true);
                    at += 3;
                }
                TokenTree::Ident(word) => {
                    let is_start = at == 0 || !is_punct(tokens.get(at - 1), ':');
                    let path = path(rest);
                    let module = self.module(way, file);
                    module.words.insert(word.to_string());
                    if is_start && path.len() > 1 {
                        module.paths.push(path);
                    }
                    if top && is_definition(word) {
                        module.defines.extend(rest.get(1).map(ToString::to_string));
                    }
                    at += 1;
                }
                TokenTree::Group(_) => {
                    self.walk(way, file, &inside(&rest[0]), false);
                    at += 1;
                }
                _ => at += 1,
            }
        }
    }

    fn import(&mut self, way: &Way, file: &str, tree: &[TokenTree], is_public: bool) {
        let mut leaves = Vec::new();
        spread(tree, &Vec::new(), &mut leaves);
        let module = self.module(way, file);
        for (path, name) in leaves {
            match name.as_str() {
                "*" => module.globs.push(path.clone()),
                _ if is_public => drop(module.handed_on.insert(name.clone())),
                _ => {}
            }
            if !is_public {
                module.paths.push(path.clone());
            }
            module.names.insert(name, path);
        }
    }

    /// The way from the root that a path of a module means; `None` if it leads to another crate.
    fn absolute(&self, from: &Way, path: &[String]) -> Option<Way> {
        let (first, rest) = path.split_first()?;
        let mut way = match first.as_str() {
            "crate" | "tktdump" => Vec::new(),
            "self" => from.clone(),
            "super" => from[..from.len().checked_sub(1)?].to_vec(),
            name if self.modules.contains_key(&child(from, name)) => child(from, name),
            _ => return None,
        };
        let ups = rest.iter().take_while(|word| *word == "super").count();
        way.truncate(way.len().checked_sub(ups)?);
        way.extend_from_slice(&rest[ups..]);
        Some(way)
    }

    /// The file that defines what a path of a module leads to.
    fn file(&self, from: &Way, path: &[String], depth: usize) -> Option<&str> {
        let absolute = self.absolute(from, path).or_else(|| {
            // a name that was imported, and something in it
            let known = self.modules.get(from)?.names.get(path.first()?)?;
            self.absolute(from, &[known, &path[1..]].concat())
        })?;
        let mut at = Way::new();
        for (number, word) in absolute.iter().enumerate() {
            let next = child(&at, word);
            if self.modules.contains_key(&next) {
                at = next;
                continue;
            }
            let module = self.modules.get(&at)?;
            let rest = &absolute[number + 1..];
            if let Some(path) = module.names.get(word).filter(|_| depth < 9) {
                return self.file(&at, &[path, rest].concat(), depth + 1);
            }
            let mut globs = module.globs.iter().filter_map(|path| self.absolute(&at, path));
            let defined = globs.find(|way| self.modules.get(way).is_some_and(|module| module.defines.contains(word)));
            return defined.and_then(|way| self.modules.get(&way)).or(Some(module)).map(|module| &*module.file);
        }
        self.modules.get(&at).map(|module| &*module.file)
    }

    /// Which file imports which.
    fn imports(&self) -> Imports {
        let mut imports = Imports::new();
        for (way, module) in &self.modules {
            let used = module.handed_on.iter().filter(|name| module.words.contains(*name));
            let handed_on = used.filter_map(|name| module.names.get(name));
            let found = module.paths.iter().chain(handed_on).filter_map(|path| self.file(way, path, 0));
            let found = found.filter(|file| *file != module.file && !is_root(file)).map(str::to_owned);
            imports.entry(module.file.clone()).or_default().extend(found);
        }
        imports.retain(|file, _| !is_root(file));
        imports
    }
}

fn is_root(file: &str) -> bool {
    ["lib.rs", "main.rs"].contains(&file)
}

/// `key/ring.rs` is `key::ring`; the roots are one, since the command has its own rooms.
fn way_of(file: &str) -> Way {
    if is_root(file) { Way::new() } else { file.trim_end_matches(".rs").split('/').map(str::to_owned).collect() }
}

fn child(way: &[String], name: &str) -> Way {
    [way, &[name.to_owned()]].concat()
}

fn is_punct(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

fn is_group(token: Option<&TokenTree>, delimiter: Delimiter) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.delimiter() == delimiter)
}

fn inside(token: &TokenTree) -> Vec<TokenTree> {
    match token {
        TokenTree::Group(group) => group.stream().into_iter().collect(),
        _ => Vec::new(),
    }
}

fn is_definition(word: &impl ToString) -> bool {
    ["const", "enum", "fn", "static", "struct", "trait", "type", "macro_rules"].contains(&&*word.to_string())
}

/// `pub` before an item, perhaps with parentheses; `Some(false)` for anything else.
fn visibility(token: &TokenTree) -> Option<bool> {
    if is_group(Some(token), Delimiter::Parenthesis) { None } else { Some(token.to_string() == "pub") }
}

/// Whether an attribute begins here that leaves the next item to tests.
fn is_for_tests(tokens: &[TokenTree]) -> bool {
    let [hash, attribute, ..] = tokens else { return false };
    let text = attribute.to_string().replace(' ', "");
    is_punct(Some(hash), '#') && (text.starts_with("[cfg(test)") || text.starts_with("[cfg(all(test"))
}

/// How many tokens an item has: up to a semicolon or a body, or the comma after a field.
fn item_length(tokens: &[TokenTree]) -> usize {
    let is_use = tokens.iter().take(3).any(|token| token.to_string() == "use");
    let ends = |token: &TokenTree| {
        is_punct(Some(token), ';') || is_punct(Some(token), ',') || !is_use && is_group(Some(token), Delimiter::Brace)
    };
    tokens.iter().position(ends).map_or(tokens.len(), |end| end + 1)
}

/// What follows a word.
fn words_after(tokens: &[TokenTree], word: &str) -> Vec<String> {
    let after = tokens.iter().skip_while(|token| token.to_string() != word).skip(1);
    after.map(ToString::to_string).collect()
}

/// The words of a path, as far as it goes.
fn path(tokens: &[TokenTree]) -> Way {
    let mut words = Way::new();
    let mut rest = tokens;
    while let Some(TokenTree::Ident(word)) = rest.first() {
        words.push(word.to_string());
        if !(is_punct(rest.get(1), ':') && is_punct(rest.get(2), ':')) {
            break;
        }
        rest = &rest[3..];
    }
    words
}

/// The leaves of the tree behind `use`: their paths, and the names that they have here.
fn spread(tree: &[TokenTree], before: &Way, leaves: &mut Vec<(Way, String)>) {
    for branch in tree.split(|token| is_punct(Some(token), ',')) {
        let mut path = before.clone();
        let mut name = None;
        let mut words = branch.iter();
        while let Some(token) = words.next() {
            match token {
                TokenTree::Ident(word) if word == "as" => name = words.next().map(ToString::to_string),
                TokenTree::Ident(word) => path.push(word.to_string()),
                TokenTree::Group(_) => {
                    spread(&inside(token), &path, leaves);
                    path.clear();
                }
                TokenTree::Punct(punct) if punct.as_char() == '*' => name = Some("*".to_owned()),
                _ => {}
            }
        }
        // `use a::{self}` is `use a`
        if path.len() > 1 && path.last().is_some_and(|word| word == "self") {
            path.pop();
        }
        if let Some(last) = path.last().cloned() {
            leaves.push((path, name.unwrap_or(last)));
        }
    }
}

/// The rooms of `docs/house.md`, those of a line together, from the ground up.
fn rooms(document: &str) -> Vec<Vec<String>> {
    let tree = document.split("## The tree").nth(1).and_then(|text| text.split("```").nth(1)).unwrap();
    // a line that begins with blanks goes on with the one before
    let lines = tree.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with(' '));
    lines
        .map(|line| {
            let names = line.split("  ").next().unwrap();
            names.split(' ').map(|name| name.trim_end_matches('/').to_owned()).collect()
        })
        .collect()
}

/// On which line the room of a file is.
fn level(file: &str, rooms: &[Vec<String>]) -> Option<usize> {
    let room = way_of(file).swap_remove(0);
    rooms.iter().position(|names| names.contains(&room))
}

/// The imports that climb, as text. A room that is not listed is for another test.
fn climbs(imports: &Imports, rooms: &[Vec<String>]) -> Vec<String> {
    let mut found = Vec::new();
    for (file, imported) in imports {
        let is_above = |other: &&String| {
            let (Some(own), Some(other)) = (level(file, rooms), level(other, rooms)) else { return false };
            other > own
        };
        let above = imported.iter().filter(is_above);
        found.extend(above.map(|other| format!("{file} imports {other}, whose room is listed after its own")));
    }
    found
}

/// The shortest circle through each file that is in one, as text; those of the same files once.
fn circles(imports: &Imports) -> Vec<String> {
    let mut found = BTreeMap::new();
    for start in imports.keys() {
        if let Some(circle) = circle(imports, start) {
            let files: BTreeSet<_> = circle.iter().cloned().collect();
            found.entry(files).or_insert_with(|| format!("{} -> {start}", circle.join(" -> ")));
        }
    }
    found.into_values().collect()
}

fn circle(imports: &Imports, start: &String) -> Option<Vec<String>> {
    let mut before: BTreeMap<&String, &String> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(file) = queue.pop_front() {
        for next in imports.get(file)? {
            if next == start {
                let mut circle = vec![file.clone()];
                let mut at = file;
                while at != start {
                    at = before[at];
                    circle.push(at.clone());
                }
                circle.reverse();
                return Some(circle);
            }
            if imports.contains_key(next) && !before.contains_key(next) {
                before.insert(next, file);
                queue.push_back(next);
            }
        }
    }
    None
}

/// Adds the Rust files of a folder.
fn add(folder: &Path, root: &Path, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add(&path, root, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            files.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

/// What is in `src`, and the rooms that the document lists.
fn house() -> (Crate, Vec<Vec<String>>) {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut files, root) = (BTreeMap::new(), project.join("src"));
    add(&root, &root, &mut files);
    (Crate::read(&files), rooms(&fs::read_to_string(project.join("docs/house.md")).unwrap()))
}

#[test]
fn the_document_lists_the_rooms() {
    let (house, rooms) = house();
    let there: BTreeSet<&String> = house.modules.keys().filter_map(|way| way.first()).collect();
    let listed: BTreeSet<&String> = rooms.iter().flatten().collect();
    assert_eq!(there, listed, "the modules of src, and the tree of docs/house.md");
}

#[test]
fn no_file_imports_what_is_above_it() {
    let (house, rooms) = house();
    let climbs = climbs(&house.imports(), &rooms);
    assert!(climbs.is_empty(), "{} imports climb:\n{}", climbs.len(), climbs.join("\n"));
}

/// The circles as text, and the files in them.
fn circling(imports: &Imports) -> (String, BTreeSet<String>) {
    let files = imports.keys().filter(|file| circle(imports, file).is_some()).cloned().collect();
    (circles(imports).join("\n"), files)
}

#[test]
fn no_files_import_each_other() {
    let (house, _) = house();
    let imports = house.imports();
    assert!(imports.values().map(BTreeSet::len).sum::<usize>() > 200, "imports are overlooked");
    let (circles, files) = circling(&imports);
    assert!(files.is_empty(), "in a circle: {files:?}\nall circles:\n{circles}");
}

/// The test sees what it is for.
#[test]
fn climbs_and_circles_are_seen() {
    let imports = |files: &[(&str, &str)]| {
        let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        Crate::read(&files).imports()
    };
    let rooms = rooms("## The tree\n```text\nground time  the ground\nroof/  the roof\n```\n");
    assert_eq!(rooms, [vec!["ground", "time"], vec!["roof"]]);

    let climbing = imports(&[("ground.rs", "fn f() { crate::roof::tile(); }"), ("roof.rs", "pub fn tile() {}")]);
    assert_eq!(climbs(&climbing, &rooms), ["ground.rs imports roof.rs, whose room is listed after its own"]);
    assert_eq!(circles(&climbing), [""; 0]);
    let resting = imports(&[("ground.rs", "pub struct G;"), ("roof.rs", "use crate::ground::{self, G as H};")]);
    assert_eq!(resting["roof.rs"], BTreeSet::from(["ground.rs".to_owned()]));
    assert_eq!(climbs(&resting, &rooms), [""; 0]);

    // a parent that uses its child, which uses it; through a macro, and by way of a file that hands it on
    let circle = imports(&[
        ("roof.rs", "mod tile;\npub use self::tile::Tile;\npub struct Roof(Vec<Tile>);"),
        ("roof/tile.rs", "use super::super::time::Roof;\npub struct Tile; fn f() { panic!(\"{}\", Roof::new()) }"),
        ("time.rs", "pub use crate::roof::Roof;"),
    ]);
    assert_eq!(circles(&circle), ["roof.rs -> roof/tile.rs -> roof.rs"]);
    // one that only hands it on, though a module has the name too, and one whose tests use it
    let none = imports(&[
        (
            "roof.rs",
            "mod tile;\npub(crate) use self::tile::{Tile, tile};\npub struct Roof;\n#[cfg(test)]\nmod tests { use super::Tile; }",
        ),
        ("roof/tile.rs", "use super::Roof;\npub struct Tile(Roof);\npub fn tile() {}"),
        (
            "time.rs",
            "#[cfg(test)] mod testing;\n// crate::roof::Roof\nfn f() -> &'static str { \"crate::roof::Roof\" }",
        ),
        ("time/testing.rs", "use crate::roof::Roof;"),
    ]);
    assert_eq!((circles(&none), climbs(&none, &rooms)), (vec![], vec![]));
}
