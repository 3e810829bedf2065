//! The data of a node, from the snapshot that its zone is restored from: made beside what is there, and then
//! in the place of that.
//!
//! | on the disk | next |
//! |---|---|
//! | data of before, or none | [`stage`]: `data.restored-ID` is made beside it |
//! | `data.restored-ID` as well | [`swap`]: `state.json` names the new member, then both get their names |
//! | data of the restored cluster | nothing |
//!
//! It may be killed anywhere, and be run again: a start is refused until all of it is done.

mod refusal;
mod room;
mod staging;
mod swapping;

use std::fs::File;
use std::path::{Path, PathBuf};

use zone_pki::ShowPath;

pub(super) use refusal::refuse_half_restored;
pub use room::{Room, room_for};
pub use staging::stage;
pub use swapping::{Swapped, swap};

use super::failures::log_failure;
use super::{FoundBinary, LaunchOptions};
use etcd::{BinaryRequest, observe_data_directory};
use model::config::{EtcdVersion, Node};
use model::error::{Exit, Failure, Result};
use model::formats::RestoredEpoch;
use model::plan::{DataDirectory, EtcdId, Ids, InitialCluster, NodePaths};
use model::report::shell_quoted_path;
use store::site::Site;

/// What is to be restored on a node, by what its zone says.
#[derive(Debug)]
pub struct NodeRestore<'s> {
    pub site: &'s Site,
    pub node: &'s Node,
    pub epoch: RestoredEpoch,
    pub cluster: InitialCluster,
    /// The ids that the member has then.
    pub ids: Ids,
    pub paths: NodePaths,
    /// An etcd that is named; otherwise the bundled one.
    pub given: Option<PathBuf>,
}

/// How far a node has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestoreState {
    /// It has nothing of the restored data.
    Nothing,
    /// It is beside the data.
    Staged,
    /// It is the data.
    InPlace,
}

impl<'s> NodeRestore<'s> {
    /// Reads the order of the zone.
    ///
    /// # Errors
    /// No restore is known, or this node is not part of it (exit 78).
    pub fn of(site: &'s Site, node: &'s Node, given: Option<PathBuf>) -> Result<Self> {
        let name = node.name.short();
        let nothing = |why: &str| {
            Failure::new(Exit::Configuration, format!("there is nothing to restore on {name}"))
                .because(why.to_owned())
        };
        let Some(epoch) = site.restored()? else {
            let next = "restore the zone on the signing host: zone-etcd snapshot restore FILE --zone DIR";
            return Err(nothing("no restore of its zone is known here").next(next));
        };
        let cluster = epoch.cluster();
        let Some(member) = epoch.member(node.name.full()) else {
            let next = site.proposed_by_signer(&format!("member add {name}"));
            return Err(nothing("the zone was restored without it").next(format!("have it join: {next}")));
        };
        let ids = cluster.member(&member.name).map(|member| member.id);
        let ids = ids.filter(|_| EtcdId::parse(&epoch.cluster_id) == Some(cluster.id));
        let Some(member) = ids else {
            return Err(Failure::bad_input("the order to restore does not hold together")
                .because(format!("its members are cluster {}, and it says {}", cluster.id, epoch.cluster_id))
                .next("have a new bundle made"));
        };
        let (ids, paths) = (Ids { member, cluster: cluster.id }, site.node_paths(&node.name));
        Ok(Self { site, node, epoch, cluster, ids, paths, given })
    }

    /// What is said of a node that had the restored data and has it no more.
    pub fn lost(&self) -> Failure {
        let name = self.node.name.short();
        Failure::bad_input(format!("{name} was restored before, and its data is gone"))
            .because("it may have voted since: restored once more it would have forgotten that")
            .next(format!(
                "replace the member while most of the others run: {}; or restore the zone once more, without \
                 it",
                self.site.proposed_by_signer(&format!("member replace {name}"))
            ))
    }

    /// How far it has come.
    ///
    /// # Errors
    /// A directory cannot be read.
    pub fn state(&self) -> Result<RestoreState> {
        let ours = |data: &Path| {
            let found = observe_data_directory(data).map_err(|error| log_failure(&error))?;
            Ok(found == DataDirectory::Log(self.ids))
        };
        if ours(&self.paths.data())? {
            return Ok(RestoreState::InPlace);
        }
        let staged = staged_path(&self.paths, &self.epoch);
        match ours(&staged)? {
            true => Ok(RestoreState::Staged),
            false if staged.exists() => {
                Err(Failure::bad_input(format!("{} is not what was staged", staged.shown())).next(format!(
                    "move it away, and run the command again: mv {0} {0}.other",
                    shell_quoted_path(&staged)
                )))
            }
            false => Ok(RestoreState::Nothing),
        }
    }

    /// Refuses where there is nothing to put in place. Asked before a member is stopped for it.
    ///
    /// # Errors
    /// It was not given the data (exit 66), or a directory cannot be read.
    pub fn refuse_unstaged(&self) -> Result<()> {
        if self.state()? != RestoreState::Nothing {
            return Ok(());
        }
        Err(Failure::new(Exit::MissingInput, format!("{} has no restored data", self.node.name.short()))
            .next("give it the snapshot first: zone-etcd snapshot restore FILE --config NODE.json"))
    }

    fn binary_request(&self) -> Result<BinaryRequest> {
        Ok(BinaryRequest {
            given: self.given.clone(),
            version: self.site.etcd_settings(self.node)?.version,
            node_directory: self.site.programs_of_node(),
            ..BinaryRequest::default()
        })
    }

    /// The etcd that is to run on the data.
    fn version(&self) -> Result<EtcdVersion> {
        let options = LaunchOptions { binary: self.binary_request()?, ..LaunchOptions::default() };
        Ok(FoundBinary::look_for(self.site, self.node, &options)?.binary.version)
    }
}

/// Where the data is made.
fn staged_path(paths: &NodePaths, epoch: &RestoredEpoch) -> PathBuf {
    paths.beside_data(&format!(".restored-{}", epoch.cluster_id))
}

fn sync_directory(directory: &Path) -> Result<()> {
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    synced.map_err(|error| Failure::write(directory, &error))
}
