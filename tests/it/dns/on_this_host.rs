//! /etc/hosts and /etc/resolv.conf, which etcd reads itself.

use std::time::{Duration, Instant};

use super::{RECORDS, check, zone};
use crate::harness::TestZone;
use crate::harness::isolation::isolated;
use crate::harness::name_server::{Manner, NameServer};
use crate::harness::namespaces::bind;

#[test]
fn the_servers_of_resolv_conf_are_asked() {
    isolated(|| {
        let zone = zone();
        let text = "; none\nsearch example.net\nnameserver 127.0.0.53\nnameserver ::1\noptions attempts:1\n";
        bind(&zone.around().join("resolv.conf"), text, "/etc/resolv.conf");
        let _server = NameServer::start_at("127.0.0.53:53", RECORDS);
        let checked = zone.run(&["dns", "check", "--timeout", "1s"]).expect_code(69);
        let checked = checked.expect_error_with(&["[::1]:53 does not answer", "--server '[::1]:53'"]);
        assert!(checked.stdout.contains("127.0.0.53:53: all 9 records"), "{}", checked.stdout);
        let _other = NameServer::start_at("[::1]:53", RECORDS);
        zone.run(&["dns", "check"]).expect_code(0);
        zone.run(&["dns", "check", "--server", "::1", "--server", "[::1]"]).expect_code(0);
    });
}

/// `attempts` and `timeout` are kept: what is lost is asked for again, or not.
#[test]
fn a_question_that_is_lost_is_asked_again() {
    isolated(|| {
        let zone = zone();
        bind(&zone.around().join("twice"), "options timeout:1 attempts:2\n", "/etc/resolv.conf");
        let server = NameServer::start(RECORDS, Manner::FirstLost);
        let begun = Instant::now();
        check(&zone, &server, &["--timeout", "1h"]).expect_code(0);
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
        bind(&zone.around().join("once"), "options timeout:1 attempts:1\n", "/etc/resolv.conf");
        let server = NameServer::start(RECORDS, Manner::FirstLost);
        check(&zone, &server, &["--timeout", "1h"]).expect_code(69);
    });
}

/// As Debian writes it for the host's own name, at which the member would not be found.
#[test]
fn another_address_in_hosts_is_named() {
    isolated(|| {
        let zone = zone();
        let server = NameServer::start(RECORDS, Manner::Right);
        bind(&zone.around().join("hosts"), "127.0.1.1 Node1.example.zone node1 # own\n", "/etc/hosts");
        let checked = check(&zone, &server, &[]).expect_code(65);
        let checked = checked.expect_error_with(&["/etc/hosts: 1 difference", "next: correct /etc/hosts"]);
        assert!(
            checked.stdout.contains("node1.example.zone.: 127.0.1.1, expected 10.0.1.10"),
            "{}",
            checked.stdout
        );
        bind(&zone.around().join("same"), "10.0.1.10 node1.example.zone\n", "/etc/hosts");
        check(&zone, &server, &[]).expect_code(0);
    });
}

/// What is not published has to be in /etc/hosts.
#[test]
fn a_forward_is_known_from_hosts_alone() {
    isolated(|| {
        let zone = TestZone::described(
            "[zone]\nname = \"example.zone\"\n\
             [[node]]\nname = \"node1\"\naddress = \"127.0.0.1\"\nprotocol = \"cyfs\"\n",
        );
        let records = zone.run(&["dns", "export"]).expect_code(0).stdout;
        let server = NameServer::start(&records, Manner::Right);
        bind(&zone.around().join("none"), "", "/etc/hosts");
        let checked = check(&zone, &server, &[]).expect_code(65);
        assert!(checked.stdout.contains("expected 127.0.0.1 in /etc/hosts"), "{}", checked.stdout);
        bind(&zone.around().join("hosts"), "127.0.0.1 node1.example.zone\n", "/etc/hosts");
        check(&zone, &server, &[]).expect_code(0);
        // Who publishes it as well sends others to themselves.
        let server =
            NameServer::start(&format!("{records}node1.example.zone. 300 IN A 10.0.1.1\n"), Manner::Right);
        let checked = check(&zone, &server, &[]).expect_code(65);
        assert!(
            checked.stdout.contains("extra") && checked.stdout.contains("10.0.1.1"),
            "{}",
            checked.stdout
        );
    });
}
