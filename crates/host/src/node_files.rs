//! The certificates, keys and lists of a node, as they are on disk now.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use zone_pki::private_file::{self, PrivateFileError};
use zone_pki::{
    Certificate, CertificateRequest, PrivateKey, RevocationList, RevocationListError, key_matches,
    regular_file,
};

use model::config::Node;
use model::plan::{NodePaths, Plane, ROOT_FILE, Role, roles_of};

#[derive(Debug)]
pub struct NodeFiles {
    /// Where etcd reads it: `NODE_DIR/pki/current`.
    pub directory: PathBuf,
    /// The certificates that the node has to have, in the order of the role table.
    pub roles: Vec<RoleFiles>,
    /// What it trusts, by plane; empty for a node without a member.
    pub planes: Vec<PlaneFiles>,
    /// The roots that clients trust, usually one; never empty.
    pub roots: Result<Vec<Certificate>, FileFault>,
    /// Who else can read or write there.
    pub access: Vec<AccessFault>,
}

#[derive(Debug)]
pub struct RoleFiles {
    pub role: &'static Role,
    /// `STEM.crt`, leaf first, never empty.
    pub chain: Result<Vec<Certificate>, FileFault>,
    /// The file that has the key, or stands for it: `STEM.key`, or `STEM.csr` where a node has made its own.
    pub key_file: String,
    pub key: Result<KeyFit, FileFault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFit {
    Fits,
    /// It is on its node, and the request that came from there is for it.
    OnNode,
    /// It is another's.
    Other,
    /// There is no certificate to compare it with.
    Unknown,
}

#[derive(Debug)]
pub struct PlaneFiles {
    pub plane: Plane,
    /// The CAs, usually one; never empty.
    pub authorities: Result<Vec<Certificate>, FileFault>,
    pub revocations: Result<RevocationList, RevocationFault>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFault {
    pub path: PathBuf,
    /// Whether it is not there at all.
    pub is_missing: bool,
    /// Whether its mode or owner is wrong, and nothing else is.
    pub is_access: bool,
    pub why: String,
}

/// A revocation list that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevocationFault {
    File(FileFault),
    List(PathBuf, RevocationListError),
}

/// A path that others than its owner can read or write, or that has an owner who should not have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessFault {
    pub path: PathBuf,
    /// Its permission bits.
    pub mode: u32,
    pub owner: u32,
    pub kind: AccessKind,
}

/// What is wrong with the mode or owner of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessKind {
    /// Others can look into a directory that is to be private.
    Open,
    /// Others can change a file of the generation.
    Writable,
    /// Others can replace what is in a directory above.
    ParentWritable,
    /// It belongs to a user who is neither this one nor root.
    Owner,
}

impl NodeFiles {
    /// Reads what is there. What cannot be read is part of it.
    pub fn read(paths: &NodePaths, node: &Node) -> Self {
        Self::of_generation(&paths.generations().join("current"), node).with_access(paths)
    }

    /// Looks at who else can read or write there.
    pub fn with_access(mut self, paths: &NodePaths) -> Self {
        self.access = access_faults(paths, &self.directory);
        self
    }

    /// Reads a generation that is not in use yet, or no more; who else can read it is not looked at.
    pub fn of_generation(directory: &Path, node: &Node) -> Self {
        let roles = roles_of(node).map(|role| read_role(directory, role)).collect();
        let planes = if node.member {
            Plane::ALL.into_iter().map(|plane| read_plane(directory, plane)).collect()
        } else {
            Vec::new()
        };
        let roots = read_certificates(&directory.join(ROOT_FILE));
        Self { directory: directory.to_owned(), roles, planes, roots, access: Vec::new() }
    }

    /// Takes the requests of a node that has made its own keys for these, as they are kept where it was
    /// issued its certificates.
    pub fn with_requests(mut self) -> Self {
        for files in &mut self.roles {
            let request = self.directory.join(files.role.request_file());
            if files.key.as_ref().is_err_and(|fault| fault.is_missing) && request.exists() {
                files.key = read_request(&request, files.chain.as_ref().ok().and_then(|chain| chain.first()));
                files.key_file = files.role.request_file();
            }
        }
        self
    }

    /// Whether the node has made its own keys, which are not in this generation.
    pub fn has_keys_elsewhere(&self) -> bool {
        self.roles.iter().any(|files| files.key_file == files.role.request_file())
    }

    /// The certificate of a role, leaf first.
    pub fn chain(&self, stem: &str) -> Option<&[Certificate]> {
        let files = self.roles.iter().find(|files| files.role.stem == stem)?;
        files.chain.as_deref().ok()
    }

