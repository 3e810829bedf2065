//! Reads a JSON document object by object, and notes every problem with its place, as `document` does for TOML.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use zeroize::Zeroizing;

use super::document::At;
use super::problem::Problems;

/// Nothing beyond RFC 8259: other programs read the file too.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// One object of the document, with the keys that are known in it; [`JsonObject::finish`] reports the others.
pub struct JsonObject<'d> {
    name: &'static str,
    span: Range<usize>,
    entries: Vec<ObjectProp<'d>>,
    known: &'static [&'static str],
    /// Keys that have to be there and are not.
    missing: Vec<&'static str>,
}

/// Reads a whole document, which has to be an object; `name` is what it is called in messages.
pub fn parse<'d>(
    text: &'d str,
    name: &'static str,
    known: &'static [&'static str],
    problems: &mut Problems<'_>,
) -> Option<JsonObject<'d>> {
    if let Some(place) = control_character(text) {
        let reason = "this is not JSON: a line break or another control character in a text";
        problems.error(place, reason.to_owned(), "write a line break as \\n");
        return None;
    }
    match parse_to_ast(text, &CollectOptions::default(), &STRICT) {
        Ok(parsed) => match parsed.value {
            Some(Value::Object(object)) => Some(JsonObject::new(name, known, object, problems)),
            Some(other) => {
                let what = format!("{name} is {}, not an object", kind(&other));
                problems.error(span(&other), what, "start it with { and end it with }");
                None
            }
            None => {
                problems.error_in_file(format!("{name} is empty"), "write the node's name, ca, cert and key");
                None
            }
        },
        Err(error) => {
            let place = error.range().start..error.range().end;
            let reason = error.kind().to_string();
            problems.error(place, format!("this is not JSON: {}", lower_first(&reason)), "");
            None
        }
    }
}

