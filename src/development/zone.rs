//! The development zone: described, made, started in order, watched, stopped in order.

use std::path::{Path, PathBuf};
use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::{sleep, timeout};

use super::member::{Ended, Member, Readiness, Shown};
use crate::config::{ClientName, Node, Template, TemplateNode};
use crate::error::{Exit, Failure, Result};
use crate::etcd::EtcdVersion;
use crate::etcd::client::{ClientCredentials, MemberClient};
use crate::host::free_ports;
use crate::plan::{EtcdId, InitialCluster};
use crate::report;
use crate::zone_directory::{
    Assessment, Authorities, CaPassphrase, Holder, Issuer, NewKeys, ZoneDirectory, ZoneLock, all_clients,
    create_directory, create_file, create_missing,
};

/// The zone's name. `.internal` is reserved for private use, so it resolves nowhere.
const ZONE_NAME: &str = "dev.internal";
/// The smallest number of members that survives the loss of one.
const DEFAULT_NODES: u8 = 3;
/// Members that have not formed a cluster by then never will.
const START_LIMIT: Duration = Duration::from_secs(60);
/// A member whose bootstrap check lasts longer does not hold up the next one.
const ORDER_LIMIT: Duration = Duration::from_millis(500);
/// How long one member may take to stop.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// Between two questions to a member that is not ready.
const RETRY: Duration = Duration::from_millis(5);

/// What is asked of a development zone.
#[derive(Clone, Debug)]
pub struct DevelopmentOptions {
    /// How many members a new zone has, if not three.
    pub nodes: Option<u8>,
    /// The version of etcd for a new zone, if not the default.
    pub etcd_version: Option<String>,
    /// A binary to run instead of a bundled one.
    pub etcd: Option<PathBuf>,
    /// Show every line of the members.
    pub verbose: bool,
    /// The program whose `run` becomes the members, instead of this one.
    pub program: Option<PathBuf>,
}

/// Describes the zone in `directory` if nothing is there, and makes all of its certificates.
pub fn prepare(directory: &Path, options: &DevelopmentOptions, now: OffsetDateTime) -> Result<ZoneDirectory> {
    create_directory(directory)?;
    let config = directory.join("zone.toml");
    let exists = config.exists();
    if !exists {
        let text = describe(options)?;
        create_file(&config, &text)?;
    }
    let zone = ZoneDirectory::open(directory, CaPassphrase::new(None, None)?)?;
    if exists {
        refuse_to_change(&zone, options)?;
    }
    if let Some(node) = zone.config.members().find(|node| !node.address.is_loopback()) {
        return Err(Failure::new(
            Exit::Configuration,
            format!("{} is not a zone of this machine alone", directory.display()),
        )
        .because(format!("{} has the address {}", node.name.short(), node.address))
        .next("dev runs zones on 127.0.0.1; start this one with `zone-etcd run` on its nodes"));
    }
    let held = zone.lock()?;
    create_missing(&zone.paths, &zone.config, &NewKeys::clear(&zone.ca_passphrase), now, &held)?;
    issue_all(&zone, now, &held)?;
    drop(held);
    Ok(zone)
}

/// A zone that is there stays as it is described: another number of members or another etcd is not a matter of an option.
fn refuse_to_change(zone: &ZoneDirectory, options: &DevelopmentOptions) -> Result<()> {
    let members = zone.config.members().count();
    let version = zone.config.etcd.version.unwrap_or(EtcdVersion::DEFAULT).to_string();
    let difference = match (&options.nodes, &options.etcd_version) {
        (Some(nodes), _) if usize::from(*nodes) != members => {
            format!("it has {members} members, not {nodes}")
        }
        (_, Some(asked)) if *asked != version => format!("it runs etcd {version}, not {asked}"),
        _ => return Ok(()),
    };
    Err(Failure::new(Exit::Usage, format!("{} has a zone already", zone.paths.root().display()))
        .because(difference)
        .next("leave the option out, or choose another directory with --dir"))
}

