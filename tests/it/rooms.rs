//! The modules of the crate import each other one way: each can be read, and taken out, with what is below it alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What each module at the top of `src` takes from others there.
type Arrows = BTreeMap<String, BTreeSet<String>>;

fn rooms(source: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(source).expect("the sources").map(|entry| entry.expect("an entry").path());
    let names = entries.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned());
    names.filter(|name| name != "main" && name != "lib").collect()
}

fn add_arrows(path: &Path, from: &str, rooms: &BTreeSet<String>, arrows: &mut Arrows) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a directory") {
            add_arrows(&entry.expect("an entry").path(), from, rooms, arrows);
        }
        return;
    }
    if path.extension().is_none_or(|extension| extension != "rs") {
        return;
    }
    let text = fs::read_to_string(path).expect("a source");
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    for place in code.flat_map(|line| line.split("crate::").skip(1)) {
        let to: String = place.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
        if to != from && rooms.contains(&to) {
            arrows.entry(from.to_owned()).or_default().insert(to);
        }
    }
}

#[test]
fn no_module_imports_one_that_imports_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rooms = rooms(&source);
    let mut arrows = Arrows::new();
    for room in &rooms {
        let file = source.join(format!("{room}.rs"));
        let path = if file.exists() { file } else { source.join(room) };
        add_arrows(&path, room, &rooms, &mut arrows);
    }
    let count: usize = arrows.values().map(BTreeSet::len).sum();
    println!("{} modules, {count} arrows", rooms.len());
    assert!(rooms.len() > 25 && count > 100, "{} modules, {count} arrows", rooms.len());
    // Those that import nothing that is left are taken away until none is.
    let mut left = rooms;
    loop {
        let is_ground = |room: &&String| arrows.get(*room).is_none_or(|below| below.is_disjoint(&left));
        let ground: Vec<String> = left.iter().filter(is_ground).cloned().collect();
        if ground.is_empty() {
            break;
        }
        left.retain(|room| !ground.contains(room));
    }
    let of = |room: &String| format!("{room} -> {:?}", arrows.get(room).map(|below| below & &left));
    assert!(
        left.is_empty(),
        "these are in a circle, or above one:\n{}",
        left.iter().map(of).collect::<Vec<_>>().join("\n")
    );
}
