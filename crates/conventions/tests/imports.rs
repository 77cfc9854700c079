//! Modules of a crate do not import each other in a circle: each can be understood with those below it alone.
//!
//! Looked at are the modules at the top of each crate, with all that is inside them, and every path that leads from one
//! into another: `crate::…` and `super::…`, in imports and elsewhere. What the root of the crate re-exports counts as
//! the module it comes from. Modules of tests are left out, and what is inside the calls of macros is not seen.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs,
    path::Path,
};

use syn::{Attribute, Item, ItemMod, ItemUse, UseTree, Visibility, visit::Visit};

/// Which modules at the top of a crate each of them imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// Finds the paths of one module at the top, and of those inside it, that lead to the root of the crate.
#[derive(Default)]
struct PathsToRoot {
    /// How far below the root the code is that is looked at.
    depth: usize,
    /// The names behind `crate::`.
    found: BTreeSet<String>,
    /// Modules in files of their own that were declared.
    declared: Vec<String>,
}

impl PathsToRoot {
    fn note_path(&mut self, path: &[String]) {
        let upwards = path.iter().take_while(|segment| *segment == "super").count();
        let behind_root = match path.first().map(String::as_str) {
            Some("crate") => path.get(1),
            Some("super") if upwards == self.depth => path.get(upwards),
            _ => None,
        };
        self.found.extend(behind_root.cloned());
    }

    /// Reads a module and those inside it; `folder` is where their files are.
    fn read_module(&mut self, file: &Path, folder: &Path) {
        let source = fs::read_to_string(file).expect("a readable file");
        self.visit_file(&syn::parse_file(&source).expect("Rust"));
        for name in std::mem::take(&mut self.declared) {
            self.depth += 1;
            self.read_module(&find_file_of_module(folder, &name), &folder.join(&name));
            self.depth -= 1;
        }
    }
}

impl<'ast> Visit<'ast> for PathsToRoot {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        for path in list_paths_of_tree(&item.tree) {
            self.note_path(&path);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        self.note_path(&segments);
        syn::visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if is_of_tests(&item.attrs) {
        } else if item.content.is_none() {
            self.declared.push(item.ident.to_string());
        } else {
            self.depth += 1;
            syn::visit::visit_item_mod(self, item);
            self.depth -= 1;
        }
    }
}

fn is_of_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let words = attribute.meta.require_list().map(|list| list.tokens.to_string());
        attribute.path().is_ident("cfg") && words.is_ok_and(|words| words.contains("test"))
    })
}

fn find_file_of_module(folder: &Path, name: &str) -> std::path::PathBuf {
    let own_file = folder.join(format!("{name}.rs"));
    if own_file.exists() { own_file } else { folder.join(name).join("mod.rs") }
}

fn list_paths_of_tree(tree: &UseTree) -> Vec<Vec<String>> {
    match tree {
        UseTree::Path(path) => {
            let head = path.ident.to_string();
            let mut paths = list_paths_of_tree(&path.tree);
            paths.iter_mut().for_each(|rest| rest.insert(0, head.clone()));
            paths
        }
        UseTree::Name(name) => vec![vec![name.ident.to_string()]],
        // The name it gets comes last, as it does for all others.
        UseTree::Rename(item) => vec![vec![item.ident.to_string(), item.rename.to_string()]],
        UseTree::Glob(_) => vec![vec!["*".to_owned()]],
        UseTree::Group(group) => group.items.iter().flat_map(list_paths_of_tree).collect(),
    }
}

/// What each module of the crate imports; `src` is the folder of its `lib.rs`.
fn read_imports_of_crate(src: &Path) -> Imports {
    let root = fs::read_to_string(src.join("lib.rs")).expect("a lib.rs");
    let (mut modules, mut exported) = (Vec::new(), BTreeMap::new());
    for item in syn::parse_file(&root).expect("Rust").items {
        match item {
            Item::Mod(module) if !is_of_tests(&module.attrs) && module.content.is_none() => {
                modules.push(module.ident.to_string());
            }
            Item::Use(item) if !matches!(item.vis, Visibility::Inherited) => {
                for mut path in list_paths_of_tree(&item.tree) {
                    path.retain(|segment| segment != "crate" && segment != "self");
                    let name = path.last().expect("a name").clone();
                    exported.insert(name, path[0].clone());
                }
            }
            _ => {}
        }
    }
    let imports_of = |module: &String| {
        let mut paths = PathsToRoot { depth: 1, ..PathsToRoot::default() };
        paths.read_module(&find_file_of_module(src, module), &src.join(module));
        let origin = |name| exported.get(&name).cloned().unwrap_or(name);
        let imported = paths.found.into_iter().map(origin);
        imported.filter(|name| name != module && modules.contains(name)).collect()
    };
    modules.iter().map(|module| (module.clone(), imports_of(module))).collect()
}

/// The shortest circle through each module that is the first by name of those in it.
fn list_circles_of_imports(imports: &Imports) -> Vec<String> {
    imports.keys().filter_map(|module| find_circle_through_module(imports, module)).collect()
}

fn find_circle_through_module(imports: &Imports, start: &String) -> Option<String> {
    let mut ways = VecDeque::from([vec![start.as_str()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for next in &imports[way[way.len() - 1]] {
            let longer = [&*way, &[next]].concat();
            if next == start {
                return Some(longer.join(" -> "));
            }
            if next > start && seen.insert(next) {
                ways.push_back(longer);
            }
        }
    }
    None
}

#[test]
fn should_import_modules_of_a_crate_in_no_circle() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the folder of the crates");
    let mut found = Vec::new();
    for entry in fs::read_dir(crates).expect("the crates") {
        let entry = entry.expect("a crate");
        let name = entry.file_name().into_string().expect("a plain name");
        let circles = list_circles_of_imports(&read_imports_of_crate(&entry.path().join("src")));
        found.extend(circles.into_iter().map(|circle| format!("{name}: {circle}")));
    }
    assert!(found.is_empty(), "modules import each other:\n{}", found.join("\n"));
}

#[test]
fn should_find_a_circle_however_it_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let src = folder.path();
    for (file, source) in [
        ("lib.rs", "mod error; mod page; mod store; mod users; pub use error::Failure as Error;"),
        // Through the name that the root gives it, from two levels below.
        ("store.rs", "mod rows; #[cfg(test)] mod tests;"),
        ("store/rows.rs", "use super::super::Error; fn read() { super::helper(); }"),
        ("error.rs", "mod causes { pub(crate) fn list(of: crate::store::Store) {} }"),
        // Only its tests look back.
        ("page.rs", "use crate::error::Code; #[cfg(test)] mod tests { use crate::users::User; }"),
        ("users/mod.rs", "use crate::{error, page::{self, Page}};"),
    ] {
        let path = src.join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, source).expect("a file");
    }
    let imports = read_imports_of_crate(src);
    assert_eq!(list_circles_of_imports(&imports), ["error -> store -> error"]);
    assert_eq!(imports["users"], BTreeSet::from(["error".to_owned(), "page".to_owned()]));
}
