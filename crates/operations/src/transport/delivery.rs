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
    Programs, Recipient, Sealing, SignerRuns, ZoneContents,
};
use store::zone_directory::{
    Assessment, Authorities, DocumentSigner, HeldAuthorities, Holder, Issuer, ZoneDirectory, document_signer,
    in_parallel,
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

/// A node that is to get a bundle by way of etcd.
pub(super) struct Addressed<'a> {
    pub(super) node: &'a Node,
    /// Its key.
    pub(super) recipient: Recipient,
    /// A number that the node has by its own word, of a bundle that is not recorded; or 0.
    pub(super) above: u64,
    /// SHA-256 of the manifest of the bundle that it has in use, hexadecimal, if it was heard.
    pub(super) in_use: Option<&'a str>,
}

/// A bundle that etcd is to have for a node.
#[derive(Debug)]
pub(super) struct SealedBundle {
    pub(super) node: Node,
    /// What is recorded of it.
    pub(super) record: BundleRecord,
    /// The file; none if the node has it in use.
    pub(super) sealed: Option<Vec<u8>>,
    /// Whether it is sealed to another key than when it was made first.
    pub(super) resealed: bool,
    /// Who has signed the bundles of the node.
    pub(super) signers: SignerRuns,
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
    pub(super) fn bringing(
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
    ///
    /// It goes by the command of `[access]`; what etcd has for nodes is made for many at once.
    pub fn pack(&mut self, node: &Node) -> Result<Option<Payload>> {
        let transport = NodeTransport::of(self.zone, node);
        if matches!(transport, NodeTransport::Offline) {
            return Err(offline::no_command(self.zone, node));
        }
        let assessment = self.assess(node)?;
        if !self.may_have(&assessment) {
            return Ok(None);
        }
        self.bring_up_to_date(&assessment)?;
        self.payload(node, transport, &assessment).map(Some)
    }

    /// A node that was revoked gets no more than lists.
    fn may_have(&self, assessment: &Assessment<'_>) -> bool {
        let is_for_lists = matches!(self.wanted, Wanted::Lists) && assessment.is_withheld_whole();
        is_for_lists || !assessment.is_revoked()
    }

    /// The same for many nodes whose bundles etcd has: they are brought up to date as one step for the
    /// disk, and sealed. `prepare` says what is to be issued beside what is due.
    pub(super) fn seal_all(
        &mut self,
        nodes: &[Addressed<'_>],
        prepare: &mut dyn FnMut(&mut Assessment<'_>) -> Result<()>,
    ) -> Result<Vec<SealedBundle>> {
        let (mut due, mut assessments) = (Vec::new(), Vec::new());
        for addressed in nodes {
            let mut assessment = self.assess(addressed.node)?;
            if self.may_have(&assessment) {
                prepare(&mut assessment)?;
                due.push(addressed);
                assessments.push(assessment);
            }
        }
        Issuer::new(self.zone, self.authorities)?.bring_up_to_date(&assessments, self.now)?;
        self.ensure_signer()?;
        let due: Vec<_> = due.into_iter().zip(&assessments).collect();
        let this = &*self;
        let made = in_parallel(&due, |(to, assessment)| this.make_unless_in_use(to, assessment))?;
        let is_resealed = |record: &BundleRecord| {
            let latest = self.history.node(&record.node).map(|history| &history.latest);
            latest.is_none_or(|latest| latest.sealed_to != record.sealed_to)
        };
        let resealed: Vec<bool> = made.iter().map(|(record, _)| is_resealed(record)).collect();
        let is_new = |bundle: &Option<PipedBundle>| bundle.as_ref().is_some_and(|bundle| bundle.is_new);
        let new = made.iter().zip(&resealed).filter(|((_, bundle), resealed)| is_new(bundle) || **resealed);
        self.history.append(&new.map(|((record, _), _)| record.clone()).collect::<Vec<_>>())?;
        let sealed = due.iter().zip(made).zip(resealed).map(|(((to, _), (record, bundle)), resealed)| {
            let history = self.history.node(to.node.name.full());
            let signers = history.map(|history| history.signers.clone()).unwrap_or_default();
            let sealed = bundle.map(|mut bundle| std::mem::take(&mut *bundle.bytes));
            SealedBundle { node: to.node.clone(), record, sealed, resealed, signers }
        });
        Ok(sealed.collect())
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

    fn payload(
        &mut self,
        node: &Node,
        transport: NodeTransport,
        assessment: &Assessment<'_>,
    ) -> Result<Payload> {
        let by = match transport {
            NodeTransport::Command(by) => by,
            NodeTransport::InPlace | NodeTransport::Offline => {
                return Ok(Payload::nothing(node.name.clone()));
            }
        };
        let root = Fingerprint::of(self.ensure_signer()?.authority.certificate());
        let bundle = self.make(node, self.above, &Sealing::Plain, assessment)?;
        if bundle.is_new {
            self.history.append(std::slice::from_ref(&bundle.record))?;
        }
        Ok(Payload::of(Carried { to: node.clone(), by, bundle, root, wanted: self.wanted.clone() }))
    }

    /// Makes the bundle of a node whose certificates are up to date. It is not recorded yet.
    fn make(
        &self,
        node: &Node,
        above: u64,
        sealing: &Sealing<'_>,
        assessment: &Assessment<'_>,
    ) -> Result<PipedBundle> {
        let signer = self.signer.as_ref().ok_or_else(|| Failure::internal("the signer was not read"))?;
        let contents = self.contents.of(node, assessment)?;
        let numbering = self.history.numbering(node.name.full(), above);
        let right = self.right_of(node);
        PipedBundle::make(&self.contents, signer, (node, sealing), &contents, right, numbering, self.now)
    }

    /// The same for a node that etcd has bundles for: nothing but the record if it has that in use.
    fn make_unless_in_use(
        &self,
        to: &Addressed<'_>,
        assessment: &Assessment<'_>,
    ) -> Result<(BundleRecord, Option<PipedBundle>)> {
        let latest = self.latest(to.node).filter(|latest| Some(latest.manifest_sha256.as_str()) == to.in_use);
        if let Some(latest) = latest
            && latest.contents_sha256 == self.contents.of(to.node, assessment)?.sha256
        {
            return Ok((latest.clone(), None));
        }
        let sealing = Sealing::Recipients(vec![&to.recipient]);
        // Where etcd has it, the cluster runs: no bundle there gives the right to bootstrap one. A first
        // bundle does, so it is not made again.
        let first = self.latest(to.node).filter(|latest| latest.may_bootstrap);
        let above = first.map_or(to.above, |first| to.above.max(first.sequence));
        let bundle = self.make(to.node, above, &sealing, assessment)?;
        Ok((bundle.record.clone(), Some(bundle)))
    }

    fn ensure_signer(&mut self) -> Result<&DocumentSigner> {
        signer_in(&mut self.signer, self.zone, self.authorities, self.now)
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
