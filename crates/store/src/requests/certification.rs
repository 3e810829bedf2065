//! On the signing host: the certificates of a node, issued for the keys of its requests.

use time::OffsetDateTime;
use zone_pki::IssuanceLog;

use super::file::RequestFile;
use super::judgement::{Known, Refusal, judge};
use crate::zone_directory::{
    Assessment, Holder, Issuer, OfRevoked, ZoneDirectory, ZoneLock, admit, log_failure,
};
use model::config::Node;
use model::error::{Failure, Result};
use model::report;

/// What the operator says of requests.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'t> {
    /// The name of their file in messages.
    pub name: &'t str,
    /// Whether keys that are valid still are to be replaced.
    pub may_replace: bool,
    /// What becomes of them if the node was revoked.
    pub of_revoked: OfRevoked,
}

/// Brings the node's certificates up to date for the keys of the requests.
pub fn certify(
    file: &RequestFile,
    node: &Node,
    zone: &ZoneDirectory,
    terms: Terms<'_>,
    now: OffsetDateTime,
    held: &ZoneLock,
) -> Result<()> {
    let Terms { name, may_replace, of_revoked } = terms;
    let authorities = held.authorities(now)?;
    let path = zone.paths.issuance_log();
    let log = IssuanceLog::open(&path).and_then(|log| log.read());
    let (issued, _) = log.map_err(|error| log_failure(&path, &error, "nothing was issued"))?;
    let assessment = Assessment::of(Holder::Node(node), &zone.config, &zone.paths, &authorities, now)?;
    let mut admitted = admit(zone, vec![assessment], of_revoked)?;
    let known = Known { zone: &zone.config, authorities: &authorities, issued: &issued, may_replace, now };
    let judged = judge(file, node, &known).map_err(|refusals| refused(&refusals, node, name))?;
    judged.differences.iter().for_each(|difference| report::warning(&difference.to_string()));
    if let Some(assessment) = admitted.first_mut() {
        assessment.certify(judged.requests);
    }
    Issuer::new(zone, &authorities)?.bring_up_to_date(&admitted, now).map(drop)
}

fn refused(refusals: &[Refusal], node: &Node, name: &str) -> Failure {
    let mut failure = Failure::bad_input(format!("the requests in {name} are not signed"));
    failure.causes = refusals.iter().map(ToString::to_string).collect();
    let short = node.name.short();
    let replaces = refusals.iter().all(|refusal| matches!(refusal, Refusal::Replaces { .. }));
    failure.next(if replaces {
        format!(
            "make sure that they come from {short}, by the SHA-256 that it printed; then add --replace-keys"
        )
    } else {
        format!(
            "have {short} make new keys, and sign the requests for those: zone-etcd pki csr --node {} \
             --new-keys > FILE",
            node.name
        )
    })
}
