//! What has to be changed so that nodes have what they are granted, whatever users and roles etcd has.

use std::collections::BTreeMap;

use model::config::ZoneConfig;
use model::plan::{GrantChange, Granted, KeyPermission, KeyRight, NodeGrant, grant_changes};
use proptest::prelude::*;

fn grant(number: usize) -> NodeGrant {
    let text = format!(
        "[zone]\nname = \"e.zone\"\n[[node]]\nname = \"m\"\naddress = \"10.0.0.1\"\n[[node]]\nname = \
         \"n{number}\"\naddress = \"10.0.0.9\"\nmember = {}\n",
        number == 0
    );
    let (zone, _) = ZoneConfig::parse(&text).expect("a zone");
    NodeGrant::of(zone.node(&format!("n{number}")).expect("the node"))
}

fn permission() -> impl Strategy<Value = KeyPermission> {
    let right = prop_oneof![Just(KeyRight::Read), Just(KeyRight::Write), Just(KeyRight::ReadWrite)];
    let ours = (0..4_usize, 0..2_usize).prop_map(|(node, place)| grant(node).permissions[place].clone());
    prop_oneof![
        ours.clone(),
        (right, ours).prop_map(|(right, ours)| KeyPermission { right, ..ours }),
        Just(KeyPermission { right: KeyRight::ReadWrite, key: b"a".to_vec(), range_end: b"z".to_vec() }),
    ]
}

/// As etcd may have them: of four nodes of which each may be wanted or not, and of others.
fn granted() -> impl Strategy<Value = Granted> {
    let role = (0..4_usize).prop_map(|number| grant(number).role);
    let user = (0..4_usize).prop_map(|number| grant(number).user);
    let roles_of_user = proptest::collection::vec(prop_oneof![role.clone(), Just("app".to_owned())], 0..3);
    (
        proptest::collection::btree_map(role, proptest::collection::vec(permission(), 0..4), 0..4),
        proptest::collection::btree_map(user, roles_of_user, 0..4),
    )
        .prop_map(|(mut roles, mut users)| {
            // etcd has one right a range, and no role of a user that it has not.
            for permissions in roles.values_mut() {
                let by_keys: BTreeMap<_, _> = permissions
                    .drain(..)
                    .map(|one| ((one.key.clone(), one.range_end.clone()), one))
                    .collect();
                permissions.extend(by_keys.into_values());
            }
            for has in users.values_mut() {
                has.retain(|role| role == "app" || roles.contains_key(role));
                has.sort();
                has.dedup();
            }
            Granted { roles, users }
        })
}

/// Makes a change as etcd does (`server/auth/store.go`), and panics where etcd refuses.
fn make(granted: &mut Granted, change: &GrantChange) {
    match change.clone() {
        GrantChange::DeleteUser(user) => assert!(granted.users.remove(&user).is_some(), "no user {user}"),
        GrantChange::DeleteRole(role) => {
            assert!(granted.roles.remove(&role).is_some(), "no role {role}");
            granted.users.values_mut().for_each(|has| has.retain(|one| *one != role));
        }
        GrantChange::RevokePermission { role, permission } => {
            let all = granted.roles.get_mut(&role).expect("the role");
            let place = all.iter().position(|one| *one == permission).expect("the permission");
            all.remove(place);
        }
        GrantChange::AddRole(role) => assert!(granted.roles.insert(role, Vec::new()).is_none()),
        GrantChange::GrantPermission { role, permission } => {
            let all = granted.roles.get_mut(&role).expect("the role");
            all.retain(|one| (&one.key, &one.range_end) != (&permission.key, &permission.range_end));
            all.push(permission);
        }
        GrantChange::AddUser { user, role } => {
            assert!(granted.roles.contains_key(&role), "no role {role}");
            assert!(granted.users.insert(user, vec![role]).is_none());
        }
        GrantChange::GrantRole { user, role } => {
            assert!(granted.roles.contains_key(&role), "no role {role}");
            granted.users.get_mut(&user).expect("the user").push(role);
        }
    }
}

proptest! {
    /// Also if it ends in the middle and is begun again.
    #[test]
    fn afterwards_each_node_has_its_own_and_no_other_has_any(
        wanted in proptest::collection::btree_set(0..4_usize, 0..4),
        mut granted in granted(),
        ends_after in 0..40_usize,
    ) {
        let wanted: Vec<NodeGrant> = wanted.into_iter().map(grant).collect();
        let before = granted.clone();
        for change in grant_changes(&wanted, &granted).iter().take(ends_after) {
            make(&mut granted, change);
        }
        for change in grant_changes(&wanted, &granted) {
            make(&mut granted, &change);
        }
        prop_assert_eq!(grant_changes(&wanted, &granted), []);
        let mut expected: Vec<&str> = wanted.iter().map(|grant| grant.role.as_str()).collect();
        expected.sort_unstable();
        prop_assert_eq!(granted.roles.keys().collect::<Vec<_>>(), expected);
        for one in &wanted {
            let mut has = granted.roles[&one.role].clone();
            has.sort_by(|one, other| one.key.cmp(&other.key));
            prop_assert_eq!(&has, &one.permissions);
            prop_assert!(granted.users[&one.user].contains(&one.role));
        }
        // What others have granted is as it was.
        for (user, had) in &before.users {
            let had_others = had.iter().filter(|role| *role == "app").count();
            let has_others =
                granted.users.get(user).map_or(0, |has| has.iter().filter(|role| *role == "app").count());
            prop_assert_eq!(had_others, has_others);
        }
    }
}
