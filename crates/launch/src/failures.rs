//! What to say, and to do, when a member cannot start.

use zone_pki::ShowPath;

use super::remedies::{self, allow_bootstrap, forgotten_votes, replacement, run};
use etcd::{BackendError, ExtraFlagError, LogError, VersionsError};
use host::StateError;
use model::error::{Exit, Failure};
use model::plan::{DataDirectory, EtcdId, MemberPlan, MemberPlanError, Refusal, VersionRefusal};
use store::site::Site;

/// A member that must not start.
pub(super) fn refusal_failure(
    site: &Site,
    member: &MemberPlan,
    data: DataDirectory,
    refusal: &Refusal,
) -> Failure {
    let directory = member.paths.data();
    let name = member.node.short();
    let exit = match refusal {
        Refusal::NobodyToJoin { .. } | Refusal::WaitedInVain { .. } | Refusal::NoRightToBootstrap { .. } => {
            Exit::Unavailable
        }
        // A time service may set the clock while a supervisor tries again.
        Refusal::ClockBehind { .. } => Exit::TryAgain,
        _ => Exit::BadInput,
    };
    let failure = Failure::new(exit, format!("{name} must not start")).because(refusal);
    let alone = member.cluster.members.len() == 1;
    let replace = |id: EtcdId| replacement(site, member, data, Some(id));
    match refusal {
        Refusal::ForeignData { .. } => failure.next(format!(
            "put this node's own data back into {}; nothing there was changed",
            directory.shown()
        )),
        Refusal::OtherCluster { .. } if alone => failure.next(format!(
            "if it is this zone's data, set `token` in [etcd] to the one it was started with; if it is of \
             another cluster, put it aside with the start:\n{}",
            run(site, member, true)
        )),
        Refusal::OtherCluster { found, expected } if found.cluster == expected.cluster => {
            failure.next(format!(
                "a member that was added has another id than zone.toml gives, and the others know it: start \
                 them first, then:\n{}",
                run(site, member, false)
            ))
        }
        Refusal::OtherCluster { .. } => failure.next(format!(
            "if it is this zone's data, start the other members first, which know it, or set `token` in \
             [etcd] to the one that it was started with; if it is not needed: mv {0} {0}.other",
            directory.shown()
        )),
        Refusal::VotesAside { fits: true, .. } if alone => {
            failure.next(format!("start it with its data:\n{}", run(site, member, false)))
        }
        Refusal::VotesAside { fits: true, ids } => failure.next(format!(
            "start it with its data:\n{}\nonly if the data cannot be used any more, replace the member while \
             most of the others run:\n{}",
            run(site, member, false),
            replace(ids.member)
        )),
        Refusal::VotesAside { fits: false, .. } => failure.next(format!(
            "start the other members first: they tell whether this data is the zone's; if it is not needed: \
             mv {0} {0}.other",
            directory.shown()
        )),
        Refusal::JoinInterrupted { .. } => failure
            .next(format!("put what it left aside, while the others run:\n{}", run(site, member, true))),
        Refusal::RanUnderAnotherName { name, .. } => failure.next(format!(
            "put the name {name} back in zone.toml, and start that: a node that has run keeps its name and \
             its directory"
        )),
        Refusal::ForgottenVotes { past } => failure.next(forgotten_votes(site, member, data, past.member)),
        Refusal::DataWithoutLog if alone => failure.next(format!(
            "put the write-ahead log back into {}; if the files are not needed, put them aside with the \
             start:\n{}",
            directory.join("member").join("wal").shown(),
            run(site, member, true)
        )),
        Refusal::DataWithoutLog => failure.next(format!(
            "put the write-ahead log back into {}; if it is lost, put the files aside while the others run, \
             which know whether this member has voted:\n{}\nonly if no member of this zone has ever run: mv \
             {2} {2}.other",
            directory.join("member").join("wal").shown(),
            run(site, member, true),
            directory.shown()
        )),
        Refusal::SecondCluster { .. } => failure.next(format!(
            "start the members that have data first; a node that is new in zone.toml joins them:\n{}",
            replacement(site, member, data, None)
        )),
        Refusal::Removed { replaced_by: Some(_), .. } => failure.next(format!(
            "the cluster expects a new member here; to start as that, with the old data put aside:\n{}",
            run(site, member, true)
        )),
        Refusal::Removed { replaced_by: None, .. } => failure.next(format!(
            "its data was left as it is; to take part again as a new member:\n{}",
            replacement(site, member, data, None)
        )),
        Refusal::DataLost { ids } => failure.next(format!(
            "put the data back into {}; if it is lost, replace the member, which takes a quorum of the \
             others:\n{}",
            directory.shown(),
            replace(ids.member)
        )),
        Refusal::NotListed { .. } => failure.next(format!(
            "tell the cluster of it, and start it:\n{}",
            replacement(site, member, data, None)
        )),
        // It is a voter, which no other may be added beside.
        Refusal::OtherClusterAnswers { never_ran, .. } if never_ran.contains(&member.member.name) => failure
            .because(format!("that cluster has a member {name} that never ran, at another address"))
            .next(format!(
                "if this node is that member, and its address in zone.toml is right now, tell the cluster of \
                 it: {}\nthen start it: {}",
                site.proposed_update(name),
                run(site, member, false)
            )),
        Refusal::OtherClusterAnswers { .. } => failure.next(format!(
            "if {name} is new in this zone, tell the cluster of it, and start it:\n{}\notherwise put \
             [[node]], addresses, ports and token back as they were when the zone was bootstrapped",
            replacement(site, member, data, None)
        )),
        Refusal::TwoClusters { .. } => failure.next(format!(
            "find out which one holds the zone's data, and stop the members of the other: {}",
            site.proposed("ctl -- endpoint status --cluster -w table")
        )),
        Refusal::OthersRunAnotherCluster { .. } => failure.next(format!(
            "one of the two was bootstrapped a second time: find out which one holds the zone's data before \
             anything is put aside, and stop the other: {}\nonly if it is theirs, join them as a new \
             member:\n{}",
            site.proposed("status"),
            replacement(site, member, data, None)
        )),
        Refusal::NobodyToJoin { .. } => failure.next(format!(
            "start the members that have run before first, then: {}",
            run(site, member, false)
        )),
        Refusal::NoRightToBootstrap { .. } => {
            let failure = failure.because("no other member answers for a cluster");
            failure.next(format!(
            "start the members that have run, then: {}\nwith them it joins, or says how; only if this zone \
             has never run, give its members the right to found it, on the signing host:\n{}",
            run(site, member, false),
            allow_bootstrap(member)
            ))
        }
        Refusal::NotesLost { .. }
        | Refusal::NotOfThisStart { .. }
        | Refusal::OlderLog { .. }
        | Refusal::FilesBeforeStart { .. }
        | Refusal::NeverRanThere { .. }
        | Refusal::FoundedBefore { .. }
        | Refusal::WaitedInVain { .. } => remedies::way_out(failure, site, member, refusal),
        Refusal::ClockBehind { .. } => failure.next(format!(
            "set the clock (timedatectl set-ntp true, or chronyc makestep), then: {}",
            run(site, member, false)
        )),
        Refusal::BeforeRestore { .. } | Refusal::NotRestored { .. } => {
            remedies::of_restored_zone(failure, site, member, data)
        }
        Refusal::Version { minor, .. } => failure.next(format!(
            "set `version` in [etcd] of zone.toml to a bundled 3.{minor}, or run one with --etcd; upgrade \
             one minor at a time once the member has joined"
        )),
    }
}

