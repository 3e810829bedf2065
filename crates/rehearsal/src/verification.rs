//! What is there after a run, compared with what was written.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use super::keys::Keys;
use super::target::TRY_LIMIT;
use super::target::Target;
use etcd::Page;
use etcd::client::MemberClient;
use model::error::{Exit, Failure, Result};

/// As many pairs as fit an answer of etcd's easily.
const PAGE: i64 = 1000;
/// How long the zone may not answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Between two tries.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Reads through the quorum what is below the prefix of each writer: the numbers of the keys that are there
/// with their values.
pub(super) fn read_back(target: &Target, writers: &[Keys]) -> Result<Vec<BTreeSet<u64>>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::internal("cannot set up a client").because(&error))?;
    runtime.block_on(async {
        let members = dial(target)?;
        let mut found = Vec::new();
        for keys in writers {
            found.push(all_of(&members, keys).await?);
        }
        Ok(found)
    })
}

fn dial(target: &Target) -> Result<Vec<MemberClient>> {
    let credentials = target.credentials().map_err(|error| {
        Failure::new(Exit::for_io(&error), "no certificate to read back with").because(&error)
    })?;
    (0..target.members.len())
        .map(|index| target.dial(index, &credentials).map_err(Failure::internal))
        .collect()
}

async fn all_of(members: &[MemberClient], keys: &Keys) -> Result<BTreeSet<u64>> {
    let (mut from, end) = (keys.first(), keys.end());
    let mut found = BTreeSet::new();
    loop {
        let page = page(members, &from, &end).await?;
        found.extend(page.pairs.iter().filter_map(|pair| keys.number_of(pair)));
        match page.pairs.last() {
            Some(last) if page.more => from = [last.key.as_slice(), b"\0"].concat(),
            _ => return Ok(found),
        }
    }
}

async fn page(members: &[MemberClient], from: &[u8], end: &[u8]) -> Result<Page> {
    let began = Instant::now();
    loop {
        for member in members {
            if let Ok(Ok(page)) = timeout(TRY_LIMIT, member.range(from, end, PAGE)).await {
                return Ok(page);
            }
        }
        if began.elapsed() > PATIENCE {
            return Err(Failure::new(Exit::Unavailable, "what was written cannot be read back")
                .because(format!("no member answered for {} s", PATIENCE.as_secs()))
                .next("see what is wrong with the zone: zone-etcd status"));
        }
        sleep(LOOK_AGAIN).await;
    }
}
