//! `member replace`: one that is dead goes before the new one comes, since etcd adds none while one of three
//! is dead; with another node for it, a live one goes last.
//!
//! How far it is, the list tells: removed and not added, added and not started, started and not promoted.

use std::thread::sleep;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::change::{Asked, carry_out, describe, observe, open, tell};
use super::report::Report;
use crate::arguments::confirm;
use crate::cli::MemberReplaceArgs;
use launch::refuse_without_member;
use live::{LiveMember, LiveZone};
use model::config::{Edit, Node};
use model::error::{Exit, Failure, Result};
use model::plan::EtcdId;
use model::report;
use operations::membership::{
    Joining, Leaving, MemberState, RemovalWords, Step, refuse_unconfirmed, steps_to_join,
};
use operations::restart::{Others, member_of};
use store::site::Site;

/// For how long a member has to say nothing to be taken for dead.
const DEAD_AFTER: Duration = Duration::from_secs(4);
/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);
/// What is left may have no tolerance, as before: the dead one counted, and did nothing.
const WORDS: RemovalWords = RemovalWords { allow_no_tolerance: true };

#[tracing::instrument(skip_all, name = "member replace")]
pub(super) fn run(arguments: &MemberReplaceArgs, now: OffsetDateTime) -> Result<()> {
    let (mut site, lock) = open(&arguments.zone, ("member replace", arguments.dry_run), now, |zone| {
        zone.node(&arguments.node)?;
        arguments.with.as_ref().map_or(Ok(()), |with| zone.node(with).map(drop))
    })?;
    let zone = site.zone_directory()?;
    let node = zone.node(&arguments.node)?.clone();
    let with = match &arguments.with {
        Some(with) => Some(other_node(&site, &node, zone.node(with)?)?),
        None => None,
    };
    let (name, new) = (node.name.short(), with.as_ref().unwrap_or(&node).name.short());
    let again = again(&site, arguments, name, with.as_ref());
    let live = observe(&site)?;
    refuse_unconfirmed(&site, &live)?;
    let is_dead = is_dead(&site, &live, &node)?;
    warn_of_other_dead(&site, &live, &node);
    let leaving = Leaving::find(&site, &live, name)?.map(|leaving| leaving.only_if_dead(is_dead));
    let edit = (with.is_some() && node.member)
        .then(|| Edit::Member { node: node.name.full().to_owned(), is_member: false });
    let leaves: Vec<Step<'_>> = leaving.iter().map(|leaving| Step::Remove(leaving.clone(), WORDS)).collect();
    let leaving_id = leaving.as_ref().map(|leaving| leaving.id);
    let clears = [Step::Clear(&node)].into_iter().chain(edit.iter().map(Step::Describe));
    let steps = match &with {
        None => by_a_new_one(&site, &live, &node, leaves, is_dead)?,
        Some(with) => {
            let state = MemberState::of(&site, &live, with)?;
            let comes = steps_to_join(with, state, Joining::AsVoter);
            let goes = leaves.into_iter().chain(clears);
            let both: Vec<Step<'_>> = match is_dead {
                true => prepared_first(goes.chain(comes).collect(), with, leaving_id),
                false => comes.into_iter().chain(goes).collect(),
            };
            both.into_iter().chain([Step::TellOthers(with)]).collect()
        }
    };
    describe(&mut site, edit.as_ref())?;
    let removes = steps.iter().any(|step| matches!(step, Step::Remove(..)));
    let snapshot = (removes && !arguments.no_snapshot).then_some(Step::Snapshot);
    let steps: Vec<Step<'_>> = snapshot.into_iter().chain(steps).collect();

    let asked = Asked {
        title: "member replace",
        again: &again,
        timeout: arguments.timeout.into(),
        others: Others::SomeDead,
        is_dry_run: arguments.dry_run,
        format: arguments.format,
    };
    let confirmed = || match leaving.as_ref().filter(|_| removes) {
        Some(leaving) => {
            let what = match &with {
                Some(_) => format!("{name} ({}) is removed, and {new} takes its place", leaving.id),
                None => format!("{name} ({}) is removed, and a new member takes its place", leaving.id),
            };
            confirm(&what, name, arguments.yes, &again)
        }
        None => Ok(()),
    };
    let Some(done) = carry_out(&asked, (&site, lock), &live, steps, confirmed)? else { return Ok(()) };
    let report = Report::new(new, done.id, "voter", &done);
    tell(&asked, &site, &report, done, &format!("{new} is another member"))
}

