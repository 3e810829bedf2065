//! Holders whose new certificates stay in the zone directory, or are carried to them in files: nothing is
//! brought to them and no member of theirs is asked, so they are issued to in batches, each as one step for
//! the disk and under one hold of the zone's lock.

use super::by_etcd::RenewedByEtcd;
use super::holder::{Due, Renewal, Renewed, Served};
use super::proof::leaf;
use crate::transport::NodeTransport;
use model::error::{Exit, Failure, Result};
use store::zone_directory::{Holder, Issuer};

/// Holders of a batch.
pub(super) const BATCH: usize = 256;

impl Renewal<'_, '_> {
    /// Whether a holder can be renewed with others: none of what follows can fail and be put back.
    pub(super) fn is_renewed_here_alone(&self, holder: Holder<'_>) -> bool {
        let is_carried = match self.transport(holder) {
            NodeTransport::InPlace => false,
            NodeTransport::Offline => true,
            NodeTransport::Command(_) => return false,
        };
        is_carried || self.member_of(holder).is_none()
    }

    /// Renews such holders. One that has to ask for what it needs keeps none of the others from it.
    #[tracing::instrument(skip_all, name = "renew together", fields(holders = holders.len()))]
    pub(super) fn renew_together(&self, holders: &[Holder<'_>]) -> Result<RenewedByEtcd> {
        let mut left_out = Vec::new();
        let issued = self.operation.change(|change| {
            let (mut assessments, mut issued) = (Vec::new(), Vec::new());
            for holder in holders {
                let transport = self.transport(*holder);
                match self.due(change.authorities, *holder, &transport) {
                    Ok(Some(Due { assessment, roles, .. })) => {
                        let (before, store) = (assessment.current.clone(), assessment.store.clone());
                        issued.push((*holder, transport, roles, before, store));
                        assessments.push(assessment);
                    }
                    Ok(None) => {}
                    Err(failure) if matches!(failure.exit, Exit::Unavailable | Exit::MissingInput) => {
                        left_out.push(failure);
                    }
                    Err(failure) => return Err(failure),
                }
            }
            Issuer::new(change.zone, change.authorities)?.bring_up_to_date(&assessments, self.now)?;
            Ok(issued)
        })?;
        let mut renewed = Vec::new();
        for (holder, transport, roles, before, store) in issued {
            let name = holder.short_name();
            let after = store.current().map_err(|error| {
                Failure::bad_input(format!("cannot read what {name} has now")).because(&error)
            })?;
            let served = match transport {
                NodeTransport::Offline if self.writes_bundles => Served::Open,
                _ => Served::NotAsked,
            };
            for role in roles {
                let old = before.as_ref().and_then(|generation| leaf(generation, role));
                let new = after.as_ref().and_then(|generation| leaf(generation, role));
                let new = new.ok_or_else(|| Failure::internal("a certificate was not issued"))?;
                let old_serial = old.map(|leaf| leaf.serial_hex());
                renewed.push(Renewed { holder: name.clone(), role, old_serial, new, served });
            }
        }
        Ok(RenewedByEtcd { renewed, left_out })
    }
}
