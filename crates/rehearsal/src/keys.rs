//! The keys of a run: unique, so that nothing overwrites anything and every acknowledged write can be looked
//! for.

use etcd::KeyValue;

const PREFIX: &str = "zone-etcd-rehearsal/";
/// As many digits as the largest number has, so that keys sort by number.
const DIGITS: usize = 20;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    prefix: String,
}

impl Keys {
    /// The keys of a writer. `run` tells runs on the same zone apart.
    pub fn new(run: &str, writer: &str) -> Self {
        Self { prefix: format!("{PREFIX}{run}/{writer}/") }
    }

    pub fn first(&self) -> Vec<u8> {
        self.prefix.clone().into_bytes()
    }

    /// What none of them reaches.
    pub fn end(&self) -> Vec<u8> {
        // The prefix ends with a slash, and 0 is the character after it.
        format!("{}0", self.prefix.trim_end_matches('/')).into_bytes()
    }

    pub fn key(&self, number: u64) -> Vec<u8> {
        format!("{}{number:0DIGITS$}", self.prefix).into_bytes()
    }

    /// What is written there: another value for every key.
    pub fn value(&self, number: u64) -> Vec<u8> {
        format!("{number} of {}", self.prefix).into_bytes()
    }

    /// The number of a pair that was read back, if it is a key of this writer with the value that was
    /// written.
    pub fn number_of(&self, pair: &KeyValue) -> Option<u64> {
        let number = std::str::from_utf8(&pair.key).ok()?.strip_prefix(&self.prefix)?.parse().ok()?;
        (pair.key == self.key(number) && pair.value == self.value(number)).then_some(number)
    }
}
