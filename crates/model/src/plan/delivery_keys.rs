//! Where a zone's etcd has what is on its way to a node, and what the node says of itself. Names of nodes are
//! host names: no key of one begins with the prefix of another.

use crate::config::NodeName;

/// What is on its way to all nodes.
pub const DELIVERIES: &str = "/zone-etcd/delivery/";
/// What all nodes say.
pub const ANSWERS: &str = "/zone-etcd/answer/";
/// The largest sealed bundle that is put into etcd, in bytes. A request of etcd has 1.5 MiB at most unless it
/// is told otherwise (`--max-request-bytes`).
pub const DELIVERED_BUNDLE_AT_MOST: usize = 1024 * 1024;

/// Digits of a bundle's number: keys are in the order of the numbers.
const DIGITS: usize = 10;

/// The keys of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryKeys {
    prefix: String,
    answer: String,
}

impl DeliveryKeys {
    /// Those of a node, which has them by its full name.
    pub fn of(node: &NodeName) -> Self {
        Self { prefix: format!("{DELIVERIES}{}/", node.full()), answer: format!("{ANSWERS}{}", node.full()) }
    }

    /// Before everything that is on its way to the node: what it may read.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The number of the newest bundle. Written with each.
    pub fn head(&self) -> String {
        format!("{}head", self.prefix)
    }

    /// Before every bundle.
    pub fn bundles(&self) -> String {
        format!("{}bundle/", self.prefix)
    }

    /// The sealed bundle of this number.
    pub fn bundle(&self, sequence: u64) -> String {
        format!("{}{sequence:0DIGITS$}", self.bundles())
    }

    /// The number of the bundle that has this key; none if it is the key of something else.
    pub fn sequence_of(&self, key: &[u8]) -> Option<u64> {
        let digits = key.strip_prefix(self.bundles().as_bytes())?;
        let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.len() >= DIGITS)?;
        let sequence = digits.parse().ok()?;
        // One number has one key.
        (self.bundle(sequence).as_bytes() == key).then_some(sequence)
    }

    /// What the node says.
    pub fn answer(&self) -> &str {
        &self.answer
    }
}

/// The full name of the node that says what has this key; none if it is the key of something else. What is
/// there in its place may be of any name.
pub fn node_of_answer_key(key: &[u8]) -> Option<&str> {
    let name = key.strip_prefix(ANSWERS.as_bytes())?;
    std::str::from_utf8(name).ok().filter(|name| !name.is_empty())
}

/// The first key that does not begin with this prefix, which ends the range of those that do.
pub fn end_of_prefix(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    // No byte of UTF-8 is 0xff.
    if let Some(last) = end.last_mut() {
        *last = last.saturating_add(1);
    }
    end
}
