//! A TOML text as a document.

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

use super::document::{At, Document, Entries, Format, Value};
use super::problem::Problems;

/// Reads what can be read of a text, and notes where it is not TOML.
pub fn parse(text: &str, problems: &mut Problems<'_>) -> Document {
    let (document, syntax_errors) = DeTable::parse_recoverable(text);
    for error in syntax_errors {
        let span = error.span().unwrap_or(0..0);
        problems.error(span, format!("this is not TOML: {}", error.message()), "");
    }
    Document { format: Format::Toml, entries: entries(document.get_ref()), span: document.span() }
}

fn entries(table: &DeTable<'_>) -> Entries {
    let entries = table.iter();
    entries
        .map(|(key, written)| (At { value: key.get_ref().to_string(), span: key.span() }, value(written)))
        .collect()
}

fn value(written: &Spanned<DeValue<'_>>) -> At<Value> {
    let value = match written.get_ref() {
        DeValue::String(text) => Value::Text(Zeroizing::new(text.to_string())),
        DeValue::Integer(number) => {
            let digits = number.as_str();
            Value::Integer(i64::from_str_radix(digits, number.radix()).map_err(|_| digits.to_owned()))
        }
        DeValue::Float(number) => Value::Float(number.as_str().to_owned()),
        DeValue::Boolean(flag) => Value::Boolean(*flag),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(items) => Value::List(items.iter().map(self::value).collect()),
        DeValue::Table(table) => Value::Table(entries(table)),
    };
    At { value, span: written.span() }
}
