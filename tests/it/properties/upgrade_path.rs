//! The way from what the members run to another version, and the version in `zone.toml` at its end.

use etcd::EtcdVersion;
use model::plan::{PathError, is_due, next_version, versions_to};

const fn version(minor: u64, patch: u64) -> EtcdVersion {
    EtcdVersion { major: 3, minor, patch }
}

const N35: EtcdVersion = version(5, 35);
const N36: EtcdVersion = version(6, 16);
const N37: EtcdVersion = version(7, 3);

#[test]
fn no_minor_is_left_out_and_the_slowest_member_counts() {
    assert_eq!(versions_to([N35; 3], N37), Ok(vec![N36, N37]));
    assert_eq!(versions_to([N37, N36, N35], N37), Ok(vec![N36, N37]));
    assert_eq!(versions_to([N37, N36], N37), Ok(vec![N37]));
    assert_eq!(versions_to([N35], N36), Ok(vec![N36]));
    assert_eq!(versions_to([N37; 5], N37), Ok(vec![]));
    // The last patch of a minor first, where the next one must not follow on an older one.
    assert_eq!(versions_to([version(5, 20), N35], N37), Ok(vec![N35, N36, N37]));
    assert_eq!(versions_to([version(6, 10)], N37), Ok(vec![N36, N37]));
    assert_eq!(versions_to([version(6, 11)], N37), Ok(vec![N37]));
    // Another patch of the same minor is always taken, also an older one.
    assert_eq!(versions_to([version(7, 9), N37], N37), Ok(vec![N37]));
}

#[test]
fn an_older_minor_is_no_upgrade() {
    assert_eq!(next_version([N36, N37], N36), Err(PathError::Downgrade { from: N37, to: N36 }));
}

#[test]
fn only_members_behind_a_step_are_due() {
    assert!(is_due(N35, N36) && is_due(version(6, 11), N36) && is_due(version(6, 17), N36));
    assert!(!is_due(N36, N36) && !is_due(N37, N36));
}
