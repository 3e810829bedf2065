//! A node and its machine: observed, and judged by [`super::judge`].

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use zone_pki::IssuanceLog;

use super::judge::certificates::{self, Remedies};
use super::judge::machine::{self, Resolution};
use super::judge::names::{self, Dialled};
use super::judge::peers::{self, Own};
use super::judge::running;
use super::judge::source::{self, Route};
use super::{CheckId, Finding, Verdict};
use crate::config::{Address, ClientName, EtcdVersion, Node};
use crate::etcd::{ExtraFlags, arguments};
use crate::host::{self, DiskProbe, MemberState, NodeFiles};
use crate::plan::{ClusterToken, MemberPlan, NodePaths, PeerUrl, Plane, StartDecision};
use crate::tls::{self, Peer, PeerAnswer, Target};
use crate::zone_directory::{Authorities, ZoneDirectory};

/// How long the other members may take to answer.
const PEERS_LIMIT: Duration = Duration::from_millis(1500);
/// How long a name server may take.
const NAMES_LIMIT: Duration = Duration::from_secs(1);

/// Every check of one node.
#[derive(Debug)]
pub struct NodeCheck<'z> {
    zone: &'z ZoneDirectory,
    node: &'z Node,
    paths: NodePaths,
    files: NodeFiles,
    member: Option<MemberPlan>,
    remedies: Remedies,
    /// URLs that the live member list has for this node.
    listed: Vec<Dialled>,
    now: OffsetDateTime,
}

/// What is found out by asking others, all at the same time.
struct Asked {
    disk: Option<Result<DiskProbe, String>>,
    peers: Option<Result<Vec<PeerAnswer>, String>>,
    resolved: BTreeMap<String, Result<Vec<IpAddr>, String>>,
}

/// Whether the handshakes of clients are rehearsed too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clients {
    In,
    Out,
}

/// The checks that `run` makes before each start: everything about the certificates of `node`, with the files as they are. They
/// take less than 5 ms together.
pub fn before_start(
    zone: &ZoneDirectory,
    node: &Node,
    member: &MemberPlan,
    now: OffsetDateTime,
) -> Vec<Finding> {
    // A client that cannot get in is no reason to keep a member from starting.
    NodeCheck::with_plan(zone, node, Some(member.clone()), now).certificates_with(Clients::Out)
}

impl<'z> NodeCheck<'z> {
    /// Reads the node's files. Works without the CAs, and before anything was issued.
    pub fn new(zone: &'z ZoneDirectory, node: &'z Node, now: OffsetDateTime) -> Self {
        // What the token goes into is of no interest here, and a check has to work without a CA that can be read.
        let token = match Authorities::load(&zone.paths, now) {
            Ok(authorities) => zone.token(&authorities),
            Err(_) => ClusterToken::given("unknown"),
        };
        let paths = zone.paths.node(&node.name);
        let member = MemberPlan::new(&zone.config, node, token, paths, host::facts()).ok();
        Self::with_plan(zone, node, member, now)
    }

    fn with_plan(
        zone: &'z ZoneDirectory,
        node: &'z Node,
        member: Option<MemberPlan>,
        now: OffsetDateTime,
    ) -> Self {
        let paths = zone.paths.node(&node.name);
        let files = NodeFiles::read(&paths, node);
        let has_authority = zone.paths.authority_key(Plane::Peer.name()).exists();
        let then = if has_authority {
            String::new()
        } else {
            format!(", where the CAs are, and copy {} from there", paths.generations().display())
        };
        let remedies = Remedies { issue: zone.proposed(&format!("pki issue {}", node.name.short())), then };
        Self { zone, node, paths, files, member, remedies, listed: Vec::new(), now }
    }

    /// Adds what the live member list has for this node to what its certificates have to stand for.
    pub fn listed_at(mut self, peer_urls: &[String], client_urls: &[String]) -> Self {
        self.add_listed(peer_urls, client_urls);
        self
    }

    fn add_listed(&mut self, peer_urls: &[String], client_urls: &[String]) {
        for (urls, stem) in [(peer_urls, "peer"), (client_urls, "server")] {
            for url in urls {
                let dialled = Dialled { url: url.clone(), stem, source: "the live member list" };
                self.listed.push(dialled);
            }
        }
    }

