//! `bundle`: issues what is missing, and writes the bundles.

use std::collections::BTreeSet;

use time::OffsetDateTime;

use super::outcome::{Outcome, Row};
use super::seal_choice::SealChoice;
use crate::bundle::{
    BootstrapRight, BundleDirectory, BundleHistory, BundleMaker, Known, Programs, ZoneContents,
};
use crate::cli::BundleMakeArgs;
use crate::commands::batches::{BATCH, progress_bar};
use crate::commands::{open_zone, print};
use crate::config::Node;
use crate::error::{Exit, Failure, Result};
use crate::etcd::observe_data_directory;
use crate::host::MemberState;
use crate::plan::{BOOTSTRAP_LASTS, DataDirectory, NodePaths};
use crate::zone_directory::{Assessment, Holder, Issuer, ZoneDirectory, document_signer, in_parallel};

pub(super) fn run(arguments: &BundleMakeArgs, now: OffsetDateTime) -> Result<()> {
    // The log and the manifest have whole seconds, as certificates do.
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let Some(out) = &arguments.out else { return Err(Failure::internal("there is no --out")) };
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    let nodes = nodes(arguments, &zone)?;
    let asked = Asked::read(arguments, &zone, &nodes)?;
    let seals = SealChoice::read(arguments, &zone)?;
    nodes.iter().try_for_each(|node| seals.of(node).map(drop))?;

    let held = zone.lock()?;
    let authorities = zone.load_or_create_authorities(now, &held)?;
    let mut issuer = Issuer::new(&zone, &authorities, &held)?;
    let signer = document_signer(&zone, &authorities, now)?;
    let directory = BundleDirectory::open(out)?;
    let programs = match arguments.with_binaries {
        true => {
            let time = now.unix_timestamp();
            Some(Programs::collect(zone.config.etcd.version, directory.path(), time)?)
        }
        false => None,
    };
    let contents = ZoneContents::new(&zone, &authorities, programs);
    let mut history = BundleHistory::load(&zone.paths, &held)?;
    let before = Before::look(&zone, &contents, &history);
    let maker = BundleMaker { contents: &contents, directory: &directory, signer: &signer, now };

    let mut rows = Vec::with_capacity(nodes.len());
    let bar = progress_bar("bundling", nodes.len());
    for batch in nodes.chunks(BATCH) {
        let assessments = batch
            .iter()
            .map(|node| Assessment::of(Holder::Node(node), &zone.config, &zone.paths, &authorities, now))
            .collect::<Result<Vec<_>>>()?;
        issuer.bring_up_to_date(&assessments, now)?;
        let work: Vec<(&Node, Assessment<'_>)> = batch.iter().copied().zip(assessments).collect();
        let made = in_parallel(&work, |(node, assessment)| {
            let known = history.node(node.name.full());
            directory.recover(&node.name, known)?;
            let right = before.right_of(&zone, &contents, node, known.is_some(), &asked);
            let files = contents.of(node, assessment)?;
            let made = maker.make(node, &files, &seals.of(node)?, right, known)?;
            Ok((made, files.expires_at, right))
        })?;
        maker.commit(batch, made.iter().map(|(made, ..)| made), &mut history)?;
        let of_batch = batch.iter().zip(made);
        rows.extend(
            of_batch.map(|(node, (made, expires_at, right))| Row::new(node, made, expires_at, right)),
        );
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
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
struct Asked {
    allowed: BTreeSet<String>,
    rebuilt: BTreeSet<String>,
}

impl Asked {
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
}

/// Members of which bundles are made.
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

/// What decides on the right to bootstrap, for all nodes. It is looked at before the first bundle of this call is made: the
/// members of one call found one cluster.
struct Before {
    other_cluster_bundled: bool,
    other_cluster_ran_here: bool,
    log_is_damaged: bool,
}

impl Before {
    fn look(zone: &ZoneDirectory, contents: &ZoneContents, history: &BundleHistory) -> Self {
        let is_other = |cluster: &String| *cluster != contents.cluster_id;
        let ran_here = |node: &Node| {
            let state = MemberState::load(&zone.paths.node(&node.name).state()).ok().flatten();
            state.is_some_and(|state| is_other(&state.cluster_id))
        };
        Self {
            other_cluster_bundled: history.founding_clusters().keys().any(is_other),
            other_cluster_ran_here: zone.config.members().any(ran_here),
            log_is_damaged: history.unreadable() > 0,
        }
    }

    fn right_of(
        &self,
        zone: &ZoneDirectory,
        contents: &ZoneContents,
        node: &Node,
        had_bundle: bool,
        asked: &Asked,
    ) -> BootstrapRight {
        BootstrapRight::decide(Known {
            cluster: contents.cluster_of(node),
            is_allowed: asked.allowed.contains(node.name.full()),
            is_rebuilt: asked.rebuilt.contains(node.name.full()),
            had_bundle,
            other_cluster_bundled: self.other_cluster_bundled,
            ran_here: node.member && has_run(&zone.paths.node(&node.name)),
            other_cluster_ran_here: self.other_cluster_ran_here,
            log_is_damaged: self.log_is_damaged,
        })
    }
}

/// Whether a member has run from this directory, as far as that can be seen. What cannot be read may have.
fn has_run(paths: &NodePaths) -> bool {
    paths.state().exists() || !matches!(observe_data_directory(&paths.data()), Ok(DataDirectory::Empty))
}
