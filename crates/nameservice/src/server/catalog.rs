//! The documents that are served, and which of them answers a question. Pure: the time is an argument.

use aws_lc_rs::digest::{SHA256, digest};
use hyper::body::Bytes;
use time::OffsetDateTime;
use zone_pki::hex;

use crate::publish::{entries_of, verified};
use model::config::ZoneName;
use model::plan::{Acceptance, DocumentRefusal, DocumentSigners, SignedZoneDocument};

/// Bytes from somewhere that may be a zone document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Where they are from, for messages.
    pub(super) place: String,
    pub(super) bytes: Bytes,
}

/// A document whose signature was verified.
#[derive(Clone, Debug)]
struct Document {
    text: Bytes,
    signed: SignedZoneDocument,
}

/// What is sent, and what tells it from what was sent before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) text: Bytes,
    /// The value of the header `ETag` (RFC 9110, 8.8.3).
    pub(super) tag: String,
}

/// Why a name has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absence {
    Unknown,
    Expired(OffsetDateTime),
}

/// Whether a provider has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProviderState(pub(super) Result<(), String>);

/// All documents. In the order of their providers, so that of two of the same time the first counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalog(Vec<Document>);

impl Catalog {
    /// Verifies what there is. What is refused is told to `tell`, with its place.
    pub(super) fn of<'c>(
        candidates: impl IntoIterator<Item = &'c Candidate>,
        signers: &DocumentSigners,
        mut tell: impl FnMut(&str, &DocumentRefusal),
    ) -> Self {
        let document = |Candidate { place, bytes }: &Candidate| match verified(bytes, signers) {
            Ok(signed) => Some(Document { text: bytes.clone(), signed }),
            Err(refusal) => {
                tell(place, &refusal);
                None
            }
        };
        Self(candidates.into_iter().filter_map(document).collect())
    }

    /// The zones of which there is a document now, each with when it was signed.
    pub(super) fn zones(&self, now: OffsetDateTime) -> Vec<(&ZoneName, OffsetDateTime)> {
        let mut names: Vec<&ZoneName> =
            self.0.iter().map(|document| &document.signed.document().name).collect();
        names.sort_by_key(|name| name.as_str());
        names.dedup();
        let of = |name| Some((name, self.latest(name, now)?.signed.iat()));
        names.into_iter().filter_map(of).collect()
    }

    /// What answers a name in lower case: the document of the zone, or the entry of the node in that of its
    /// zone.
    pub(super) fn resolve(&self, name: &str, now: OffsetDateTime) -> Result<Content, Absence> {
        let mut absence = Absence::Unknown;
        for (zone, _) in self.zones(now) {
            let Some(latest) = self.latest(zone, now) else { continue };
            let text = match zone.as_str() == name {
                true => Some(latest.text.clone()),
                false => latest.entry(name),
            };
            match text {
                // One that was replaced is not served in its place: nodes would take a step back.
                Some(_) if latest.signed.exp() <= now => absence = Absence::Expired(latest.signed.exp()),
                Some(text) => return Ok(Content { tag: tag_of(&text), text }),
                None => {}
            }
        }
        Err(absence)
    }

    /// The document of a zone that was signed last, expired or not. One from the future is not accepted by
    /// any node, and does not hide one that is.
    fn latest(&self, zone: &ZoneName, now: OffsetDateTime) -> Option<&Document> {
        let is_from_the_future = |document: &Document| {
            let acceptance = Acceptance { zone: None, now, last: None, with_log: None };
            matches!(acceptance.judge(&document.signed), Err(DocumentRefusal::FromTheFuture { .. }))
        };
        let mut latest: Option<&Document> = None;
        for document in self.0.iter().filter(|document| document.signed.document().name == *zone) {
            let is_later = latest.is_none_or(|latest| latest.signed.iat() < document.signed.iat());
            if is_later && !is_from_the_future(document) {
                latest = Some(document);
            }
        }
        latest
    }
}

impl Document {
    fn entry(&self, node: &str) -> Option<Bytes> {
        // Of most documents it is not a member, and to read one again takes time.
        self.signed.document().members.iter().find(|member| member.name.full() == node)?;
        let mut entries = entries_of(&self.text, self.signed.document());
        entries.find(|(name, _)| name == node).map(|(_, entry)| Bytes::from(entry))
    }
}

fn tag_of(text: &[u8]) -> String {
    let hash = hex::encode(digest(&SHA256, text).as_ref());
    format!("\"{}\"", hash.get(..32).unwrap_or(&hash))
}
