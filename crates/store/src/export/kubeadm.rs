//! The names of kubeadm (`cmd/kubeadm/app/constants`, `cmd/kubeadm/app/phases/certs/certlist.go`).

use super::{ExportFile, Identity, pair};

#[derive(Debug)]
pub struct Member<'i> {
    pub server: &'i Identity,
    /// What it serves and dials other members with.
    pub peer: &'i Identity,
    /// The client that looks whether it is well.
    pub health: &'i Identity,
}

/// What the API server needs of an etcd that kubeadm did not make (`etcd.external` in its configuration),
/// and, on a machine with a member, what that has. `ca.crt` is the root, to which every chain leads. There is
/// no `ca.key`: with one, kubeadm would issue.
pub fn kubeadm(root: &[u8], api_server: &Identity, member: Option<&Member<'_>>) -> Vec<ExportFile> {
    let mut files = vec![ExportFile::new("pki/etcd/ca.crt", root)];
    files.extend(pair("pki/apiserver-etcd-client", api_server));
    if let Some(member) = member {
        files.extend(pair("pki/etcd/server", member.server));
        files.extend(pair("pki/etcd/peer", member.peer));
        files.extend(pair("pki/etcd/healthcheck-client", member.health));
    }
    files
}
