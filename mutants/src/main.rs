//! Compiles all mutants of cargo-mutants' list into one program, of which an environment variable chooses one.
//!
//! `mutants LIST COPY` takes the list (`cargo mutants --list --json`) and changes the sources in the folder `COPY`, a copy
//! of the project. What is changed asks `crate::mutant::on` whether it is the one. A mutant that does not compile is named
//! in `COPY/unviable.txt`, one number a line, and left out. `COPY/mutants.json` has those that are there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::ops::Range;
use std::path::Path;

use proc_macro2::{LineColumn, Span};
use serde_json::Value;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// Where something begins: line from 1, column from 0.
type Place = (usize, usize);

/// What can be changed in a file, by its place.
#[derive(Default)]
struct Sites {
    /// By the place of the operator: the whole expression, the operator.
    binary: HashMap<Place, (Range<usize>, Range<usize>)>,
    /// By the place of the operator: the whole expression, the operand.
    unary: HashMap<Place, (Range<usize>, Range<usize>)>,
    /// By the place of the arm: the end of its pattern, and its guard.
    arms: HashMap<Place, (usize, Option<Range<usize>>)>,
    /// By the place of a guard.
    guards: HashMap<Place, Range<usize>>,
    /// By the place of the first statement of a function's body.
    bodies: HashMap<Place, Range<usize>>,
    /// By the place of a field: the whole expression, and the field with its comma.
    fields: HashMap<Place, (Range<usize>, Range<usize>)>,
    /// Byte offsets of lines.
    lines: Vec<usize>,
    text: String,
    /// In what is computed while compiling nothing can be chosen later.
    constant: usize,
}

impl Sites {
    fn of(text: &str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut sites = Self { lines, text: text.to_owned(), ..Self::default() };
        let file = syn::parse_file(text).unwrap();
        sites.visit_file(&file);
        sites
    }

    fn offset(&self, at: LineColumn) -> usize {
        let start = self.lines[at.line - 1];
        let line = &self.text[start..];
        start + line.char_indices().nth(at.column).map_or(line.len(), |(at, _)| at)
    }

    /// The list names a body by its first statement.
    fn body(&mut self, block: &syn::Block) {
        if let (0, Some(first)) = (self.constant, block.stmts.first()) {
            self.bodies.insert(place(first.span()), self.range(block.span()));
        }
    }

    fn range(&self, span: Span) -> Range<usize> {
        self.offset(span.start())..self.offset(span.end())
    }
}

fn place(span: Span) -> Place {
    (span.start().line, span.start().column)
}

impl<'a> Visit<'a> for Sites {
    fn visit_expr_binary(&mut self, it: &'a syn::ExprBinary) {
        if self.constant == 0 {
            let (whole, operator) = (self.range(it.span()), self.range(it.op.span()));
            self.binary.insert(place(it.op.span()), (whole, operator));
        }
        visit::visit_expr_binary(self, it);
    }

    fn visit_expr_unary(&mut self, it: &'a syn::ExprUnary) {
        if self.constant == 0 {
            let (whole, operand) = (self.range(it.span()), self.range(it.expr.span()));
            self.unary.insert(place(it.op.span()), (whole, operand));
        }
        visit::visit_expr_unary(self, it);
    }

    fn visit_arm(&mut self, it: &'a syn::Arm) {
        if self.constant == 0 {
            let guard = it.guard.as_ref().map(|(_, guard)| self.range(guard.span()));
            if let Some((_, guard)) = &it.guard {
                self.guards.insert(place(guard.span()), self.range(guard.span()));
            }
            self.arms.insert(place(it.span()), (self.offset(it.pat.span().end()), guard));
        }
        visit::visit_arm(self, it);
    }

    fn visit_expr_struct(&mut self, it: &'a syn::ExprStruct) {
        let whole = self.range(it.span());
        for pair in it.fields.pairs() {
            let end = pair.punct().map_or(pair.value().span().end(), |comma| comma.span().end());
            let field = self.offset(pair.value().span().start())..self.offset(end);
            if self.constant == 0 {
                self.fields.insert(place(pair.value().span()), (whole.clone(), field));
            }
        }
        visit::visit_expr_struct(self, it);
    }

    fn visit_trait_item_fn(&mut self, it: &'a syn::TraitItemFn) {
        if let Some(block) = &it.default {
            self.body(block);
        }
        visit::visit_trait_item_fn(self, it);
    }

    fn visit_signature(&mut self, it: &'a syn::Signature) {
        self.constant += 1;
        visit::visit_signature(self, it);
        self.constant -= 1;
    }

    fn visit_item_fn(&mut self, it: &'a syn::ItemFn) {
        let is_constant = usize::from(it.sig.constness.is_some());
        self.constant += is_constant;
        self.body(&it.block);
        visit::visit_item_fn(self, it);
        self.constant -= is_constant;
    }

    fn visit_impl_item_fn(&mut self, it: &'a syn::ImplItemFn) {
        let is_constant = usize::from(it.sig.constness.is_some());
        self.constant += is_constant;
        self.body(&it.block);
        visit::visit_impl_item_fn(self, it);
        self.constant -= is_constant;
    }

