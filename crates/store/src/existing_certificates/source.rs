//! Where a PEM text comes from.

use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

use zeroize::Zeroizing;
use zone_pki::{
    ShowPath,
    private_file::{self, PrivateFileError},
    regular_file,
};

use super::Fault;
use host::step_as_owner;
use model::config::{NodeName, PemSource, PlaneFiles, TlsFiles};

/// In bytes. Every CA of the public web together has a quarter of this.
const SIZE_AT_MOST: u64 = 1 << 20;

/// The certificates of both planes.
#[derive(Debug)]
pub struct Sources {
    /// Of members among themselves.
    pub peer: PlaneSources,
    pub client: PlaneSources,
}

#[derive(Debug)]
pub struct PlaneSources {
    pub authority: Source,
    pub certificate: Source,
    pub key: Source,
    pub revocations: Option<Source>,
}

/// One PEM text: a file, or what will be one.
#[derive(Clone)]
pub struct Source {
    key: &'static str,
    path: PathBuf,
    /// The text, if it stands in the local config itself.
    inline: Option<Zeroizing<String>>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// As messages call it: `` `client_cert` (/etc/etcd/server.crt) ``.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.inline {
            Some(_) => write!(f, "`{}`", self.key),
            None => write!(f, "`{}` ({})", self.key, self.path.shown()),
        }
    }
}

impl Sources {
    pub fn of_files(files: &TlsFiles, node: &NodeName) -> Self {
        let plane = |files: PlaneFiles<PathBuf>, keys: [&'static str; 4]| {
            let file = |key, path| Source { key, path, inline: None };
            let [authority, certificate, key, revocations] = keys;
            PlaneSources {
                authority: file(authority, files.authority),
                certificate: file(certificate, files.certificate),
                key: file(key, files.key),
                revocations: files.revocations.map(|path| file(revocations, path)),
            }
        };
        Self {
            peer: plane(files.peer.of(node), ["peer_ca", "peer_cert", "peer_key", "peer_crl"]),
            client: plane(files.client.of(node), ["client_ca", "client_cert", "client_key", "client_crl"]),
        }
    }

    /// One certificate for everything, as a local config has it. `place` says where a PEM text will be as a
    /// file.
    pub fn of_local(
        [ca, cert, key]: [&PemSource; 3],
        place: impl Fn(&'static str, &PemSource) -> PathBuf,
    ) -> Self {
        let source = |name: &'static str, pem: &PemSource| Source {
            key: name,
            path: place(name, pem),
            inline: match pem {
                PemSource::Inline(text) => Some(text.clone()),
                PemSource::File(_) => None,
            },
        };
        let plane = || PlaneSources {
            authority: source("ca", ca),
            certificate: source("cert", cert),
            key: source("key", key),
            revocations: None,
        };
        Self { peer: plane(), client: plane() }
    }

    /// What stands in the local config itself, with the name of the file that it becomes.
    pub fn inline(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let sources = [&self.peer.authority, &self.peer.certificate, &self.peer.key];
        sources.into_iter().filter_map(|source| {
            let name = source.path.file_name()?.to_str()?;
            Some((name, source.inline.as_ref()?.as_bytes()))
        })
    }
}

impl Source {
    /// Reads a file of any mode.
    pub(super) fn read(&self) -> Result<Zeroizing<Vec<u8>>, Fault> {
        match &self.inline {
            Some(text) => Ok(Zeroizing::new(text.as_bytes().to_vec())),
            None => {
                regular_file::read_at_most(&self.path, SIZE_AT_MOST).map(Zeroizing::new).map_err(|error| {
                    match error.kind() {
                        ErrorKind::NotFound => self.missing(),
                        ErrorKind::PermissionDenied => {
                            Fault::new(format!("{self} cannot be read: {error}"), "let this user read it")
                        }
                        _ => {
                            Fault::new(format!("{self} cannot be read: {error}"), "name a file in PEM there")
                        }
                    }
                })
            }
        }
    }

    /// Reads a key, which must be mode 0600.
    pub(super) fn read_private(&self) -> Result<Zeroizing<Vec<u8>>, Fault> {
        if self.inline.is_some() {
            return self.read();
        }
        let path = model::report::shell_quoted_path(&self.path);
        private_file::read(&self.path).map_err(|error| match error {
            PrivateFileError::NotFound => self.missing(),
            PrivateFileError::Mode { .. } => Fault::new(
                format!("{self}: {error}"),
                format!("chmod 600 {path}, and have a new key made if others had access"),
            ),
            PrivateFileError::Owner { uid } => {
                Fault::new(format!("{self}: {error}"), step_as_owner(uid, &self.path))
            }
            error => Fault::new(format!("{self}: {error}"), "put the key of the certificate there"),
        })
    }

    fn missing(&self) -> Fault {
        Fault::new(format!("{self} is not there"), "put the file there, or correct the path")
    }
}
