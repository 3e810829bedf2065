//! What a node says of itself, signed with the key of its client certificate: in the zone's etcd, where any
//! client may have written something else.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use zone_pki::{Certificate, CertificateError, DetachedJws, JwsError, KeyError, PrivateKey};

use crate::foreign_text::{self, said};

/// What is in use on a node. Fields are added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeAnswer {
    version: u32,
    /// The node, by its full name.
    pub node: String,
    /// Its zone.
    pub zone: String,
    /// When it said so, in whole seconds.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The number of the bundle in use.
    pub sequence: u64,
    /// SHA-256 of its manifest, lower-case hexadecimal.
    pub manifest_sha256: String,
    /// The name of the generation.
    pub generation: String,
    /// Whether a member runs there with older certificates that it trusts, or other flags, than the bundle in
    /// use gives it.
    pub needs_restart: bool,
    /// Why it needs that.
    #[serde(default)]
    pub restart_reasons: Vec<String>,
    /// Whether the node has a member.
    pub is_member: bool,
    /// When the first of its certificates expires.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    /// The public key that bundles for it may be sealed to; none if it opens them with another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// The version of this program there.
    pub zone_etcd: String,
    /// The version of etcd that its member runs, if it has one that runs.
    #[serde(default)]
    pub etcd: Option<String>,
    /// When it asks again at the latest, if it knows.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub next_sync_at: Option<OffsetDateTime>,
    /// The newest bundle that was offered and refused, if one is there.
    #[serde(default)]
    pub not_activated: Option<NotActivated>,
}

/// A bundle that a node has refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotActivated {
    /// Its number, by its key.
    pub sequence: u64,
    /// Why, in one line.
    pub why: String,
    /// The exit code of `activate` for it.
    pub exit: u8,
}

impl NodeAnswer {
    /// The version that this program writes and reads.
    pub const VERSION: u32 = 1;
    /// The largest number of a bundle: a key in etcd has ten digits.
    pub const SEQUENCE_AT_MOST: u64 = 9_999_999_999;

    /// An answer in which nothing is said beyond what is in use; the rest is set by who makes it.
    pub fn new(
        (zone, node): (&str, &str),
        at: OffsetDateTime,
        (sequence, manifest_sha256, generation): (u64, &str, &str),
    ) -> Self {
        Self {
            version: Self::VERSION,
            node: node.to_owned(),
            zone: zone.to_owned(),
            at: zone_pki::whole_seconds(at),
            sequence,
            manifest_sha256: manifest_sha256.to_owned(),
            generation: generation.to_owned(),
            needs_restart: false,
            restart_reasons: Vec::new(),
            is_member: false,
            expires_at: None,
            recipient: None,
            zone_etcd: env!("CARGO_PKG_VERSION").to_owned(),
            etcd: None,
            next_sync_at: None,
            not_activated: None,
        }
    }

    /// Whether another says the same, at whatever time.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let timeless =
            |answer: &Self| Self { at: OffsetDateTime::UNIX_EPOCH, next_sync_at: None, ..answer.clone() };
        timeless(self) == timeless(other)
    }
}

/// An answer as it is in etcd: nothing of it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedAnswer {
    text: String,
    certificate: Certificate,
    signature: DetachedJws,
}

/// Its form in etcd.
#[derive(Serialize, Deserialize)]
struct Written {
    /// The text of a [`NodeAnswer`].
    answer: String,
    /// The certificate in PEM, alone.
    certificate: String,
    /// A detached JWS over the text.
    signature: String,
}

