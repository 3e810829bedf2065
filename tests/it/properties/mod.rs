//! What holds for every zone description, and tables that check themselves.

mod backend;
mod comparison;
mod delivery_state;
mod discovery;
mod foreign_text;
mod gates;
mod grants;
mod identifiers;
mod initial_cluster;
mod log_position;
mod machine_list;
mod node_lock;
mod parsing;
mod rendering;
mod roles;
mod service_groups;
mod snapshots;
mod start_decision;
mod start_order;
mod strategies;
mod upgrade;
mod upgrade_log;
mod upgrade_path;
mod whole_log;
mod zone_toml;
