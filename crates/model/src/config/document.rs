//! Reads a document table by table, and notes every problem with its place instead of stopping at the first.
//! The two formats become the same values (`toml_document`, `json_document`); what is said of them differs in
//! few words.
//!
//! serde's `deny_unknown_fields` refuses unknown keys too, but stops at the first fault. An operator who
//! corrects a file wants all of them.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use zeroize::Zeroizing;

use super::problem::Problems;

/// A value with its place in the file.
#[derive(Clone, Debug)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Its bytes in the file.
    pub span: Range<usize>,
}

/// A value as it is written.
pub enum Value {
    /// A string, which may be a key: it is wiped when it is dropped.
    Text(Zeroizing<String>),
    /// A whole number, or the digits of one that is too large.
    Integer(Result<i64, String>),
    /// Any other number, as it is written.
    Float(String),
    /// `true` or `false`.
    Boolean(bool),
    /// A list.
    List(Vec<At<Value>>),
    /// A table, or an object.
    Table(Entries),
    /// JSON's `null`.
    Null,
    /// TOML's date.
    Date,
}

/// The keys of a table, as they are written: in JSON one may be there twice.
pub type Entries = Vec<(At<String>, At<Value>)>;

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A person writes it, and no key in it means nothing.
    Toml,
    /// Programs write it, and add keys of their own.
    Json,
}

/// A whole document.
pub struct Document {
    pub(super) format: Format,
    pub(super) entries: Entries,
    pub(super) span: Range<usize>,
}

impl Document {
    /// The table that holds all others.
    pub fn table(&self) -> Table<'_> {
        Table::new("the file", self.format, &self.entries, self.span.clone())
    }
}

/// One table of the document. Keys that were asked for are known; [`Table::finish`] reports the others.
pub struct Table<'d> {
    name: &'static str,
    format: Format,
    span: Range<usize>,
    entries: &'d Entries,
    known: RefCell<BTreeSet<&'static str>>,
    /// Keys that have to be there and are not.
    missing: RefCell<BTreeSet<&'static str>>,
}

impl<'d> Table<'d> {
    /// A table that is called `name` in messages, such as `[zone]`.
    fn new(name: &'static str, format: Format, entries: &'d Entries, span: Range<usize>) -> Self {
        Self { name, format, span, entries, known: RefCell::default(), missing: RefCell::default() }
    }

    /// Where the table stands.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Reports `key` as missing if it is.
    pub fn require(&self, key: &'static str, instead: &str, problems: &mut Problems<'_>) {
        if self.get(key).is_none() {
            problems.error(self.span(), format!("{} has no `{key}`", self.name), instead);
            self.missing.borrow_mut().insert(key);
        }
    }