    pub fn leaf(&self, stem: &str) -> Option<&Certificate> {
        self.chain(stem)?.first()
    }

    pub fn plane(&self, plane: Plane) -> Option<&PlaneFiles> {
        self.planes.iter().find(|files| files.plane == plane)
    }
}

fn read_role(directory: &Path, role: &'static Role) -> RoleFiles {
    let chain = read_certificates(&directory.join(role.certificate_file()));
    let path = directory.join(role.key_file());
    let key = match private_file::read(&path) {
        Ok(text) => match (PrivateKey::from_pem(&text), &chain) {
            (Ok(key), Ok(chain)) if chain.first().is_some_and(|leaf| key_matches(leaf, &key)) => {
                Ok(KeyFit::Fits)
            }
            (Ok(_), Ok(_)) => Ok(KeyFit::Other),
            (Ok(_), Err(_)) => Ok(KeyFit::Unknown),
            (Err(error), _) => Err(fault(&path, error.to_string())),
        },
        Err(error) => Err(FileFault {
            path,
            is_missing: matches!(error, PrivateFileError::NotFound),
            is_access: matches!(error, PrivateFileError::Mode { .. } | PrivateFileError::Owner { .. }),
            why: error.to_string(),
        }),
    };
    RoleFiles { role, chain, key_file: role.key_file(), key }
}

fn read_request(path: &Path, leaf: Option<&Certificate>) -> Result<KeyFit, FileFault> {
    let request =
        CertificateRequest::from_pem(&read(path)?).map_err(|error| fault(path, error.to_string()))?;
    Ok(match leaf {
        None => KeyFit::Unknown,
        Some(leaf) if leaf.subject_public_key_info() == request.subject_public_key_info() => KeyFit::OnNode,
        Some(_) => KeyFit::Other,
    })
}

fn read_plane(directory: &Path, plane: Plane) -> PlaneFiles {
    let path = directory.join(plane.revocation_file());
    let revocations = match read(&path) {
        Ok(bytes) => {
            RevocationList::from_der(&bytes).map_err(|error| RevocationFault::List(path.clone(), error))
        }
        Err(fault) => Err(RevocationFault::File(fault)),
    };
    let authorities = read_certificates(&directory.join(plane.authority_file()));
    PlaneFiles { plane, authorities, revocations }
}

fn read_certificates(path: &Path) -> Result<Vec<Certificate>, FileFault> {
    let text = read(path)?;
    Certificate::chain_from_pem(&text).map_err(|error| fault(path, error.to_string()))
}

fn read(path: &Path) -> Result<Vec<u8>, FileFault> {
    regular_file::read(path).map_err(|error| FileFault {
        path: path.to_owned(),
        is_missing: error.kind() == io::ErrorKind::NotFound,
        is_access: false,
        why: error.to_string(),
    })
}

fn fault(path: &Path, why: String) -> FileFault {
    FileFault { path: path.to_owned(), is_missing: false, is_access: false, why }
}

/// The node directory and the generation are to be private, their files not to be written by others, and the
/// directories above neither: who can write to one can put another in the place of what is below, unless the
/// directory is sticky as /tmp is.
fn access_faults(paths: &NodePaths, generation: &Path) -> Vec<AccessFault> {
    let user = nix::unistd::geteuid().as_raw();
    let mut faults = Vec::new();
    let mut look = |path: &Path, forbidden: u32, kind: AccessKind| {
        let Ok(metadata) = std::fs::metadata(path) else { return };
        let (mode, owner) = (metadata.mode() & 0o7777, metadata.uid());
        let is_sticky = kind == AccessKind::ParentWritable && mode & 0o1000 != 0;
        let found = if owner != 0 && owner != user {
            AccessKind::Owner
        } else if mode & forbidden != 0 && !is_sticky {
            kind
        } else {
            return;
        };
        faults.push(AccessFault { path: path.to_owned(), mode, owner, kind: found });
    };
    look(paths.root(), 0o077, AccessKind::Open);
    look(&paths.generations(), 0o077, AccessKind::Open);
    look(generation, 0o077, AccessKind::Open);
    if let Ok(entries) = std::fs::read_dir(generation) {
        for entry in entries.flatten().filter(|entry| entry.path().extension().is_none_or(|end| end != "key"))
        {
            look(&entry.path(), 0o022, AccessKind::Writable);
        }
    }
    for parent in paths.root().ancestors().skip(1).filter(|path| !path.as_os_str().is_empty()) {
        look(parent, 0o022, AccessKind::ParentWritable);
    }
    faults
}