impl<'d> JsonObject<'d> {
    fn new(
        name: &'static str,
        known: &'static [&'static str],
        object: Object<'d>,
        problems: &mut Problems<'_>,
    ) -> Self {
        let object_span = object.range.start..object.range.end;
        let mut entries: Vec<ObjectProp<'d>> = Vec::new();
        let mut names = HashSet::new();
        for entry in object.properties {
            let key = entry.name.as_str();
            if !names.insert(key.to_owned()) {
                let place = entry.range.start..entry.range.end;
                // Programs differ in which of the two they take.
                problems.error(place, format!("`{key}` is there twice in {name}"), "remove one of the two");
            } else {
                entries.push(entry);
            }
        }
        Self { name, span: object_span, entries, known, missing: Vec::new() }
    }

    /// Where the object stands.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Reports `key` as missing if it is.
    pub fn require(&mut self, key: &'static str, instead: &str, problems: &mut Problems<'_>) {
        if !self.entries.iter().any(|entry| entry.name.as_str() == key) {
            problems.error(self.span(), format!("{} has no `{key}`", self.name), instead);
            self.missing.push(key);
        }
    }

    /// A string, which may be secret: it is wiped when it is dropped.
    pub fn string(&mut self, key: &str, problems: &mut Problems<'_>) -> Option<At<Zeroizing<String>>> {
        match self.take(key)? {
            Value::StringLit(text) => {
                let span = text.range.start..text.range.end;
                // What had escapes in it is moved, not copied, so that no copy stays behind.
                let value = match text.value {
                    Cow::Owned(text) => text,
                    Cow::Borrowed(text) => text.to_owned(),
                };
                Some(At { value: Zeroizing::new(value), span })
            }
            other => self.wrong_type(key, &other, "a string in quotes", problems),
        }
    }

    /// A string that `read` turns into a domain value.
    pub fn parse<T>(
        &mut self,
        key: &str,
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
    pub fn integer(&mut self, key: &str, problems: &mut Problems<'_>) -> Option<At<i64>> {
        let value = self.take(key)?;
        let whole = match &value {
            Value::NumberLit(number) => number.value.parse().ok(),
            _ => None,
        };
        match whole {
            Some(number) => Some(At { value: number, span: span(&value) }),
            None => self.wrong_type(key, &value, "a whole number without quotes", problems),
        }
    }

    /// A list of objects, each called `name` in messages and with these keys; empty if it is absent.
    pub fn objects(
        &mut self,
        key: &str,
        name: &'static str,
        known: &'static [&'static str],
        problems: &mut Problems<'_>,
    ) -> Vec<JsonObject<'d>> {
        let wanted = "a list of objects: [{…}, {…}]";
        let list = match self.take(key) {
            None | Some(Value::NullKeyword(_)) => return Vec::new(),
            Some(Value::Array(list)) => list,
            Some(other) => {
                self.wrong_type::<()>(key, &other, wanted, problems);
                return Vec::new();
            }
        };
        let mut objects = Vec::new();
        for element in list.elements {
            match element {
                Value::Object(object) => objects.push(JsonObject::new(name, known, object, problems)),
                other => {
                    self.wrong_type::<()>(key, &other, wanted, problems);
                }
            }
        }
        objects
    }

    /// Reports the keys that are not known. Programs add keys of their own to a file that they write, so such a key is told
    /// of and passed over; one that is nearly a known one is a mistake.
    pub fn finish(self, problems: &mut Problems<'_>) {
        for entry in &self.entries {
            let written = entry.name.as_str();
            if self.known.contains(&written) {
                continue;
            }
            let place = entry.range.start..entry.range.start + written.len() + 2;
            let is_meant = |known: &&&str| is_misspelt(written, known, self.missing.contains(known));
            match self.known.iter().find(is_meant) {
                Some(meant) => {
                    let what = format!("unknown key `{written}` in {}", self.name);
                    problems.error(place, what, format!("did you mean `{meant}`?"));
                }
                None => {
                    let what = format!("`{written}` in {} is not read by this program", self.name);
                    problems.warning(place, what, "");
                }
            }
        }
    }

    fn take(&mut self, key: &str) -> Option<Value<'d>> {
        let place = self.entries.iter().position(|entry| entry.name.as_str() == key)?;
        Some(self.entries.swap_remove(place).value)
    }

    fn wrong_type<T>(
        &self,
        key: &str,
        value: &Value<'_>,
        wanted: &str,
        problems: &mut Problems<'_>,
    ) -> Option<T> {
        let what = format!("`{key}` in {} is {}", self.name, kind(value));
        problems.error(span(value), what, format!("write {wanted}"));
        None
    }
}

/// A control character within a string, which the parser takes and RFC 8259 (section 7) does not: the lines of a PEM text, above
/// all, pasted as they are.
fn control_character(text: &str) -> Option<Range<usize>> {
    let (mut in_string, mut escaped) = (false, false);
    let found = text.bytes().position(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            _ => {}
        }
        in_string && byte < b' '
    });
    found.map(|place| place..place + 1)
}

/// Another spelling of the words, or one slip in a longer word, or in any word that is missing. In a short word that may be away,
/// only letters that changed places: other programs have short keys of their own.
fn is_misspelt(written: &str, known: &str, is_missing: bool) -> bool {
    let letters = |text: &str| text.to_ascii_lowercase().replace(['_', '-'], "");
    // What is far longer is no slip, and would take time and memory by its length.
    if written.len() > 4 * (known.len() + 1) {
        return false;
    }
    let slips = strsim::damerau_levenshtein(written, known);
    letters(written) == letters(known)
        || (slips == 1 && (is_missing || known.len() > 3 || is_permuted(written, known)))
        || (slips == 2 && known.len() > 8)
}

fn is_permuted(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(|text| {
        let mut bytes = text.as_bytes().to_vec();
        bytes.sort_unstable();
        bytes
    });
    one == other
}

fn span(value: &Value<'_>) -> Range<usize> {
    let range = value.range();
    range.start..range.end
}

fn kind(value: &Value<'_>) -> &'static str {
    match value {
        Value::StringLit(_) => "a string",
        Value::NumberLit(_) => "a number",
        Value::BooleanLit(_) => "true or false",
        Value::Object(_) => "an object",
        Value::Array(_) => "a list",
        Value::NullKeyword(_) => "null",
    }
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}
