//! Who would be shut out by the next stage.

use time::OffsetDateTime;

use model::error::Result;
use model::report as output;
use operations::rotation::{OldHolder, old_holders};
use store::zone_directory::{Authorities, ZoneDirectory};

/// Says it, before the old CA is dropped.
pub(super) fn tell(zone: &ZoneDirectory) -> Result<()> {
    let now = OffsetDateTime::now_utc();
    let authorities = Authorities::load(&zone.paths, now)?;
    let (renewed, lost): (Vec<OldHolder>, Vec<OldHolder>) =
        old_holders(zone, &authorities, now)?.into_iter().partition(|holder| holder.has_new);
    for OldHolder { holder, serial, .. } in &lost {
        output::warning(&format!(
            "{holder} has no certificate of the new CA, and is refused with {serial} from now on"
        ));
    }
    let is_client = |holder: &&OldHolder| holder.holder.starts_with("client/");
    let names: Vec<&str> = renewed.iter().filter(is_client).map(|holder| holder.holder.as_str()).collect();
    if !names.is_empty() {
        output::message(&format!(
            "from now on, copies of the old certificates of {} are refused; whether any is in use, etcd \
             does not tell",
            names.join(", ")
        ));
    }
    Ok(())
}
