//! The arguments of `dns`.

use std::net::{IpAddr, SocketAddr};

use clap::{Args, Subcommand, ValueEnum};
use model::config::DnsName;
use model::config::ServiceSuffix;

use super::{Format, SiteArgs};

#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum DnsCommand {
    /// Print the records to publish: SRV of the members, and their addresses
    Export(DnsExportArgs),
    /// Ask name servers for these records, and tell what differs
    Check(DnsCheckArgs),
}

// Under which names the records are.
#[derive(Clone, Debug, Args)]
pub struct DnsNamesArgs {
    /// The domain of the SRV records, as etcd's --discovery-srv is given it [default: the name of the zone]
    #[arg(long, value_name = "DOMAIN", value_parser = parse_domain)]
    pub domain: Option<DnsName>,
    /// What is appended to the names of the services, as by etcd's --discovery-srv-name
    #[arg(long, value_name = "NAME")]
    pub name: Option<ServiceSuffix>,
}

#[derive(Debug, Args)]
#[command(after_help = EXPORT_CODES)]
pub struct DnsExportArgs {
    #[command(flatten)]
    pub site: SiteArgs,
    #[command(flatten)]
    pub names: DnsNamesArgs,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: DnsFormat,
}

const EXPORT_CODES: &str =
    "Exit codes of dns export: 0 printed, 66 there is no zone.toml, 78 it cannot be used";

/// The output format of `dns export`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DnsFormat {
    /// Lines of a zone file, as BIND, Knot and NSD read it
    #[default]
    Zone,
    /// Lines of dnsmasq.conf
    Dnsmasq,
    /// JSON
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = CHECK_CODES)]
pub struct DnsCheckArgs {
    #[command(flatten)]
    pub site: SiteArgs,
    #[command(flatten)]
    pub names: DnsNamesArgs,
    /// A name server to ask; may be repeated [default: those of /etc/resolv.conf]
    #[arg(long, value_name = "IP[:PORT]", value_parser = parse_server)]
    pub server: Vec<SocketAddr>,
    /// How long a name server has to answer all questions
    #[arg(long, value_name = "TIME", default_value = "5s")]
    pub timeout: humantime::Duration,
    /// Output format
    #[arg(long, short = 'o', value_enum, default_value_t)]
    pub format: Format,
}

const CHECK_CODES: &str = "Exit codes of dns check: 0 every name server has the records of `dns export`, \
65 a record differs, 69 none differs but a name server does not answer";

fn parse_domain(text: &str) -> Result<DnsName, String> {
    DnsName::parse("domain", text).map_err(|fault| fault.to_string())
}

fn parse_server(text: &str) -> Result<SocketAddr, String> {
    const DNS_PORT: u16 = 53;
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(SocketAddr::new(address, DNS_PORT));
    }
    match text.parse::<SocketAddr>() {
        Ok(server) if server.port() != 0 => Ok(server),
        _ => {
            Err("write an IP address, and a port if it is not 53: 10.0.0.53:5353 or [fd00::53]:5353"
                .to_owned())
        }
    }
}
