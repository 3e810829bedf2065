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

/// The bytes of [`encode`]'s form. None for an odd number of digits, and for anything but `0` to `9` and `a`
/// to `f`.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| if let [high, low] = pair { Some(value(*high)? << 4 | value(*low)?) } else { None })
        .collect()
}
