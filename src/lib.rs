//! The command line, and one recipe a command. What they compose is in `crates`: facts flow one way, from the
//! command line through `model` (with what `host` observed) to `zone_pki`, `etcd` and exec.

pub mod arguments;
pub mod cli;
pub mod commands;
pub mod completion;
pub mod logging;
mod output;

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

/// What is freed is wiped: libraries that decode PEM, or write PKCS#12, leave copies of keys behind.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);
