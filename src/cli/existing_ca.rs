//! The arguments of `init` for CAs that were made elsewhere.

use std::path::PathBuf;

use clap::Args;

// Which CAs there are already, and who else signs.
#[derive(Debug, Args)]
#[command(next_help_heading = "CAs made elsewhere")]
pub struct ExistingCaArgs {
    /// A root or intermediate CA, with its chain; it issues the zone's plane CAs
    #[arg(long, value_name = "FILE")]
    pub ca_cert: Option<PathBuf>,
    /// The key of --ca-cert
    #[arg(long, value_name = "FILE", requires = "ca_cert", conflicts_with = "external")]
    pub ca_key: Option<PathBuf>,
    /// The CA of the peer plane, with its chain
    #[arg(long, value_name = "FILE", requires = "peer_ca_key")]
    pub peer_ca: Option<PathBuf>,
    /// The key of --peer-ca
    #[arg(long, value_name = "FILE", requires = "peer_ca")]
    pub peer_ca_key: Option<PathBuf>,
    /// The CA of the client plane, with its chain
    #[arg(long, value_name = "FILE", requires = "client_ca_key")]
    pub client_ca: Option<PathBuf>,
    /// The key of --client-ca
    #[arg(long, value_name = "FILE", requires = "client_ca")]
    pub client_ca_key: Option<PathBuf>,
    /// Write certificate signing requests for the plane CAs, to be signed by an external CA
    #[arg(long, conflicts_with_all = ["peer_ca", "client_ca"])]
    pub external: bool,
    /// Import the certificates that were issued for those requests, with their chain
    #[arg(long = "continue", value_name = "CERTS", num_args = 1..)]
    #[arg(conflicts_with_all = ["external", "ca_cert", "peer_ca", "client_ca"])]
    pub signed: Vec<PathBuf>,
}
