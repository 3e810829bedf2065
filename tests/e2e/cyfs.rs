//! Members that others reach through forwards of a gateway alone, one on each host.

use std::net::Ipv4Addr;
use std::process::Command;

use crate::harness::gateway::{Gateway, Tunnel};
use crate::harness::isolation::isolated;
use crate::harness::members::{assert_ids_as_planned, call, etcdctl, plan, start_together, wait_for_quorum};
use crate::harness::namespaces::Network;
use crate::harness::processes::until;
use crate::harness::supervised::supervise_in_order;
use crate::harness::{TestZone, outcome};

const NODES: [&str; 3] = ["infra0", "infra1", "infra2"];
const DIRECT: [(&str, &str); 2] = [("infra0", "10.0.1.10"), ("infra1", "10.0.1.11")];
/// Where every host reaches infra2.
const FORWARDED: &str = "127.0.1.4";
const PORTS: [u16; 2] = [2379, 2380];
/// What a gateway dials from, which is in no certificate.
const GATEWAY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);
/// The address of the signing host, which is this process.
const DESK: &str = "10.0.1.1";

#[test]
fn a_member_behind_a_gateway_takes_part_and_comes_back_after_it_was_cut_off() {
    isolated(|| {
        let network = network();
        let gateway = Gateway::new();
        forward_all(&network, &gateway, FORWARDED);
        let zone = zone(FORWARDED);
        let members = supervise_in_order(&zone, &NODES, |node, command| network.on(node, &command));
        let clients = [("infra0", "10.0.1.10"), ("infra1", "10.0.1.11"), ("infra2", FORWARDED)]
            .map(|(machine, host)| client(&zone, &network, machine, host));
        for (client, node) in clients.iter().zip(NODES) {
            wait_for_quorum(client);
            assert_ids_as_planned(client, &plan(&zone, node));
        }
        // From the host of another member, and written on the member that nobody reaches otherwise.
        let through = client(&zone, &network, "infra0", FORWARDED);
        call(&through, &["put", "written", "through the forward"]).expect_code(0);
        assert_value(&clients[1], "written", "through the forward");
        for member in &members {
            assert_admits_all(&member.stderr());
        }
        check(&zone, &network, "infra0", 0, &[]);

        gateway.set(Tunnel::Closes);
        until("two members without the third", || {
            (call(&clients[0], &["put", "written", "while it is cut"]).code == 0).then_some(())
        });
        assert_ne!(call(&through, &["get", "written"]).code, 0);
        assert_ne!(call(&clients[2], &["get", "written"]).code, 0, "it has no quorum");
        gateway.set(Tunnel::Up);
        until("the third member", || {
            let got = call(&clients[2], &["get", "written", "--print-value-only"]);
            (got.code == 0 && got.stdout.trim() == "while it is cut").then_some(())
        });
    });
}

#[test]
fn long_every_ca_is_rotated_across_a_gateway() {
    isolated(|| {
        let network = network();
        forward_all(&network, &Gateway::new(), FORWARDED);
        let zone = zone(FORWARDED);
        let members = supervise_in_order(&zone, &NODES, |node, command| network.on(node, &command));
        let clients = [("infra0", "10.0.1.10"), ("infra2", FORWARDED), ("infra1", FORWARDED)]
            .map(|(machine, host)| client(&zone, &network, machine, host));
        clients.iter().for_each(wait_for_quorum);
        // What is issued is tried on the others from here, and not by addresses that are on every host.
        zone.run(&["pki", "renew", "infra2"]).expect_code(0);
        let told = zone.run(&["pki", "rotate-ca", "--root"]).expect_code(0);
        clients.iter().for_each(wait_for_quorum);
        for member in &members {
            assert_eq!(member.starts(), 3, "two restarts each: {}", told.stderr);
        }
        assert!(
            shown_issuer(&network, "infra2").contains("G2 peer CA"),
            "{}",
            shown_issuer(&network, "infra2")
        );
        call(&clients[2], &["put", "written", "by new CAs"]).expect_code(0);
        assert_value(&clients[0], "written", "by new CAs");
        for member in &members {
            assert_admits_all(&member.stderr());
        }
    });
}

