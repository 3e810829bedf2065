//! etcd's rule for the address that a peer's connection comes from (`checkCertSAN` in
//! `client/pkg/transport/listener_tls.go`).

use std::collections::BTreeMap;
use std::net::IpAddr;

use zone_pki::{Certificate, SubjectAltName};

use crate::{CheckId, Finding, Verdict};
use model::config::{Address, Node};

/// What the rule says of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The certificate has no names: it is taken from anywhere.
    NoNames,
    Listed,
    /// A name of it has this address, as far as this machine's name server says. The peer's own decides.
    ByName(String),
    Refused,
}

/// Whether a peer takes `certificate` from `source`. `resolved` are the addresses of the certificate's DNS
/// names, as far as they resolve here. That a name server leads from the address back to a name is not asked:
/// what it says to the peer counts.
pub fn admission(
    certificate: &Certificate,
    source: IpAddr,
    resolved: &BTreeMap<String, Vec<IpAddr>>,
) -> Admission {
    if certificate.names().is_empty() {
        return Admission::NoNames;
    }
    let source = source.to_canonical();
    if certificate.names().iter().any(|name| *name == SubjectAltName::Ip(source)) {
        return Admission::Listed;
    }
    let by_name = resolved.iter().find(|(_, addresses)| addresses.contains(&source));
    by_name.map_or(Admission::Refused, |(name, _)| Admission::ByName(name.clone()))
}

/// The address from which this machine sends to a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The peer's short name.
    pub peer: String,
    pub to: IpAddr,
    /// Where connections to it come from.
    pub from: IpAddr,
}

/// Judges the routes of a node whose peers see `certificate`, which is in `file`.
pub fn judge(
    node: &Node,
    file: &str,
    certificate: &Certificate,
    routes: &[Route],
    resolved: &BTreeMap<String, Vec<IpAddr>>,
    issue: &str,
) -> Vec<Finding> {
    let check = CheckId::SourceAddress;
    let mut by_source: BTreeMap<IpAddr, Vec<&Route>> = BTreeMap::new();
    for route in routes {
        by_source.entry(route.from.to_canonical()).or_default().push(route);
    }
    by_source
        .into_iter()
        .map(|(source, routes)| {
            let peers: Vec<&str> = routes.iter().map(|route| route.peer.as_str()).collect();
            let subject = format!("{source} to {}", peers.join(", "));
            match admission(certificate, source, resolved) {
                Admission::NoNames => Finding::passed(
                    check,
                    subject,
                    format!("{file} has no names, and is taken from anywhere"),
                ),
                Admission::Listed => Finding::passed(check, subject, format!("in {file}")),
                Admission::ByName(name) if matches!(node.address, Address::Name(_)) => {
                    Finding::passed(check, subject, format!("the address of {name}"))
                }
                Admission::ByName(name) => Finding::new(
                    check,
                    Verdict::Note,
                    subject,
                    format!(
                        "not in {file}, but the address of {name} here: peers take it if they resolve it so \
                         too"
                    ),
                )
                .remedy(remedy(node, source, issue)),
                Admission::Refused => Finding::new(
                    check,
                    Verdict::Failed,
                    subject,
                    format!("this node sends to {} from {source}, which is not in {file}", peers.join(", ")),
                )
                .remedy(remedy(node, source, issue)),
            }
        })
        .collect()
}

/// The line for `zone.toml`, in full.
pub fn remedy(node: &Node, source: IpAddr, issue: &str) -> String {
    let names: Vec<String> = node
        .names
        .iter()
        .map(ToString::to_string)
        .chain([source.to_string()])
        .map(|name| format!("\"{name}\""))
        .collect();
    let verb = if node.names.is_empty() { "add" } else { "write" };
    format!(
        "{verb} sans = [{}] below the [[node]] of {} in zone.toml, or nat = true if the address is another \
         each time, as behind NAT; then, before the member is started again: {issue}",
        names.join(", "),
        node.name.short()
    )
}
