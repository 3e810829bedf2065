//! What a zone and a node have on disk.
//!
//! | module | what it holds |
//! |---|---|
//! | [`zone_directory`] | the zone: its CAs, and what they issued |
//! | [`node_directory`] | an activated node: what it was given |
//! | [`site`] | one of the two: where a command stands |
//! | [`bundle`] | the file that brings a machine into the zone: written, sealed, signed, read |
//! | [`snapshot`] | files of a cluster's data: written, signed, checked, kept |
//! | [`clients`] | the clients of a zone, and their certificates |
//! | [`requests`] | keys that never leave their node, and the requests for their certificates |
//! | [`existing_certificates`] | certificates that were made elsewhere, read and judged |
//! | [`export`] | the files that other software expects |

pub mod bundle;
pub mod clients;
pub mod existing_certificates;
pub mod export;
pub mod node_directory;
pub mod requests;
pub mod site;
pub mod snapshot;
pub mod zone_directory;
