//! What has to be so before the member list is changed.

use crate::observer::Observer;
use crate::restart::{Others, wait_for_others};
use live::{Comparison, LiveZone};
use model::config::Node;
use model::error::{Exit, Failure, Result};
use model::plan::EtcdId;

/// Waits until every member but that of `node`, and that which leaves, is a voter that is well, or as
/// `others` says: etcd adds and promotes with one that is dead, and then needs a majority of more. Refuses
/// members whose data differs: a new one would get the one or the other.
///
/// # Errors
/// A gate stays closed (exit 69), or the data differs (exit 65).
pub(super) fn wait_until_others_are_well(
    observer: &Observer<'_>,
    node: &Node,
    leaving: Option<EtcdId>,
    others: Others,
    what: &str,
) -> Result<LiveZone> {
    let mut live = wait_for_others(observer, Some(node), leaving, others, what)?;
    observer.compare_data(&mut live)?;
    if let Comparison::Different(_) = &live.data {
        return Err(Failure::bad_input(what)
            .because(live.data.to_string())
            .next(format!("see which to keep: {}", observer.site.proposed("status"))));
    }
    Ok(live)
}

/// What etcd does not tell by itself: an even number of voters tolerates no more failures than one fewer.
pub(super) fn even_number(voters: usize) -> Option<String> {
    (voters.is_multiple_of(2)).then(|| {
        format!(
            "{voters} voters tolerate the loss of {}, as {} do: add another, or remove one",
            (voters - 1) / 2,
            voters - 1
        )
    })
}

pub(super) fn not_done(what: &str) -> impl Fn(String) -> Failure {
    move |why| Failure::new(Exit::Unavailable, what).because(why)
}
