//! The requests of one node in one file: text that says whose they are, and for each role a PEM block that
//! openssl reads.
//!
//! What it says is a claim. Nothing of it but the public keys goes into a certificate.

use std::fmt::Write as _;
use std::io::Read;

use aws_lc_rs::digest::{Context, SHA256};
use zone_pki::{CertificateRequest, RequestError, hex};

use crate::bundle::{Recipient, RecipientError};
use model::plan::{NODE_ROLES, Role};

/// The first line, which says what the file is, and in which format.
const FIRST_LINE: &str = "zone-etcd certificate requests, format 1";
/// Before the key that bundles for the node may be sealed to.
const RECIPIENT: &str = "recipient: ";
/// Five requests with the longest keys and hundreds of names are far smaller.
const SIZE_AT_MOST: u64 = 256 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFile {
    /// The node that they say they are of, by its full name.
    pub node: String,
    /// The public key that bundles for the node may be sealed to; none in files of older versions.
    pub recipient: Option<String>,
    /// One for each role, in the order of the file.
    pub requests: Vec<RoleRequest>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRequest {
    pub role: &'static Role,
    pub request: CertificateRequest,
}

/// Why a file of requests cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RequestFileError {
    /// The system refused.
    #[error("it cannot be read: {0}")]
    Read(#[source] std::io::Error),
    /// It is larger than any.
    #[error("it is larger than any file of requests")]
    TooLarge,
    /// Something else, or another format.
    #[error("it does not begin with {FIRST_LINE:?}")]
    FirstLine,
    #[error("it is not text")]
    NotText,
    #[error("line {line} has no place there: {text:?}")]
    Line {
        /// Its number, from 1.
        line: usize,
        text: String,
    },
    /// No line says whose requests they are.
    #[error("it does not say of which node it is")]
    NoNode,
    #[error("line {line} names the role {role:?}, which no node has")]
    Role {
        /// Its number, from 1.
        line: usize,
        role: String,
    },
    /// A second request for a role.
    #[error("it has two requests for the role {0}")]
    Twice(&'static str),
    #[error("line {line} names a second key to seal bundles to")]
    TwoRecipients {
        /// Its number, from 1.
        line: usize,
    },
    #[error("line {line} names no key to seal bundles to: {source}")]
    Recipient {
        /// Its number, from 1.
        line: usize,
        source: RecipientError,
    },
    #[error("it has no request")]
    Empty,
    #[error("the request for the role {role}: {source}")]
    Request { role: &'static str, source: RequestError },
}

impl RequestFile {
    pub fn render(&self) -> String {
        let mut text = format!("{FIRST_LINE}\nnode: {}\n", self.node);
        // Text before a PEM block is passed over by readers that do not know this line.
        let mut recipient = self.recipient.as_ref().map(|key| format!("{RECIPIENT}{key}\n"));
        for RoleRequest { role, request } in &self.requests {
            let before = recipient.take().unwrap_or_default();
            let _ = write!(text, "\nrole: {}\n{before}{}", role.stem, request.pem());
        }
        text
    }

    pub fn read(from: impl Read) -> Result<Self, RequestFileError> {
        let mut bytes = Vec::new();
        from.take(SIZE_AT_MOST + 1).read_to_end(&mut bytes).map_err(RequestFileError::Read)?;
        if bytes.len() as u64 > SIZE_AT_MOST {
            return Err(RequestFileError::TooLarge);
        }
        Self::parse(std::str::from_utf8(&bytes).map_err(|_| RequestFileError::NotText)?)
    }

    /// Reads the text. Line ends may be those of other systems, since files are carried by way of them.
    pub fn parse(text: &str) -> Result<Self, RequestFileError> {
        let mut lines = text.lines().map(str::trim_end).enumerate().map(|(index, line)| (index + 1, line));
        if lines.next().is_none_or(|(_, line)| line != FIRST_LINE) {
            return Err(RequestFileError::FirstLine);
        }
        let (mut node, mut recipient) = (None, None);
        let mut requests: Vec<RoleRequest> = Vec::new();
        while let Some((line, text)) = lines.next() {
            let unexpected = || RequestFileError::Line { line, text: text.chars().take(60).collect() };
            if text.is_empty() {
                continue;
            }
            match text.split_once(": ") {
                Some(("node", name)) if node.is_none() => node = Some(name.to_owned()),
                Some(("role", name)) => {
                    let role = role_of(name).ok_or_else(|| RequestFileError::Role {
                        line,
                        role: name.chars().take(60).collect(),
                    })?;
                    if requests.iter().any(|other| other.role.stem == role.stem) {
                        return Err(RequestFileError::Twice(role.stem));
                    }
                    let (block, before) = block(&mut lines);
                    if let Some((line, key)) = before {
                        if recipient.is_some() {
                            return Err(RequestFileError::TwoRecipients { line });
                        }
                        let key = Recipient::parse(&key)
                            .map_err(|source| RequestFileError::Recipient { line, source })?;
                        recipient = Some(key.as_str().to_owned());
                    }
                    let request = CertificateRequest::from_pem(block.as_bytes())
                        .map_err(|source| RequestFileError::Request { role: role.stem, source })?;
                    requests.push(RoleRequest { role, request });
                }
                _ => return Err(unexpected()),
            }
        }
        let node = node.ok_or(RequestFileError::NoNode)?;
        if requests.is_empty() {
            Err(RequestFileError::Empty)
        } else {
            Ok(Self { node, recipient, requests })
        }
    }

    /// SHA-256 over the node's name and all public keys, hexadecimal: the same however often the requests are
    /// made again, so that people can compare it on both machines.
    pub fn fingerprint(&self) -> String {
        let mut context = Context::new(&SHA256);
        context.update(self.node.as_bytes());
        for RoleRequest { role, request } in &self.requests {
            let key = hex::encode(&request.subject_public_key_sha256());
            context.update(format!("\n{} {key}", role.stem).as_bytes());
        }
        if let Some(key) = &self.recipient {
            context.update(format!("\n{RECIPIENT}{key}").as_bytes());
        }
        hex::encode(context.finish().as_ref())
    }

    pub fn request(&self, role: &Role) -> Option<&CertificateRequest> {
        self.requests.iter().find(|request| request.role.stem == role.stem).map(|found| &found.request)
    }
}

fn role_of(stem: &str) -> Option<&'static Role> {
    NODE_ROLES.iter().find(|role| role.stem == stem)
}

/// The lines of a PEM block, up to the line that ends it, and the recipient before it with its line.
fn block<'t>(lines: &mut impl Iterator<Item = (usize, &'t str)>) -> (String, Option<(usize, String)>) {
    let (mut block, mut recipient) = (String::new(), None);
    for (number, line) in lines {
        if let Some(key) = line.strip_prefix(RECIPIENT).filter(|_| block.is_empty()) {
            recipient = Some((number, key.to_owned()));
            continue;
        }
        block.push_str(line);
        block.push('\n');
        if line.starts_with("-----END ") {
            break;
        }
    }
    (block, recipient)
}
