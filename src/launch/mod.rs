//! One start of a member: what `plan` shows and `run` carries out.

mod announcement;
mod certificates;
mod decision;
mod failures;
mod issuing;
mod ports;
mod question;
mod record;
mod running;
mod set_aside;
mod verdict;
mod verified;
mod versions;
mod warnings;
mod watch;

use time::OffsetDateTime;

pub use certificates::Certificates;
use decision::{observe, refuse_lost_directory};
pub use failures::binary_failure;
use failures::{flag_failure, member_failure, refusal_failure};
pub use issuing::refuse_revoked;
pub use running::{foresee_again, refuse_move, refuse_restart};
pub use verdict::{Foreseen, Foresight, foresee};
pub use verified::remember as remember_verified;

use crate::config::Node;
use crate::error::{Exit, Failure, Result};
use crate::etcd::{BinaryRequest, EtcdBinary, ExtraFlags, PeerQuestion, VerifiedBinary, arguments};
use crate::host::{self, LockError, MemberState, NodeLock};
use crate::plan::{
    DataDirectory, Ids, MemberPlan, MemberPlanError, NodePaths, Observed, Peer, StartDecision, decide,
};
use crate::site::{Material, Site};
use crate::zone_directory::create_directory;

/// What the operator asks of a start beyond the zone description.
#[derive(Clone, Debug, Default)]
pub struct LaunchOptions {
    /// Which etcd.
    pub binary: BinaryRequest,
    /// Flags for etcd.
    pub flags: Vec<String>,
    /// Put aside what is in the data directory, if the member may then start.
    pub set_aside_data: bool,
}

/// A start, as far as it follows from this machine: computed before anything is touched and before anybody is asked.
#[derive(Debug)]
pub struct Launch<'z> {
    /// What follows from the zone description.
    pub member: MemberPlan,
    /// Which etcd.
    pub binary: EtcdBinary,
    /// What was observed here.
    pub observed: Observed,
    /// Its certificates.
    pub certificates: Certificates<'z>,
    site: &'z Site,
    flags: ExtraFlags,
    state_before: Option<MemberState>,
    verified: VerifiedBinary,
    verified_before: Option<VerifiedBinary>,
}

/// How a member starts, decided with what the others answered.
#[derive(Debug)]
pub struct Start {
    /// The decision.
    pub decision: StartDecision,
    /// The ids that the member starts with.
    pub ids: Ids,
    /// The other members, as they were found; empty if they were not asked.
    pub peers: Vec<Peer>,
    /// etcd's command line, without the program.
    pub arguments: Vec<String>,
    /// What the operator should know, although the member may start.
    pub warnings: Vec<String>,
}

impl Start {
    /// The members that etcd is told of, as `NAME=URL,…`.
    pub fn initial_cluster(&self) -> &str {
        self.arguments
            .iter()
            .find_map(|argument| argument.strip_prefix("--initial-cluster="))
            .unwrap_or_default()
    }
}

/// Whether and how the other members are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// Not at all.
    No,
    /// Once, for at most a second.
    Once,
    /// Until it is this member's turn to start.
    UntilOurTurn,
}

/// The etcd that is to be run, and what is remembered of it.
#[derive(Clone, Debug)]
pub struct FoundBinary {
    binary: EtcdBinary,
    verified: VerifiedBinary,
    verified_before: Option<VerifiedBinary>,
}

impl FoundBinary {
    /// Finds and verifies the etcd for a node.
    pub fn look_for(site: &Site, node: &Node, options: &LaunchOptions) -> Result<Self> {
        let verified_before = verified::read(&site.node_paths(&node.name));
        let request = BinaryRequest {
            version: options.binary.version.or(site.config().etcd.version),
            ..options.binary.clone()
        };
        let (binary, verified) =
            EtcdBinary::find(&request, verified_before.as_ref()).map_err(binary_failure)?;
        Ok(Self { binary, verified, verified_before })
    }
}

