//! `pki csr`: on a node, its keys, and the requests for their certificates.

use std::path::Path;

use zone_pki::ShowPath;

use crate::cli::PkiCsrArgs;
use crate::output::print;
use launch::activation::NodeStore;
use model::config::{DnsName, NameFault};
use model::error::{Exit, Failure, Result};
use model::plan::proposed_on_node;
use model::report;
use store::node_directory::DeliveryKey;
use store::requests::NodeKeys;
use store::zone_directory::absolute;

#[tracing::instrument(skip_all, name = "pki csr")]
pub(super) fn run(arguments: &PkiCsrArgs) -> Result<()> {
    let root = absolute(&arguments.directory.node_dir)?;
    let given = arguments.node.as_deref().map(full_name).transpose()?;
    let store = match (NodeStore::open(&root)?, &given) {
        (Some(store), _) => store,
        (None, Some(_)) => NodeStore::create(&root)?,
        (None, None) => return Err(no_name(&root)),
    };
    let keys = NodeKeys::open(&store.paths)?;
    let active = store.active()?.map(|active| active.manifest.node);
    let known = active.or_else(|| keys.as_ref().map(|keys| keys.node.clone()));
    let node = match (known, given) {
        (Some(known), Some(given)) if known != given => return Err(another_node(&root, &known, &given)),
        (Some(name), _) | (None, Some(name)) => name,
        (None, None) => return Err(no_name(&root)),
    };
    let keys = match keys.filter(|_| !arguments.new_keys) {
        Some(keys) => keys,
        None => {
            let made = NodeKeys::make(&store.paths, &node, arguments.key)?;
            report::message(&format!("made keys in {}", NodeKeys::directory(&store.paths).shown()));
            made
        }
    };
    let mut requests = keys.requests()?;
    requests.recipient = Some(DeliveryKey::of(&store.paths)?.recipient().to_owned());
    print(&requests.render())?;
    report::message(&format!("requests of {node}, SHA-256 of their keys: {}", requests.fingerprint()));
    report::message(
        "next: carry the output to the signing host as FILE, and compare that line there: \
         zone-etcd pki sign FILE --out DIR",
    );
    Ok(())
}

fn full_name(text: &str) -> Result<String> {
    let name = DnsName::parse("node name", text)
        .map_err(|NameFault { what, instead }| Failure::new(Exit::Usage, what).next(instead))?;
    if name.as_str().contains('.') {
        return Ok(name.as_str().to_owned());
    }
    Err(Failure::new(Exit::Usage, format!("`{text}` is not the full name of a node"))
        .next(format!("add the zone's name: --node {name}.example.zone")))
}

fn no_name(root: &Path) -> Failure {
    Failure::new(Exit::Usage, "nothing says which node this is").next(format!(
        "give its full name: {} > NODE.csr",
        proposed_on_node("pki csr --node node1.example.zone", root)
    ))
}

fn another_node(root: &Path, known: &str, given: &str) -> Failure {
    Failure::new(Exit::Usage, format!("{} is the directory of {known}, not of {given}", root.shown()))
        .next("leave --node out, or choose another directory with --node-dir")
}
