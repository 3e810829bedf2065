//! A JSON object that is signed, with the signature as its member `sign`.
//!
//! What is signed is its canonical form (RFC 8785), which has numbers as doubles and knows no key that is
//! there twice. So a number is an integer that a double holds exactly (RFC 7493, 2.2), and no object has a
//! key twice: else one program would verify something else than another reads.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use serde_json::{Map, Value as Json};

use super::document::{At, Document, Entries, Value};
use super::json_document;
use super::problem::Problems;

/// The member that has the signature, which is not signed itself.
pub(super) const SIGN: &str = "sign";
/// In bytes. That of a zone of seven has one and a half thousand.
const LONGEST: usize = 64 << 10;
/// Integers that no other rounds to.
const EXACT: RangeInclusive<i64> = -((1 << 53) - 1)..=(1 << 53) - 1;

/// The object as it was read, and what is signed of it.
pub(super) struct SignedJson {
    pub(super) document: Document,
    pub(super) canonical: Vec<u8>,
}

/// The text of a document, if it can be one.
pub(super) fn text_of<'b>(bytes: &'b [u8], problems: &mut Problems<'_>) -> Option<&'b str> {
    if bytes.len() > LONGEST {
        let what = format!("it has {} bytes, of at most {LONGEST}", bytes.len());
        problems.error_in_file(what, "");
        return None;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if text.starts_with('\u{feff}') => {
            problems.error_in_file("it begins with a byte order mark", "save it as UTF-8 without one");
            None
        }
        Ok(text) => Some(text),
        Err(error) => {
            problems.error_in_file(format!("byte {} is not UTF-8", error.valid_up_to() + 1), "");
            None
        }
    }
}

/// Reads an object, of any members.
pub(super) fn parse(text: &str, problems: &mut Problems<'_>) -> Option<SignedJson> {
    let document = json_document::parse(text, problems)?;
    check_entries(&document.entries, problems);
    if problems.has_errors() {
        return None;
    }
    match canonical(text, &document.entries) {
        Ok(canonical) => Some(SignedJson { document, canonical }),
        Err(why) => {
            problems.error_in_file(format!("this is not JSON: {why}"), "");
            None
        }
    }
}

/// RFC 8785, without the signature. What is signed is what one parser reads, and what is used is what another
/// reads, so both have to read the same.
fn canonical(text: &str, entries: &Entries) -> Result<Vec<u8>, String> {
    let mut object: Map<String, Json> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if !are_entries(&object, entries) {
        return Err("programs differ in how they read it".to_owned());
    }
    object.remove(SIGN);
    serde_json_canonicalizer::to_vec(&object).map_err(|error| error.to_string())
}

fn are_entries(object: &Map<String, Json>, entries: &Entries) -> bool {
    let has =
        |(key, value): &(At<String>, At<Value>)| object.get(&key.value).is_some_and(|json| is(json, value));
    object.len() == entries.len() && entries.iter().all(has)
}

fn is(json: &Json, At { value, .. }: &At<Value>) -> bool {
    match (json, value) {
        (Json::String(text), Value::Text(other)) => *text == **other,
        // -0 is a double in one and an integer in the other.
        (Json::Number(number), Value::Integer(Ok(0))) => number.as_f64() == Some(0.0),
        (Json::Number(number), Value::Integer(Ok(other))) => number.as_i64() == Some(*other),
        (Json::Bool(flag), Value::Boolean(other)) => flag == other,
        (Json::Array(items), Value::List(others)) => {
            items.len() == others.len() && items.iter().zip(others).all(|(item, other)| is(item, other))
        }
        (Json::Object(object), Value::Table(entries)) => are_entries(object, entries),
        (Json::Null, Value::Null) => true,
        _ => false,
    }
}

fn check_entries(entries: &Entries, problems: &mut Problems<'_>) {
    let mut seen = HashSet::new();
    for (At { value: key, span }, value) in entries {
        if !seen.insert(key) {
            problems.error(span.clone(), format!("`{key}` is there twice"), "remove one of the two");
        }
        check(value, problems);
    }
}

fn check(At { value, span }: &At<Value>, problems: &mut Problems<'_>) {
    match value {
        Value::Integer(Ok(number)) if EXACT.contains(number) => {}
        Value::Integer(_) => {
            problems.error(span.clone(), "a number beyond 2^53, which not every program reads exactly", "");
        }
        Value::Float(written) => {
            problems.error(span.clone(), format!("{written} is not written as a whole number"), "");
        }
        Value::List(items) => items.iter().for_each(|item| check(item, problems)),
        Value::Table(entries) => check_entries(entries, problems),
        Value::Text(_) | Value::Boolean(_) | Value::Null | Value::Date => {}
    }
}
