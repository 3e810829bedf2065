//! The arguments of `pki`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use zone_pki::{KeyAlgorithm, RevocationReason};

use super::{Format, NodeDirectoryArg, OfflineArgs, PkiRotateCaArgs, WithoutArg, ZoneArg};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum PkiCommand {
    /// List every certificate of the zone
    List(PkiListArgs),
    /// Check every certificate of the zone; exit 65 with the findings
    Check(PkiListArgs),
    /// Issue the certificates that are missing or out of date, as `run` does at the start
    Issue(PkiIssueArgs),
    /// Renew keys and certificates ahead of time, and verify that members use them
    Renew(PkiRenewArgs),
    /// Revoke the certificates of a node or a client, or one certificate
    Revoke(PkiRevokeArgs),
    /// Replace a CA while the zone runs: trust both, new certificates, drop the old
    RotateCa(PkiRotateCaArgs),
    /// Write the files that other software expects: kubeadm, PEM in one file, PKCS#12
    Export(PkiExportArgs),
    /// On a node: make its keys, and print the requests for their certificates
    Csr(PkiCsrArgs),
    /// On the signing host: sign the requests of a node, and write its bundle, without keys
    Sign(PkiSignArgs),
}

#[derive(Debug, Args)]
pub struct PkiListArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct PkiCsrArgs {
    #[command(flatten)]
    pub directory: NodeDirectoryArg,
    /// The full name of this node, such as node1.example.zone; known once keys were made or a bundle was
    /// activated
    #[arg(long, value_name = "NAME")]
    pub node: Option<String>,
    /// The kind of keys to make
    #[arg(long, value_name = "KIND", default_value_t)]
    pub key: KeyAlgorithm,
    /// Make new keys, and keep those that are there under another name
    #[arg(long)]
    pub new_keys: bool,
}

#[derive(Debug, Args)]
pub struct PkiSignArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    /// What `pki csr` printed; `-` is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Write NODE.bundle to this directory; DIR/NODE.bundle is the same
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Accept new keys although the node's certificates are still valid; it uses the new ones from then on
    #[arg(long)]
    pub replace_keys: bool,
    /// Sign for a node that was revoked, and trust its host again
    #[arg(long)]
    pub reinstate: bool,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct PkiIssueArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    #[command(flatten)]
    pub holders: HolderArgs,
    /// Issue to a node or client that was revoked, and trust its host again
    #[arg(long, conflicts_with = "all")]
    pub reinstate: bool,
}

/// Before the name of a client, in `pki list` and elsewhere.
const CLIENT: &str = "client/";

// Whose certificates.
#[derive(Clone, Debug, Args)]
#[group(id = "holders", required = true, multiple = true)]
pub struct HolderArgs {
    /// The nodes whose certificates to issue or renew; client/NAME is a client
    #[arg(value_name = "NODE")]
    pub nodes: Vec<String>,
    /// Every node, and every client that was issued or is in zone.toml
    #[arg(long, conflicts_with_all = ["nodes", "clients"])]
    pub all: bool,
    /// A client whose certificate to issue or renew; may be repeated
    #[arg(long = "client", value_name = "NAME")]
    pub clients: Vec<String>,
}

impl HolderArgs {
    /// The clients, also as `pki list` calls them, `client/NAME`, and the nodes.
    pub fn named(&self) -> (Vec<&str>, Vec<&str>) {
        let (listed, nodes): (Vec<&str>, Vec<&str>) =
            self.nodes.iter().map(String::as_str).partition(|name| name.starts_with(CLIENT));
        let listed = listed.into_iter().filter_map(|name| name.strip_prefix(CLIENT));
        (self.clients.iter().map(String::as_str).chain(listed).collect(), nodes)
    }
}

