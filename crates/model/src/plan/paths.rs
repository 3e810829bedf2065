//! Where everything is: the fixed names of a zone directory and of a node directory.

use std::path::{Path, PathBuf};

use super::Plane;
use crate::config::{BootConfig, ClientName, NodeName};

/// The directory of a zone on its signing host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZonePaths {
    root: PathBuf,
}

impl ZonePaths {
    /// The zone directory at `root`, which should be absolute where paths are handed to etcd.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What the owner writes.
    pub fn config(&self) -> PathBuf {
        self.root.join("zone.toml")
    }

    /// Where the CAs are.
    pub fn authorities(&self) -> PathBuf {
        self.root.join("ca")
    }

    /// The certificate of a CA.
    pub fn authority_certificate(&self, stem: &str) -> PathBuf {
        self.authorities().join(format!("{stem}.crt"))
    }

    /// The key of a CA.
    pub fn authority_key(&self, stem: &str) -> PathBuf {
        self.authorities().join(format!("{stem}.key"))
    }

    /// The certificates above the zone's CAs that are not the root: intermediates, and the roots of plane CAs
    /// that have others.
    pub fn authority_chain(&self) -> PathBuf {
        self.authorities().join("chain.crt")
    }

    /// Which plane CAs were made elsewhere.
    pub fn given_planes(&self) -> PathBuf {
        self.authorities().join("given.json")
    }

    /// A revocation list that a node has told of, which counts for nothing before it is taken over.
    pub fn received_list(&self, node: &NodeName, plane: Plane) -> PathBuf {
        self.root.join("received").join(format!("{}.{}", node.short(), plane.revocation_file()))
    }

    /// Where CAs are kept that are trusted no more.
    pub fn retired_authorities(&self) -> PathBuf {
        self.authorities().join("retired")
    }

    /// The cluster token, where a root has taken the place of the one that it follows from.
    pub fn pinned_token(&self) -> PathBuf {
        self.authorities().join("token")
    }

    /// What the last restore has made of the zone.
    pub fn restored(&self) -> PathBuf {
        self.authorities().join("restored.json")
    }

    /// The request for the certificate of a plane CA, for an authority that only signs.
    pub fn authority_request(&self, stem: &str) -> PathBuf {
        self.authorities().join(format!("{stem}.csr"))
    }

    /// The certificates of the authority that is to sign the requests, if they were given with them.
    pub fn external_authority(&self) -> PathBuf {
        self.authorities().join("external.crt")
    }

    /// The revocation list of a plane CA.
    pub fn revocation_list(&self, stem: &str) -> PathBuf {
        self.authorities().join(format!("{stem}.crl"))
    }

    /// The certificate that is on the revocation list of a plane CA to be tried, and its key.
    pub fn revocation_probe(&self, stem: &str) -> PathBuf {
        self.authorities().join(format!("{stem}.probe"))
    }

    /// The log of every certificate that was issued.
    pub fn issuance_log(&self) -> PathBuf {
        self.root.join("issued.jsonl")
    }

    /// The log of every bundle that was made.
    pub fn bundle_log(&self) -> PathBuf {
        self.root.join("bundles.jsonl")
    }

    /// The log of the keys that bundles are sealed to where etcd has them.
    pub fn recipient_log(&self) -> PathBuf {
        self.root.join("recipients.jsonl")
    }

    /// The zone document that was signed last.
    pub fn zone_document(&self) -> PathBuf {
        self.root.join("zone-document.json")
    }

    /// Where the node directories are that are kept here.
    pub fn nodes(&self) -> PathBuf {
        self.root.join("nodes")
    }

    /// The node directory that is kept here, for `run --zone` and `dev`.
    pub fn node(&self, name: &NodeName) -> NodePaths {
        NodePaths::new(self.nodes().join(name.short()))
    }

    /// The generations of a client certificate.
    pub fn client(&self, name: &ClientName) -> PathBuf {
        self.clients().join(name.as_str())
    }

    /// The generation of a client's certificate that is in use.
    pub fn client_current(&self, name: &ClientName) -> PathBuf {
        self.client(name).join("current")
    }

    /// Where the client certificates are.
    pub fn clients(&self) -> PathBuf {
        self.root.join("clients")
    }
}

/// The directory of a node. It never holds a CA key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePaths {
    root: PathBuf,
    /// etcd's data directory, if it is elsewhere.
    data: Option<PathBuf>,
}

impl NodePaths {
    /// The node directory at `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), data: None }
    }

    /// The same with etcd's data elsewhere, if it is.
    pub fn with_data(mut self, data: Option<&Path>) -> Self {
        self.data = data.map(Path::to_owned);
        self
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The generations of this node's certificates.
    pub fn generations(&self) -> PathBuf {
        self.root.join("pki")
    }

    /// A file of the generation that is in use. etcd opens it by this name at every handshake, so a switch of
    /// `current` is seen without a restart.
    pub fn current(&self, file: &str) -> PathBuf {
        self.generations().join("current").join(file)
    }

    /// etcd's data directory.
    pub fn data(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(|| self.root.join("data"))
    }

    /// Beside the data directory, with this end: `data.restored-ID`.
    pub fn beside_data(&self, end: &str) -> PathBuf {
        let mut name = self.data().into_os_string();
        name.push(end);
        PathBuf::from(name)
    }

    /// What is known of the member's past.
    pub fn state(&self) -> PathBuf {
        self.root.join("state.json")
    }

    /// The farthest that the member's log has come.
    pub fn high_water(&self) -> PathBuf {
        self.root.join("high-water.json")
    }

    /// The nonce of a first start, in the data directory.
    pub fn nonce(&self) -> PathBuf {
        Self::nonce_in(&self.data())
    }

    /// The same in any data directory.
    pub fn nonce_in(data: &Path) -> PathBuf {
        data.join("zone-etcd.attempt")
    }

    /// The members, as the node was told of them.
    pub fn member_list(&self) -> PathBuf {
        self.root.join("member-list.json")
    }

    /// The zone document that was accepted last, as it was received.
    pub fn zone_document(&self) -> PathBuf {
        self.root.join("zone-document.json")
    }

    /// What the node does when it starts.
    pub fn boot_config(&self) -> PathBuf {
        self.root.join(BootConfig::FILE)
    }

    /// The etcd that the member starts with while `upgrade` walks the zone.
    pub fn upgrade_step(&self) -> PathBuf {
        self.root.join("upgrade-step.json")
    }

    /// Held while a start is prepared and, across exec, while etcd runs.
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// Held by the process that starts this node and what runs on it.
    pub fn boot_lock(&self) -> PathBuf {
        self.root.join("boot.lock")
    }

    /// What bundles that come by the zone's etcd are sealed to.
    pub fn delivery_key(&self) -> PathBuf {
        self.root.join("delivery.key")
    }

    /// What a member that runs has not noticed of the bundle in use.
    pub fn restart_needed(&self) -> PathBuf {
        self.root.join("restart-needed.json")
    }

    /// The etcd binary that was last verified, by the identity of its file.
    pub fn verified_binary(&self) -> PathBuf {
        self.root.join("verified-etcd.json")
    }
}
