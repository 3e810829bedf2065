//! The command line, and one recipe a command. What they compose is in `crates`: facts flow one way, from the
//! command line through `model` (with what `host` observed) to `zone_pki`, `etcd` and exec.

pub mod arguments;
pub mod cli;
pub mod commands;
pub mod completion;
pub mod logging;
mod output;

#[cfg(target_env = "musl")]
use mimalloc::MiMalloc as Memory;
#[cfg(not(target_env = "musl"))]
use std::alloc::System as Memory;

use zeroizing_alloc::ZeroAlloc;

/// What is freed is wiped: libraries that decode PEM, or write PKCS#12, leave copies of keys behind.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<Memory> = ZeroAlloc(Memory);
