//! What a command line names, opened: zones and nodes, bundles, passphrases, what a start is asked for.

mod bundle_source;
mod confirmation;
mod identity;
mod node;
mod passphrase;
mod seal_choice;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::PathBuf;

pub use bundle_source::{Bundle, name_of, open};
pub use confirmation::confirm;
pub use identity::identity_of_file;
pub use node::parse_node;
pub use seal_choice::SealChoice;

use crate::cli::{CaPassphraseArgs, EtcdArgs, SiteArgs, StartArgs, WithoutArg, ZoneArg};
use time::OffsetDateTime;

use discovery::Search;
use etcd::BinaryRequest;
use launch::{LaunchOptions, refuse_without_member};
use model::config::{LocalConfig, Node};
use model::error::{Exit, Failure, Result};
use model::plan::{FoundingWords, SaidOfData};
use model::report;
use store::node_directory::Place;
use store::site::Site;
use store::zone_directory::{CaPassphrase, ZoneDirectory};

/// Opens the zone that a command line names. The passphrase's file descriptor is taken over before anything
/// else is opened.
pub fn open_zone(arguments: &ZoneArg) -> Result<ZoneDirectory> {
    let passphrase = ca_passphrase(&arguments.ca_passphrase)?;
    let zone = ZoneDirectory::open(&arguments.zone, passphrase)?;
    Ok(zone.with_clock_said_right(arguments.clock_is_right))
}

/// The nodes that an operation does not wait for, by their short names.
pub fn not_waited_for(arguments: &WithoutArg, zone: &ZoneDirectory) -> Result<BTreeSet<String>> {
    let name = |name: &String| Ok(zone.node(name)?.name.short().to_owned());
    arguments.without.iter().map(name).collect()
}

pub fn ca_passphrase(arguments: &CaPassphraseArgs) -> Result<CaPassphrase> {
    CaPassphrase::new(arguments.ca_passphrase_file.as_deref(), arguments.ca_passphrase_fd)
}

/// Opens the zone or node that is meant. What is on the command line comes before what is in the environment.
pub fn open_site(arguments: &SiteArgs) -> Result<Site> {
    open_site_with(arguments, ca_passphrase(&arguments.ca_passphrase)?)
}

pub fn open_site_with(arguments: &SiteArgs, passphrase: CaPassphrase) -> Result<Site> {
    let (zone, config) = site_that_is_meant(arguments)?;
    Site::open(zone.as_deref(), config.as_deref(), passphrase)
}

/// The same for a start. A node whose local config has no list looks for its members, and if it `takes_part`
/// does what they need to find it. Also whether it has registered for the first time in that.
pub fn open_site_to_start(
    arguments: &SiteArgs,
    takes_part: bool,
    now: OffsetDateTime,
) -> Result<(Site, bool)> {
    let (zone, config) = site_that_is_meant(arguments)?;
    let has_registered = Cell::new(false);
    let search =
        Search { takes_part, refreshes: false, now, tell: &report::message, has_registered: &has_registered };
    let find = |local: &LocalConfig, place: &Place<'_>| discovery::members(local, place, search);
    let passphrase = ca_passphrase(&arguments.ca_passphrase)?;
    let site = Site::open_with(zone.as_deref(), config.as_deref(), passphrase, &find)?;
    Ok((site, has_registered.get()))
}

fn site_that_is_meant(arguments: &SiteArgs) -> Result<(Option<PathBuf>, Option<PathBuf>)> {
    let SiteArgs { zone, config, .. } = arguments;
    if zone.is_some() || config.is_some() {
        return Ok((zone.clone(), config.clone()));
    }
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    match (variable("ZONE_ETCD_ZONE"), variable("ZONE_ETCD_CONFIG")) {
        (Some(_), Some(_)) => {
            Err(Failure::new(Exit::Usage, "ZONE_ETCD_ZONE and ZONE_ETCD_CONFIG are both set")
                .next("say which is meant with --zone or --config"))
        }
        (zone, config) => Ok((zone, config)),
    }
}

/// The nodes with a member that are named, once each; all that have one if none is.
pub fn members_of<'s>(site: &'s Site, names: &[String]) -> Result<Vec<&'s Node>> {
    let mut nodes: Vec<&Node> = Vec::new();
    for name in names {
        let node = site.node(Some(name))?;
        refuse_without_member(node)?;
        if nodes.iter().all(|known| known.name != node.name) {
            nodes.push(node);
        }
    }
    Ok(if nodes.is_empty() { site.config().members().collect() } else { nodes })
}

/// What a start is asked for, for this zone.
pub fn launch_options(
    site: &Site,
    node: &Node,
    arguments: StartArgs,
    is_first_registration: bool,
) -> Result<LaunchOptions> {
    let StartArgs { etcd, move_data_aside, words, flags } = arguments;
    let said = SaidOfData {
        set_aside: move_data_aside,
        is_current: words.data_is_current,
        accept_older: words.accept_older_data,
    };
    let without = words.found_without.iter().map(|name| left_out(site, node, name)).collect::<Result<_>>()?;
    let words = FoundingWords { without, never_ran: words.never_ran, is_first_registration };
    Ok(LaunchOptions { binary: binary_request(etcd), flags, said, words })
}

/// The short name of another member of the zone.
fn left_out(site: &Site, node: &Node, name: &str) -> Result<String> {
    match site.config().node(name) {
        Some(other) if other.member && other.name != node.name => Ok(other.name.short().to_owned()),
        _ => {
            Err(Failure::new(Exit::Usage, format!("--found-without {name}: not another member of this zone"))
                .next(format!("name another member; {}", site.config().known_nodes())))
        }
    }
}

pub fn binary_request(arguments: EtcdArgs) -> BinaryRequest {
    BinaryRequest { given: arguments.etcd, system: arguments.system_etcd, ..BinaryRequest::default() }
}
