//! Steps 3 and 5 alone, where systemd does the rest: waits until the zone takes requests, and has the
//! nameservice know its etcd.

use std::thread::sleep;
use std::time::{Duration, Instant};

use model::config::Reload;
use model::error::Result;
use model::report;
use supervision::Call;

use super::members::Members;
use super::node::Node;
use super::{quorum, service};

const PAUSE: Duration = Duration::from_millis(250);
/// How often is told what is waited for.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// Waits for the zone, without end, and tells the nameservice of it.
///
/// # Errors
/// The members are not found, or a file cannot be written.
pub fn connect(config: &std::path::Path) -> Result<()> {
    let node = Node::read(config)?;
    node.tell_warnings();
    node.lay_down_certificates()?;
    let members = match node.looks_for_members() {
        false => Members::written(&node)?,
        true if node.registers() => registered(&node),
        true => Members::found(&node, &node.find_members(true)?),
    };
    let mut told: Option<Instant> = None;
    while let Some(why) = quorum::missing(&members) {
        if told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
            report::message(&format!("waiting for the zone to take requests: {why}"));
            told = Some(Instant::now());
        }
        sleep(PAUSE);
    }
    let Some(settings) = &node.boot.nameservice else { return Ok(()) };
    report::message(&format!("wrote {}", service::write(settings, &node, &members)?));
    if let Some(how) = service::publish_kept(&node, &members)? {
        report::message(&format!("document {how}"));
    }
    if let Reload::Command(words) = &settings.reload {
        service::wait_for(Call::start(words), words, |pause| {
            sleep(pause);
            true
        })?;
    }
    Ok(())
}

/// The members that the start of the member has kept. It alone registers: whether it is for the first time
/// counts in its decision.
fn registered(node: &Node) -> Members {
    let mut told: Option<Instant> = None;
    loop {
        if let Some(members) = Members::known(node) {
            return members;
        }
        if told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
            report::message("waiting for the member to register, and to find the others");
            told = Some(Instant::now());
        }
        sleep(PAUSE);
    }
}
