//! The number of a node's next bundle.

use super::log::NodeHistory;
use model::formats::BundleRecord;

#[derive(Clone, Copy, Debug)]
pub struct Numbering<'h> {
    /// The bundles that are recorded, if there are any.
    pub history: Option<&'h NodeHistory>,
    /// A number that the node has by its own word, of a bundle that may not be recorded; 0 if it did not say
    /// any.
    pub above: u64,
}

impl<'h> Numbering<'h> {
    /// More bundles than a node ever gets, and as many as every reader of JSON can count. What is said to be
    /// above is not believed.
    pub const AT_MOST: u64 = (1 << 53) - 1;

    pub fn next(&self) -> u64 {
        let recorded = self.history.map_or(0, |history| history.latest.sequence);
        recorded.max(self.above).saturating_add(1)
    }

    /// The latest bundle, which may be made again; none if the node would refuse its number.
    pub fn latest(&self) -> Option<&'h BundleRecord> {
        self.history.map(|history| &history.latest).filter(|latest| latest.sequence > self.above)
    }

    /// Whether the node had a bundle, recorded or not.
    pub fn had_bundle(&self) -> bool {
        self.history.is_some() || self.above > 0
    }
}
