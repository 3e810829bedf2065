//! What etcd's authentication lets each node do, brought to what it is to be: users and roles are listed, and
//! only what differs is changed. What was interrupted is finished by the next time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::any_member::Members;
use crate::observer::run;
use etcd::client::{Answer, CallError, MemberClient};
use model::error::{Exit, Failure, Result};
use model::plan::{GrantChange, Granted, NodeGrant, grant_changes};
use store::site::Site;

/// How long one answer may take: changes wait for each other.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// How many questions are under way at the same time. Each is an entry of etcd's log.
const ASKED_AT_ONCE: usize = 64;
/// How many changes are under way at the same time, at most.
const CHANGED_AT_ONCE: usize = 16;
/// What other clients may wait for behind the changes that are under way. etcd applies nothing else while it
/// goes through all users, which it does at each change.
const OTHERS_WAIT: Duration = Duration::from_millis(50);
/// Between two reports of how far it is, in changes.
const TOLD_EVERY: usize = 500;

/// For which nodes.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What nodes are to have.
    pub grants: Vec<NodeGrant>,
    /// The full names of those that are to have nothing.
    pub withdrawn: Vec<String>,
    /// Whether these are all, and any other role of a node goes.
    pub is_all: bool,
}

/// What was done.
#[derive(Clone, Debug)]
pub struct Applied {
    pub changes: Vec<GrantChange>,
    /// Whether authentication is on: what is granted is in effect only then.
    pub is_enabled: bool,
}

/// Has etcd let nodes do what they are granted, and no more by their roles.
///
/// # Errors
/// `admin` may not (exit 77), or no member takes requests (69).
#[tracing::instrument(skip_all, name = "apply grants")]
pub fn apply(site: &Site, wanted: &Wanted, told: &dyn Fn(usize, usize)) -> Result<Applied> {
    let members = Members::of(site).that_answer_within(ANSWER_LIMIT);
    run(async {
        let etcd = Etcd { client: members.first_that_answers().await?, members: &members, site };
        let is_enabled = etcd.ask(|client| async move { client.auth_enabled().await }).await?;
        let granted = etcd.granted(wanted).await?;
        let changes = grant_changes(&wanted.grants, &granted);
        etcd.change(&changes, told).await?;
        Ok(Applied { changes, is_enabled })
    })?
}

/// A member of the zone's etcd, and those to ask when it goes.
struct Etcd<'m> {
    client: MemberClient,
    members: &'m Members,
    site: &'m Site,
}

