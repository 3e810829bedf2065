//! The lock of an operation on a whole zone, in its etcd: two that restart members at once could cost the
//! quorum.
//!
//! It is a key that hangs on a lease. The holder keeps the lease alive from a thread of its own, and reads
//! the key through the quorum right before whatever it changes: no step is a write to etcd that a transaction
//! could fence. One that dies loses it after the time of the lease, or at once to another operation on the
//! same machine, which can see that its process is no more.

mod holder;
mod keep_alive;

use std::time::Duration;

use time::OffsetDateTime;

pub use holder::{Holder, SeenFromHere};
use keep_alive::KeepAlive;

use crate::any_member::Members;
use crate::observer::run;
use etcd::client::{Answer, CallError, MemberClient};
use etcd::key_values::KeyValue;
use host::since_boot;
use model::error::{Exit, Failure, Result};
use model::plan::OPERATION_KEY;
use model::report;
use store::site::Site;

/// Below the key that is read to see whether the cluster takes requests, which has no value ever.
const KEY: &[u8] = OPERATION_KEY;
/// How long the lease of one that died keeps others waiting, in seconds. A cluster that takes no requests for
/// so long has not lost a lease yet: a new leader restarts their time to live.
const LEASE_SECONDS: i64 = 15;
/// For how long the members are asked whose the key is. A member that was just restarted needs a moment.
const ASKED_FOR: Duration = Duration::from_secs(10);
/// As whom a node holds it that restarts its member by itself.
pub(crate) const TURN_OF_A_NODE: &str = "sync";
/// How long an operation waits for that: a member that takes longer to come back has a fault.
const TURN_AT_MOST: Duration = Duration::from_secs(60);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(100);
/// What a refusal begins with, whatever the reason.
const NOT_TAKEN: &str = "cannot take the lock of operations in etcd";
/// How often the key is looked at again when it changes while it is looked at.
const TRIES: usize = 5;

/// A held lock. Dropping it gives it up.
#[derive(Debug)]
pub struct OperationLock {
    members: Members,
    /// That of the write of the key. A later writer has another.
    revision: i64,
    keep_alive: KeepAlive,
}

impl OperationLock {
    /// Takes the lock for an operation, named as the operator typed it, such as `restart --rolling`.
    ///
    /// # Errors
    /// Another operation holds it: exit 75, naming it. Or the cluster takes no requests.
    pub fn take(site: &Site, operation: &str) -> Result<Self> {
        Self::take_among(site, operation, &[])
    }

