//! `bundle`: issues what is missing, and writes the bundles.

use std::collections::BTreeSet;
use std::sync::Arc;

use time::OffsetDateTime;

use super::outcome::{Outcome, Row};
use crate::arguments::{SealChoice, open_zone};
use crate::cli::BundleMakeArgs;
use crate::output::{BATCH, print};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::plan::BOOTSTRAP_LASTS;
use model::report::{Progress, Unit};
use store::bundle::{Asked, BundleDirectory, BundleHistory, BundleMaker, Earlier, Programs, ZoneContents};
use store::zone_directory::{
    Assessment, Holder, Issuer, OfRevoked, ZoneDirectory, admit, document_signer, in_parallel,
};
use zone_pki::whole_seconds;

pub(super) fn run(arguments: &BundleMakeArgs, now: OffsetDateTime) -> Result<()> {
    let now = whole_seconds(now);
    let Some(out) = &arguments.out else { return Err(Failure::internal("there is no --out")) };
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    let nodes = nodes(arguments, &zone)?;
    let asked = Said::read(arguments, &zone, &nodes)?;
    if arguments.above.is_some() && arguments.nodes.len() != 1 {
        return Err(Failure::new(Exit::Usage, "--above is the number of one node")
            .because("the bundles of each node are counted by themselves")
            .next("name the node that refused its bundle, and no other"));
    }
    let above = arguments.above.unwrap_or(0);
    let seals = SealChoice::read(&arguments.sealing, &zone)?;
    nodes.iter().try_for_each(|node| seals.of(node).map(drop))?;

    let held = zone.lock()?;
    let authorities = zone.load_or_create_authorities(now, &held)?;
    let mut issuer = Issuer::new(&zone, &authorities)?;
    let signer = document_signer(&zone, &authorities, now)?;
    let directory = BundleDirectory::open(out)?;
    let programs = match arguments.with_binaries {
        true => {
            let time = now.unix_timestamp();
            Some(Arc::new(Programs::collect(zone.config.etcd.version, directory.path(), time)?))
        }
        false => None,
    };
    let contents = ZoneContents::new(&zone, &authorities, programs);
    asked.refuse_restored(&zone, &contents)?;
    let mut history = BundleHistory::load(&zone.paths, &held)?;
    let earlier = Earlier::look(&zone, &contents, &history);
    let maker = BundleMaker { contents: &contents, directory: &directory, signer: &signer, now };

    let of_revoked = OfRevoked::said(false, arguments.nodes.is_empty());
    let mut rows = Vec::with_capacity(nodes.len());
    let progress = Progress::begin("bundling", Unit::Of("nodes"), nodes.len() as u64);
    for batch in nodes.chunks(BATCH) {
        let assessments = batch
            .iter()
            .map(|node| Assessment::of(Holder::Node(node), &zone.config, &zone.paths, &authorities, now))
            .collect::<Result<Vec<_>>>()?;
        let assessments = admit(&zone, assessments, of_revoked)?;
        issuer.bring_up_to_date(&assessments, now)?;
        let work: Vec<(&Node, Assessment<'_>)> = assessments
            .into_iter()
            .filter_map(|assessment| match assessment.holder {
                Holder::Node(node) => Some((node, assessment)),
                Holder::Client(_) => None,
            })
            .collect();
        let made = in_parallel(&work, |(node, assessment)| {
            let known = history.node(node.name.full());
            let numbering = history.numbering(node.name.full(), above);
            directory.recover(&node.name, known)?;
            let right = earlier.right_of(&zone, &contents, node, numbering.had_bundle(), asked.of(node));
            let files = contents.of(node, assessment)?;
            let made = maker.make(node, &files, &seals.of(node)?, right, numbering)?;
            Ok((made, files.expires_at, right))
        })?;
        let admitted: Vec<&Node> = work.iter().map(|(node, _)| *node).collect();
        maker.commit(&admitted, made.iter().map(|(made, ..)| made), &mut history)?;
        let of_batch = admitted.into_iter().zip(made);
        rows.extend(
            of_batch.map(|(node, (made, expires_at, right))| Row::new(node, made, expires_at, right)),
        );
        progress.add(batch.len() as u64);
    }
    drop(progress);
    issuer.keep_administrator(now);
    let founded = history.founding_clusters().get(&contents.cluster_id).copied();
    let may_be_new = founded.is_none_or(|founded| now - founded <= BOOTSTRAP_LASTS);
    let outcome = Outcome { zone: &zone, directory: &directory, signer: &signer, rows, may_be_new };
    print(&outcome.data(arguments.format)?)?;
    outcome.tell();
    Ok(())
}

/// The nodes that were named, each once, or all.
fn nodes<'z>(arguments: &BundleMakeArgs, zone: &'z ZoneDirectory) -> Result<Vec<&'z Node>> {
    if arguments.nodes.is_empty() {
        return Ok(zone.config.nodes.iter().collect());
    }
    let mut named: Vec<&Node> = Vec::new();
    let mut seen = BTreeSet::new();
    for name in &arguments.nodes {
        let node = zone.node(name)?;
        if seen.insert(node.name.full()) {
            named.push(node);
        }
    }
    Ok(named)
}

/// What the operator says of the right of some members, by full name.
struct Said {
    allowed: BTreeSet<String>,
    rebuilt: BTreeSet<String>,
}

impl Said {
    fn read(arguments: &BundleMakeArgs, zone: &ZoneDirectory, nodes: &[&Node]) -> Result<Self> {
        let allowed = members("--allow-bootstrap", &arguments.allow_bootstrap, zone, nodes)?;
        let rebuilt = members("--rebuilt", &arguments.rebuilt, zone, nodes)?;
        if let Some(name) = allowed.intersection(&rebuilt).next() {
            return Err(Failure::new(Exit::Usage, format!("--allow-bootstrap and --rebuilt for {name}"))
                .because("a machine that was rebuilt may have voted before, so its member may only join")
                .next("leave --allow-bootstrap away, unless the zone has never run"));
        }
        Ok(Self { allowed, rebuilt })
    }

    /// Nothing gives the right back in a zone that was restored.
    fn refuse_restored(&self, zone: &ZoneDirectory, contents: &ZoneContents) -> Result<()> {
        let (Some(name), true) = (self.allowed.first(), contents.restore.is_some()) else { return Ok(()) };
        let short = zone.node(name)?.name.short();
        Err(Failure::new(
            Exit::Configuration,
            format!("{short} may not bootstrap the cluster: the zone was restored"),
        )
        .because("started without the restored data it would serve nothing, without a word")
        .next(format!(
            "give it the restored data: {}; or have it join: {}",
            zone.proposed("snapshot restore FILE"),
            zone.proposed(&format!("member add {short}"))
        )))
    }

    fn of(&self, node: &Node) -> Asked {
        let name = node.name.full();
        Asked { is_allowed: self.allowed.contains(name), is_rebuilt: self.rebuilt.contains(name) }
    }
}

fn members(
    option: &str,
    names: &[String],
    zone: &ZoneDirectory,
    nodes: &[&Node],
) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for name in names {
        let node = zone.node(name)?;
        let usage = |why: &str| Failure::new(Exit::Usage, format!("{option} {name}")).because(why);
        if !node.member {
            return Err(usage("no member runs on this node, so there is nothing to found")
                .next("leave it away, or name a member"));
        }
        if !nodes.iter().any(|bundled| bundled.name == node.name) {
            return Err(usage("no bundle is made for this node").next("name the node as well"));
        }
        found.insert(node.name.full().to_owned());
    }
    Ok(found)
}