    /// The files of the node.
    pub fn files(&self) -> &NodeFiles {
        &self.files
    }

    /// Whether the node is this machine: whether its address can be bound here, or its member runs here.
    pub fn is_here(&self) -> bool {
        if self.own_process().is_some_and(host::shares_network) {
            return true;
        }
        match &self.node.address {
            Address::Ip(ip) => host::is_here(*ip),
            Address::Name(name) => {
                let found = host::resolve([name.to_string()], NAMES_LIMIT).remove(name.as_str());
                found.is_some_and(|found| found.is_ok_and(|ips| ips.into_iter().any(host::is_here)))
            }
        }
    }

    /// The process of the member, if it runs here.
    pub fn own_process(&self) -> Option<u32> {
        host::running_member(&self.paths)
    }

    /// Everything about certificates, keys and lists, and the handshakes in memory. Asks nobody.
    pub fn certificates(&self) -> Vec<Finding> {
        self.certificates_with(Clients::In)
    }

    fn certificates_with(&self, clients: Clients) -> Vec<Finding> {
        let leaf_validity =
            time::Duration::try_from(self.zone.config.pki.leaf_validity).unwrap_or(time::Duration::MAX);
        let mut findings = certificates::judge(&self.files, &self.remedies, leaf_validity, self.now);
        if let Some(member) = &self.member {
            findings.extend(names::names(&self.files, &self.dialled(member), &self.remedies));
            let rehearsed = tls::rehearse(&self.files.directory, self.scenes(member, clients));
            let handshakes = names::handshakes(&rehearsed, &findings, &self.remedies);
            findings.extend(handshakes);
        }
        self.marked(findings)
    }

    /// Every check of this node. `with_disk` measures the disk too.
    pub fn all(&mut self, with_disk: bool) -> Vec<Finding> {
        let member = self.member.clone();
        let asked = member.as_ref().map(|member| self.ask(member, with_disk));
        if let Some(Ok(answers)) = asked.as_ref().and_then(|asked| asked.peers.as_ref())
            && self.listed.is_empty()
        {
            self.ask_for_list(answers);
        }
        let mut findings = self.certificates();
        findings.extend(self.zone_authorities());
        findings.push(self.clock());
        if let (Some(member), Some(asked)) = (&member, &asked) {
            let own = self.own_process();
            findings.extend(self.machine(member, asked, own));
            let source = self.source(&asked.resolved);
            let faults = likely_reasons(&findings, &source, self.presented());
            findings.extend(source);
            findings.extend(self.judge_peers(member, asked, faults));
        }
        self.marked(findings)
    }

    fn marked(&self, findings: Vec<Finding>) -> Vec<Finding> {
        findings.into_iter().map(|finding| finding.on(self.node.name.short())).collect()
    }