    fn visit_item_const(&mut self, it: &'a syn::ItemConst) {
        self.constant += 1;
        visit::visit_item_const(self, it);
        self.constant -= 1;
    }

    fn visit_impl_item_const(&mut self, it: &'a syn::ImplItemConst) {
        self.constant += 1;
        visit::visit_impl_item_const(self, it);
        self.constant -= 1;
    }

    fn visit_item_static(&mut self, it: &'a syn::ItemStatic) {
        self.constant += 1;
        visit::visit_item_static(self, it);
        self.constant -= 1;
    }

    fn visit_type(&mut self, it: &'a syn::Type) {
        self.constant += 1;
        visit::visit_type(self, it);
        self.constant -= 1;
    }

    fn visit_generic_argument(&mut self, it: &'a syn::GenericArgument) {
        self.constant += 1;
        visit::visit_generic_argument(self, it);
        self.constant -= 1;
    }

    fn visit_expr_repeat(&mut self, it: &'a syn::ExprRepeat) {
        self.visit_expr(&it.expr);
        self.constant += 1;
        self.visit_expr(&it.len);
        self.constant -= 1;
    }

    fn visit_pat(&mut self, it: &'a syn::Pat) {
        self.constant += 1;
        visit::visit_pat(self, it);
        self.constant -= 1;
    }
}

/// What takes the place of a range, and for whom.
enum Change {
    /// Numbers, each with the text instead.
    Instead(Vec<(usize, String)>),
    /// The arm is not there.
    NoArm { id: usize, has_guard: bool },
    /// The guard gives that.
    Guard(Vec<(usize, String)>),
    /// The function gives that.
    Return(Vec<(usize, String)>),
}

type Edits = BTreeMap<(usize, std::cmp::Reverse<usize>), Vec<Change>>;

/// The text of a range with what is changed in it.
fn render(text: &str, range: Range<usize>, edits: &Edits, own: bool) -> String {
    let mut out = String::new();
    let mut at = range.start;
    for ((start, std::cmp::Reverse(end)), changes) in edits.range((range.start, std::cmp::Reverse(usize::MAX))..) {
        if *start > range.end || *start < at || *end > range.end {
            continue;
        }
        if own && (*start, *end) == (range.start, range.end) {
            continue;
        }
        out.push_str(&text[at..*start]);
        out.push_str(&changed(text, *start..*end, changes, edits));
        at = *end;
    }
    out.push_str(&text[at..range.end]);
    out
}

fn marked(id: usize, text: &str) -> String {
    format!("/*<{id}*/{text}/*{id}>*/")
}

fn choice(cases: &[(usize, String)], otherwise: &str) -> String {
    let mut out = String::from("(");
    for (id, text) in cases {
        out += &format!("if crate::mutant::on({id}) {{ {} }} else ", marked(*id, text));
    }
    out + &format!("{{ {otherwise} }})")
}

fn changed(text: &str, range: Range<usize>, changes: &[Change], edits: &Edits) -> String {
    let mut out = render(text, range.clone(), edits, true);
    for change in changes {
        out = match change {
            Change::Instead(cases) | Change::Guard(cases) => choice(cases, &out),
            Change::NoArm { id, has_guard: false } => {
                format!("{out} if {}", marked(*id, &format!("!crate::mutant::on({id})")))
            }
            Change::NoArm { id, has_guard: true } => format!("!crate::mutant::on({id}) && ({out})"),
            Change::Return(cases) => {
                let returns = cases.iter().map(|(id, value)| {
                    format!(" if crate::mutant::on({id}) {{ {} }}", marked(*id, &format!("return {value};")))
                });
                format!("{{{}{}", returns.collect::<String>(), out.strip_prefix('{').unwrap())
            }
        };
    }
    out
}

const SWITCH: &str = r#"
/// Which mutant this process is.
#[doc(hidden)]
#[allow(missing_docs, clippy::all, clippy::pedantic)]
pub mod mutant {
    use std::io::Write as _;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, Ordering};

    static ACTIVE: OnceLock<(u32, Option<String>)> = OnceLock::new();
    static REACHED: [AtomicBool; COUNT] = [const { AtomicBool::new(false) }; COUNT];

    #[inline(never)]
    pub fn on(id: u32) -> bool {
        let (active, reached) = ACTIVE.get_or_init(|| {
            let number = std::env::var("MUTANT").ok().and_then(|number| number.parse().ok());
            (number.unwrap_or(u32::MAX), std::env::var("MUTANTS_REACHED").ok())
        });
        if let Some(file) = reached {
            if !REACHED[id as usize].swap(true, Ordering::Relaxed) {
                let file = std::fs::OpenOptions::new().append(true).create(true).open(file);
                let _ = file.unwrap().write_all(format!("{id}\n").as_bytes());
            }
        }
        *active == id
    }
}
"#;

