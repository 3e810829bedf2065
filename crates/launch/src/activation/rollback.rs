//! Back to the generation before the one in use.

use std::path::Path;

use time::OffsetDateTime;
use zone_pki::ShowPath;

use super::node_store::NodeStore;
use super::{Activation, Change, RefusedBundle, link, rollback_check, switch_to};
use model::error::{Exit, Failure, Result};

/// Puts the generation in use that came before the one that is, by its number. Again, it goes back further.
#[tracing::instrument(skip_all)]
pub fn rollback(node_directory: &Path, now: OffsetDateTime) -> Result<Activation, RefusedBundle> {
    let shown = node_directory.shown();
    let nothing = |what: String| {
        Failure::new(Exit::MissingInput, what).next(
            "have a new bundle made on the signing host, and activate it: zone-etcd bundle NODE --out DIR \
             --passphrase-file FILE",
        )
    };
    let Some(store) = NodeStore::open(node_directory)? else {
        return Err(nothing(format!("there is no {shown}")).into());
    };
    let Some(active) = store.active()? else {
        return Err(nothing(format!("nothing is active in {shown}")).into());
    };
    link::refuse_another(&store.paths)?;
    let number = active.generation.number;
    let mut earlier = store.activated()?;
    let Some(before) = earlier.iter().rposition(|each| each.generation.number < number) else {
        return Err(nothing(format!("there is no generation before {number} in {shown}")).into());
    };
    let later = earlier.split_off(before + 1);
    let Some(earlier) = earlier.pop() else {
        return Err(Failure::internal("the generation before is gone").into());
    };
    rollback_check::refuse(&earlier, &later)?;
    let name = earlier.generation.path.shown().to_string();
    switch_to(&store, earlier, Some(active), Change::RolledBack, &name, now)
}