impl Etcd<'_> {
    /// Users and roles, as far as they are of nodes.
    async fn granted(&self, wanted: &Wanted) -> Result<Granted> {
        let roles = self.ask(|client| async move { client.roles().await }).await?;
        let users = self.ask(|client| async move { client.users().await }).await?;
        let wanted_nodes = wanted.grants.iter().map(|grant| grant.node.as_str());
        let nodes = wanted_nodes.chain(wanted.withdrawn.iter().map(String::as_str)).collect();
        let (roles, users) = Granted::of_interest(&nodes, wanted.is_all, (roles, users));
        let roles = self
            .ask_each(roles, |client, name| async move {
                client.permissions_of_role(&name).await.map(|found| found.map(|found| (name, found)))
            })
            .await?;
        let users = self
            .ask_each(users, |client, name| async move {
                client.roles_of_user(&name).await.map(|found| found.map(|found| (name, found)))
            })
            .await?;
        Ok(Granted { roles, users })
    }

    /// Asks about each name, and keeps what is there.
    async fn ask_each<A, F>(
        &self,
        names: Vec<String>,
        ask: impl Fn(MemberClient, String) -> F + Copy,
    ) -> Result<BTreeMap<String, A>>
    where
        A: Send + 'static,
        F: Future<Output = Answer<Option<(String, A)>>> + Send + 'static,
    {
        let mut found = BTreeMap::new();
        for names in names.chunks(ASKED_AT_ONCE) {
            let answers = self.all(names, |client, name: &String| ask(client, name.clone())).await?;
            found.extend(answers.into_iter().flatten());
        }
        Ok(found)
    }

    /// Makes the changes, those of one kind together: what is of another kind may need them.
    async fn change(&self, changes: &[GrantChange], told: &dyn Fn(usize, usize)) -> Result<()> {
        let mut done = 0;
        let mut at_once = 1;
        for changes_of_kind in
            changes.chunk_by(|one, next| std::mem::discriminant(one) == std::mem::discriminant(next))
        {
            let mut left = changes_of_kind;
            while !left.is_empty() {
                let (now, later) = left.split_at(at_once.min(left.len()));
                let begun = Instant::now();
                self.all(now, |client, change: &GrantChange| make(client, change.clone())).await?;
                at_once = next_at_once(at_once, begun.elapsed());
                let before = done / TOLD_EVERY;
                done += now.len();
                if done / TOLD_EVERY > before {
                    told(done, changes.len());
                }
                left = later;
            }
        }
        Ok(())
    }

    /// All of these at the same time. What brings no answer is asked again, of any member.
    async fn all<I, A, F>(&self, of: &[I], ask: impl Fn(MemberClient, &I) -> F) -> Result<Vec<A>>
    where
        A: Send + 'static,
        F: Future<Output = Answer<A>> + Send + 'static,
    {
        let mut asked = JoinSet::new();
        for (place, one) in of.iter().enumerate() {
            let question = ask(self.client.clone(), one);
            asked.spawn(async move { (place, question.await) });
        }
        let mut answers = Vec::with_capacity(of.len());
        while let Some(ended) = asked.join_next().await {
            let (place, answer) = ended.map_err(|error| Failure::internal("a question").because(&error))?;
            answers.push(match answer {
                Ok(answer) => answer,
                Err(error) if error.is_no_answer() => {
                    let one = of.get(place).ok_or_else(|| Failure::internal("no such question"))?;
                    self.ask(|client| ask(client, one)).await?
                }
                Err(error) => return Err(self.failed(&error)),
            });
        }
        Ok(answers)
    }

    /// Asks the member, and another if it brings no answer.
    async fn ask<A, F>(&self, question: impl Fn(MemberClient) -> F) -> Result<A>
    where
        F: Future<Output = Answer<A>>,
    {
        let answer = self.members.answer_of(self.client.clone(), question).await?;
        answer.map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &CallError) -> Failure {
        match error {
            CallError::Denied(_) | CallError::NoUser(_) => {
                Failure::new(Exit::Permission, "admin may not change users and roles")
                    .because(error)
                    .because("its certificate is that of the user root, who needs the role root")
                    .next(format!(
                        "as a user with the role root: {}",
                        self.site.proposed("ctl -- user grant-role root root")
                    ))
            }
            CallError::Late | CallError::Failed(_) => {
                Failure::new(Exit::Unavailable, "the zone's etcd does not answer for its users and roles")
                    .because(error)
                    .next(format!(
                        "see how the members are, and run the command again, which does what is left: {}",
                        self.members.proposed_status()
                    ))
            }
        }
    }
}

/// How many changes are made at the same time next: as many as others hardly notice.
fn next_at_once(now: usize, took: Duration) -> usize {
    if took > OTHERS_WAIT { (now / 2).max(1) } else { (now + 1).min(CHANGED_AT_ONCE) }
}

async fn make(client: MemberClient, change: GrantChange) -> Answer<()> {
    match &change {
        GrantChange::DeleteUser(user) => client.delete_user(user).await,
        GrantChange::DeleteRole(role) => client.delete_role(role).await,
        GrantChange::RevokePermission { role, permission } => {
            client.revoke_permission(role, permission).await
        }
        GrantChange::AddRole(role) => client.add_role(role).await,
        GrantChange::GrantPermission { role, permission } => client.grant_permission(role, permission).await,
        GrantChange::AddUser { user, role } => {
            client.add_user(user).await?;
            client.grant_role(user, role).await
        }
        GrantChange::GrantRole { user, role } => client.grant_role(user, role).await,
    }
}
