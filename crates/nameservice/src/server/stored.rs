//! The documents in the zone's etcd, asked for again and again while there is a provider file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};

use super::catalog::Candidate;
use super::files::{Stamp, stamp};
use super::state::{Change, State};
use crate::fetch::Provider;
use crate::provider::read_provider;
use crate::publish::{NODES_PREFIX, PREFIX, clients, end_of};
use etcd::client::{Answer, CallError, MemberClient};
use model::config::ZoneName;
use model::formats::NameserviceProvider;
use model::report;

/// From one answer to the next question.
const BETWEEN_QUESTIONS: Duration = Duration::from_secs(2);
/// While there is no provider file, or what it names does not answer.
const BETWEEN_TRIES: Duration = Duration::from_millis(500);
/// Documents in one answer; there is one for a zone.
const MOST_DOCUMENTS: i64 = 32;
const ETCD: &str = Provider::Etcd.as_str();

/// Where the provider file is, and what is asked for.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) file: PathBuf,
    /// The zone whose document it is; none for all that are there.
    pub(super) zone: Option<ZoneName>,
}

/// What is known of the provider file.
#[derive(Debug, PartialEq, Eq)]
struct Configured {
    provider: NameserviceProvider,
    /// Of the CA, the certificate and the key.
    files: [Stamp; 3],
}

impl Stored {
    /// Asks for ever. What is asked for is asked again at once when `again` says so.
    pub(super) async fn follow(self, state: Arc<State>, mut again: watch::Receiver<()>) {
        let mut configured: Option<Configured> = None;
        let mut members: Vec<MemberClient> = Vec::new();
        let (mut first, mut is_told) = (0, false);
        loop {
            let now = self.configured(&state).await;
            // When told to, also if nothing else has changed: a file may have another content of one length.
            if is_told || now != configured {
                (members, first) = (connect(now.as_ref(), &state), 0);
                if now.is_none() {
                    give(&state, Vec::new()).await;
                }
                (configured, is_told) = (now, false);
            }
            let pause = match members.is_empty() {
                true => BETWEEN_TRIES,
                false => self.ask(&members, &mut first, &state).await,
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                changed = again.changed() => match changed {
                    Ok(()) => is_told = true,
                    Err(_) => return,
                },
            }
        }
    }

    /// What the provider file says; none if it is not there or cannot be used.
    async fn configured(&self, state: &State) -> Option<Configured> {
        let file = self.file.clone();
        let read = move || {
            stamp(&file)?;
            Some(read_provider(&file).map(|provider| {
                let files = [provider.ca(), provider.cert(), provider.key()].map(stamp);
                Configured { provider, files }
            }))
        };
        match spawn_blocking(read).await.ok()? {
            None => {
                state.note(ETCD, Err("it is not configured".to_owned()));
                None
            }
            Some(Ok(configured)) => Some(configured),
            Some(Err(error)) => {
                state.warn_once(&error.to_string());
                state.note(ETCD, Err(error.to_string()));
                None
            }
        }
    }

    /// Asks once. Returns how long to wait then.
    async fn ask(&self, members: &[MemberClient], first: &mut usize, state: &Arc<State>) -> Duration {
        match self.first_answer(members, first).await {
            Ok(candidates) => {
                give(state, candidates).await;
                let was = state.note(ETCD, Ok(()));
                if was.is_none_or(|was| was.0.is_err()) {
                    report::message("the zone's etcd answers");
                }
                BETWEEN_QUESTIONS
            }
            Err(error) => {
                let why = format!("the zone's etcd does not answer: {error}");
                let was = state.note(ETCD, Err(why.clone()));
                if was.is_some_and(|was| was.0.is_ok()) {
                    report::warning(&format!("{why}; what it had is served as before"));
                }
                BETWEEN_TRIES
            }
        }
    }

    /// The member that has answered before is asked first, and then all others at once.
    async fn first_answer(&self, members: &[MemberClient], first: &mut usize) -> Answer<Vec<Candidate>> {
        let mut failure = CallError::Late;
        if let Some(member) = members.get(*first) {
            match documents(member, self.zone.as_ref()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => failure = error,
            }
        }
        let mut asked = JoinSet::new();
        for (place, member) in members.iter().enumerate().filter(|(place, _)| place != first) {
            let (member, zone) = (member.clone(), self.zone.clone());
            asked.spawn(async move { (place, documents(&member, zone.as_ref()).await) });
        }
        while let Some(ended) = asked.join_next().await {
            match ended {
                Ok((place, Ok(answer))) => {
                    *first = place;
                    return Ok(answer);
                }
                Ok((_, Err(error))) => failure = error,
                Err(_) => {}
            }
        }
        Err(failure)
    }
}

fn connect(configured: Option<&Configured>, state: &State) -> Vec<MemberClient> {
    let Some(Configured { provider, .. }) = configured else { return Vec::new() };
    match clients(provider) {
        Ok(members) => {
            state.note(ETCD, Err("it has not answered yet".to_owned()));
            members
        }
        Err(why) => {
            let why = format!("the certificate for the zone's etcd cannot be used: {why}");
            state.warn_once(&why);
            state.note(ETCD, Err(why));
            Vec::new()
        }
    }
}

async fn documents(member: &MemberClient, zone: Option<&ZoneName>) -> Answer<Vec<Candidate>> {
    let pairs = match zone {
        Some(zone) => member.get(format!("{PREFIX}{zone}").as_bytes()).await?.into_iter().collect(),
        None => {
            // What is between has the entries of nodes.
            let before = member.range(PREFIX.as_bytes(), NODES_PREFIX.as_bytes(), MOST_DOCUMENTS).await?;
            let after = member.range(&end_of(NODES_PREFIX), &end_of(PREFIX), MOST_DOCUMENTS).await?;
            [before.pairs, after.pairs].concat()
        }
    };
    let candidate = |pair: etcd::KeyValue| {
        let key = Path::new(&*String::from_utf8_lossy(&pair.key)).to_owned();
        let place = format!("{} in etcd", zone_pki::ShowPath::shown(&*key));
        Candidate { place, bytes: pair.value.into() }
    };
    Ok(pairs.into_iter().map(candidate).collect())
}

/// Verifying takes time, and requests are answered meanwhile.
async fn give(state: &Arc<State>, candidates: Vec<Candidate>) {
    let state = Arc::clone(state);
    // It fails if the server ends.
    let _ = spawn_blocking(move || state.change(vec![Change::Etcd(candidates)])).await;
}
