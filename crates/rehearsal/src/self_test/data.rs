//! What is written to the zone, and has to be there afterwards.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use etcd::Page;
use etcd::client::{Answer, MemberClient};
use live::{Credentials, on_runtime};
use model::config::ClientName;
use model::error::{Exit, Failure, Result};
use store::zone_directory::ZoneDirectory;

/// How many keys there are.
pub(super) const KEYS: usize = 100;
const PREFIX: &str = "self-test/keys/";
/// The end of the range of these keys.
const END: &str = "self-test/keys0";
/// What is written after the snapshot.
const LATER: &str = "self-test/later";
/// How long a member may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// For how long a request is tried: leadership may just move.
const LIMIT: Duration = Duration::from_secs(10);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) struct Data<'z> {
    zone: &'z ZoneDirectory,
}

impl<'z> Data<'z> {
    pub(super) fn of(zone: &'z ZoneDirectory) -> Self {
        Self { zone }
    }

    /// Writes the keys, each through the next member, and returns how long one took.
    pub(super) fn write(&self, client: &ClientName) -> Result<Duration> {
        self.asked(client, async |members| {
            let begun = Instant::now();
            for (number, member) in (0..KEYS).zip(members.iter().cycle()) {
                let (key, value) = pair(number);
                answered("a key cannot be written", async || {
                    member.put(key.as_bytes(), value.as_bytes()).await
                })
                .await?;
            }
            Ok(begun.elapsed() / u32::try_from(KEYS).unwrap_or(u32::MAX))
        })
    }

    /// Reads all keys through every member.
    pub(super) fn read_back(&self) -> Result<()> {
        self.asked(&ClientName::admin(), async |members| {
            for member in members {
                let page = answered("the keys cannot be read", async || {
                    member.range(PREFIX.as_bytes(), END.as_bytes(), 10 * KEYS as i64).await
                })
                .await?;
                let right = (0..KEYS).filter(|number| is_there(&page, *number)).count();
                if right != KEYS {
                    let what = format!("{right} of {KEYS} keys are there with their values");
                    return Err(Failure::bad_input("what was written is not what is read").because(what));
                }
            }
            Ok(())
        })
    }

    /// Writes what a snapshot of before does not have.
    pub(super) fn write_later(&self) -> Result<()> {
        self.asked(&ClientName::admin(), async |members| {
            let [member, ..] = members else { return Ok(()) };
            answered("a key cannot be written", async || member.put(LATER.as_bytes(), b"").await)
                .await
                .map(drop)
        })
    }

    /// Refuses data that has it.
    pub(super) fn refuse_later(&self) -> Result<()> {
        self.asked(&ClientName::admin(), async |members| {
            for member in members {
                let found =
                    answered("a key cannot be read", async || member.get(LATER.as_bytes()).await).await?;
                if found.is_some() {
                    return Err(Failure::bad_input("what was written after the snapshot is still there"));
                }
            }
            Ok(())
        })
    }

    /// Asks the members with the certificate that the client has now.
    fn asked<T>(
        &self,
        client: &ClientName,
        ask: impl AsyncFnOnce(&[MemberClient]) -> Result<T>,
    ) -> Result<T> {
        let generation = self.zone.paths.client_current(client);
        let credentials = Credentials::load(&generation).map_err(|error| {
            Failure::bad_input(format!("the certificate of {client} cannot be used")).because(&error)
        })?;
        on_runtime(async {
            let members = self.zone.config.members();
            let members = members
                .map(|node| credentials.connect(&node.client_url(), ANSWER_LIMIT))
                .collect::<Result<Vec<_>, String>>();
            ask(&members.map_err(Failure::internal)?).await
        })
        .map_err(|error| Failure::internal("cannot set up the connections").because(&error))?
    }
}

fn pair(number: usize) -> (String, String) {
    (format!("{PREFIX}{number:04}"), format!("value {number}"))
}

fn is_there(page: &Page, number: usize) -> bool {
    let (key, value) = pair(number);
    page.pairs.iter().any(|pair| pair.key == key.as_bytes() && pair.value == value.as_bytes())
}

async fn answered<T>(what: &str, ask: impl AsyncFn() -> Answer<T>) -> Result<T> {
    let deadline = Instant::now() + LIMIT;
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) if Instant::now() > deadline => {
                return Err(Failure::new(Exit::Unavailable, what.to_owned()).because(&error));
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}
