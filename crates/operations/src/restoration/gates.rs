//! What has to be so before the data of a zone is replaced.

use bytesize::ByteSize;

use super::verification::is_of;
use super::{Restoration, room_here};
use crate::lock::OperationLock;
use crate::runbook::Gates;
use crate::transport::NodeTransport;
use etcd::read_snapshot;
use live::LiveZone;
use model::config::{EtcdVersion, MinorVersion, Node};
use model::error::{Exit, Failure, Result};
use store::snapshot::Checked;

/// What an operator has said to a restore.
#[derive(Clone, Copy, Debug, Default)]
pub struct RestoreWords {
    /// The zone is to lose what it has, although it works.
    pub although_quorum_answers: bool,
}

impl Restoration<'_, '_> {
    /// Passes the gates.
    ///
    /// # Errors
    /// One is closed; none in a dry run.
    pub fn pass_gates(&self, gates: &mut Gates, live: &LiveZone) -> Result<()> {
        let version = self.operation.site().config().etcd.described_version();
        gates.pass("the snapshot is not newer than etcd", refuse_newer(self.snapshot, version))?;
        gates.pass("no quorum answers", self.refuse_quorum(live))?;
        // The lock is in the cluster that goes away, and that of a snapshot comes with it.
        if live.list_is_confirmed && !is_of(live, &self.epoch) {
            gates.pass("no other operation", OperationLock::refuse_held(self.operation.site()))?;
        }
        gates.pass("no other member of before runs", self.refuse_others(live))?;
        gates.pass("every node is reached", self.refuse_unreached())?;
        if self.is_new {
            for node in self.nodes() {
                gates.pass_of("there is room for the restored data", node.name.short(), self.room(node))?;
            }
        }
        Ok(())
    }

    /// From the first step on the zone is another cluster: what a node could not take is better known before.
    fn room(&self, node: &Node) -> Result<Option<String>> {
        let size = self.epoch.snapshot.database.size;
        let room = match self.way_to(node) {
            NodeTransport::Offline => return Ok(None),
            NodeTransport::InPlace => room_here(self.operation.site(), node, size)?,
            NodeTransport::Command(command) => match command.room_for_restored(size) {
                Err(failure) if failure.exit == Exit::MissingInput => {
                    return Ok(Some("not known: it has no node directory yet".to_owned()));
                }
                answer => answer?,
            },
        };
        let iec = |bytes| ByteSize::b(bytes).display().iec().to_string();
        Ok(Some(format!("{} are free, {} are needed", iec(room.free_bytes), iec(room.needed_bytes))))
    }

    pub(super) fn refuse_quorum(&self, live: &LiveZone) -> Result<()> {
        let is_ours = !self.is_new && is_of(live, &self.epoch);
        if !live.list_is_confirmed || is_ours || self.words.although_quorum_answers {
            return Ok(());
        }
        Err(Failure::new(Exit::Configuration, "the zone works: a quorum of its members answers")
            .because("a restore takes back all that was written since the snapshot")
            .next(format!("if that is what you want: {} --although-quorum-answers", self.again)))
    }

    /// Those that the restore stops are those of the nodes that get its data.
    pub(super) fn refuse_others(&self, live: &LiveZone) -> Result<()> {
        let is_restored = |name: &str| self.epoch.member(name).is_some();
        let mut running = live.members.iter().filter(|member| member.status.is_ok());
        let other = running.find(|member| {
            !member.node.as_ref().is_some_and(|node| is_restored(node.full())) && !is_of(live, &self.epoch)
        });
        let Some(other) = other else { return Ok(()) };
        Err(Failure::new(Exit::Configuration, format!("{} runs, and is not restored", other.name))
            .because("it would go on to serve what it has")
            .next(format!("stop it first, then run the command again: {}", self.again)))
    }

    fn refuse_unreached(&self) -> Result<()> {
        let by_hand = self.nodes().find(|node| matches!(self.way_to(node), NodeTransport::Offline));
        match by_hand {
            Some(node) if self.carried.is_none() => {
                let what = format!("nothing says how {} is reached", node.name.short());
                Err(Failure::new(Exit::Usage, what).next(format!(
                    "add [access] to zone.toml; or have bundles written, to be carried there: {} --out DIR \
                     --recipient KEY",
                    self.again
                )))
            }
            _ => Ok(()),
        }
    }
}

/// etcd 3.5 starts on data of 3.6 and 3.7 without a word, and misreads it.
fn refuse_newer(snapshot: &Checked, here: EtcdVersion) -> Result<()> {
    let told = snapshot.manifest.as_ref().map(|manifest| manifest.from.version.as_str());
    let of_member = told.and_then(|text| text.parse::<EtcdVersion>().ok()).map(MinorVersion::from);
    let of_data = read_snapshot(&snapshot.paths.file).ok().and_then(|facts| facts.version);
    let Some(newest) = of_member.max(of_data).filter(|version| *version > MinorVersion::from(here)) else {
        return Ok(());
    };
    Err(Failure::new(
        Exit::Configuration,
        format!("the snapshot is of etcd {newest}, and the zone runs {here}"),
    )
    .because("an older etcd does not start on newer data, or misreads it")
    .next(format!("set `version` in [etcd] of zone.toml to a bundled {newest}")))
}
