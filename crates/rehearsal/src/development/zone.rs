//! The development zone: started in order, watched, stopped in order.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::member::{Ended, Hush, Member, Prefix, Readiness, Shown};
use super::preparation::DevelopmentOptions;
use etcd::client::{ClientCredentials, MemberClient};
use model::config::{ClientName, Node};
use model::error::{Exit, Failure, Result};
use store::zone_directory::ZoneDirectory;

/// Members that have not formed a cluster by then never will.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long one member may take to stop.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// Before a member is started again whose start was refused for now: something else holds its directory.
const REFUSED_PAUSE: Duration = Duration::from_millis(200);
/// Between two questions to a member that is not ready.
const RETRY: Duration = Duration::from_millis(5);

#[derive(Debug)]
pub struct DevelopmentZone<'z> {
    zone: &'z ZoneDirectory,
    executable: PathBuf,
    etcd: Option<PathBuf>,
    verbose: bool,
    /// What is shown of members that are ready.
    afterwards: Shown,
    hush: Hush,
    /// In the order of the zone's members.
    members: Vec<Member>,
    readiness: Vec<Readiness>,
    /// The places of those that were started again and are not ready yet.
    away: Vec<usize>,
    /// Since when starts have been refused.
    refused_since: Option<Instant>,
}

/// How the wait for a zone ended.
#[derive(Debug)]
pub enum Progress {
    /// Every member takes requests.
    Ready {
        /// The short name of the leader's node.
        leader: String,
    },
    Ended(Ended),
}

impl<'z> DevelopmentZone<'z> {
    /// Starts every member, all at once: they found the zone together, and take turns.
    pub async fn start(zone: &'z ZoneDirectory, options: &DevelopmentOptions) -> Result<Self> {
        let executable = options
            .program
            .clone()
            .map_or_else(std::env::current_exe, Ok)
            .map_err(|error| Failure::internal("cannot find this program's own file").because(&error))?;
        let mut running = Self {
            zone,
            executable,
            etcd: options.etcd.clone(),
            verbose: options.verbose,
            afterwards: if options.quiet { Shown::Nothing } else { Shown::Notable },
            hush: Hush::default(),
            members: Vec::new(),
            readiness: Vec::new(),
            away: Vec::new(),
            refused_since: None,
        };
        for (index, node) in zone.config.members().enumerate() {
            let (member, readiness) = running.start_member(index, node, Shown::Nothing)?;
            running.members.push(member);
            running.readiness.push(readiness);
        }
        Ok(running)
    }

    fn start_member(&self, index: usize, node: &Node, shown: Shown) -> Result<(Member, Readiness)> {
        let shown = if self.verbose { Shown::Everything } else { shown };
        let width = self.zone.config.members().map(|node| node.name.short().len()).max().unwrap_or_default();
        let name = node.name.short();
        let prefix = Prefix { text: format!("{name:<width$} | "), colour: index };
        let (zone, etcd) = (self.zone.paths.root(), self.etcd.as_deref());
        Member::start(&self.executable, zone, name, etcd, prefix, (shown, self.hush.clone()))
            .map_err(|error| Failure::new(Exit::Unavailable, format!("cannot start {name}")).because(&error))
    }

    /// Waits until every member takes requests through the quorum, or the first of them ends.
    pub async fn wait_until_ready(&mut self) -> Result<Progress> {
        let clients = self.member_clients()?;
        let Self { zone, members, readiness, .. } = self;
        let ready = timeout(START_LIMIT, async {
            let leader = take_requests(readiness, &clients).await?;
            let leader = zone.config.members().nth(leader).map(|node| node.name.short().to_owned());
            Ok(Progress::Ready { leader: leader.unwrap_or_default() })
        });
        let progress = tokio::select! {
            ready = ready => ready.map_err(|_| not_ready())??,
            ended = first_to_end(members) => Progress::Ended(ended?.1),
        };
        if !self.verbose {
            self.members.iter().for_each(|member| member.show(self.afterwards));
        }
        Ok(progress)
    }

    /// Keeps the members running until one ends by itself. One that ends by SIGTERM is started again,
    /// quietly: so a service manager treats a unit that is told to restart, and so members are restarted one
    /// after the other. One whose start is refused for now is started again too, for a while: a restore keeps
    /// members stopped by their lock. It may be dropped and called again at any time.
    pub async fn supervise(&mut self) -> Result<Ended> {
        loop {
            let Self { members, readiness, away, .. } = self;
            tokio::select! {
                ended = first_to_end(members) => {
                    let (index, ended) = ended?;
                    match (ended.was_asked, ended.may_try_again) {
                        (true, _) => {}
                        (false, true) if self.may_be_refused_again() => sleep(REFUSED_PAUSE).await,
                        _ => return Ok(ended),
                    }
                    self.start_again(index)?;
                }
                () = ready(readiness, away), if !away.is_empty() => {
                    away.pop();
                    if away.is_empty() {
                        self.refused_since = None;
                        self.hush.lift();
                    }
                }
            }
        }
    }

    fn may_be_refused_again(&mut self) -> bool {
        self.refused_since.get_or_insert_with(Instant::now).elapsed() <= START_LIMIT
    }

    fn start_again(&mut self, index: usize) -> Result<()> {
        let nodes = &self.zone.config;
        let node = nodes.members().nth(index).ok_or_else(|| Failure::internal("a member of no node"))?;
        let (member, readiness) = self.start_member(index, node, self.afterwards)?;
        (self.members[index], self.readiness[index]) = (member, readiness);
        self.away.retain(|away| *away != index);
        self.away.push(index);
        Ok(())
    }

    /// Stops the members, the last started first. What a throwaway zone holds is thrown away with it, so its
    /// members are not asked to take their leave of each other.
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

/// Waits until every member takes requests, and returns the place of the leader. etcd's own word, which comes
/// first, is not enough: it is also given by a member that is about to end.
async fn take_requests(readiness: &[Readiness], clients: &[MemberClient]) -> Result<usize> {
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
        for (place, client) in clients.iter().enumerate() {
            let Ok(status) = client.status().await else { continue };
            if status.leader().is_some() && status.leader() == status.member() {
                return Ok(place);
            }
        }
        sleep(RETRY).await;
    }
}

/// Waits until the member that was started again last is ready. One that cannot be heard of is taken for
/// ready: whether it is does not matter to its supervisor, but for what is shown.
async fn ready(readiness: &[Readiness], away: &[usize]) {
    if let Some(readiness) = away.last().and_then(|index| readiness.get(*index)) {
        let _ = readiness.reported().await;
    }
}

fn not_ready() -> Failure {
    Failure::new(Exit::Unavailable, format!("the zone was not ready after {} s", START_LIMIT.as_secs()))
        .next("run it again with --verbose to see what the members log")
}

async fn first_to_end(members: &mut [Member]) -> Result<(usize, Ended)> {
    let end = async |(place, member): (usize, &mut Member)| member.end().await.map(|ended| (place, ended));
    let ends = members.iter_mut().enumerate().map(|member| Box::pin(end(member)));
    first(ends.collect()).await.map_err(|error| Failure::internal("cannot wait for a member").because(&error))
}

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
