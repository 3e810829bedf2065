//! `access recipient`: the key that the bundles of a node are sealed to.

use std::path::Path;

use serde::Serialize;
use time::OffsetDateTime;
use zone_pki::regular_file;

use crate::arguments::open_zone;
use crate::cli::{AccessRecipientArgs, Format};
use crate::output::{json, print};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::formats::{LearnedFrom, RecipientRecord};
use model::report;
use store::bundle::{Recipient, RecipientError};
use store::zone_directory::ZoneDirectory;

/// What is recorded. Fields are added, never renamed.
#[derive(Serialize)]
struct Report<'r> {
    node: &'r str,
    recipient: Option<&'r str>,
    learned_from: Option<LearnedFrom>,
    #[serde(with = "time::serde::rfc3339::option")]
    at: Option<OffsetDateTime>,
}

#[tracing::instrument(skip_all, name = "access recipient")]
pub(super) fn run(arguments: &AccessRecipientArgs, now: OffsetDateTime) -> Result<()> {
    let zone = open_zone(&arguments.zone)?;
    zone.report_warnings();
    zone.refuse_unless_issued()?;
    let node = zone.node(&arguments.node)?;
    if let Some(text) = &arguments.recipient {
        record(&zone, node, text, now)?;
    }
    let known = zone.recipients()?;
    let recorded = known.of(node);
    match arguments.format {
        Format::Json => print(&json(&Report::of(node, recorded))?),
        Format::Text => match recorded {
            Some((key, _)) => print(&format!("{key}\n")),
            None => Err(no_key(&zone, node)),
        },
    }
}

fn record(zone: &ZoneDirectory, node: &Node, text: &str, now: OffsetDateTime) -> Result<()> {
    let read = match text.strip_prefix('@').map(Path::new) {
        Some(path) => {
            let bytes = regular_file::read(path).map_err(|error| Failure::read(path, &error))?;
            String::from_utf8_lossy(&bytes).into_owned()
        }
        None => text.to_owned(),
    };
    let key = Recipient::parse(&read).map_err(|error| not_a_key(&error))?;
    let held = zone.lock()?;
    zone.record_recipients(&held, &[(node, key.as_str())], LearnedFrom::Operator, now)?;
    report::message(&format!("bundles of {} are sealed to this key from now on", node.name.short()));
    Ok(())
}

fn not_a_key(error: &RecipientError) -> Failure {
    Failure::new(Exit::Usage, "this is not a key that bundles can be sealed to")
        .because(error)
        .next("on the node, print its key: zone-etcd sync --print-recipient")
}

fn no_key(zone: &ZoneDirectory, node: &Node) -> Failure {
    let name = node.name.short();
    Failure::new(Exit::MissingInput, format!("no key of {name} is recorded")).next(format!(
        "its first signed answer brings it; or on {name}: zone-etcd sync --print-recipient, then here: {}",
        zone.proposed(&format!("access recipient {name} KEY"))
    ))
}

impl<'r> Report<'r> {
    fn of(node: &'r Node, recorded: Option<(&'r str, &'r RecipientRecord)>) -> Self {
        Self {
            node: node.name.full(),
            recipient: recorded.map(|(key, _)| key),
            learned_from: recorded.map(|(_, record)| record.learned_from),
            at: recorded.map(|(_, record)| record.at),
        }
    }
}