#[derive(Debug, Args)]
#[command(mut_arg("go_on", |go_on| go_on.conflicts_with_all([
    "role", "before", "due", "recipients", "recipients_file", "passphrase_file", "passphrase_fd",
    "no_encryption",
])))]
pub struct PkiRenewArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    #[command(flatten)]
    pub holders: HolderArgs,
    /// Issue to a node or client that was revoked, and trust its host again
    #[arg(long, conflicts_with = "all")]
    pub reinstate: bool,
    /// Only this role: peer, peer-client, server, gateway, node-client, client
    #[arg(long, value_name = "ROLE")]
    pub role: Option<String>,
    /// Only certificates that expire within this time, such as 30d
    #[arg(long, value_name = "TIME")]
    pub before: Option<humantime::Duration>,
    /// Only certificates past two thirds of their lifetime, or missing
    #[arg(long, conflicts_with = "before")]
    pub due: bool,
    /// Show whether it could be done, and the steps; change nothing
    #[arg(long, conflicts_with = "go_on")]
    pub dry_run: bool,
    /// How long to wait for the answers of nodes that the zone's etcd has bundles for
    #[arg(long, value_name = "TIME", default_value = "60s")]
    pub timeout: humantime::Duration,
    #[command(flatten)]
    pub without: WithoutArg,
    #[command(flatten)]
    pub carried: OfflineArgs,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct PkiRevokeArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    /// A node, whose member leaves the cluster first; client/NAME; or the serial number of one certificate,
    /// in hexadecimal
    #[arg(
        value_name = "NODE | client/NAME | SERIAL",
        required_unless_present_any = ["rebuild_lists", "adopt_list"]
    )]
    pub target: Option<String>,
    /// Rebuild missing or damaged revocation lists from issued.jsonl; revoke nothing
    #[arg(long, conflicts_with_all = ["target", "reason", "format", "dry_run"])]
    pub rebuild_lists: bool,
    /// Revoke what these revocation lists have, copies of pki/current/client.crl or peer.crl of a node: for a
    /// zone directory restored from a copy
    #[arg(long, value_name = "FILE", num_args = 1..)]
    #[arg(conflicts_with_all = ["target", "reason", "format", "rebuild_lists"])]
    pub adopt_list: Vec<PathBuf>,
    /// The reason, as in RFC 5280: keyCompromise, superseded, cessationOfOperation, ...
    #[arg(long, value_name = "REASON", default_value_t)]
    pub reason: RevocationReason,
    /// Show whether it could be done, and the steps; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How long to wait for the answers of nodes that the zone's etcd has bundles for
    #[arg(long, value_name = "TIME", default_value = "60s")]
    pub timeout: humantime::Duration,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
#[group(id = "exported", required = true, multiple = true, args = ["node", "client"])]
pub struct PkiExportArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    /// The node whose certificates to export
    #[arg(value_name = "NODE")]
    pub node: Option<String>,
    /// The client whose certificate to export; with the layout kubeadm, the one that the API server is
    #[arg(long, value_name = "NAME")]
    pub client: Option<String>,
    /// The files to write
    #[arg(long, value_enum, value_name = "LAYOUT")]
    pub layout: ExportLayout,
    /// The directory to create
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// With --layout pkcs12: read its passphrase from the first line of this file, which must be mode 0600
    #[arg(long, value_name = "FILE")]
    pub pkcs12_passphrase_file: Option<PathBuf>,
    /// Like --pkcs12-passphrase-file, from file descriptor N
    #[arg(long, value_name = "N", conflicts_with = "pkcs12_passphrase_file")]
    #[arg(value_parser = clap::value_parser!(i32).range(0..))]
    pub pkcs12_passphrase_fd: Option<i32>,
}

/// Which files other software expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportLayout {
    /// The names of kubeadm: pki/apiserver-etcd-client, pki/etcd/ca, and for a node pki/etcd/server, peer,
    /// healthcheck-client
    Kubeadm,
    /// PEM: certificate and key apart, and in one file
    Pem,
    /// PKCS#12, with a trust store for Java
    Pkcs12,
}
