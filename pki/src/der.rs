//! Just enough DER (X.690) to see which kind of key an encoding holds before it is given to the parser for
//! it, and to write one element that the encoder of certificates leaves out of requests.

/// `SEQUENCE`.
pub(crate) const SEQUENCE: u8 = 0x30;
/// `INTEGER`.
pub(crate) const INTEGER: u8 = 0x02;
/// `OCTET STRING`.
pub(crate) const OCTET_STRING: u8 = 0x04;
/// `BIT STRING`.
pub(crate) const BIT_STRING: u8 = 0x03;
/// `OBJECT IDENTIFIER`.
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
/// `[0] EXPLICIT`.
pub(crate) const CONTEXT_0: u8 = 0xa0;

/// `[2] IMPLICIT`, primitive: the dNSName among the general names (RFC 5280, 4.2.1.6).
pub(crate) const PRIMITIVE_CONTEXT_2: u8 = 0x82;

/// What is left to read of the contents of one element.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    /// The contents of the next element if it has this tag; nothing if it has another, or is cut short.
    pub(crate) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_first()?;
        let (length, rest) = length(rest)?;
        if *first != tag || rest.len() < length {
            return None;
        }
        let (contents, after) = rest.split_at(length);
        self.0 = after;
        Some(contents)
    }
}

/// The contents of `der` if it is one `SEQUENCE` from end to end: neither cut short nor followed by anything.
pub(crate) fn whole_sequence(der: &[u8]) -> Option<Reader<'_>> {
    let mut reader = Reader(der);
    let contents = reader.take(SEQUENCE)?;
    reader.0.is_empty().then_some(Reader(contents))
}

/// A length in short or long form, and what follows it (X.690, 8.1.3). A private key needs no more than three
/// bytes.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first < 0x80 {
        return Some((usize::from(first), rest));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 3 || rest.len() < count {
        return None;
    }
    let (digits, rest) = rest.split_at(count);
    Some((digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest))
}

/// One element: tag, length, contents.
pub(crate) fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len().to_be_bytes();
    let significant =
        length.iter().position(|byte| *byte != 0).map_or(&length[..0], |start| &length[start..]);
    let mut encoded = vec![tag];
    match significant {
        [] => encoded.push(0),
        [short] if *short < 0x80 => encoded.push(*short),
        long => {
            // A usize has 8 bytes at most.
            encoded.push(0x80 | long.len() as u8);
            encoded.extend(long);
        }
    }
    encoded.extend(contents);
    encoded
}