impl<'z> Launch<'z> {
    /// Observes this machine for a start of the member on `node`. Reads, and writes nothing. The etcd was found before: that can
    /// take a digest, and needs no lock.
    pub fn prepare_with(
        found: FoundBinary,
        site: &'z Site,
        node: &'z Node,
        material: Material,
        options: &LaunchOptions,
        now: OffsetDateTime,
    ) -> Result<Self> {
        let FoundBinary { binary, verified, verified_before } = found;
        let paths = site.node_paths(&node.name);
        let member =
            MemberPlan::new(site.config(), node, material.token(site.config()), paths, host::facts())
                .map_err(|error| member_failure(&error))?
                .fenced(material.fence());
        let flags = check_flags(site, options, &binary)?;
        let (observed, state_before) = observe(site, &member, options.set_aside_data, binary.version, now)?;
        versions::refuse_wrong_version(site, &member, &binary, state_before.as_ref(), &observed)?;
        let certificates = Certificates::of(material, site, node, now)?;
        if observed.data == DataDirectory::Empty && observed.past.is_none() {
            refuse_lost_directory(site, node, &member)?;
        }
        Ok(Self {
            member,
            binary,
            observed,
            certificates,
            site,
            flags,
            state_before,
            verified,
            verified_before,
        })
    }

    /// Decides how the member starts, after asking the others.
    pub fn decide(&self, asking: Asking) -> Result<Start> {
        let peers = match (asking, self.member.cluster.members.len()) {
            (Asking::No, _) | (_, 1) => Vec::new(),
            (Asking::Once, _) => watch::ask_once(&self.member, &self.question()?),
            (Asking::UntilOurTurn, _) => {
                watch::wait_for_turn(&self.member, self.resumes().is_some(), &self.question()?)
            }
        };
        let decision = decide(&self.observed, &peers)
            .map_err(|refusal| refusal_failure(self.site, &self.member, self.observed.data, &refusal))?;
        let ids = decision.ids(self.observed.predicted);
        let arguments = arguments(&self.member, &decision, self.binary.line, &self.flags);
        let warnings = warnings::of(self, &decision, &peers);
        Ok(Start { decision, ids, peers, arguments, warnings })
    }

    /// What the others are asked, with the certificate that etcd will present to them.
    fn question(&self) -> Result<PeerQuestion> {
        let question = question::of(&self.member, &self.certificates, self.resumes(), self.binary.version);
        question.map_err(|error| {
            Failure::bad_input("the other members cannot be asked with the certificate of this one")
                .because(&error)
                .next(format!(
                    "see what is wrong: {}",
                    self.site.proposed(match self.site {
                        Site::Zone(_) => "pki check",
                        Site::Node(_) => "check",
                    })
                ))
        })
    }

    /// The ids that the member goes on with, if it has data.
    fn resumes(&self) -> Option<Ids> {
        self.observed.data.ids().filter(|_| !self.observed.set_aside)
    }

    /// Shows the other members that this one is about to start, from now until it is etcd that listens.
    pub fn show_presence(&self) {
        if self.member.cluster.members.len() > 1 {
            host::show_presence(self.member.listen_peer.iter().filter_map(|url| host::socket_of(url)));
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
    verdict::refuse_open_directory(paths)?;
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

fn check_flags(site: &Site, options: &LaunchOptions, binary: &EtcdBinary) -> Result<ExtraFlags> {
    let etcd = &site.config().etcd;
    let check = |configured: &[(String, String)], given: &[String]| {
        ExtraFlags::check(configured, given, binary.version, binary.line, etcd.tls_minimum)
    };
    // Each place is judged alone, so that a fault of the file is not taken for one of the command line.
    let in_file = check(&etcd.flags, &[]).err().unwrap_or_default();
    let given = check(&[], &options.flags).err().unwrap_or_default();
    check(&etcd.flags, &options.flags).map_err(|_| flag_failure(site, &in_file, given))
}
