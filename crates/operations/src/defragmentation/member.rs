//! One member defragmented, behind the gates of a restart.

use std::time::Instant;

use super::{DatabaseSize, DefragmentedMember, iec};
use crate::observer::run;
use crate::operation::Operation;
use crate::restart::member_of;
use crate::transport::NodeTransport;
use etcd::client::CallError;
use host::{database_size, free_space};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::report;
use zone_pki::ShowPath;

impl Operation<'_> {
    /// Has the member of `node` rewrite its database file, once the others can do without it: leadership is
    /// moved away from it first.
    ///
    /// # Errors
    /// A gate stays closed, there is no room beside its database, or it does not answer in time.
    pub(super) fn defragment(&mut self, node: &Node) -> Result<DefragmentedMember> {
        let name = node.name.short();
        let ready = self.make_ready(node)?;
        let member = member_of(&ready.live, node);
        let (Some(view), Some(Ok(status))) =
            (member.and_then(|member| member.client.as_ref()), member.map(|member| &member.status))
        else {
            // The gates are about the others: whether it answers itself is no condition of a restart.
            return Err(self.unavailable(name, "it does not answer".to_owned()));
        };
        let before = DatabaseSize::of(node, status);
        self.refuse_without_room(node, before.size - before.free)?;
        self.still_held()?;
        report::progress(&format!(
            "defragmenting {name}: {}, of which {} are free",
            iec(before.size),
            iec(before.free)
        ));
        let (begun, credentials) = (Instant::now(), self.observer.credentials()?);
        let asked = run(async {
            let client = credentials.connect(&view.url, self.limit).map_err(CallError::Failed)?;
            client.defragment().await?;
            client.status().await
        })?;
        let status = asked.map_err(|error| self.not_defragmented(name, error))?;
        let (took, size_after) = (begun.elapsed(), u64::try_from(status.db_size).unwrap_or_default());
        report::message(&format!(
            "{name} is defragmented: {} before, {} now, after {:.2} s",
            iec(before.size),
            iec(size_after),
            took.as_secs_f64()
        ));
        Ok(DefragmentedMember {
            before,
            size_after,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            leadership_moved_to: ready.leadership_moved_to,
        })
    }

    fn not_defragmented(&self, name: &str, error: CallError) -> Failure {
        let what = format!("{name} is not defragmented");
        match error {
            CallError::Denied(_) | CallError::NoUser(_) => no_right(what, &error),
            CallError::Late => Failure::new(Exit::TryAgain, what)
                .because(format!("no answer for {}", humantime::format_duration(self.limit)))
                .because("it goes on with it all the same, and takes no requests until then")
                .next(format!("wait until it does, then run the command again: {}", self.proposed_status())),
            CallError::Failed(_) => self.unavailable(name, format!("etcd says: {error}")),
        }
    }

    fn unavailable(&self, name: &str, why: String) -> Failure {
        Failure::new(Exit::Unavailable, format!("{name} is not defragmented"))
            .because(why)
            .next(format!("see how the members are: {}", self.proposed_status()))
    }

    pub(super) fn proposed_status(&self) -> String {
        self.site().proposed("status")
    }

    /// What is in use is written beside the file that is there. Only where its disk is this machine's.
    fn refuse_without_room(&self, node: &Node, needed: u64) -> Result<()> {
        if !matches!(self.transport(node), NodeTransport::InPlace) {
            return Ok(());
        }
        let paths = self.site().node_paths(&node.name).with_data(node.data_directory.as_deref());
        let Ok(space) = free_space(&paths.data()) else { return Ok(()) };
        if database_size(&paths.data()) == 0 || space.free >= needed {
            return Ok(());
        }
        let what =
            format!("there is no room to defragment {} in {}", node.name.short(), paths.data().shown());
        Err(Failure::new(Exit::CannotCreate, what)
            .because(format!("{} are free, and {} are written", iec(space.free), iec(needed)))
            .next("free space there, and run the command again"))
    }
}

pub(super) fn no_right(what: String, error: &CallError) -> Failure {
    Failure::new(Exit::Permission, what)
        .because(format!("etcd says: {error}"))
        .next("with authentication on, that is for the role root: zone-etcd explain authentication")
}