/// Whether a function's result has a type without a name.
fn is_opaque(mutant: &Value) -> bool {
    mutant["function"]["return_type"].as_str().is_some_and(|kind| kind.contains("impl "))
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (list, copy) = (arguments.next().unwrap(), arguments.next().unwrap());
    let copy = Path::new(&copy);
    let list: Vec<Value> = serde_json::from_slice(&fs::read(list).unwrap()).unwrap();
    let unviable = fs::read_to_string(copy.join("unviable.txt")).unwrap_or_default();
    let unviable: BTreeSet<usize> = unviable.lines().map(|line| line.parse().unwrap()).collect();
    let mut by_file: BTreeMap<&str, Vec<(usize, &Value)>> = BTreeMap::new();
    for (id, mutant) in list.iter().enumerate() {
        by_file.entry(mutant["file"].as_str().unwrap()).or_default().push((id, mutant));
    }
    let mut placed = BTreeSet::new();
    for (file, mutants) in by_file {
        let original = copy.join("original").join(file);
        if !original.exists() {
            fs::create_dir_all(original.parent().unwrap()).unwrap();
            fs::copy(copy.join(file), &original).unwrap();
        }
        let text = fs::read_to_string(&original).unwrap();
        let sites = Sites::of(&text);
        let mut edits = Edits::new();
        let mut add = |range: &Range<usize>, change: Change| {
            let changes = edits.entry((range.start, std::cmp::Reverse(range.end))).or_default();
            match (changes.last_mut(), change) {
                (Some(Change::Instead(known)), Change::Instead(more))
                | (Some(Change::Guard(known)), Change::Guard(more))
                | (Some(Change::Return(known)), Change::Return(more)) => known.extend(more),
                (_, change) => changes.push(change),
            }
        };
        for (id, mutant) in mutants {
            if unviable.contains(&id) {
                continue;
            }
            let start = &mutant["span"]["start"];
            let number = |name: &str| usize::try_from(start[name].as_u64().unwrap()).unwrap();
            let at = (number("line"), number("column") - 1);
            let instead = mutant["replacement"].as_str().unwrap_or_default();
            let before = placed.len();
            placed.insert(id);
            match mutant["genre"].as_str().unwrap() {
                "BinaryOperator" if sites.binary.contains_key(&at) => {
                    let (whole, operator) = &sites.binary[&at];
                    let text = [&text[whole.start..operator.start], instead, &text[operator.end..whole.end]].concat();
                    add(whole, Change::Instead(vec![(id, text)]));
                }
                "UnaryOperator" if sites.unary.contains_key(&at) => {
                    let (whole, operand) = &sites.unary[&at];
                    let text = format!("{instead}{}", &text[operand.clone()]);
                    add(whole, Change::Instead(vec![(id, text)]));
                }
                "MatchArm" if sites.arms.contains_key(&at) => match &sites.arms[&at] {
                    (end, None) => add(&(*end..*end), Change::NoArm { id, has_guard: false }),
                    (_, Some(guard)) => add(guard, Change::NoArm { id, has_guard: true }),
                },
                "MatchArmGuard" if sites.guards.contains_key(&at) => {
                    add(&sites.guards[&at], Change::Guard(vec![(id, instead.to_owned())]));
                }
                // two types that are not named are not one
                "FnValue" if sites.bodies.contains_key(&at) && !is_opaque(mutant) => {
                    add(&sites.bodies[&at], Change::Return(vec![(id, instead.to_owned())]));
                }
                "StructField" if sites.fields.contains_key(&at) => {
                    let (whole, field) = &sites.fields[&at];
                    let text = [&text[whole.start..field.start], &text[field.end..whole.end]].concat();
                    add(whole, Change::Instead(vec![(id, text)]));
                }
                _ => {
                    placed.remove(&id);
                    assert_eq!(placed.len(), before);
                    eprintln!("no place: {id} {}", mutant["name"]);
                }
            }
        }
        let changed = render(&text, 0..text.len(), &edits, true);
        if file == "src/lib.rs" {
            panic!("lib.rs has the switch");
        }
        let target = copy.join(file);
        if fs::read_to_string(&target).unwrap() != changed {
            fs::write(target, changed).unwrap();
        }
    }
    let root = copy.join("src/lib.rs");
    let text = fs::read_to_string(&root).unwrap();
    if !text.contains("pub mod mutant {") {
        // what the compiler sees to be wrong is wrong only if it is chosen
        let allow = "#![allow(arithmetic_overflow, unconditional_panic, warnings)]\n";
        fs::write(&root, [allow, &text, &SWITCH.replace("COUNT", &list.len().to_string())].concat()).unwrap();
    }
    let placed: Vec<Value> = placed
        .into_iter()
        .map(|id| {
            let mut mutant = list[id].clone();
            mutant["id"] = id.into();
            mutant.as_object_mut().unwrap().remove("diff");
            mutant
        })
        .collect();
    println!("{} of {} mutants are there", placed.len(), list.len());
    fs::write(copy.join("mutants.json"), serde_json::to_vec(&placed).unwrap()).unwrap();
}
