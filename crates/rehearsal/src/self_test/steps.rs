//! What is tried, in this order, and what a failure says of the machine.

use serde_json::Value;

use super::super::programs::Programs;
use super::commands::Commands;
use super::data::{Data, KEYS};
use crate::foreground::Foreground;
use model::config::ClientName;
use model::error::{Exit, Failure, Result};
use store::zone_directory::ZoneDirectory;

/// The client that is revoked.
const CLIENT: &str = "self-test";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Issue,
    Start,
    Write,
    Rotate,
    Revoke,
    Snapshot,
    Restore,
}

/// The zone while its members run.
pub(super) struct Zone<'z> {
    commands: Commands<'z>,
    data: Data<'z>,
    /// Who is revoked.
    client: ClientName,
}

impl<'z> Zone<'z> {
    pub(super) fn new(zone: &'z ZoneDirectory, foreground: Foreground, programs: Programs) -> Result<Self> {
        let client = ClientName::parse(CLIENT).map_err(|fault| Failure::internal(fault.what))?;
        Ok(Self { commands: Commands::new(zone, foreground, programs)?, data: Data::of(zone), client })
    }
}

impl Step {
    /// Those for which members run.
    pub(super) const OF_A_RUNNING_ZONE: [Self; 5] =
        [Self::Write, Self::Rotate, Self::Revoke, Self::Snapshot, Self::Restore];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Start => "start",
            Self::Write => "write",
            Self::Rotate => "rotate",
            Self::Revoke => "revoke",
            Self::Snapshot => "snapshot",
            Self::Restore => "restore",
        }
    }

    /// What it means for this machine that the step has failed.
    pub(super) const fn meaning(self, exit: Exit) -> &'static str {
        match (exit, self) {
            (Exit::CannotCreate, _) => "there is no room, or no place to write: no zone can be kept there",
            (Exit::Permission, _) => "this user may not do here what a zone needs",
            (Exit::Internal, _) => "this is a fault of zone-etcd, and says nothing of the machine",
            (_, Self::Issue) => "no zone can be made here: without etcd, or without ports on 127.0.0.1",
            (_, Self::Start) => "etcd does not run here, or its members do not reach each other on 127.0.0.1",
            (_, Self::Write) => "members run, and do not take writes in time: a slow disk, or too little CPU",
            (_, Self::Rotate) => {
                "members cannot be restarted here one after the other while the zone goes on"
            }
            (_, Self::Revoke) => "what is revoked is not refused here: do not rely on revocation",
            (_, Self::Snapshot) => "snapshots of this machine cannot be relied on",
            (_, Self::Restore) => "data cannot be brought back here from a snapshot",
        }
    }

    /// Carries it out, and returns what was seen.
    pub(super) fn carry_out(self, zone: &Zone<'_>) -> Result<String> {
        match self {
            // They are over before any member runs.
            Self::Issue | Self::Start => Ok(String::new()),
            Self::Write => write(zone),
            Self::Rotate => rotate(zone),
            Self::Revoke => revoke(zone),
            Self::Snapshot => snapshot(zone),
            Self::Restore => restore(zone),
        }
    }
}

fn write(zone: &Zone<'_>) -> Result<String> {
    let each = zone.data.write(&ClientName::admin())?;
    zone.data.read_back()?;
    Ok(format!("{} keys through every member, {:.1} ms each, read back", KEYS, each.as_secs_f64() * 1000.0))
}

fn rotate(zone: &Zone<'_>) -> Result<String> {
    zone.commands.run(&["pki", "rotate-ca", "--plane", "client", "--format", "json"])?;
    zone.data.read_back()?;
    Ok("the client CA replaced, every member restarted in turn, the keys are there".to_owned())
}

/// The certificate has to be accepted before: a member that refuses everything would pass else.
fn revoke(zone: &Zone<'_>) -> Result<String> {
    zone.commands.run(&["pki", "issue", "--client", CLIENT])?;
    zone.data.write(&zone.client)?;
    let target = format!("client/{CLIENT}");
    let told = zone.commands.run(&["pki", "revoke", &target, "--format", "json"])?;
    let rows = json(&told)?;
    let tried: Vec<&Value> =
        rows.as_array().into_iter().flatten().filter_map(|row| row["members"].as_array()).flatten().collect();
    let refused = tried.iter().filter(|member| member["reception"] == "refused").count();
    if tried.is_empty() || refused != tried.len() {
        return Err(Failure::new(Exit::BadInput, "a revoked client was not refused by every member")
            .because(format!("{refused} of {} refused it", tried.len())));
    }
    Ok(format!("a client's certificate, accepted before, is refused by {refused} members"))
}

fn snapshot(zone: &Zone<'_>) -> Result<String> {
    let saved = json(&zone.commands.run(&["snapshot", "save", "--format", "json"])?)?;
    let file = saved["file"].as_str().ok_or_else(|| Failure::internal("a snapshot without a file"))?;
    zone.commands.run_with_etcd(&["snapshot", "verify", file])?;
    Ok(format!(
        "taken at revision {}, signed, restored for a try: it holds the same",
        saved["manifest"]["revision"]
    ))
}

/// What is written after the snapshot shows that the data is the snapshot's.
fn restore(zone: &Zone<'_>) -> Result<String> {
    let listed = json(&zone.commands.run(&["snapshot", "list", "--format", "json"])?)?;
    let file = listed[0]["file"].as_str().ok_or_else(|| Failure::internal("no snapshot is listed"))?;
    zone.data.write_later()?;
    zone.commands.run_with_etcd(&["snapshot", "restore", file, "--although-quorum-answers", "--yes"])?;
    zone.data.read_back()?;
    zone.data.refuse_later()?;
    Ok("every member has the data of the snapshot, as another cluster".to_owned())
}

fn json(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| Failure::internal("a report is no JSON").because(&error))
}
