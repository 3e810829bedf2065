//! The nodes of a restore, by whatever way they are reached.

use std::io::Read;
use std::path::Path;

use zone_pki::{ShowPath, regular_file};

use super::{NodeRestoreState, Restoration, put_in_place_here, stage_here};
use crate::restart::member_of;
use crate::transport::NodeTransport;
use crate::transport::offline::no_command;
use host::is_here;
use launch::restoration::{NodeRestore, RestoreState};
use model::config::{Address, Node};
use model::error::{Exit, Failure, Result};
use model::formats::Seal;
use model::plan::{DEFAULT_NODE_DIRECTORY, directory_there, proposed_with_config};
use model::report::{self, Progress, Unit, shell_quoted};
use store::bundle::Sealing;
use store::snapshot::below_seal;

/// How bundles are written that are carried to nodes.
pub struct Carried<'c> {
    /// Where to.
    pub directory: &'c Path,
    /// How each is sealed.
    pub seal: &'c dyn Fn(&Node) -> Result<Sealing<'c>>,
}

impl Restoration<'_, '_> {
    /// The way to a node. One whose whole directory is lost shows no more that it ran here.
    pub(super) fn way_to(&self, node: &Node) -> NodeTransport {
        let is_ours = || !self.zone.has_bundled(node.name.short());
        let is_on_this_host = || match node.address {
            Address::Ip(address) => node.forward_address().is_none() && is_here(address),
            Address::Name(_) => false,
        };
        match NodeTransport::of(self.zone, node) {
            NodeTransport::Offline if is_ours() && is_on_this_host() => NodeTransport::InPlace,
            way => way,
        }
    }

    /// Has a node make the restored data beside what it has. Once all had it, one that has nothing of it has
    /// lost it, perhaps after it has voted.
    pub(super) fn stage(&mut self, node: &Node) -> Result<()> {
        self.still_ours()?;
        let name = node.name.short();
        let told = match self.way_to(node) {
            NodeTransport::InPlace => {
                let restore = NodeRestore::of(self.operation.site(), node, self.etcd.cloned())?;
                if self.epoch.staged_at.is_some() && restore.state()? == RestoreState::Nothing {
                    return Err(self.lost(node));
                }
                report::progress(&format!("restoring the data of {name} beside what it has"));
                stage_here(&restore, &mut *self.database()?)?
            }
            // It has it, or has lost it: that is seen when it is to be put in place.
            NodeTransport::Command(_) if self.epoch.staged_at.is_some() => return Ok(()),
            NodeTransport::Command(command) => {
                self.operation.deliver_by_command(node)?;
                report::progress(&format!("bringing the snapshot to {name}"));
                let database = self.database()?;
                let progress = Progress::begin("sending", Unit::Bytes, self.epoch.snapshot.database.size);
                command.stage_restored(&mut progress.reading(database))?
            }
            NodeTransport::Offline => return Err(no_command(self.zone, node)),
        };
        report::message(&match told.state {
            NodeRestoreState::Staged => format!("{name} has the restored data, beside its own"),
            NodeRestoreState::InPlace => format!("{name} has the restored data"),
        });
        Ok(())
    }

    /// Has a node use it.
    pub(super) fn put_in_place(&mut self, node: &Node) -> Result<()> {
        self.still_ours()?;
        let told = match self.way_to(node) {
            NodeTransport::InPlace => {
                put_in_place_here(&NodeRestore::of(self.operation.site(), node, self.etcd.cloned())?)?
            }
            NodeTransport::Command(command) => {
                command.put_restored_in_place().map_err(|failure| match failure.exit {
                    Exit::MissingInput => self.lost(node),
                    _ => failure,
                })?
            }
            NodeTransport::Offline => return Err(no_command(self.zone, node)),
        };
        if let Some(old) = &told.old_data {
            report::message(&format!("{}: its data of before is {}", told.node, old.shown()));
        }
        self.nodes.insert(told.node.clone(), told);
        Ok(())
    }

    /// Writes what is carried to nodes by people, and says what is to be typed there. Ends here until all of
    /// them are seen to be there.
    pub(super) fn carry(&mut self, nodes: &[Node]) -> Result<()> {
        self.still_ours()?;
        let Some(carried) = self.carried else { return Err(Failure::internal("there is no directory")) };
        let named: Vec<&Node> = nodes.iter().collect();
        let bundles = self.operation.write_bundles(&named, carried.directory, |node| (carried.seal)(node))?;
        let live = self.operation.observer.observe()?;
        let answers = |node: &Node| {
            let status = member_of(&live, node).and_then(|member| member.status.as_ref().ok());
            status.is_some_and(|status| status.cluster_id.to_string() == self.epoch.cluster_id)
        };
        let missing: Vec<&Node> = named.into_iter().filter(|node| !answers(node)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let file = self.snapshot.paths.file.file_name().unwrap_or_default().to_string_lossy();
        let mut text = format!("on each of these, with its bundle and {file} in the working directory:");
        for bundle in bundles.iter().filter(|bundle| missing.iter().any(|node| node.name == bundle.node)) {
            let place = self
                .zone
                .config
                .node(bundle.node.full())
                .map(|node| directory_there(&self.zone.config, node));
            let place = place.unwrap_or_else(|| DEFAULT_NODE_DIRECTORY.into());
            let sealed = if self.is_sealed() { " --identity KEYFILE" } else { "" };
            let command = format!("snapshot restore {}{sealed}", shell_quoted(&file));
            text.push_str(&format!(
                "\n  {}: {}\n  {}: {}, and start it",
                bundle.node.short(),
                bundle.line,
                bundle.node.short(),
                proposed_with_config(&command, &place)
            ));
        }
        report::message(&text);
        let names: Vec<&str> = missing.iter().map(|node| node.name.short()).collect();
        Err(Failure::new(Exit::TryAgain, "the restored zone is not complete")
            .because(format!("{} does not serve the restored data yet", report::enumerated(&names)))
            .next(format!("once that is done there, run the command again: {}", self.again)))
    }

    fn is_sealed(&self) -> bool {
        self.snapshot.manifest.as_ref().is_some_and(|manifest| manifest.seal != Seal::Plain)
    }

    /// The database of the snapshot, from below its seal.
    fn database(&self) -> Result<Box<dyn Read + '_>> {
        let file = &self.snapshot.paths.file;
        let opened = regular_file::open(file).map_err(|error| Failure::read(file, &error))?;
        below_seal(opened, &file.shown().to_string(), self.identity)
    }

    fn lost(&self, node: &Node) -> Failure {
        let name = node.name.short();
        Failure::bad_input(format!("{name} had the restored data, and has lost it"))
            .because("it may have voted since: restored once more it would have forgotten that")
            .next(format!(
                "if the others run, replace it: {}; if they do not, restore the zone without it: \
                 {} --without {name}",
                self.operation.site().proposed(&format!("member replace {name}")),
                self.again
            ))
    }
}
