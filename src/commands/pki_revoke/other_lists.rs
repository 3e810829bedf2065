//! `pki revoke --rebuild-lists` and `--adopt-list`: lists that are lost or damaged, made again from what is recorded, and what another
//! list of the zone has taken over.

use std::path::PathBuf;
use std::process::ExitCode;

use time::OffsetDateTime;
use zone_pki::ShowPath;

use super::handing_out::hand_out;
use super::outcome::Outcome;
use super::report::tell_members;
use super::trial::try_lists;
use crate::error::Result;
use crate::plan::Plane;
use crate::report as output;
use crate::zone_directory::{AdoptedList, RebuiltList, ZoneDirectory, ZoneLock, adopt_list, rebuild_lists};

pub(super) fn rebuild(zone: &ZoneDirectory, now: OffsetDateTime) -> Result<ExitCode> {
    let held = zone.lock()?;
    let rebuilt = rebuild_lists(zone, now, &held)?;
    if rebuilt.is_empty() {
        output::message("nothing to rebuild: both lists are signed by their CAs");
        return Ok(ExitCode::SUCCESS);
    }
    rebuilt.iter().for_each(tell);
    give_to_members(zone, held, now)
}

pub(super) fn adopt(zone: &ZoneDirectory, lists: &[PathBuf], now: OffsetDateTime) -> Result<ExitCode> {
    let held = zone.lock()?;
    for list in lists {
        // Each is compared with what the one before has left.
        let adopted = adopt_list(zone, list, &held.authorities(now)?, now)?;
        tell_adopted(&adopted);
    }
    give_to_members(zone, held, now)
}

fn tell_adopted(adopted: &AdoptedList) {
    let AdoptedList { plane, added, unknown } = adopted;
    match added {
        0 => output::message(&format!("the zone's {} has everything that it lists", plane.revocation_file())),
        _ => output::message(&format!("{added} more are on the zone's {} now", plane.revocation_file())),
    }
    if *unknown > 0 {
        output::warning(&format!(
            "{unknown} of them are not in issued.jsonl: their certificates are refused, and whose they were is not known here"
        ));
    }
}

fn give_to_members(zone: &ZoneDirectory, held: ZoneLock, now: OffsetDateTime) -> Result<ExitCode> {
    let authorities = held.authorities(now)?;
    let serving = authorities.serving_members(&zone.config);
    let handed_out = hand_out(zone, &authorities, &serving, now)?;
    let authorities = authorities.released();
    drop(held);
    let brought = handed_out.bring(zone);
    let lists = try_lists(zone, &authorities, &serving, &Plane::ALL)?;
    let outcome = Outcome::of(&serving, &brought, &[], &lists);
    tell_members(zone, &brought, &outcome, None);
    Ok(outcome.exit_code())
}

fn tell(list: &RebuiltList) {
    let RebuiltList { path, listed, kept } = list;
    let listed = match listed {
        1 => "1 certificate".to_owned(),
        count => format!("{count} certificates"),
    };
    let kept = kept.as_ref().map_or(String::new(), |kept| format!("; what was there is {}", kept.shown()));
    output::message(&format!("{} lists {listed}, all that issued.jsonl has as revoked{kept}", path.shown()));
    output::message(
        "what was revoked in another copy of this zone directory is not in it: take it over from a node that has it, with --adopt-list",
    );
}
