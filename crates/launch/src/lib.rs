//! One start of a member: what `plan` shows and `run` carries out.

pub mod activation;
mod data_move;
mod decision;
mod durable_writes;
mod failures;
mod flags;
mod issuance;
mod log_positions;
mod node_disk;
mod own_presence;
mod ports;
pub mod presence;
mod question;
mod remedies;
mod restart;
pub mod restoration;
pub mod start_check;
mod start_message;
mod start_protocol;
mod verdict;
mod verified_binary;
mod versions;
mod warnings;

use time::OffsetDateTime;

pub use data_move::set_data_aside;
use decision::{observe, refuse_lost_directory};
use failures::member_failure;
pub use log_positions::note_members;
pub use own_presence::OwnPresence;
pub use restart::{foresee_again, refuse_move, refuse_restart};
pub use verdict::{Foreseen, Foresight, foresee};
pub use verified_binary::remember as remember_verified;
pub use versions::version_refusal;

use etcd::{BinaryRequest, EtcdBinary, ExtraFlags, PeerQuestion, VerifiedBinary, arguments, binary_failure};
use host::{self, LockError, NodeLock};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::plan::{
    Awaited, DataDirectory, FoundingWords, Ids, LocalState, MemberPlan, MemberPlanError, NodePaths,
    Observation, Peer, SaidOfData, StartDecision,
};
use store::site::{Certificates, Site};
use store::zone_directory::create_directory;

/// What the operator asks of a start beyond the zone description.
#[derive(Clone, Debug, Default)]
pub struct LaunchOptions {
    pub binary: BinaryRequest,
    pub flags: Vec<String>,
    pub said: SaidOfData,
    pub words: FoundingWords,
}

/// A start, as far as it follows from this machine: computed before anything is touched and before any member
/// is asked.
#[derive(Debug)]
pub struct Launch<'z> {
    /// What follows from the zone description.
    pub member: MemberPlan,
    pub binary: EtcdBinary,
    pub observed: Observation,
    pub certificates: Certificates<'z>,
    site: &'z Site,
    flags: ExtraFlags,
    verified: VerifiedBinary,
    verified_before: Option<VerifiedBinary>,
    process: String,
    now: OffsetDateTime,
}

/// How a member starts, decided with what the others answered.
#[derive(Debug)]
pub struct Start {
    pub decision: StartDecision,
    pub ids: Ids,
    /// The other members, as they were found.
    pub peers: Vec<Peer>,
    /// For whom `run` would wait first.
    pub awaited: Vec<Awaited>,
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

/// The etcd that is to be run, and what is remembered of it.
#[derive(Clone, Debug)]
pub struct FoundBinary {
    binary: EtcdBinary,
    flags: ExtraFlags,
    verified: VerifiedBinary,
    verified_before: Option<VerifiedBinary>,
}

impl FoundBinary {
    /// Finds and verifies the etcd for a node, and has it judge the flags that it is given.
    #[tracing::instrument(skip_all, name = "find etcd")]
    pub fn look_for(site: &Site, node: &Node, options: &LaunchOptions) -> Result<Self> {
        let verified_before = verified_binary::read(&site.node_paths(&node.name));
        let request = BinaryRequest {
            version: options.binary.version.or(site.etcd_settings(node)?.version),
            node_directory: site.programs_of_node(),
            ..options.binary.clone()
        };
        let (binary, mut verified) =
            EtcdBinary::find(&request, verified_before.as_ref()).map_err(binary_failure)?;
        let flags = flags::check(site, node, options, &binary, &mut verified)?;
        Ok(Self { binary, flags, verified, verified_before })
    }
}

impl<'z> Launch<'z> {
    /// Observes this machine for a start of the member on `node`. Reads, and writes nothing. The etcd was
    /// found before: that can take a digest, and needs no lock.
    #[tracing::instrument(skip_all, name = "prepare")]
    pub fn prepare_with(
        found: FoundBinary,
        site: &'z Site,
        node: &'z Node,
        certificates: Certificates<'z>,
        options: &LaunchOptions,
        now: OffsetDateTime,
    ) -> Result<Self> {
        let FoundBinary { binary, flags, verified, verified_before } = found;
        site.refuse_data_among_keys(node)?;
        let paths = site.node_paths(&node.name);
        let member =
            MemberPlan::new(site.config(), node, certificates.token(site.config()), paths, host::facts())
                .map_err(|error| member_failure(&error))?
                .with_allowed_peers(certificates.allowed_peers());
        let (observed, state) = observe(site, &member, options, binary.version, now)?;
        versions::refuse_wrong_version(site, &member, &binary, state.as_ref(), &observed)?;
        if observed.disk.data == DataDirectory::Empty && observed.disk.past.is_none() {
            refuse_lost_directory(site, node, &member)?;
        }
        Ok(Self {
            member,
            binary,
            observed,
            certificates,
            site,
            flags,
            verified,
            verified_before,
            process: own_presence::draw_process()?,
            now,
        })
    }

    fn start(&self, decision: StartDecision, peers: Vec<Peer>, awaited: Vec<Awaited>) -> Start {
        let ids = decision.ids(self.observed.predicted);
        tracing::info!(?decision, "decided");
        let arguments = arguments(&self.member, &decision, self.binary.line, &self.flags);
        let warnings = warnings::of(self, &decision, &peers);
        Start { decision, ids, peers, awaited, arguments, warnings }
    }

    /// Remembers what was found out about the etcd binary.
    pub fn remember_binary(&self) -> Result<()> {
        if self.verified_before.as_ref() == Some(&self.verified) {
            return Ok(());
        }
        verified_binary::remember(&self.member.paths, &self.verified)
    }

    /// What the others are asked, with the certificate that etcd will present to them.
    fn question(&self) -> Result<PeerQuestion> {
        let question = question::of(&self.member, &self.certificates, self.resumes(), self.binary.version);
        let question = question.map(|question| question.refusing(self.revoked_peers()));
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
        match self.observed.local_state() {
            Ok(LocalState::Log(ids)) => Some(ids),
            _ => None,
        }
    }
}

/// Refuses a node on which no member is to run, before anything is made for it.
pub fn refuse_without_member(node: &Node) -> Result<()> {
    if node.member { Ok(()) } else { Err(member_failure(&MemberPlanError::NotAMember(node.name.clone()))) }
}

/// Takes the lock of a node directory, which is made if it is not there.
#[tracing::instrument(skip_all, name = "lock")]
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
