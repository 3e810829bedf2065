//! A node that has committed to found a cluster with some members does not found another one with others.
//!
//! For the start decision a commit to another cluster counts for nothing, since an operator who writes
//! another list has a reason for it. What was found elsewhere has changed without a word of theirs, and the
//! members of the commit may have gone on without this node: theirs would be one cluster of the zone, and its
//! own another.

use zone_pki::ShowPath;

use host::MemberState;
use model::config::{LocalConfig, MemberList};
use model::error::{Exit, Failure, Result};
use model::plan::Phase;
use store::node_directory::{Place, kept_members};

/// Refuses a list that is not the one of the commit, which was kept before that.
pub(super) fn refuse_other_members(list: &MemberList, local: &LocalConfig, place: &Place<'_>) -> Result<()> {
    let path = place.paths.state();
    // The start itself tells of a file that is damaged, and goes no further.
    let Ok(Some(state)) = MemberState::load(&path) else { return Ok(()) };
    let founds = |state: &MemberState| match state.past(&path) {
        Ok(past) => !past.joins && matches!(past.phase, Phase::Committed | Phase::Attempted(_)),
        Err(_) => false,
    };
    if !founds(&state) {
        return Ok(());
    }
    let Some((kept, _)) = kept_members(local, place.paths)? else { return Ok(()) };
    if founding(&kept) == founding(list) {
        return Ok(());
    }
    let (source, own) = (&list.source, kept.own.full());
    let failure = Failure::new(
        Exit::BadInput,
        format!("the members from {source} are not those that {own} founds the cluster with"),
    );
    Err(failure
        .because(format!("it is committed to found cluster {} with {}", state.cluster_id, told(&kept)))
        .because(format!("now they are {}", told(list)))
        .because("the former ones may have founded it by now, and there would be two clusters")
        .next(format!(
            "put the former members back there, and start again; only if none of them ever ran, remove {} on \
             each, and start them again",
            path.shown()
        )))
}

/// What the ids of a cluster follow from.
fn founding(list: &MemberList) -> (Vec<(String, String)>, Option<&str>) {
    let mut members: Vec<(String, String)> = list
        .members
        .iter()
        .map(|member| (member.name.full().to_owned(), member.peer_url().to_string()))
        .collect();
    members.sort();
    (members, list.token.as_deref())
}

fn told(list: &MemberList) -> String {
    let members =
        list.members.iter().map(|member| format!("{} ({})", member.name.short(), member.peer_url()));
    members.collect::<Vec<_>>().join(", ")
}
