//! What nodes say of themselves in the zone's etcd, where any client may have written it: believed if the key
//! of a certificate of that node has signed it.

use thiserror::Error;
use time::OffsetDateTime;
use zone_pki::{CheckError, Subject, SubjectAltNames, instant};

use crate::zone_directory::authorities::certificates::Authorities;
use model::config::{Node, ZoneConfig};
use model::formats::{NodeAnswer, SignedAnswer, SignedAnswerFault};
use model::plan::NODE_CLIENT;

/// Why what is there is not the answer of a node.
#[derive(Debug, Error)]
pub enum AnswerFault {
    #[error(transparent)]
    Unreadable(#[from] SignedAnswerFault),
    /// Its certificate is not one of the zone, or not one for this.
    #[error("its certificate is not taken: {0}")]
    Certificate(#[from] CheckError),
    /// It is of another holder, by its common name.
    #[error("its certificate is that of {}", .0.as_deref().unwrap_or("a holder without a name"))]
    OtherHolder(Option<String>),
    /// Its certificate was revoked, by its serial number.
    #[error("its certificate with the serial number {0} was revoked")]
    Revoked(String),
    /// Its certificate has expired, and not just now.
    #[error("its certificate expired at {}", instant(*.0))]
    Expired(OffsetDateTime),
    /// It is said of another node.
    #[error("it is said of {0}")]
    OtherNode(String),
    /// It is said of another zone.
    #[error("it is said of the zone {0}")]
    OtherZone(String),
    /// It was signed at a time that is to come.
    #[error("it was signed at {}, which is to come", instant(*.0))]
    Ahead(OffsetDateTime),
}

/// What a node says, from the value that is in etcd under its name. Its texts are what others said.
///
/// # Errors
/// As [`AnswerFault`] says: it is not to be believed.
pub fn verify_answer(
    zone: &ZoneConfig,
    authorities: &Authorities,
    node: &Node,
    value: &[u8],
    now: OffsetDateTime,
) -> Result<NodeAnswer, AnswerFault> {
    let signed = SignedAnswer::parse(value)?;
    let leaf = signed.certificate();
    if now - leaf.not_after() > SignedAnswer::GRACE {
        return Err(AnswerFault::Expired(leaf.not_after()));
    }
    // Of a holder that has just let it expire it is known as long as that.
    let then = now.min(leaf.not_after());
    authorities.verify(NODE_CLIENT.plane, leaf, NODE_CLIENT.usages, &SubjectAltNames::default(), then)?;
    let name = Subject::fit_common_name(node.name.full(), node.name.full());
    if leaf.common_name() != Some(name.as_str()) {
        return Err(AnswerFault::OtherHolder(leaf.common_name().map(model::foreign_text::said)));
    }
    let serial = leaf.serial_hex();
    if authorities.has_revoked(NODE_CLIENT.plane, leaf) || authorities.revoked_holders.has_serial(&serial) {
        return Err(AnswerFault::Revoked(serial));
    }
    let answer = signed.verified()?;
    if answer.node != node.name.full() {
        return Err(AnswerFault::OtherNode(answer.node));
    }
    if answer.zone != zone.name.as_str() {
        return Err(AnswerFault::OtherZone(answer.zone));
    }
    if answer.at - now > SignedAnswer::AHEAD_AT_MOST {
        return Err(AnswerFault::Ahead(answer.at));
    }
    Ok(answer)
}
