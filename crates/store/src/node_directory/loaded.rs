//! A node whose local config says all that there is: its members and its certificates, made elsewhere.

use std::path::{Path, PathBuf};

use zone_pki::ShowPath;

use super::{Members, NodeDirectory, Place};
use crate::existing_certificates::Sources;
use model::config::{
    LocalConfig, MemberList, NodeFile, PemSource, PlaneFiles, Problem, Protection, TlsFiles,
};
use model::error::{Exit, Failure, Result};
use model::plan::NodePaths;

/// The zone is the list of members, and the one certificate serves both planes.
pub(super) fn open(
    file: &Path,
    mut local: LocalConfig,
    mut warnings: Vec<Problem>,
    paths: NodePaths,
    written: PathBuf,
    members: Members<'_>,
) -> Result<NodeDirectory> {
    let mut warned_of = file.to_owned();
    let (mut config, name) = match local.zone.take() {
        Some(config) => {
            let node = config.node(local.name.as_str());
            let name = node.ok_or_else(|| no_member(file, &local, None))?.name.clone();
            (config, name)
        }
        None => {
            let (list, found) = members(&local, &Place { file, paths: &paths })?;
            warnings.extend(found);
            warned_of = paths.member_list();
            if !list.is_member() {
                return Err(no_member(file, &local, Some(&list)));
            }
            (list.config(), list.own)
        }
    };
    let plane = || PlaneFiles {
        authority: NodeFile::fixed(place(&paths, "ca", &local.ca)),
        certificate: NodeFile::fixed(place(&paths, "cert", &local.cert)),
        key: NodeFile::fixed(place(&paths, "key", &local.key)),
        revocations: None,
    };
    config.tls = Protection::Files(Box::new(TlsFiles { client: plane(), peer: plane() }));
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

/// The CA, the certificate and the key of a local config as absolute paths of files. What stands in it itself
/// is a file once it was laid down.
pub fn local_files(local: &LocalConfig, paths: &NodePaths) -> [PathBuf; 3] {
    let file = |name, pem| place(paths, name, pem);
    [file("ca", &local.ca), file("cert", &local.cert), file("key", &local.key)]
}

/// Lays down what stands in a local config itself.
///
/// # Errors
/// It cannot be written.
pub fn lay_down_local(local: &LocalConfig, paths: &NodePaths) -> Result<()> {
    sources(local, paths).lay_down(paths)
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

fn no_member(file: &Path, local: &LocalConfig, list: Option<&MemberList>) -> Failure {
    let failure = Failure::new(Exit::Configuration, format!("no member runs on {}", local.name.as_str()));
    match list {
        Some(list) => failure
            .because(format!("the list from {} does not name it", list.source))
            .next("add it there, or correct `name`"),
        None => failure
            .because(format!("`etcd` in {} does not name it", file.shown()))
            .next("add it to `etcd` on every node, or correct `name`"),
    }
}
