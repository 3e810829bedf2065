//! Where an export goes: modes, nothing overwritten, all or nothing.

use std::fs::File;
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Command;

use nix::unistd::geteuid;

use super::{export, export_to};
use crate::harness::{TestZone, outcome, program, zone_etcd};
use crate::support::{NOBODY, Tree, three_members};

#[test]
fn nobody_else_can_read_what_is_exported() {
    let zone = three_members();
    // A umask that takes nothing away.
    let out = zone.around().join("open");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "umask 0; exec \"$@\"", "sh"]).arg(crate::harness::program());
    command.args(["pki", "export", "node1", "--layout", "kubeadm", "--zone"]).arg(zone.path());
    outcome(command.arg("--out").arg(&out)).expect_code(0);
    let tree = Tree::of(&out);
    let paths = tree.paths().map(|path| out.join(path)).chain([out.clone()]);
    for path in paths {
        let mode = std::fs::metadata(&path).expect("metadata").permissions().mode() & 0o7777;
        assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
    }
}

#[test]
fn nothing_is_overwritten_and_nothing_issued_for_it() {
    let zone = three_members();
    let out = export(&zone, &["--client", "admin", "--layout", "pem"]);
    let before = Tree::of(zone.around());
    let empty = zone.around().join("empty");
    for place in [&out, &out.join("ca.crt")] {
        export_to(&zone, &["node1", "--layout", "pem"], place)
            .expect_code(73)
            .expect_error_with(&["is there already", "choose another directory with --out"]);
        Tree::of(zone.around()).assert_same_as(&before, "an export to what is there");
    }
    export_to(&zone, &["--client", "admin", "--layout", "pem"], &empty.join("below")).expect_code(73);
    Tree::of(zone.around()).assert_same_as(&before, "an export below nothing");
}

#[test]
fn no_ca_key_is_exported() {
    let zone = three_members();
    let keys = ["root", "peer", "client"].map(|stem| {
        let pem = std::fs::read_to_string(zone.file(&format!("ca/{stem}.key"))).expect("a key");
        pem.lines().nth(1).expect("a line").to_owned()
    });
    for layout in ["kubeadm", "pem"] {
        let out = export(&zone, &["node1", "--layout", layout]);
        for name in super::names(&out) {
            let text = std::fs::read_to_string(out.join(&name)).expect("PEM");
            assert!(keys.iter().all(|key| !text.contains(key.as_str())), "{name}");
        }
    }
}

#[test]
fn what_cannot_be_exported_is_refused() {
    let zone = TestZone::init("example.zone", &["node1=10.0.1.10"]);
    let out = zone.around().join("out");
    let cases: [(&[&str], i32, &str); 6] = [
        (&["--layout", "pem"], 64, "--client"),
        (&["node1"], 64, "--layout"),
        (&["node1", "--client", "admin", "--layout", "pem"], 64, "one node or of one client"),
        (&["node9", "--layout", "pem"], 64, "no node `node9`"),
        (&["--client", "nobody", "--layout", "kubeadm"], 64, "no client `nobody`"),
        (&["node1", "--layout", "pem", "--pkcs12-passphrase-fd", "0"], 64, "only the layout pkcs12"),
    ];
    for (arguments, code, text) in cases {
        export_to(&zone, arguments, &out).expect_code(code).expect_error_with(&[text]);
        assert!(!out.exists(), "{arguments:?}");
    }
    outcome(&mut zone_etcd(["pki", "export", "node1", "--layout", "pem"])).expect_code(64);
}

/// An export that was interrupted leaves keys, which the next one removes, by whatever name that is; what
/// another export is at, what people have made, and what others have put into a directory that all may write
/// to is not touched, and in nobody's way.
#[test]
fn what_is_left_aside_is_removed_and_what_others_made_is_not() {
    let zone = three_members();
    let place = |name: &str| {
        let place = zone.around().join(name);
        std::fs::create_dir(&place).expect("a directory");
        std::fs::write(place.join("peer.key"), "of no use").expect("a file");
        place
    };
    let prefix = ".zone-etcd-export-";
    let drawn = |first: char| format!("{prefix}{first}Bc123dEf456gHi789jKl012");
    let (left, of_others, in_use) = (place(&drawn('a')), place(&drawn('b')), place(&drawn('c')));
    let kept = [place(&format!("{prefix}backup")), place(".out.export-aBc123"), in_use.clone()];
    let lock = File::open(in_use).expect("it is there");
    lock.lock().expect("locked");
    if geteuid().is_root() {
        chown(&of_others, Some(NOBODY), None).expect("root may");
    }
    let out = zone.around().join("out");
    let told = export_to(&zone, &["--client", "admin", "--layout", "pem"], &out).expect_code(0).stderr;
    assert!(!left.exists() && told.contains(&format!("removed {}", left.display())), "{told}");
    kept.iter().for_each(|kept| assert!(kept.join("peer.key").exists(), "{}", kept.display()));
    assert_eq!(of_others.exists(), geteuid().is_root());
}

/// Such as on NFS, where flock(2) takes no directory that is open for reading.
#[test]
fn a_file_system_without_locks_gets_an_export() {
    let zone = three_members();
    zone.run(&["pki", "issue", "--all"]).expect_code(0);
    let left = zone.around().join(".zone-etcd-export-aBc123dEf456gHi789jKl012");
    std::fs::create_dir(&left).expect("a directory");
    let out = zone.around().join("out");
    let mut command = Command::new("strace");
    // The first is that of the zone directory, which is on another file system.
    command.args(["-f", "-o", "/dev/null", "-e", "inject=flock:error=EBADF:when=2+"]).arg(program());
    command.args(["pki", "export", "--client", "admin", "--layout", "pem", "--zone"]).arg(zone.path());
    outcome(command.arg("--out").arg(&out)).expect_code(0);
    assert!(out.join("client.key").exists() && left.exists());
}
