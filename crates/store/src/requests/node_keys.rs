//! The keys that a node made for itself, in `NODE_DIR/pki/requested/`. They stay there when they are in use,
//! so that the same requests can be made again.

use std::fs;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;
use zone_pki::private_file::{self, PrivateFileError};
use zone_pki::{
    CertificateRequest, KeyAlgorithm, PrivateKey, ShowPath, Subject, SubjectAltName, SubjectAltNames,
    regular_file,
};

use super::file::{RequestFile, RoleRequest};
use crate::zone_directory::{Aside, private_failure};
use model::error::{Failure, Result};
use model::plan::{NODE_ROLES, NamesRule, NodePaths, SubjectRule};

/// Where they are, below the generations.
const DIRECTORY: &str = "requested";
/// Whose they are: the node's full name, in one line.
const NODE_FILE: &str = "node";
/// What the directory is called while it is written.
const ASIDE: &str = ".requested-";

/// Keys that wait for their certificates, or have them.
#[derive(Debug)]
pub struct NodeKeys {
    /// The node that they were made for, by its full name.
    pub node: String,
    directory: PathBuf,
}

impl NodeKeys {
    pub fn directory(paths: &NodePaths) -> PathBuf {
        paths.generations().join(DIRECTORY)
    }

    /// The keys that are there; none if none were made.
    pub fn open(paths: &NodePaths) -> Result<Option<Self>> {
        let directory = Self::directory(paths);
        match private_file::check_directory(&directory) {
            Ok(()) => {}
            Err(PrivateFileError::NotFound) => return Ok(None),
            Err(error) => return Err(private_failure(&directory, &error)),
        }
        let path = directory.join(NODE_FILE);
        let text = regular_file::read_to_string(&path).map_err(|error| Failure::read(&path, &error))?;
        Ok(Some(Self { node: text.trim().to_owned(), directory }))
    }

    /// Makes a key for every role that a node can have. They appear all at once; others that are there are
    /// kept, under another name. The caller holds the lock of the node directory.
    pub fn make(paths: &NodePaths, node: &str, algorithm: KeyAlgorithm) -> Result<Self> {
        let (generations, directory) = (paths.generations(), Self::directory(paths));
        crate::zone_directory::create_directory(&generations)?;
        private_file::check_directory(&generations).map_err(|error| private_failure(&generations, &error))?;
        let aside = Aside::make(&generations, ASIDE)?;
        let create = |file: &str, bytes: &[u8]| {
            let path = aside.path().join(file);
            private_file::create(&path, bytes, 0o600)
                .and_then(|()| private_file::sync(&path))
                .map_err(|error| private_failure(&path, &error))
        };
        create(NODE_FILE, format!("{node}\n").as_bytes())?;
        for role in &NODE_ROLES {
            let key = PrivateKey::generate(algorithm)
                .map_err(|error| Failure::internal("cannot make a key").because(&error))?;
            create(&role.key_file(), key.to_pem().as_bytes())?;
        }
        private_file::sync(aside.path()).map_err(|error| private_failure(aside.path(), &error))?;
        keep_old(&directory)?;
        fs::rename(aside.path(), &directory).map_err(|error| Failure::write(&directory, &error))?;
        aside.has_moved();
        private_file::sync(&generations).map_err(|error| private_failure(&generations, &error))?;
        Ok(Self { node: node.to_owned(), directory })
    }

    /// The requests for certificates for these keys, with the names and addresses that this machine believes
    /// to have.
    pub fn requests(&self) -> Result<RequestFile> {
        let mut requests = Vec::new();
        for role in &NODE_ROLES {
            let file = role.key_file();
            let path = self.directory.join(&file);
            let unusable = |why: &dyn std::error::Error| {
                Failure::bad_input(format!("{} cannot be used", path.shown()))
                    .because(why.to_string())
                    .next(self.remade())
            };
            let text = private_file::read(&path).map_err(|error| match error {
                PrivateFileError::NotFound | PrivateFileError::Empty => unusable(&error),
                error => private_failure(&path, &error),
            })?;
            let key = PrivateKey::from_pem(&text).map_err(|error| unusable(&error))?;
            let common_name = match role.subject {
                SubjectRule::Gateway => None,
                SubjectRule::Node | SubjectRule::Client => {
                    Some(Subject::fit_common_name(&self.node, &self.node))
                }
            };
            let subject =
                Subject { common_name, organization: None, organizational_unit: Some(role.name.to_owned()) };
            let names = match role.names {
                NamesRule::None => SubjectAltNames::default(),
                NamesRule::Node | NamesRule::Server => self.own_names(),
            };
            let request = CertificateRequest::make_leaf(&key, &subject, &names, role.usages)
                .map_err(|error| unusable(&error))?;
            requests.push(RoleRequest { role, request });
        }
        Ok(RequestFile { node: self.node.clone(), recipient: None, requests })
    }

    /// The key of a role, if it is here.
    pub fn key(&self, file: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        read_key(&self.directory, file)
    }

    /// How other keys are made in place of these, which are kept under another name.
    fn remade(&self) -> String {
        let root = self.directory.ancestors().nth(2).unwrap_or(&self.directory);
        format!("have new keys made: {}", model::plan::proposed_on_node("pki csr --new-keys", root))
    }

    fn own_names(&self) -> SubjectAltNames {
        let mut names = SubjectAltNames::default();
        names.insert(SubjectAltName::Dns(self.node.clone()));
        host::own_addresses().into_iter().for_each(|address| names.insert(SubjectAltName::Ip(address)));
        names
    }
}

/// Reads a key that may not be there.
pub fn read_key(directory: &Path, file: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let path = directory.join(file);
    match private_file::read(&path) {
        Ok(key) => Ok(Some(key)),
        Err(PrivateFileError::NotFound) => Ok(None),
        Err(error) => Err(private_failure(&path, &error)),
    }
}

/// Gives keys that are there another name.
fn keep_old(directory: &Path) -> Result<()> {
    if !directory.exists() {
        return Ok(());
    }
    let kept = (1_u32..).map(|number| directory.with_file_name(format!("{DIRECTORY}.old-{number}")));
    match kept.into_iter().find(|path| !path.exists()) {
        Some(path) => fs::rename(directory, &path).map_err(|error| Failure::write(&path, &error)),
        None => Ok(()),
    }
}
