//! A look at the lock of a node directory is not a start: `restart` looks at it again and again while the
//! supervisor starts the next etcd, which such a look must not refuse.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use host::NodeLock;

use crate::harness::isolation::isolated;

/// In a process of its own: a child that another test starts has all open files until it is executed.
#[test]
fn a_look_refuses_no_start() {
    isolated(|| {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("lock");
        drop(NodeLock::take(&path).expect("the first start"));
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    NodeLock::is_held(&path);
                }
            });
            let refused = (0..5_000).find_map(|_| NodeLock::take(&path).err());
            over.store(true, Ordering::Relaxed);
            assert!(refused.is_none(), "{refused:?}");
        });
    });
}
