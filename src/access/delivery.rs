//! Each node gets what the zone has for it now: certificates, the CAs that it trusts, revocation lists.

use std::sync::Arc;

use time::OffsetDateTime;

use super::parcel::{Carried, Delivered, Parcel};
use super::{Access, by_hand};
use crate::activation::Fingerprint;
use crate::bundle::{
    Asked, BootstrapRight, BundleDirectory, BundleHistory, BundleMaker, BundleRecord, Earlier, PipedBundle,
    Programs, Sealing, ZoneContents,
};
use crate::config::{EtcdSettings, Node};
use crate::error::{Failure, Result};
use crate::operation_lock::{OperationLock, still_held};
use crate::rolling::{Event, Watch};
use crate::zone_directory::{
    Assessment, Authorities, DocumentSigner, HeldAuthorities, Holder, Issuer, ZoneDirectory, document_signer,
};

/// Makes what nodes get, in a zone that nobody else changes.
#[derive(Debug)]
pub struct Courier<'z> {
    zone: &'z ZoneDirectory,
    authorities: &'z HeldAuthorities<'z>,
    /// Read when the first bundle is made: nodes that run from the zone directory need none, and its key may be kept elsewhere.
    signer: Option<DocumentSigner>,
    contents: ZoneContents,
    history: BundleHistory,
    earlier: Earlier,
    wanted: Wanted,
    /// A number that the node has by its own word; 0 if it did not say any.
    above: u64,
    now: OffsetDateTime,
}

/// What a parcel brings, so that it can be made again with another number.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// Certificates that are up to date, CAs and lists.
    UpToDate,
    /// Lists, and the certificates that the node has.
    Lists,
    /// What it takes to run etcd with other settings than `zone.toml` has.
    Step { etcd: Box<EtcdSettings>, programs: Option<Arc<Programs>> },
}

/// Brings each of these nodes what the zone has for it now, one after the other, and ends with the first that does not take it.
/// A node that has it already answers so, and nothing changes there. One that was revoked gets nothing. Nothing is brought once the lock of
/// the operation is lost.
pub fn deliver(
    zone: &ZoneDirectory,
    nodes: &[&Node],
    now: OffsetDateTime,
    lock: Option<&OperationLock>,
    watch: &mut dyn Watch,
) -> Result<Vec<Delivered>> {
    let parcels = pack(zone, nodes, now)?;
    let mut delivered = Vec::new();
    for parcel in parcels {
        still_held(lock)?;
        let each = parcel.carry(zone)?;
        watch.event(Event::Issued { holder: each.node.short().to_owned() });
        delivered.push(each);
    }
    Ok(delivered)
}

/// Makes what these nodes get, under the zone's lock. Those that were revoked get nothing.
pub fn pack(zone: &ZoneDirectory, nodes: &[&Node], now: OffsetDateTime) -> Result<Vec<Parcel>> {
    let held = zone.lock()?;
    let authorities = held.authorities(now)?;
    let mut courier = Courier::new(zone, &authorities, now)?;
    nodes.iter().filter_map(|node| courier.pack(node).transpose()).collect()
}

/// Makes what one node gets whose etcd is to run with other settings than `zone.toml` has, with these programs.
pub fn pack_step(
    zone: &ZoneDirectory,
    node: &Node,
    etcd: &EtcdSettings,
    programs: Option<Arc<Programs>>,
    now: OffsetDateTime,
) -> Result<Parcel> {
    let wanted = Wanted::Step { etcd: Box::new(etcd.clone()), programs };
    let held = zone.lock()?;
    let authorities = held.authorities(now)?;
    if let Some(parcel) = Courier::bringing(wanted, zone, &authorities, now)?.pack(node)? {
        return Ok(parcel);
    }
    Assessment::of(Holder::Node(node), &zone.config, &zone.paths, &authorities, now)?.refuse_revoked(zone)?;
    Err(Failure::internal("nothing was packed for a node that was not revoked"))
}

impl<'z> Courier<'z> {
    /// Reads what was made before.
    pub fn new(
        zone: &'z ZoneDirectory,
        authorities: &'z HeldAuthorities<'z>,
        now: OffsetDateTime,
    ) -> Result<Self> {
        Self::bringing(Wanted::UpToDate, zone, authorities, now)
    }

    /// The same for something else.
    fn bringing(
        wanted: Wanted,
        zone: &'z ZoneDirectory,
        authorities: &'z HeldAuthorities<'z>,
        now: OffsetDateTime,
    ) -> Result<Self> {
        // The log and the manifest have whole seconds, as certificates do.
        let now = now.replace_nanosecond(0).unwrap_or(now);
        let history = BundleHistory::load(&zone.paths, authorities.lock())?;
        let contents = match &wanted {
            Wanted::UpToDate | Wanted::Lists => ZoneContents::new(zone, authorities, None),
            Wanted::Step { etcd, programs } => {
                ZoneContents::with_etcd(zone, authorities, etcd, programs.clone())
            }
        };
        let earlier = Earlier::look(zone, &contents, &history);
        Ok(Self { zone, authorities, signer: None, contents, history, earlier, wanted, above: 0, now })
    }

    /// Brings the certificates of a node up to date, and makes what it gets of them. Nothing for one that was revoked: what it had
    /// is replaced by `pki issue` and `pki renew` alone, for a node that is named.
    pub fn pack(&mut self, node: &Node) -> Result<Option<Parcel>> {
        self.refuse_by_hand(node)?;
        let Some(assessment) = self.bring_up_to_date(node)? else { return Ok(None) };
        self.parcel(node, &assessment).map(Some)
    }

