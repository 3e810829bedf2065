//! What a member that runs has not noticed yet: why it has to be restarted, for the start that it was then.
//! Once it was started again, by whatever, this counts no more.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zone_pki::regular_file;

use host::{Durability, MemberState, NodeLock, write_json};
use model::error::{Failure, Result};
use model::plan::NodePaths;

/// The content of `restart-needed.json`. Fields are added, never renamed.
#[derive(Debug, Serialize, Deserialize)]
struct RestartNeeded {
    /// When the start was decided that the member is.
    #[serde(with = "time::serde::rfc3339")]
    started_at: OffsetDateTime,
    /// Each a phrase.
    reasons: Vec<String>,
}

/// Notes why the member that runs will have to be restarted, beside what was noted of it before. To be called
/// before another generation is in use: a restart for nothing is better than none.
pub(super) fn note(paths: &NodePaths, reasons: &[String]) -> Result<()> {
    let Some(started_at) = started_at(paths).filter(|_| !reasons.is_empty()) else { return Ok(()) };
    let mut all = restart_needed(paths);
    all.extend(reasons.iter().filter(|reason| !all.contains(reason)).cloned().collect::<Vec<_>>());
    let (path, noted) = (paths.restart_needed(), RestartNeeded { started_at, reasons: all });
    write_json(&path, &noted, Durability::Synced).map_err(|error| Failure::write(&path, &error))
}

/// Why the member that runs here has to be restarted; empty if it need not, or none runs. A file that cannot
/// be read says nothing.
pub fn restart_needed(paths: &NodePaths) -> Vec<String> {
    let Some(started_at) = started_at(paths) else { return Vec::new() };
    let noted = regular_file::read(&paths.restart_needed()).ok();
    let noted: Option<RestartNeeded> = noted.and_then(|text| serde_json::from_slice(&text).ok());
    noted.filter(|noted| noted.started_at == started_at).map(|noted| noted.reasons).unwrap_or_default()
}

/// When the start was decided of the member that runs here; none if none does.
fn started_at(paths: &NodePaths) -> Option<OffsetDateTime> {
    let state = MemberState::load(&paths.state()).ok().flatten()?;
    NodeLock::is_held(&paths.lock()).then_some(state.decided_at)
}
