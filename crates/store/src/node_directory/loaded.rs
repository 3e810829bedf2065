//! A node whose local config says all that there is: its members and its certificates, made elsewhere.

use std::path::{Path, PathBuf};

use zone_pki::ShowPath;

use super::NodeDirectory;
use crate::existing_certificates::Sources;
use model::config::{LocalConfig, NodeFile, PemSource, PlaneFiles, Problem, Protection, TlsFiles};
use model::error::{Exit, Failure, Result};
use model::plan::NodePaths;

/// The zone is the list of members, and the one certificate serves both planes.
pub(super) fn open(
    file: &Path,
    mut local: LocalConfig,
    warnings: Vec<Problem>,
    paths: NodePaths,
    written: PathBuf,
) -> Result<NodeDirectory> {
    let Some(mut config) = local.zone.take() else { return Err(no_list(file)) };
    let Some(node) = config.node(local.name.as_str()) else { return Err(no_member(file, &local)) };
    let name = node.name.clone();
    let plane = || PlaneFiles {
        authority: NodeFile::fixed(place(&paths, "ca", &local.ca)),
        certificate: NodeFile::fixed(place(&paths, "cert", &local.cert)),
        key: NodeFile::fixed(place(&paths, "key", &local.key)),
        revocations: None,
    };
    config.tls = Protection::Files(Box::new(TlsFiles { client: plane(), peer: plane() }));
    let warned_of = file.to_owned();
    Ok(NodeDirectory {
        paths,
        config,
        name,
        local: Some(Box::new(local)),
        manifest: None,
        warnings,
        warned_of,
        written,
    })
}

pub(super) fn sources(local: &LocalConfig, paths: &NodePaths) -> Sources {
    Sources::of_local([&local.ca, &local.cert, &local.key], |name, pem| place(paths, name, pem))
}

/// The file of a PEM text: where it says, or in a generation.
fn place(paths: &NodePaths, name: &str, pem: &PemSource) -> PathBuf {
    match (pem, name) {
        (PemSource::File(path), _) => paths.root().join(path),
        (PemSource::Inline(_), "ca") => paths.current("ca.crt"),
        (PemSource::Inline(_), "cert") => paths.current("node.crt"),
        (PemSource::Inline(_), _) => paths.current("node.key"),
    }
}

fn no_list(file: &Path) -> Failure {
    Failure::new(Exit::MissingInput, format!("{} has no list of members", file.shown()))
        .because("without `etcd` the list has to come from the nameservice, which this version does not ask")
        .next(
            "write the members into it: \"etcd\": [{\"node_name\": \"node1.example.zone\", \"address\": \
             \"10.0.1.10\"}]",
        )
}

fn no_member(file: &Path, local: &LocalConfig) -> Failure {
    Failure::new(Exit::Configuration, format!("no member runs on {}", local.name.as_str()))
        .because(format!("`etcd` in {} does not name it", file.shown()))
        .next("add it to `etcd` on every node, or correct `name`")
}
