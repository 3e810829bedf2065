//! Any member that takes requests. Members are restarted and certificates change while a lock is held.

use std::path::PathBuf;
use std::time::Duration;

use tokio::task::JoinSet;
use zone_pki::ShowPath;

use etcd::client::{Answer, CallError, MemberClient};
use host::since_boot;
use live::Credentials;
use model::config::ClientName;
use model::error::{Exit, Failure, Result};
use store::site::Site;

/// How often something is asked that brings no answer.
const TRIES: usize = 3;
/// How long a cluster may be without a leader: twice the longest that an election takes by default.
const ELECTION_AT_MOST: Duration = Duration::from_secs(4);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(100);
/// How long one answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// Where the members are, and with what they are asked.
#[derive(Clone, Debug)]
pub(crate) struct Members {
    urls: Vec<String>,
    generation: PathBuf,
    status: String,
    limit: Duration,
}

impl Members {
    pub(crate) fn of(site: &Site) -> Self {
        Self {
            urls: site.config().client_urls(),
            generation: site.client_generation(&ClientName::admin()),
            status: site.proposed("status"),
            limit: ANSWER_LIMIT,
        }
    }

    /// The same, where an answer may take this long: for what has etcd work for longer than a read.
    pub(crate) fn that_answer_within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// The same, also at these URLs.
    pub(crate) fn with(mut self, others: &[String]) -> Self {
        let new = others.iter().filter(|url| !self.urls.contains(url)).cloned().collect::<Vec<_>>();
        self.urls.extend(new);
        self
    }

    /// The command that shows how they are.
    pub(crate) fn proposed_status(&self) -> &str {
        &self.status
    }

    /// A client for each member, with the certificate that is there now.
    pub(crate) fn clients(&self) -> Result<Vec<MemberClient>> {
        let credentials = Credentials::load(&self.generation).map_err(|error| {
            Failure::bad_input(format!("cannot use the certificate in {}", self.generation.shown()))
                .because(&error)
                .next(format!("see how the members are: {}", self.status))
        })?;
        Ok(self.urls.iter().filter_map(|url| credentials.connect(url, self.limit).ok()).collect())
    }

    /// What the first member answers to a question that all are asked at once: one that says nothing does not
    /// delay the others.
    pub(crate) async fn first<A, F>(&self, ask: impl Fn(MemberClient) -> F) -> Result<Option<A>>
    where
        A: Send + 'static,
        F: Future<Output = Option<A>> + Send + 'static,
    {
        let mut asked = JoinSet::new();
        for client in self.clients()? {
            asked.spawn(ask(client));
        }
        while let Some(ended) = asked.join_next().await {
            if let Ok(Some(answer)) = ended {
                return Ok(Some(answer));
            }
        }
        Ok(None)
    }

    /// Asks this member, and then others while none brings an answer: each may be restarted between two
    /// questions. To be used for what may be asked twice.
    pub(crate) async fn answer_of<A, F>(
        &self,
        client: MemberClient,
        question: impl Fn(MemberClient) -> F,
    ) -> Result<Answer<A>>
    where
        F: Future<Output = Answer<A>>,
    {
        let mut answer = question(client).await;
        for _ in 1..TRIES {
            if !answer.as_ref().is_err_and(CallError::is_no_answer) {
                break;
            }
            answer = question(self.first_that_answers().await?).await;
        }
        Ok(answer)
    }

    /// The same, of whichever member answers.
    pub(crate) async fn answer<A, F>(&self, question: impl Fn(MemberClient) -> F) -> Result<Answer<A>>
    where
        F: Future<Output = Answer<A>>,
    {
        self.answer_of(self.first_that_answers().await?, question).await
    }

    /// The member that answers a read through the quorum first; when the leader was just restarted, that
    /// takes until there is another. One that refuses it for lack of a right has looked for that after the
    /// quorum has answered.
    pub(crate) async fn first_that_answers(&self) -> Result<MemberClient> {
        let has_answered = |read: Answer<i64>| matches!(read, Ok(_) | Err(CallError::Denied(_)));
        let deadline = since_boot() + ELECTION_AT_MOST;
        loop {
            let answered = self
                .first(|client| async move { has_answered(client.quorum_read().await).then_some(client) })
                .await?;
            match answered {
                Some(client) => return Ok(client),
                None if since_boot() < deadline => tokio::time::sleep(PAUSE).await,
                None => break,
            }
        }
        Err(Failure::new(Exit::Unavailable, "no member takes requests")
            .next(format!("see how the members are: {}", self.status)))
    }
}
