//! Functions that do the product's work are named with four words or more: verb, noun, relation, qualifier.
//!
//! Exempt, because the language's own habits are clearer there: methods of traits, constructors (no `self` in, `Self`
//! out) and conversions (`with_*`, `from_*`, `into_*`, `to_*`, `as_*`), plain accessors and questions (`&self`, nothing else, no
//! `async`, one expression), builders (`self` in, `Self` out), `main`, tests, and functions inside functions. And methods
//! that stand in for those of a library, under the names that their callers know.
//!
//! A name does not reach its length by padding: no function at all, helpers of tests included, ends in a word that
//! says nothing. Exempt are tests, which are sentences, and implementations of traits, which others named.

use std::{fs, path::Path};

use syn::{
    FnArg, ImplItem, ImplItemFn, ItemFn, ItemImpl, ReturnType, Signature, Stmt, visit::Visit,
};
use walkdir::WalkDir;

const WORDS: usize = 4;
/// Last words that name neither a thing nor what is done to it.
const PADDING: [&str; 9] = ["now", "here", "again", "once", "soon", "of", "for", "in", "as"];
/// What stands in for a type of socketioxide's engine, and for locks and flags of the standard library.
const NAMED_BY_LIBRARIES: [(&str, &[&str]); 2] = [
    (
        "engine/src/socket.rs",
        &[
            "reserve",
            "emit",
            "emit_binary",
            "emit_many",
            "emit_volatile",
            "emit_binary_volatile",
            "emit_many_volatile",
            "close",
            "closed",
        ],
    ),
    ("interleaving/src/lib.rs", &["lock", "load", "store", "swap"]),
];

#[derive(Default)]
struct ShortNames {
    file: String,
    found: Vec<String>,
    checked: usize,
}

impl ShortNames {
    fn check(&mut self, signature: &Signature) {
        self.checked += 1;
        let name = signature.ident.to_string();
        let is_named_by_library =
            |(file, names): &(&str, &[&str])| self.file == *file && names.contains(&&*name);
        if NAMED_BY_LIBRARIES.iter().any(is_named_by_library) {
            return;
        }
        if name.split('_').filter(|word| !word.is_empty()).count() < WORDS {
            self.found.push(format!("{}: {name}", self.file));
        }
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|a| a.path().segments.last().is_some_and(|s| s.ident == "test"))
}

fn is_constructor_or_conversion(signature: &Signature) -> bool {
    let name = signature.ident.to_string();
    name == "new"
        || name == "main"
        || ["with_", "from_", "into_", "to_", "as_"].iter().any(|p| name.starts_with(p))
}

fn is_plain_accessor(method: &ImplItemFn) -> bool {
    let signature = &method.sig;
    let only_self =
        signature.inputs.len() == 1 && matches!(signature.inputs.first(), Some(FnArg::Receiver(_)));
    let one_expression =
        method.block.stmts.len() == 1 && matches!(method.block.stmts[0], Stmt::Expr(_, None));
    only_self
        && signature.asyncness.is_none()
        && one_expression
        && !matches!(signature.output, ReturnType::Default)
}

fn is_constructor(method: &ImplItemFn) -> bool {
    let takes_self = matches!(method.sig.inputs.first(), Some(FnArg::Receiver(_)));
    let ReturnType::Type(_, ty) = &method.sig.output else { return false };
    let syn::Type::Path(path) = &**ty else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    // `Self`, or `Result<Self>`, `Arc<Self>`, `Option<Self>`.
    let wrapped = matches!(&last.arguments, syn::PathArguments::AngleBracketed(inner)
        if matches!(inner.args.first(), Some(syn::GenericArgument::Type(syn::Type::Path(path)))
            if path.path.is_ident("Self")));
    !takes_self && (last.ident == "Self" || wrapped)
}

