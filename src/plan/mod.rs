//! Planning: what follows from the configuration. Pure: time, host and directories are arguments.

mod awaited;
mod certificates;
mod clock;
mod cluster;
mod constraints;
mod log_position;
mod member;
mod node_commands;
mod observed;
mod on_disk;
mod paths;
mod peers;
mod refusal;
mod resume;
mod roles;
mod security;
mod start;
mod turn;
mod upgrade;
mod upgrade_path;
mod version_refusal;
mod without_log;
mod writes;

pub use awaited::{Awaited, AwaitedFor, WaitsTo};
pub use certificates::{IssueReason, RENEW_AT, days_left, reason_to_reissue};
pub use clock::{CLOCK_TOLERANCE, Recorded, is_behind};
pub use cluster::{ClusterToken, EtcdId, InitialCluster, InitialMember, PeerUrl, cluster_id, member_id};
pub use constraints::{is_permitted, permitted_dns};
pub use log_position::LogPosition;
pub use member::{HostFacts, MemberPlan, MemberPlanError};
pub use node_commands::{
    DEFAULT_NODE_DIRECTORY, LOCAL_CONFIG, directory_there, proposed_on_node, proposed_with_config,
};
pub use observed::{BOOTSTRAP_LASTS, FoundingWords, Observed, RightToBootstrap};
pub use on_disk::{DataDirectory, Ids, Lost, Nonce, OnDisk, Past, Phase, SaidOfData, Shown, shows};
pub use paths::{NodePaths, ZonePaths};
pub use peers::{LauncherSays, LauncherShows, LiveCluster, LiveMember, Peer, PeerState};
pub use refusal::Refusal;
pub use roles::{
    CLIENT_ROLE, HeldBy, NODE_ROLES, NamesRule, Plane, ROOT_FILE, Role, SubjectRule, clients_of,
    organization, plane_of_role, role_named, roles_of,
};
pub use security::{Fence, MutualTls, PairFiles, PlaneSecurity};
pub use start::{Join, StartDecision, Step, decide, majority_of_others};
pub use turn::{ANSWER_LIMIT, EXEC_GAP, GRACE, Glimpse, TURN_LIMIT, Turn, turn};
pub use upgrade::{DataVersions, MinorVersion, VersionStep, check_version};
pub use upgrade_path::{PathError, is_due, next_version, versions_to};
pub use version_refusal::VersionRefusal;
pub use writes::{Write, writes};
