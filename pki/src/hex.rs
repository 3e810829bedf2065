//! Hexadecimal, lower case, without separators: how serial numbers and hashes are written.

/// `bytes` as two digits each, most significant first; for `[0x0a, 0xff]` it is `0aff`.
pub fn encode(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0x0f])
        .map(|nibble| char::from(DIGITS[usize::from(nibble)]))
        .collect()
}
