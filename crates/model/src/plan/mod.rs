//! Planning: what follows from the configuration. Pure: time, host and directories are arguments.

mod certificates;
mod clock;
mod cluster;
mod constraints;
mod delivery_keys;
mod delivery_state;
mod discovery;
mod disk_state;
mod document_acceptance;
mod document_refusal;
mod document_signature;
mod forwards;
mod grants;
mod ids;
mod log_position;
mod member;
mod node_commands;
mod observation;
mod paths;
mod peers;
mod protection;
mod refusal;
mod roles;
mod start_with_log;
mod wait;

mod start;
mod start_order;
mod start_step;
mod start_without_log;
mod units;
mod upgrade;
mod upgrade_path;
mod version_refusal;
mod writes;

pub use crate::config::MinorVersion;
pub use certificates::{IssueReason, days_left, reason_to_reissue};
pub use clock::{CLOCK_TOLERANCE, Recorded, is_behind};
pub use cluster::{ClusterToken, EtcdId, InitialCluster, InitialMember, PeerUrl, cluster_id, member_id};
pub use constraints::{is_permitted, permitted_dns};
pub use delivery_keys::{
    ANSWERS, DELIVERED_BUNDLE_AT_MOST, DELIVERIES, DeliveryKeys, end_of_prefix, node_of_answer_key,
};
pub use delivery_state::{
    DeliveryKind, DeliveryState, HeardAnswer, JudgedBy, LATE_AFTER, RecordedBundles, SILENT_AFTER,
    delivery_state,
};
pub use discovery::{Registration, Registry, RegistryFault};
pub use disk_state::{
    DataDirectory, DiskState, LocalState, LostLog, Nonce, Past, Phase, SaidOfData, local_state,
};
pub use document_acceptance::{Acceptance, DOCUMENT_AHEAD_AT_MOST, keeps_member};
pub use document_refusal::DocumentRefusal;
pub use document_signature::{DocumentSigners, LastDocument, SignedZoneDocument, SignersFault};
pub use forwards::Forward;
pub use grants::{GrantChange, Granted, KeyPermission, KeyRight, NodeGrant, OPERATION_KEY, grant_changes};
pub use ids::Ids;
pub use log_position::LogPosition;
pub use member::{HostFacts, MemberPlan, MemberPlanError};
pub use node_commands::{
    DEFAULT_NODE_DIRECTORY, LOCAL_CONFIG, directory_there, proposed_on_node, proposed_with_config,
};
pub use observation::{BOOTSTRAP_LASTS, FoundingWords, Observation, RightToBootstrap};
pub use paths::{NodePaths, ZonePaths};
pub use peers::{LauncherSays, LauncherShows, LiveCluster, LiveMember, Peer, PeerState};
pub use protection::{AllowedPeers, MutualTls, PairFiles, PlaneProtection};
pub use refusal::Refusal;
pub use roles::{
    CLIENT_ROLE, GATEWAY, HeldBy, NODE_CLIENT, NODE_ROLES, NamesRule, PEER, PEER_CLIENT, Plane, ROOT_FILE,
    Role, SERVER, SubjectRule, clients_of, organization, plane_of_role, role_named, roles_of,
};
pub use start::decide;
pub use start_order::{ANSWER_LIMIT, EXEC_GAP, GRACE, LastSeen, START_ORDER_LIMIT, StartOrder, start_order};
pub use start_step::{Join, StartDecision, Step, majority_of_others};
pub use units::{MEMBER_UNIT, UnitFile, UnitSettings, process_unit_name, process_units, unit_word};
pub use upgrade::{DataVersions, VersionStep, check_version};
pub use upgrade_path::{PathError, is_due, next_version, versions_to};
pub use version_refusal::VersionRefusal;
pub use wait::{Awaited, AwaitedFor, WaitsTo};
pub use writes::{Write, writes};
