//! A client that writes one key after the other, and tries each until it is acknowledged.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::client::Client;
use super::connections::Connection;
use super::history::{Answered, Track};
use super::keys::Keys;
use super::target::TRY_LIMIT;
use etcd::client::CallError;

/// From the beginning of one write to that of the next, if it is acknowledged before: more would measure the
/// machine.
const PACE: Duration = Duration::from_millis(2);
/// How long one try of the round robin writer may take. While leadership moves, etcd drops what a follower
/// has just passed on without an answer: a client with another endpoint does not wait for that.
const IMPATIENT: Duration = Duration::from_millis(100);
/// How long a write is tried. etcd's own time-outs are shorter.
const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// Between two tries when there is no better endpoint; `defaultBackoffWaitBetween` in etcd's
/// `client/v3/options.go`.
const BACK_OFF: Duration = Duration::from_millis(25);

/// How a writer uses the endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    /// Each try goes to the next member that is connected, and is given up soon.
    RoundRobin,
    /// All go to the same member until a request has not been answered for a second, as those of etcd's own
    /// Go client do that was given one endpoint at a time.
    Pinned,
}

impl Habit {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::RoundRobin => "round robin",
            Self::Pinned => "pinned",
        }
    }
}

/// Writes until the load is stopped.
pub(super) async fn write(client: Arc<Client>, habit: Habit, keys: Keys) -> Track {
    let mut writer = Writer { client, habit, keys, place: 0, track: Track::named(habit.name()) };
    let mut number = 0;
    while !writer.client.is_stopped() {
        let began = Instant::now();
        writer.write(number).await;
        number += 1;
        sleep_until(began + PACE).await;
    }
    writer.track
}

struct Writer {
    client: Arc<Client>,
    habit: Habit,
    keys: Keys,
    /// The member that is asked next.
    place: usize,
    track: Track,
}

impl Writer {
    async fn write(&mut self, number: u64) {
        let (began, deadline) = (self.client.elapsed(), Instant::now() + WRITE_LIMIT);
        let mut tries = 0;
        // The end of a pinned writer's patience with its member.
        let mut patience = Instant::now() + TRY_LIMIT;
        while Instant::now() < deadline {
            tries += 1;
            let connection = self.choose();
            let limit = match self.habit {
                Habit::RoundRobin => IMPATIENT,
                Habit::Pinned => patience.saturating_duration_since(Instant::now()),
            };
            match self.put(&connection, number, limit).await {
                Ok(()) => {
                    let answered = Answered { number, began, at: self.client.elapsed(), tries };
                    self.client.acknowledged(&self.keys, number);
                    self.track.answered.push(answered);
                    return;
                }
                Err(why) => self.track.failed(&self.client, connection.index, &why),
            }
            match self.habit {
                Habit::RoundRobin => self.avoid(&connection).await,
                Habit::Pinned if Instant::now() + BACK_OFF < patience => sleep(BACK_OFF).await,
                Habit::Pinned => {
                    self.client.connections.failed(&connection);
                    self.place += 1;
                    patience = Instant::now() + TRY_LIMIT;
                }
            }
        }
        self.track.gave_up(&self.client, number);
    }

    /// Whom to ask now.
    fn choose(&mut self) -> Connection {
        let connections = &self.client.connections;
        match self.habit {
            Habit::Pinned => connections.to(self.place % connections.count()),
            Habit::RoundRobin => {
                let connection = connections
                    .ready_from(self.place)
                    .unwrap_or_else(|| connections.to(self.place % connections.count()));
                self.place = connection.index + 1;
                connection
            }
        }
    }

    /// Leaves a member out until it answers again. If none is left, there is time to wait.
    async fn avoid(&self, connection: &Connection) {
        self.client.connections.failed(connection);
        if self.client.connections.ready_from(0).is_none() {
            sleep(BACK_OFF).await;
        }
    }

    async fn put(&self, connection: &Connection, number: u64, limit: Duration) -> Result<(), String> {
        let (key, value) = (self.keys.key(number), self.keys.value(number));
        match timeout(limit, connection.client.put(&key, &value)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(one_line(&error)),
            Err(_) => Err(format!("no answer within {} ms", limit.as_millis())),
        }
    }
}

/// What etcd, or the way to it, said.
pub(super) fn one_line(error: &CallError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
