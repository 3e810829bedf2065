//! A zone document written to the zone's etcd, for the nameservices of all nodes.

use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;
use tokio::task::JoinSet;
use tokio::time::Instant;

use etcd::KeyValue;
use etcd::client::{Answer, CallError, ClientCredentials, MemberClient};
use etcd::key_values::KeyRange;
use etcd::tls::hostname::host_of;
use host::detached;
use model::config::ZoneDocument;
use model::foreign_text::said;
use model::formats::NameserviceProvider;
use model::plan::{Acceptance, DocumentRefusal, DocumentSigners, LastDocument, SignedZoneDocument};

/// The document of a zone is under this and its name.
pub const PREFIX: &str = "/zone-etcd/nameservice/";
/// The entry of a node in it is under this and its full name.
pub const NODES_PREFIX: &str = "/zone-etcd/nameservice/nodes/";

/// How long one answer of a member may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);
/// More nodes than etcd takes in one transaction.
const MOST_NODES: i64 = 1000;

/// What became of a document that was to be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// It was written.
    Written {
        /// The revision of etcd with which it was.
        revision: i64,
    },
    /// It was there already.
    Unchanged,
    /// A later one is there, or another one of the same time, and stays.
    Kept {
        /// When that was signed.
        iat: OffsetDateTime,
    },
}

/// Why a document was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// No nameservice would serve it.
    #[error("the document is not accepted: {0}")]
    Refused(DocumentRefusal),
    /// The certificate, its key or the CA cannot be used.
    #[error("the client certificate cannot be used: {0}")]
    Credentials(String),
    /// No member answers, or etcd refuses.
    #[error("the zone's etcd did not take it: {0}")]
    NotTaken(#[from] CallError),
}

/// Writes a document under [`PREFIX`], and the entry of each node under [`NODES_PREFIX`], in one transaction
/// that takes place only if what is there is older. Entries of nodes that are gone are removed by it. What is
/// there counts if one of the signers has signed it, and if it is not from the future.
///
/// It blocks for at most `limit`, and may be called from any thread. One that was interrupted is called
/// again.
///
/// # Errors
/// As [`PublishError`] says.
pub fn publish(
    access: &NameserviceProvider,
    signers: &DocumentSigners,
    document: &[u8],
    now: OffsetDateTime,
    limit: Duration,
) -> Result<Published, PublishError> {
    let wanted = verified(document, signers).map_err(PublishError::Refused)?;
    judge(&wanted, None, now).map_err(PublishError::Refused)?;
    let publication = Publication {
        key: format!("{PREFIX}{}", wanted.document().name),
        text: document.to_vec(),
        entries: entries(document, wanted.document()),
        wanted,
        signers: signers.clone(),
        now,
    };
    let (access, (sender, receiver)) = (access.clone(), mpsc::channel());
    // A runtime cannot be begun on a thread that has one.
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let published = match runtime {
            Ok(runtime) => runtime.block_on(publication.publish_within(limit, &access)),
            Err(error) => Err(PublishError::NotTaken(CallError::Failed(error.to_string()))),
        };
        // Nothing listens any more if a look-up has taken longer.
        drop(sender.send(published));
    };
    detached(work).map_err(|error| PublishError::NotTaken(CallError::Failed(error.to_string())))?;
    receiver.recv_timeout(limit + ANSWER_LIMIT).unwrap_or(Err(CallError::Late.into()))
}

struct Publication {
    key: String,
    text: Vec<u8>,
    entries: Vec<(Vec<u8>, Vec<u8>)>,
    wanted: SignedZoneDocument,
    signers: DocumentSigners,
    now: OffsetDateTime,
}

