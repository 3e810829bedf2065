//! A client that reads through the quorum what was last acknowledged, and knows what it has to find.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::client::Client;
use super::history::{Answered, Track};
use super::keys::Keys;
use super::target::TRY_LIMIT;
use super::writer::one_line;

/// The reader's name in reports.
pub(super) const NAME: &str = "reader";
/// From the beginning of one read to that of the next.
const PACE: Duration = Duration::from_millis(5);
const READ_LIMIT: Duration = Duration::from_secs(10);
/// Between two tries when no member is connected.
const BACK_OFF: Duration = Duration::from_millis(25);

/// What a reader noted, and when what it read was behind what had been acknowledged.
pub(super) type Read = (Track, Vec<Duration>);

/// Reads until the load is stopped.
pub(super) async fn read(client: Arc<Client>) -> Read {
    let mut reader = Reader { client, place: 0, track: Track::named(NAME), stale: Vec::new() };
    let mut number = 0;
    while !reader.client.is_stopped() {
        let began = Instant::now();
        if let Some((keys, written)) = reader.client.last_acknowledged() {
            reader.read(number, &keys, written).await;
            number += 1;
        }
        sleep_until(began + PACE).await;
    }
    (reader.track, reader.stale)
}

struct Reader {
    client: Arc<Client>,
    place: usize,
    track: Track,
    stale: Vec<Duration>,
}

impl Reader {
    async fn read(&mut self, number: u64, keys: &Keys, written: u64) {
        let (began, deadline) = (self.client.elapsed(), Instant::now() + READ_LIMIT);
        let mut tries = 0;
        while Instant::now() < deadline {
            let Some(connection) = self.client.connections.ready_from(self.place) else {
                sleep(BACK_OFF).await;
                continue;
            };
            self.place = connection.index + 1;
            tries += 1;
            let why = match timeout(TRY_LIMIT, connection.client.get(&keys.key(written))).await {
                Ok(Ok(pair)) => {
                    let at = self.client.elapsed();
                    if pair.and_then(|pair| keys.number_of(&pair)) != Some(written) {
                        self.stale.push(at);
                    }
                    self.track.answered.push(Answered { number, began, at, tries });
                    self.client.is_steady();
                    return;
                }
                Ok(Err(error)) => one_line(&error),
                Err(_) => format!("no answer within {} ms", TRY_LIMIT.as_millis()),
            };
            self.track.failed(&self.client, connection.index, &why);
            self.client.connections.failed(&connection);
        }
        self.track.gave_up(&self.client, number);
    }
}
