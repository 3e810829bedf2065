//! Input that is wrong in one way, row by row: each is a clear error or a right result, nothing outside the
//! node directory is written, and what is active stays as it is.
//!
//! | module | rows |
//! |---|---|
//! | [`bytes`] | bundles that were cut off, changed, or are something else |
//! | [`seals`] | bundles in seals that cannot be opened |
//! | [`entries`] | archives with entries that no bundle has, signed by the zone's own root |
//! | [`manifests`] | manifests that none would write, signed by the zone's own root |
//! | [`contents`] | bundles that are whole, and bring what no member could work with |
//! | [`pem`] | certificates and keys in a local config, as texts and as files |
//! | [`json`] | local configs |
//! | [`requests`] | requests for certificates |
//!
//! Damage at every length and of every byte is in `bundle::damage`, through the library, since it takes
//! thousands of tries.

mod bytes;
mod contents;
mod entries;
mod json;
mod manifests;
mod pem;
mod requests;
mod seals;
mod sound;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::activation::activate;
use crate::support::{Refusal, Tree};
use sound::Sound;

/// What becomes of a row.
#[derive(Clone, Copy)]
pub enum Expected {
    /// It is refused with this exit code and a message that holds this.
    Refused(i32, &'static str),
    /// It is taken as if nothing were wrong with it.
    Taken,
}

use Expected::{Refused, Taken};

/// Makes the bytes of a bundle.
type Make = Box<dyn Fn(&Sound) -> Vec<u8>>;

/// One bundle for a node on which another is active.
pub struct Row {
    name: String,
    make: Make,
    expected: Expected,
}

/// A row of a table.
pub fn row(name: impl Into<String>, expected: Expected, make: impl Fn(&Sound) -> Vec<u8> + 'static) -> Row {
    Row { name: name.into(), make: Box::new(make), expected }
}

/// Activates each, where bundle 1 is active.
fn check(rows: &[Row]) {
    let sound = Sound::new();
    each(rows, |row| &row.name, |row| row.check(&sound));
}

impl Row {
    fn check(&self, sound: &Sound) {
        let file = sound.zone.around().join("row.bundle");
        std::fs::write(&file, (self.make)(sound)).expect("a file");
        let passphrase = sound.passphrase.display().to_string();
        let arguments = ["--passphrase-file", passphrase.as_str()];
        let around = Tree::of(sound.zone.around());
        match self.expected {
            Refused(code, phrase) => {
                activate(&file, &sound.directory, &arguments).expect_refusal(code, &[phrase]);
            }
            Taken => {
                let copy = tempfile::tempdir().expect("a directory");
                let directory = copy.path().join("node");
                Tree::of(&sound.directory).write_to(&directory);
                activate(&file, &directory, &arguments).expect_code(0);
            }
        }
        Tree::of(sound.zone.around()).assert_same_as(&around, &self.name);
    }
}

/// Checks every row, and names all that fail.
fn each<R>(rows: &[R], name: impl Fn(&R) -> &str, check: impl Fn(&R)) {
    let fails = |row: &&R| catch_unwind(AssertUnwindSafe(|| check(row))).is_err();
    let failed: Vec<&str> = rows.iter().filter(fails).map(name).collect();
    assert!(failed.is_empty(), "{} of {} rows: {failed:#?}", failed.len(), rows.len());
}

#[test]
fn bundles_cut_or_changed() {
    check(&bytes::rows());
}

#[test]
fn bundles_in_seals() {
    check(&seals::rows());
}

#[test]
fn bundles_with_other_entries() {
    check(&entries::rows());
}

#[test]
fn bundles_with_other_manifests() {
    check(&manifests::rows());
}

#[test]
fn bundles_with_other_contents() {
    check(&contents::rows());
}

/// How many rows there are, and that none stands for another.
#[test]
fn there_are_more_than_eighty() {
    let bundles = [bytes::rows(), seals::rows(), entries::rows(), manifests::rows(), contents::rows()];
    let mut names: Vec<String> =
        bundles.into_iter().flatten().map(|row| format!("bundle: {}", row.name)).collect();
    names.extend(pem::rows().iter().map(|row| format!("pem: {} {}", row.field, row.name)));
    names.extend(json::rows().iter().map(|row| format!("json: {}", row.name)));
    names.extend(requests::rows().iter().map(|row| format!("requests: {}", row.name)));
    for kind in ["bundle", "pem", "json", "requests"] {
        let count = names.iter().filter(|name| name.starts_with(kind)).count();
        println!("{kind}: {count}");
    }
    let different: BTreeSet<&String> = names.iter().collect();
    assert_eq!(different.len(), names.len(), "each row has a name of its own");
    assert!(names.len() >= 80, "{} rows", names.len());
}
