//! Servers of either plane, asked what every etcd answers without looking at anything, all at the same time
//! and until one deadline.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use time::OffsetDateTime;

use super::dial::{Reply, Target, get};
use super::dial_error::{DialError, Stage};
use super::handshake_record::HandshakeRecord;
use super::material::{MaterialError, Side};
use host::detached;

/// `server/etcdserver/api/etcdhttp/version.go`
const PATH: &str = "/version";
/// How long is waited, after the deadline, for a dial that ends at it.
const GRACE: Duration = Duration::from_millis(100);

/// Which server to ask, and how.
#[derive(Clone, Debug)]
pub struct Question {
    /// Where it is.
    pub target: Target,
    /// With which certificate, and whom to trust.
    pub config: Arc<ClientConfig>,
    /// What the handshakes of that configuration show. One that serves several questions tells of the last.
    pub seen: HandshakeRecord,
}

/// What came of it.
#[derive(Debug)]
pub struct Probe {
    /// The reply to `GET /version`, or how far it came.
    pub reply: Result<Reply, DialError>,
    /// What the server presented, leaf first, in DER. Empty if it did not come to that.
    pub chain: Vec<Vec<u8>>,
    /// Whose certificates it takes, by their subjects in DER; none if it asked for no certificate.
    pub accepts: Option<Vec<Vec<u8>>>,
    /// This machine's clock before the first packet.
    pub asked_at: OffsetDateTime,
    /// This machine's clock after the last.
    pub answered_at: OffsetDateTime,
}

impl Question {
    /// Asks on a thread of its own, since the look-up of a name cannot be ended.
    fn ask(self, deadline: Instant, tell: impl FnOnce(Probe) + Send + 'static) -> Result<(), DialError> {
        detached(move || {
            let asked_at = OffsetDateTime::now_utc();
            let reply = get(&self.target, self.config, PATH, &[], deadline);
            let (chain, accepts) = (self.seen.chain(), self.seen.accepted_authorities());
            tell(Probe { reply, chain, accepts, asked_at, answered_at: OffsetDateTime::now_utc() });
        })
        .map_err(DialError::Io)
    }
}

impl Probe {
    /// Of a server that was not reached.
    pub fn failed(error: DialError, asked_at: OffsetDateTime) -> Self {
        let answered_at = OffsetDateTime::now_utc();
        Self { reply: Err(error), chain: Vec::new(), accepts: None, asked_at, answered_at }
    }

    /// Only the look-up of a name goes on beyond the deadline.
    fn given_up(asked_at: OffsetDateTime) -> Self {
        Self::failed(DialError::TimedOut(Stage::Resolve), asked_at)
    }
}

/// Asks all of them. The probes are in the order of the questions.
pub fn probe_all(questions: Vec<Question>, deadline: Instant) -> Vec<Probe> {
    let asked_at = OffsetDateTime::now_utc();
    let (sender, receiver) = mpsc::channel();
    let mut probes: Vec<Option<Probe>> = questions.iter().map(|_| None).collect();
    let mut open = 0;
    for (place, question) in questions.into_iter().enumerate() {
        let sender = sender.clone();
        // It may be told when the time is over, and nothing listens any more.
        match question.ask(deadline, move |probe| drop(sender.send((place, probe)))) {
            Ok(()) => open += 1,
            Err(error) => probes[place] = Some(Probe::failed(error, asked_at)),
        }
    }
    for _ in 0..open {
        let left = (deadline + GRACE).saturating_duration_since(Instant::now());
        let Ok((place, probe)) = receiver.recv_timeout(left) else { break };
        probes[place] = Some(probe);
    }
    probes.into_iter().map(|probe| probe.unwrap_or_else(|| Probe::given_up(asked_at))).collect()
}

/// Asks one, where others are awaited on the same thread.
pub async fn probe(question: Question, deadline: Instant) -> Probe {
    let asked_at = OffsetDateTime::now_utc();
    let (sender, receiver) = tokio::sync::oneshot::channel();
    if let Err(error) = question.ask(deadline, move |probe| drop(sender.send(probe))) {
        return Probe::failed(error, asked_at);
    }
    match tokio::time::timeout_at((deadline + GRACE).into(), receiver).await {
        Ok(Ok(probe)) => probe,
        Ok(Err(_)) | Err(_) => Probe::given_up(asked_at),
    }
}

/// Another member, by what a node knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its node, by the short name.
    pub node: String,
    /// Where it serves peers.
    pub url: String,
    /// The same, taken apart.
    pub target: Target,
}

/// What came of asking it.
#[derive(Debug)]
pub struct PeerAnswer {
    /// Who was asked.
    pub peer: Peer,
    /// What it answered.
    pub probe: Probe,
}

/// Asks every peer as the member whose side this is, for at most `limit`.
///
/// # Errors
/// Our own files cannot be used.
pub fn probe_peers(peers: Vec<Peer>, side: &Side, limit: Duration) -> Result<Vec<PeerAnswer>, MaterialError> {
    let question = |peer: &Peer| {
        let (config, seen) = side.trust.client(Some(&side.pair))?;
        Ok(Question { target: peer.target.clone(), config: Arc::new(config), seen })
    };
    let questions = peers.iter().map(question).collect::<Result<Vec<_>, MaterialError>>()?;
    let probes = probe_all(questions, Instant::now() + limit);
    Ok(peers.into_iter().zip(probes).map(|(peer, probe)| PeerAnswer { peer, probe }).collect())
}
