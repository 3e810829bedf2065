//! A node and its machine: observed, and judged by [`super::rules`].

mod answers;
mod machine;
mod peers;

use std::path::PathBuf;
use std::time::Duration;

use time::OffsetDateTime;
use zone_pki::ShowPath;

use super::Finding;
use super::rules::authorities;
use super::rules::certificates;
use super::rules::names::{self, Dialled};
use super::rules::remedies::Remedies;
use etcd::tls;
use host::{self, NodeFiles, OwnMember};
use model::config::{Address, ClientName, EtcdVersion, Node};
use model::plan::{ClusterToken, MemberPlan, NodePaths, PEER, Plane, Role, SERVER};
use store::site::Site;
use store::zone_directory::{Authorities, FilesRead, side};

/// How long a name server may take.
const NAMES_LIMIT: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct NodeCheck<'z> {
    site: &'z Site,
    node: &'z Node,
    paths: NodePaths,
    files: NodeFiles,
    member: Option<MemberPlan>,
    remedies: Remedies,
    /// The same, if who asks has read them.
    read: Option<FilesRead<'z>>,
    /// URLs that the live member list has for this node.
    listed: Vec<Dialled>,
    now: OffsetDateTime,
}

/// How far the handshakes of a node are looked into.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Handshakes {
    /// They are made, those of clients too.
    Made,
    /// What members present is verified: a client that cannot get in is no reason to keep a member from
    /// starting.
    Verified,
}

/// The checks that `run` makes before each start: everything about the certificates of `node`, with the files
/// as they are, or as the start has `read` them. They take less than 5 ms together.
pub fn before_start(
    site: &Site,
    node: &Node,
    member: &MemberPlan,
    read: Option<FilesRead<'_>>,
    now: OffsetDateTime,
) -> Vec<Finding> {
    NodeCheck::with_plan(site, node, Some(member.clone()), read, now).certificates_with(Handshakes::Verified)
}

impl<'z> NodeCheck<'z> {
    /// Reads the node's files. Works without the CAs, and before anything was issued.
    pub fn new(site: &'z Site, node: &'z Node, now: OffsetDateTime) -> Self {
        // What the token goes into is of no interest here, and a check has to work without a CA that can be
        // read.
        let token = match site.authorities(now) {
            Ok(authorities) => authorities.token(site.config()),
            Err(_) => ClusterToken::given("unknown"),
        };
        let paths = site.node_paths(&node.name);
        let member = MemberPlan::new(site.config(), node, token, paths, host::facts()).ok();
        Self::with_plan(site, node, member, None, now)
    }

    fn with_plan(
        site: &'z Site,
        node: &'z Node,
        member: Option<MemberPlan>,
        read: Option<FilesRead<'z>>,
        now: OffsetDateTime,
    ) -> Self {
        let paths = site.node_paths(&node.name);
        let files = match read {
            Some(read) => read.node_files(paths.generations().join("current")).with_access(&paths),
            None => NodeFiles::read(&paths, node),
        };
        let files = if site.zone().is_some() { files.with_requests() } else { files };
        let then = match site {
            Site::Zone(zone) if !zone.paths.authority_key(Plane::Peer.name()).exists() => {
                format!(", where the CAs are, and copy {} from there", paths.generations().shown())
            }
            _ => String::new(),
        };
        let name = node.name.short();
        // Files that are not as they were made are in the bundle as they should be, and the same bundle again
        // changes nothing.
        let issue = match site.has_own_directory(name) {
            true => site.proposed_renewal(name),
            false => site.proposed_issue(name),
        };
        let remedies = Remedies { issue, then };
        Self { site, node, paths, files, read, member, remedies, listed: Vec::new(), now }
    }

    /// Adds what the live member list has for this node to what its certificates have to cover.
    pub fn listed_at(mut self, peer_urls: &[String], client_urls: &[String]) -> Self {
        self.add_listed(peer_urls, client_urls);
        self
    }

