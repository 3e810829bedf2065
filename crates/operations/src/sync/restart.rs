//! The member of a node restarted once it is its turn: while it holds the lock of operations, no other member
//! is restarted.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::event::Told;
use crate::lock::{OperationLock, TURN_OF_A_NODE};
use crate::operation::Operation;
use crate::restarted::RestartedMember;
use launch::activation::restart_needed;
use model::config::Node;
use model::error::{Exit, Result};
use model::report;
use store::site::Site;

/// Between two tries to take the lock.
const PAUSE: Duration = Duration::from_millis(500);

/// Restarts the member that runs here, unless it was restarted while another had its turn.
///
/// # Errors
/// Another operation is under way for longer than `timeout` (exit 75), a gate stays closed, or it is not back
/// in that time.
#[tracing::instrument(skip_all, name = "restart in turn")]
pub(super) fn in_turn(site: &Site, node: &Node, timeout: Duration) -> Result<Option<RestartedMember>> {
    let paths = site.node_paths(&node.name);
    let deadline = Instant::now() + timeout;
    let mut is_told = false;
    let lock = loop {
        match OperationLock::take(site, TURN_OF_A_NODE) {
            Ok(lock) => break lock,
            Err(held) if held.exit == Exit::TryAgain && Instant::now() < deadline => {
                if !std::mem::replace(&mut is_told, true) {
                    report::message(&format!("{} waits for its turn: {held}", node.name.short()));
                }
                sleep(PAUSE);
            }
            Err(failure) => return Err(failure),
        }
    };
    let reasons = restart_needed(&paths);
    if reasons.is_empty() {
        return Ok(None);
    }
    report::message(&format!("{} is restarted, since {}", node.name.short(), reasons.join(" and ")));
    let mut watch = Told(site);
    Operation::with(Some(lock), site, TURN_OF_A_NODE, timeout, &mut watch).restart_in_place(node).map(Some)
}
