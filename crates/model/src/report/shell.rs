//! Commands that an operator can copy.

use std::fmt::Write as _;
use std::path::Path;

use zone_pki::printable::is_visible;

/// A word that a POSIX shell reads as it is. What cannot be seen is written as its bytes.
pub fn shell_quoted(text: &str) -> String {
    if !text.chars().all(is_visible) {
        return printed(text);
    }
    let plain = !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:=,@%+[]".contains(&byte));
    // Brackets are patterns to a shell when they stand bare.
    if plain && !text.contains('[') { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// A path as a word of a command.
pub fn shell_quoted_path(path: &Path) -> String {
    shell_quoted(&path.to_string_lossy())
}

fn printed(text: &str) -> String {
    let mut format = String::new();
    for c in text.chars() {
        match c {
            '%' => format.push_str("%%"),
            '\\' => format.push_str("\\\\"),
            // A format that begins with a hyphen would be taken for an option.
            c if is_visible(c) && c != '\'' && (c != '-' || !format.is_empty()) => format.push(c),
            c => c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| {
                let _ = write!(format, "\\{byte:03o}");
            }),
        }
    }
    // The substitution would take a last line break away; the other form is in no shell before POSIX.1-2024.
    if text.ends_with('\n') {
        return format!("$'{}'", format.replace("%%", "%"));
    }
    format!("\"$(printf '{format}')\"")
}
