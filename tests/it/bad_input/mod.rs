//! Wrong input: a clear error with its exit code and one next step, and nothing written or lost.

mod altered_etcd;
mod authority_certificates;
mod authority_keys;
mod authority_mixed_up;
mod bounded;
mod clock;
mod data_directory;
mod data_place;
mod disk;
mod etcd_binary;
mod etcd_versions;
mod lost_authorities;
mod node_directory;
mod ownership;
mod ports;
mod revocation_lists;
mod two_runs;
mod unknown_node;
mod zones;

use zones::{issued_zone, issued_zone_of_one, refused_by, untouched};
