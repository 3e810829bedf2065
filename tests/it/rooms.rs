//! What imports what. Between crates the compiler sees to it that it goes one way; here, that it does between
//! the modules of a crate as well: each can be read, and taken out, with what is below it alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each room takes from others.
type Arrows = BTreeMap<String, BTreeSet<String>>;

fn entries(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path()).collect()
}

/// The sources of all crates, by the directory of each.
pub fn sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec![root.join("src"), root.join("pki/src")];
    found.extend(entries(&root.join("crates")).iter().map(|krate| krate.join("src")));
    found
}

fn modules(source: &Path) -> BTreeSet<String> {
    let names = entries(source)
        .into_iter()
        .filter(|path| path.is_dir() || path.extension().is_some_and(|end| end == "rs"));
    let names = names.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned());
    names.filter(|name| name != "main" && name != "lib").collect()
}

fn add_arrows(path: &Path, from: &str, modules: &BTreeSet<String>, arrows: &mut Arrows) {
    if path.is_dir() {
        entries(path).iter().for_each(|entry| add_arrows(entry, from, modules, arrows));
        return;
    }
    if path.extension().is_none_or(|extension| extension != "rs") {
        return;
    }
    let text = fs::read_to_string(path).expect("a source");
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    for place in code.flat_map(|line| line.split("crate::").skip(1)) {
        let to: String = place.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
        if to != from && modules.contains(&to) {
            arrows.entry(from.to_owned()).or_default().insert(to);
        }
    }
}

/// Those that are left after what imports nothing that is left was taken away, again and again.
fn in_circles(arrows: &Arrows) -> BTreeSet<String> {
    let mut left: BTreeSet<String> = arrows.keys().cloned().collect();
    loop {
        let is_ground = |room: &&String| arrows[*room].is_disjoint(&left);
        let ground: Vec<String> = left.iter().filter(is_ground).cloned().collect();
        if ground.is_empty() {
            return left;
        }
        left.retain(|room| !ground.contains(room));
    }
}

#[test]
fn no_module_imports_one_that_imports_it() {
    // What is below zone-pki alone is read as one.
    for source in sources().into_iter().filter(|source| !source.ends_with("pki/src")) {
        let (modules, mut arrows) = (modules(&source), Arrows::new());
        assert!(!modules.is_empty(), "{}", source.display());
        for module in &modules {
            let file = source.join(format!("{module}.rs"));
            let path = if file.exists() { file } else { source.join(module) };
            add_arrows(&path, module, &modules, &mut arrows);
        }
        let count: usize = arrows.values().map(BTreeSet::len).sum();
        println!("{}: {} modules, {count} arrows", source.display(), modules.len());
        let left = in_circles(&arrows);
        let of = |room: &String| format!("{room} -> {:?}", &arrows[room] & &left);
        let circles: Vec<String> = left.iter().map(of).collect();
        assert!(left.is_empty(), "{}: in a circle, or above one:\n{}", source.display(), circles.join("\n"));
    }
}

/// Only the crate that knows etcd's API knows that it is gRPC.
#[test]
fn one_crate_knows_grpc() {
    let with_tonic = sources().into_iter().filter(|source| {
        let manifest = source.parent().expect("its crate").join("Cargo.toml");
        let text = fs::read_to_string(manifest).expect("a manifest");
        // What all crates share says which version, in the manifest of the workspace.
        text.lines().any(|line| line == "tonic.workspace = true")
    });
    let names: Vec<PathBuf> = with_tonic.collect();
    assert!(names.len() == 1 && names[0].ends_with("etcd/src"), "{names:?}");
}

/// What two commands need is below them: in `arguments`, in `output`, or in a crate.
#[test]
fn no_command_imports_another() {
    let commands = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/commands");
    let names = modules(&commands);
    assert!(names.len() > 15, "{names:?}");
    let mut found = Vec::new();
    let mut look = |path: &Path, is_at_the_top: bool| {
        let text = fs::read_to_string(path).expect("a source");
        let above = if is_at_the_top { "super::" } else { "super::super::" };
        for place in [above, "commands::"].iter().flat_map(|begin| text.split(begin).skip(1)) {
            let to: String = place.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            if names.contains(&to) {
                found.push(format!("{} imports {to}", path.display()));
            }
        }
    };
    for entry in entries(&commands).iter().filter(|entry| !entry.ends_with("mod.rs")) {
        match entry.is_dir() {
            false => look(entry, true),
            true => entries(entry)
                .iter()
                .filter(|path| path.is_file())
                .for_each(|path| look(path, path.ends_with("mod.rs"))),
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
