//! `status` when members are down, silent, alarmed, or refuse whoever asks.

use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use time::Duration as Span;
use zone_pki::Usages;

use crate::harness::isolation::{isolated, isolated_alone};
use crate::harness::members::{call, etcdctl, fill_database, loopback_text, loopback_zone, start_alone};
use crate::harness::namespaces::Network;
use crate::harness::processes::until;
use crate::harness::{Outcome, TestZone, outcome};
use crate::status::{assert_fits_a_terminal, exposition, row, status, three_members};
use crate::tls_refusals::revoke;
use crate::tls_setup::Guarded;

/// A member that is down is shown within two seconds; the rest of the time is that of the program's own
/// start.
const LIMIT: Duration = Duration::from_millis(2500);

#[track_caller]
fn shown_in_time(zone: &TestZone, code: i32) -> Outcome {
    let started = Instant::now();
    let shown = zone.run(&["status"]).expect_code(code);
    assert!(started.elapsed() < LIMIT, "{:?}", started.elapsed());
    shown
}

#[test]
fn one_member_killed_is_degraded() {
    isolated_alone(|| {
        let (zone, mut members) = three_members("");
        members[1].signal(Signal::SIGKILL);
        members[1].end();
        until("the others have a leader that is there", || {
            let leads = "leader node2 ";
            (!zone.run(&["status"]).stdout.contains(leads)).then_some(())
        });
        let text = shown_in_time(&zone, 65).stdout;
        assert_fits_a_terminal(&text);
        assert!(text.starts_with("example.zone  degraded  etcd 3.7.3  leader node"), "{text}");
        assert!(text.contains("\n  node2 is down: nothing listens at 127.0.0.1:2389\n"), "{text}");
        assert_eq!(row(&text, "node2")[1..4], ["down", "-", "voter"], "{text}");
        for name in ["node1", "node3"] {
            assert_eq!(row(&text, name)[1..3], ["up", "3.7.3"], "{text}");
            assert_eq!(row(&text, name).last(), Some(&"ms"), "{text}");
        }
        assert!(text.contains("\nnext: start it, on node2: zone-etcd run --node node2 --zone "), "{text}");
        let live = status(&zone, 65);
        assert_eq!((&live["voters"], &live["healthy_voters"]), (&3.into(), &2.into()));
        let metrics = zone.run(&["status", "--format", "prometheus"]).expect_code(65).stdout;
        let samples = exposition(&metrics);
        assert_eq!(samples["zone_etcd_health{zone=\"example.zone\"}"], 1.0);
        assert_eq!(samples["zone_etcd_member_up{zone=\"example.zone\",node=\"node2\"}"], 0.0);
    });
}

#[test]
fn a_member_that_says_nothing_holds_up_nobody() {
    isolated_alone(|| {
        let (zone, members) = three_members("");
        members[1].signal(Signal::SIGSTOP);
        let text = shown_in_time(&zone, 65).stdout;
        assert!(text.contains("\n  node2 is down: it accepts TCP, no TLS reply\n"), "{text}");
        for name in ["node1", "node3"] {
            assert_eq!(row(&text, name)[1..3], ["up", "3.7.3"], "{text}");
        }
        members[1].signal(Signal::SIGCONT);
    });
}

#[test]
fn two_members_killed_is_a_lost_quorum() {
    isolated_alone(|| {
        let (zone, mut members) = three_members("");
        for member in &mut members[1..] {
            member.signal(Signal::SIGKILL);
            member.end();
        }
        let text = shown_in_time(&zone, 69).stdout;
        assert!(text.starts_with("example.zone  no quorum  etcd 3.7.3  "), "{text}");
        assert!(text.contains("\n  1 of 3 voters answer, 2 are needed\n"), "{text}");
        assert_eq!(row(&text, "node1")[1..4], ["no", "quorum", "3.7.3"], "{text}");
        let live = status(&zone, 69);
        assert_eq!(live["member_list_confirmed"], false);
        assert_eq!(live["members"][0]["quorum_read"], false);
        // The list is the remaining member's own, so nothing that was known is lost.
        assert_eq!(live["members"][1]["in_cluster"], true);

        members[0].signal(Signal::SIGKILL);
        members[0].end();
        let text = shown_in_time(&zone, 69).stdout;
        assert!(text.starts_with("example.zone  no quorum  no leader\n  no member answers\n"), "{text}");
        assert_eq!(status(&zone, 69)["health"], "lost_quorum");
    });
}

