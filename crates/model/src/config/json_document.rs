//! A JSON text as a document.

use std::ops::Range;

use jsonc_parser::ast::{self, Object, ObjectProp};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use zeroize::Zeroizing;

use super::document::{At, Document, Entries, Format, Value};
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

/// Reads a whole text, which has to be an object; none if it is not one.
pub fn parse(text: &str, problems: &mut Problems<'_>) -> Option<Document> {
    if let Some(place) = control_character(text) {
        let reason = "this is not JSON: a line break or another control character in a text";
        problems.error(place, reason, "write a line break as \\n");
        return None;
    }
    let parsed = match parse_to_ast(text, &CollectOptions::default(), &STRICT) {
        Ok(parsed) => parsed.value,
        Err(error) => {
            let (range, reason) = (error.range(), error.kind().to_string());
            problems.error(range.start..range.end, format!("this is not JSON: {}", lower_first(&reason)), "");
            return None;
        }
    };
    let Some(written) = parsed else {
        problems.error_in_file("the file is empty", "write the node's name, ca, cert and key");
        return None;
    };
    let At { value, span } = value(written);
    match value {
        Value::Table(entries) => Some(Document { format: Format::Json, entries, span }),
        other => {
            let what = format!("the file is {}, not an object", other.kind(Format::Json));
            problems.error(span, what, "start it with { and end it with }");
            None
        }
    }
}

fn entries(object: Object<'_>) -> Entries {
    let entry = |entry: ObjectProp<'_>| {
        (At { span: span(&entry), value: entry.name.as_str().to_owned() }, value(entry.value))
    };
    object.properties.into_iter().map(entry).collect()
}

fn value(written: ast::Value<'_>) -> At<Value> {
    let span = span(&written);
    let value = match written {
        // What had escapes in it is moved, not copied, so that no copy stays behind.
        ast::Value::StringLit(text) => Value::Text(Zeroizing::new(text.value.into_owned())),
        ast::Value::NumberLit(number) if number.value.contains(['.', 'e', 'E']) => {
            Value::Float(number.value.to_owned())
        }
        ast::Value::NumberLit(number) => {
            Value::Integer(number.value.parse().map_err(|_| number.value.to_owned()))
        }
        ast::Value::BooleanLit(flag) => Value::Boolean(flag.value),
        ast::Value::Object(object) => Value::Table(entries(object)),
        ast::Value::Array(list) => Value::List(list.elements.into_iter().map(self::value).collect()),
        ast::Value::NullKeyword(_) => Value::Null,
    };
    At { value, span }
}

/// A control character within a string, which the parser takes and RFC 8259 (section 7) does not: the lines
/// of a PEM text, above all, pasted as they are.
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

fn span(written: &impl Ranged) -> Range<usize> {
    let range = written.range();
    range.start..range.end
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}
