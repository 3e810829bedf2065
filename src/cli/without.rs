//! Nodes that an operation does not wait for.

use clap::Args;

// Nodes that an operation does not wait for.
#[derive(Debug, Args)]
pub struct WithoutArg {
    /// Do not wait for these nodes: they take what the zone's etcd has for them when they ask next; may be
    /// repeated
    #[arg(long, value_name = "NODE,...", value_delimiter = ',')]
    pub without: Vec<String>,
}
