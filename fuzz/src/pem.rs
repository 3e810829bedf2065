//! Between DER and PEM: a mutation of DER is one of the structure, and a mutation of PEM mostly one of
//! base64.

use pkcs8::der::pem::{LineEnding, encode_string};

/// The DER in PEM.
pub fn of(label: &str, der: &[u8]) -> String {
    encode_string(label, LineEnding::LF, der).expect("PEM")
}

/// Whether an input is to be taken for DER.
pub fn is_der(input: &[u8]) -> bool {
    input.first() == Some(&0x30)
}

/// Cuts concatenated DER into its elements; what is not whole is the last of them.
pub fn elements(mut der: &[u8]) -> Vec<&[u8]> {
    let mut elements = Vec::new();
    while !der.is_empty() {
        let (element, rest) = der.split_at(length(der).unwrap_or(der.len()).min(der.len()));
        elements.push(element);
        der = rest;
    }
    elements
}

/// The length of the first element with its header (X.690, 8.1.3).
fn length(der: &[u8]) -> Option<usize> {
    let contents = match *der.get(1)? {
        short @ ..0x80 => return Some(2 + usize::from(short)),
        long => der.get(2..2 + usize::from(long & 0x7f))?,
    };
    if contents.len() > 3 {
        return None;
    }
    Some(2 + contents.len() + contents.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
}