fn describe(options: &DevelopmentOptions) -> Result<String> {
    let count = usize::from(options.nodes.unwrap_or(DEFAULT_NODES));
    let ports = free_ports(3 * count).map_err(|error| {
        Failure::new(Exit::TryAgain, "cannot find free ports")
            .because(&error)
            .next("stop something that listens on 127.0.0.1")
    })?;
    let nodes = ports.chunks_exact(3).enumerate().map(|(index, ports)| TemplateNode {
        name: format!("node{}", index + 1),
        address: Some("127.0.0.1".to_owned()),
        client_port: Some(ports[0]),
        peer_port: Some(ports[1]),
        metrics_port: Some(ports[2]),
    });
    // Loopback answers in microseconds; etcd's defaults are made for a data centre.
    let mut etcd =
        vec![("heartbeat".to_owned(), "10ms".to_owned()), ("election".to_owned(), "100ms".to_owned())];
    if let Some(version) = &options.etcd_version {
        etcd.push(("version".to_owned(), version.clone()));
    }
    Ok(Template { zone: ZONE_NAME.to_owned(), nodes: nodes.collect(), etcd }.render())
}

fn issue_all(zone: &ZoneDirectory, now: OffsetDateTime, held: &ZoneLock) -> Result<()> {
    let authorities = Authorities::load(&zone.paths, now)?;
    let clients = all_clients(zone)?;
    let holders = zone.config.nodes.iter().map(Holder::Node).chain(clients.iter().map(Holder::Client));
    let assessments = holders
        .map(|holder| Assessment::of(holder, &zone.config, &zone.paths, &authorities, now))
        .collect::<Result<Vec<_>>>()?;
    Issuer::new(zone, &authorities, held)?.bring_up_to_date(&assessments, now).map(drop)
}

/// A zone whose members run.
#[derive(Debug)]
pub struct DevelopmentZone<'z> {
    zone: &'z ZoneDirectory,
    members: Vec<Member>,
    readiness: Vec<Readiness>,
    verbose: bool,
}

/// How the wait for a zone ended.
#[derive(Debug)]
pub enum Progress {
    /// Every member takes requests.
    Ready {
        /// The short name of the leader's node.
        leader: String,
    },
    /// A member ended.
    Ended(Ended),
}

impl<'z> DevelopmentZone<'z> {
    /// Starts every member. Each is started when the one before answers its peers: etcd's bootstrap check asks the other
    /// members one after another and waits a second for each that is bound but does not answer yet, so members that start
    /// at the same instant hold each other up.
    pub async fn start(zone: &'z ZoneDirectory, options: &DevelopmentOptions) -> Result<Self> {
        let executable = options
            .program
            .clone()
            .map_or_else(std::env::current_exe, Ok)
            .map_err(|error| Failure::internal("cannot find this program's own file").because(&error))?;
        let shown = if options.verbose { Shown::Everything } else { Shown::Nothing };
        let nodes: Vec<&Node> = zone.config.members().collect();
        let width = nodes.iter().map(|node| node.name.short().len()).max().unwrap_or_default();
        let mut running = Self { zone, members: Vec::new(), readiness: Vec::new(), verbose: options.verbose };
        for (index, node) in nodes.iter().enumerate() {
            if let Some(previous) = running.members.last_mut() {
                previous.serves_peers(ORDER_LIMIT).await;
            }
            let name = node.name.short();
            let colour = ["36", "35", "32", "34", "33", "31"][index % 6];
            let prefix = report::paint(colour, &format!("{name:<width$} | "));
            let (member, readiness) =
                Member::start(&executable, zone.paths.root(), name, options.etcd.as_deref(), prefix, shown)
                    .map_err(|error| {
                    Failure::new(Exit::Unavailable, format!("cannot start {name}")).because(&error)
                })?;
            running.members.push(member);
            running.readiness.push(readiness);
        }
        Ok(running)
    }