/// The command that goes on where this one ends.
fn again(site: &Site, arguments: &MemberReplaceArgs, name: &str, with: Option<&Node>) -> String {
    let with = with.map(|with| format!(" --with {}", with.name.short())).unwrap_or_default();
    let no_snapshot = if arguments.no_snapshot { " --no-snapshot" } else { "" };
    site.proposed(&format!("member replace {name}{with}{no_snapshot}"))
}

/// The same node with new data, at the same address.
fn by_a_new_one<'n>(
    site: &Site,
    live: &LiveZone,
    node: &'n Node,
    leaves: Vec<Step<'n>>,
    is_dead: bool,
) -> Result<Vec<Step<'n>>> {
    refuse_without_member(node)?;
    let state = MemberState::of(site, live, node)?;
    let steps = match state {
        MemberState::Voter(id) => {
            refuse_alive(site, node, is_dead)?;
            let comes = steps_to_join(node, MemberState::NotListed, Joining::InPlaceOfItself);
            let both = leaves.into_iter().chain([Step::Clear(node)]).chain(comes).collect();
            prepared_first(both, node, Some(id))
        }
        MemberState::NotListed => {
            let comes = steps_to_join(node, state, Joining::InPlaceOfItself);
            [Step::Clear(node)].into_iter().chain(comes).collect()
        }
        MemberState::Unstarted(_) | MemberState::Learner(_) => {
            steps_to_join(node, state, Joining::InPlaceOfItself)
        }
    };
    Ok(steps.into_iter().chain([Step::TellOthers(node)]).collect())
}

/// What the new member needs comes first: what is in the way of it is known before the old one has gone.
fn prepared_first<'n>(steps: Vec<Step<'n>>, node: &'n Node, leaving: Option<EtcdId>) -> Vec<Step<'n>> {
    let (prepares, others): (Vec<_>, Vec<_>) =
        steps.into_iter().partition(|step| matches!(step, Step::Prepare(..)));
    prepares.into_iter().map(|_| Step::Prepare(node, leaving)).chain(others).collect()
}

/// Whether its member says nothing, each time that it is asked for a while.
fn is_dead(site: &Site, live: &LiveZone, node: &Node) -> Result<bool> {
    let says_nothing = |live: &LiveZone| member_of(live, node).is_some_and(|member| member.status.is_err());
    if !says_nothing(live) {
        return Ok(false);
    }
    let begun = Instant::now();
    while begun.elapsed() < DEAD_AFTER {
        sleep(PAUSE);
        if !says_nothing(&observe(site)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Several are replaced one after the other.
fn warn_of_other_dead(site: &Site, live: &LiveZone, node: &Node) {
    let is_other = |member: &&LiveMember| member.is_voter() && member.node.as_ref() != Some(&node.name);
    for member in live.members.iter().filter(is_other).filter(|member| member.status.is_err()) {
        let name = &member.name;
        let next = match member.node {
            Some(_) => format!("replace it next: {}", site.proposed(&format!("member replace {name}"))),
            None => site.proposed_look_at(name),
        };
        report::warning(&format!("{name} does not answer either; if it does not come back, {next}"));
    }
}

fn other_node(site: &Site, node: &Node, with: &Node) -> Result<Node> {
    let name = node.name.short();
    if node.name == with.name {
        return Err(Failure::new(Exit::Usage, format!("{name} does not take its own place"))
            .next(site.proposed(&format!("member replace {name}"))));
    }
    refuse_without_member(with)?;
    Ok(with.clone())
}

/// A voter that is to go without another in its place has to be dead.
fn refuse_alive(site: &Site, node: &Node, is_dead: bool) -> Result<()> {
    if is_dead {
        return Ok(());
    }
    let name = node.name.short();
    Err(Failure::new(Exit::Configuration, format!("{name} is not replaced: its member answers"))
        .because(
            "a member that is replaced at its own address is removed first, which takes a healthy one away",
        )
        .next(format!(
            "stop it first, or bring in another node before it goes: {}",
            site.proposed(&format!("member replace {name} --with NEWNODE"))
        )))
}
