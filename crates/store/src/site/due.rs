//! The one command that renews all that is due, wherever the nodes are.

use std::collections::BTreeSet;

use super::proposed::gets_files;
use crate::bundle::proposed_out;
use crate::zone_directory::ZoneDirectory;

/// The command for the certificates of these holders: `node1`, `client/app`. Of several it renews everything
/// that is due, and brings it where it belongs; where files are carried, it writes them.
pub fn proposed_renewal(zone: &ZoneDirectory, holders: &BTreeSet<&str>) -> String {
    let carried: Vec<&str> = holders.iter().copied().filter(|holder| gets_files(zone, holder)).collect();
    let out = match carried.as_slice() {
        [] => String::new(),
        nodes => format!(" {}", proposed_out(zone, nodes)),
    };
    let which = match Vec::from_iter(holders).as_slice() {
        [one] => match one.strip_prefix("client/") {
            Some(client) => format!("--client {client}"),
            None => (**one).to_owned(),
        },
        _ => "--all".to_owned(),
    };
    zone.proposed(&format!("pki renew {which} --due{out}"))
}