    /// A string.
    pub fn string(
        &self,
        key: &'static str,
        problems: &mut Problems<'_>,
    ) -> Option<At<&'d Zeroizing<String>>> {
        let written = self.get(key)?;
        match &written.value {
            Value::Text(text) => Some(At { value: text, span: written.span.clone() }),
            _ => self.wrong_type(key, written, "a string in quotes", problems),
        }
    }

    /// A string that `read` turns into a domain value.
    pub fn parse<T>(
        &self,
        key: &'static str,
        problems: &mut Problems<'_>,
        read: impl FnOnce(&str) -> Result<T, (String, String)>,
    ) -> Option<At<T>> {
        let text = self.string(key, problems)?;
        match read(text.value) {
            Ok(value) => Some(At { value, span: text.span }),
            Err((what, instead)) => {
                problems.error(text.span, what, instead);
                None
            }
        }
    }

    /// A whole number.
    pub fn integer(&self, key: &'static str, problems: &mut Problems<'_>) -> Option<At<i64>> {
        let written = self.get(key)?;
        match &written.value {
            Value::Integer(Ok(number)) => Some(At { value: *number, span: written.span.clone() }),
            Value::Integer(Err(digits)) => {
                let what = format!("`{key}` = {digits} is too large");
                problems.error(written.span.clone(), what, "write a smaller number");
                None
            }
            _ => self.wrong_type(key, written, "a whole number without quotes", problems),
        }
    }

    /// `true` or `false`.
    pub fn boolean(&self, key: &'static str, problems: &mut Problems<'_>) -> Option<At<bool>> {
        let written = self.get(key)?;
        match written.value {
            Value::Boolean(flag) => Some(At { value: flag, span: written.span.clone() }),
            _ => self.wrong_type(key, written, "true or false without quotes", problems),
        }
    }

    /// A list of strings.
    pub fn strings(&self, key: &'static str, problems: &mut Problems<'_>) -> Vec<At<String>> {
        let items = self.items(key, "a list such as [\"a\", \"b\"]", problems);
        let read = |item: &At<Value>| match &item.value {
            Value::Text(text) => Some(At { value: text.to_string(), span: item.span.clone() }),
            _ => self.wrong_type(key, item, "strings in quotes", problems),
        };
        items.iter().filter_map(read).collect()
    }

    /// A string, or a list of them.
    pub fn one_or_more_strings(&self, key: &'static str, problems: &mut Problems<'_>) -> Vec<At<String>> {
        match self.get(key) {
            Some(At { value: Value::Text(text), span }) => {
                vec![At { value: text.to_string(), span: span.clone() }]
            }
            _ => self.strings(key, problems),
        }
    }

    /// A table inside this one.
    pub fn table(
        &self,
        key: &'static str,
        name: &'static str,
        problems: &mut Problems<'_>,
    ) -> Option<Table<'d>> {
        let written = self.get(key)?;
        match &written.value {
            Value::Table(entries) => Some(Table::new(name, self.format, entries, written.span.clone())),
            _ => self.wrong_type(key, written, &format!("a table that starts with {name}"), problems),
        }
    }

    /// A list of tables, such as `[[node]]`, each called `name` in messages; empty if it is absent.
    pub fn tables(
        &self,
        key: &'static str,
        name: &'static str,
        problems: &mut Problems<'_>,
    ) -> Vec<Table<'d>> {
        let wanted = match self.format {
            Format::Toml => format!("a table of its own for each, starting with {name}"),
            Format::Json => "a list of objects: [{…}, {…}]".to_owned(),
        };
        let items = self.items(key, &wanted, problems);
        let read = |item: &'d At<Value>| match &item.value {
            Value::Table(entries) => Some(Table::new(name, self.format, entries, item.span.clone())),
            _ => self.wrong_type(key, item, &wanted, problems),
        };
        items.iter().filter_map(read).collect()
    }

    /// Every key with its scalar value as text, for tables whose keys are free, such as `[etcd.flags]`.
    pub fn scalars(&self, problems: &mut Problems<'_>) -> Vec<(At<String>, At<String>)> {
        let read = |(key, written): &(At<String>, At<Value>)| {
            let text = match &written.value {
                Value::Text(text) => text.to_string(),
                // Hexadecimal and the like are TOML's; etcd is given the number.
                Value::Integer(Ok(number)) => number.to_string(),
                Value::Integer(Err(number)) | Value::Float(number) => number.clone(),
                Value::Boolean(flag) => flag.to_string(),
                _ => {
                    return self.wrong_type(
                        &key.value,
                        written,
                        "a string, a number, true or false",
                        problems,
                    );
                }
            };
            Some((key.clone(), At { value: text, span: written.span.clone() }))
        };
        self.entries.iter().filter_map(read).collect()
    }

    /// Reports the keys that are there twice, and those that are not known, each with the nearest known
    /// one. Programs add keys of their own to a file that they write, so there such a key is told of and
    /// passed over, unless it is nearly a known one.
    pub fn finish(self, problems: &mut Problems<'_>) {
        let (known, missing) = (self.known.into_inner(), self.missing.into_inner());
        let mut seen = HashSet::new();
        for (At { value: key, span }, _) in self.entries {
            if !seen.insert(key) {
                // Programs differ in which of the two they take.
                let what = format!("`{key}` is there twice in {}", self.name);
                problems.error(span.clone(), what, "remove one of the two");
                continue;
            }
            if known.contains(&**key) {
                continue;
            }
            let hint = match self.format {
                Format::Toml => Some(nearest_hint(key, known.iter().copied())),
                Format::Json => known
                    .iter()
                    .find(|known| is_misspelt(key, known, missing.contains(*known)))
                    .map(|meant| format!("did you mean `{meant}`?")),
            };
            match hint {
                Some(hint) => {
                    problems.error(span.clone(), format!("unknown key `{key}` in {}", self.name), hint)
                }
                None => {
                    let what = format!("`{key}` in {} is not read by this program", self.name);
                    problems.warning(span.clone(), what, "");
                }
            }
        }
    }

    /// Whether it is there, whatever it is.
    pub fn has(&self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    fn get(&self, key: &'static str) -> Option<&'d At<Value>> {
        self.known.borrow_mut().insert(key);
        self.entries.iter().find(|(written, _)| written.value == key).map(|(_, value)| value)
    }

    fn items(&self, key: &'static str, wanted: &str, problems: &mut Problems<'_>) -> &'d [At<Value>] {
        match self.get(key) {
            None | Some(At { value: Value::Null, .. }) => &[],
            Some(At { value: Value::List(items), .. }) => items,
            Some(written) => self.wrong_type(key, written, wanted, problems).unwrap_or_default(),
        }
    }

    fn wrong_type<T>(
        &self,
        key: &str,
        written: &At<Value>,
        wanted: &str,
        problems: &mut Problems<'_>,
    ) -> Option<T> {
        let what = format!("`{key}` in {} is {}", self.name, written.value.kind(self.format));
        problems.error(written.span.clone(), what, format!("write {wanted}"));
        None
    }
}

