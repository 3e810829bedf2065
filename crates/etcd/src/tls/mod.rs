//! TLS as this program speaks it itself: with the files that etcd will use, to find out whether etcd's
//! handshakes work.
//!
//! | module | what it holds |
//! |---|---|
//! | [`material`] | a certificate with its key, and the authorities that are trusted |
//! | [`handshake_record`] | what a server showed in a handshake |
//! | [`hostname`] | the host of a URL |
//! | [`dial`] | one request over the wire |
//! | [`dial_error`] | how exactly it failed |
//! | [`response`] | the end of an HTTP response, by its length |
//! | `lines`, `server` | what starts of members say to each other, from both sides |
//! | `unverified` | TLS where the server is not verified |
//! | [`memory`] | a handshake between two configurations, without a network |
//! | [`mod@probe`] | servers of either plane, asked all at the same time until one deadline |
//! | [`handshake_check`] | every handshake of a member, in memory with its files |

mod deadline;
pub mod dial;
pub mod dial_error;
pub mod handshake_check;
pub mod handshake_record;
pub mod hostname;
mod lines;
pub mod material;
pub mod memory;
pub mod probe;
pub mod response;
mod server;
mod unverified;

pub use dial::{Connection, PROTOCOL, Reply, Spoken, Target, get};
pub use dial_error::{DialError, Stage};
pub use handshake_check::{
    HandshakeCase, HandshakeCheck, HandshakeCheckError, check_handshakes, handshake_cases, verify_handshakes,
};
pub use handshake_record::HandshakeRecord;
pub use lines::Lines;
pub use material::{KeyPair, MaterialError, Side, Trust};
pub use memory::{HandshakeError, handshake};
pub use probe::{Peer, PeerAnswer, Probe, Question, probe, probe_all, probe_peers};
pub use server::{Accepted, Server, reset};
pub use unverified::client_without_verification;
pub(crate) use unverified::unverified_client;
