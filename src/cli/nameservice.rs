//! The arguments of `nameservice`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Format, ZoneArg};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum NameserviceCommand {
    /// Sign the zone document: name, members and where the nameservice is, from zone.toml
    Sign(NameserviceSignArgs),
    /// Verify a zone document: its signature, its zone, its times, its members
    Verify(NameserviceVerifyArgs),
    /// Serve zone documents over HTTP, from a directory and from the zone's etcd
    Serve(NameserviceServeArgs),
}

#[derive(Debug, Args)]
#[command(after_help = SIGN_CODES)]
pub struct NameserviceSignArgs {
    #[command(flatten)]
    pub zone: ZoneArg,
    /// Where the nameservice answers over HTTPS, for `addr_info`; the port is 3456 by default; may be
    /// repeated
    #[arg(long = "address", value_name = "ADDRESS[:PORT]")]
    pub addresses: Vec<String>,
    /// How long the document is valid
    #[arg(long, value_name = "TIME", default_value = "30d")]
    pub valid: humantime::Duration,
    /// Write the document to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = VERIFY_CODES)]
pub struct NameserviceVerifyArgs {
    /// The zone document: a file, `-` for standard input, or where a nameservice is: https://HOST:PORT, or
    /// http:// with a loopback address
    #[arg(value_name = "FILE|URL")]
    pub file: PathBuf,
    #[command(flatten)]
    pub zone: ZoneArg,
    /// The certificate of the CA that has to have signed, instead of that of the zone directory; at most 8
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// The zone that it has to be of [default: that of the zone directory; with --ca, any]
    #[arg(long, value_name = "ZONE")]
    pub name: Option<String>,
    /// The document that was accepted last: an older one is refused, and another one of the same time
    #[arg(long, value_name = "FILE")]
    pub last: Option<PathBuf>,
    /// Judge as this node would, whose member has data: its role and its URLs have to be those of --last
    #[arg(long, value_name = "NODE", requires = "last")]
    pub node: Option<String>,
    /// How long a nameservice has to answer
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub timeout: humantime::Duration,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = SERVE_CODES)]
pub struct NameserviceServeArgs {
    /// The local config of this node, for its CA, its zone and its directory [env: ZONE_ETCD_CONFIG]
    /// [default: /var/lib/zone-etcd/node.json, unless there is --ca]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where to listen; beyond loopback only with --tls-cert
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:3456")]
    pub listen: SocketAddr,
    /// The directory whose *.json files are served as far as they are zone documents [default: that of
    /// --config]
    #[arg(long, value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// The certificate of the CA that has to have signed, instead of that of --config; at most 8
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// The file that says how the zone's etcd is reached; it may come later [default: nameservice.json beside
    /// --config]
    #[arg(long, value_name = "FILE")]
    pub provider: Option<PathBuf>,
    /// The certificate that the server presents, with its chain
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The key of --tls-cert, which must be mode 0600
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
}

const SIGN_CODES: &str = "\
Exit codes: 0 signed, 64 usage, 65 the last document is damaged, 66 a CA or its key is not here,
73 cannot create, 75 the clock is behind the last document, 77 permission, 78 configuration";

const SERVE_CODES: &str = "\
Exit codes: 0 stopped by SIGTERM or SIGINT, 64 usage, 65 a certificate cannot be used, 66 the CA or the
directory is not there, 75 the port is in use, 77 permission, 78 plain text beyond loopback, or node.json
is wrong";

const VERIFY_CODES: &str = "\
Exit codes: 0 accepted, 64 usage, 65 refused (its shape, its signature, its zone, its time, older than
the last one, another member), 66 the document or the CA is not there, 69 the nameservice does not answer";
