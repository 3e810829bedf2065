//! Zones on this machine, whose members could really be started.

use std::net::TcpListener;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Tree;
use crate::harness::TestZone;

/// A zone of three members on this machine with its CAs, each member with ports of its own.
pub fn three_members() -> TestZone {
    static MADE: OnceLock<Tree> = OnceLock::new();
    made_again(
        MADE.get_or_init(|| {
            let zone = TestZone::described(&description(3));
            zone.run(&["init"]).expect_code(0);
            Tree::of(&zone.path())
        }),
        3,
    )
}

/// The same, with every certificate issued.
pub fn three_members_issued() -> TestZone {
    static MADE: OnceLock<Tree> = OnceLock::new();
    made_again(
        MADE.get_or_init(|| {
            let zone = three_members();
            zone.run(&["pki", "issue", "--all"]).expect_code(0);
            Tree::of(&zone.path())
        }),
        3,
    )
}

/// A zone of one member on this machine with its CA, which waits for nobody when it starts.
pub fn one_member() -> TestZone {
    static MADE: OnceLock<Tree> = OnceLock::new();
    made_again(
        MADE.get_or_init(|| {
            let zone = TestZone::described(&description(1));
            zone.run(&["init"]).expect_code(0);
            Tree::of(&zone.path())
        }),
        1,
    )
}

/// The same, with every certificate issued.
pub fn one_member_issued() -> TestZone {
    static MADE: OnceLock<Tree> = OnceLock::new();
    made_again(
        MADE.get_or_init(|| {
            let zone = one_member();
            zone.run(&["pki", "issue", "--all"]).expect_code(0);
            Tree::of(&zone.path())
        }),
        1,
    )
}

/// A copy of a zone directory, as a backup is.
pub fn copy_of(zone: &TestZone) -> TestZone {
    let copy = TestZone::empty();
    Tree::of(&zone.path()).write_to(&copy.path());
    copy
}

/// A zone is made once and copied for each test, since the program waits for the disk at every file. No
/// certificate depends on a port, and no test may have those of another.
fn made_again(made: &Tree, members: usize) -> TestZone {
    let zone = TestZone::empty();
    made.write_to(&zone.path());
    std::fs::write(zone.file("zone.toml"), description(members)).expect("zone.toml");
    zone
}

fn description(members: usize) -> String {
    let mut text = String::from("[zone]\nname = \"example.zone\"\n");
    for (index, ports) in ports(3 * members).chunks_exact(3).enumerate() {
        let number = index + 1;
        text += &format!("\n[[node]]\nname = \"node{number}\"\naddress = \"127.0.0.1\"\n");
        text +=
            &format!("peer_port = {}\nclient_port = {}\nmetrics_port = {}\n", ports[0], ports[1], ports[2]);
    }
    text
}

/// `count` ports on 127.0.0.1 that nothing uses and that no other test of this process is given. They lie
/// below those that the kernel gives to outgoing connections.
pub fn ports(count: usize) -> Vec<u16> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(7919) % 20_000;
    let mut found = Vec::new();
    while found.len() < count {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        assert!(step < 20_000, "no free ports");
        let port = u16::try_from(11_000 + (start + step) % 20_000).expect("a port");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            found.push(port);
        }
    }
    found
}
