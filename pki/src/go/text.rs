//! Texts of certificates that Go reads: attributes of names, DNS names, and mailboxes.

use super::der::{Der, SEQUENCE, SET};

/// `parseName`: whether every attribute of a name can be read.
pub(super) fn name_is_readable(whole: &[u8]) -> bool {
    let read = || {
        let mut parts = Der(whole).take(SEQUENCE)?;
        while !parts.is_empty() {
            let mut part = parts.take(SET)?;
            while !part.is_empty() {
                let mut attribute = part.take(SEQUENCE)?;
                attribute.identifier()?;
                let (tag, value) = attribute.any()?;
                string_is_readable(tag, value).then_some(())?;
            }
        }
        Some(())
    };
    read().is_some()
}

/// `parseASN1String`.
fn string_is_readable(tag: u8, value: &[u8]) -> bool {
    match tag {
        // UTF8String, NumericString, PrintableString, T61String, IA5String, BMPString (X.680, 8.4).
        12 => std::str::from_utf8(value).is_ok(),
        18 => value.iter().all(|byte| byte.is_ascii_digit() || *byte == b' '),
        // The last two are not of the set, and found in certificates all the same.
        19 => value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"'()+,-./ :=?*&".contains(byte)),
        20 => true,
        22 => value.is_ascii(),
        30 => is_ucs2(value),
        _ => false,
    }
}

fn is_ucs2(value: &[u8]) -> bool {
    let value = value.strip_suffix(&[0, 0]).unwrap_or(value);
    let refused = |pair: &[u8]| {
        let point = u16::from_be_bytes([pair[0], pair[1]]);
        matches!(point, 0xfffe | 0xffff | 0xfdd0..=0xfdef | 0xd800..=0xdfff)
    };
    value.len().is_multiple_of(2) && !value.chunks_exact(2).any(refused)
}

/// `domainNameValid`: labels that are not empty, of printable ASCII; `is_constraint` may begin with a dot.
pub(super) fn is_domain(name: &str, is_constraint: bool) -> bool {
    if name.is_empty() {
        return true;
    }
    let name = name.strip_prefix('.').filter(|_| is_constraint).unwrap_or(name);
    name.split('.').all(|label| !label.is_empty() && label.bytes().all(|byte| (33..=126).contains(&byte)))
}

/// `parseRFC2821Mailbox`: the local part and the domain. Local parts in quotation marks or with a backslash
/// are not taken here.
pub(super) fn mailbox(text: &str) -> Option<(&str, &str)> {
    let (local, domain) = text.split_once('@')?;
    let is_atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte);
    let is_sound = !local.is_empty()
        && local.bytes().all(is_atom)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && is_domain(domain, false);
    is_sound.then_some((local, domain))
}
