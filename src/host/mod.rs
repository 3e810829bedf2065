//! What is observed of this machine. Facts only: what follows from them is decided in [`crate::plan`].

mod node_lock;
mod ports;
mod presence;
mod state;

pub use node_lock::{LockError, NodeLock};
pub use ports::{PortFault, check_listeners, free_ports, socket_of};
pub use presence::show_presence;
pub use state::{Durability, MemberState, StartRecord, StateError, observe_past, write_json};

use crate::plan::HostFacts;

/// What a plan needs to know of this machine.
pub fn facts() -> HostFacts {
    // The kernel lists its IPv6 addresses here; the file is missing where IPv6 is switched off.
    let ipv6 = std::fs::metadata("/proc/net/if_inet6").is_ok();
    HostFacts { ipv6 }
}
