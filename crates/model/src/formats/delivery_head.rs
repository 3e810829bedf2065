//! The number of the newest bundle that is on its way to a node, in the zone's etcd.

use serde::{Deserialize, Serialize};

/// The value of the key [`head`](crate::plan::DeliveryKeys::head). Fields are added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryHead {
    version: u32,
    /// The number of the bundle.
    pub sequence: u64,
    /// Those before it that a node may need first: each is signed by another CA, and names the next one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    before: Vec<u64>,
}

impl DeliveryHead {
    const VERSION: u32 = 1;

    /// More before the last than a node ever misses.
    const BEFORE_AT_MOST: usize = 15;

    /// The newest is this one.
    pub fn of(sequence: u64) -> Self {
        Self { version: Self::VERSION, sequence, before: Vec::new() }
    }

    /// The same after others.
    pub fn after(self, before: Vec<u64>) -> Self {
        Self { before, ..self }
    }

    /// All of them, ascending; at most sixteen.
    pub fn numbers(&self) -> Vec<u64> {
        let before = self.before.iter().copied().filter(|number| *number < self.sequence);
        let mut numbers: Vec<u64> = before.take(Self::BEFORE_AT_MOST).chain([self.sequence]).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// The value.
    pub fn encode(&self) -> Vec<u8> {
        // Numbers in a structure cannot fail to be JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a value, which any client may have written; none if it is not one of this version.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let head: Self = serde_json::from_slice(value).ok()?;
        (head.version == Self::VERSION).then_some(head)
    }
}
