//! Reads a TOML document table by table, and notes every problem with its place instead of stopping at the first.
//!
//! serde's `deny_unknown_fields` refuses unknown keys too, but stops at the first fault. An operator who corrects a file
//! wants all of them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problems;

/// A value with its place in the file.
#[derive(Clone, Debug)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Its bytes in the file.
    pub span: Range<usize>,
}

/// One table of the document. Keys that were asked for are known; [`Table::finish`] reports the others.
#[derive(Debug)]
pub struct Table<'d> {
    name: &'static str,
    span: Range<usize>,
    entries: &'d DeTable<'d>,
    known: RefCell<BTreeSet<&'static str>>,
}

impl<'d> Table<'d> {
    /// A table that is called `name` in messages, such as `[zone]`.
    pub fn new(name: &'static str, entries: &'d DeTable<'d>, span: Range<usize>) -> Self {
        Self { name, span, entries, known: RefCell::default() }
    }

    /// Where the table stands.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Reports `key` as missing if it is.
    pub fn require(&self, key: &'static str, instead: &str, problems: &mut Problems<'_>) {
        if self.get(key).is_none() {
            problems.error(self.span.clone(), format!("{} has no `{key}`", self.name), instead);
        }
    }

    /// A string.
    pub fn string(&self, key: &'static str, problems: &mut Problems<'_>) -> Option<At<String>> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(At { value: text.to_string(), span: value.span() }),
            other => self.wrong_type(key, value.span(), other, "a string in quotes", problems),
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
        match read(&text.value) {
            Ok(value) => Some(At { value, span: text.span }),
            Err((what, instead)) => {
                problems.error(text.span, what, instead);
                None
            }
        }
    }

    /// A whole number.
    pub fn integer(&self, key: &'static str, problems: &mut Problems<'_>) -> Option<At<i64>> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::Integer(number) => {
                let digits = number.as_str();
                match i64::from_str_radix(digits, number.radix()) {
                    Ok(parsed) => Some(At { value: parsed, span: value.span() }),
                    Err(_) => {
                        problems.error(
                            value.span(),
                            format!("`{key}` = {digits} is too large"),
                            "write a smaller number",
                        );
                        None
                    }
                }
            }
            other => self.wrong_type(key, value.span(), other, "a whole number without quotes", problems),
        }
    }

    /// `true` or `false`.
    pub fn boolean(&self, key: &'static str, problems: &mut Problems<'_>) -> Option<At<bool>> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::Boolean(flag) => Some(At { value: *flag, span: value.span() }),
            other => self.wrong_type(key, value.span(), other, "true or false without quotes", problems),
        }
    }

    /// A list of strings.
    pub fn strings(&self, key: &'static str, problems: &mut Problems<'_>) -> Vec<At<String>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type::<()>(
                key,
                value.span(),
                value.get_ref(),
                "a list such as [\"a\", \"b\"]",
                problems,
            );
            return Vec::new();
        };
        let mut strings = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::String(text) => strings.push(At { value: text.to_string(), span: item.span() }),
                other => {
                    self.wrong_type::<()>(key, item.span(), other, "strings in quotes", problems);
                }
            }
        }
        strings
    }

    /// A table inside this one.
    pub fn table(
        &self,
        key: &'static str,
        name: &'static str,
        problems: &mut Problems<'_>,
    ) -> Option<Table<'d>> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::Table(entries) => Some(Table::new(name, entries, value.span())),
            other => self.wrong_type(
                key,
                value.span(),
                other,
                &format!("a table that starts with {name}"),
                problems,
            ),
        }
    }

    /// An array of tables, such as `[[node]]`.
    pub fn tables(
        &self,
        key: &'static str,
        name: &'static str,
        problems: &mut Problems<'_>,
    ) -> Vec<Table<'d>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let wanted = format!("a table of its own for each, starting with {name}");
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type::<()>(key, value.span(), value.get_ref(), &wanted, problems);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::Table(entries) => tables.push(Table::new(name, entries, item.span())),
                other => {
                    self.wrong_type::<()>(key, item.span(), other, &wanted, problems);
                }
            }
        }
        tables
    }

    /// Every key with its scalar value as text, for tables whose keys are free, such as `[etcd.flags]`.
    pub fn scalars(&self, problems: &mut Problems<'_>) -> Vec<(At<String>, At<String>)> {
        let mut scalars = Vec::new();
        for (key, value) in self.entries.iter() {
            let text = match value.get_ref() {
                DeValue::String(text) => text.to_string(),
                // Hexadecimal and the like are TOML's; etcd is given the number.
                DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => number.to_string(),
                    Err(_) => number.as_str().to_owned(),
                },
                DeValue::Float(number) => number.as_str().to_owned(),
                DeValue::Boolean(flag) => flag.to_string(),
                other => {
                    self.wrong_type::<()>(
                        key.get_ref(),
                        value.span(),
                        other,
                        "a string, a number, true or false",
                        problems,
                    );
                    continue;
                }
            };
            let name = At { value: key.get_ref().to_string(), span: key.span() };
            scalars.push((name, At { value: text, span: value.span() }));
        }
        scalars
    }

    /// Reports the keys that nobody asked for, each with the nearest known one.
    pub fn finish(self, problems: &mut Problems<'_>) {
        let known = self.known.into_inner();
        for (key, _) in self.entries.iter() {
            let written: &str = key.get_ref();
            if known.contains(written) {
                continue;
            }
            let what = format!("unknown key `{written}` in {}", self.name);
            problems.error(key.span(), what, nearest_hint(written, known.iter().copied()));
        }
    }

    fn get(&self, key: &'static str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.known.borrow_mut().insert(key);
        self.entries.get(key)
    }

    fn wrong_type<T>(
        &self,
        key: &str,
        span: Range<usize>,
        value: &DeValue<'_>,
        wanted: &str,
        problems: &mut Problems<'_>,
    ) -> Option<T> {
        problems.error(
            span,
            format!("`{key}` in {} is {}", self.name, with_article(value.type_str())),
            format!("write {wanted}"),
        );
        None
    }
}

/// `did you mean …`, or the list of what is known when nothing is near.
pub fn nearest_hint<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    let nearest = known
        .iter()
        // What is far longer than any is no slip, and would take time and memory by its length.
        .filter(|candidate| written.len() <= 4 * (candidate.len() + 1))
        .map(|candidate| (strsim::damerau_levenshtein(written, candidate), *candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 3);
    match nearest {
        Some((_, candidate)) => format!("did you mean `{candidate}`?"),
        None if known.is_empty() => "leave it out".to_owned(),
        None => format!("known here: {}", known.join(", ")),
    }
}

fn with_article(type_name: &str) -> String {
    let article = if type_name.starts_with(['a', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {type_name}")
}