impl Value {
    /// What it is, in the words of its format.
    pub(super) fn kind(&self, format: Format) -> &'static str {
        let (toml, json) = match self {
            Self::Text(_) => ("a string", "a string"),
            Self::Integer(_) => ("an integer", "a number"),
            Self::Float(_) => ("a float", "a number"),
            Self::Boolean(_) => ("a boolean", "true or false"),
            Self::List(_) => ("an array", "a list"),
            Self::Table(_) => ("a table", "an object"),
            Self::Null => ("null", "null"),
            Self::Date => ("a datetime", "a date"),
        };
        match format {
            Format::Toml => toml,
            Format::Json => json,
        }
    }
}

/// `did you mean …`, or the list of what is known when nothing is near.
pub fn nearest_hint<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    match nearest(written, known.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None if known.is_empty() => "leave it out".to_owned(),
        None => format!("known here: {}", known.join(", ")),
    }
}

/// The one that is meant, if one is near.
pub fn nearest<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .filter(|candidate| !is_far_longer(written, candidate))
        .map(|candidate| (strsim::damerau_levenshtein(written, candidate), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 3)
        .map(|(_, candidate)| candidate)
}

/// Another spelling of the words, or one slip in a longer word, or in any word that is missing. In a short
/// word that may be away, only letters that changed places: other programs have short keys of their own.
fn is_misspelt(written: &str, known: &str, is_missing: bool) -> bool {
    if is_far_longer(written, known) {
        return false;
    }
    let letters = |text: &str| text.to_ascii_lowercase().replace(['_', '-'], "");
    let sorted = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        bytes.sort_unstable();
        bytes
    };
    let slips = strsim::damerau_levenshtein(written, known);
    letters(written) == letters(known)
        || (slips == 1 && (is_missing || known.len() > 3 || sorted(written) == sorted(known)))
        || (slips == 2 && known.len() > 8)
}

/// What is far longer is no slip, and would take time and memory by its length.
fn is_far_longer(written: &str, known: &str) -> bool {
    written.len() > 4 * (known.len() + 1)
}