/// The first start names what is missing on its host, and goes on once it is there.
#[test]
fn a_start_waits_for_a_forward_and_names_it() {
    isolated(|| {
        let network = network();
        let gateway = Gateway::new();
        forward_direct(&network, &gateway);
        let zone = zone(FORWARDED);
        let mut members = start_together(&zone, &NODES, |node, command| network.on(node, &command));
        let line = format!("bind {FORWARDED}:2380, forward rtcp://infra2.example.com/:2380");
        for member in &mut members[..2] {
            member.wait_for_line(&["waits for infra2 (not there: nothing listens at 127.0.1.4:2380", &line]);
        }
        let planned = network.on("infra0", &zone.command(&["plan", "--node", "infra0"]));
        outcome(&mut { planned }).expect_code(0).expect_error_with(&[&line]);
        // The forwards for members alone: a start is not kept from its work by what clients miss.
        for (machine, _) in DIRECT {
            let (listens, dials) = (format!("{FORWARDED}:2380"), "127.0.0.1:2380");
            gateway.forward(Some(machine), &listens, "infra2", dials, GATEWAY);
        }
        wait_for_quorum(&client(&zone, &network, "infra2", FORWARDED));
        wait_for_quorum(&client(&zone, &network, "infra0", "10.0.1.10"));
        for member in &mut members[..2] {
            member.wait_for_line(&["nothing listens at 127.0.1.4:2379", "forward clients to infra2"]);
        }
        check(&zone, &network, "infra0", 69, &["infra2 for clients at 127.0.1.4:2379"]);
    });
}

/// A forward that closes says that the gateway is there, and the member may come; one that is silent that
/// there is no tunnel.
#[test]
fn a_forward_that_closes_is_waited_for_and_a_silent_one_is_refused() {
    isolated(|| {
        let network = network();
        let gateway = Gateway::new();
        forward_all(&network, &gateway, FORWARDED);
        let zone = zone(FORWARDED);
        let mut members =
            start_together(&zone, &["infra0", "infra1"], |node, command| network.on(node, &command));
        for member in &mut members {
            member.wait_for_line(&["waits for infra2 (not there: its forward here closes the connection"]);
        }
        gateway.set(Tunnel::Silent);
        for member in &mut members {
            member.outcome().expect_code(69).expect_error_with(&[
                "infra2: unusable: accepts TCP, no TLS reply through the forward of this host",
                "bind 127.0.1.4:2380, forward rtcp://infra2.example.com/:2380",
            ]);
        }
        check(&zone, &network, "infra0", 69, &["infra2 for members at 127.0.1.4:2380", "for clients"]);
        gateway.set(Tunnel::Up);
        let members = start_together(&zone, &NODES, |node, command| network.on(node, &command));
        NODES.iter().zip(["10.0.1.10", "10.0.1.11", FORWARDED]).for_each(|(machine, host)| {
            wait_for_quorum(&client(&zone, &network, machine, host));
        });
        drop(members);
    });
}

/// A name that every host has for another address: that of the forwards there, and 127.0.0.1 at home.
#[test]
fn a_member_behind_a_gateway_may_have_a_name() {
    isolated(|| {
        let network = network();
        let gateway = Gateway::new();
        // One hosts file for all here, so that infra2 finds itself by a forward of its own.
        network.name_hosts(std::env::temp_dir().as_path(), &[(FORWARDED, "infra2.example.com")]);
        forward_all(&network, &gateway, FORWARDED);
        for port in PORTS {
            let (listens, dials) = (format!("{FORWARDED}:{port}"), format!("127.0.0.1:{port}"));
            gateway.forward(Some("infra2"), &listens, "infra2", &dials, GATEWAY);
        }
        let zone = zone("");
        let members = start_together(&zone, &NODES, |node, command| network.on(node, &command));
        for (machine, host) in [("infra0", "10.0.1.10"), ("infra2", "infra2.example.com")] {
            wait_for_quorum(&client(&zone, &network, machine, host));
        }
        let through = client(&zone, &network, "infra1", "infra2.example.com");
        call(&through, &["put", "written", "by name"]).expect_code(0);
        for member in &members {
            assert_admits_all(&member.stderr());
        }
        check(&zone, &network, "infra0", 0, &[]);
        check(&zone, &network, "infra2", 0, &["to /etc/hosts of this host: 127.0.0.1 infra2.example.com"]);
    });
}