    fn add_listed(&mut self, peer_urls: &[String], client_urls: &[String]) {
        for (urls, Role { stem, .. }) in [(peer_urls, PEER), (client_urls, SERVER)] {
            for url in urls {
                let dialled = Dialled { url: url.clone(), stem, source: "the live member list" };
                self.listed.push(dialled);
            }
        }
    }

    pub fn files(&self) -> &NodeFiles {
        &self.files
    }

    /// Whether the node is this machine: whether its address can be bound here, or its member runs here. The
    /// address of a member behind a gateway is on every machine.
    pub fn is_here(&self) -> bool {
        if self.own_member().is_some_and(|own| host::shares_network(own.pid)) {
            return true;
        }
        if self.node.is_behind_gateway() {
            return matches!(self.site, Site::Node(_));
        }
        match &self.node.address {
            Address::Ip(ip) => host::is_here(*ip),
            Address::Name(name) => {
                let found = host::resolve([name.to_string()], NAMES_LIMIT).remove(name.as_str());
                found.is_some_and(|found| found.is_ok_and(|ips| ips.into_iter().any(host::is_here)))
            }
        }
    }

    /// The member, if it runs here.
    pub fn own_member(&self) -> Option<OwnMember> {
        host::running_member(&self.paths)
    }

    /// Everything about certificates, keys and lists, and the handshakes in memory. Without the network.
    pub fn certificates(&self) -> Vec<Finding> {
        self.certificates_with(Handshakes::Made)
    }

    fn certificates_with(&self, handshakes: Handshakes) -> Vec<Finding> {
        let leaf_validity =
            time::Duration::try_from(self.site.config().pki.leaf_validity).unwrap_or(time::Duration::MAX);
        let judge = || certificates::judge(&self.files, &self.remedies, leaf_validity, self.now);
        let Some(member) = &self.member else { return self.marked(judge()) };
        let cases = self.handshake_cases(member, handshakes);
        let (mut findings, checked) = match handshakes {
            // Signatures that have just been verified cost nothing once more.
            Handshakes::Verified => {
                let findings = judge();
                (findings, tls::verify_handshakes(cases, |stem, trust| self.side(stem, trust)))
            }
            // What takes the time is signatures, so the two go side by side.
            Handshakes::Made => std::thread::scope(|scope| {
                let checked = host::beside(scope, || {
                    tls::check_handshakes(&self.files.directory, cases, |stem, trust| self.side(stem, trust))
                });
                let findings = judge();
                (findings, checked.join())
            }),
        };
        findings.extend(names::names(&self.files, &self.dialled(member), &self.remedies));
        let handshakes = names::handshakes(&checked, &findings, &self.remedies);
        findings.extend(handshakes);
        self.marked(findings)
    }

    /// Every check of this node. `with_disk` measures the disk too.
    pub fn all(&mut self, with_disk: bool) -> Vec<Finding> {
        let member = self.member.clone();
        let runs = self.own_member();
        let asked = member.as_ref().map(|member| self.ask(member, with_disk, runs.is_some()));
        if let Some(Ok(answers)) = asked.as_ref().and_then(|asked| asked.peers.as_ref())
            && self.listed.is_empty()
        {
            self.ask_for_list(answers);
        }
        let mut findings = self.certificates();
        findings.extend(self.zone_authorities());
        findings.push(self.clock());
        if let (Some(member), Some(asked)) = (&member, &asked) {
            findings.extend(self.machine(member, asked, runs.as_ref()));
            let source = self.source(&asked.resolved);
            let faults = peers::likely_reasons(&findings, &source, self.presented().stem);
            findings.extend(source);
            findings.extend(self.judge_peers(member, asked, faults));
            findings.extend(runs.and_then(|own| self.judge_own(&own, asked)));
        }
        self.marked(findings)
    }

