//! `dns export`: the records to publish.

use std::net::IpAddr;

use serde::Serialize;

use super::published;
use crate::arguments::open_site;
use crate::cli::{DnsExportArgs, DnsFormat};
use crate::output::{json, print};
use dns::{Left, Published, TTL, dnsmasq, zone_file};
use model::error::Result;

#[tracing::instrument(skip_all, name = "dns export")]
pub(super) fn run(arguments: &DnsExportArgs) -> Result<()> {
    let site = open_site(&arguments.site)?;
    site.report_warnings();
    let published = published(&site, &arguments.names);
    print(&match arguments.format {
        DnsFormat::Zone => zone_file(&published),
        DnsFormat::Dnsmasq => dnsmasq(&published),
        DnsFormat::Json => json(&Report::of(&published))?,
    })
}

/// The records for a program. Fields are added, never renamed.
#[derive(Serialize)]
struct Report<'p> {
    domain: &'p str,
    records: Vec<Record<'p>>,
    left_out: Vec<LeftOut<'p>>,
}

/// Names end in a dot.
#[derive(Serialize)]
struct Record<'p> {
    name: String,
    ttl: u32,
    #[serde(flatten)]
    data: Data<'p>,
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Data<'p> {
    #[serde(rename = "SRV")]
    Srv {
        priority: u16,
        weight: u16,
        port: u16,
        target: String,
    },
    A {
        address: &'p IpAddr,
    },
    #[serde(rename = "AAAA")]
    Aaaa {
        address: &'p IpAddr,
    },
}

#[derive(Serialize)]
struct LeftOut<'p> {
    name: String,
    address: Option<&'p IpAddr>,
    why: String,
}

impl<'p> Report<'p> {
    fn of(published: &'p Published) -> Self {
        let record = |name: &str, data| Record { name: format!("{name}."), ttl: TTL, data };
        let services = published.services.iter().flat_map(|service| {
            service.records.iter().map(move |srv| {
                let target = format!("{}.", srv.target);
                record(&service.owner, Data::Srv { priority: 0, weight: 0, port: srv.port, target })
            })
        });
        let addresses = published.addresses.iter().map(|host| {
            let address = &host.address;
            let data = if address.is_ipv4() { Data::A { address } } else { Data::Aaaa { address } };
            record(&host.name, data)
        });
        let left_out = |left: &'p Left| LeftOut {
            name: format!("{}.", left.name),
            address: left.address.as_ref(),
            why: left.why(),
        };
        Self {
            domain: published.domain.as_str(),
            records: services.chain(addresses).collect(),
            left_out: published.left.iter().map(left_out).collect(),
        }
    }
}
