//! `[tls]`: how the connections of a zone are protected, if not by certificates that are issued here.

use std::path::{Path, PathBuf};

use super::document::{At, Table};
use super::names::NodeName;
use super::problem::Problems;

/// How the connections of a zone are protected, as `[tls]` says. What that comes to on one plane of a member
/// is its [`PlaneProtection`](crate::plan::PlaneProtection).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Protection {
    /// By certificates that this program issues from the zone's CAs.
    #[default]
    Issued,
    /// By certificates that were made elsewhere.
    Files(Box<TlsFiles>),
    /// By certificates that etcd makes up at its start and that are not verified: encrypted, and open to all.
    Automatic,
    /// Not at all: plain HTTP.
    Plain,
}

impl Protection {
    /// The scheme of every URL for peers and clients.
    pub fn scheme(&self) -> Scheme {
        match self {
            Self::Plain => Scheme::Http,
            Self::Issued | Self::Files(_) | Self::Automatic => Scheme::Https,
        }
    }

    /// Makes relative paths lie below `root`.
    pub fn anchor(&mut self, root: &Path) {
        if let Self::Files(files) = self {
            files.client.anchor(root);
            files.peer.anchor(root);
        }
    }
}

/// The scheme of a URL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// TLS.
    #[default]
    Https,
    /// Plain text.
    Http,
}

impl Scheme {
    /// The scheme as it stands in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }
}

/// Where the certificates of both planes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// Those of clients and the members that serve them.
    pub client: PlaneFiles<NodeFile>,
    /// Those of members among themselves.
    pub peer: PlaneFiles<NodeFile>,
}

/// Where the certificates of a plane are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaneFiles<P> {
    /// The CAs that are trusted.
    pub authority: P,
    /// What the member presents.
    pub certificate: P,
    /// Its key.
    pub key: P,
    /// Which certificates are refused, in DER.
    pub revocations: Option<P>,
}

impl PlaneFiles<NodeFile> {
    /// The files of one node.
    pub fn of(&self, node: &NodeName) -> PlaneFiles<PathBuf> {
        PlaneFiles {
            authority: self.authority.of(node),
            certificate: self.certificate.of(node),
            key: self.key.of(node),
            revocations: self.revocations.as_ref().map(|file| file.of(node)),
        }
    }

    fn anchor(&mut self, root: &Path) {
        let files = [&mut self.authority, &mut self.certificate, &mut self.key];
        files.into_iter().chain(&mut self.revocations).for_each(|file| file.0 = root.join(&file.0));
    }
}

/// A path in which `{node}` stands for the short name of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFile(PathBuf);

impl NodeFile {
    /// The same file on every node.
    pub fn fixed(path: PathBuf) -> Self {
        Self(path)
    }

    /// The file of one node.
    pub fn of(&self, node: &NodeName) -> PathBuf {
        // Paths come from TOML, so they are text.
        match self.0.to_str() {
            Some(text) => PathBuf::from(text.replace("{node}", node.short())),
            None => self.0.clone(),
        }
    }
}

/// Reads `[tls]`. `pki` is the place of `[pki]`, if the file has one.
pub(super) fn read_tls(
    table: &Table<'_>,
    pki: Option<std::ops::Range<usize>>,
    problems: &mut Problems<'_>,
) -> Protection {
    let plain = switch(table, "insecure_no_tls", problems);
    let automatic = switch(table, "insecure_no_authentication", problems);
    let files = table.table("files", "[tls.files]", problems);
    let place = |at: &Option<At<()>>| at.as_ref().map(|at| at.span.clone());
    let given: Vec<(&str, std::ops::Range<usize>)> = [
        ("insecure_no_tls", place(&plain)),
        ("insecure_no_authentication", place(&automatic)),
        ("[tls.files]", files.as_ref().map(Table::span)),
    ]
    .into_iter()
    .filter_map(|(name, span)| Some((name, span?)))
    .collect();
    if let [(first, _), (second, span), ..] = given.as_slice() {
        problems.error(
            span.clone(),
            format!("`{first}` and `{second}` exclude each other"),
            "leave one of them; without both the zone has mutual TLS",
        );
    }
    if let (Some((name, _)), Some(pki)) = (given.first(), pki) {
        let what = format!("[pki] says how certificates are issued, and `{name}` that none are");
        problems.error(pki, what, "leave one of them out");
    }
    match (files, automatic, plain) {
        (Some(files), ..) => read_files(files, problems)
            .map_or_else(Protection::default, |files| Protection::Files(Box::new(files))),
        (None, Some(_), _) => Protection::Automatic,
        (None, None, Some(_)) => Protection::Plain,
        (None, None, None) => Protection::Issued,
    }
}

/// A key whose value `false` says the same as its absence.
fn switch(table: &Table<'_>, key: &'static str, problems: &mut Problems<'_>) -> Option<At<()>> {
    let flag = table.boolean(key, problems)?;
    flag.value.then_some(At { value: (), span: flag.span })
}

fn read_files(table: Table<'_>, problems: &mut Problems<'_>) -> Option<TlsFiles> {
    let client = read_plane(&table, ["client_ca", "client_cert", "client_key", "client_crl"], problems);
    let peer = read_plane(&table, ["peer_ca", "peer_cert", "peer_key", "peer_crl"], problems);
    table.finish(problems);
    Some(TlsFiles { client: client?, peer: peer? })
}

fn read_plane(
    table: &Table<'_>,
    keys: [&'static str; 4],
    problems: &mut Problems<'_>,
) -> Option<PlaneFiles<NodeFile>> {
    let [authority, certificate, key, revocations] = keys;
    for key in [authority, certificate, key] {
        table.require(
            key,
            &format!("write {key} = \"PATH\", for example of a PEM file beside zone.toml"),
            problems,
        );
    }
    let mut file = |key| {
        let path = table.parse(key, problems, |text| match text {
            "" => Err((format!("`{key}` is empty"), "write the path of a file".to_owned())),
            _ => Ok(NodeFile(PathBuf::from(text))),
        });
        path.map(|at| at.value)
    };
    let files = (file(authority), file(certificate), file(key), file(revocations));
    let (authority, certificate, key, revocations) = files;
    Some(PlaneFiles { authority: authority?, certificate: certificate?, key: key?, revocations })
}