    /// Waits until every member takes requests through the quorum, or the first of them ends.
    pub async fn wait_until_ready(&mut self) -> Result<Progress> {
        let clients = self.member_clients()?;
        let Self { zone, members, readiness, verbose } = self;
        let ready = timeout(START_LIMIT, async {
            let leader = take_requests(readiness, &clients).await?;
            Ok(Progress::Ready { leader: name_of(zone, leader) })
        });
        let progress = tokio::select! {
            ready = ready => ready.map_err(|_| not_ready())??,
            ended = first_to_end(members) => Progress::Ended(ended?),
        };
        if !*verbose {
            members.iter().for_each(|member| member.show(Shown::Notable));
        }
        Ok(progress)
    }

    /// Waits for the first member that ends by itself.
    pub async fn first_to_end(&mut self) -> Result<Ended> {
        first_to_end(&mut self.members).await
    }

    /// Stops the members, the last started first. What a throwaway zone holds is thrown away with it, so its members are
    /// not asked to take their leave of each other.
    pub async fn stop(mut self, throwaway: bool) {
        self.members.iter().for_each(|member| member.show(Shown::Nothing));
        for member in self.members.iter_mut().rev() {
            if throwaway { member.kill().await } else { member.stop(STOP_LIMIT).await }
        }
    }

    fn member_clients(&self) -> Result<Vec<MemberClient>> {
        let generation = self.zone.paths.client_current(&ClientName::admin());
        let credentials =
            ClientCredentials::load(&generation).map_err(|error| Failure::read(&generation, &error))?;
        let client = |node: &Node| {
            let url = node.client_url();
            MemberClient::new(&url, &node.address.to_string(), &credentials, Duration::from_secs(1))
                .map_err(|error| Failure::internal(format!("cannot make a client for {url}")).because(&error))
        };
        self.zone.config.members().map(client).collect()
    }
}

/// etcd's own word, which comes first, is not enough: it is also given by a member that is about to end.
async fn take_requests(readiness: &[Readiness], clients: &[MemberClient]) -> Result<EtcdId> {
    for member in readiness {
        member
            .reported()
            .await
            .map_err(|error| Failure::internal("cannot hear from a member").because(&error))?;
    }
    for client in clients {
        while client.quorum_read().await.is_err() {
            sleep(RETRY).await;
        }
    }
    loop {
        for client in clients {
            if let Some(leader) = client.status().await.ok().and_then(|status| status.leader()) {
                return Ok(leader);
            }
        }
        sleep(RETRY).await;
    }
}

fn not_ready() -> Failure {
    Failure::new(Exit::Unavailable, format!("the zone was not ready after {} s", START_LIMIT.as_secs()))
        .next("run it again with --verbose to see what the members log")
}

/// The short name of the node whose member has this id.
fn name_of(zone: &ZoneDirectory, id: EtcdId) -> String {
    let authorities = Authorities::load(&zone.paths, OffsetDateTime::now_utc());
    let name = authorities.ok().and_then(|authorities| {
        let cluster = InitialCluster::new(&zone.config, authorities.token(&zone.config));
        cluster.members.into_iter().find(|member| member.id == id).map(|member| member.name)
    });
    name.unwrap_or_else(|| id.to_string())
}

async fn first_to_end(members: &mut [Member]) -> Result<Ended> {
    let ends = members.iter_mut().map(|member| Box::pin(member.end()));
    first(ends.collect()).await.map_err(|error| Failure::internal("cannot wait for a member").because(&error))
}

/// The first of several futures to finish.
async fn first<F: Future + Unpin>(mut futures: Vec<F>) -> F::Output {
    std::future::poll_fn(|context| {
        for future in &mut futures {
            if let std::task::Poll::Ready(output) = std::pin::Pin::new(future).poll(context) {
                return std::task::Poll::Ready(output);
            }
        }
        std::task::Poll::Pending
    })
    .await
}
