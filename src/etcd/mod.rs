//! etcd itself: which binary, which flags, its data, its API.

mod arguments;
mod binary;
mod bundle;
pub mod client;
mod exec;
mod extra_flags;
mod flag_table;
mod version;
mod write_ahead_log;

pub use arguments::arguments;
pub use binary::{BinaryError, BinaryRequest, EtcdBinary, Origin, VerifiedBinary};
pub use exec::become_etcd;
pub use extra_flags::{ExtraFlagError, ExtraFlags};
pub use version::{EtcdVersion, Line, VersionError};
pub use write_ahead_log::{LogError, observe_data_directory};