/// With a name server that takes questions and answers none, the look-up of a name lasts many seconds.
#[test]
fn a_name_that_nobody_resolves_holds_up_nobody() {
    isolated_alone(|| {
        let network = Network::new(&[]);
        let address = outcome(Command::new("ip").args(["address", "add", "10.0.1.10/32", "dev", "lo"]));
        address.expect_code(0);
        let text = loopback_text("example.zone", 1, "").replace("127.0.0.1", "10.0.1.10");
        let zone = TestZone::described(&text);
        zone.run(&["init"]).expect_code(0);
        let _member = start_alone(&zone);
        network.name_hosts(zone.around(), &[]);
        let _silent = std::net::UdpSocket::bind("127.0.0.1:53").expect("a name server");
        let more = "[[node]]\nname = \"node2\"\naddress = \"elsewhere.example.zone\"\n[etcd]";
        std::fs::write(zone.file("zone.toml"), text.replace("[etcd]", more)).expect("zone.toml");
        let live = {
            let started = Instant::now();
            let live = status(&zone, 65);
            assert!(started.elapsed() < LIMIT, "{:?}", started.elapsed());
            live
        };
        assert_eq!(live["members"][0]["state"], "up");
        assert_eq!(live["members"][1]["down"], "its name was not resolved in time");
        // What is revoked is tried on every member, with its own limit for each plane.
        zone.run(&["pki", "issue", "node2"]).expect_code(0);
        let started = Instant::now();
        zone.run(&["pki", "revoke", "client/health"]);
        assert!(started.elapsed() < 3 * LIMIT, "{:?}", started.elapsed());
    });
}

#[test]
fn an_alarm_is_told() {
    isolated_alone(|| {
        let zone = loopback_zone(1, "[etcd]\nquota = \"16MiB\"\n");
        zone.run(&["init"]).expect_code(0);
        let _member = start_alone(&zone);
        let etcdctl = etcdctl(&zone, "https://127.0.0.1:2379");
        fill_database(&zone, &etcdctl);
        let text = shown_in_time(&zone, 65).stdout;
        assert!(text.contains("\n  the alarm NOSPACE is raised: writes are refused\n"), "{text}");
        assert!(text.contains("\nalarms\n  NOSPACE raised by node1\n"), "{text}");
        assert!(text.contains("zone-etcd defrag --nospace --zone"), "{text}");
        assert_eq!(status(&zone, 65)["alarms"][0]["alarm"], "NOSPACE");
        let metrics = zone.run(&["status", "--format", "prometheus"]).expect_code(65).stdout;
        let samples = exposition(&metrics);
        assert_eq!(
            samples["zone_etcd_member_alarm{zone=\"example.zone\",node=\"node1\",alarm=\"NOSPACE\"}"],
            1.0
        );
        call(&etcdctl, &["alarm", "disarm"]).expect_code(0);
        assert_eq!(status(&zone, 0)["alarms"], serde_json::json!([]));
    });
}

#[test]
fn a_revoked_administrator_is_told_so() {
    isolated(|| {
        let guarded = Guarded::start("");
        assert_eq!(status(&guarded.zone, 0)["health"], "healthy");
        revoke(&guarded, "client", &guarded.zone.file("clients/admin/current/client.crt"));
        let shown = guarded.zone.run(&["status"]).expect_code(69).stdout;
        let words: String = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            words.contains(
                "node1 is down: it closed the connection without an answer, as it does to a \
                 revoked certificate"
            ),
            "{shown}"
        );
        assert!(words.contains("next: have another certificate issued: mv "), "{shown}");
        // Another client's certificate is still good.
        guarded.zone.run(&["status", "--client", "health"]).expect_code(0);
    });
}

/// What reports renews nothing; that the certificate has ended, the member says, and the command that issues
/// it is named.
#[test]
fn an_expired_administrator_is_told_so() {
    isolated(|| {
        let guarded = Guarded::start("");
        let zone = &guarded.zone;
        status(zone, 0);
        let expired = guarded.issue("client", Usages::CLIENT, -Span::minutes(1));
        expired.write_over(&zone.file("clients/admin/current"), "client");
        let shown = zone.run(&["status"]).expect_code(69);
        let told = ["the certificate of admin has expired at", "zone-etcd pki issue --client admin --zone "];
        assert!(told.iter().all(|text| shown.stderr.contains(text)), "{}", shown.stderr);
        assert!(
            shown.stdout.contains("node1 is down: it refuses our certificate (certificate expired)"),
            "{}",
            shown.stdout
        );
        zone.run(&["pki", "issue", "--client", "admin"]).expect_code(0);
        status(zone, 0);
    });
}
