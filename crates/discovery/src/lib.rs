//! How a node finds the members of its zone where its local config has no list. They are looked for once,
//! before its first start: from then on the list that it has kept is used, and etcd is always given a list.
//!
//! A place is asked as `boot.toml` says, and another one is never asked instead. What it answers goes into
//! the start decision like a list that was written by hand: nothing of that is passed by.
//!
//! | module | what it holds |
//! |---|---|
//! | `zone_document` | the zone document: fetched, judged, kept |
//! | `srv_records` | SRV records, resolved as etcd would |
//! | `registration` | a registry of the discovery service: the node's own entry, and those of the others |
//! | `registered` | what a registry makes of the zone. Pure |
//! | `commitment` | the members that this node has committed to found the cluster with |
//! | `own_credentials` | with what the registry is asked |

mod commitment;
mod own_credentials;
mod registered;
mod registration;
mod srv_records;
mod zone_document;

use std::cell::Cell;

use time::OffsetDateTime;

use etcd::observe_data_directory;
use model::config::{BootConfig, DiscoverySource, LocalConfig, MemberList, MemberSource, Problem};
use model::error::{Exit, Failure, Result};
use model::plan::{DataDirectory, DocumentSigners};
use store::node_directory::{Place, keep_members, kept_members, no_list};
use store::zone_directory::config_failure;
use zone_document::Patience;

/// How members are looked for.
#[derive(Clone, Copy)]
pub struct Search<'s> {
    /// Whether the node registers where it has to, waits for the others, and keeps what it finds. Otherwise
    /// nothing is written anywhere.
    pub takes_part: bool,
    /// Whether a document that is newer than the kept one is asked for although there is data: once, and what
    /// comes of it is told and no failure.
    pub refreshes: bool,
    /// The time, for what expires.
    pub now: OffsetDateTime,
    /// Where is told for whom it waits.
    pub tell: &'s dyn Fn(&str),
    /// Set when it registers and was not registered before, by whatever program.
    pub has_registered: &'s Cell<bool>,
}

/// The members of a node whose local config has no list.
///
/// # Errors
/// They are not found (exit 66 or 69), or what is found is wrong (65).
pub fn members(
    local: &LocalConfig,
    place: &Place<'_>,
    search: Search<'_>,
) -> Result<(MemberList, Vec<Problem>)> {
    // A node without a member never has data, and goes on with the list that it has as well.
    if let Some(kept) = kept_members(local, place.paths)?
        && (has_log(place) || (search.refreshes && !kept.0.is_member()))
    {
        return if search.refreshes { refreshed(kept, local, place, search) } else { Ok(kept) };
    }
    let (boot, warnings) = BootConfig::load(&place.paths.boot_config()).map_err(config_failure)?;
    let Some(source) = boot.source() else { return Err(no_list(place)) };
    let (list, mut found, document) = match source {
        MemberSource::Nameservice(settings) => {
            let patience = if search.takes_part { Patience::UntilDeadline } else { Patience::Once };
            let accepted = zone_document::accepted(settings, local, place, search, patience, None)?;
            (accepted.list.clone(), accepted.warnings.clone(), Some(accepted))
        }
        MemberSource::Discovery(discovery) => {
            let (list, found) = match &discovery.source {
                DiscoverySource::Dns(dns) => srv_records::members(dns, discovery.size, local, place)?,
                DiscoverySource::Registry(registry) => {
                    registration::members(registry, discovery.size, local, place, search)?
                }
            };
            (list, found, None)
        }
    };
    commitment::refuse_other_members(&list, local, place)?;
    if search.takes_part {
        document.map_or(Ok(()), |document| document.keep(place))?;
        keep_members(place.paths, &list)?;
    }
    found.splice(0..0, warnings);
    Ok((list, found))
}

/// The members by a newer document, or those that are kept and why.
fn refreshed(
    kept: (MemberList, Vec<Problem>),
    local: &LocalConfig,
    place: &Place<'_>,
    search: Search<'_>,
) -> Result<(MemberList, Vec<Problem>)> {
    let (boot, _) = BootConfig::load(&place.paths.boot_config()).map_err(config_failure)?;
    let Some(MemberSource::Nameservice(settings)) = boot.source() else { return Ok(kept) };
    // Without data nothing keeps the node from becoming a member.
    let held_against = has_log(place).then_some(&kept.0);
    match zone_document::accepted(settings, local, place, search, Patience::Once, held_against) {
        Ok(accepted) => {
            accepted.keep(place)?;
            keep_members(place.paths, &accepted.list)?;
            Ok((accepted.list, accepted.warnings))
        }
        Err(failure) => {
            let why = [vec![failure.what], failure.causes].concat().join("; ");
            (search.tell)(&format!("goes on with the members of {}: {why}", kept.0.source));
            Ok(kept)
        }
    }
}

/// The CAs of which one has to have signed a zone document, as the local config names them.
///
/// # Errors
/// They cannot be read, or are no CAs.
pub fn signers(local: &LocalConfig, place: &Place<'_>) -> Result<DocumentSigners> {
    zone_document::authorities(local, place).map(|(signers, _)| signers)
}

/// Whether the member has data, which is what its list is for from then on.
fn has_log(place: &Place<'_>) -> bool {
    matches!(observe_data_directory(&place.paths.data()), Ok(DataDirectory::Log(_)) | Err(_))
}

/// The members that were found break the rules for a zone.
fn unsound(source: &str, problems: Vec<Problem>) -> Failure {
    let failure =
        Failure::new(Exit::BadInput, format!("the members from {source} cannot be those of a zone"));
    problems.iter().fold(failure, |failure, problem| match &problem.instead {
        Some(instead) => failure.because(format!("{}: {instead}", problem.what)),
        None => failure.because(problem.what.as_str()),
    })
}
