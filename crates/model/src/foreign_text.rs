//! What others said, as data: it does nothing to a terminal, passes for no line of ours, and is not longer
//! than a person reads.

use serde::de::{DeserializeOwned, Error as _};
use serde_json::Value;
use zone_pki::Visible;

/// In characters. Names, reasons and lines of a log are shorter.
const LENGTH_AT_MOST: usize = 400;

/// What stands for the rest.
const MORE: &str = " …";

/// A piece of text. Said once more, it is the same.
pub fn said(text: &str) -> String {
    let mut said = String::new();
    let (mut length, mut cut) = (0, 0);
    for character in text.chars() {
        let shown = Visible(character).to_string();
        length += shown.chars().count();
        if length > LENGTH_AT_MOST {
            said.truncate(cut);
            return said + MORE;
        }
        said.push_str(&shown);
        if length + MORE.chars().count() <= LENGTH_AT_MOST {
            cut = said.len();
        }
    }
    said
}

/// The lines of an output, without those that are empty.
pub fn lines(bytes: &[u8], at_most: usize) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().map(|line| said(&line.trim_end().replace('\t', " ")));
    lines.filter(|line| !line.trim().is_empty()).take(at_most).collect()
}

/// The last of them, with what a program ends.
pub fn last_lines(bytes: &[u8], at_most: usize) -> Vec<String> {
    let mut all = lines(bytes, usize::MAX);
    all.split_off(all.len().saturating_sub(at_most))
}

/// A JSON document, each text in it as [`said`] gives it.
///
/// # Errors
/// It is not valid JSON, or not of this shape.
pub fn json<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    let mut document: Value = serde_json::from_slice(bytes)?;
    replace_texts(&mut document);
    // What is expected is known here, and what is there instead may be a text of any length.
    T::deserialize(document).map_err(|error| serde_json::Error::custom(said(&error.to_string())))
}

fn replace_texts(value: &mut Value) {
    match value {
        Value::String(text) => *text = said(text),
        Value::Array(items) => items.iter_mut().for_each(replace_texts),
        Value::Object(fields) => fields.values_mut().for_each(replace_texts),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
