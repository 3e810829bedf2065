//! With what the etcd of a registry is asked: files of its own, or the node's certificate.

use std::path::Path;

use zeroize::Zeroizing;
use zone_pki::{ShowPath, private_file, regular_file};

use etcd::client::ClientCredentials;
use model::config::{LocalConfig, PemSource, RegistryDiscovery};
use model::error::{Failure, Result};

pub(super) fn load(
    registry: &RegistryDiscovery,
    local: &LocalConfig,
    directory: &Path,
) -> Result<ClientCredentials> {
    let own = match &registry.access {
        None => [local.ca.clone(), local.cert.clone(), local.key.clone()],
        Some(access) => [&access.ca, &access.cert, &access.key].map(|file| PemSource::File(file.clone())),
    };
    let [ca, cert, key] = &own;
    let (ca, cert) = (public(ca, directory)?, public(cert, directory)?);
    Ok(ClientCredentials::of(&ca, &cert, &secret(key, directory)?))
}

pub(super) fn public(source: &PemSource, directory: &Path) -> Result<Vec<u8>> {
    match source {
        PemSource::Inline(text) => Ok(text.as_bytes().to_vec()),
        PemSource::File(file) => {
            let path = directory.join(file);
            regular_file::read(&path).map_err(|error| Failure::read(&path, &error))
        }
    }
}

fn secret(source: &PemSource, directory: &Path) -> Result<Zeroizing<Vec<u8>>> {
    match source {
        PemSource::Inline(text) => Ok(Zeroizing::new(text.as_bytes().to_vec())),
        PemSource::File(file) => {
            let path = directory.join(file);
            private_file::read(&path).map_err(|error| {
                Failure::bad_input(format!("cannot use the key {}", path.shown()))
                    .because(&error)
                    .next("make it readable for its owner alone (mode 0600)")
            })
        }
    }
}
