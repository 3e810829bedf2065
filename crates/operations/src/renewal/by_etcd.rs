//! Nodes whose bundles etcd has: renewed together, each as soon as it asks.
//!
//! A member is renewed alone, and seen to be in use before the next, as by any other way. Nodes without one
//! serve no client: they are issued to and written in batches, and answer by themselves.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;
use zone_pki::{Certificate, GenerationStore};

use super::holder::{Renewal, Renewed, Served};
use super::proof::{leaf, prove};
use crate::transport::Wanted;
use crate::transport::etcd_delivery::EtcdRound;
use model::config::Node;
use model::error::{Failure, Result};
use model::plan::{IssueReason, Role};
use store::zone_directory::{Assessment, Authorities, Holder, Verdict};

/// What was issued to a node, by role, with the serial number of what it replaces.
type IssuedTo = BTreeMap<String, Vec<(&'static Role, Option<String>)>>;

/// What a round has renewed, and what is to be told of the rest.
pub(super) struct RenewedByEtcd {
    pub(super) renewed: Vec<Renewed>,
    pub(super) left_out: Vec<Failure>,
}

impl Renewal<'_, '_> {
    /// Renews nodes of which none runs a member that answers.
    #[tracing::instrument(skip_all, name = "renew by etcd", fields(nodes = nodes.len()))]
    pub(super) fn renew_by_etcd(&self, nodes: &[&Node]) -> Result<RenewedByEtcd> {
        self.refuse_revoked(nodes)?;
        let (mut round, issued, mut left_out) = self.round(nodes)?;
        let renewed = self.rows(nodes, &issued, &round, |is_answered| match is_answered {
            true => Served::Delivered,
            false => Served::Open,
        })?;
        left_out.extend(round.failure.take());
        Ok(RenewedByEtcd { renewed, left_out })
    }

    /// Renews the node of a member that answers, and puts back what it had if that does not show what is new.
    #[tracing::instrument(skip_all, name = "renew by etcd", fields(node = node.name.short()))]
    pub(super) fn renew_member_by_etcd(&self, node: &Node) -> Result<RenewedByEtcd> {
        self.refuse_revoked(&[node])?;
        let store = GenerationStore::new(self.zone.node_paths(&node.name).generations());
        let read =
            || store.current().map_err(|error| Failure::bad_input("cannot read what it has").because(&error));
        let before = read()?;
        let (mut round, issued, mut left_out) = self.round(&[node])?;
        let after = read()?.ok_or_else(|| Failure::internal("nothing was issued"))?;
        if let Some(failure) = round.failure.take() {
            left_out.push(failure);
            let renewed = self.rows(&[node], &issued, &round, |_| Served::Open)?;
            return Ok(RenewedByEtcd { renewed, left_out });
        }
        if !round.answered.is_empty() && !issued.is_empty() {
            let authorities = Authorities::load(&self.zone.paths, OffsetDateTime::now_utc())?;
            if let Err(why) = prove(self.operation.site(), self.zone, &authorities, node, &after)? {
                let name = node.name.short();
                let undo = super::rollback::Undo {
                    zone: self.zone,
                    store: &store,
                    before: before.as_ref(),
                    after: &after,
                    name,
                };
                let failure = undo.not_in_use(None, why);
                // What is in use here again is what it gets next.
                let again = self.operation.etcd_round(&[node], &Wanted::UpToDate, &mut |_| Ok(()))?;
                return Err(match again.failure {
                    None => failure.because(format!("{name} has again what it had")),
                    Some(_) => failure.because(format!("etcd has for {name} what it had before")),
                });
            }
        }
        let renewed = self.rows(&[node], &issued, &round, |_| Served::Proved)?;
        Ok(RenewedByEtcd { renewed, left_out })
    }

    fn round(&self, nodes: &[&Node]) -> Result<(EtcdRound, IssuedTo, Vec<Failure>)> {
        let (mut issued, mut left_out) = (IssuedTo::new(), Vec::new());
        let round = self.operation.etcd_round(nodes, &Wanted::UpToDate, &mut |assessment| {
            let name = assessment.holder.short_name();
            match self.issue_where_due(assessment) {
                Ok(roles) if roles.is_empty() => {}
                Ok(roles) => drop(issued.insert(name, roles)),
                Err(failure) => left_out.push(failure),
            }
            Ok(())
        })?;
        Ok((round, issued, left_out))
    }

    fn issue_where_due(
        &self,
        assessment: &mut Assessment<'_>,
    ) -> Result<Vec<(&'static Role, Option<String>)>> {
        if assessment.has_keys_elsewhere() {
            let asks = |entry: &store::zone_directory::Entry| match entry.verdict() {
                Verdict::Keep { certificate, .. } => (self.takes)(entry.role, certificate),
                Verdict::Issue(_) | Verdict::Withheld(_) => false,
            };
            if assessment.entries.iter().any(asks) {
                let again = self.zone.proposed_requests(&assessment.holder.name(), " --new-keys", "");
                assessment.refuse_keys_elsewhere(again)?;
            }
        } else {
            assessment.issue_where(&IssueReason::Requested, self.takes);
        }
        let before = assessment.current.as_ref();
        let due = assessment.entries.iter().filter(|entry| matches!(entry.verdict(), Verdict::Issue(_)));
        let serial = |role| Some(leaf(before?, role)?.serial_hex());
        Ok(due.map(|entry| (entry.role, serial(entry.role))).collect())
    }

    /// A node that was named and revoked is refused before anything is issued.
    fn refuse_revoked(&self, nodes: &[&Node]) -> Result<()> {
        if self.of_revoked == store::zone_directory::OfRevoked::LeftOut {
            return Ok(());
        }
        let authorities = Authorities::load(&self.zone.paths, self.now)?;
        for node in nodes {
            let holder = Holder::Node(node);
            Assessment::of(holder, &self.zone.config, &self.zone.paths, &authorities, self.now)?
                .refuse_revoked(self.zone)?;
        }
        Ok(())
    }

    fn rows(
        &self,
        nodes: &[&Node],
        issued: &IssuedTo,
        round: &EtcdRound,
        served: impl Fn(bool) -> Served,
    ) -> Result<Vec<Renewed>> {
        let answered: BTreeSet<&str> = round.answered.iter().map(|name| name.short()).collect();
        let mut rows = Vec::new();
        for node in nodes {
            let name = node.name.short();
            let Some(roles) = issued.get(name) else { continue };
            let store = GenerationStore::new(self.zone.node_paths(&node.name).generations());
            let generation = store.current().ok().flatten();
            for (role, old_serial) in roles {
                let new: Option<Certificate> = generation.as_ref().and_then(|now| leaf(now, role));
                let new = new.ok_or_else(|| Failure::internal("a certificate was not issued"))?;
                let (holder, served) = (name.to_owned(), served(answered.contains(name)));
                rows.push(Renewed { holder, role, old_serial: old_serial.clone(), new, served });
            }
        }
        Ok(rows)
    }
}