impl Publication {
    /// Tries until it is done or refused: a read that was asked of a leader that is gone since fails.
    async fn publish_within(
        &self,
        limit: Duration,
        access: &NameserviceProvider,
    ) -> Result<Published, PublishError> {
        let deadline = Instant::now() + limit;
        let mut failure = CallError::Late;
        loop {
            match tokio::time::timeout_at(deadline, self.publish(access)).await {
                Ok(Err(PublishError::NotTaken(error @ (CallError::Late | CallError::Failed(_))))) => {
                    failure = error;
                }
                Ok(ended) => return ended,
                Err(_) => return Err(failure.into()),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn publish(&self, access: &NameserviceProvider) -> Result<Published, PublishError> {
        let clients = clients(access).map_err(PublishError::Credentials)?;
        let (client, mut there) = first_with(&clients, self.key.as_bytes()).await?;
        loop {
            if let Some(published) = there.as_ref().and_then(|there| self.against(&there.value)) {
                return Ok(published);
            }
            let removed: Vec<KeyRange> = self.gone(&client).await?.into_iter().map(KeyRange::one).collect();
            let puts = [&[(self.key.clone().into_bytes(), self.text.clone())], &self.entries[..]].concat();
            let guard = (self.key.as_bytes(), there.map_or(0, |there| there.mod_revision));
            match client.change_if_unchanged(guard, &puts, &removed).await? {
                Ok(revision) => return Ok(Published::Written { revision }),
                // Another one was written in between, and is looked at in its turn.
                Err(instead) => there = instead,
            }
        }
    }

    /// What follows from what is there; none if it is to be replaced.
    fn against(&self, there: &[u8]) -> Option<Published> {
        let there = verified(there, &self.signers).ok()?;
        // One that no node accepts must not be in the way.
        if let Err(DocumentRefusal::FromTheFuture { .. }) = judge(&there, None, self.now) {
            return None;
        }
        let kept = Published::Kept { iat: there.iat() };
        match judge(&self.wanted, Some(&there), self.now) {
            Ok(()) if there.iat() == self.wanted.iat() => Some(Published::Unchanged),
            Ok(()) => None,
            Err(_) => Some(kept),
        }
    }

    /// The keys of nodes that the document does not have.
    async fn gone(&self, client: &MemberClient) -> Answer<Vec<Vec<u8>>> {
        let there = client.range(NODES_PREFIX.as_bytes(), &end_of(NODES_PREFIX), MOST_NODES).await?;
        let is_there = |key: &Vec<u8>| self.entries.iter().any(|(entry, _)| entry == key);
        Ok(there.pairs.into_iter().map(|pair| pair.key).filter(|key| !is_there(key)).collect())
    }
}

/// The key that follows all keys with this prefix, which ends with a slash.
pub(crate) fn end_of(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    end.pop();
    // `0` follows `/`.
    end.push(b'0');
    end
}

/// A client for each member. To be called on a runtime, where they stay.
pub(crate) fn clients(access: &NameserviceProvider) -> Result<Vec<MemberClient>, String> {
    let credentials = ClientCredentials::of_files(access.ca(), access.cert(), access.key())
        .map_err(|error| said(&error.to_string()))?;
    let client = |url: &String| {
        let host = host_of(url).unwrap_or_default();
        MemberClient::new(url, host, &credentials, ANSWER_LIMIT).map_err(|error| said(&error.to_string()))
    };
    access.endpoints().iter().map(client).collect()
}

/// The first member that answers, and what it has under a key. All are asked at once: one that says nothing
/// does not delay the others.
async fn first_with(
    clients: &[MemberClient],
    key: &[u8],
) -> Result<(MemberClient, Option<KeyValue>), CallError> {
    let mut asked = JoinSet::new();
    for client in clients {
        let (client, key) = (client.clone(), key.to_vec());
        asked.spawn(async move {
            let answer = client.get(&key).await?;
            Ok::<_, CallError>((client, answer))
        });
    }
    let mut failure = CallError::Late;
    while let Some(ended) = asked.join_next().await {
        match ended {
            Ok(Ok(answered)) => return Ok(answered),
            Ok(Err(error)) => failure = error,
            Err(_) => {}
        }
    }
    Err(failure)
}

/// Reads a document and verifies its signature.
pub(crate) fn verified(
    bytes: &[u8],
    signers: &DocumentSigners,
) -> Result<SignedZoneDocument, DocumentRefusal> {
    let (document, _) = ZoneDocument::parse(bytes)?;
    signers.verify(document)
}

fn judge(
    signed: &SignedZoneDocument,
    last: Option<&SignedZoneDocument>,
    now: OffsetDateTime,
) -> Result<(), DocumentRefusal> {
    let last = last.map(LastDocument::from);
    Acceptance { zone: None, now, last: last.as_ref(), with_log: None }.judge(signed)
}

/// The entry of each node as the document has it, with all that it says, by its key.
fn entries(bytes: &[u8], document: &ZoneDocument) -> Vec<(Vec<u8>, Vec<u8>)> {
    let key = |name: &str| format!("{NODES_PREFIX}{name}").into_bytes();
    entries_of(bytes, document).map(|(name, entry)| (key(&name), entry)).collect()
}

/// The full name of each member and its entry, as JSON.
pub(crate) fn entries_of(
    bytes: &[u8],
    document: &ZoneDocument,
) -> impl Iterator<Item = (String, Vec<u8>)> + use<> {
    let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let list = value["extend"]["etcd"].as_array().cloned().unwrap_or_default();
    // The members are in the order of the document, one for each entry of a document that was read.
    let names: Vec<String> = document.members.iter().map(|member| member.name.full().to_owned()).collect();
    names.into_iter().zip(list).map(|(name, entry)| (name, entry.to_string().into_bytes()))
}
