//! The zone document as it is written. How it is read is in [`ZoneDocument`].

use serde::Serialize;

use super::LocalMembers;
use crate::config::{ServicePlace, ZoneConfig, ZoneDocument};

/// A zone document in the order of members that other programs write, signed or still to be signed.
#[derive(Clone, Debug, Serialize)]
pub struct WrittenZoneDocument {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    addr_info: Vec<Place>,
    api_version: &'static str,
    extend: Extend,
    /// A detached JWS over the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
struct Place {
    protocol: &'static str,
    address: String,
    port: u16,
}

#[derive(Clone, Debug, Serialize)]
struct Extend {
    etcd: LocalMembers,
}

impl WrittenZoneDocument {
    /// The document of a zone whose nameservice answers at these places.
    pub fn of(zone: &ZoneConfig, services: &[ServicePlace]) -> Self {
        let place = |place: &ServicePlace| Place {
            protocol: place.protocol.as_str(),
            address: place.address.to_string(),
            port: place.port.number(),
        };
        Self {
            name: zone.name.to_string(),
            kind: ZoneDocument::TYPE,
            addr_info: services.iter().map(place).collect(),
            api_version: ZoneDocument::API_VERSION,
            extend: Extend { etcd: LocalMembers::of(zone) },
            sign: None,
        }
    }

    /// The text of the file.
    ///
    /// # Errors
    /// JSON cannot be made.
    pub fn encode(&self) -> serde_json::Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        Ok(text)
    }
}
