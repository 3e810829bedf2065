//! `ca/` in a rotation: the next CA, the previous one, and those that are retired.

pub(super) mod aside;
pub(super) mod editions;
pub(super) mod exchange;
pub(super) mod scope;
pub(super) mod transitions;
