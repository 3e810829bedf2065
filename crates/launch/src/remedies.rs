//! What to do when a start is refused: the commands, and which of them fits.

use std::path::Path;

use zone_pki::ShowPath;

use model::error::Failure;
use model::plan::{AwaitedFor, DataDirectory, EtcdId, Ids, MemberPlan, Refusal, WaitsTo};
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
            "they are not of this start; if they are not needed: mv {0} {0}.other",
            model::report::shell_quoted_path(&member.paths.data())
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

/// How a node that runs here comes to the restored data.
pub(crate) fn go_on(site: &Site) -> String {
    match site {
        Site::Zone(_) => site.proposed("snapshot restore FILE"),
        Site::Node(_) => format!(
            "{}; or on the signing host, the command that restores the zone once more",
            site.proposed("snapshot restore FILE")
        ),
    }
}

/// The command that gives every member a bundle with which it may bootstrap the cluster. One alone is of no
/// use.
pub(super) fn allow_bootstrap(member: &MemberPlan) -> String {
    let names: Vec<&str> = member.cluster.members.iter().map(|member| member.name.as_str()).collect();
    let allowed: Vec<String> = names.iter().map(|name| format!("--allow-bootstrap {name}")).collect();
    format!("zone-etcd bundle {} {} --out DIR --passphrase-file FILE", names.join(" "), allowed.join(" "))
}

pub(super) fn forgotten_votes(site: &Site, member: &MemberPlan, data: DataDirectory, id: EtcdId) -> String {
    let directory = member.paths.data();
    if member.cluster.members.len() > 1 {
        return format!(
            "put the data back into {}; if it is lost, replace the member while most of the others \
             run:\n{}\nonly if the first start of this zone failed before its cluster was ever up:\n{}",
            directory.shown(),
            replacement(site, member, data, Some(id)),
            from_nothing(site, member, "failed"),
        );
    }
    format!(
        "put the data back into {}; if it is lost, so is all that this zone held, since it has no other \
         member; to begin again with nothing in it:\n{}",
        directory.shown(),
        from_nothing(site, member, "lost")
    )
}

/// The commands by which a node forgets that it ever ran a member.
fn from_nothing(site: &Site, member: &MemberPlan, suffix: &str) -> String {
    let quoted = |path: &Path| model::report::shell_quoted_path(path);
    let run = run(site, member, false);
    match site {
        Site::Zone(_) => {
            let root = quoted(member.paths.root());
            format!("mv {root} {root}.{suffix}\n{}\n{run}", site.proposed_issue(member.node.short()))
        }
        // Its certificates were made elsewhere and stay.
        Site::Node(_) => {
            let moved = [member.paths.data(), member.paths.state(), member.paths.high_water()];
            let moves = moved.iter().filter(|path| path.exists()).map(|path| {
                let path = quoted(path);
                format!("mv {path} {path}.{suffix}\n")
            });
            moves.chain([run]).collect()
        }
    }
}

/// The commands by which a new member comes to be here. The first waits for the other one.
pub(super) fn replacement(
    site: &Site,
    member: &MemberPlan,
    data: DataDirectory,
    old: Option<EtcdId>,
) -> String {
    let name = member.node.short();
    let command = if old.is_some() { format!("member replace {name}") } else { format!("member add {name}") };
    let run = run(site, member, data != DataDirectory::Empty);
    format!("{}    # and once it asks for the start of {name}:\n{run}", site.proposed_by_signer(&command))
}

pub(super) fn run(site: &Site, member: &MemberPlan, set_aside: bool) -> String {
    let option = if set_aside { " --move-data-aside" } else { "" };
    site.proposed_for(&format!("run{option}"), member.node.short())
}