    /// The same where members also answer at these URLs: they move while it is held.
    ///
    /// # Errors
    /// As those of [`take`](Self::take).
    #[tracing::instrument(skip_all, name = "lock operations", fields(operation))]
    pub fn take_among(site: &Site, operation: &str, others: &[String]) -> Result<Self> {
        let deadline = since_boot() + TURN_AT_MOST;
        let own = Holder::own(operation, OffsetDateTime::now_utc()).to_bytes()?;
        let mut is_told = false;
        loop {
            let holder = match Self::try_to_take(site, &own, others)? {
                Ok(lock) => return Ok(lock),
                Err(holder) => holder,
            };
            // No operator has begun that: a node takes its turn, as any of many may at any time.
            let is_turn = holder.as_ref().is_some_and(|holder| holder.operation == TURN_OF_A_NODE);
            if !is_turn || operation == TURN_OF_A_NODE || since_boot() >= deadline {
                return Err(held_by(holder.as_deref()));
            }
            if let Some(holder) = holder.filter(|_| !std::mem::replace(&mut is_told, true)) {
                report::message(&format!("waiting for a node that restarts its member: {}", holder.told()));
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// The inner error is who has it, if that can be read.
    fn try_to_take(
        site: &Site,
        own: &[u8],
        others: &[String],
    ) -> Result<std::result::Result<Self, Option<Box<Holder>>>> {
        let members = Members::of(site).with(others);
        let question = |client: MemberClient| async move {
            let lease = client.lease_grant(LEASE_SECONDS).await?;
            let taken = take_key(&client, own, lease).await;
            if !matches!(taken, Ok(Taken::Ours(_))) {
                // It ends by itself if this reaches no member.
                let _ = client.lease_revoke(lease).await;
            }
            taken.map(|taken| (taken, lease))
        };
        let answer = run(members.answer(question))??;
        let (taken, lease) = answer.map_err(|error| not_taken(site, &error))?;
        match taken {
            Taken::Ours(revision) => {
                let keep_alive = KeepAlive::start(members.clone(), lease, LEASE_SECONDS)?;
                Ok(Ok(Self { members, revision, keep_alive }))
            }
            Taken::Others(holder) => Ok(Err(holder)),
            Taken::ChangesHands => Err(changes_hands(site)),
        }
    }

    /// Whether no other operation holds it: what [`take`](Self::take) would say. Nothing is written.
    ///
    /// # Errors
    /// As those of [`take`](Self::take).
    pub fn refuse_held(site: &Site) -> Result<()> {
        let members = Members::of(site);
        let answer = run(members.answer(|client| async move { client.get(KEY).await }))??;
        let holder =
            answer.map_err(|error| not_taken(site, &error))?.map(|present| Holder::parse(&present.value));
        match holder {
            Some(Some(holder)) if holder.seen_from_here() == SeenFromHere::Ended => Ok(()),
            Some(holder) => Err(held_by(holder.as_ref())),
            None => Ok(()),
        }
    }

    /// Whether it is still held, as the quorum says. To be asked right before each change.
    ///
    /// # Errors
    /// Another has it, the lease is gone or could not be kept alive for so long that it may be, or no member
    /// tells.
    pub fn still_held(&self) -> Result<()> {
        run(self.verify())?
    }

    /// The same on a runtime that is there.
    ///
    /// # Errors
    /// As above.
    pub async fn verify(&self) -> Result<()> {
        let deadline = since_boot() + ASKED_FOR;
        loop {
            self.keep_alive.still_alive().map_err(lost)?;
            let read = self.members.first(|client| async move { client.get(KEY).await.ok() }).await?;
            match read {
                Some(Some(present)) if present.mod_revision == self.revision => return Ok(()),
                Some(Some(KeyValue { value, .. })) => {
                    return Err(lost(match Holder::parse(&value) {
                        Some(holder) => holder.told(),
                        None => "another operation has it".to_owned(),
                    }));
                }
                Some(None) => return Err(lost("its lease has ended")),
                None if since_boot() < deadline => tokio::time::sleep(PAUSE).await,
                None => return Err(self.unknown()),
            }
        }
    }

    fn unknown(&self) -> Failure {
        Failure::new(Exit::Unavailable, "the operation has stopped: no member tells whose the lock is")
            .because(format!("they were asked for {}", humantime::format_duration(ASKED_FOR)))
            .next(format!(
                "see how the members are, and run the command again: {}",
                self.members.proposed_status()
            ))
    }
}

fn not_taken(site: &Site, error: &CallError) -> Failure {
    let failure = Failure::new(Exit::Unavailable, NOT_TAKEN).because(error);
    match error {
        CallError::Denied(_) | CallError::NoUser(_) => {
            let grants = site.proposed_by_signer("access grants --format apply");
            failure.exit(Exit::Permission).next(format!("have it granted: {grants}"))
        }
        CallError::Late | CallError::Failed(_) => {
            failure.next(format!("have the members take requests first: {}", site.proposed("status")))
        }
    }
}

fn changes_hands(site: &Site) -> Failure {
    Failure::new(Exit::Unavailable, NOT_TAKEN).because("it changes hands all the time").next(format!(
        "wait for the end of other operations, and run the command again; how the members are: {}",
        site.proposed("status")
    ))
}

fn lost(why: impl Into<String>) -> Failure {
    Failure::new(Exit::TryAgain, "the lock of this operation is lost: another may have begun")
        .because(why.into())
        .next("run the command again: it goes on where it stopped")
}

/// Whose the key is.
enum Taken {
    /// This operation's, since this revision.
    Ours(i64),
    /// Another's, with what it wrote if that can be read.
    Others(Option<Box<Holder>>),
    /// Others take it and give it up while it is looked at.
    ChangesHands,
}

/// Writes the key if no operation has it, or the one that has it is a process of this machine that is no
/// more. What an earlier try of this one wrote hangs on a lease that it does not know.
async fn take_key(client: &MemberClient, own: &[u8], lease: i64) -> Answer<Taken> {
    let mut revision = 0;
    for _ in 0..TRIES {
        revision = match client.put_if_unchanged(KEY, own, lease, revision).await? {
            Ok(revision) => return Ok(Taken::Ours(revision)),
            // It has just been given up.
            Err(None) => 0,
            Err(Some(KeyValue { value, mod_revision, .. })) if value == own => mod_revision,
            Err(Some(KeyValue { value, mod_revision, .. })) => match Holder::parse(&value) {
                Some(holder) if holder.seen_from_here() == SeenFromHere::Ended => mod_revision,
                holder => return Ok(Taken::Others(holder.map(Box::new))),
            },
        };
    }
    Ok(Taken::ChangesHands)
}

fn held_by(holder: Option<&Holder>) -> Failure {
    let failure = Failure::new(Exit::TryAgain, "another operation on this zone is under way");
    match holder {
        Some(holder) => failure.because(holder.told()).next(format!(
            "wait for its end; if it was killed, run the command again after {LEASE_SECONDS} seconds"
        )),
        None => failure
            .because("who holds its lock cannot be read: a newer version, perhaps")
            .next("wait for its end, and run the command again"),
    }
}
