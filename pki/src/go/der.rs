//! DER as Go's `cryptobyte` reads it: lengths and numbers in their shortest form, and no tag above 30.

/// `BOOLEAN`.
pub(super) const BOOLEAN: u8 = 0x01;
/// `INTEGER`.
pub(super) const INTEGER: u8 = 0x02;
/// `BIT STRING`.
pub(super) const BIT_STRING: u8 = 0x03;
/// `OCTET STRING`.
pub(super) const OCTET_STRING: u8 = 0x04;
/// `OBJECT IDENTIFIER`.
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
/// `SEQUENCE`.
pub(super) const SEQUENCE: u8 = 0x30;
/// `SET`.
pub(super) const SET: u8 = 0x31;

/// A primitive element with a tag of its context.
pub(super) const fn context(number: u8) -> u8 {
    0x80 | number
}

/// The same, with elements inside.
pub(super) const fn constructed(number: u8) -> u8 {
    0xa0 | number
}

/// What is left to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Der<'a>(pub(super) &'a [u8]);

impl<'a> Der<'a> {
    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Whether the next element has this tag.
    pub(super) fn peek(self, tag: u8) -> bool {
        self.0.first() == Some(&tag)
    }

    /// The next element: its tag, its contents, and the whole of it.
    fn next(&mut self) -> Option<(u8, &'a [u8], &'a [u8])> {
        let (&tag, &first) = (self.0.first()?, self.0.get(1)?);
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (head, length) = if first < 0x80 {
            (2, usize::from(first))
        } else {
            let count = usize::from(first & 0x7f);
            let digits = self.0.get(2..2 + count).filter(|_| (1..=4).contains(&count))?;
            let length = digits.iter().fold(0_usize, |length, digit| length << 8 | usize::from(*digit));
            if length < 0x80 || digits[0] == 0 {
                return None;
            }
            (2 + count, length)
        };
        let whole = self.0.get(..head.checked_add(length)?)?;
        self.0 = &self.0[whole.len()..];
        Some((tag, &whole[head..], whole))
    }

    /// `ReadAnyASN1`: the tag and the contents of the next element.
    pub(super) fn any(&mut self) -> Option<(u8, &'a [u8])> {
        self.next().map(|(tag, contents, _)| (tag, contents))
    }

    /// `ReadASN1`: the contents of the next element, which has to have this tag.
    pub(super) fn take(&mut self, tag: u8) -> Option<Self> {
        self.any().filter(|(found, _)| *found == tag).map(|(_, contents)| Self(contents))
    }

    /// `ReadASN1Element`: the same with tag and length.
    pub(super) fn element(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, ..)| *found == tag).map(|(.., whole)| whole)
    }

    /// `ReadOptionalASN1`: nothing if the next element has another tag; the outer one is missing if it cannot
    /// be read.
    pub(super) fn optional(&mut self, tag: u8) -> Option<Option<Self>> {
        if self.peek(tag) { self.take(tag).map(Some) } else { Some(None) }
    }

    /// `ReadASN1Integer`: the bytes of a number in two's complement.
    pub(super) fn integer(&mut self) -> Option<&'a [u8]> {
        self.integer_with(INTEGER)
    }

    /// The same under another tag.
    pub(super) fn integer_with(&mut self, tag: u8) -> Option<&'a [u8]> {
        match self.take(tag)?.0 {
            [] | [0, ..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => None,
            bytes => Some(bytes),
        }
    }

    /// A number that is not negative and no greater than that of Go.
    pub(super) fn unsigned(&mut self) -> Option<u64> {
        small(self.integer()?).filter(|value| *value >= 0).and_then(|value| u64::try_from(value).ok())
    }

    /// `ReadASN1Boolean`.
    pub(super) fn boolean(&mut self) -> Option<bool> {
        match self.take(BOOLEAN)?.0 {
            [0] => Some(false),
            [0xff] => Some(true),
            _ => None,
        }
    }

    /// `ReadASN1ObjectIdentifier`: its bytes. Each number is in its shortest form and below 2^31.
    pub(super) fn identifier(&mut self) -> Option<&'a [u8]> {
        let bytes = self.take(OBJECT_IDENTIFIER)?.0;
        let (mut value, mut at_start) = (0_u32, true);
        for byte in bytes {
            if (at_start && *byte == 0x80) || value >= 1 << 24 {
                return None;
            }
            value = value << 7 | u32::from(byte & 0x7f);
            at_start = byte & 0x80 == 0;
            if at_start {
                value = 0;
            }
        }
        (at_start && !bytes.is_empty()).then_some(bytes)
    }

    /// `ReadASN1BitString`: the bytes, the unused bits of the last of which are zero.
    pub(super) fn bits(&mut self) -> Option<&'a [u8]> {
        let (&unused, bytes) = self.take(BIT_STRING)?.0.split_first()?;
        let is_sound = match bytes.last() {
            None => unused == 0,
            Some(last) => unused <= 7 && last.trailing_zeros() >= u32::from(unused),
        };
        is_sound.then_some(bytes)
    }
}

/// A number of up to eight bytes.
pub(super) fn small(bytes: &[u8]) -> Option<i64> {
    if bytes.len() > 8 {
        return None;
    }
    let sign = if bytes.first()? & 0x80 == 0 { 0 } else { -1 };
    Some(bytes.iter().fold(sign, |value, byte| value << 8 | i64::from(*byte)))
}
