//! Tests with real etcd, each in namespaces of its own (see `harness/isolation.rs`).
//!
//! | module | what it holds |
//! |---|---|
//! | [`namespaces`], [`translated_addresses`] | machines with addresses, names and NAT between them |
//! | [`named_directories`] | what the program writes, seen by a layer over the file system |
//! | [`versions`] | every supported line of etcd |
//! | [`upgrade`] | changes of version: up, down, and what is refused |
//! | [`upgrade_walk`], [`upgrade_by_bundle`] | `upgrade`: members in place, and nodes with bundles |
//! | [`start`] | when `run` starts a member, and when it refuses |
//! | [`systemd`] | the units of `packaging/systemd`, without a system manager |
//! | [`packages`] | Debian and rpm packages: installed, upgraded under load, removed, purged |
//! | [`cyfs`] | a member that others reach through forwards of a gateway alone |
//! | [`crash`] | SIGKILL at every step of the commands that write; `scripts/crash` |
//! | [`faults`] | histories of clients while everything goes wrong at random instants; `scripts/faults` |
//! | [`data_disk`] | a data directory on a disk that is full |
//! | [`sync`] | nodes that find their bundles in the zone's etcd, and answer there |
//! | [`supervision`] | the member under the supervisor of `boot` |
//! | [`status`], [`status_faults`] | the zone as it answers: healthy, with members down |
//! | [`status_changes`], [`status_mistyped`] | the same, with other members than described |
//! | [`decision`] | the start decision with other members that answer, are down, or are somebody else |
//! | [`offline`] | bundles that are carried over: one cluster, and no second one |
//! | [`dev`] | the throwaway zone |
//! | [`self_test`] | machines that can run a zone, and machines that cannot |
//! | [`diagnosis`] | `check` and `doctor` on members that run |
//! | [`monitoring`] | metrics, alerts and the dashboard, in a Prometheus |
//! | [`ansible`] | the playbook of `examples/ansible` |
//! | [`one_file`] | the program, or a release of it, where nothing else is |
//! | [`image`] | a zone that runs from the image of `scripts/image` |
//! | [`nameservice`] | the zone document in the zone's etcd |
//! | [`discovered`] | etcd's own `--discovery-srv`, with the records that `dns export` prints |
//! | [`found_members`] | nodes without a list, which find their members by DNS or a registry |
//! | [`diverged`] | voters whose data differs |
//! | [`boot`] | the six steps of a node |
//! | [`clients`] | `ctl` and `env` |
//! | [`dry_run`] | what operations would do: told, and nothing done |
//! | [`defragmentation`] | database files made smaller, and the alarm NOSPACE ended |
//! | [`environment`] | environment, open files and core dumps of a member that runs |
//! | [`expired`] | zones whose certificates have all expired, and how they come back |
//! | [`go_clients`] | etcd's own Go client at work while certificates change |
//! | [`grpc_proxy`] | `etcd grpc-proxy` in front of a member, by certificates of the zone |
//! | [`exports`] | what `pki export` writes, used by curl and etcdctl |
//! | [`rotation`] | CAs that take the place of others while the zone runs |
//! | [`recovery`] | a quorum that is lost for good, and all that a survivor has, saved |
//! | [`renewal`] | certificates renewed while the zone runs |
//! | [`restoration`] | the data of all members replaced by that of a snapshot |
//! | [`snapshot`] | snapshots taken, checked, restored for a try, kept |
//! | [`operation_lock`] | two operations on one zone kept apart |
//! | [`progress`] | how far an operation is, on a terminal |
//! | [`restart`] | members restarted one after the other, under writes |
//! | [`restart_refused`] | members that would not start again, and are therefore not stopped |
//! | [`rehearsal`] | a load on members that run, and rehearsals around it |
//! | [`address_change`], [`address_change_by_bundle`] | members that move to another address, port or name |
//! | [`revocation`] | certificates revoked while the zone runs, and a node whose member leaves |
//! | [`tls_refusals`], [`tls_versions`] | who is refused, where and why; [`tls_setup`] is what they share |
//! | [`existing_ca`] | members below CAs that openssl made, and who gets in with what |
//! | [`existing_certificates`] | members with certificates made elsewhere, or with none; the examples |
//! | [`issued_certificates`] | certificates as openssl sees them, for every kind of key |

#![allow(clippy::disallowed_methods, reason = "paths of tests are what the test made them")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first thing that goes wrong")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what a test prints is shown when it fails")]

#[path = "../harness/mod.rs"]
mod harness;

mod access;
mod address_change;
mod address_change_by_access;
mod address_change_by_bundle;
mod ansible;
mod authentication;
mod boot;
mod clients;
mod crash;
mod cyfs;
mod data_disk;
mod decision;
mod defragmentation;
mod dev;
mod diagnosis;
mod discovered;
mod discovery_service;
mod diverged;
mod dry_run;
mod environment;
mod existing_ca;
mod existing_certificates;
mod expired;
mod exports;
mod faults;
mod fleet;
mod found_members;
mod frozen;
mod full_disk;
mod go_clients;
mod grants;
mod grpc_proxy;
mod image;
mod issued_certificates;
mod logged_secrets;
mod membership;
mod monitoring;
mod named_directories;
mod nameservice;
mod namespaces;
mod node_lock;
mod node_status;
mod offline;
mod one_file;
mod operation_lock;
mod packages;
mod progress;
mod recovery;
mod rehearsal;
mod renewal;
mod restart;
mod restart_refused;
mod restart_typed;
mod restoration;
mod revocation;
mod rotation;
mod self_test;
mod snapshot;
mod start;
mod status;
mod status_changes;
mod status_faults;
mod status_mistyped;
mod supervision;
mod sync;
mod systemd;
mod tls_refusals;
mod tls_setup;
mod tls_versions;
mod translated_addresses;
mod upgrade;
mod upgrade_by_bundle;
mod upgrade_walk;
mod versions;
