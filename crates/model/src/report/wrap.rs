//! Sentences in lines that fit a terminal.

use unicode_width::UnicodeWidthStr;

/// How wide a terminal is at least.
const WIDTH: usize = 80;

/// The text in lines of at most 80 columns: the first after `first`, the others indented as far.
pub fn wrapped(first: &str, text: &str) -> String {
    wrapped_at(WIDTH, first, text)
}

pub(super) fn wrapped_at(limit: usize, first: &str, text: &str) -> String {
    fitted_at(limit, first, text.split(' '), " ")
}

/// As many parts on a line as fit, `separator` between them. One that is longer than a line stands alone.
pub fn fitted<'t>(first: &str, parts: impl IntoIterator<Item = &'t str>, separator: &str) -> String {
    fitted_at(WIDTH, first, parts, separator)
}

fn fitted_at<'t>(
    limit: usize,
    first: &str,
    parts: impl IntoIterator<Item = &'t str>,
    separator: &str,
) -> String {
    let indent = first.width();
    let mut out = first.to_owned();
    let mut column = indent;
    for part in parts {
        let length = part.width();
        if column > indent && column + separator.len() + length > limit {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
        }
        if column > indent {
            out.push_str(separator);
            column += separator.len();
        }
        out.push_str(part);
        column += length;
    }
    out.push('\n');
    out
}
