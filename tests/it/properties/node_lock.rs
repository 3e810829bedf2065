//! The lock of a node directory, asked.

use host::NodeLock;

#[test]
fn a_look_sees_a_start() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("lock");
    assert!(!NodeLock::is_held(&path), "there is no such file");
    let held = NodeLock::take(&path).expect("the first start");
    assert!(NodeLock::is_held(&path));
    drop(held);
    assert!(!NodeLock::is_held(&path));
}
