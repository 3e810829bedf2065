//! Keys that never leave their node: made there, certified on the signing host by requests (PKCS#10) that are
//! carried over.
//!
//! | module | what it holds |
//! |---|---|
//! | [`file`](mod@file) | the file that is carried: the requests of one node, one for each role |
//! | [`node_keys`] | on the node: the keys, and the requests made from them |
//! | [`judgement`] | on the signing host: which requests are refused, and how they differ from `zone.toml` |
//! | [`certification`] | there as well: the certificates for them |

pub mod certification;
pub mod file;
pub mod judgement;
pub mod node_keys;

pub use certification::{Terms, certify};
pub use file::{RequestFile, RequestFileError, RoleRequest};
pub use judgement::{Difference, Judged, judge};
pub use node_keys::NodeKeys;
