//! Which nodes were ever given a bundle, by `bundles.jsonl`.
//!
//! An operation asks that of every node, and each bundle that it makes is a line of that file: of ten
//! thousand nodes each line is read once, and not once for every node.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use memchr::memmem;
use serde::Deserialize;
use zone_pki::{LogLine, LogPlace};

use model::formats::BundleRecord;
use model::plan::ZonePaths;

/// What was read of the file so far.
#[derive(Debug, Default)]
pub(super) struct BundledNodes(Mutex<Read>);

#[derive(Debug, Default)]
struct Read {
    place: LogPlace,
    /// By their full names.
    nodes: HashSet<String>,
    /// Whole lines that say nothing.
    unreadable: Vec<Vec<u8>>,
}

/// What matters here of a [`BundleRecord`].
#[derive(Deserialize)]
struct Record {
    node: String,
}

impl BundledNodes {
    /// Whether a line is of the node with this full name, or may be: it names it and cannot be read. So it
    /// is if there is no reading the file.
    pub(super) fn has(&self, paths: &ZonePaths, name: &str) -> bool {
        let mut read = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Read { place, nodes, unreadable } = &mut *read;
        let mut torn = None;
        let take = |line: LogLine<'_>| match line {
            LogLine::Restart => (*nodes, *unreadable) = Default::default(),
            LogLine::Whole(line) => match serde_json::from_slice(line) {
                Ok(Record { node }) => drop(nodes.insert(node)),
                Err(_) => unreadable.push(line.to_vec()),
            },
            LogLine::Torn(line) => torn = Some(line.to_vec()),
        };
        let is_read = BundleRecord::log(paths).and_then(|log| log.for_each_line_since(place, take));
        let finder = memmem::Finder::new(name);
        let mut lines = unreadable.iter().chain(&torn);
        is_read.is_err() || nodes.contains(name) || lines.any(|line| finder.find(line).is_some())
    }
}
