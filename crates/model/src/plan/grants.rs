//! What etcd's authentication has to let each node do, so that bundles reach it and its answers come back.
//! The user is the common name of the node's client certificate.

use std::collections::{BTreeMap, BTreeSet};

use zone_pki::Subject;

use super::delivery_keys::{DeliveryKeys, end_of_prefix};
use crate::config::Node;

/// What every role of a node begins with; its full name follows.
const ROLE_PREFIX: &str = "zone-etcd-node-";
/// The key that keeps two operations on the members from running at the same time.
pub const OPERATION_KEY: &[u8] = b"\0zone-etcd/operation";

/// What may be done with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyRight {
    /// It is read, and watched.
    Read,
    /// It is written and removed.
    Write,
    /// Both.
    ReadWrite,
}

/// What may be done with which keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyPermission {
    /// What may be done.
    pub right: KeyRight,
    /// The first key.
    pub key: Vec<u8>,
    /// The first key behind them; empty for the one key alone.
    pub range_end: Vec<u8>,
}

/// What one node is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeGrant {
    /// The full name of the node.
    pub node: String,
    /// The user: the node's full name, if that is no longer than a common name may be.
    pub user: String,
    /// The role of that node alone.
    pub role: String,
    /// In the order of their keys.
    pub permissions: Vec<KeyPermission>,
}

impl NodeGrant {
    /// The least with which a node gets bundles and answers. One with a member also takes the lock of
    /// operations, with which members take turns when they restart themselves: etcd lets any user make a
    /// lease, and wants both rights to the key that hangs on it.
    pub fn of(node: &Node) -> Self {
        let (full, keys) = (node.name.full(), DeliveryKeys::of(&node.name));
        let mut permissions = vec![
            KeyPermission::of_key(KeyRight::ReadWrite, keys.answer().as_bytes().to_vec()),
            KeyPermission::of_prefix(KeyRight::Read, keys.prefix()),
        ];
        if node.member {
            permissions.insert(0, KeyPermission::of_key(KeyRight::ReadWrite, OPERATION_KEY.to_vec()));
        }
        Self { node: full.to_owned(), user: user_of(full), role: role_of(full), permissions }
    }

    /// The lines for etcdctl, and whether a permission is missing among them: an argument holds no NUL.
    pub fn etcdctl_lines(&self) -> (Vec<String>, bool) {
        let mut lines = vec![format!("etcdctl role add {}", self.role)];
        let mut is_partial = false;
        for permission in &self.permissions {
            match permission.etcdctl_words() {
                Some(words) => lines.push(format!("etcdctl role grant-permission {} {words}", self.role)),
                None => is_partial = true,
            }
        }
        lines.push(format!("etcdctl user add {} --no-password", self.user));
        lines.push(format!("etcdctl user grant-role {} {}", self.user, self.role));
        (lines, is_partial)
    }
}

/// The role of the node with this full name.
fn role_of(full: &str) -> String {
    format!("{ROLE_PREFIX}{full}")
}

/// The user of the node with this full name: the common name of its client certificate.
fn user_of(full: &str) -> String {
    Subject::fit_common_name(full, full)
}

impl KeyRight {
    /// As etcdctl calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::ReadWrite => "readwrite",
        }
    }
}

impl KeyPermission {
    fn of_key(right: KeyRight, key: Vec<u8>) -> Self {
        Self { right, key, range_end: Vec::new() }
    }

    fn of_prefix(right: KeyRight, prefix: &str) -> Self {
        Self { right, key: prefix.as_bytes().to_vec(), range_end: end_of_prefix(prefix) }
    }

    /// Whether it is for the keys that begin with its key.
    pub fn is_for_prefix(&self) -> bool {
        !self.range_end.is_empty()
    }

    /// The same key or keys, whatever may be done with them.
    fn has_keys_of(&self, other: &Self) -> bool {
        (&self.key, &self.range_end) == (&other.key, &other.range_end)
    }

    /// Names of nodes have nothing that a shell reads otherwise.
    fn etcdctl_words(&self) -> Option<String> {
        let key = std::str::from_utf8(&self.key).ok().filter(|key| !key.contains('\0'))?;
        let prefix = if self.is_for_prefix() { " --prefix=true" } else { "" };
        Some(format!("{} {key}{prefix}", self.right.word()))
    }
}

/// What etcd has of users and roles, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Granted {
    /// Roles of nodes, and what they may do.
    pub roles: BTreeMap<String, Vec<KeyPermission>>,
    /// Users with the names of nodes, and their roles.
    pub users: BTreeMap<String, Vec<String>>,
}

