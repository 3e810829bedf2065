//! The records for the configuration of a name server.

use std::fmt::Write as _;
use std::net::IpAddr;

use crate::published::{Left, Published, TTL};

/// The type of an address record.
pub(crate) fn address_type(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "A" } else { "AAAA" }
}

fn left_out(out: &mut String, comment: char, left: &Left) {
    let _ = writeln!(out, "{comment} no address of {}: {}", left.name, left.why());
}

/// Lines of a zone file (RFC 1035 section 5). All names are absolute, so `$ORIGIN` does not matter.
pub fn zone_file(published: &Published) -> String {
    let mut out = format!("; etcd in {}: its members, and where clients reach them\n", published.domain);
    for service in &published.services {
        for record in &service.records {
            let (owner, port, target) = (&service.owner, record.port, &record.target);
            let _ = writeln!(out, "{owner}. {TTL} IN SRV 0 0 {port} {target}.");
        }
    }
    for host in &published.addresses {
        let _ = writeln!(out, "{}. {TTL} IN {} {}", host.name, address_type(host.address), host.address);
    }
    published.left.iter().for_each(|left| left_out(&mut out, ';', left));
    out
}

/// Lines of dnsmasq.conf. `host-record` gives the name of an address (PTR) as well.
pub fn dnsmasq(published: &Published) -> String {
    let mut out = format!("# etcd in {}: its members, and where clients reach them\n", published.domain);
    for service in &published.services {
        for record in &service.records {
            let _ = writeln!(out, "srv-host={},{},{},0,0", service.owner, record.target, record.port);
        }
    }
    for host in &published.addresses {
        let _ = writeln!(out, "host-record={},{},{TTL}", host.name, host.address);
    }
    // What it has no record of dnsmasq asks others for, and refuses where it knows none: etcd asks for the
    // services without TLS as well, and for addresses of both families.
    let services = published.services.iter().map(|service| service.other_owner.as_str());
    let mut locals: Vec<&str> = services.collect();
    locals.extend(published.addresses.iter().map(|host| host.name.as_str()));
    locals.dedup();
    for name in locals {
        let _ = writeln!(out, "local=/{name}/");
    }
    published.left.iter().for_each(|left| left_out(&mut out, '#', left));
    out
}
