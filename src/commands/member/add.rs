//! `member add`: the node into zone.toml, its certificates tried on every member, a learner, its first start,
//! and its vote once it has all that the others have.

use time::OffsetDateTime;

use super::change::{Asked, carry_out, describe, observe, open, tell};
use super::report::Report;
use crate::arguments::parse_node;
use crate::cli::MemberAddArgs;
use model::config::Edit;
use model::error::{Exit, Failure, Result};
use model::report::shell_quoted;
use operations::membership::{Joining, MemberState, Step, steps_to_join};
use operations::restart::Others;
use store::zone_directory::ZoneDirectory;

#[tracing::instrument(skip_all, name = "member add")]
pub(super) fn run(arguments: &MemberAddArgs, now: OffsetDateTime) -> Result<()> {
    let (mut site, lock) = open(&arguments.zone, ("member add", arguments.dry_run), now, |zone| {
        edit(zone, arguments).map(drop)
    })?;
    let (name, edit) = edit(site.zone_directory()?, arguments)?;
    describe(&mut site, edit.as_ref())?;
    let node = site.zone_directory()?.node(&name)?;
    let name = node.name.short();
    let learner = if arguments.learner { " --learner" } else { "" };
    let again = site.proposed(&format!("member add {name}{learner}"));
    let asked = Asked {
        title: "member add",
        again: &again,
        timeout: arguments.timeout.into(),
        others: Others::AllWell,
        is_dry_run: arguments.dry_run,
        format: arguments.format,
    };
    let live = observe(&site)?;
    let joining = if arguments.learner { Joining::AsLearner } else { Joining::AsVoter };
    // The gates are passed by then, and only to a node that is described anything is issued.
    let state = MemberState::of(&site, &live, node)?;
    let mut steps: Vec<Step<'_>> = edit.iter().map(Step::Describe).collect();
    steps.extend(steps_to_join(node, state, joining));
    steps.push(Step::TellOthers(node));
    let Some(done) = carry_out(&asked, (&site, lock), &live, steps, || Ok(()))? else { return Ok(()) };
    let is_voter = !arguments.learner || matches!(state, MemberState::Voter(_));
    let report = Report::new(name, done.id.or(state.id()), if is_voter { "voter" } else { "learner" }, &done);
    tell(&asked, &site, &report, done, &format!("{name} is a member"))
}

/// The node, and what zone.toml lacks.
fn edit(zone: &ZoneDirectory, arguments: &MemberAddArgs) -> Result<(String, Option<Edit>)> {
    let new = match (&arguments.described, &arguments.node) {
        (Some(text), _) => parse_node(text)?,
        (None, Some(name)) if name.contains('=') => {
            return Err(Failure::new(Exit::Usage, format!("`{name}` is not the name of a node")).next(
                format!("to describe a new one: {}", zone.proposed(&format!("member add --node {name}"))),
            ));
        }
        (None, Some(name)) => {
            let node = zone.node(name).map_err(|failure| {
                let new = zone.proposed(&format!("member add --node {}=ADDRESS", shell_quoted(name)));
                let next = failure.next.clone().unwrap_or_default();
                failure.next(format!("{next}; to describe a new one: {new}"))
            })?;
            let edit = Edit::Member { node: node.name.full().to_owned(), is_member: true };
            return Ok((name.clone(), (!node.member).then_some(edit)));
        }
        (None, None) => return Err(Failure::internal("no node was named")),
    };
    let name = new.name.clone();
    match zone.config.node(&name) {
        // The same command once more.
        Some(node) if new.address.as_deref() == Some(&node.address.to_string()) => {
            let edit = Edit::Member { node: node.name.full().to_owned(), is_member: true };
            Ok((name, (!node.member).then_some(edit)))
        }
        Some(node) => Err(Failure::new(
            Exit::Configuration,
            format!("zone.toml has {} at {}", node.name.short(), node.address),
        )
        .next(format!(
            "add it as it is there: {}",
            zone.proposed(&format!("member add {}", node.name.short()))
        ))),
        None => Ok((name, Some(Edit::Node(new)))),
    }
}
