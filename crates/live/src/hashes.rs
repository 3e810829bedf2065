//! The voters asked for hashes of their data, all at the same time.
//!
//! The lowest revision that all have would be too little: a member with another history may be the same up to
//! there. So every voter first reads through the quorum, after which it has every write that any had before,
//! and then hashes up to the highest revision.

use std::time::{Duration, Instant};

use bytesize::ByteSize;
use tokio::task::JoinSet;

use super::client_plane::{through_quorum, within};
use super::comparison::{Comparison, VoterHash, compare};
use super::credentials::Credentials;
use super::judgement::judge;
use super::members::LiveMember;
use super::{COMPARISON_LIMIT, LiveZone};
use etcd::client::MemberClient;
use model::plan::EtcdId;
use model::report::{Progress, Unit};

/// The largest database, by what is in use of it, that a member is asked to hash. A member applies no write
/// while it hashes: at 1 to 3 GiB a second, as measured with etcd 3.7.3, that is half a second at most.
pub const LARGEST_HASHED: u64 = 512 << 20;
/// In bytes a second, on a slow machine that hashes for the first time. Each comparison hashes up to four
/// times.
const SLOWEST_HASHED: u64 = 10 << 20;
/// For how long a comparison holds. `status --watch` has the members hash once a minute.
const COMPARE_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// Between two rounds.
const PAUSE: Duration = Duration::from_millis(50);

/// Up to which revision the members hash, round after round. A hash that a member kept from a compaction at
/// that very revision is not comparable with a fresh one; those at the latest revision are always fresh, and
/// comparable while nothing is written.
const ROUNDS: [UpTo; 4] = [UpTo::Highest, UpTo::Latest, UpTo::Highest, UpTo::Highest];

#[derive(Clone, Copy, PartialEq, Eq)]
enum UpTo {
    /// The highest revision that any had before the round.
    Highest,
    Latest,
}

/// What was compared before, and of which voters.
#[derive(Debug, Default)]
pub struct ComparisonMemory(Option<(Instant, Vec<EtcdId>, Comparison)>);

struct Voter {
    name: String,
    id: EtcdId,
    url: String,
    revision: i64,
    in_use: u64,
}

impl LiveZone {
    /// Compares the data of the voters that take requests, for at most `limit`, and judges the zone by it.
    /// What was compared within the last minute, and was no difference, is taken from `memory`.
    #[tracing::instrument(skip_all, name = "compare data")]
    pub async fn compare_data(
        &mut self,
        credentials: &Credentials,
        limit: Duration,
        memory: &mut ComparisonMemory,
    ) {
        self.data = match voters(self, LARGEST_HASHED) {
            Ok(voters) => remembered(&voters, credentials, Instant::now() + limit, memory).await,
            Err(comparison) => comparison,
        };
        self.judgement = judge(&self.facts, &self.alarms, &self.data);
    }

    /// The same of a zone that no client uses yet: however large its data is, and for as long as that takes.
    #[tracing::instrument(skip_all, name = "compare all data")]
    pub async fn compare_all_data(&mut self, credentials: &Credentials) {
        self.data = match voters(self, u64::MAX) {
            Ok(voters) => {
                let largest = voters.iter().map(|voter| voter.in_use).max().unwrap_or_default();
                let limit = COMPARISON_LIMIT + Duration::from_secs(largest / SLOWEST_HASHED);
                ask(&voters, credentials, Instant::now() + limit).await
            }
            Err(comparison) => comparison,
        };
        self.judgement = judge(&self.facts, &self.alarms, &self.data);
    }
}

fn voters(live: &LiveZone, largest: u64) -> Result<Vec<Voter>, Comparison> {
    let all = live.members.iter().filter(|member| member.is_voter());
    let able: Vec<Voter> = all.clone().filter_map(|member| Voter::of(member, live.cluster_id)).collect();
    match (all.count(), able.len()) {
        (1, 1) => return Err(Comparison::OneVoter),
        (_, 0 | 1) => {
            return Err(Comparison::NotCompared(vec!["fewer than two voters take requests".to_owned()]));
        }
        _ => {}
    }
    match able.iter().find(|voter| voter.in_use > largest) {
        Some(large) => Err(Comparison::NotCompared(vec![format!(
            "{} has {} in use, and applies no write while it hashes them",
            large.name,
            ByteSize::b(large.in_use).display().iec()
        )])),
        None => Ok(able),
    }
}

