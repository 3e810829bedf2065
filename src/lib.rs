//! `zone-etcd` launches the etcd cluster of a zone, with mutual TLS on both planes.
//!
//! Facts flow one way: command line → [`config`] → [`plan`] (with what [`host`] observed) → `zone_pki` → [`etcd`] → exec.
//!
//! | module | what it holds |
//! |---|---|
//! | [`bundle`] | the file that brings a machine into the zone: written, sealed, signed, read |
//! | [`cli`] | the command line |
//! | [`commands`] | one recipe a command; nothing imports them |
//! | [`config`] | `zone.toml`: raw text in, domain types out |
//! | [`plan`] | what follows from it: roles, cluster, paths, start decision. Pure |
//! | [`zone_directory`] | the zone on disk: its CAs, and what they issued |
//! | [`node_directory`] | an activated node on disk: what it was given |
//! | [`existing_certificates`] | certificates that were made elsewhere, read and judged |
//! | [`site`] | one of the two: where a command stands |
//! | [`host`] | what is observed of this machine |
//! | [`tls`] | handshakes with the files that etcd will use, in memory and over the wire |
//! | [`etcd`] | the binary, its flags, its data, its API, exec |
//! | [`presence`] | starts of members that show themselves to each other, and watch the others |
//! | [`launch`] | one start of a member, computed before anything is touched |
//! | [`live`] | the zone as it answers: members, leader, certificates, and what to think of it |
//! | [`diagnosis`] | what is wrong, why it matters, what to do |
//! | [`export`] | the files that other software expects |
//! | [`passphrase`] | where a passphrase comes from |
//! | [`development`] | a supervised throwaway zone on loopback |
//! | [`requests`] | keys that never leave their node, and the requests for their certificates |
//! | [`activation`] | a node activates a bundle: verified, staged, switched to |
//! | [`rotation`] | a CA takes the place of another while the zone runs |
//! | [`upgrade`] | a zone brought to another version of etcd, one minor at a time |
//! | [`access`] | how the signing host reaches the nodes: a command, or files that are carried |
//! | [`rolling`] | members restarted, one after the other, while the others carry the cluster |
//! | [`operation_lock`] | the lock of an operation on a whole zone, in its etcd |
//! | [`rolling`] | members started anew, one after the other |
//! | [`rehearsal`] | a long operation tried on a throwaway zone, under clients that count what it costs them |
//! | [`weakened`] | fixes that a search switches off, in a build of its own |
//! | [`report`], [`error`] | the one module that prints, and what it prints when a command fails |

pub mod access;
pub mod activation;
pub mod bundle;
pub mod cli;
pub mod commands;
pub mod config;
pub mod development;
pub mod diagnosis;
pub mod error;
pub mod etcd;
pub mod existing_certificates;
pub mod export;
pub mod host;
pub mod launch;
pub mod live;
pub mod node_directory;
pub mod operation_lock;
pub mod others;
pub mod passphrase;
pub mod plan;
pub mod presence;
pub mod rehearsal;
pub mod report;
pub mod requests;
pub mod rolling;
pub mod rotation;
pub mod site;
pub mod tls;
pub mod upgrade;
pub mod weakened;
pub mod zone_directory;
