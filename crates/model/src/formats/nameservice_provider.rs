//! `nameservice.json`: how a nameservice reaches the zone's etcd.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::ServicePlace;
use crate::foreign_text::said;

/// Where the members are, and with what they are asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameserviceProvider {
    version: u32,
    /// The client URLs of the members, `https://HOST:PORT`; at least one.
    endpoints: Vec<String>,
    ca: PathBuf,
    cert: PathBuf,
    key: PathBuf,
}

/// Why a text, or a list of these, is no provider file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameserviceProviderFault {
    /// It is no JSON, lacks something, or has something that is not known.
    #[error("{0}")]
    Damaged(String),
    /// Another version of this program has written it.
    #[error("its version is {0}, and this program knows {known}", known = NameserviceProvider::VERSION)]
    Version(u32),
    /// It names no member.
    #[error("it has no endpoints")]
    NoEndpoints,
    /// One that is no URL of a member.
    #[error("the endpoint {0:?} is not https://HOST:PORT")]
    Endpoint(String),
    /// A path that depends on where the reader was started.
    #[error("the path {} of `{key}` is not absolute", zone_pki::ShowPath::shown(path.as_path()))]
    Relative {
        /// Its key.
        key: &'static str,
        /// The path.
        path: PathBuf,
    },
}

impl NameserviceProvider {
    /// The version that this program writes.
    pub const VERSION: u32 = 1;

    /// Of these members, asked with the certificate of a client.
    ///
    /// # Errors
    /// There is no endpoint, one is not `https://HOST:PORT`, or a path is not absolute.
    pub fn new(
        endpoints: Vec<String>,
        ca: PathBuf,
        cert: PathBuf,
        key: PathBuf,
    ) -> Result<Self, NameserviceProviderFault> {
        Self { version: Self::VERSION, endpoints, ca, cert, key }.judged()
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// As [`NameserviceProviderFault`] says.
    pub fn parse(text: &[u8]) -> Result<Self, NameserviceProviderFault> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let damaged = |error: serde_json::Error| NameserviceProviderFault::Damaged(said(&error.to_string()));
        // What another version has to say is not read at all.
        let Version { version } = serde_json::from_slice(text).map_err(damaged)?;
        if version != Self::VERSION {
            return Err(NameserviceProviderFault::Version(version));
        }
        serde_json::from_slice::<Self>(text).map_err(damaged)?.judged()
    }

    fn judged(self) -> Result<Self, NameserviceProviderFault> {
        if self.endpoints.is_empty() {
            return Err(NameserviceProviderFault::NoEndpoints);
        }
        if let Some(endpoint) = self.endpoints.iter().find(|endpoint| !is_endpoint(endpoint)) {
            return Err(NameserviceProviderFault::Endpoint(said(endpoint)));
        }
        let paths = [("ca", &self.ca), ("cert", &self.cert), ("key", &self.key)];
        if let Some((key, path)) = paths.into_iter().find(|(_, path)| !path.is_absolute()) {
            return Err(NameserviceProviderFault::Relative { key, path: path.clone() });
        }
        Ok(self)
    }

    /// The client URLs of the members.
    pub fn endpoints(&self) -> &[String] {
        &self.endpoints
    }

    /// The file of the CAs that are trusted.
    pub fn ca(&self) -> &Path {
        &self.ca
    }

    /// The file of the client's certificate.
    pub fn cert(&self) -> &Path {
        &self.cert
    }

    /// The file of its key.
    pub fn key(&self) -> &Path {
        &self.key
    }
}

fn is_endpoint(url: &str) -> bool {
    let Some(place) = url.strip_prefix("https://") else { return false };
    let has_port =
        place.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && !port.ends_with(']'));
    has_port && ServicePlace::parse(place).is_ok()
}
