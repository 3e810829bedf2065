//! The keys of nodes, from what they have signed.

use time::OffsetDateTime;

use super::round::read_answers;
use crate::transport::names_etcd;
use model::config::Node;
use model::error::Result;
use store::site::Site;
use store::zone_directory::Authorities;

/// Has the keys of nodes recorded that etcd is to carry bundles for, and that have told theirs. Without
/// etcd the zone goes on with what is recorded.
///
/// # Errors
/// The CAs or the log cannot be read.
pub fn learn_recipients(site: &Site, now: OffsetDateTime) -> Result<()> {
    let zone = site.zone_directory()?;
    let known = zone.recipients()?;
    let is_unknown = |node: &&Node| names_etcd(zone, node) && known.of(node).is_none();
    let unknown: Vec<&Node> = zone.config.nodes.iter().filter(is_unknown).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let authorities = Authorities::load_before_their_time(&zone.paths, now)?;
    match read_answers(site, zone, &authorities, &unknown) {
        Ok(answers) => answers.learn(now).map(drop),
        Err(failure) => {
            tracing::debug!(%failure, "the answers of nodes are not read");
            Ok(())
        }
    }
}
