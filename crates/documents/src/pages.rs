//! The list of pages, by topic. A page that is in no topic is not in the program; a test looks for one.

/// Pages that belong together.
#[derive(Debug)]
pub struct Topic {
    pub title: &'static str,
    pub pages: &'static [Page],
}

#[derive(Debug)]
pub struct Page {
    /// Its file below `docs/` without `.md`: `renewal`, `problems/quota`.
    pub path: &'static str,
    /// Its Markdown.
    pub text: &'static str,
}

/// Where the pages of problems are.
const PROBLEMS: &str = "problems/";
/// The file that is the index of its directory.
const INDEX: &str = "/README";

impl Page {
    /// What `explain` calls it: its path, and of an index its directory.
    pub fn name(&self) -> &'static str {
        self.path.strip_suffix(INDEX).unwrap_or(self.path)
    }

    /// Its first heading.
    pub fn title(&self) -> &'static str {
        self.text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(self.name())
    }
}

/// The pages are data of the program: the system reads from disk what is shown, and a start reads nothing.
macro_rules! topics {
    ($($title:literal: $($path:literal)*;)*) => {
        &[$(Topic {
            title: $title,
            pages: &[$(Page {
                path: $path,
                text: include_str!(concat!("../../../docs/", $path, ".md")),
            }),*],
        }),*]
    };
}

pub static TOPICS: &[Topic] = topics! {
    "When something is wrong":
        "runbook" "checking" "checks" "self-test" "status" "log" "explain" "expired" "recovery"
        "problems/README";
    "Tutorials, each on the one before":
        "tutorials/1-one-machine" "tutorials/2-three-machines" "tutorials/3-rotate-and-revoke"
        "tutorials/4-lose-and-recover";
    "Terms and reasons":
        "terms" "design" "claims" "faults" "measurements" "pki" "configuration" "etcd-settings"
        "source-documents";
    "A zone and its CAs": "existing-ca" "existing-certificates" "cfssl" "ca-keys" "export";
    "The start of a node":
        "one-file" "packages" "containers" "ansible" "starting" "joining" "boot" "systemd" "offline"
        "activation" "local-config" "cyfs";
    "Nodes and members":
        "access" "fleet" "fleet-limits" "node-status" "members" "address-change" "restart"
        "upgrading" "dry-run";
    "Certificates that change": "renewal" "revocation" "rotation" "rehearsal" "authentication";
    "Data": "snapshots" "restore" "defrag";
    "For other programs": "monitoring" "metrics" "json";
    "How nodes and clients find a zone":
        "dns" "zone-document" "nameservice" "discovery-service" "grpc-proxy";
    "Problems":
        "problems/allowed-names" "problems/authentication" "problems/authority-validity"
        "problems/bad-certificate" "problems/certificate-files" "problems/certificate-names"
        "problems/client-connection" "problems/clock" "problems/closed-connection" "problems/cluster-id"
        "problems/cyfs-forward" "problems/damaged-data" "problems/data-differs" "problems/data-directory"
        "problems/disk-full" "problems/expired" "problems/file-access" "problems/flags"
        "problems/forgotten-votes" "problems/gateway" "problems/initial-cluster" "problems/key-usage"
        "problems/lagging-member" "problems/listen-address" "problems/members" "problems/name-resolution"
        "problems/no-client-certificate" "problems/no-leader" "problems/no-quorum-at-start"
        "problems/node-deliveries" "problems/open-files" "problems/ordinary" "problems/peer-not-answering"
        "problems/peer-source-address" "problems/plain-text" "problems/ports" "problems/quota"
        "problems/removed-member" "problems/requests" "problems/restore" "problems/revocation-list"
        "problems/revoked" "problems/running-flags" "problems/served-certificate" "problems/slow-disk"
        "problems/slow-network" "problems/snapshot-age" "problems/start-refused" "problems/state-file"
        "problems/timing" "problems/tls-parameters" "problems/unknown-authority" "problems/versions";
};

fn all() -> impl Iterator<Item = &'static Page> {
    TOPICS.iter().flat_map(|topic| topic.pages)
}

/// The page of this name: `renewal`, `problems/quota`, or its file. Of two that end with it, the one that is
/// no problem.
pub fn page(name: &str) -> Option<&'static Page> {
    let name = name.trim_start_matches("./");
    let name = name.strip_prefix("docs/").unwrap_or(name);
    let name = name.strip_suffix(".md").unwrap_or(name);
    let is_it = |page: &&Page| page.path == name || page.name() == name;
    let is_last_part = |page: &&Page| page.path.rsplit('/').next() == Some(name);
    all().find(is_it).or_else(|| all().find(is_last_part))
}

/// The page that a link of another page leads to, whatever heading of it is meant.
pub fn page_at(from: &Page, link: &str) -> Option<&'static Page> {
    let file = link.split('#').next()?.strip_suffix(".md")?;
    let mut path: Vec<&str> = from.path.split('/').collect();
    path.pop();
    for part in file.split('/') {
        match part {
            ".." => drop(path.pop()?),
            "." => {}
            name => path.push(name),
        }
    }
    let path = path.join("/");
    all().find(|page| page.path == path)
}

/// The pages of problems, each with its name below `docs/problems`.
pub fn problems() -> impl Iterator<Item = (&'static str, &'static Page)> {
    all().filter_map(|page| Some((page.name().strip_prefix(PROBLEMS)?, page)))
}

/// What each page can be called.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(Page::name).chain(problems().map(|(name, _)| name))
}

/// The command that shows a page.
pub fn explain_command(name: &str) -> String {
    format!("zone-etcd explain {name}")
}
