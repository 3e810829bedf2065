//! TLS as this program speaks it itself: with the files that etcd will use, to find out whether etcd's handshakes work.
//!
//! | module | what it holds |
//! |---|---|
//! | [`material`] | a certificate with its key, and the authorities that are trusted |
//! | [`seen`] | what a server showed in a handshake |
//! | [`hostname`] | whether a certificate covers a host, by Go's rules |
//! | [`dial`] | one request over the wire, and how exactly it failed |
//! | [`response`] | the end of an HTTP response, by its length |
//! | `lines`, `listen` | what starts of members say to each other, from both sides |
//! | `transport` | TLS or plain text; `unverified` is for zones that verify nobody |
//! | [`memory`] | a handshake between two configurations, without a network |
//! | [`peer_probe`] | other members, asked as a member would |
//! | [`rehearsal`] | every handshake of a member, in memory with its files |

mod deadline;
pub mod dial;
pub mod hostname;
mod lines;
mod listen;
pub mod material;
pub mod memory;
pub mod peer_probe;
pub mod rehearsal;
pub mod response;
pub mod seen;
mod transport;
mod unverified;

pub use dial::{Connection, DialError, PROTOCOL, Reply, Spoken, Stage, Target, get};
pub use lines::Lines;
pub use listen::{Accepted, Server, reset};
pub use material::{KeyPair, MaterialError, Trust};
pub use memory::{HandshakeError, handshake};
pub use peer_probe::{Peer, PeerAnswer, probe_peers};
pub use rehearsal::{RehearsalError, Rehearsed, Scene, rehearse, scenes};
pub use seen::Seen;
pub use transport::Transport;