/// Two machines on one network, and infra2 on none: all that it has of others are forwards on loopback.
fn network() -> Network {
    let network = Network::new(&DIRECT);
    network.add_isolated("infra2", &DIRECT.map(|(_, address)| address));
    network.add_own_address(DESK);
    network
}

/// What the host of infra2 needs to dial the others: at their own addresses, as a gateway that takes over
/// routes does it.
fn forward_direct(_: &Network, gateway: &Gateway) {
    for (machine, address) in DIRECT {
        for port in PORTS {
            let socket = format!("{address}:{port}");
            gateway.forward(Some("infra2"), &socket, machine, &socket, address.parse().expect("an address"));
        }
    }
}

/// All forwards, those of the signing host among them.
fn forward_all(network: &Network, gateway: &Gateway, address: &str) {
    forward_direct(network, gateway);
    for on in [Some("infra0"), Some("infra1"), None] {
        for port in PORTS {
            let (listens, dials) = (format!("{address}:{port}"), format!("127.0.0.1:{port}"));
            gateway.forward(on, &listens, "infra2", &dials, GATEWAY);
        }
    }
}

/// The zone, with infra2 behind a gateway.
fn zone(address: &str) -> TestZone {
    let mut text =
        "[zone]\nname = \"example.com\"\n[etcd]\nheartbeat = \"10ms\"\nelection = \"100ms\"\n".to_owned();
    for (node, address) in DIRECT {
        text += &format!("[[node]]\nname = \"{node}\"\naddress = \"{address}\"\n");
    }
    text += &format!("[[node]]\nname = \"infra2\"\naddress = \"{address}\"\nprotocol = \"cyfs\"\n");
    let zone = TestZone::described(&text);
    zone.run(&["init"]).expect_code(0);
    zone
}

fn client(zone: &TestZone, network: &Network, machine: &str, host: &str) -> Command {
    network.on(machine, &etcdctl(zone, &format!("https://{host}:2379")))
}

/// No connection was refused for the address that it came from. Those without a certificate are of the
/// signing host, which looks at what the members present.
#[track_caller]
fn assert_admits_all(log: &str) {
    let is_refusal = |line: &&str| {
        line.contains("rejected connection on peer endpoint")
            && !line.contains("client didn't provide a certificate")
            && !line.contains("\"error\":\"EOF\"")
    };
    assert_eq!(log.lines().find(is_refusal), None);
}

#[track_caller]
fn assert_value(client: &Command, key: &str, value: &str) {
    let got = call(client, &["get", key, "--print-value-only"]).expect_code(0);
    assert_eq!(got.stdout.trim(), value);
}

/// What `check` says on a machine; nothing of forwards and names if there are no texts.
#[track_caller]
fn check(zone: &TestZone, network: &Network, node: &str, code: i32, texts: &[&str]) {
    let command = network.on(node, &zone.command(&["check", "--node", node]));
    let found = outcome(&mut { command }).expect_code(code).stdout;
    for text in texts {
        assert!(found.contains(text), "no `{text}` in\n{found}");
    }
}

/// Which CA issued what the member on a machine shows to peers, as openssl sees it there.
fn shown_issuer(network: &Network, machine: &str) -> String {
    let line =
        "openssl s_client -connect 127.0.0.1:2380 </dev/null 2>/dev/null | openssl x509 -noout -issuer";
    let mut shell = Command::new("sh");
    shell.args(["-c", line]);
    outcome(&mut network.on(machine, &shell)).stdout
}
