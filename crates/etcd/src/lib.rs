//! etcd itself: which binary, which flags, its data, its API.

mod arguments;
mod auth_messages;
mod backend;
mod binary;
mod binary_error;
mod bundle;
mod checksum;
pub mod client;
mod client_access;
mod data_copy;
mod exec;
mod extra_flags;
mod flag_table;
mod flag_values;
mod key_value_messages;
pub mod key_values;
mod log_end;
mod log_scan;
mod messages;
mod old_store;
mod peers;
mod process_output;
mod registry;
mod restore;
pub mod snapshot;
mod space;
pub mod tls;
mod unverified_client;
mod users;
mod versions;
pub mod watch;
mod whole_log;
mod write_ahead_log;

pub use arguments::arguments;
pub use backend::{
    BackendError, BackendFacts, BackendMember, Downgrade, SnapshotFacts, read_backend, read_snapshot,
};
pub use binary::{BinaryRequest, EtcdBinary, Origin, VerifiedBinary, reported_version, versions_here};
pub use binary_error::{BinaryError, binary_failure};
pub use bundle::{is_bundled, version_by_manifest};
pub use client_access::{ClientAccess, ClientFiles};
pub use data_copy::DataCopy;
pub use exec::{become_etcd, dropped_settings};
pub use extra_flags::{ExtraFlagError, ExtraFlags};
pub use flag_values::judge;
pub use key_values::{KeyValue, Page};
pub use log_end::{read_log_position, sync_log};
pub use log_scan::{LogScan, SnapshotPosition, scan_log};
pub use model::config::{EtcdVersion, MinorVersion, VersionError};
pub use peers::{Heard, PeerQuestion};
pub use restore::DataFromSnapshot;
pub use versions::{VersionsError, observe_versions};
pub use whole_log::{WholeLog, read_log};
pub use write_ahead_log::{LogError, observe_data_directory};
