//! The number of the newest bundle that is on its way to a node, in the zone's etcd.

use serde::{Deserialize, Serialize};

/// The value of the key [`head`](crate::plan::DeliveryKeys::head). Fields are added, never renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryHead {
    version: u32,
    /// The number of the bundle.
    pub sequence: u64,
}

impl DeliveryHead {
    const VERSION: u32 = 1;

    /// The newest is this one.
    pub fn of(sequence: u64) -> Self {
        Self { version: Self::VERSION, sequence }
    }

    /// The value.
    pub fn encode(self) -> Vec<u8> {
        format!("{{\"version\":{},\"sequence\":{}}}", self.version, self.sequence).into_bytes()
    }

    /// Reads a value, which any client may have written; none if it is not one of this version.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let head: Self = serde_json::from_slice(value).ok()?;
        (head.version == Self::VERSION).then_some(head)
    }
}