    /// The stem of the certificate that the member shows to its peers.
    fn presented(&self) -> &'static str {
        if self.member.as_ref().is_some_and(|member| member.peer_client) { "peer-client" } else { "peer" }
    }

    fn dialled(&self, member: &MemberPlan) -> Vec<Dialled> {
        let from_file = |url: &str, stem| Dialled { url: url.to_owned(), stem, source: "zone.toml" };
        let mut dialled = vec![
            from_file(member.member.peer_url.as_str(), "peer"),
            from_file(&member.advertise_client, "server"),
        ];
        for (urls, stem) in [(&member.listen_peer, "peer"), (&member.listen_client, "server")] {
            for url in urls {
                // Nobody can dial `[::]`; who is on the same machine dials loopback.
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
                    && super::hostname::host_of(&other.url) == super::hostname::host_of(&each.url)
            });
            if is_new {
                seen.push(each);
            }
        }
        seen
    }

    fn scenes(&self, member: &MemberPlan, clients: Clients) -> Vec<tls::Scene> {
        let host = |url: &str| super::hostname::host_of(url).unwrap_or_default().to_owned();
        let admin = self.zone.paths.client_current(&ClientName::admin());
        let directories: Vec<PathBuf> = match clients {
            Clients::In => {
                [self.files.directory.clone(), admin].into_iter().filter(|path| path.exists()).collect()
            }
            Clients::Out => Vec::new(),
        };
        tls::scenes(
            &self.files.directory,
            self.presented(),
            &host(member.member.peer_url.as_str()),
            &host(&member.advertise_client),
            &directories,
        )
    }

    /// The CAs that the node trusts against those of the zone, if these are here.
    fn zone_authorities(&self) -> Vec<Finding> {
        let Ok(authorities) = Authorities::load(&self.zone.paths, self.now) else { return Vec::new() };
        let compare = |plane: Plane| {
            let of_node = self.files.plane(plane)?.authority.as_ref().ok()?;
            let path = self.zone.paths.authority_certificate(plane.name());
            certificates::trust(
                plane.authority_file(),
                of_node,
                authorities.plane(plane),
                &path,
                &self.remedies,
            )
        };
        Plane::ALL.into_iter().filter_map(compare).collect()
    }

    fn clock(&self) -> Finding {
        let leaves = self.files.roles.iter().filter_map(|files| files.chain.as_ref().ok()?.first());
        let newest = leaves.map(zone_pki::Certificate::not_before).max();
        let mut last_issued = None;
        if let Ok(log) = IssuanceLog::open(self.zone.paths.issuance_log()) {
            // A log that cannot be read is told of by who writes to it.
            let _ = log.for_each(|entry| last_issued = last_issued.max(Some(entry.issued_at)));
        }
        certificates::clock(newest, last_issued, self.now)
    }

    fn peers(&self) -> Vec<Peer> {
        let others = self.zone.config.members().filter(|node| node.name != self.node.name);
        others
            .map(|node| {
                let host = match &node.address {
                    Address::Ip(ip) => ip.to_string(),
                    Address::Name(name) => name.to_string(),
                };
                Peer {
                    node: node.name.short().to_owned(),
                    url: PeerUrl::of(node).to_string(),
                    target: Target { host, port: node.peer_port.number() },
                }
            })
            .collect()
    }

    fn ask(&self, member: &MemberPlan, with_disk: bool) -> Asked {
        let names: Vec<String> = self
            .zone
            .config
            .members()
            .filter_map(|node| match &node.address {
                Address::Name(name) => Some(name.to_string()),
                Address::Ip(_) => None,
            })
            .collect();
        let peers = self.peers();
        let data = member.paths.data();
        let stem = self.presented();
        std::thread::scope(|scope| {
            let disk = with_disk.then(|| scope.spawn(|| host::probe_disk(&data)));
            let resolved = scope.spawn(|| host::resolve(names, NAMES_LIMIT));
            let peers = (!peers.is_empty()).then(|| {
                tls::probe_peers(peers, &self.files.directory, stem, PEERS_LIMIT)
                    .map_err(|error| error.to_string())
            });
            let ended = |_| "the measurement ended early".to_owned();
            Asked {
                disk: disk.map(|thread| thread.join().map_err(ended).and_then(|result| result)),
                peers,
                resolved: resolved.join().unwrap_or_default(),
            }
        })
    }

    /// Asks the first peer that answered for the member list, and remembers where it has this node.
    fn ask_for_list(&mut self, answers: &[PeerAnswer]) {
        let Some(answer) = answers.iter().find(|answer| answer.reply.is_ok()) else { return };
        let own_url = PeerUrl::of(self.node).to_string();
        let Some((peer_urls, client_urls)) =
            listed_urls(&answer.peer, &self.files.directory, self.presented(), self.node, &own_url)
        else {
            return;
        };
        self.add_listed(&peer_urls, &client_urls);
    }

    fn machine(&self, member: &MemberPlan, asked: &Asked, own: Option<u32>) -> Vec<Finding> {
        let (paths, settings) = (&self.paths, &member.settings);
        let data = paths.data();
        let user = nix::unistd::geteuid().as_raw();
        let database = host::database_size(&data);
        let mut findings = vec![
            machine::data_directory(&data, host::look_at_data_directory(&data), user),
            self.state_file(),
        ];
        findings.push(machine::one_etcd(&data, &host::users_of(&data), own));
        let urls: Vec<&str> = member.listeners().collect();
        let faults = host::check_listeners(member.listeners());
        findings.extend(machine::listeners(&urls, &faults, self.node.name.short(), own));
        findings.extend(machine::host_names(&self.resolutions(&asked.resolved), self.node.name.short()));
        if let Some(disk) = &asked.disk {
            findings.push(machine::disk_latency(disk.as_ref().map_err(String::as_str), settings.heartbeat));
        }
        if let Ok(space) = host::free_space(&data) {
            findings.push(machine::disk_space(&space, database, settings.quota));
        }
        if let Some(limit) = host::open_file_limit(own) {
            findings.push(machine::open_files(limit, own));
        }
        if let (Some(running), Some(planned)) =
            (own.and_then(host::arguments_of), self.planned_arguments(member))
        {
            findings.push(running::flags(&running, &planned));
        }
        findings
    }

    fn state_file(&self) -> Finding {
        let path = self.paths.state();
        let state = MemberState::load(&path);
        let found = match &state {
            Ok(state) => Ok(state.as_ref().map(|state| (state.zone.as_str(), state.node.as_str()))),
            Err(error) => Err(error),
        };
        machine::state_file(&path, found, (self.zone.config.name.as_str(), self.node.name.full()))
    }

    fn resolutions(&self, resolved: &BTreeMap<String, Result<Vec<IpAddr>, String>>) -> Vec<Resolution> {
        let of_node = |node: &Node| {
            let Address::Name(name) = &node.address else { return None };
            let addresses = resolved.get(name.as_str())?.clone();
            let is_here =
                addresses.as_ref().is_ok_and(|ips| ips.iter().any(|address| host::is_here(*address)));
            Some(Resolution {
                name: name.to_string(),
                node: node.name.short().to_owned(),
                addresses,
                is_here,
            })
        };
        self.zone.config.members().filter_map(of_node).collect()
    }

    fn version(&self) -> EtcdVersion {
        self.zone.config.etcd.version.unwrap_or(EtcdVersion::DEFAULT)
    }

    /// The command line that zone.toml leads to; none if its flags would not be taken.
    fn planned_arguments(&self, member: &MemberPlan) -> Option<Vec<String>> {
        let version = self.version();
        let line = version.line().ok()?;
        let settings = &self.zone.config.etcd;
        let extra = ExtraFlags::check(&settings.flags, &[], version, line, settings.tls_minimum).ok()?;
        // How it was started at first shows in flags that are not compared.
        Some(arguments(member, &StartDecision::Bootstrap, line, &extra))
    }

    fn source(&self, resolved: &BTreeMap<String, Result<Vec<IpAddr>, String>>) -> Vec<Finding> {
        let stem = self.presented();
        let Some(leaf) = self.files.leaf(stem) else { return Vec::new() };
        let routes = self.routes(resolved);
        let none = BTreeMap::new();
        let is_refused =
            |route: &Route| source::admission(leaf, route.from, &none) == source::Admission::Refused;
        // A name server is asked only where its answer matters.
        let by_name = if routes.iter().any(is_refused) { addresses_of_names(leaf) } else { none };
        source::judge(self.node, &format!("{stem}.crt"), leaf, &routes, &by_name, &self.remedies.issue)
    }

    fn routes(&self, resolved: &BTreeMap<String, Result<Vec<IpAddr>, String>>) -> Vec<Route> {
        let mut routes = Vec::new();
        for peer in self.peers() {
            let addresses = match peer.target.host.parse::<IpAddr>() {
                Ok(ip) => vec![ip],
                Err(_) => resolved.get(&peer.target.host).cloned().and_then(Result::ok).unwrap_or_default(),
            };
            for to in addresses {
                // Without a route there is no address; that the peer is not reached is told elsewhere.
                if let Ok(from) = host::source_towards(SocketAddr::new(to, peer.target.port)) {
                    routes.push(Route { peer: peer.node.clone(), to, from });
                }
            }
        }
        routes
    }

    fn judge_peers(
        &self,
        member: &MemberPlan,
        asked: &Asked,
        faults: Vec<(String, Option<String>)>,
    ) -> Vec<Finding> {
        let settings = &member.settings;
        let answers = match &asked.peers {
            None => return Vec::new(),
            Some(Ok(answers)) => answers,
            Some(Err(why)) => {
                return vec![
                    Finding::new(CheckId::PeerReachable, Verdict::Note, "peers", format!("not asked: {why}"))
                        .remedy(self.remedies.issue.clone()),
                ];
            }
        };
        let own = Own {
            file: format!("{}.crt", self.presented()),
            faults,
            revocations: self.files.plane(Plane::Peer).and_then(|files| files.revocations.as_ref().ok()),
            issue: self.zone.proposed("pki issue NODE"),
            run: self.zone.proposed("run --node NODE"),
        };
        let mut findings: Vec<Finding> =
            answers.iter().flat_map(|answer| peers::judge(answer, &own, self.now)).collect();
        let replies =
            || answers.iter().filter_map(|answer| Some((&answer.peer.node, answer.reply.as_ref().ok()?)));
        let mut versions: Vec<(String, String)> =
            replies().filter_map(|(node, reply)| Some((node.clone(), peers::version_of(reply)?))).collect();
        if !versions.is_empty() {
            versions.push((self.node.name.short().to_owned(), self.version().to_string()));
        }
        findings.extend(peers::versions(&versions));
        let round_trips: Vec<(String, Duration)> =
            replies().map(|(node, reply)| (node.clone(), reply.connected_after)).collect();
        findings.extend(peers::timing(&round_trips, settings.heartbeat, settings.election));
        findings
    }
}

