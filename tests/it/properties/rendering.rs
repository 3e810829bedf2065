//! A description that is written out again is read as the same.

use model::config::ZoneConfig;
use proptest::prelude::*;

use super::strategies::{description, nodes};

/// Settings that differ from the defaults, and some that are close to them.
fn settings() -> impl Strategy<Value = String> {
    let lines = [
        "[pki]\nleaf_validity = \"8760h 1ms\"\nclients = [\"a\", \"b@c\"]\n\
         server_names = [\"*.example.org\", \"10.0.0.1\", \"fd00::1\"]\n",
        "[pki]\nca_validity = \"9years\"\nkey = \"rsa3072\"\nleaf_validity = \"1s\"\n",
        "[etcd]\nversion = \"3.6.16\"\nheartbeat = \"123ms\"\nelection = \"1s 500ms\"\nquota = \"17MiB\"\n\
         token = \"a\\\"b\\\\c\"\n",
        "[etcd]\nkeep_environment = [\"GOGC\", \"LD_PRELOAD\"]\ncore_dumps = true\n\
         auto_compaction = \"90m\"\ntls_min_version = \"1.3\"\n[etcd.flags]\nsnapshot-count = 0x10\n\
         log-level = \"de\\\"bug\\u0007\"\n",
        "",
    ];
    (prop::sample::select(lines[..2].to_vec()), prop::sample::select(lines[2..].to_vec()))
        .prop_map(|(pki, etcd)| format!("{pki}{etcd}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_rendered_is_read_as_the_same(nodes in nodes(), settings in settings()) {
        let (zone, _) = ZoneConfig::parse(&(description(&nodes) + &settings)).expect("a zone");
        let (again, _) = ZoneConfig::parse(&zone.render()).expect("the same zone");
        prop_assert_eq!(&again, &zone);
    }

    /// What a node gets: the members and itself, and the token of the whole zone.
    #[test]
    fn a_restricted_zone_is_read_as_such(
        nodes in nodes(), settings in settings(), at in any::<prop::sample::Index>(),
    ) {
        let (zone, _) = ZoneConfig::parse(&(description(&nodes) + &settings)).expect("a zone");
        let node = &zone.nodes[at.index(zone.nodes.len())];
        let mut restricted = zone.clone();
        restricted.nodes.retain(|other| other.member);
        restricted.etcd.token = Some("the-token".to_owned());
        let mut text = zone.render_members("the-token");
        if !node.member {
            text.push_str(&node.render());
            restricted.nodes.push(node.clone());
        }
        let (again, _) = ZoneConfig::parse(&text).expect("a zone");
        prop_assert_eq!(again, restricted);
    }
}

/// It has no address of its own, and a written one would be refused.
#[test]
fn a_name_that_is_no_address_stays_a_name() {
    let text = "[zone]\nname = \"zone.localhost\"\n[[node]]\nname = \"node1\"\n";
    let (zone, _) = ZoneConfig::parse(text).expect("a zone");
    assert_eq!(ZoneConfig::parse(&zone.render()).expect("the same").0, zone);
}
