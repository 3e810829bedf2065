//! Where the members of the zone are, and with what this node asks them.

use std::collections::BTreeMap;

use etcd::{ClientAccess, ClientFiles};
use model::config::{ClientName, MemberList, Protection};
use model::error::{Exit, Failure, Result};
use store::clients::client_access;
use store::node_directory::{NodeDirectory, kept_members, local_files};
use store::site::Site;

use super::node::Node;

/// The members, as this node sees them.
#[derive(Clone, Debug)]
pub(super) struct Members {
    /// Their client URLs.
    pub(super) endpoints: Vec<String>,
    /// With what they are asked.
    pub(super) files: Option<ClientFiles>,
    /// Whether one of them runs on this node.
    pub(super) runs_here: bool,
    access: ClientAccess,
    zone: String,
    node: String,
}

impl Members {
    /// From a local config with its list, or from a bundle.
    pub(super) fn written(node: &Node) -> Result<Self> {
        if let Some(zone) = node.local.zone.as_ref().filter(|_| node.local.pki.is_none()) {
            let runs_here = zone.node(node.local.name.as_str()).is_some();
            return Ok(Self::by_local_certificate(node, zone.client_urls(), runs_here));
        }
        let directory = NodeDirectory::open(&node.file)?;
        let runs_here = directory.node()?.member;
        let site = Site::Node(directory);
        match site.config().tls {
            Protection::Automatic | Protection::Plain => {
                let what = format!("{} has no client certificates", site.config().name);
                return Err(Failure::new(Exit::Configuration, what)
                    .because("the steps after etcd have to be sure which zone answers")
                    .next("start the member alone: zone-etcd run"));
            }
            Protection::Files(_) | Protection::Issued => {}
        }
        let access = client_access(&site, ClientName::admin().as_str())?;
        Ok(Self::new(node, site.config().client_urls(), access, runs_here))
    }

    /// From a list that was found elsewhere.
    pub(super) fn found(node: &Node, list: &MemberList) -> Self {
        Self::by_local_certificate(node, list.config().client_urls(), list.is_member())
    }

    /// Those that are known without asking: that are written, or were kept.
    pub(super) fn known(node: &Node) -> Option<Self> {
        match node.looks_for_members() {
            false => Self::written(node).ok(),
            true => kept_members(&node.local, &node.paths).ok()?.map(|(list, _)| Self::found(node, &list)),
        }
    }

    fn by_local_certificate(node: &Node, endpoints: Vec<String>, runs_here: bool) -> Self {
        let [ca, cert, key] = local_files(&node.local, &node.paths);
        let access = ClientAccess::of_files(endpoints.clone(), ca, cert, key);
        Self::new(node, endpoints, access, runs_here)
    }

    fn new(node: &Node, endpoints: Vec<String>, access: ClientAccess, runs_here: bool) -> Self {
        Self {
            files: access.files().cloned(),
            endpoints,
            runs_here,
            access,
            zone: node.local.zone_name.to_string(),
            node: node.local.name.to_string(),
        }
    }

    /// What each process of this node has in its environment.
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        let own = [("ZONE_NAME", self.zone.clone()), ("NODE_NAME", self.node.clone())];
        let all = own.into_iter().chain(self.access.etcdctl_settings());
        all.map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
