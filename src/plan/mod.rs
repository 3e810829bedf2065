//! Planning: what follows from the configuration. Pure: time, host and directories are arguments.

mod certificates;
mod clock;
mod cluster;
mod constraints;
mod member;
mod observed;
mod paths;
mod peers;
mod refusal;
mod roles;
mod security;
mod start;
mod turn;
mod upgrade;
mod version_refusal;

pub use certificates::{IssueReason, RENEW_AT, days_left, reason_to_reissue};
pub use clock::{CLOCK_TOLERANCE, Recorded, is_behind};
pub use cluster::{ClusterToken, EtcdId, InitialCluster, InitialMember, PeerUrl, cluster_id, member_id};
pub use constraints::{is_permitted, permitted_dns};
pub use member::{HostFacts, MemberPlan, MemberPlanError};
pub use observed::{BOOTSTRAP_LASTS, DataDirectory, Ids, Observed, PastStart, RightToBootstrap};
pub use paths::{NodePaths, ZonePaths};
pub use peers::{LiveCluster, LiveMember, Peer, PeerState};
pub use refusal::Refusal;
pub use roles::{
    CLIENT_ROLE, HeldBy, NODE_ROLES, NamesRule, Plane, ROOT_FILE, Role, SubjectRule, clients_of,
    organization, plane_of_role, role_named, roles_of,
};
pub use security::{Fence, MutualTls, PairFiles, PlaneSecurity};
pub use start::{Join, StartDecision, decide, refuse_by_data};
pub use turn::{ANSWER_LIMIT, EXEC_GAP, GRACE, Glimpse, TURN_LIMIT, Turn, turn};
pub use upgrade::{DataVersions, MinorVersion, VersionStep, check_version};
pub use version_refusal::VersionRefusal;
