//! Whether a node takes a zone document in place of the one that it has.

use time::{Duration, OffsetDateTime};

use super::document_refusal::DocumentRefusal;
use super::document_signature::{LastDocument, SignedZoneDocument};
use crate::config::{Node, ZoneName};

/// How far the clock of the signing host may be ahead.
pub const DOCUMENT_AHEAD_AT_MOST: Duration = Duration::minutes(5);

/// What a document is held against.
#[derive(Clone, Copy, Debug)]
pub struct Acceptance<'a> {
    /// The zone that is meant; none to take the document's word for it.
    pub zone: Option<&'a ZoneName>,
    /// The time.
    pub now: OffsetDateTime,
    /// The document that was accepted last.
    pub last: Option<&'a LastDocument>,
    /// The node, if its member has a log: then the last document says what the log was written as.
    pub with_log: Option<&'a str>,
}

impl Acceptance<'_> {
    /// Accepts a document, or says why not: the first reason that is found.
    ///
    /// # Errors
    /// As [`DocumentRefusal`] says.
    pub fn judge(&self, signed: &SignedZoneDocument) -> Result<(), DocumentRefusal> {
        let Self { zone, now, last, with_log } = *self;
        let found = &signed.document().name;
        if let Some(wanted) = zone.or(last.map(|last| &last.document().name))
            && wanted != found
        {
            return Err(DocumentRefusal::OtherZone { found: found.clone(), wanted: wanted.clone() });
        }
        if signed.iat() > now + DOCUMENT_AHEAD_AT_MOST {
            return Err(DocumentRefusal::FromTheFuture { iat: signed.iat(), now });
        }
        if let Some(last) = last {
            refuse_older(signed, last)?;
        }
        if signed.exp() <= now {
            return Err(DocumentRefusal::Expired { exp: signed.exp() });
        }
        match (last, with_log) {
            (Some(last), Some(node)) => {
                keeps_member(&signed.document().members, &last.document().members, node)
            }
            _ => Ok(()),
        }
    }
}

fn refuse_older(signed: &SignedZoneDocument, last: &LastDocument) -> Result<(), DocumentRefusal> {
    if signed.iat() < last.iat() {
        return Err(DocumentRefusal::Older { iat: signed.iat(), last: last.iat() });
    }
    let is_same = signed.document().canonical() == last.document().canonical();
    if signed.iat() == last.iat() && !is_same {
        return Err(DocumentRefusal::SameTime { iat: signed.iat() });
    }
    Ok(())
}

/// Whether a node with a log is by this list the member that it was by the one before.
///
/// What a log was written as does not change by a document: members move by `member update`, come and go by
/// `member add` and `member remove`, and one member becomes several by those alone.
///
/// # Errors
/// It has another role, or other URLs; or one of the lists has one member and the other several.
pub fn keeps_member(is: &[Node], was: &[Node], node: &str) -> Result<(), DocumentRefusal> {
    let node = node.to_ascii_lowercase();
    match (member(was, &node), member(is, &node)) {
        (Some(was), Some(is)) if urls(was) != urls(is) => {
            return Err(DocumentRefusal::OtherUrls { node, was: urls(was), is: urls(is) });
        }
        (Some(_), None) => return Err(DocumentRefusal::OtherRole { node, is_member: false }),
        (None, Some(_)) => return Err(DocumentRefusal::OtherRole { node, is_member: true }),
        (Some(_), Some(_)) | (None, None) => {}
    }
    let (was, is) = (was.len(), is.len());
    if (was == 1) == (is == 1) { Ok(()) } else { Err(DocumentRefusal::OtherCount { was, is }) }
}

fn member<'m>(members: &'m [Node], node: &str) -> Option<&'m Node> {
    members.iter().find(|member| member.name.full() == node)
}

fn urls(node: &Node) -> String {
    format!("{} {} ({})", node.peer_url(), node.client_url(), node.protocol.as_str())
}
