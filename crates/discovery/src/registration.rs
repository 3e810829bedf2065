//! The members by a registry: this node registers, and waits for the others.
//!
//! etcd would do so itself, by `--discovery-token`; but a member that was emptied then finds itself
//! registered, and votes again. Here the start decision says whether a node may found.

use std::time::{Duration, Instant};

use zone_pki::ShowPath;

use etcd::client::{Answer, CallError, ClientCredentials, MemberClient};
use etcd::tls::hostname::host_of;
use live::on_runtime;
use model::config::{ClusterSize, LocalConfig, MemberList, NodeName, Problem, RegistryDiscovery};
use model::error::{Exit, Failure, Result};
use model::plan::Registry;
use store::node_directory::Place;

use super::registered::{Own, Progress, RegistryRefusal, nodes, progress, source};
use super::{Search, own_credentials, unsound};

/// How long one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);
/// How often the registry is read while others are waited for.
const INTERVAL: Duration = Duration::from_millis(500);
/// How often is told for whom.
const TOLD_EVERY: Duration = Duration::from_secs(10);

#[tracing::instrument(skip_all, name = "ask the discovery service")]
pub(super) fn members(
    registry: &RegistryDiscovery,
    size: ClusterSize,
    local: &LocalConfig,
    place: &Place<'_>,
    search: Search<'_>,
) -> Result<(MemberList, Vec<Problem>)> {
    let name = NodeName::parse(local.name.as_str(), &local.zone_name)
        .map_err(|fault| Failure::internal("the node's name is not in its zone").because(&fault))?;
    let service = Service {
        registry,
        credentials: own_credentials::load(registry, local, place.paths.root())?,
        own: Own::new(name, registry),
        size,
        place,
    };
    on_runtime(async {
        let complete = service.complete(search).await?;
        let nodes = nodes(&complete, &local.zone_name, &service.own).map_err(|all| service.refused(&all))?;
        let (own, zone) = (service.own.node.name.clone(), local.zone_name.clone());
        let source = source(&registry.token);
        MemberList::new(own, zone, source.clone(), Some(registry.token.to_string()), nodes)
            .map_err(|problems| unsound(&source, problems))
    })
    .map_err(|error| Failure::internal("cannot set up the connections").because(&error))?
}

struct Service<'s> {
    registry: &'s RegistryDiscovery,
    credentials: ClientCredentials,
    own: Own,
    size: ClusterSize,
    place: &'s Place<'s>,
}

impl Service<'_> {
    /// The registry with all its members.
    async fn complete(&self, search: Search<'_>) -> Result<Registry> {
        let token = &self.registry.token;
        let until = Instant::now() + self.registry.wait;
        let mut told: Option<Instant> = None;
        loop {
            let waits_for = match self.ask(async |client| client.registry(token).await).await {
                Ok(None) => return Err(self.unknown()),
                Ok(Some(found)) => {
                    match progress(&found, self.size, &self.own).map_err(|all| self.refused(&all))? {
                        Progress::Complete => return Ok(found),
                        Progress::Unregistered { .. } if search.takes_part => {
                            self.register(search).await?;
                            continue;
                        }
                        Progress::Unregistered { present } => {
                            return Err(self.unfinished(&format!(
                                "{}, and this node has not: `run` registers it",
                                registered(&present)
                            )));
                        }
                        Progress::Waiting { present, missing } => {
                            format!("{}; {} to come", registered(&present), counted(missing))
                        }
                    }
                }
                Err(failure) if !search.takes_part => return Err(failure),
                Err(failure) => failure.causes.join("; "),
            };
            if !search.takes_part || Instant::now() >= until {
                return Err(self.unfinished(&waits_for));
            }
            if told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
                (search.tell)(&format!("waiting at the registry {token}: {waits_for}"));
                told = Some(Instant::now());
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    async fn register(&self, search: Search<'_>) -> Result<()> {
        let Own { id, entry, .. } = &self.own;
        let token = &self.registry.token;
        let found = self.ask(async |client| client.register(token, *id, entry).await).await?;
        let Some(found) = found else {
            search.has_registered.set(true);
            return Ok(());
        };
        if found == *entry {
            return Ok(());
        }
        Err(self.refused(&[RegistryRefusal::OtherEntry { id: *id, found, wanted: entry.clone() }]))
    }

    /// What the first endpoint answers that answers at all.
    async fn ask<A>(&self, question: impl AsyncFn(&MemberClient) -> Answer<A>) -> Result<A> {
        let mut failure = Failure::new(Exit::Unavailable, "the discovery service does not answer");
        for url in &self.registry.endpoints {
            let answer = match self.client(url) {
                Ok(client) => question(&client).await,
                Err(why) => Err(CallError::Failed(why)),
            };
            match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => failure = failure.because(format!("{url}: {error}")),
            }
        }
        Err(failure.next(format!(
            "see that it runs, and that `endpoints` and its CA in {} are right",
            self.place.paths.boot_config().shown()
        )))
    }

    fn client(&self, url: &str) -> Result<MemberClient, String> {
        let host = host_of(url).ok_or_else(|| format!("{url} is no https://HOST:PORT"))?;
        MemberClient::new(url, host, &self.credentials, ANSWER_LIMIT).map_err(|error| error.to_string())
    }

    fn unknown(&self) -> Failure {
        let (token, size) = (&self.registry.token, self.size.get());
        Failure::new(Exit::MissingInput, format!("there is no registry {token}"))
            .because(format!("none was made at {}", self.registry.endpoints.join(", ")))
            .next(format!(
                "make one where that etcd is administered (zone-etcd discovery create --size {size}), and \
                 write its token into {}",
                self.place.paths.boot_config().shown()
            ))
    }

    fn unfinished(&self, waits_for: &str) -> Failure {
        let token = &self.registry.token;
        Failure::new(Exit::Unavailable, format!("the registry {token} is not complete"))
            .because(waits_for)
            .next("start the other members, and this one again")
    }

    fn refused(&self, refusals: &[RegistryRefusal]) -> Failure {
        let token = &self.registry.token;
        let failure = Failure::new(Exit::BadInput, format!("no cluster is founded by the registry {token}"));
        let failure = refusals.iter().fold(failure, Failure::because);
        failure.next(format!(
            "look at it where that etcd is administered (zone-etcd discovery show {token}); for a new \
             cluster, make another registry"
        ))
    }
}

fn registered(present: &[String]) -> String {
    match present {
        [] => "no member has registered".to_owned(),
        [one] => format!("{one} has registered"),
        several => format!("{} have registered", several.join(", ")),
    }
}

fn counted(count: usize) -> String {
    if count == 1 { "one member is".to_owned() } else { format!("{count} members are") }
}
