//! `pki sign`: issues what a node requests, as `zone.toml` has it, and writes its bundle.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zone_pki::ShowPath;

use crate::arguments::{name_of, open_zone};
use crate::cli::{BundleArgs, BundleMakeArgs, BundleSealingArgs, PkiSignArgs};
use model::config::{Node, NodeName};
use model::error::{Exit, Failure, Result};
use model::formats::LearnedFrom;
use model::report;
use store::bundle::BundleDirectory;
use store::requests::{RequestFile, Terms, certify};
use store::zone_directory::{OfRevoked, ZoneDirectory};

/// Returns the bundle that brings the node its certificates.
#[tracing::instrument(skip_all, name = "pki sign")]
pub(super) fn run(arguments: &PkiSignArgs, now: OffsetDateTime) -> Result<BundleArgs> {
    let name = name_of(&arguments.file);
    let file = read(&arguments.file, &name)?;
    // Its warnings are told when the bundle is made.
    let zone = open_zone(&arguments.zone)?;
    let node = node_of(&file, &zone, &name)?;
    let out = directory_of(&arguments.out, &node.name)?;
    report::message(&format!("requests of {}, SHA-256 of their keys: {}", node.name, file.fingerprint()));
    let of_revoked = OfRevoked::said(arguments.reinstate, false);
    let terms = Terms { name: &name, may_replace: arguments.replace_keys, of_revoked };
    let held = zone.lock()?;
    certify(&file, node, &zone, terms, now, &held)?;
    if let Some(key) = &file.recipient {
        zone.record_recipients(&held, &[(node, key)], LearnedFrom::Request, now)?;
    }
    drop(held);
    // What was issued is in the zone directory now, and `bundle` goes on from there, also after an
    // interruption.
    let make = BundleMakeArgs {
        above: None,
        zone: arguments.zone.clone(),
        nodes: vec![node.name.full().to_owned()],
        out: Some(out),
        // Without keys, there is nothing in it that has to be kept secret.
        sealing: BundleSealingArgs { no_encryption: true, ..BundleSealingArgs::default() },
        with_binaries: false,
        rebuilt: Vec::new(),
        allow_bootstrap: Vec::new(),
        format: arguments.format,
    };
    Ok(BundleArgs { command: None, make })
}

fn read(path: &Path, name: &str) -> Result<RequestFile> {
    let file = if path == Path::new("-") {
        RequestFile::read(io::stdin().lock())
    } else {
        RequestFile::read(File::open(path).map_err(|error| Failure::read(path, &error))?)
    };
    file.map_err(|error| {
        Failure::bad_input(format!("{name} holds no requests that can be signed"))
            .because(&error)
            .next("have the node make them again: zone-etcd pki csr --node NODE.example.zone > FILE")
    })
}

/// The requests have to name their node in full: a short name is one of any zone.
fn node_of<'z>(file: &RequestFile, zone: &'z ZoneDirectory, name: &str) -> Result<&'z Node> {
    let node = zone.config.node(&file.node).filter(|node| node.name.full() == file.node);
    node.ok_or_else(|| {
        Failure::bad_input(format!("{name} has the requests of {:?}", file.node))
            .because(format!("the zone {} has no node of that name", zone.config.name))
            .next(format!("add it to {} first, or correct --node there", zone.paths.config().shown()))
    })
}

/// The directory for the bundle, which may have been named with it.
fn directory_of(out: &Path, node: &NodeName) -> Result<PathBuf> {
    let file = BundleDirectory::file_name(node);
    if out.extension().is_none_or(|end| end != "bundle") || out.is_dir() {
        return Ok(out.to_owned());
    }
    if out.file_name().is_some_and(|name| *name == *file) {
        let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty());
        return Ok(parent.unwrap_or(Path::new(".")).to_owned());
    }
    Err(Failure::new(Exit::Usage, format!("the bundle of {} is called {file}", node.full()))
        .next(format!("name the directory for it: --out DIR, or --out DIR/{file}")))
}
