//! Every question, asked at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::client_plane::{self, ClientAnswer};
use super::credentials::Credentials;
use super::plane::{self, PlaneView, Shown};
use etcd::client::ListedMember;
use model::config::{Node, ZoneConfig};
use model::plan::{PeerUrl, Plane};
use store::zone_directory::Authorities;

/// How old a look at the peer plane may be. etcd reads its certificates again at every handshake, but they
/// change rarely.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// What came back, by URL.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) clients: BTreeMap<String, (ClientAnswer, Arc<PlaneView>)>,
    pub(super) peers: BTreeMap<String, Arc<PlaneView>>,
}

/// What was seen of the peer plane before, by URL.
#[derive(Debug, Default)]
pub struct PlaneMemory(BTreeMap<String, (Instant, Arc<PlaneView>)>);

enum Answer {
    Client(String, Box<(ClientAnswer, Shown)>),
    Peer(String, Box<Shown>),
}

/// Who is asked, and who has been.
struct Questions<'z> {
    credentials: &'z Credentials,
    deadline: Instant,
    lists: mpsc::UnboundedSender<Vec<ListedMember>>,
    asked: BTreeSet<(Plane, String)>,
    tasks: JoinSet<Answer>,
}

/// Asks the members of zone.toml, and all others that their lists name, until `limit` is over for all of
/// them.
#[tracing::instrument(skip_all, name = "ask members")]
pub(super) async fn gather(
    zone: &ZoneConfig,
    authorities: &Authorities,
    credentials: &Credentials,
    limit: Duration,
    memory: &mut PlaneMemory,
) -> Answers {
    let credentials = &credentials.trusting(authorities);
    let now = Instant::now();
    // Who waits for a fault to end looks at it each time.
    let is_settled = |view: &PlaneView| !view.chain.is_empty() && view.refusal().is_none();
    memory.0.retain(|_, (seen, view)| seen.elapsed() < LOOK_AGAIN_AFTER && is_settled(view));
    let remembered = memory.0.iter().map(|(url, (_, view))| (url.clone(), Arc::clone(view)));
    let mut answers = Answers { clients: BTreeMap::new(), peers: remembered.collect() };
    let (sender, mut lists) = mpsc::unbounded_channel();
    let mut questions = Questions {
        credentials,
        deadline: now + limit,
        lists: sender,
        asked: memory.0.keys().map(|url| (Plane::Peer, url.clone())).collect(),
        tasks: JoinSet::new(),
    };
    for node in zone.members() {
        questions.ask_client(&Node::client_url(node));
        questions.ask_peer(PeerUrl::of(node).as_str());
    }
    loop {
        tokio::select! {
            // A list may add questions, so it comes before the end is noticed.
            biased;
            Some(list) = lists.recv() => questions.ask_listed(&list),
            answer = questions.tasks.join_next() => match answer {
                None => return answers,
                Some(answer) => take(answer, authorities, &mut answers, memory),
            },
        }
    }
}

impl Questions<'_> {
    fn ask_client(&mut self, url: &str) {
        if self.asked.insert((Plane::Client, url.to_owned())) {
            let (url, credentials, deadline) = (url.to_owned(), self.credentials.clone(), self.deadline);
            let lists = self.lists.clone();
            self.tasks.spawn(async move {
                let (url, answer, shown) = client_plane::ask(url, credentials, deadline, lists).await;
                Answer::Client(url, Box::new((answer, shown)))
            });
        }
    }

    fn ask_peer(&mut self, url: &str) {
        if self.asked.insert((Plane::Peer, url.to_owned())) {
            let (url, credentials, deadline) = (url.to_owned(), self.credentials.clone(), self.deadline);
            self.tasks.spawn(async move {
                let shown = plane::look(Plane::Peer, &url, &credentials, deadline).await;
                Answer::Peer(url, Box::new(shown))
            });
        }
    }

    fn ask_listed(&mut self, list: &[ListedMember]) {
        for member in list {
            member.client_urls.iter().for_each(|url| self.ask_client(url));
            member.peer_urls.iter().for_each(|url| self.ask_peer(url));
        }
    }
}

fn take(
    answer: Result<Answer, tokio::task::JoinError>,
    authorities: &Authorities,
    answers: &mut Answers,
    memory: &mut PlaneMemory,
) {
    let now = OffsetDateTime::now_utc();
    match answer {
        Ok(Answer::Client(url, answer)) => {
            let (answer, shown) = *answer;
            answers.clients.insert(url, (answer, Arc::new(shown.against(authorities, now))));
        }
        Ok(Answer::Peer(url, shown)) => {
            let view = Arc::new(shown.against(authorities, now));
            memory.0.insert(url.clone(), (Instant::now(), Arc::clone(&view)));
            answers.peers.insert(url, view);
        }
        // A question that ended by a fault of ours leaves its member without an answer.
        Err(_) => {}
    }
}
