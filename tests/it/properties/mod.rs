//! What holds for every zone description, and tables that check themselves.

mod backend;
mod comparison;
mod gates;
mod identifiers;
mod initial_cluster;
mod log_position;
mod parsing;
mod rendering;
mod roles;
mod service_groups;
mod start_decision;
mod strategies;
mod turns;
mod upgrade;
mod upgrade_log;
mod upgrade_path;
