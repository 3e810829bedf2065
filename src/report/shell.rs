//! Commands that an operator can copy.

/// A word that a POSIX shell reads as it is.
pub fn shell_quoted(text: &str) -> String {
    let plain = !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:=,@%+[]".contains(&byte));
    // Brackets are patterns to a shell when they stand bare.
    if plain && !text.contains('[') { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