/// Why an answer cannot be read, or says nothing.
#[derive(Debug, thiserror::Error)]
pub enum SignedAnswerFault {
    /// Its size in bytes.
    #[error("it has {0} bytes, of at most {most}", most = SignedAnswer::AT_MOST)]
    TooLarge(usize),
    /// It is not JSON of this form.
    #[error("it is not a signed answer: {0}")]
    Form(String),
    /// No certificate.
    #[error("it has no certificate that can be read: {0}")]
    Certificate(#[from] CertificateError),
    /// More than the leaf.
    #[error("it has {0} certificates, of which one is read")]
    Certificates(usize),
    /// No signature, or not one by this key.
    #[error("its signature is not taken: {0}")]
    Signature(#[from] JwsError),
    /// Something else was signed, or at no time.
    #[error("the header of its signature lacks {0}")]
    Header(&'static str),
    /// The text that was signed is not an answer.
    #[error("what was signed is not an answer: {0}")]
    Text(String),
    /// Another version of this program has written it.
    #[error("it has version {0}, and this program knows {known}", known = NodeAnswer::VERSION)]
    Version(u64),
    /// The text says another time than the signature.
    #[error("it says another time than its signature")]
    OtherTime,
}

impl SignedAnswer {
    /// The largest that is read, in bytes.
    pub const AT_MOST: usize = 64 * 1024;
    /// What its signature is one of.
    pub const SIGNATURE_TYPE: &str = "zone-etcd-answer+jws";

    /// Signs an answer with the key of the node's client certificate. It counts as long as that.
    ///
    /// # Errors
    /// [`KeyError::Unsupported`] for a key of P-521, [`KeyError::Library`].
    pub fn sign(answer: &NodeAnswer, certificate: &Certificate, key: &PrivateKey) -> Result<Self, KeyError> {
        let text = serde_json::to_string(answer).map_err(|_| KeyError::Library)?;
        let iat = answer.at.unix_timestamp();
        let exp = certificate.not_after().unix_timestamp().max(iat.saturating_add(1));
        let signature = DetachedJws::sign_with_key(key, Self::SIGNATURE_TYPE, (iat, exp), text.as_bytes())?;
        Ok(Self { text, certificate: certificate.clone(), signature })
    }

    /// The value for etcd.
    ///
    /// # Errors
    /// JSON cannot be made.
    pub fn encode(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&Written {
            answer: self.text.clone(),
            certificate: self.certificate.pem(),
            signature: self.signature.to_string(),
        })
    }

    /// Reads a value that any client may have written.
    ///
    /// # Errors
    /// As [`SignedAnswerFault`] says.
    pub fn parse(value: &[u8]) -> Result<Self, SignedAnswerFault> {
        if value.len() > Self::AT_MOST {
            return Err(SignedAnswerFault::TooLarge(value.len()));
        }
        let form = |error: serde_json::Error| SignedAnswerFault::Form(said(&error.to_string()));
        let Written { answer, certificate, signature } = serde_json::from_slice(value).map_err(form)?;
        let mut certificates = Certificate::chain_from_pem(certificate.as_bytes())?;
        let count = certificates.len();
        let leaf = certificates.pop().filter(|_| count == 1);
        Ok(Self {
            text: answer,
            certificate: leaf.ok_or(SignedAnswerFault::Certificates(count))?,
            signature: DetachedJws::parse(&signature)?,
        })
    }

    /// The certificate that it names, which is to be judged before anything is believed.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// What it says, if the key of its certificate has signed that. Its texts are what others said.
    ///
    /// # Errors
    /// As [`SignedAnswerFault`] says.
    pub fn verified(&self) -> Result<NodeAnswer, SignedAnswerFault> {
        self.signature.verify(self.text.as_bytes(), self.certificate.subject_public_key_info())?;
        let header = self.signature.header();
        if header.typ.as_deref() != Some(Self::SIGNATURE_TYPE) {
            return Err(SignedAnswerFault::Header("\"typ\":\"zone-etcd-answer+jws\""));
        }
        let iat = header.iat.ok_or(SignedAnswerFault::Header("a time in `iat`"))?;
        let exp = header.exp.ok_or(SignedAnswerFault::Header("a time in `exp`"))?;
        if exp <= iat {
            return Err(SignedAnswerFault::Header("a time in `exp` that is after `iat`"));
        }
        let answer = self.read()?;
        match answer.at.unix_timestamp() == iat && answer.at.nanosecond() == 0 {
            true => Ok(answer),
            false => Err(SignedAnswerFault::OtherTime),
        }
    }

    fn read(&self) -> Result<NodeAnswer, SignedAnswerFault> {
        #[derive(Deserialize)]
        struct Version {
            version: u64,
        }
        let text = |error: serde_json::Error| SignedAnswerFault::Text(said(&error.to_string()));
        let Version { version } = serde_json::from_str(&self.text).map_err(text)?;
        if version != u64::from(NodeAnswer::VERSION) {
            return Err(SignedAnswerFault::Version(version));
        }
        let answer: NodeAnswer = foreign_text::json(self.text.as_bytes()).map_err(text)?;
        match answer.sequence <= NodeAnswer::SEQUENCE_AT_MOST {
            true => Ok(answer),
            false => Err(SignedAnswerFault::Text("no bundle has such a number".to_owned())),
        }
    }

    /// How long a certificate is taken after its end: a node that has just let it expire still tells so.
    pub const GRACE: Duration = Duration::DAY;
    /// How far a node's clock may be ahead.
    pub const AHEAD_AT_MOST: Duration = Duration::minutes(5);
}
