//! The initial cluster: the same bytes on every node, each member in it once.

use std::collections::BTreeSet;

use etcd::{EtcdVersion, ExtraFlags, arguments};
use model::config::ZoneConfig;
use model::plan::{ClusterToken, HostFacts, InitialCluster, MemberPlan, NodePaths, StartDecision};
use proptest::prelude::*;

use super::strategies::{description, nodes};

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn is_consistent_and_the_same_on_every_node(nodes in nodes(), ipv6: bool) {
        let text = description(&nodes);
        let (zone, _) = ZoneConfig::parse(&text)
            .map_err(|problems| TestCaseError::fail(format!("{problems:?}\n{text}")))?;
        let token = ClusterToken::derive(&zone.name, &[7; 32]);
        let cluster = InitialCluster::new(&zone, token.clone());
        let members: Vec<_> = zone.members().collect();
        prop_assert_eq!(cluster.members.len(), members.len());
        let distinct = |values: Vec<String>| values.iter().collect::<BTreeSet<_>>().len() == values.len();
        prop_assert!(distinct(cluster.members.iter().map(|member| member.name.clone()).collect()));
        prop_assert!(distinct(cluster.members.iter().map(|member| member.peer_url.to_string()).collect()));
        prop_assert!(distinct(cluster.members.iter().map(|member| member.id.to_string()).collect()));
        let version = EtcdVersion::DEFAULT;
        for node in members {
            // The machines may differ in IPv6; what they agree on must not.
            for ipv6 in [ipv6, !ipv6] {
                let paths = NodePaths::new("/node");
                let plan = MemberPlan::new(&zone, node, token.clone(), paths, HostFacts { ipv6 });
                let plan = plan.expect("a member");
                prop_assert_eq!(&plan.cluster, &cluster);
                let line = version.line().expect("a supported line");
                let argv = arguments(&plan, &StartDecision::Bootstrap, line, &ExtraFlags::default());
                let initial = format!("--initial-cluster={}", cluster.flag_value());
                prop_assert!(argv.contains(&initial), "{argv:?}");
                let own = format!("{}={}", plan.member.name, plan.member.peer_url);
                prop_assert!(cluster.flag_value().split(',').any(|pair| pair == own), "{own}");
                let advertised = format!("--initial-advertise-peer-urls={}", plan.member.peer_url);
                // etcd compares it with its entry in the initial cluster.
                prop_assert!(argv.contains(&advertised), "{argv:?}");
                let flag = |argument: &String| argument.split('=').next().unwrap_or_default().to_owned();
                let flags: Vec<String> = argv.iter().map(flag).collect();
                prop_assert!(distinct(flags), "a flag is there twice: {argv:?}");
            }
        }
    }

    /// The order in which the owner writes the nodes makes no difference.
    #[test]
    fn does_not_depend_on_the_order_of_the_file(nodes in nodes()) {
        let token = ClusterToken::given("tok");
        let cluster = |nodes: &[_]| {
            let (zone, _) = ZoneConfig::parse(&description(nodes)).expect("a valid description");
            InitialCluster::new(&zone, token.clone())
        };
        let mut reversed = nodes.clone();
        reversed.reverse();
        prop_assert_eq!(cluster(&nodes), cluster(&reversed));
    }
}
