//! The role table checks itself against what the design says of each role.

use std::collections::BTreeSet;

use zone_etcd::plan::{CLIENT_ROLE, HeldBy, NODE_ROLES, NamesRule, Plane, Role, SubjectRule};
use zone_pki::Usages;

fn all() -> impl Iterator<Item = Role> {
    NODE_ROLES.into_iter().chain([CLIENT_ROLE])
}

#[test]
fn each_role_is_as_designed() {
    let expected = [
        ("peer", Plane::Peer, Usages::BOTH, SubjectRule::Node, NamesRule::Node, HeldBy::Member, "peer"),
        (
            "peer-client",
            Plane::Peer,
            Usages::CLIENT,
            SubjectRule::Node,
            NamesRule::None,
            HeldBy::TranslatedMember,
            "peer-client",
        ),
        (
            "server",
            Plane::Client,
            Usages::SERVER,
            SubjectRule::Node,
            NamesRule::Server,
            HeldBy::Member,
            "server",
        ),
        (
            "gateway",
            Plane::Client,
            Usages::CLIENT,
            SubjectRule::Gateway,
            NamesRule::None,
            HeldBy::Member,
            "gateway",
        ),
        (
            "node-client",
            Plane::Client,
            Usages::CLIENT,
            SubjectRule::Node,
            NamesRule::None,
            HeldBy::Node,
            "client",
        ),
        (
            "client",
            Plane::Client,
            Usages::CLIENT,
            SubjectRule::Client,
            NamesRule::None,
            HeldBy::Client,
            "client",
        ),
    ];
    let found: Vec<_> = all()
        .map(|role| (role.name, role.plane, role.usages, role.subject, role.names, role.held_by, role.stem))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn names_and_files_are_unique() {
    let names: BTreeSet<&str> = all().map(|role| role.name).collect();
    assert_eq!(names.len(), NODE_ROLES.len() + 1);
    let mut files: Vec<String> =
        NODE_ROLES.iter().flat_map(|role| [role.certificate_file(), role.key_file()]).collect();
    files.extend(
        Plane::ALL
            .iter()
            .flat_map(|plane| [plane.authority_file().to_owned(), plane.revocation_file().to_owned()]),
    );
    files.push(zone_etcd::plan::ROOT_FILE.to_owned());
    let unique: BTreeSet<&String> = files.iter().collect();
    assert_eq!(unique.len(), files.len(), "{files:?}");
}

/// What keeps the planes apart, whatever rows are added.
#[test]
fn what_holds_for_every_row() {
    for role in all() {
        assert!(role.usages.server || role.usages.client, "{}: no usage", role.name);
        // Only what listens has names: etcd would compare those of a client with its source address.
        assert_eq!(role.usages.server, role.names != NamesRule::None, "{}: names and usage", role.name);
        assert!(
            role.usages != Usages::BOTH || role.plane == Plane::Peer,
            "{}: both usages on the client plane",
            role.name
        );
        assert_eq!(
            role.held_by == HeldBy::Client,
            role.subject == SubjectRule::Client,
            "{}: holder and subject",
            role.name
        );
    }
}
