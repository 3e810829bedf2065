//! `access grants`: what etcd's authentication has to let each node do, so that bundles reach it by etcd.

use serde::Serialize;
use time::OffsetDateTime;

use crate::arguments::open_zone;
use crate::cli::{AccessGrantsArgs, GrantsFormat};
use crate::output::{json, print};
use model::config::Node;
use model::error::Result;
use model::plan::{GrantChange, KeyPermission, NodeGrant};
use model::report::{message, progress, warning};
use operations::grants::{Applied, Wanted, apply};
use store::clients::bring_admin_up_to_date;
use store::site::Site;
use store::zone_directory::{Authorities, ZoneDirectory};

/// How many nodes are named in a message.
const NAMED_AT_MOST: usize = 5;

pub(super) fn run(arguments: &AccessGrantsArgs, now: OffsetDateTime) -> Result<()> {
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    zone.refuse_unless_issued()?;
    let nodes = nodes_of(&zone, &arguments.nodes)?;
    let authorities = Authorities::load(&zone.paths, now)?;
    let (revoked, granted): (Vec<&Node>, Vec<&Node>) =
        nodes.into_iter().partition(|node| authorities.has_revoked_client_of(node));
    let wanted = Wanted {
        grants: granted.into_iter().map(NodeGrant::of).collect(),
        withdrawn: revoked.iter().map(|node| node.name.full().to_owned()).collect(),
        is_all: arguments.nodes.is_empty(),
    };
    match arguments.format {
        GrantsFormat::Etcdctl => lines(&zone, &wanted),
        GrantsFormat::Json => print(&json(&Shown::of(&wanted))?),
        GrantsFormat::Apply => {
            let site = Site::Zone(zone);
            site.act_as_owner()?;
            bring_admin_up_to_date(&site, now);
            let told = |done: usize, of: usize| progress(&format!("{done} of {of} changes"));
            let applied = apply(&site, &wanted, &told)?;
            tell(&site, &wanted, &applied);
            Ok(())
        }
    }
}

/// Those that are named, once each; all if none is.
fn nodes_of<'z>(zone: &'z ZoneDirectory, names: &[String]) -> Result<Vec<&'z Node>> {
    let mut nodes: Vec<&Node> = Vec::new();
    for name in names {
        let node = zone.node(name)?;
        if nodes.iter().all(|known| known.name != node.name) {
            nodes.push(node);
        }
    }
    Ok(if names.is_empty() { zone.config.nodes.iter().collect() } else { nodes })
}

fn lines(zone: &ZoneDirectory, wanted: &Wanted) -> Result<()> {
    let mut text = String::new();
    let mut partial = Vec::new();
    for grant in &wanted.grants {
        let (lines, is_partial) = grant.etcdctl_lines();
        text += &(lines.join("\n") + "\n");
        if is_partial {
            partial.push(grant.node.as_str());
        }
    }
    print(&text)?;
    if !wanted.withdrawn.is_empty() {
        let names: Vec<&str> = wanted.withdrawn.iter().map(String::as_str).collect();
        warning(&format!("left out, since they were revoked: {}", some(&names)));
    }
    if let Some(first) = partial.first() {
        let apply = zone.proposed(&format!("access grants --format apply {}", short(zone, first)));
        warning(&format!(
            "etcdctl cannot name the key of the operation lock, in which a NUL is, so a member would not \
             restart itself on: {}; have it granted: {apply}",
            some(&partial)
        ));
    }
    Ok(())
}

/// The name by which commands call a node.
fn short<'n>(zone: &'n ZoneDirectory, full: &'n str) -> &'n str {
    zone.config.node(full).map_or(full, |node| node.name.short())
}

/// A few names of many.
fn some(names: &[&str]) -> String {
    let more = names.len().saturating_sub(NAMED_AT_MOST);
    let first = names.iter().take(NAMED_AT_MOST).copied().collect::<Vec<_>>().join(", ");
    if more == 0 { first } else { format!("{first} and {more} more") }
}

fn tell(site: &Site, wanted: &Wanted, applied: &Applied) {
    let count = |is: fn(&GrantChange) -> bool| applied.changes.iter().filter(|change| is(change)).count();
    let nodes = wanted.grants.len();
    if applied.changes.is_empty() {
        message(&format!("nodes that have what they need: {nodes}; nothing was done"));
    } else {
        message(&format!(
            "nodes that have what they need: {nodes}; roles added {}, taken away {}, permissions granted {}, \
             taken away {}, users added {}, taken away {}",
            count(|change| matches!(change, GrantChange::AddRole(_))),
            count(|change| matches!(change, GrantChange::DeleteRole(_))),
            count(|change| matches!(change, GrantChange::GrantPermission { .. })),
            count(|change| matches!(change, GrantChange::RevokePermission { .. })),
            count(|change| matches!(change, GrantChange::AddUser { .. })),
            count(|change| matches!(change, GrantChange::DeleteUser(_))),
        ));
    }
    if !applied.is_enabled {
        warning(&format!(
            "etcd's authentication is off: every client may do everything until it is on: {}",
            site.proposed("ctl -- auth enable")
        ));
    }
}

/// Fields are added, never renamed.
#[derive(Serialize)]
struct Shown<'w> {
    grants: Vec<ShownGrant<'w>>,
    /// Full names of nodes that were revoked: they are to have no role.
    withdrawn: &'w [String],
}

#[derive(Serialize)]
struct ShownGrant<'w> {
    /// The full name of the node.
    node: &'w str,
    user: &'w str,
    role: &'w str,
    permissions: Vec<ShownPermission>,
}

#[derive(Serialize)]
struct ShownPermission {
    right: &'static str,
    key: String,
    prefix: bool,
}

impl<'w> Shown<'w> {
    fn of(wanted: &'w Wanted) -> Self {
        let shown = |permission: &KeyPermission| ShownPermission {
            right: permission.right.word(),
            key: String::from_utf8_lossy(&permission.key).into_owned(),
            prefix: permission.is_for_prefix(),
        };
        let grants = wanted.grants.iter().map(|grant| ShownGrant {
            node: &grant.node,
            user: &grant.user,
            role: &grant.role,
            permissions: grant.permissions.iter().map(shown).collect(),
        });
        Self { grants: grants.collect(), withdrawn: &wanted.withdrawn }
    }
}