impl Voter {
    fn of(member: &LiveMember, cluster: Option<EtcdId>) -> Option<Self> {
        let status = member.status.as_ref().ok()?;
        let is_able = Some(status.cluster_id) == cluster && matches!(status.quorum_read, Some(Ok(_)));
        is_able.then_some(())?;
        Some(Self {
            name: member.name.clone(),
            id: status.id,
            url: member.client.as_ref()?.url.clone(),
            revision: status.revision,
            in_use: status.db_size_in_use,
        })
    }
}

async fn remembered(
    voters: &[Voter],
    credentials: &Credentials,
    deadline: Instant,
    memory: &mut ComparisonMemory,
) -> Comparison {
    let ids: Vec<EtcdId> = voters.iter().map(|voter| voter.id).collect();
    if let Some((at, of, comparison)) = &memory.0
        && at.elapsed() < COMPARE_AGAIN_AFTER
        && *of == ids
    {
        return comparison.clone();
    }
    let comparison = ask(voters, credentials, deadline).await;
    let is_difference = matches!(comparison, Comparison::Different(_));
    memory.0 = (!is_difference).then(|| (Instant::now(), ids, comparison.clone()));
    comparison
}

/// Round after round until the hashes are comparable. A difference has to be seen twice: a member that is in
/// the middle of a compaction may hash what another has deleted by then (`kvHasher` in etcd's
/// `server/storage/mvcc/hash.go`).
async fn ask(voters: &[Voter], credentials: &Credentials, deadline: Instant) -> Comparison {
    let left = deadline.saturating_duration_since(Instant::now());
    let clients: Vec<(String, Result<MemberClient, String>)> =
        voters.iter().map(|voter| (voter.name.clone(), credentials.connect(&voter.url, left))).collect();
    let mut least = voters.iter().map(|voter| voter.revision).max().unwrap_or_default();
    let (mut last, mut differences) = (Comparison::not_asked(), 0);
    for up_to in ROUNDS {
        let answers = round(&clients, least, up_to, deadline).await;
        last = compare(&answers, least);
        differences += usize::from(matches!(last, Comparison::Different(_)));
        if matches!(last, Comparison::Same(_)) || differences > 1 || Instant::now() + PAUSE > deadline {
            break;
        }
        least =
            answers.iter().filter_map(|(_, answer)| Some(answer.as_ref().ok()?.read)).fold(least, i64::max);
        tokio::time::sleep(PAUSE).await;
    }
    last
}

/// Asks every voter once.
async fn round(
    clients: &[(String, Result<MemberClient, String>)],
    least: i64,
    up_to: UpTo,
    deadline: Instant,
) -> Vec<(String, Result<VoterHash, String>)> {
    let mut tasks = JoinSet::new();
    for (place, (name, client)) in clients.iter().cloned().enumerate() {
        tasks.spawn(async move {
            let answer = match client {
                Ok(client) => hash_of(&client, least, up_to, deadline).await,
                Err(error) => Err(error),
            };
            (place, name, answer)
        });
    }
    let progress = Progress::begin("comparing", Unit::Of("members"), clients.len() as u64);
    let mut answers = Vec::new();
    while let Some(answer) = tasks.join_next().await {
        answers.push(answer.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())));
        progress.add(1);
    }
    answers.sort_by_key(|(place, ..)| *place);
    answers.into_iter().map(|(_, name, answer)| (name, answer)).collect()
}

async fn hash_of(
    client: &MemberClient,
    least: i64,
    up_to: UpTo,
    deadline: Instant,
) -> Result<VoterHash, String> {
    let read = through_quorum(client, deadline).await.map_err(|error| error.to_string())?.revision;
    // One that does not have the revision tells what it has.
    let asked = if up_to == UpTo::Highest && read >= least { least } else { 0 };
    let answer = within(deadline, client.hash_kv(asked)).await.map_err(|error| error.to_string())?;
    let had = answer.header.map(|header| header.revision).unwrap_or_default();
    Ok(VoterHash {
        read,
        revision: if asked == 0 { had } else { asked },
        compact_revision: answer.compact_revision,
        hash: answer.hash,
    })
}
