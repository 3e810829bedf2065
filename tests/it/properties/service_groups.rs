//! Which service a process belongs to, as its control groups tell.

use host::{Process, service_in};

#[test]
fn control_groups() {
    let table = [
        ("0::/system.slice/zone-etcd.service\n", Some("zone-etcd.service")),
        (
            "0::/system.slice/system-zone\\x2detcd.slice/zone-etcd@infra0.service\n",
            Some("zone-etcd@infra0.service"),
        ),
        (
            "9:name=systemd:/system.slice/etcd.service\n4:memory:/other.service/x\n0::/\n",
            Some("etcd.service"),
        ),
        (
            "12:pids:/system.slice/etcd.service\n1:name=systemd:/user.slice/user-0.slice/session-3.scope\n",
            None,
        ),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/etcd.service\n", None),
        ("0::/user.slice/user-1000.slice/user@1000.service/init.scope\n", None),
        ("0::/init.scope\n", None),
        ("0::/\n", None),
        ("0::/system.slice/docker-0123.scope\n", None),
        ("", None),
        ("nonsense", None),
    ];
    for (text, service) in table {
        assert_eq!(service_in(text).as_deref(), service, "{text}");
    }
}

#[test]
fn a_process_is_itself_until_it_ends() {
    let own = Process::own().expect("this process");
    assert!(own.is_alive());
    assert!(!Process { started: own.started + 1, ..own }.is_alive(), "another of the same id");
    let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("a child");
    let other = Process::of(child.id()).expect("it runs");
    child.kill().expect("it is ended");
    while other.is_alive() {
        std::thread::yield_now();
    }
    // It has ended, and waits to be reaped.
    assert_eq!(Process::of(child.id()), None);
    child.wait().expect("its end");
}
