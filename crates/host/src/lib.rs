//! What is observed of this machine. Facts only: what follows from them is decided in [`model::plan`].

mod addresses;
mod boot_time;
mod core_dumps;
mod disk;
mod journal;
mod kernel;
mod machine;
mod member_process;
mod node_files;
mod node_lock;
mod notification;
mod open_files;
mod output_file;
mod owner;
pub mod passphrase;
mod ports;
mod process;
mod process_table;
mod service_manager;
mod state;
mod temporary;
mod threads;
mod upgrade_step;

pub use addresses::{is_here, own_addresses, resolve, source_towards};
pub use boot_time::since_boot;
pub use core_dumps::{forbid_core_dumps, hand_on_core_limit};
pub use disk::{
    DataDirectoryFacts, DiskProbe, FreeSpace, database_size, free_space, look_at_data_directory, probe_disk,
    runs_no_programs,
};
pub use journal::is_read_by_journal;
pub use kernel::kernel_text;
pub use machine::signing_host_id;
pub use member_process::{
    OwnMember, arguments_of, occupant, open_file_limit, program_of, running_member, shares_network, users_of,
};
pub use node_files::{
    AccessFault, AccessKind, FileFault, KeyFit, NodeFiles, PlaneFiles, RevocationFault, RoleFiles,
};
pub use node_lock::{LockError, NodeLock};
pub use notification::notify;
pub use open_files::close_inherited;
pub use output_file::OutputFile;
pub use owner::{act_as_owner, environment_of_owner, step_as_owner};
pub use ports::{PortFault, check_listeners, free_ports, nothing_listens, socket_of};
pub use process::{NamedProcess, Process, end_with, service_in, service_of};
pub use process_table::{ListedProcess, group_runs, listed_processes};
pub use service_manager::{ServiceRestart, main_process, restart_service, serve};
pub use state::{Durability, HighWater, MemberState, StartRecord, StateError, write_json, write_private};
pub use temporary::temporary_directory;
pub use threads::{Beside, beside, detached};
pub use upgrade_step::UpgradeStep;

use model::plan::HostFacts;

/// What a plan needs to know of this machine.
pub fn facts() -> HostFacts {
    // The kernel lists its IPv6 addresses here; the file is missing where IPv6 is switched off.
    let ipv6 = std::fs::metadata("/proc/net/if_inet6").is_ok();
    HostFacts { ipv6 }
}
