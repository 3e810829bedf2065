//! The files that other software expects, made from certificates that the zone has. No key of a CA is among
//! them.
//!
//! A layout is a function from what was read to what is to be written; [`write_new`] writes it.

mod directory;
mod kubeadm;
mod pem;
mod pkcs12;

use std::path::PathBuf;

use zeroize::Zeroizing;

pub use directory::{refuse_present, write_new};
pub use kubeadm::{Member, kubeadm};
pub use pem::pem;
pub use pkcs12::pkcs12;

/// A certificate with its chain and its key, as they lie in a generation.
#[derive(Debug)]
pub struct Identity {
    /// What its files are called: `server`, `client`, ….
    pub stem: String,
    /// PEM: the leaf, and the CA of its plane.
    pub chain: Vec<u8>,
    /// PEM: PKCS#8.
    pub key: Zeroizing<Vec<u8>>,
}

#[derive(Debug)]
pub struct ExportFile {
    /// Where, below the directory that was asked for.
    pub path: PathBuf,
    /// What is in it. Most of them hold a key.
    pub bytes: Zeroizing<Vec<u8>>,
}

impl ExportFile {
    fn new(path: impl Into<PathBuf>, bytes: &[u8]) -> Self {
        Self { path: path.into(), bytes: Zeroizing::new(bytes.to_vec()) }
    }
}

/// `PATH.crt` and `PATH.key`.
fn pair(path: &str, identity: &Identity) -> [ExportFile; 2] {
    [
        ExportFile::new(format!("{path}.crt"), &identity.chain),
        ExportFile::new(format!("{path}.key"), &identity.key),
    ]
}
