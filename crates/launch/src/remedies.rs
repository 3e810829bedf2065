//! What to do when a start is refused because the cluster could be founded twice, or the data be an older
//! copy.

use zone_pki::ShowPath;

use super::failures::{replacement, run};
use super::restoration::go_on;
use model::error::Failure;
use model::plan::{AwaitedFor, DataDirectory, Ids, MemberPlan, Refusal, WaitsTo};
use store::site::Site;

/// The way out of a refusal of these kinds.
pub(super) fn way_out(failure: Failure, site: &Site, member: &MemberPlan, refusal: &Refusal) -> Failure {
    let directory = member.paths.data();
    let directory = directory.shown();
    let alone = member.cluster.members.len() == 1;
    let by_word = |word: &str| with_word(site, member, word);
    let replace_with = |data, ids: &Ids| {
        format!(
            "if it is lost, replace the member while most of the others run:\n{}",
            replacement(site, member, data, Some(ids.member))
        )
    };
    let replace = |ids: &Ids| replace_with(DataDirectory::Log(*ids), ids);
    match refusal {
        Refusal::NotesLost { found } | Refusal::NotOfThisStart { found } => failure.next(format!(
            "put this node's own {} back, or its newest data into {directory}; only if this is the very disk \
             that the member ran on last, and no copy of it: {}\n{}",
            member.paths.state().shown(),
            by_word("--data-is-current"),
            replace(found)
        )),
        Refusal::OlderLog { .. } if alone => failure.next(format!(
            "put the newer data back into {directory}; if it is lost, so is what was written since; to go on \
             with this copy: {}",
            by_word("--accept-older-data")
        )),
        Refusal::OlderLog { ids, .. } => failure.next(format!(
            "put the newer data back into {directory}; never start a member on an older copy; {}",
            replace(ids)
        )),
        Refusal::FilesBeforeStart { .. } => failure.next(format!(
            "they are not of this start; if they are not needed: mv {directory} {directory}.other"
        )),
        Refusal::NeverRanThere { .. } => failure.next(format!(
            "find out which of the two histories is the zone's before anything is changed: {}\nthis node's \
             data was left as it is",
            site.proposed("status")
        )),
        Refusal::FoundedBefore { ids, .. } => failure.next(format!(
            "put the disk back with {directory} and {}; {}\nonly if this member has never run: {}",
            member.paths.state().shown(),
            replace_with(DataDirectory::Empty, ids),
            by_word("--never-ran")
        )),
        Refusal::WaitedInVain { to, awaited } => {
            let failure = awaited.iter().fold(failure, |failure, awaited| {
                failure.because(format!("{}: {}", awaited.name, awaited.what))
            });
            failure.next(match to {
                WaitsTo::Found => {
                    found_without(site, member, awaited.iter().map(|awaited| (&*awaited.name, &awaited.what)))
                }
                WaitsTo::Join | WaitsTo::BelieveTheOperator => {
                    format!("start or fix the others first, then: {}", run(site, member, false))
                }
            })
        }
        // The others are of other kinds.
        _ => failure,
    }
}

fn found_without<'a>(
    site: &Site,
    member: &MemberPlan,
    awaited: impl Iterator<Item = (&'a str, &'a AwaitedFor)>,
) -> String {
    let mut next = format!("start or fix them, then: {}", run(site, member, false));
    let (mut have_run, mut never): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for (name, what) in awaited {
        if *what == AwaitedFor::Data { have_run.push(name) } else { never.push(name) }
    }
    if !have_run.is_empty() {
        next += &format!(
            "\nput the data of {} back; if nothing is left of it anywhere, begin from nothing on every \
             member",
            have_run.join(", ")
        );
    } else if member.cluster.members.len() > 2 && never.len() * 2 < member.cluster.members.len() {
        let words: Vec<String> = never.iter().map(|name| format!("--found-without {name}")).collect();
        next += &format!(
            "\nonly if {} never ran, on each of the others: {}",
            never.join(" and "),
            with_word(site, member, &words.join(" "))
        );
    }
    next
}

fn with_word(site: &Site, member: &MemberPlan, word: &str) -> String {
    site.proposed_for(&format!("run {word}"), member.node.short())
}

/// What to do where the data is of another cluster than the zone was restored to, or not there.
pub(crate) fn of_restored_zone(
    failure: Failure,
    site: &Site,
    member: &MemberPlan,
    data: DataDirectory,
) -> Failure {
    let epoch = site.restored().ok().flatten();
    let is_complete = epoch.as_ref().is_some_and(|epoch| epoch.completed_at.is_some());
    let was_restored = epoch.is_some_and(|epoch| epoch.member(member.node.full()).is_some());
    let join = replacement(site, member, data, None);
    if !was_restored {
        return failure.next(format!("the zone was restored without this node: have it join:\n{join}"));
    }
    if is_complete {
        // It has voted since: given the restored data once more it would have forgotten that.
        let replace = site.proposed_by_signer(&format!("member replace {}", member.node.short()));
        return failure.next(format!(
            "replace it while most of the others run: {replace}\nif most have lost their data: {}; or, if no \
             data is left: {}",
            site.proposed_by_signer("recover --dead NODE"),
            site.proposed_by_signer("snapshot restore FILE")
        ));
    }
    failure.next(format!(
        "give it the restored data: {}\nor, once the others run, have it join as a new member:\n{join}",
        go_on(site)
    ))
}
