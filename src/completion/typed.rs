//! The command line that is being typed, as far as values depend on it.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::arguments::open_site;
use crate::cli::{CaPassphraseArgs, SiteArgs};
use store::site::Site;

/// The zone or node that the words lead to, with what is in the environment, if it is there and can be read.
pub(super) fn site() -> Option<Site> {
    let words = words();
    let site = SiteArgs {
        zone: path_after(&words, "--zone"),
        config: path_after(&words, "--config"),
        ca_passphrase: CaPassphraseArgs::default(),
    };
    open_site(&site).ok()
}

/// The words, the name of the program first.
pub(super) fn words() -> Vec<String> {
    let words: Vec<OsString> = env::args_os().skip_while(|word| word != "--").skip(1).collect();
    let (words, _) = without_equals(words, 0);
    words.iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// The words without those that are the `=` behind an option, and the place of one of them after that.
pub(super) fn without_equals(words: Vec<OsString>, index: usize) -> (Vec<OsString>, usize) {
    let mut kept: Vec<OsString> = Vec::new();
    let mut place = index;
    for (number, word) in words.into_iter().enumerate() {
        let is_behind_option = kept.last().is_some_and(|last| last.to_string_lossy().starts_with("--"));
        if word == "=" && is_behind_option && number != index {
            place -= usize::from(number < index);
        } else {
            kept.push(word);
        }
    }
    (kept, place)
}

fn path_after(words: &[String], option: &str) -> Option<PathBuf> {
    let value = words.iter().enumerate().find_map(|(index, word)| match word.strip_prefix(option)? {
        "" => words.get(index + 1).map(String::as_str),
        rest => rest.strip_prefix('='),
    })?;
    let value = unquoted(value);
    match (value.strip_prefix("~/"), env::var_os("HOME")) {
        (Some(below), Some(home)) => Some(PathBuf::from(home).join(below)),
        _ => Some(PathBuf::from(value)),
    }
}

/// bash and zsh hand words over as they are typed.
fn unquoted(word: &str) -> String {
    match shlex::split(word).as_deref() {
        Some([one]) => one.clone(),
        _ => word.to_owned(),
    }
}