/// A node that has had certificates, and whose directory is gone.
pub(super) fn lost_directory_failure(site: &Site, member: &MemberPlan) -> Failure {
    let name = member.node.short();
    let issue = site.proposed_issue(member.node.short());
    let failure = Failure::bad_input(format!("{name} must not start")).because(format!(
        "certificates were issued for it, but {} is gone: it may have lost its votes",
        member.paths.generations().shown()
    ));
    if member.cluster.members.len() == 1 {
        return failure.next(format!(
            "put the directory back; if it is lost, so is all that this zone held, since it has no other \
             member; to begin again with nothing in it:\n{issue}\n{}",
            run(site, member, false)
        ));
    }
    failure.next(format!(
        "put the directory back; if it is lost, replace the member while most of the others run:\n{}\nonly \
         if this member has never run: {issue}",
        replacement(site, member, DataDirectory::Empty, Some(member.member.id))
    ))
}

pub(super) fn member_failure(error: &MemberPlanError) -> Failure {
    Failure::new(Exit::Configuration, error.to_string())
        .next("start the members of the zone on its other nodes")
}

/// A write-ahead log that cannot tell whose it is.
pub(super) fn log_failure(error: &LogError) -> Failure {
    match error {
        LogError::Read { path, source } => Failure::read(path, source),
        LogError::Write { path, source } => Failure::write(path, source),
        LogError::Damaged(path) | LogError::DamagedAt { path, .. } => Failure::bad_input(error.to_string())
            .next(format!(
                "restore the data directory or replace the member; nothing below {} was changed",
                path.parent().unwrap_or(path).shown()
            )),
    }
}

/// A version of etcd that must not start on the data.
pub(super) fn version_refusal_failure(site: &Site, member: &MemberPlan, refusal: &VersionRefusal) -> Failure {
    let node = member.node.short();
    Failure::bad_input(format!("{node} must not start with this version of etcd"))
        .because(refusal)
        .next(refusal.next(&site.proposed_for("run", member.node.short()), &site.proposed("ctl")))
}

/// Data that does not tell which versions wrote it.
pub(super) fn versions_failure(error: &VersionsError) -> Failure {
    match error {
        VersionsError::Log(error) => log_failure(error),
        VersionsError::Backend(BackendError::Read { path, source }) => Failure::read(path, source),
        VersionsError::Backend(error @ BackendError::Damaged { .. }) => Failure::bad_input(error.to_string())
            .next("restore the data directory or replace the member; nothing in it was changed"),
    }
}

/// A `state.json` that cannot be used.
pub(super) fn state_failure(error: &StateError) -> Failure {
    match error {
        StateError::Write { path, source } => Failure::write(path, source),
        StateError::Read { path, source } => Failure::read(path, source),
        StateError::Damaged { .. } => Failure::bad_input(error.to_string()).next(
            "put it back from a backup; without it whether this member has voted cannot be told, so move it \
             away only if the member never ran or its data is complete",
        ),
        StateError::Newer { .. } => Failure::bad_input(error.to_string())
            .next("run the version of zone-etcd that wrote it, or a later one"),
    }
}

/// Flags that etcd would not take, or that are not the user's to give.
pub(super) fn flag_failure(site: &Site, in_file: &[ExtraFlagError], given: Vec<ExtraFlagError>) -> Failure {
    let exit = if in_file.is_empty() { Exit::Usage } else { Exit::Configuration };
    let mut failure = Failure::new(exit, "not every flag can be passed on to etcd");
    failure
        .causes
        .extend(in_file.iter().map(|error| format!("[etcd.flags] of {}: {error}", site.description())));
    let given =
        given.into_iter().map(|error| if site.is_local_config() { error.at_local_config() } else { error });
    failure.causes.extend(given.map(|error| error.to_string()));
    failure.next("correct or remove them; nothing was started")
}
