//! `dns`: the records by which etcd and its clients discover the zone.

mod check;
mod export;

use std::fmt::Write as _;

use crate::cli::{DnsCommand, DnsNamesArgs};
use dns::Published;
use model::error::Result;
use store::site::Site;

pub(super) fn run(command: &DnsCommand) -> Result<()> {
    match command {
        DnsCommand::Export(arguments) => export::run(arguments),
        DnsCommand::Check(arguments) => check::run(arguments),
    }
}

fn published(site: &Site, names: &DnsNamesArgs) -> Published {
    let zone = site.config();
    let domain = names.domain.clone().unwrap_or_else(|| zone.name.dns().clone());
    Published::of(zone, domain, names.name.as_ref())
}

/// A command of `dns` for the same names.
fn proposed(site: &Site, command: &str, names: &DnsNamesArgs) -> String {
    let mut command = site.proposed(command);
    if let Some(domain) = &names.domain {
        let _ = write!(command, " --domain {domain}");
    }
    if let Some(name) = &names.name {
        let _ = write!(command, " --name {name}");
    }
    command
}
