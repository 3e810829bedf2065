//! What holders have against what they should have, and issuing.

pub(super) mod assessment;
pub(super) mod entry;
pub(super) mod files_read;
pub(super) mod holder;
pub(super) mod issued_files;
pub(super) mod issuer;
pub(super) mod of_generation;
pub(super) mod parallel;
