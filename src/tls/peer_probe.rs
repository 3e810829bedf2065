//! Other members, asked over the wire as a member would, all at the same time.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::dial::{DialError, Reply, Stage, Target, get};
use super::material::{KeyPair, MaterialError, Trust};
use crate::host::detached;
use crate::plan::Plane;

/// What every etcd answers on the peer plane without looking at anything (`server/etcdserver/api/etcdhttp/version.go`).
const PATH: &str = "/version";
/// How long is waited, after the limit, for a dial that ends at it.
const GRACE: Duration = Duration::from_millis(100);

/// Whom to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its node, by the short name.
    pub node: String,
    /// Where it serves peers.
    pub url: String,
    /// The same, taken apart.
    pub target: Target,
}

/// What came of it.
#[derive(Debug)]
pub struct PeerAnswer {
    /// Who was asked.
    pub peer: Peer,
    /// The reply to `GET /version`, or how far it came.
    pub reply: Result<Reply, DialError>,
    /// What it presented, leaf first, in DER. Empty if it did not come to that.
    pub chain: Vec<Vec<u8>>,
    /// This machine's clock before the first packet.
    pub asked_at: OffsetDateTime,
    /// This machine's clock after the last.
    pub answered_at: OffsetDateTime,
}

/// Asks every peer with the certificate `stem` of `generation`, for at most `limit`.
///
/// # Errors
/// Our own files cannot be used.
pub fn probe_peers(
    peers: Vec<Peer>,
    generation: &Path,
    stem: &str,
    limit: Duration,
) -> Result<Vec<PeerAnswer>, MaterialError> {
    let pair = KeyPair::load(generation, stem)?;
    let trust = Trust::load(&generation.join(Plane::Peer.authority_file()))?;
    let deadline = Instant::now() + limit;
    let asked_at = OffsetDateTime::now_utc();
    let (sender, receiver) = mpsc::channel();
    for (index, peer) in peers.iter().enumerate() {
        let (config, seen) = trust.client(Some(&pair))?;
        let (answers, asked) = (sender.clone(), peer.clone());
        let begun = detached(move || {
            let asked_at = OffsetDateTime::now_utc();
            let reply = get(&asked.target, Arc::new(config), PATH, &[], deadline);
            let answered_at = OffsetDateTime::now_utc();
            let answer = PeerAnswer { peer: asked, reply, chain: seen.chain(), asked_at, answered_at };
            // Nobody listens once the time is over.
            let _ = answers.send((index, answer));
        });
        if let Err(error) = begun {
            let (reply, chain) = (Err(DialError::Io(error)), Vec::new());
            let _ = sender.send((
                index,
                PeerAnswer { peer: peer.clone(), reply, chain, asked_at, answered_at: asked_at },
            ));
        }
    }
    let mut answers: Vec<Option<PeerAnswer>> = peers.iter().map(|_| None).collect();
    for _ in 0..peers.len() {
        let left = (deadline + GRACE).saturating_duration_since(Instant::now());
        let Ok((index, answer)) = receiver.recv_timeout(left) else { break };
        if let Some(place) = answers.get_mut(index) {
            *place = Some(answer);
        }
    }
    // Only a look-up of a name goes on beyond the deadline.
    let given_up = |peer: Peer| PeerAnswer {
        peer,
        reply: Err(DialError::TimedOut(Stage::Resolve)),
        chain: Vec::new(),
        asked_at,
        answered_at: OffsetDateTime::now_utc(),
    };
    Ok(peers
        .into_iter()
        .zip(answers)
        .map(|(peer, answer)| answer.unwrap_or_else(|| given_up(peer)))
        .collect())
}