    /// Makes what a node is to get once more, with a number above the one that it has.
    pub(super) fn pack_above(
        zone: &ZoneDirectory,
        node: &Node,
        wanted: Wanted,
        above: u64,
        now: OffsetDateTime,
    ) -> Result<Option<Parcel>> {
        let held = zone.lock()?;
        let authorities = held.authorities(now)?;
        let are_lists = matches!(wanted, Wanted::Lists);
        let mut courier = Courier { above, ..Courier::bringing(wanted, zone, &authorities, now)? };
        if are_lists { courier.pack_lists(node) } else { courier.pack(node) }
    }

    /// The same for a member that is to refuse what was revoked, be it a certificate of its own: it gets the lists beside the
    /// certificates that it has. Nothing for one whose certificates are not whole here.
    pub fn pack_lists(&mut self, node: &Node) -> Result<Option<Parcel>> {
        self.wanted = Wanted::Lists;
        self.refuse_by_hand(node)?;
        if let Some(assessment) = self.bring_up_to_date(node)? {
            return self.parcel(node, &assessment).map(Some);
        }
        let assessment = self.assess(node)?;
        if !assessment.is_withheld_whole() {
            return Ok(None);
        }
        Issuer::new(self.zone, self.authorities)?
            .bring_up_to_date(std::slice::from_ref(&assessment), self.now)?;
        self.parcel(node, &assessment).map(Some)
    }

    fn refuse_by_hand(&self, node: &Node) -> Result<()> {
        match Access::of(self.zone, node) {
            Access::ByHand => Err(by_hand::no_command(self.zone, node)),
            Access::Here | Access::Command(_) => Ok(()),
        }
    }

    fn parcel(&mut self, node: &Node, assessment: &Assessment<'_>) -> Result<Parcel> {
        let name = node.name.clone();
        let Access::Command(by) = Access::of(self.zone, node) else {
            return Ok(Parcel::nothing(name));
        };
        let contents = self.contents.of(node, assessment)?;
        let right = self.right_of(node);
        let signer = signer_in(&mut self.signer, self.zone, self.authorities, self.now)?;
        let root = Fingerprint::of(signer.authority.certificate());
        let numbering = self.history.numbering(node.name.full(), self.above);
        let bundle = PipedBundle::make(&self.contents, signer, node, &contents, right, numbering, self.now)?;
        if bundle.is_new {
            self.history.append(std::slice::from_ref(&bundle.record))?;
        }
        Ok(Parcel::of(Carried { to: node.clone(), by, bundle, root, wanted: self.wanted.clone() }))
    }

    /// The same for a node to which a file is carried: writes its bundle, unless the one that is there will do. Nothing for one
    /// that was revoked.
    pub fn write(
        &mut self,
        node: &Node,
        directory: &BundleDirectory,
        sealing: &Sealing<'_>,
    ) -> Result<Option<BundleRecord>> {
        let Some(assessment) = self.bring_up_to_date(node)? else { return Ok(None) };
        let contents = self.contents.of(node, &assessment)?;
        let right = self.right_of(node);
        let (name, now) = (node.name.full(), self.now);
        directory.recover(&node.name, self.history.node(name))?;
        let signer = signer_in(&mut self.signer, self.zone, self.authorities, now)?;
        let maker = BundleMaker { contents: &self.contents, directory, signer, now };
        let made = maker.make(node, &contents, sealing, right, self.history.numbering(name, self.above))?;
        maker.commit(&[node], std::iter::once(&made), &mut self.history)?;
        Ok(Some(made.record))
    }

    /// The latest bundle of a node, if it had one.
    pub fn latest(&self, node: &Node) -> Option<&BundleRecord> {
        self.history.node(node.name.full()).map(|history| &history.latest)
    }

    fn right_of(&self, node: &Node) -> BootstrapRight {
        let had_bundle = self.history.numbering(node.name.full(), self.above).had_bundle();
        self.earlier.right_of(self.zone, &self.contents, node, had_bundle, Asked::default())
    }

    /// None if it was revoked.
    fn bring_up_to_date<'n>(&self, node: &'n Node) -> Result<Option<Assessment<'n>>>
    where
        'z: 'n,
    {
        let assessment = self.assess(node)?;
        if assessment.is_revoked() {
            return Ok(None);
        }
        let mut issuer = Issuer::new(self.zone, self.authorities)?;
        issuer.bring_up_to_date(std::slice::from_ref(&assessment), self.now)?;
        Ok(Some(assessment))
    }

    fn assess<'n>(&self, node: &'n Node) -> Result<Assessment<'n>>
    where
        'z: 'n,
    {
        let Self { zone, authorities, now, .. } = *self;
        Assessment::of(Holder::Node(node), &zone.config, &zone.paths, authorities, now)
    }
}

fn signer_in<'s>(
    slot: &'s mut Option<DocumentSigner>,
    zone: &ZoneDirectory,
    authorities: &Authorities,
    now: OffsetDateTime,
) -> Result<&'s DocumentSigner> {
    match slot {
        Some(signer) => Ok(signer),
        None => Ok(slot.insert(document_signer(zone, authorities, now)?)),
    }
}