impl Granted {
    /// Which of these roles and users are to be asked for: those of these nodes, and, if they are all, those
    /// of nodes that are gone.
    pub fn of_interest(
        nodes: &BTreeSet<&str>,
        is_all: bool,
        (roles, users): (Vec<String>, Vec<String>),
    ) -> (Vec<String>, Vec<String>) {
        let mut of_nodes: BTreeSet<String> = nodes.iter().copied().map(user_of).collect();
        let is_theirs = |role: &String| {
            let node = role.strip_prefix(ROLE_PREFIX);
            node.is_some_and(|node| is_all || nodes.contains(node))
        };
        let roles: Vec<String> = roles.into_iter().filter(is_theirs).collect();
        of_nodes.extend(roles.iter().filter_map(|role| role.strip_prefix(ROLE_PREFIX)).map(user_of));
        (roles, users.into_iter().filter(|user| of_nodes.contains(user)).collect())
    }
}

/// One change of users and roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantChange {
    /// A user that had the role of a node alone.
    DeleteUser(String),
    /// The role of a node, which its users lose.
    DeleteRole(String),
    /// What a node does not need.
    RevokePermission {
        /// The role of the node.
        role: String,
        /// What it may do no more.
        permission: KeyPermission,
    },
    /// The role of a node.
    AddRole(String),
    /// What a node needs.
    GrantPermission {
        /// The role of the node.
        role: String,
        /// What it may do.
        permission: KeyPermission,
    },
    /// The user of a node, with its role. etcd goes through all users that there are at each of the two
    /// changes that this takes.
    AddUser {
        /// The user of the node.
        user: String,
        /// Its role.
        role: String,
    },
    /// The role, for a user that is there.
    GrantRole {
        /// The user of the node.
        user: String,
        /// Its role.
        role: String,
    },
}

/// What has to be changed, in this order, so that these nodes have what they are granted, and no other of
/// those looked at has a role of a node. First what is taken away, and changes of one kind together. Roles
/// come before users, since etcd goes through all users at each change but that of a role which is added.
///
/// A user that has another role beside that of its node, or none, is kept: someone else has made it.
pub fn grant_changes(wanted: &[NodeGrant], granted: &Granted) -> Vec<GrantChange> {
    let by_role: BTreeMap<&str, &NodeGrant> =
        wanted.iter().map(|grant| (grant.role.as_str(), grant)).collect();
    let mut taken = (Vec::new(), Vec::new(), Vec::new());
    let (mut roles, mut permissions) = (Vec::new(), Vec::new());
    let (mut users, mut users_roles) = (Vec::new(), Vec::new());
    for (role, present) in &granted.roles {
        let Some(grant) = by_role.get(role.as_str()) else {
            let user = user_of(role.strip_prefix(ROLE_PREFIX).unwrap_or_default());
            if granted
                .users
                .get(&user)
                .is_some_and(|has| has.iter().all(|has| has == role) && !has.is_empty())
            {
                taken.0.push(GrantChange::DeleteUser(user));
            }
            taken.1.push(GrantChange::DeleteRole(role.clone()));
            continue;
        };
        let is_wanted =
            |present: &&KeyPermission| grant.permissions.iter().any(|wanted| wanted.has_keys_of(present));
        for permission in present.iter().filter(|present| !is_wanted(present)) {
            taken
                .2
                .push(GrantChange::RevokePermission { role: role.clone(), permission: permission.clone() });
        }
    }
    for grant in wanted {
        let present = granted.roles.get(&grant.role);
        if present.is_none() {
            roles.push(GrantChange::AddRole(grant.role.clone()));
        }
        let missing = grant.permissions.iter().filter(|one| !present.is_some_and(|all| all.contains(one)));
        permissions.extend(missing.map(|permission| GrantChange::GrantPermission {
            role: grant.role.clone(),
            permission: permission.clone(),
        }));
        let (user, role) = (grant.user.clone(), grant.role.clone());
        match granted.users.get(&user) {
            None => users.push(GrantChange::AddUser { user, role }),
            Some(has) if has.contains(&role) => {}
            Some(_) => users_roles.push(GrantChange::GrantRole { user, role }),
        }
    }
    let (gone_users, gone_roles, revoked) = taken;
    [gone_users, gone_roles, revoked, roles, permissions, users, users_roles].concat()
}
