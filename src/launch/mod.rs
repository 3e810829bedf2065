//! One start of a member: what `plan` shows and `run` carries out.

mod decision;
mod failures;
mod verified;
mod versions;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use decision::{predicted, refuse_lost_directory, start_decision};
pub use failures::binary_failure;
use failures::{flag_failure, member_failure, state_failure};
pub use verified::remember as remember_verified;

use crate::config::Node;
use crate::error::{Exit, Failure, Result};
use crate::etcd::{BinaryRequest, EtcdBinary, ExtraFlags, VerifiedBinary, arguments};
use crate::host::{self, LockError, MemberState, NodeLock, PortFault, StartRecord};
use crate::plan::{DataDirectory, Ids, MemberPlan, MemberPlanError, NodePaths, StartDecision};
use crate::zone_directory::{
    Assessment, Authorities, Holder, ZoneDirectory, create_directory, private_failure,
};

/// What the operator asks of a start beyond the zone description.
#[derive(Clone, Debug, Default)]
pub struct LaunchOptions {
    /// Which etcd.
    pub binary: BinaryRequest,
    /// Flags for etcd.
    pub flags: Vec<String>,
}

/// A start, computed before anything is touched.
#[derive(Debug)]
pub struct Launch<'z> {
    /// What follows from the zone description.
    pub member: MemberPlan,
    /// Which etcd.
    pub binary: EtcdBinary,
    /// How it starts.
    pub decision: StartDecision,
    /// What the data directory holds.
    pub data: DataDirectory,
    /// Its command line, without the program.
    pub arguments: Vec<String>,
    /// Its certificates.
    pub certificates: Assessment<'z>,
    state_before: Option<MemberState>,
    verified: VerifiedBinary,
    verified_before: Option<VerifiedBinary>,
}

impl<'z> Launch<'z> {
    /// Computes the start of the member on `node`. Reads, and writes nothing.
    pub fn prepare(
        zone: &'z ZoneDirectory,
        node: &'z Node,
        authorities: &Authorities,
        options: &LaunchOptions,
        now: OffsetDateTime,
    ) -> Result<Self> {
        let paths = zone.paths.node(&node.name);
        let member =
            MemberPlan::new(&zone.config, node, zone.token(authorities), paths.clone(), host::facts())
                .map_err(|error| member_failure(&error))?;
        let verified_before = verified::read(&paths);
        let request = BinaryRequest {
            version: options.binary.version.or(zone.config.etcd.version),
            ..options.binary.clone()
        };
        let (binary, verified) =
            EtcdBinary::find(&request, verified_before.as_ref()).map_err(binary_failure)?;
        let flags = check_flags(zone, options, &binary)?;
        let (data, state_before, decision) = start_decision(zone, &member)?;
        versions::refuse_wrong_version(zone, &member, &binary, state_before.as_ref(), decision)?;
        let arguments = arguments(&member, binary.line, &flags);
        let certificates = Assessment::of(Holder::Node(node), &zone.config, &zone.paths, authorities, now)?;
        if decision == StartDecision::Bootstrap {
            refuse_lost_directory(zone, node)?;
        }
        Ok(Self {
            member,
            binary,
            decision,
            data,
            arguments,
            certificates,
            state_before,
            verified,
            verified_before,
        })
    }

    /// What the operator has to know of a member that goes on although its description has changed.
    pub fn warning(&self) -> Option<String> {
        let planned = predicted(&self.member);
        if self.ids() == planned {
            return None;
        }
        Some(format!(
            "zone.toml leads to member {} of cluster {}, but {} runs as member {} of cluster {}: members, peer addresses or the \
             token were changed, and etcd goes by its data; put them back, this version cannot change them",
            planned.member,
            planned.cluster,
            self.member.node.short(),
            self.ids().member,
            self.ids().cluster
        ))
    }

