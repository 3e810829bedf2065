//! Addresses of nodes.

use super::{check, fault, node};

#[test]
fn an_address_is_one_that_every_other_node_can_dial() {
    check([
        node(
            "name = \"node1\"\naddress = ▸\"localhost\"",
            &["`localhost` means another machine", "127.0.0.1"],
        ),
        node("name = \"node1\"\naddress = ▸\"LocalHost\"", &["means another machine"]),
        node("name = \"node1\"\naddress = ▸\"x.localhost\"", &["`x.localhost` means another machine"]),
        node(
            "name = \"node1\"\naddress = ▸\"0.0.0.0\"",
            &["`0.0.0.0` is no address that another node can dial"],
        ),
        node("name = \"node1\"\naddress = ▸\"::\"", &["`::` is no address"]),
        node("name = \"node1\"\naddress = ▸\"[::]\"", &["`[::]` is no address"]),
        node("name = \"node1\"\naddress = ▸\"224.0.0.1\"", &["multicast"]),
        node("name = \"node1\"\naddress = ▸\"ff02::1\"", &["multicast"]),
        node("name = \"node1\"\naddress = ▸\"255.255.255.255\"", &["broadcast"]),
        node("name = \"node1\"\naddress = ▸\"fe80::1%eth0\"", &["`fe80::1%eth0` has an IPv6 scope"]),
        node("name = \"node1\"\naddress = ▸\"[fe80::1%2]\"", &["IPv6 scope"]),
        node(
            "name = \"node1\"\naddress = ▸\"::ffff:10.0.1.10\"",
            &["IPv4 address written as IPv6", "write 10.0.1.10"],
        ),
        node("name = \"node1\"\naddress = ▸\"fe80::1\"", &["`fe80::1` is link-local"]),
        node("name = \"node1\"\naddress = ▸\"0.1.2.3\"", &["`0.1.2.3` is in a reserved range"]),
        node("name = \"node1\"\naddress = ▸\"240.0.0.1\"", &["`240.0.0.1` is in a reserved range"]),
        node(
            "name = \"node1\"\naddress = ▸\"[10.0.1.1]\"",
            &["brackets, which only IPv6 has", "write 10.0.1.1"],
        ),
    ]);
}

#[test]
fn an_address_is_a_host_alone() {
    check([
        node(
            "name = \"node1\"\naddress = ▸\"https://10.0.1.10\"",
            &["`https://10.0.1.10` is a URL", "the host alone"],
        ),
        node(
            "name = \"node1\"\naddress = ▸\"https://10.0.1.10:2380\"",
            &["is a URL", "ports have keys of their own"],
        ),
        node("name = \"node1\"\naddress = ▸\"10.0.1.10/24\"", &["`10.0.1.10/24`"]),
        node(
            "name = \"node1\"\naddress = ▸\"10.0.1.10:2380\"",
            &["`10.0.1.10:2380`", "ports have keys of their own"],
        ),
        node(
            "name = \"node1\"\naddress = ▸\"[fd00::1]:2380\"",
            &["`[fd00::1]:2380`", "ports have keys of their own"],
        ),
        node("name = \"node1\"\naddress = ▸\"host.example.org:2380\"", &["ports have keys of their own"]),
    ]);
}

#[test]
fn an_address_that_is_nearly_one_is_not_taken_for_a_host_name() {
    check([
        node("name = \"node1\"\naddress = ▸\"10.0.1.256\"", &["`10.0.1.256` ends in a number"]),
        node("name = \"node1\"\naddress = ▸\"10.0.1\"", &["`10.0.1` ends in a number"]),
        node("name = \"node1\"\naddress = ▸\"10.0.1.10.5\"", &["ends in a number"]),
        node("name = \"node1\"\naddress = ▸\"fd00:::1\"", &["neither an IPv6 address nor a host name"]),
        node("name = \"node1\"\naddress = ▸\"host_1.example.org\"", &["has `_`"]),
        node("name = \"node1\"\naddress = ▸\"10.0.1.10 \"", &["`10.0.1.10 `"]),
    ]);
}

#[test]
fn loopback_is_for_a_zone_on_one_machine() {
    let text = |first: &str, second: &str, third: &str| {
        format!(
            "[zone]\nname = \"example.zone\"\n\n[[node]]\nname = {first}\n\n[[node]]\nname = {second}\n\n\
             [[node]]\nname = {third}\n"
        )
    };
    let remote = |name: &str, last: u8| format!("\"{name}\"\naddress = \"10.0.1.{last}\"");
    check([
        fault(
            text("▸\"node1\"\naddress = \"127.0.0.1\"", &remote("node2", 2), &remote("node3", 3)),
            &[
                "127.0.0.1 is reached by no other machine",
                "the address at which the other nodes reach this one",
            ],
        ),
        fault(
            text(&remote("node1", 1), "▸\"node2\"\naddress = \"::1\"", &remote("node3", 3)),
            &["::1 is reached by no other machine"],
        ),
        fault(
            text(&remote("node1", 1), "\"node2\"\naddress = ▸\"localhost\"", &remote("node3", 3)),
            &["`localhost` means another machine on every machine"],
        ),
    ]);
}
