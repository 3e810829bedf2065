//! One client's connections, a member each: followed to new certificates, and made again in the background
//! after a failure.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::target::{TRY_LIMIT, Target};
use etcd::client::{ClientCredentials, MemberClient};

/// Between two looks at a member that is not there, or at the client's certificates.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The connections of one client. All of them belong to the runtime in which they were made.
pub(super) struct Connections {
    target: Target,
    known: Mutex<Known>,
    slots: Vec<Mutex<Slot>>,
}

/// What the client presents and trusts, and from which generation it has that.
struct Known {
    credentials: ClientCredentials,
    generation: Option<PathBuf>,
}

struct Slot {
    client: MemberClient,
    /// Counts the connections to this member.
    serial: u64,
    is_ready: bool,
    is_being_renewed: bool,
}

#[derive(Clone)]
pub(super) struct Connection {
    pub(super) client: MemberClient,
    pub(super) index: usize,
    serial: u64,
}

impl Connections {
    /// Connections that are made when they are first used.
    pub(super) fn new(target: Target, credentials: ClientCredentials) -> Result<Arc<Self>, String> {
        let generation = target.generation();
        let slots = (0..target.members.len())
            .map(|index| {
                let client = target.dial(index, &credentials)?;
                Ok(Mutex::new(Slot { client, serial: 0, is_ready: true, is_being_renewed: false }))
            })
            .collect::<Result<_, String>>()?;
        Ok(Arc::new(Self { target, known: Mutex::new(Known { credentials, generation }), slots }))
    }

    /// The connection to a member, whatever its state.
    pub(super) fn to(&self, index: usize) -> Connection {
        let slot = lock(&self.slots[index]);
        Connection { client: slot.client.clone(), index, serial: slot.serial }
    }

    /// The first connection that is ready, from that to `index` on, all around.
    pub(super) fn ready_from(&self, index: usize) -> Option<Connection> {
        let count = self.slots.len();
        (index..index + count)
            .map(|index| index % count)
            .find(|index| lock(&self.slots[*index]).is_ready)
            .map(|index| self.to(index))
    }

    /// How many members there are.
    pub(super) fn count(&self) -> usize {
        self.slots.len()
    }

    /// The short name of a member's node.
    pub(super) fn name(&self, index: usize) -> &str {
        &self.target.members[index].name
    }

    /// Takes a connection out of turn until another one to the same member is answered, unless that has
    /// happened already.
    pub(super) fn failed(self: &Arc<Self>, connection: &Connection) {
        let mut slot = lock(&self.slots[connection.index]);
        if slot.serial == connection.serial {
            slot.is_ready = false;
            self.renew(connection.index, &mut slot);
        }
    }

    /// Looks for new certificates, for ever. Connections that are there serve until the new ones do, so there
    /// is no gap.
    pub(super) async fn follow(self: Arc<Self>) {
        loop {
            sleep(LOOK_AGAIN).await;
            let generation = self.target.generation();
            if generation == lock(&self.known).generation {
                continue;
            }
            // A generation that cannot be read is looked at again: it may just be on its way.
            if let Ok(credentials) = self.target.credentials() {
                *lock(&self.known) = Known { credentials, generation };
                for (index, slot) in self.slots.iter().enumerate() {
                    self.renew(index, &mut lock(slot));
                }
            }
        }
    }

    fn renew(self: &Arc<Self>, index: usize, slot: &mut Slot) {
        if !slot.is_being_renewed {
            slot.is_being_renewed = true;
            tokio::spawn(Arc::clone(self).connect(index));
        }
    }

    /// Connects again, each time from the start: one that hangs, because its member went away without a word,
    /// would hang on.
    async fn connect(self: Arc<Self>, index: usize) {
        loop {
            let (credentials, generation) = {
                let known = lock(&self.known);
                (known.credentials.clone(), known.generation.clone())
            };
            if let Ok(client) = self.target.dial(index, &credentials)
                && matches!(timeout(TRY_LIMIT, client.status()).await, Ok(Ok(_)))
            {
                let mut slot = lock(&self.slots[index]);
                slot.client = client;
                slot.serial += 1;
                slot.is_ready = true;
                // Certificates that came meanwhile are for the next round.
                if lock(&self.known).generation == generation {
                    slot.is_being_renewed = false;
                    return;
                }
            }
            sleep(LOOK_AGAIN).await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
