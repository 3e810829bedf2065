//! PEM (RFC 7468): what blocks a file holds, decoding them, and writing one.

use rustls_pki_types::pem::{Error, PemObject, SectionKind};
use zeroize::Zeroizing;

/// No label of the standards is longer. What is longer is not shown.
const LABEL_AT_MOST: usize = 32;

/// The labels of the blocks that begin in `text`, in order: `CERTIFICATE`, `EC PARAMETERS`, …
///
/// The decoder passes over labels that it does not know. Callers have to see them: an encrypted key and a key
/// in the place of a certificate deserve their own message, and etcd refuses a trust file with any other
/// block in it.
pub(crate) fn labels(text: &[u8]) -> impl Iterator<Item = String> {
    // Only a line feed ends a line for etcd (Go's `encoding/pem`).
    text.split(|byte| *byte == b'\n').filter_map(|line| {
        let label = line.trim_ascii_end().strip_prefix(b"-----BEGIN ")?.strip_suffix(b"-----")?;
        // No label has a hyphen (RFC 7468, section 3). In a file that has lost its line breaks, the key
        // itself and the END line follow on this line, and labels are shown in messages.
        match label {
            _ if label.contains(&b'-') => None,
            _ if label.len() > LABEL_AT_MOST => Some("unknown".to_owned()),
            _ => Some(String::from_utf8_lossy(label).into_owned()),
        }
    })
}

/// A decoded block: its kind and its bytes, which may be secret.
pub(crate) type Section = (SectionKind, Zeroizing<Vec<u8>>);

/// Decodes the blocks whose label is a known one. The error is the reason, for a message.
pub(crate) fn decode(text: &[u8]) -> Result<Vec<Section>, String> {
    refuse_unlike_go(text)?;
    <(SectionKind, Vec<u8>)>::pem_slice_iter(text)
        .map(|section| match section {
            Ok((kind, der)) => Ok((kind, Zeroizing::new(der))),
            Err(error) => Err(reason(&error).to_owned()),
        })
        .collect()
}

/// Refuses what the decoder takes for blocks, and Go's `encoding/pem`, by which etcd reads, does not.
///
/// # Errors
/// The reason, for a message.
pub fn refuse_unlike_go(text: &[u8]) -> Result<(), &'static str> {
    if has_bare_return(text) {
        return Err("a line ends in a carriage return alone, where etcd sees no end of a line");
    }
    let mut is_inside = false;
    for line in text.split(|byte| *byte == b'\n') {
        if line.starts_with(b"-----BEGIN ") {
            is_inside = true;
        } else if is_inside && let Some(end) = line.strip_prefix(b"-----END ") {
            // A line feed was missing between two files that were joined.
            let end = end.strip_suffix(b"\r").unwrap_or(end);
            let blanks = end.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            let label = end[..end.len() - blanks].strip_suffix(b"-----");
            if label.is_none_or(|label| label.contains(&b'-')) {
                return Err("something follows an END line on the same line, and etcd passes over the block");
            }
            is_inside = false;
        }
        // Neither ends a line, and the decoder passes over them as over blanks.
        if is_inside && line.iter().any(|byte| matches!(byte, 0x0b | 0x0c)) {
            return Err("a block has a form feed or a vertical tab, and etcd passes over it");
        }
    }
    Ok(())
}

/// The decoder ends lines there as well, and would find blocks that etcd does not.
fn has_bare_return(text: &[u8]) -> bool {
    text.windows(2).any(|pair| pair[0] == b'\r' && pair[1] != b'\n') || text.last() == Some(&b'\r')
}

/// The decoder shows the bytes of the line, which may be secret.
fn reason(error: &Error) -> &'static str {
    match error {
        Error::MissingSectionEnd { .. } => "a block has no END line of its own label",
        Error::IllegalSectionStart { .. } => "a BEGIN line does not end in five hyphens",
        Error::Base64Decode(_) => "something in a block is not base64",
        Error::SectionTooLarge => "a block is larger than any",
        _ => "it cannot be read as PEM",
    }
}

/// Writes one block, lines of 64 characters (RFC 7468, section 2).
///
/// The buffer is sized beforehand, so that no half-written copy of a secret is left behind in freed memory.
pub(crate) fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    let characters = der.len().div_ceil(3) * 4;
    let mut text = Zeroizing::new(String::with_capacity(characters + characters / 64 + 2 * label.len() + 34));
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    // 48 bytes make a line of 64 characters.
    for line in der.chunks(48) {
        for group in line.chunks(3) {
            push_group(&mut text, group);
        }
        text.push('\n');
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

/// One to three bytes as four characters of base64 (RFC 4648, section 4).
fn push_group(text: &mut String, group: &[u8]) {
    let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
    let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
    for (index, shift) in [18, 12, 6, 0].into_iter().enumerate() {
        text.push(if index <= group.len() { digit(bits >> shift & 0x3f) } else { '=' });
    }
}

/// The base64 digit for six bits, by comparison rather than by a table: a table look-up indexed by a secret
/// can be seen in the cache.
fn digit(six_bits: u32) -> char {
    let value = six_bits as u8;
    char::from(match value {
        0..26 => b'A' + value,
        26..52 => b'a' + (value - 26),
        52..62 => b'0' + (value - 52),
        62 => b'+',
        _ => b'/',
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_decodes_to_the_same_bytes_at_every_length() {
        for length in 1..200usize {
            let der: Vec<u8> = (0..length).map(|index| (index * 37 + length) as u8).collect();
            let text = encode("CERTIFICATE", &der);
            assert!(text.capacity() >= text.len());
            let decoded = decode(text.as_bytes()).unwrap();
            assert_eq!(decoded.len(), 1);
            assert_eq!(*decoded[0].1, der);
            assert!(text.lines().all(|line| line.len() <= 64));
        }
    }

    /// A key whose line breaks became blanks stands on the line of its label.
    #[test]
    fn what_follows_on_the_line_is_no_label() {
        let secret = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
        for text in [
            format!("-----BEGIN PRIVATE KEY----- {secret} -----END PRIVATE KEY-----"),
            format!("-----BEGIN PRIVATE KEY-----\r{secret}\r-----END PRIVATE KEY-----\r"),
            format!("-----BEGIN PRIVATE KEY-----\\n{secret}\\n-----END PRIVATE KEY-----"),
        ] {
            assert_eq!(labels(text.as_bytes()).count(), 0, "{text}");
            let why = decode(text.as_bytes()).err().unwrap_or_default();
            assert!(!why.contains(secret), "{why}");
        }
        let long = format!("-----BEGIN {secret}-----");
        assert_eq!(labels(long.as_bytes()).collect::<Vec<_>>(), ["unknown"]);
        let crlf = b"-----BEGIN EC PRIVATE KEY-----\r\n";
        assert_eq!(labels(crlf).collect::<Vec<_>>(), ["EC PRIVATE KEY"]);
    }

    #[test]
    fn the_buffer_never_grows() {
        for length in 0..2000usize {
            let label = "PRIVATE KEY";
            let characters = length.div_ceil(3) * 4;
            let reserved = characters + characters / 64 + 2 * label.len() + 34;
            assert!(encode(label, &vec![0; length]).len() <= reserved, "length {length}");
        }
    }
}
