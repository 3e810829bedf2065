//! `zone.toml`: every fault at once, each with its place, what is wrong and what to write instead.

mod access;
mod addresses;
mod cases;
mod cyfs;
mod files;
mod many_faults;
mod names;
mod nodes;
mod ports;
mod settings;
mod syntax;
mod types;
mod unknown_keys;
mod valid;

use cases::{Case, check, etcd, fault, node, pki, warning, whole, zone_with};
