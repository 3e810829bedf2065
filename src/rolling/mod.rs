//! Members started anew, one after the other, while the others carry the cluster.

mod event;

pub use event::{Event, Watch};
