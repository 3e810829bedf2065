//! Sentences in lines that fit a terminal.

/// How wide a terminal is at least.
const WIDTH: usize = 80;

/// The text in lines of at most 80 columns: the first after `first`, the others indented as far.
pub fn wrapped(first: &str, text: &str) -> String {
    fitted(first, text.split(' '), " ")
}

/// As many parts on a line as fit, `separator` between them. One that is longer than a line stands alone.
pub fn fitted<'t>(first: &str, parts: impl IntoIterator<Item = &'t str>, separator: &str) -> String {
    let indent = first.chars().count();
    let mut out = first.to_owned();
    let mut column = indent;
    for part in parts {
        let length = part.chars().count();
        if column > indent && column + separator.len() + length > WIDTH {
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
