//! `pki revoke --rebuild-lists`: lists that are lost or damaged, made again from what is recorded.

use std::process::ExitCode;

use time::OffsetDateTime;
use zone_pki::ShowPath;

use super::handing_out::{NotReached, bring, hand_out, next_for_lists};
use crate::error::{Exit, Result};
use crate::report as output;
use crate::zone_directory::{RebuiltList, ZoneDirectory, rebuild_lists};

pub(super) fn run(zone: &ZoneDirectory, now: OffsetDateTime) -> Result<ExitCode> {
    let held = zone.lock()?;
    let rebuilt = rebuild_lists(zone, now, &held)?;
    if rebuilt.is_empty() {
        output::message("nothing to rebuild: both lists are signed by their CAs");
        return Ok(ExitCode::SUCCESS);
    }
    rebuilt.iter().for_each(tell);
    let authorities = held.authorities(now)?;
    let to_bring = hand_out(zone, &authorities, None, now)?;
    drop(held);
    let not_reached = bring(to_bring);
    for NotReached { node, failure } in &not_reached {
        output::warning(&format!("{node} has the old lists still: {failure}"));
    }
    if let Some(next) = next_for_lists(zone, &not_reached) {
        output::message(&format!("next: {next}"));
    }
    Ok(if not_reached.is_empty() { ExitCode::SUCCESS } else { Exit::Unavailable.into() })
}

fn tell(list: &RebuiltList) {
    let RebuiltList { path, listed, kept } = list;
    let listed = match listed {
        1 => "1 certificate".to_owned(),
        count => format!("{count} certificates"),
    };
    let kept = kept.as_ref().map_or(String::new(), |kept| format!("; what was there is {}", kept.shown()));
    output::message(&format!(
        "{} lists {listed}, all that issued.jsonl has as revoked and not expired{kept}",
        path.shown()
    ));
    output::message(
        "what was revoked in another copy of this zone directory is not in it: revoke it here as well",
    );
}