    fn marked(&self, findings: Vec<Finding>) -> Vec<Finding> {
        findings.into_iter().map(|finding| finding.on(self.node.name.short())).collect()
    }

    /// What the member shows to its peers.
    fn presented(&self) -> &'static Role {
        Plane::Peer.dials_with(self.node)
    }

    fn dialled(&self, member: &MemberPlan) -> Vec<Dialled> {
        let from_file = |url: &str, stem| Dialled { url: url.to_owned(), stem, source: "zone.toml" };
        let mut dialled = vec![
            from_file(member.member.peer_url.as_str(), PEER.stem),
            from_file(&member.advertise_client, SERVER.stem),
        ];
        for (urls, Role { stem, .. }) in [(&member.listen_peer, PEER), (&member.listen_client, SERVER)] {
            for url in urls {
                // `[::]` cannot be dialled; on the same machine loopback can.
                let is_every = url.contains("//[::]:") || url.contains("//0.0.0.0:");
                let dialled_here = if is_every {
                    url.replace("[::]", "127.0.0.1").replace("0.0.0.0", "127.0.0.1")
                } else {
                    url.clone()
                };
                dialled.push(Dialled { url: dialled_here, stem, source: "the listen address" });
            }
        }
        dialled.extend(self.listed.iter().cloned());
        let mut seen: Vec<Dialled> = Vec::new();
        for each in dialled {
            let is_new = !seen.iter().any(|other| {
                other.stem == each.stem
                    && etcd::tls::hostname::host_of(&other.url) == etcd::tls::hostname::host_of(&each.url)
            });
            if is_new {
                seen.push(each);
            }
        }
        seen
    }

    /// A side of a handshake with the files of the node.
    fn side(&self, stem: &str, trust: &str) -> Result<tls::Side, tls::MaterialError> {
        side(self.read, &self.files.directory, stem, trust)
    }

    fn handshake_cases(&self, member: &MemberPlan, handshakes: Handshakes) -> Vec<tls::HandshakeCase> {
        if self.files.has_keys_elsewhere() {
            return Vec::new();
        }
        let host = |url: &str| etcd::tls::hostname::host_of(url).unwrap_or_default().to_owned();
        let admin = self.site.client_generation(&ClientName::admin());
        let directories: Vec<PathBuf> = match handshakes {
            Handshakes::Made => {
                [self.files.directory.clone(), admin].into_iter().filter(|path| path.exists()).collect()
            }
            Handshakes::Verified => Vec::new(),
        };
        tls::handshake_cases(
            &self.files.directory,
            self.presented(),
            &host(member.member.peer_url.as_str()),
            &host(&member.advertise_client),
            &directories,
        )
    }

    /// The CAs that the node trusts against those of the zone, if these are here.
    fn zone_authorities(&self) -> Vec<Finding> {
        let Some(zone) = self.site.zone() else { return Vec::new() };
        let Ok(of_zone) = Authorities::load(&zone.paths, self.now) else { return Vec::new() };
        let compare = |plane: Plane| {
            let of_node = self.files.plane(plane)?.authorities.as_ref().ok()?;
            let path = zone.paths.authority_certificate(plane.name());
            authorities::trust(
                plane.authority_file(),
                of_node,
                &of_zone.trusted(plane),
                &path,
                &self.remedies,
            )
        };
        Plane::ALL.into_iter().filter_map(compare).collect()
    }

    fn clock(&self) -> Finding {
        let leaves = self.files.roles.iter().filter_map(|files| files.chain.as_ref().ok()?.first());
        let newest = leaves.map(zone_pki::Certificate::not_before).max();
        authorities::clock(newest, self.site.last_recorded().as_ref(), self.now)
    }

    fn version(&self) -> EtcdVersion {
        // One that cannot be read keeps the member from starting, which is told of the start.
        let settings = self.site.etcd_settings(self.node);
        settings.map_or_else(
            |_| self.site.config().etcd.described_version(),
            |settings| settings.described_version(),
        )
    }
}
