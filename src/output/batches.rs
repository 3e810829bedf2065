//! Work for very many nodes: in batches.

/// Nodes that are written as one step: memory and the number of open files stay small, and one sync serves
/// them all.
pub const BATCH: usize = 64;
