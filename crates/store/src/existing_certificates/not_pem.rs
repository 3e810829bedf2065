//! Why a text has no PEM block, and how to make one of it. Pure.

/// How a PEM block begins (RFC 7468).
const BEGIN: &[u8] = b"-----BEGIN ";
/// A byte order mark in UTF-8.
const UTF_8_MARK: &[u8] = &[0xef, 0xbb, 0xbf];
/// The byte order marks of UTF-16.
const UTF_16_MARKS: [&[u8]; 2] = [&[0xff, 0xfe], &[0xfe, 0xff]];
/// How PKCS#12 goes on after the head of its SEQUENCE: version 3 (RFC 7292, section 4).
const PKCS12_VERSION: &[u8] = &[0x02, 0x01, 0x03];

/// What a text is in which no PEM block begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotPem {
    /// A byte order mark hides the first block.
    ByteOrderMark,
    /// UTF-16, as some editors write.
    Utf16,
    /// A certificate or a key in DER.
    Der,
    /// A certificate and its key, in PKCS#12.
    Pkcs12,
    /// Lines end in a carriage return alone.
    CarriageReturns,
    /// A block begins somewhere in a line, and not at its start; or something follows on the line.
    LineBreaks,
    Other,
}

impl NotPem {
    /// Looks at a text in which no block was found.
    pub(super) fn of(text: &[u8]) -> Self {
        let begins = memchr::memmem::find(text, BEGIN).is_some();
        if UTF_16_MARKS.iter().any(|mark| text.starts_with(mark)) {
            return Self::Utf16;
        }
        if let Some(content) = content_of_sequence(text) {
            return if content.starts_with(PKCS12_VERSION) { Self::Pkcs12 } else { Self::Der };
        }
        match begins {
            true if text.starts_with(UTF_8_MARK) => Self::ByteOrderMark,
            true if text.contains(&b'\r') && !text.contains(&b'\n') => Self::CarriageReturns,
            true => Self::LineBreaks,
            false => Self::Other,
        }
    }

    /// What is wrong, as the end of a sentence.
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::ByteOrderMark => "it begins with a byte order mark, behind which etcd sees no PEM block",
            Self::Utf16 => "it is in UTF-16, and PEM is ASCII",
            Self::Der => "it is in DER, and etcd reads PEM",
            Self::Pkcs12 => "it is in PKCS#12, and etcd reads PEM",
            Self::CarriageReturns => "its lines end in a carriage return alone, and etcd sees one line",
            Self::LineBreaks => "its PEM block is not on lines of its own, so etcd does not see it",
            Self::Other => "it holds no PEM block",
        }
    }

    /// How to make PEM of it. `command` is that of openssl for what it should be, such as `x509`.
    pub(super) fn remedy(self, command: &str) -> String {
        match self {
            Self::ByteOrderMark => "write it without one: tail -c +4 FILE > FILE.pem".to_owned(),
            Self::Utf16 => "write it in ASCII: iconv -f UTF-16 -t ASCII FILE > FILE.pem".to_owned(),
            Self::Der => format!("write it in PEM: openssl {command} -inform DER -in FILE -out FILE.pem"),
            Self::Pkcs12 if command == "pkey" => {
                "take the key out of it: openssl pkcs12 -in FILE -nocerts -nodes -out FILE.pem".to_owned()
            }
            Self::Pkcs12 => {
                "take the certificates out of it: openssl pkcs12 -in FILE -nokeys -out FILE.pem".to_owned()
            }
            Self::CarriageReturns => "end the lines otherwise: tr '\\r' '\\n' < FILE > FILE.pem".to_owned(),
            Self::LineBreaks => {
                "put BEGIN, END and every 64 characters between them on a line of their own, without blanks \
                 before it; in JSON a line break is written \\n"
                    .to_owned()
            }
            Self::Other => "name a file that has a line -----BEGIN".to_owned(),
        }
    }
}

/// What follows the head of a SEQUENCE that is the whole text (X.690, 8.1): a certificate, a key, or both.
fn content_of_sequence(text: &[u8]) -> Option<&[u8]> {
    let (length, content) = match text {
        [0x30, length @ 0..=0x7f, content @ ..] => (usize::from(*length), content),
        [0x30, 0x81, length, content @ ..] => (usize::from(*length), content),
        [0x30, 0x82, high, low, content @ ..] => (usize::from(*high) << 8 | usize::from(*low), content),
        _ => return None,
    };
    (content.len() == length).then_some(content)
}
