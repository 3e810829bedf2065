//! Values as JSON.

use std::fmt::Write as _;

use serde::Serialize;
use zone_pki::printable::is_visible;

/// Indented, with a last line break.
pub fn json(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(escaped(&serde_json::to_string_pretty(value)?))
}

/// In one line, with its line break.
pub fn json_line(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(escaped(&serde_json::to_string(value)?))
}

/// serde escapes the control characters below the space. Beyond ASCII there is nothing in JSON but in
/// strings, where an escape means the same (RFC 8259, section 7).
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + 1);
    for c in json.chars() {
        if c == '\n' || is_visible(c) {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text + "\n"
}
