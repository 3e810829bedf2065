//! A directory as it is at one instant, to show that a command changed nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

/// Every file, directory and link below a directory, with mode, owner and content. Times are left out: a
/// temporary file that came and went changes the time of its directory, and harms nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Tree(BTreeMap<PathBuf, Entry>);

#[derive(Clone, PartialEq, Eq)]
struct Entry {
    mode: u32,
    owner: u32,
    content: Content,
}

#[derive(Clone, PartialEq, Eq)]
enum Content {
    Directory,
    File(Vec<u8>),
    Link(PathBuf),
    Other,
}

impl Tree {
    /// What lies below `root`, which need not exist.
    pub fn of(root: &Path) -> Self {
        let mut entries = BTreeMap::new();
        if root.exists() {
            collect(root, Path::new(""), &mut entries);
        }
        Self(entries)
    }

    /// The same without what a refused `run` may leave: the node's directory and the lock file in it.
    pub fn without_locks(mut self) -> Self {
        self.0.retain(|path, _| {
            let parts: Vec<_> = path.iter().collect();
            let is_trace = match parts.as_slice() {
                [nodes] => *nodes == "nodes",
                [nodes, _] => *nodes == "nodes",
                [nodes, _, file] => *nodes == "nodes" && *file == "lock",
                _ => false,
            };
            !is_trace
        });
        self
    }

    /// Writes it all to `root`, with modes; a file that is there is not expected.
    pub fn write_to(&self, root: &Path) {
        for (path, entry) in &self.0 {
            let path = root.join(path);
            match &entry.content {
                Content::Directory => std::fs::DirBuilder::new().mode(entry.mode).create(&path),
                Content::Link(target) => symlink(target, &path),
                Content::File(bytes) => OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(entry.mode & 0o7777)
                    .open(&path)
                    .and_then(|mut file| file.write_all(bytes)),
                Content::Other => panic!("{} is neither a file nor a directory nor a link", path.display()),
            }
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }

    /// The paths, relative to the root.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    /// Asserts that nothing differs from `before`, and names what does.
    #[track_caller]
    pub fn assert_same_as(&self, before: &Self, after_what: &str) {
        let differences = before.differences(self);
        assert!(differences.is_empty(), "after {after_what}:\n{}", differences.join("\n"));
    }

    fn differences(&self, after: &Self) -> Vec<String> {
        let mut found = Vec::new();
        for (path, entry) in &self.0 {
            match after.0.get(path) {
                None => found.push(format!("lost {}", path.display())),
                Some(now) if now != entry => {
                    found.push(format!("changed {}: {entry:?} to {now:?}", path.display()))
                }
                Some(_) => {}
            }
        }
        let new = after.0.keys().filter(|path| !self.0.contains_key(*path));
        found.extend(new.map(|path| format!("new {}", path.display())));
        found
    }
}

fn collect(root: &Path, relative: &Path, entries: &mut BTreeMap<PathBuf, Entry>) {
    let path = root.join(relative);
    let metadata = std::fs::symlink_metadata(&path).expect("metadata");
    let content = if metadata.is_dir() {
        for child in std::fs::read_dir(&path).expect("a directory") {
            collect(root, &relative.join(child.expect("an entry").file_name()), entries);
        }
        Content::Directory
    } else if metadata.is_symlink() {
        Content::Link(std::fs::read_link(&path).expect("a link"))
    } else if metadata.is_file() {
        Content::File(std::fs::read(&path).expect("a file"))
    } else {
        Content::Other
    };
    entries.insert(relative.to_owned(), Entry { mode: metadata.mode(), owner: metadata.uid(), content });
}

/// Keys are among the files, so no content is shown.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.content {
            Content::Directory => "directory".to_owned(),
            Content::File(bytes) => format!("file of {} bytes", bytes.len()),
            Content::Link(target) => format!("link to {}", target.display()),
            Content::Other => "other".to_owned(),
        };
        write!(f, "{kind}, mode {:o}, owner {}", self.mode & 0o7777, self.owner)
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.0).finish()
    }
}