    /// Refuses a start whose listeners cannot be bound.
    pub fn check_ports(&self) -> Result<()> {
        let faults = host::check_listeners(self.member.listeners());
        let Some(first) = faults.first() else { return Ok(()) };
        let node = self.member.node.short();
        let next = match first {
            PortFault::InUse { owner: Some(owner), .. } => {
                format!("stop {owner}, or give {node} other ports in zone.toml")
            }
            PortFault::InUse { .. } => {
                format!("stop what listens there, or give {node} other ports in zone.toml")
            }
            PortFault::NotHere(_) => format!("run this on {node}, or correct its address in zone.toml"),
            PortFault::Other { .. } => format!("give {node} another address or port in zone.toml"),
        };
        let exit =
            if matches!(first, PortFault::InUse { .. }) { Exit::TryAgain } else { Exit::Configuration };
        let mut failure = Failure::new(exit, format!("{node} cannot listen where zone.toml says"));
        failure.causes = faults.iter().map(ToString::to_string).collect();
        // One address serves both planes, so it can be wrong twice.
        failure.causes.dedup();
        Err(failure.next(next))
    }

    /// Makes the data directory and writes down what this start is, before it happens.
    pub fn record(&self, zone: &ZoneDirectory, now: OffsetDateTime) -> Result<()> {
        let paths = &self.member.paths;
        let data = paths.data();
        if !data.exists() {
            create_directory(&data)?;
        }
        zone_pki::private_file::check_directory(&data).map_err(|error| private_failure(&data, &error))?;
        let record = StartRecord {
            zone: zone.config.name.as_str(),
            node: self.member.node.full(),
            ids: self.ids(),
            token: self.member.cluster.token.as_str(),
            etcd_version: self.binary.version.to_string(),
            decision: self.decision.word(),
            decided_at: now.format(&Rfc3339).unwrap_or_default(),
            had_log: matches!(self.data, DataDirectory::Log(_)),
        };
        MemberState::new(record, &data)
            .and_then(|state| state.save(&paths.state(), self.state_before.as_ref()))
            .map_err(|error| state_failure(&error))?;
        if self.verified_before.as_ref() == Some(&self.verified) {
            return Ok(());
        }
        verified::remember(paths, &self.verified)
    }

    /// The ids of the member in this start.
    pub fn ids(&self) -> Ids {
        match self.decision {
            StartDecision::Resume(ids) => ids,
            StartDecision::Bootstrap => predicted(&self.member),
        }
    }
}

/// Refuses a node on which no member is to run, before anything is made for it.
pub fn refuse_without_member(node: &Node) -> Result<()> {
    if node.member { Ok(()) } else { Err(member_failure(&MemberPlanError::NotAMember(node.name.clone()))) }
}

/// Takes the lock of a node directory, which is made if it is not there.
pub fn lock_node(paths: &NodePaths) -> Result<NodeLock> {
    create_directory(paths.root())?;
    zone_pki::private_file::check_directory(paths.root())
        .map_err(|error| private_failure(paths.root(), &error))?;
    NodeLock::take(&paths.lock()).map_err(|error| match &error {
        LockError::Held { holder, .. } => {
            let next = match holder {
                Some(pid) => format!(
                    "the member may be running already: look at process {pid}; stop it before a new start"
                ),
                None => "the member may be running already: stop it before a new start".to_owned(),
            };
            Failure::new(Exit::TryAgain, error.to_string()).next(next)
        }
        LockError::Io { path, source } => Failure::write(path, source),
    })
}

fn check_flags(zone: &ZoneDirectory, options: &LaunchOptions, binary: &EtcdBinary) -> Result<ExtraFlags> {
    let etcd = &zone.config.etcd;
    let check = |configured: &[(String, String)], given: &[String]| {
        ExtraFlags::check(configured, given, binary.version, binary.line, etcd.tls_minimum)
    };
    // Each place is judged alone, so that a fault of the file is not taken for one of the command line.
    let in_file = check(&etcd.flags, &[]).err().unwrap_or_default();
    let given = check(&[], &options.flags).err().unwrap_or_default();
    check(&etcd.flags, &options.flags).map_err(|_| flag_failure(&in_file, &given))
}
