//! TLS as this program speaks it itself: with the files that etcd will use, to find out whether etcd's handshakes work.
//!
//! | module | what it holds |
//! |---|---|
//! | [`material`] | a certificate with its key, and the authorities that are trusted |
//! | [`seen`] | what a server showed in a handshake |
//! | [`dial`] | one request over the wire, and how exactly it failed |
//! | `response` | the end of an HTTP response, by its length |
//! | [`memory`] | a handshake between two configurations, without a network |

pub mod dial;
pub mod material;
pub mod memory;
mod response;
pub mod seen;

pub use dial::{Connection, DialError, Reply, Stage, Target, get};
pub use material::{KeyPair, MaterialError, Trust};
pub use memory::{HandshakeError, handshake};
pub use seen::Seen;
