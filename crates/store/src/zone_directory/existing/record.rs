//! `ca/given.json`: which plane CAs the operator brought. Such a CA need not be below the zone's root, and
//! its subject does not say which plane it is for, so its key does.

use serde::{Deserialize, Serialize};
use zone_pki::{Certificate, ShowPath, hex, regular_file};

use model::error::{Failure, Result};
use model::plan::{Plane, ZonePaths};

/// The keys of the plane CAs that were made elsewhere: SHA-256 of the `SubjectPublicKeyInfo`, in hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenPlanes {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<String>,
}

impl GivenPlanes {
    /// Reads the record; none was brought if there is no such file.
    pub fn load(paths: &ZonePaths) -> Result<Self> {
        let path = paths.given_planes();
        let text = match regular_file::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Failure::read(&path, &error)),
        };
        serde_json::from_slice(&text).map_err(|error| {
            Failure::bad_input(format!("{} cannot be read", path.shown()))
                .because(&error)
                .next("put the file back from your copy of the zone directory")
        })
    }

    pub(super) fn note(&mut self, plane: Plane, certificate: &Certificate) {
        let key = hex::encode(&certificate.subject_public_key_sha256());
        match plane {
            Plane::Peer => self.peer = Some(key),
            Plane::Client => self.client = Some(key),
        }
    }

    /// Whether the plane's CA was brought, and if so, whether it is `certificate`.
    pub fn matches(&self, plane: Plane, certificate: &Certificate) -> Option<bool> {
        let key = match plane {
            Plane::Peer => &self.peer,
            Plane::Client => &self.client,
        };
        key.as_ref().map(|key| *key == hex::encode(&certificate.subject_public_key_sha256()))
    }

    /// Whether none was brought.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn text(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map(|text| text + "\n")
            .map_err(|error| Failure::internal("cannot write down which CAs were given").because(&error))
    }
}
