//! `member promote`: a learner that has caught up gets its vote.

use time::OffsetDateTime;

use super::change::{Asked, carry_out, observe, open, tell};
use super::report::Report;
use crate::cli::MemberPromoteArgs;
use model::error::Result;
use operations::membership::Step;
use operations::restart::{Others, RESTART_LIMIT};

#[tracing::instrument(skip_all, name = "member promote")]
pub(super) fn run(arguments: &MemberPromoteArgs, now: OffsetDateTime) -> Result<()> {
    let (site, lock) = open(&arguments.zone, ("member promote", arguments.dry_run), now, |zone| {
        zone.node(&arguments.node).map(drop)
    })?;
    let node = site.zone_directory()?.node(&arguments.node)?;
    let (name, again) = (node.name.short(), site.proposed(&format!("member promote {}", node.name.short())));
    let asked = Asked {
        title: "member promote",
        again: &again,
        timeout: RESTART_LIMIT,
        others: Others::AllWell,
        is_dry_run: arguments.dry_run,
        format: arguments.format,
    };
    let live = observe(&site)?;
    let steps = vec![Step::Promote(node)];
    let Some(done) = carry_out(&asked, (&site, lock), &live, steps, || Ok(()))? else { return Ok(()) };
    let report = Report::new(name, done.id, "voter", &done);
    tell(&asked, &site, &report, done, &format!("{name} votes"))
}
