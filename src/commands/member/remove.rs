//! `member remove`: leadership, the list, the process, the data, zone.toml, and the bundles of the others.

use time::OffsetDateTime;

use super::change::{Asked, carry_out, describe, observe, open, tell};
use super::report::Report;
use crate::arguments::confirm;
use crate::cli::MemberRemoveArgs;
use model::config::Edit;
use model::error::{Exit, Failure, Result};
use model::report::shell_quoted;
use operations::membership::{Leaving, RemovalWords, Step, refuse_unconfirmed};
use operations::restart::{Others, RESTART_LIMIT};

#[tracing::instrument(skip_all, name = "member remove")]
pub(super) fn run(arguments: &MemberRemoveArgs, now: OffsetDateTime) -> Result<()> {
    let (mut site, lock) = open(&arguments.zone, ("member remove", arguments.dry_run), now, |_| Ok(()))?;
    let said = if arguments.allow_no_tolerance { " --allow-no-tolerance" } else { "" };
    let again = site.proposed(&format!("member remove {}{said}", shell_quoted(&arguments.member)));
    let live = observe(&site)?;
    refuse_unconfirmed(&site, &live)?;
    let leaving = Leaving::find(&site, &live, &arguments.member)?;
    let name = leaving.as_ref().map_or(arguments.member.as_str(), |leaving| leaving.name.as_str());
    let node = match &leaving {
        Some(leaving) => leaving.node.as_ref().and_then(|node| site.config().node(node)).cloned(),
        None => site.config().node(&arguments.member).cloned(),
    };
    if leaving.is_none() && node.is_none() {
        let what = format!("the cluster has no member {}", arguments.member);
        return Err(Failure::new(Exit::Usage, what)
            .next(format!("see which members it has: {}", site.proposed("member list"))));
    }
    let described = node.as_ref().filter(|node| node.member);
    let edit = described.map(|node| Edit::Member { node: node.name.full().to_owned(), is_member: false });
    let words = RemovalWords { allow_no_tolerance: arguments.allow_no_tolerance };
    if let Err(error) = describe(&mut site, edit.as_ref()) {
        // A zone without a member cannot be described.
        leaving.as_ref().map_or(Ok(()), |leaving| leaving.refuse(&live, words, &again))?;
        return Err(error);
    }

    // One that left before may have what comes after left to do.
    let mut steps: Vec<Step<'_>> =
        leaving.iter().map(|leaving| Step::Remove(leaving.clone(), words)).collect();
    steps.extend(node.iter().map(Step::Clear));
    steps.extend(edit.iter().map(Step::Describe));
    steps.extend(node.iter().map(Step::TellOthers));
    let asked = Asked {
        title: "member remove",
        again: &again,
        timeout: RESTART_LIMIT,
        others: Others::AllWell,
        is_dry_run: arguments.dry_run,
        format: arguments.format,
    };
    let confirmed = || match &leaving {
        Some(leaving) => {
            let what = format!("{name} ({}) is removed from the cluster", leaving.id);
            confirm(&what, name, arguments.yes, &again)
        }
        None => Ok(()),
    };
    let Some(done) = carry_out(&asked, (&site, lock), &live, steps, confirmed)? else { return Ok(()) };
    let report = Report::new(name, leaving.as_ref().map(|leaving| leaving.id), "removed", &done);
    tell(&asked, &site, &report, done, &format!("{name} is no member"))
}