fn is_builder(method: &ImplItemFn) -> bool {
    let takes_self =
        matches!(method.sig.inputs.first(), Some(FnArg::Receiver(r)) if r.reference.is_none());
    let gives_self = matches!(&method.sig.output, ReturnType::Type(_, ty)
        if matches!(&**ty, syn::Type::Path(path) if path.path.is_ident("Self")));
    takes_self && gives_self
}

impl<'ast> Visit<'ast> for ShortNames {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if !is_test(&item.attrs) && !is_constructor_or_conversion(&item.sig) {
            self.check(&item.sig);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        if item.trait_.is_some() {
            return;
        }
        for method in &item.items {
            let ImplItem::Fn(method) = method else { continue };
            let exempt = is_constructor_or_conversion(&method.sig)
                || is_constructor(method)
                || is_plain_accessor(method)
                || is_builder(method);
            if !exempt {
                self.check(&method.sig);
            }
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let of_tests = item.attrs.iter().any(|attribute| attribute.path().is_ident("cfg"));
        if !of_tests {
            syn::visit::visit_item_mod(self, item);
        }
    }
}

#[derive(Default)]
struct PaddedNames {
    file: String,
    found: Vec<String>,
}

impl PaddedNames {
    fn check(&mut self, signature: &Signature) {
        let name = signature.ident.to_string();
        if name.rsplit('_').next().is_some_and(|last| PADDING.contains(&last)) {
            self.found.push(format!("{}: {name}", self.file));
        }
    }
}

impl<'ast> Visit<'ast> for PaddedNames {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if !is_test(&item.attrs) {
            self.check(&item.sig);
        }
        syn::visit::visit_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        if item.trait_.is_none() {
            for method in &item.items {
                let ImplItem::Fn(method) = method else { continue };
                self.check(&method.sig);
            }
        }
        syn::visit::visit_item_impl(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.check(&item.sig);
        syn::visit::visit_trait_item_fn(self, item);
    }
}

/// Every Rust file of the crates: its path below their folder, and what it says.
fn parse_every_source() -> Vec<(String, syn::File)> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the folder of the crates");
    WalkDir::new(crates)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs"))
        .map(|entry| {
            let name = entry.path().strip_prefix(crates).expect("inside").display().to_string();
            let source = fs::read_to_string(entry.path()).expect("a readable file");
            (name, syn::parse_file(&source).expect("Rust"))
        })
        .collect()
}

#[test]
fn should_name_every_working_function_with_four_words() {
    let mut names = ShortNames::default();
    for (name, file) in parse_every_source() {
        if Path::new(&name).components().any(|part| part.as_os_str() == "src") {
            names.file = name;
            names.visit_file(&file);
        }
    }
    assert!(names.checked > 200, "the check looked at {} functions only", names.checked);
    assert!(
        names.found.is_empty(),
        "named with fewer than four words:\n{}",
        names.found.join("\n")
    );
}

#[test]
fn should_end_no_name_in_a_word_that_says_nothing() {
    let mut names = PaddedNames::default();
    for (name, file) in parse_every_source() {
        names.file = name;
        names.visit_file(&file);
    }
    assert!(names.found.is_empty(), "named with padding:\n{}", names.found.join("\n"));
}

#[test]
fn should_find_padding_wherever_a_function_is_named() {
    let source = "
        fn flush_pending_changes_now() { fn write_changes_again() {} }
        impl Log { fn trim_event_log_once(&self) {} fn forget_oldest_event_once_read(&self) {} }
        impl Handler for Log { fn named_by_others_as(&self) {} }
        trait Transport { fn send_frame_soon(&self); }
        mod tests { fn id_of() {} #[test] fn should_let_nobody_in() {} }";
    let mut names = PaddedNames::default();
    names.visit_file(&syn::parse_str(source).expect("Rust"));
    let expected = [
        ": flush_pending_changes_now",
        ": write_changes_again",
        ": trim_event_log_once",
        ": send_frame_soon",
        ": id_of",
    ];
    assert_eq!(names.found, expected);
}