/// The addresses of a certificate's DNS names, as they resolve here. `localhost` leads to this machine on every machine.
fn addresses_of_names(leaf: &zone_pki::Certificate) -> BTreeMap<String, Vec<IpAddr>> {
    let names = leaf.names().iter().filter_map(|name| match name {
        zone_pki::SubjectAltName::Dns(name) if name != "localhost" && !name.starts_with('*') => {
            Some(name.clone())
        }
        _ => None,
    });
    let resolved = host::resolve(names, NAMES_LIMIT);
    resolved.into_iter().filter_map(|(name, addresses)| Some((name, addresses.ok()?))).collect()
}

/// What may make a peer refuse this node, the likeliest first.
fn likely_reasons(earlier: &[Finding], source: &[Finding], stem: &str) -> Vec<(String, Option<String>)> {
    let about_it = |finding: &&Finding| {
        finding.verdict == Verdict::Failed
            && match finding.check {
                CheckId::RevocationList => finding.subject.ends_with(Plane::Peer.revocation_file()),
                CheckId::CertificateValidity | CheckId::CertificateUsage | CheckId::CertificateChain => {
                    finding.subject == format!("{stem}.crt")
                }
                _ => false,
            }
    };
    let of_source =
        source.iter().filter(|finding| matches!(finding.verdict, Verdict::Failed | Verdict::Note));
    earlier
        .iter()
        .filter(about_it)
        .chain(of_source)
        .map(|finding| {
            let what = match finding.check {
                CheckId::SourceAddress => finding.found.clone(),
                _ => format!("{}: {}", finding.subject, finding.found),
            };
            (what, finding.remedy.clone())
        })
        .collect()
}

/// Where the member list of a peer has this node: at which URLs for peers and for clients.
fn listed_urls(
    peer: &Peer,
    generation: &std::path::Path,
    stem: &str,
    node: &Node,
    own_url: &str,
) -> Option<(Vec<String>, Vec<String>)> {
    #[derive(serde::Deserialize)]
    struct Listed {
        #[serde(rename = "peerURLs", default)]
        peer_urls: Vec<String>,
        #[serde(rename = "clientURLs", default)]
        client_urls: Vec<String>,
        #[serde(default)]
        name: String,
    }
    let pair = tls::KeyPair::load(generation, stem).ok()?;
    let trust = tls::Trust::load(&generation.join(Plane::Peer.authority_file())).ok()?;
    let (config, _) = trust.client(Some(&pair)).ok()?;
    let deadline = Instant::now() + PEERS_LIMIT / 3;
    let reply = tls::get(&peer.target, config.into(), "/members", &[], deadline).ok()?;
    let listed: Vec<Listed> = serde_json::from_slice(&reply.body).ok()?;
    let own = listed.into_iter().find(|member| {
        member.name == node.name.short() || member.peer_urls.iter().any(|url| url == own_url)
    })?;
    Some((own.peer_urls, own.client_urls))
}
