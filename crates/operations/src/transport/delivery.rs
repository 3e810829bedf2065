//! Each node gets what the zone has for it now: certificates, the CAs that it trusts, revocation lists.

use std::sync::Arc;

use time::OffsetDateTime;
use zone_pki::whole_seconds;

use super::payload::{Carried, Payload};
use super::{NodeTransport, offline};
use launch::activation::Fingerprint;
use model::config::{EtcdSettings, Node};
use model::error::{Failure, Result};
use store::bundle::{
    Asked, BootstrapRight, BundleDirectory, BundleHistory, BundleMaker, BundleRecord, Earlier, PipedBundle,
    Programs, Sealing, ZoneContents,
};
use store::zone_directory::{
    Assessment, Authorities, DocumentSigner, HeldAuthorities, Holder, Issuer, ZoneDirectory, document_signer,
};

/// Makes what nodes get, in a zone whose lock is held.
#[derive(Debug)]
pub struct Delivery<'z> {
    zone: &'z ZoneDirectory,
    authorities: &'z HeldAuthorities<'z>,
    /// Read when the first bundle is made: nodes that run from the zone directory need none, and its key may
    /// be kept elsewhere.
    signer: Option<DocumentSigner>,
    contents: ZoneContents,
    history: BundleHistory,
    earlier: Earlier,
    wanted: Wanted,
    /// A number that the node has by its own word; 0 if it did not say any.
    above: u64,
    now: OffsetDateTime,
}

/// What a payload brings, so that it can be made again with another number.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    /// Certificates that are up to date, CAs and lists. What a node had that was revoked is replaced by `pki
    /// issue` and `pki renew` alone, for a node that is named.
    UpToDate,
    /// The same for a member that is to refuse what was revoked, be it a certificate of its own: it gets the
    /// lists beside the certificates that it has, if they are whole here.
    Lists,
    /// What it takes to run etcd with other settings than `zone.toml` has.
    Step { etcd: Box<EtcdSettings>, programs: Option<Arc<Programs>> },
}

/// Makes what a node gets, under the zone's lock: `None` for one that was revoked.
pub(crate) fn pack(
    zone: &ZoneDirectory,
    node: &Node,
    wanted: Wanted,
    now: OffsetDateTime,
) -> Result<Option<Payload>> {
    let held = zone.lock()?;
    let authorities = held.authorities(now)?;
    Delivery::bringing(wanted, zone, &authorities, now)?.pack(node)
}

/// Makes what one node gets whose etcd is to run with other settings than `zone.toml` has, with these
/// programs.
pub fn pack_step(
    zone: &ZoneDirectory,
    node: &Node,
    etcd: &EtcdSettings,
    programs: Option<Arc<Programs>>,
    now: OffsetDateTime,
) -> Result<Payload> {
    let wanted = Wanted::Step { etcd: Box::new(etcd.clone()), programs };
    if let Some(payload) = pack(zone, node, wanted, now)? {
        return Ok(payload);
    }
    let authorities = Authorities::load(&zone.paths, now)?;
    Assessment::of(Holder::Node(node), &zone.config, &zone.paths, &authorities, now)?.refuse_revoked(zone)?;
    Err(Failure::internal("nothing was packed for a node that was not revoked"))
}

impl<'z> Delivery<'z> {
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
        let now = whole_seconds(now);
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

    /// Brings the certificates of a node up to date, and makes what it gets of them. Nothing for one that was
    /// revoked and does not get lists alone.
    pub fn pack(&mut self, node: &Node) -> Result<Option<Payload>> {
        if matches!(NodeTransport::of(self.zone, node), NodeTransport::Offline) {
            return Err(offline::no_command(self.zone, node));
        }
        let assessment = self.assess(node)?;
        let is_for_lists = matches!(self.wanted, Wanted::Lists) && assessment.is_withheld_whole();
        if assessment.is_revoked() && !is_for_lists {
            return Ok(None);
        }
        self.bring_up_to_date(&assessment)?;
        self.payload(node, &assessment).map(Some)
    }

    /// Makes what a node is to get once more, with a number above the one that it has.
    pub(super) fn pack_above(
        zone: &ZoneDirectory,
        node: &Node,
        wanted: Wanted,
        above: u64,
        now: OffsetDateTime,
    ) -> Result<Option<Payload>> {
        let held = zone.lock()?;
        let authorities = held.authorities(now)?;
        Delivery { above, ..Delivery::bringing(wanted, zone, &authorities, now)? }.pack(node)
    }

    fn payload(&mut self, node: &Node, assessment: &Assessment<'_>) -> Result<Payload> {
        let name = node.name.clone();
        let NodeTransport::Command(by) = NodeTransport::of(self.zone, node) else {
            return Ok(Payload::nothing(name));
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
        Ok(Payload::of(Carried { to: node.clone(), by, bundle, root, wanted: self.wanted.clone() }))
    }

    /// The same for a node to which a file is carried: writes its bundle, unless the one that is there will
    /// do. Nothing for one that was revoked.
    pub fn write(
        &mut self,
        node: &Node,
        directory: &BundleDirectory,
        sealing: &Sealing<'_>,
    ) -> Result<Option<BundleRecord>> {
        let assessment = self.assess(node)?;
        if assessment.is_revoked() {
            return Ok(None);
        }
        self.bring_up_to_date(&assessment)?;
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

    fn bring_up_to_date(&self, assessment: &Assessment<'_>) -> Result<()> {
        let mut issuer = Issuer::new(self.zone, self.authorities)?;
        issuer.bring_up_to_date(std::slice::from_ref(assessment), self.now).map(drop)
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
